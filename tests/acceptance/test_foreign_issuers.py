"""Issuers that share no code with annul: what its lines say and hear, in each dialect."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.foreign import x9_19
from tests.support.languages import LANGUAGES
from tests.support.rogue_issuer import Asked, Fields
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier, cashier

_FRAMINGS = {"cups": "length_4", "iso87_ascii": "length_4", "iso87_binary": "length_2"}


@pytest.fixture(params=LANGUAGES, ids="-".join)
async def site(
    request: pytest.FixtureRequest, database: str, tmp_path: Path
) -> AsyncIterator[RogueSite]:
    dialect, _ = request.param
    framing = _FRAMINGS[dialect]
    async with open_rogue_site(
        database,
        tmp_path,
        timeout_ms=5_000,
        speaking={"language": LANGUAGES[request.param], "framing": framing},
        columns={"dialect": dialect, "framing": framing},
    ) as opened:
        yield opened


async def test_the_day_of_a_card(site: RogueSite) -> None:
    """Sale, void, refund of a part, pre-authorisation, its void and its completion, a balance."""
    with cashier(site.port, site.terminals[0]) as till:
        assert (await till.take("balance", 0)).response_code == "00"
        sale = await till.take("sale", 10_000)
        assert (sale.state, site.rogue.net) == ("approved", 10_000)
        assert (await till.undo("void", sale)).state == "approved"
        other = await till.take("sale", 2_500)
        assert (await till.undo("refund", other, 1_000)).state == "approved"
        held = await till.take("preauth", 5_000)
        assert (await till.undo("preauth_void", held)).state == "approved"
        held = await till.take("preauth", 5_000)
        assert (await till.undo("completion", held, 4_000)).state == "approved"
    assert site.rogue.net == 5_500
    await site.books_agree()
    assert await site.incidents() == set()


async def test_what_an_issuer_reads(site: RogueSite) -> None:
    """Each field as it was meant, through somebody else's reading of the standard."""
    with cashier(site.port, site.terminals[0]) as till:
        sale = await till.take("sale", 10_000)
        assert (await till.undo("void", sale)).state == "approved"
    asked, void = site.rogue.seen
    (row,) = await site.rows("sale")
    merchant, terminal, _ = site.terminals[0]
    assert asked.message.mti == "0200"
    assert [asked[n] for n in (3, 4, 25, 49)] == ["000000", "000000010000", "00", "156"]
    assert [asked[n] for n in (37, 41, 42)] == [row["rrn"], terminal, merchant]
    assert (asked[11], asked[7][4:], asked[32]) == (row["issuer_trace"], asked[12], asked[33])
    assert asked[22][:3] == row["entry_mode"][:3]
    original = asked[11] + asked[7] + asked[32].zfill(11) + asked[33].zfill(11)
    assert void[90] == f"0200{original}"
    assert void[38] == sale.auth_code


async def test_a_sale_in_silence_is_reversed(site: RogueSite) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        asked = await _lost(site, till)
    await site.becomes("sale", "reversed")
    (reversal, *_) = site.rogue.of("reversal")
    original = asked[11] + asked[7] + asked[32].zfill(11) + asked[33].zfill(11)
    assert (reversal.message.mti, reversal[90]) == ("0420", f"0200{original}")
    assert site.rogue.net == 0
    await site.books_agree()


async def _lost(site: RogueSite, till: Cashier) -> Asked:
    """Let the issuer hang up on a sale that it has booked: its outcome is unknown at once."""

    def rule(asked: Asked) -> None:
        asked.book()
        asked.line.abort()

    site.rogue.rules["sale"] = rule
    await till.take("sale", 10_000)
    site.rogue.let("sale")
    (asked,) = site.rogue.of("sale")
    await site.hurry()
    return asked


async def test_sign_on_echo_and_sign_off(site: RogueSite) -> None:
    first = site.rogue.signals[0]
    assert first.message.mti == "0820"
    assert (first[70], len(first[7]), len(first[11])) == ("001", 10, 6)
    line = next(iter(site.rogue.lines))
    heard: list[bytes] = []
    line.tap = heard.append
    echo = site.rogue.encoded("0800", {7: "1126120000", 11: "000009", 70: "301"})
    line.write(site.rogue.pack(echo))
    await site.eventually(lambda: bool(heard))
    answer = site.rogue.language.decode(heard[0])
    assert (answer.mti, answer[7], answer[11]) == ("0810", "1126120000", "000009")
    assert (answer[39], answer[70]) == ("00", "301")


# What only some have -----------------------------------------------------------------------------


async def test_pin_and_mac_as_hexadecimal_characters(database: str, tmp_path: Path) -> None:
    """Both 16 characters (52, 128), the MAC over all before it, checked with code of others."""
    language = LANGUAGES["iso87_ascii", "pyiso8583"]
    pin_key, mac_key = bytes(range(16)), bytes(range(16, 32))

    def seal(mti: str, fields: Fields) -> bytes:
        body = language.encode(mti, {**fields, 128: "0" * 16})[:-16]
        return body + x9_19(mac_key, body).hex().upper().encode()

    async with open_rogue_site(
        database,
        tmp_path,
        timeout_ms=5_000,
        speaking={"language": language, "seal": seal},
        keys={"pin_key": pin_key, "mac_key": mac_key},
        columns={"dialect": "iso87_ascii"},
    ) as site:
        with cashier(site.port, site.terminals[0]) as till:
            sale = await till.take("sale", 10_000, pin="123456")
            assert (sale.state, sale.response_code) == ("approved", "00")
            site.rogue.rules["sale"] = _spoilt
            assert (await till.take("sale", 500)).response_code not in {"", "00", "51"}
            site.rogue.let("sale")
        (asked, *_) = site.rogue.seen
        assert (len(asked[52]), len(asked[128])) == (16, 16)
        assert re.fullmatch("[0-9A-F]{32}", asked[52] + asked[128])
        said: Fields = {n: asked[n] for n in range(2, 128) if n in asked.message}
        assert seal(asked.message.mti, said)[-16:].decode() == asked[128]
        await site.hurry()
        await site.books_agree()


def _spoilt(asked: Asked) -> None:
    """Book it and approve, under a MAC that is another's."""
    asked.book()
    asked.say(asked.issuer.pack(asked.body()[:-16] + b"00000000deadBEEF"))


@pytest.mark.parametrize(("knows", "up"), [("0800", True), ("0820", False)])
async def test_an_issuer_that_knows_one_type_of_sign_on(
    database: str, tmp_path: Path, knows: str, *, up: bool
) -> None:
    """Silent to any other: the profile of the link says which it is."""

    def rule(asked: Asked) -> None:
        if asked.message.mti == knows:
            asked.answer()

    async with open_rogue_site(
        database,
        tmp_path,
        timeout_ms=500,
        speaking={"language": LANGUAGES["cups", "pyiso8583"], "rules": {"network": rule}},
        columns={"profile": {"network_mti": "0800"}},
    ) as site:
        link = site.running.host.issuers.lines["00000101"].link
        with cashier(site.port, site.terminals[0]) as till:
            sold = await till.take("sale", 700)
        assert link.up is up
        assert (sold.state == "approved") is up
        assert {one.message.mti for one in site.rogue.signals} == {"0800"}
        assert link.trouble == ("not_connected" if up else "sign_on")
        await site.books_agree()
