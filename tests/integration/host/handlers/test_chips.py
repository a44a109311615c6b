"""Downloads for chips: whoever asks is answered, from memory; an end takes back what was asked."""

from typing import Any

import pytest

from annul.domain.kinds import KINDS
from annul.merchants.chips import Chips
from annul.wire.tlv import build
from tests.support.chips import aid, key
from tests.support.hosts import Inside, Line, Till
from tests.support.wire import Answer, managing


@pytest.fixture(autouse=True)
def loaded(inside: Inside) -> None:
    inside.host.registry.chips = Chips([key(1), key(2)], [aid(1)])


async def _ask(line: Line, till: Till, kind: str, network: str = "", **more: Any) -> Answer:
    body = managing(kind, till.keyed.who, network or KINDS[kind].network[0], **more)
    return await line.told(body)


async def test_keys_and_applications_are_listed_and_downloaded(till: Till) -> None:
    for kind, asked, said in (
        ("ca_keys", b"100", b"1" + key(1).entry + key(2).entry),
        ("ca_keys", b"101", b"3" + key(2).entry),
        ("ca_key", build(key(2).named), b"1" + key(2).tlv),
        ("ca_key", build(key(3).named), b"0"),
        ("aids", b"100", b"1" + aid(1).entry),
        ("aid", aid(1).entry, b"1" + aid(1).tlv),
        ("aid", aid(2).entry, b"0"),
    ):
        answer = await _ask(till.line, till, kind, f62=asked)
        assert (answer.code, answer.message[62]) == ("00", said), kind


@pytest.mark.parametrize("network", KINDS["card_lists"].network)
async def test_of_other_lists_there_is_nothing(till: Till, network: str) -> None:
    answer = await _ask(till.line, till, "card_lists", network)
    assert (answer.code, answer.message[62]) == ("00", b"0")


async def test_who_has_proven_nothing_is_told_the_same(inside: Inside, till: Till) -> None:
    answer = await _ask(Line(inside.host), till, "ca_key", f62=build(key(1).named))
    assert (answer.code, answer.message[62], answer.has_mac) == ("00", b"1" + key(1).tlv, False)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("ca_keys", b"1xx"), ("ca_key", b"\x9f"), ("aids", b"9"), ("aid", b"\x9f\x06\x09")],
)
async def test_what_makes_no_sense_is_refused(till: Till, kind: str, asked: bytes) -> None:
    assert (await _ask(till.line, till, kind, f62=asked)).code == "30"


@pytest.mark.parametrize("wish", ["ca_keys", "aids", "parameters"])
async def test_a_wish_ends_with_its_own_download(inside: Inside, till: Till, wish: str) -> None:
    await inside.sold(till)
    whose = till.keyed.who[:2]
    for kind in ("ca_keys_taken", "aids_taken", "parameters_taken", "card_lists_taken"):
        await inside.host.registry.want(*whose, wish)
        assert (await _ask(Line(inside.host), till, kind)).code == "58"
        for network in KINDS[kind].network:
            assert (await _ask(till.line, till, kind, network)).code == "00"
        left = await inside.pool.fetchval(
            "SELECT wants FROM terminals WHERE terminal_id = $1", whose[1]
        )
        assert left == ("" if kind == f"{wish}_taken" else wish)
