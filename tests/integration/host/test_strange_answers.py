"""Answers of issuers that lay something out in their own way: what is approved stays approved."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from annul.domain.states import State
from annul.wire.codec import Codec, Message
from annul.wire.dialects import CUPS
from annul.wire.field import Coding, Content
from annul.wire.framing import FRAMINGS
from tests.support.hosts import Inside
from tests.support.rogue_issuer import Asked
from tests.support.soft import CARD

_FRAMING = FRAMINGS["length_4"]
# The same layout with bytes where the dialect has digits and text.
_BYTES = Codec(
    replace(
        CUPS,
        fields={
            number: replace(row, content=Content.BINARY, coding=Coding.BYTES)
            for number, row in CUPS.fields.items()
        },
        mac_fields=(),
    )
)
CODEC = Codec(CUPS)
_FEW = (3, 4, 7, 11, 12, 37, 38, 39, 41, 49)
Odd = Callable[[Asked], bytes]


def _body(asked: Asked, **more: Any) -> bytes:
    fields = {n: asked.message[n] for n in (3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49)}
    said = {38: "000777", 39: "00", **{int(name[1:]): value for name, value in more.items()}}
    return _encoded({n: v for n, v in (fields | said).items() if v is not None})


def _few(asked: Asked) -> bytes:
    fields = {n: asked.message[n] for n in _FEW if n in asked.message}
    return _encoded(fields | {38: "000777", 39: "00"})


def _encoded(fields: Mapping[int, str | bytes]) -> bytes:
    told = {n: v.encode("gbk") if isinstance(v, str) else v for n, v in fields.items()}
    return _BYTES.encode("0210", told)


def _second_bitmap(asked: Asked) -> bytes:
    body = bytearray(_body(asked))
    body[4] |= 0x80
    return bytes(body[:12]) + bytes(8) + bytes(body[12:])


def _leftover(asked: Asked) -> bytes:
    return _body(asked) + b"\x03"


def _bad_length(asked: Asked) -> bytes:
    return _body(asked, f63=b"CUP").replace(b"003CUP", b"0X3CUP")


ODD: dict[str, Odd] = {
    "without field 13": lambda asked: _body(asked, f13=None),
    "another day in field 13": lambda asked: _body(asked, f13="0101"),
    "only what is needed": _few,
    "no institutions": lambda asked: _body(asked, f32=None, f33=None),
    "institutions filled with zeros": lambda asked: _body(asked, f32=asked[32].zfill(11)),
    "its own time": lambda asked: _body(asked, f7="0101000000"),
    "no time": lambda asked: _body(asked, f7=None),
    "no reference": lambda asked: _body(asked, f37=None),
    "a second bitmap of zeros": _second_bitmap,
    "Latin-1 in field 43": lambda asked: _body(asked, f43="Café".encode("latin-1").ljust(40)),
    "no text in field 63": lambda asked: _body(asked, f63=b"CUP\xff\xfe\x00"),
    "59 that is no TLV": lambda asked: _body(asked, f59=b"anything at all"),
    "NUL in field 44": lambda asked: _body(asked, f44="01\x0002"),
    "54 of two balances": lambda asked: _body(asked, f54=b"1002156C000000010000" * 2),
    "54 of bytes": lambda asked: _body(asked, f54=b"\xf0" * 20),
    "38 of bytes": lambda asked: _body(asked, f38=b"\xf0" * 6),
    "bytes after the end": _leftover,
    "a length that is wrong, behind all that counts": _bad_length,
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_approval_is_taken(inside: Inside, odd: Odd) -> None:
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(_FRAMING.pack(odd(asked)))

    inside.rogue.rules["sale"] = rule
    answer = await till.ask("sale", till.fields("sale"))
    assert answer.code == "00"
    sale = await inside.the("sale")
    assert (sale.state, await inside.owed()) == (State.APPROVED, [])
    assert inside.rogue.net == 10_000
    assert await inside.incidents() == []


@pytest.mark.parametrize(
    "odd",
    [
        lambda asked: _body(asked, f4="00000001000X"),
        lambda asked: _body(asked, f41="99999999"),
        lambda asked: _body(asked, f39="0\x00"),
        lambda asked: _body(asked, f39=None),
        lambda asked: _body(asked, f37="999999999999", f7=asked[7]),
    ],
    ids=["amount of no digits", "another terminal", "half a code", "no code", "other reference"],
)
async def test_what_says_something_else_is_taken_back(inside: Inside, odd: Odd) -> None:
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(_FRAMING.pack(odd(asked)))

    inside.rogue.rules["sale"] = rule
    answer = await till.ask("sale", till.fields("sale"))
    assert answer.code not in {"00", "51"}
    sale = await inside.the("sale")
    assert sale.state in {State.UNKNOWN, State.REVERSING}
    assert [kind for kind, _ in await inside.owed()] == ["reversal"]


async def test_a_decline_that_names_an_authorisation_proves_nothing(inside: Inside) -> None:
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.book()
        asked.answer("51", f38="000777")

    inside.rogue.rules["sale"] = rule
    assert (await till.ask("sale", till.fields("sale"))).code not in {"00", "51"}
    assert (await inside.the("sale")).state in {State.UNKNOWN, State.REVERSING}


@pytest.mark.parametrize("rubbish", [b"07\xa653", b"07\x00653"])
async def test_a_decline_with_rubbish_for_an_authorisation_proves_nothing(
    inside: Inside, rubbish: bytes
) -> None:
    """As when a byte too many shifts what follows: 39 is read from the authorisation's digits."""
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(_FRAMING.pack(_body(asked, f38=rubbish.ljust(6, b"1"), f39="51")))

    inside.rogue.rules["sale"] = rule
    assert (await till.ask("sale", till.fields("sale"))).code not in {"00", "51"}
    assert (await inside.the("sale")).state in {State.UNKNOWN, State.REVERSING}


async def test_a_decline_with_nothing_for_an_authorisation_is_one(inside: Inside) -> None:
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.say(_FRAMING.pack(_body(asked, f38=bytes(6), f39="51")))

    inside.rogue.rules["sale"] = rule
    assert (await till.ask("sale", till.fields("sale"))).code == "51"
    assert (await inside.the("sale")).state is State.DECLINED


@pytest.mark.parametrize("blank", ["000000", "      "])
async def test_a_decline_with_a_blank_authorisation_is_one(inside: Inside, blank: str) -> None:
    till = await inside.till()
    inside.rogue.always("sale", "51", f38=blank)
    assert (await till.ask("sale", till.fields("sale"))).code == "51"
    assert (await inside.the("sale")).state is State.DECLINED


async def test_a_decline_and_at_once_an_approval_is_taken_back(inside: Inside) -> None:
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(asked.frame("51"), asked.frame("00"))

    inside.rogue.rules["sale"] = rule
    await till.ask("sale", till.fields("sale"))
    identity = (await inside.the("sale")).id
    async with asyncio.timeout(10):
        while (await inside.again(identity)).state is State.DECLINED:
            await asyncio.sleep(0.01)
    assert (await inside.again(identity)).state is State.REVERSING
    assert [kind for kind, _ in await inside.owed()] == ["reversal"]


async def test_what_makes_no_sense_is_kept_without_a_digit(inside: Inside) -> None:
    till = await inside.till()

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(_FRAMING.pack(_body(asked, f43=f"é{CARD}".encode("latin-1").ljust(40))))

    inside.rogue.rules["sale"] = rule
    assert (await till.ask("sale", till.fields("sale"))).code == "00"
    await inside.host.evidence.flush(inside.host.issuers)
    rows = await inside.pool.fetch("SELECT odd FROM issuer_links WHERE odd <> '{}'")
    (kept,) = [row["odd"]["43"] for row in rows]
    assert kept["count"] == 1
    assert kept["sample"].startswith("E9 ·· ··")
    assert "6" not in kept["sample"].replace("E9", "")


@pytest.mark.parametrize("mti", ["0800", "0820"])
async def test_a_network_message_of_either_kind_is_answered(inside: Inside, mti: str) -> None:
    heard = await _heard(inside, CODEC.encode(mti, {7: "1126120000", 11: "000009", 70: "301"}))
    assert heard.mti == f"{mti[:2]}{int(mti[2]) + 1}0"
    assert heard.fields() == {7: "1126120000", 11: "000009", 39: "00", 70: "301"}


async def test_a_request_that_annul_lacks_is_answered_30(inside: Inside) -> None:
    heard = await _heard(inside, CODEC.encode("0302", {7: "1126120000", 11: "000009", 91: "1"}))
    assert (heard.mti, heard[39], heard[11]) == ("0312", "30", "000009")


async def _heard(inside: Inside, body: bytes) -> Message:
    """Let the issuer say something and give what it is answered."""
    told: asyncio.Queue[bytes] = asyncio.Queue()
    line = next(iter(inside.rogue.lines))
    line.tap = told.put_nowait
    line.write(_FRAMING.pack(body))
    async with asyncio.timeout(10):
        return CODEC.decode(await told.get())
