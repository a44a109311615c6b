"""What issuers do otherwise, each said by somebody else's library: nothing is lost, nothing silent.

Of each: what the terminal hears, what the books of both say, and where it is seen.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from annul.issuers.lines import IssuerLine
from tests.support.languages import LANGUAGES
from tests.support.rogue_issuer import Asked, Fields
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier, cashier

_FRAMINGS = {"cups": "length_4", "iso87_ascii": "length_4", "iso87_binary": "length_2"}
_FEW = frozenset({3, 4, 7, 11, 12, 37, 38, 39, 41, 49})
_FIRST = "00000101"  # the issuer of the card that is used here
_PLAIN = {"sent", "answered"}


@dataclass(frozen=True)
class Manner:
    """One way to answer; `odd` and `counted` say where it is seen, besides as an answer."""

    say: Callable[[Asked], bytes]
    hears: str = "00"
    state: str = "approved"
    odd: Iterable[str] = ()
    counted: Iterable[str] = ()
    dialects: tuple[str, ...] = tuple(_FRAMINGS)


def _with(**changed: Any) -> Callable[[Asked], bytes]:
    return lambda asked: asked.frame(**changed)


def _without(*numbers: int) -> Callable[[Asked], bytes]:
    return lambda asked: asked.frame(without=numbers)


def _changed(change: Callable[[bytes, Asked], bytes]) -> Callable[[Asked], bytes]:
    return lambda asked: asked.issuer.pack(change(asked.body(), asked))


def _only(asked: Asked) -> bytes:
    return asked.frame(without=set(asked.said()) - _FEW)


def _second_bitmap(body: bytes, asked: Asked) -> bytes:
    """Name fields beyond 64, of which there are none."""
    mti, bitmap = {"iso87_binary": (2, 8), "iso87_ascii": (4, 16)}.get(_dialect(asked), (4, 8))
    first, rest = body[mti : mti + bitmap], body[mti + bitmap :]
    if bitmap == 16:
        first, none = f"{int(first, 16) | 1 << 63:016X}".encode(), b"0" * 16
    else:
        first, none = bytes([first[0] | 0x80]) + first[1:], bytes(8)
    return body[:mti] + first + none + rest


def _lower_case(body: bytes, _: Asked) -> bytes:
    return body[:4] + body[4:20].lower() + body[20:]


def _twice(asked: Asked) -> bytes:
    return asked.frame("51") + asked.frame("00")


def _dialect(asked: Asked) -> str:
    language = asked.issuer.language
    return next(dialect for (dialect, _), one in LANGUAGES.items() if one is language)


def _other_type(mti: str) -> Callable[[Asked], bytes]:
    return lambda asked: asked.issuer.pack(asked.body(mti=mti))


def _asks_as_well(mti: str) -> Callable[[Asked], bytes]:
    """Say first that it wants an echo, or something that annul lacks."""

    def say(asked: Asked) -> bytes:
        more: Fields = {7: "1126120000", 11: "000042", 70: "301"}
        return asked.issuer.pack(asked.issuer.encoded(mti, more)) + asked.frame()

    return say


_TEXT = "Café".ljust(40)
MANNERS = {
    "no field 13": Manner(_without(13)),
    "another day in 13": Manner(_with(f13="0101")),
    "few fields": Manner(_only),
    "its own time in 7": Manner(_with(f7="0101000000")),
    "a second bitmap of zeros": Manner(_changed(_second_bitmap)),
    "Latin-1 in 43": Manner(_with(f43=_TEXT), odd={"43"}),
    "59 that is no TLV": Manner(_with(f59=b"anything"), odd={"59"}, dialects=("iso87_binary",)),
    "59 of text": Manner(_with(f59="anything"), odd={"59"}, dialects=("cups", "iso87_ascii")),
    "54 of two balances": Manner(_with(f54="1002156C000000010000" * 2)),
    "declined, and at once approved": Manner(_twice, "51", "reversed", counted={"late"}),
    "an echo of the issuer before": Manner(_asks_as_well("0800")),
    "a notice that annul lacks before": Manner(_asks_as_well("0620"), counted={"unexpected"}),
    "an amount with a sign in 28": Manner(_with(f28="C00000150"), dialects=("cups", "iso87_ascii")),
    "the same, packed": Manner(_with(f28=b"C\0\0\1\x50"), dialects=("iso87_binary",)),
    "blanks for a name": Manner(_with(f43=" " * 40)),
    "blanks in 38 and zeros in 44": Manner(_with(f38=" " * 6, f44="0" * 25)),
    "no terminal and no merchant": Manner(_without(41, 42)),
    "zeros before the institutions": Manner(lambda a: a.frame(f32=a[32].zfill(11), f33="0" * 11)),
    "bytes after the end": Manner(_changed(lambda body, _: body + b"\x03"), odd={"0"}),
    "lower case in the bitmap": Manner(_changed(_lower_case), dialects=("iso87_ascii",)),
    "0211": Manner(_other_type("0211")),
    "0215, as of an issuer": Manner(_other_type("0215")),
}


@pytest.fixture(params=LANGUAGES, ids="-".join)
async def site(
    request: pytest.FixtureRequest, database: str, tmp_path: Path
) -> AsyncIterator[RogueSite]:
    dialect, _ = request.param
    framing = _FRAMINGS[dialect]
    async with open_rogue_site(
        database,
        tmp_path,
        timeout_ms=3_000,
        speaking={"language": LANGUAGES[request.param], "framing": framing},
        columns={"dialect": dialect, "framing": framing},
    ) as opened:
        yield opened


@pytest.fixture
def dialect(site: RogueSite) -> str:
    return _line(site).link.issuer.dialect


async def test_each_manner(site: RogueSite, dialect: str) -> None:
    expected = {
        name: (one.hears, one.state, set(one.odd), set(one.counted))
        for name, one in MANNERS.items()
        if dialect in one.dialects
    }
    with cashier(site.port, site.terminals[0]) as till:
        await till.take("sale", 1)
        seen = {name: await _seen(site, till, MANNERS[name]) for name in expected}
    assert seen == expected
    await site.books_agree()


async def _seen(
    site: RogueSite, till: Cashier, manner: Manner
) -> tuple[str, str, set[str], set[str]]:
    """Sell something; give what the terminal hears, how it ends, and what is noticed."""

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(manner.say(asked))

    line = _line(site)
    before, odd = asdict(line.link.counts), line.odd.snapshot()
    site.rogue.rules["sale"] = rule
    net = site.rogue.net
    record = await till.take("sale", 10_000)
    row = (await site.rows("sale"))[-1]
    if manner.state == "reversed":
        await site.until("state <> 'declined' FROM transactions WHERE id = $1", row["id"])
    await site.hurry()
    ended = "state IN ('approved', 'declined', 'reversed') FROM transactions WHERE id = $1"
    await site.until(ended, row["id"])
    row = (await site.rows("sale"))[-1]
    assert site.rogue.net - net == (10_000 if row["state"] == "approved" else 0)
    now = asdict(line.link.counts)
    counted = {name for name in now if now[name] != before[name]} - _PLAIN
    noted = {n for n, one in line.odd.snapshot().items() if one != odd.get(n)}
    return record.response_code, row["state"], noted, counted


async def test_a_byte_at_a_time_and_two_at_once(site: RogueSite) -> None:
    """How a network cuts an answer says nothing."""
    held: list[Asked] = []

    def both(asked: Asked) -> None:
        asked.book()
        held.append(asked)
        if len(held) == 2:
            asked.say(*[one.frame() for one in held])

    def drop_by_drop(asked: Asked) -> None:
        asked.book()
        for byte in asked.frame():
            asked.say(bytes([byte]))

    with site.tills(2) as tills:
        await asyncio.gather(*[till.take("sale", 1) for till in tills])  # they sign in first
        site.rogue.rules["sale"] = both
        told = await asyncio.gather(*[till.take("sale", 1_000) for till in tills])
        assert [one.state for one in told] == ["approved", "approved"]
        site.rogue.rules["sale"] = drop_by_drop
        assert (await tills[0].take("sale", 1_000)).state == "approved"
    await site.books_agree()


def _line(site: RogueSite) -> IssuerLine:
    return site.running.host.issuers.lines[_FIRST]
