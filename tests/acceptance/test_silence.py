"""Where silence could be: what is said out of place, on either side, and what becomes of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.framing import TPDU_2
from tests.support.rogue_issuer import Asked
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import cashier
from tests.support.wire import HEAD, Keyed, dial, sale

_FIRST = "00000101"
_CODEC = Codec(DIALECTS["cups"])
# Once a try is over: else an acknowledgement would be the answer to the next one.
_NO_MORE_TRIES = """
UPDATE outbox SET next_attempt_at = now() + interval '1 hour'
WHERE attempts > 0 AND leased_until IS NULL RETURNING true
"""


@pytest.fixture
async def site(database: str, tmp_path: Path) -> Any:
    async with open_rogue_site(database, tmp_path, timeout_ms=600) as opened:
        yield opened


def _blank_trace(asked: Asked) -> bytes:
    return asked.issuer.pack(asked.body().replace(asked[11].encode(), b"      ", 1))


def _version(version: str) -> Callable[[Asked], bytes]:
    def say(asked: Asked) -> bytes:
        return asked.issuer.pack(version.encode() + asked.body()[1:])

    return say


def _echoed(asked: Asked) -> bytes:
    return asked.issuer.pack(asked.body(mti=asked.message.mti))


def _on_another_line(asked: Asked) -> bytes:
    other = next(line for line in asked.issuer.lines if line is not asked.line)
    other.write(asked.frame())
    return b""


@pytest.mark.parametrize(
    "say",
    [
        _blank_trace,
        _version("1"),
        _version("2"),
        _version("9"),
        _echoed,
        _on_another_line,
        lambda asked: asked.issuer.pack(asked.body(mti="0230")),
        lambda asked: asked.issuer.pack(asked.body(mti="0410")),
        lambda asked: asked.issuer.pack(asked.body(mti="0830")),
        lambda asked: asked.issuer.pack(b""),
        lambda asked: asked.issuer.pack(asked.body()[:4]),
        lambda asked: asked.frame()[:-1],
        lambda _: b"0000" * 100,
    ],
    ids=[
        "trace of blanks", "1210", "2210", "9210", "0200", "another line", "0230", "0410", "0830",
        "nothing", "a type alone", "cut off", "keep-alives",
    ],
)  # fmt: skip
async def test_what_is_no_answer_leaves_nothing_behind(
    site: RogueSite, say: Callable[[Asked], bytes]
) -> None:
    """It is booked there, nobody has understood it here: it is reversed, and that is seen."""

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(say(asked))

    site.rogue.rules["sale"] = rule
    with cashier(site.port, site.terminals[0]) as till:
        record = await till.take("sale", 10_000)
        assert record.response_code not in {"", "00", "51"}
        site.rogue.let("sale")
        await site.until("state IN ('unknown', 'reversing', 'reversed') FROM transactions")
        async with asyncio.timeout(20):
            while (await site.rows("sale"))[0]["state"] != "reversed":
                await site.hurry()
                await asyncio.sleep(0.1)
        assert site.rogue.net == 0
        assert (await till.take("sale", 500)).state == "approved"
    await site.books_agree()


async def test_a_late_acknowledgement_under_another_number_is_one(site: RogueSite) -> None:
    """0431 is no late approval of the sale: nothing begins anew."""
    site.rogue.silent("sale", book=True)
    site.rogue.silent("reversal")
    with cashier(site.port, site.terminals[0]) as till:
        await till.take("sale", 10_000)
    await site.until("EXISTS (SELECT FROM outbox WHERE pending)")
    await site.hurry()
    await site.eventually(lambda: bool(site.rogue.of("reversal")))
    asked = site.rogue.of("reversal")[0]
    asked.unbook()
    late = site.running.host.issuers.late
    async with asyncio.timeout(8):
        while not await site.pool.fetchval(_NO_MORE_TRIES):
            await asyncio.sleep(0.01)
    tries = []
    for told in (1, 2):
        asked.say(asked.issuer.pack(asked.body(mti="0431")))
        await site.eventually(lambda told=told: late.delivered >= told)
        assert [row["state"] for row in await site.rows("sale")] == ["reversed"]
        tries.append(await site.pool.fetchval("SELECT attempts FROM outbox"))
    assert late.delivered == 2
    await site.books_agree()
    assert not await site.pool.fetchval("SELECT late_code FROM transactions")
    assert [len(site.rogue.of("reversal"))] * 2 == tries, "none is sent that is acknowledged"


async def test_an_answer_that_names_what_never_left(site: RogueSite) -> None:
    """By trace and time alone, and all else is of another sale: that one is left as it ended."""
    links = [line.link for line in site.running.host.issuers.lines.values()]
    with site.tills(2) as (one, other):
        for till in (one, other):
            await till.take("sale", 1)
        site.rogue.silent("network")
        for line in tuple(site.rogue.lines):
            line.abort()
        await site.eventually(lambda: not any(link.up for link in links))
        await other.take("sale", 500)
        never = (await site.rows("sale"))[-1]
        assert (never["state"], never["sent"]) == ("declined", "not_sent")
        site.rogue.let("network")
        await site.eventually(lambda: all(link.up for link in links), within_s=30)
        at = f"{never['received_at'].astimezone(ZoneInfo('Asia/Shanghai')):%m%d%H%M%S}"

        def rule(asked: Asked) -> None:
            asked.book()
            asked.say(asked.frame(f11=never["issuer_trace"], f7=at))

        site.rogue.rules["sale"] = rule
        await one.take("sale", 700)
    await site.until("state <> 'sent' FROM transactions WHERE amount = 700")
    await site.hurry()
    await site.until("state = 'reversed' FROM transactions WHERE amount = 700")
    await site.has_incident("answer_of_nothing")
    again = await site.pool.fetchrow("SELECT state, sent FROM transactions WHERE amount = 500")
    assert tuple(again) == ("declined", "not_sent")
    await site.books_agree()


# Sign-on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["silence", "rubbish", "nonsense", "refused", "two answers"])
async def test_a_sign_on(site: RogueSite, how: str) -> None:
    """Answered by nothing good the line stays down and is tried again; terminals hear so."""

    def rule(asked: Asked) -> None:
        said = {
            "silence": b"",
            "rubbish": b"no length at all",
            "nonsense": asked.issuer.pack(b"0830" + b"\xff" * 20),
            "refused": asked.frame("91"),
            "two answers": asked.frame() + asked.frame(),
        }[how]
        if said:
            asked.say(said)

    link = site.running.host.issuers.lines[_FIRST].link
    site.rogue.rules["network"] = rule
    for line in tuple(site.rogue.lines):
        line.abort()
    tried = link.counts.connects
    with cashier(site.port, site.terminals[0]) as till:
        if how != "two answers":
            await site.eventually(lambda: link.counts.connects > tried + 1, within_s=15)
            assert not link.up
            assert (await till.take("sale", 500)).response_code not in {"", "00"}
            assert site.rogue.net == 0
            site.rogue.let("network")
        await site.eventually(lambda: link.up and link.counts.connects > tried, within_s=20)
        assert (await till.take("sale", 700)).state == "approved"
    assert site.rogue.net == 700
    await site.books_agree()


# Storms ----------------------------------------------------------------------------------------


@pytest.fixture
async def patient(database: str, tmp_path: Path) -> Any:
    """An issuer that is waited for as long as outside: a storm is answered by the same process."""
    async with open_rogue_site(database, tmp_path, timeout_ms=15_000) as opened:
        yield opened


async def test_a_storm_of_echoes_stops_no_sale(patient: RogueSite) -> None:
    """Each is answered, and what is sold meanwhile is answered in time."""
    site, lines = patient, tuple(patient.rogue.lines)
    with cashier(site.port, site.terminals[0]) as till:
        await till.take("sale", 1)
        for line in lines:
            for number in range(5_000):
                echo = {7: "1126120000", 11: f"{number:06d}", 70: "301"}
                line.write(site.rogue.pack(_CODEC.encode("0820", echo)))
        assert (await till.take("sale", 500)).state == "approved"
    await site.eventually(lambda: len(site.rogue.heard) >= 5_000 * len(lines), within_s=20)
    assert {one.get(39) for one in site.rogue.heard} == {"00"}
    assert {one.mti for one in site.rogue.heard} == {"0830"}
    await site.books_agree()


async def test_what_was_whole_before_rubbish_is_answered(site: RogueSite) -> None:
    """A terminal that says a sale, and then no frame: the sale is answered, then it is hung up."""
    keyed = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await keyed.sign_in(wire)
        body = keyed.signed("0200", sale(keyed.who, "000002", 700, keyed.batch))
        wire.writer.write(TPDU_2.pack(body, HEAD) * 2 + b"\xff\xff\xff\xff")
        told = [await wire.answer(), await wire.answer()]
        assert [one.code if one else None for one in told] == ["00", "00"]
        assert await wire.answer() is None
    assert site.rogue.net == 700
    await site.books_agree()


async def test_answers_to_nothing_flood_in(patient: RogueSite) -> None:
    """An issuer that answers what nobody asked: none is believed, and the right one is heard."""
    site, asked = patient, list[Asked]()
    site.rogue.rules["sale"] = asked.append
    with cashier(site.port, site.terminals[0]) as till:
        selling = asyncio.create_task(till.take("sale", 10_000))
        await site.eventually(lambda: bool(asked))
        (one,) = asked
        one.book()
        for number in range(900):
            other: dict[str, Any] = {"f11": f"{900_000 + number:06d}", "f37": f"{number:012d}"}
            one.say(one.frame("51", f7="0101000000", **other))
        one.say(one.frame())
        assert (await selling).state == "approved"
    await site.books_agree()
