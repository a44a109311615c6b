"""An operator's file of keys and applications: whatever is wrong in it is named."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from annul.merchants.chips import Chips
from annul.merchants.chips_file import Loadable, NotLoadable, put, read
from annul.merchants.registry import Registry
from annul.wire.tlv import build
from tests.support.chips import EXPIRES, aid, application, entry, key, modulus


def _file(folder: Path, keys: list[Any] | None = None, aids: list[Any] | None = None) -> Path:
    file = folder / "emv.json"
    file.write_text(json.dumps({"ca_public_keys": keys or [], "aids": aids or []}))
    return file


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    found = read(_file(tmp_path, [entry(1), entry(2, active=False)], [application()]))
    assert found == Loadable(((key(1), True), (key(2), False)), ((aid(1), True),))
    assert found.counts == {"keys": 1, "keys_ended": 1, "aids": 1, "aids_ended": 0}


def test_toml_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "emv.toml"
    said = entry(1) | {"expires": None}
    lines = [f'{name} = "{value}"' for name, value in said.items() if value]
    tables = ["[[ca_public_keys]]", *lines, f"expires = {EXPIRES}", "[[aids]]"]
    tables += [f'{name} = "{value}"' for name, value in application().items()]
    file.write_text("\n".join(tables))
    assert read(file) == Loadable(((key(1), True),), ((aid(1), True),))


_SHORT = modulus(1, 63)
_WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one digit of the modulus": (
        {"modulus": ("c" if modulus(1).hex()[0] != "c" else "d") + modulus(1).hex()[1:]},
        "its hash is not that of its parts",
    ),
    "another index": ({"index": "02"}, "its hash is not that of its parts"),
    "another exponent": ({"exponent": "010001"}, "its hash is not that of its parts"),
    "a RID of four bytes": ({"rid": "F0000000"}, "five bytes"),
    "an index of two bytes": ({"index": "0001"}, "one byte"),
    "a short modulus": ({"modulus": _SHORT.hex()}, "64 to 248 bytes"),
    "an even modulus": ({"modulus": modulus(1).hex()[:-1] + "0"}, "is odd"),
    "an exponent of no scheme": ({"exponent": "05"}, "03 or 010001"),
    "half a byte": ({"rid": "F00000000"}, "ca_public_keys.0.rid"),
    "no date": ({"expires": "soon"}, "ca_public_keys.0.expires"),
    "a field of nobody": ({"colour": "red"}, "ca_public_keys.0.colour"),
}


@pytest.mark.parametrize(("changes", "said"), _WRONG.values(), ids=_WRONG.keys())
def test_a_key_that_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(NotLoadable, match=said):
        read(_file(tmp_path, [entry(1) | changes]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aid": "F0000000"}, "5 to 16 bytes"),
        ({"aid": "F0" * 17}, "5 to 16 bytes"),
        ({"tlv": "DF0105"}, "no TLV"),
        ({"tlv": "9F0605F000000001"}, "stands by itself"),
        ({"tlv": "DF010100DF010101"}, "there twice"),
        ({"tlv": "DF018201F4" + "00" * 500}, "too long"),
        ({"tlv": ""}, "aids.0.tlv"),
    ],
)
def test_an_application_that_is_wrong_is_named(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(NotLoadable, match=said):
        read(_file(tmp_path, aids=[application(**changes)]))


def test_what_is_there_twice_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(NotLoadable, match="public key is in the file twice"):
        read(_file(tmp_path, [entry(1), entry(1)]))
    with pytest.raises(NotLoadable, match="application is in the file twice"):
        read(_file(tmp_path, aids=[application(), application()]))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"keys": []}', "\x00"])
def test_what_is_no_such_file_is_not_taken(tmp_path: Path, text: str) -> None:
    for name in ("emv.json", "emv.txt"):
        (tmp_path / name).write_text(text)
        with pytest.raises(NotLoadable):
            read(tmp_path / name)


async def _chips(pool: asyncpg.Pool) -> Chips:
    registry = Registry(pool)
    await registry.load()
    return registry.chips


async def test_what_is_put_in_may_be_downloaded_until_it_is_taken_out(pool: asyncpg.Pool) -> None:
    before = await pool.fetchval("SELECT version FROM reference")
    async with pool.acquire() as connection:
        await put(connection, Loadable(((key(1), True), (key(2), True)), ((aid(1), True),)))
        chips = await _chips(pool)
        assert chips.key(build(key(1).named)) == b"1" + key(1).tlv
        assert chips.aid(aid(1).entry) == b"1" + aid(1).tlv
        changed = key(2, EXPIRES.replace(year=2098))
        await put(connection, Loadable(((key(1), False), (changed, True)), ()))
    chips = await _chips(pool)
    assert chips.key(build(key(1).named)) == b"0"
    assert chips.key(build(key(2).named)) == b"1" + changed.tlv
    assert chips.aid(aid(1).entry) == b"1" + aid(1).tlv, "what a file does not name stays"
    assert await pool.fetchval("SELECT version FROM reference") == before + 2
