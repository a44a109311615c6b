"""Keys of issuers at the desk: who may load and ask, what goes together, what the audit says."""

from typing import Final

import asyncpg
import pytest

from annul.desk import issuer_keys as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.issuer_keys import NewKey
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Visitor
from annul.issuers import directory
from annul.security.ciphers import AES, SM, TDES, BlockCipher
from annul.security.keys import Component, KeyKind
from annul.security.mac import MacAlgorithm
from annul.security.pin import PinFormat
from annul.security.software import SoftwareModule

from .people import ISSUER, NOW, audited, person

_SECURITY: Final = SoftwareModule(bytes(32))
_ONE, _OTHER = bytes(range(16)), bytes(range(90, 106))


def _parts(algorithm: str = TDES, *clear: bytes) -> list[Component]:
    return [
        Component(part, BlockCipher(algorithm, part).check_value()[:3])
        for part in clear or (_ONE, _OTHER)
    ]


def _new(kind: KeyKind = KeyKind.ZONE, algorithm: str = TDES, uses=None, *clear: bytes) -> NewKey:
    return NewKey(kind, algorithm, _parts(algorithm, *clear), uses)


async def _load(desk: Desk, visitor: Visitor, new: NewKey, reason: str = "new contract") -> str:
    key = await views.load_key(desk, visitor, _SECURITY, ISSUER, new, reason)
    return key.check_value[:3].hex().upper()


@pytest.fixture
async def administrator(desk: Desk) -> Visitor:
    return await person(desk, "administrator")


async def _issuer(pool: asyncpg.Pool):
    rows = (await directory.read(pool)).issuers
    return next(row for row in rows if row.issuer_id == ISSUER)


async def test_a_key_of_two_components(desk: Desk, administrator: Visitor) -> None:
    whole = bytes(a ^ b for a, b in zip(_ONE, _OTHER, strict=True))
    expected = BlockCipher(TDES, whole).check_value()[:3].hex().upper()
    assert await _load(desk, administrator, _new()) == expected
    (shown,) = [row for row in await views.keys(desk, ISSUER) if not row["agreed"]]
    assert (shown["kind"], shown["check"], shown["since"]) == ("zone", expected, NOW)
    (row,) = [row for row in await audited(desk.pool) if row["action"] == "load-key"]
    assert row["object"] == f"issuer {ISSUER}"
    assert expected in str(row["detail"])
    stored = await desk.pool.fetchval("SELECT wrapped FROM issuer_keys")
    for part in (_ONE, _OTHER, whole):
        assert part not in stored
        assert part.hex() not in str(await audited(desk.pool)).lower()


@pytest.mark.parametrize(
    "components",
    [
        _parts()[:1],
        [_parts()[0], Component(_OTHER, b"\0\0\0")],
        [_parts()[0], Component(_OTHER, _parts()[1].check_value[:2])],
        [_parts()[0], Component(_OTHER[:8], b"abc")],
        [_parts()[0], _parts()[0]],  # zeros
    ],
)
async def test_parts_that_are_wrong_load_nothing(
    desk: Desk, administrator: Visitor, components: list[Component]
) -> None:
    with pytest.raises(NotValid) as refused:
        await _load(desk, administrator, NewKey(KeyKind.ZONE, TDES, components))
    assert _ONE.hex() not in str(refused.value).lower()
    assert await desk.pool.fetchval("SELECT count(*) FROM issuer_keys") == 0


async def test_the_same_key_twice_is_refused(desk: Desk, administrator: Visitor) -> None:
    await _load(desk, administrator, _new())
    with pytest.raises(NotValid, match="used before"):
        await _load(desk, administrator, _new(KeyKind.MAC))


async def test_a_key_of_another_cipher_brings_what_is_done_with_it(
    desk: Desk, administrator: Visitor
) -> None:
    with pytest.raises(NotValid, match="makes no x9_19 code"):
        await _load(desk, administrator, _new(KeyKind.MAC, SM))
    await _load(desk, administrator, _new(KeyKind.MAC, SM, MacAlgorithm.SM4_CMAC))
    row = await _issuer(desk.pool)
    assert (row.mac_algorithm, row.mac_key_algorithm, row.mac_key) == ("sm4_cmac", "sm4", None)
    with pytest.raises(NotValid, match="makes no x9_19 code"):
        await views.set_profile(desk, administrator, ISSUER, "why", mac_algorithm="x9_19")
    with pytest.raises(NotValid, match="field 52 of cups"):
        await _load(desk, administrator, _new(KeyKind.PIN, AES, PinFormat.ISO_4))


async def test_a_profile_of_an_issuer(desk: Desk, administrator: Visitor) -> None:
    version = await desk.pool.fetchval("SELECT version FROM reference")
    await views.set_profile(
        desk, administrator, ISSUER, "their new host", pin_format="3", key_exchange="field_120"
    )
    row = await _issuer(desk.pool)
    assert (row.pin_format, row.key_exchange, row.mac_algorithm) == ("3", "field_120", "x9_19")
    assert await desk.pool.fetchval("SELECT version FROM reference") == version + 1
    for wrong in ({"pin_format": "4"}, {"mac_algorithm": "sm4"}, {"key_exchange": "field_1"}):
        with pytest.raises(NotValid):
            await views.set_profile(desk, administrator, ISSUER, "their new host", **wrong)


async def test_new_keys_are_asked_for_once(desk: Desk, administrator: Visitor) -> None:
    operator = await person(desk, "operator")
    with pytest.raises(NotValid, match="sends no key messages"):
        await views.ask_for_keys(desk, operator, ISSUER, "yearly")
    await views.set_profile(desk, administrator, ISSUER, "agreed", key_exchange="field_48")
    with pytest.raises(NotValid, match="no zone key"):
        await views.ask_for_keys(desk, operator, ISSUER, "yearly")
    await _load(desk, administrator, _new())
    await views.ask_for_keys(desk, operator, ISSUER, "yearly")
    with pytest.raises(NotValid, match="already"):
        await views.ask_for_keys(desk, operator, ISSUER, "yearly")
    assert [row["action"] for row in await audited(desk.pool)][-1] == "ask-keys"


async def test_who_may(desk: Desk, administrator: Visitor) -> None:
    operator, support = await person(desk, "operator"), await person(desk, "support")
    for visitor in (operator, support):
        with pytest.raises(NotAllowed):
            await _load(desk, visitor, _new())
        with pytest.raises(NotAllowed):
            await views.set_profile(desk, visitor, ISSUER, "why", pin_format="3")
    with pytest.raises(NotAllowed):
        await views.ask_for_keys(desk, support, ISSUER, "why")
    with pytest.raises(ReasonNeeded):
        await _load(desk, administrator, _new(), " ")
    with pytest.raises(NothingThere):
        await views.set_profile(desk, administrator, "99999999", "why", pin_format="3")
    assert await desk.pool.fetchval("SELECT count(*) FROM issuer_keys") == 0
