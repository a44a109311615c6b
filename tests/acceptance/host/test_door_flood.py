"""Thousands of messages that prove nothing: counted, refused, and nothing kept of them."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from random import Random

import pytest

from tests.support.adversary import changes, resolver_round, snapshot
from tests.support.site import Site
from tests.support.soft import cashier
from tests.support.wire import (
    Fields,
    Keyed,
    badly_signed,
    burst,
    dial,
    managing,
    sale,
    sign_in,
    tap,
    undoing,
    unsigned,
)

_MESSAGES = 3_000
_AT_ONCE = 12  # below what makes the host hang up
_LINES = 8
_CLOSED_AFTER = 16
# What the host writes of issuers, and of its own looking, as time goes by; keys that wait.
_NOT_COUNTED = {"issuer_stats", "issuer_links", "pending_keys", "incidents", "watch_turns"}


async def _counted(site: Site) -> dict[str, int]:
    tables = await site.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    return {
        name: await site.pool.fetchval(f"SELECT count(*) FROM {name}")
        for (name,) in tables
        if name not in _NOT_COUNTED
    }


async def _promise(site: Site) -> dict[str, float]:
    site.running.resolver._seldom_due = datetime.min.replace(tzinfo=UTC)
    await resolver_round(site)
    figures = site.running.figures()
    return {name: value for name, value in figures.items() if name.startswith("voids_")}


async def test_three_thousand_leave_no_row(site: Site) -> None:
    who = site.terminals[0]
    random = Random(8583)
    with cashier(site.port, who) as till:
        sold = await till.take("sale", 10_000)

        def junk(number: int) -> bytes:
            trace = f"{number:06d}"
            stranger = (f"8{random.randrange(10**14):014d}", f"{random.randrange(10**8):08d}", "")
            void = undoing("void", who, trace, sold)
            return random.choice(
                (
                    lambda: unsigned("0200", {n: v for n, v in void.items() if n != 49}),
                    lambda: unsigned("0200", undoing("void", stranger, trace, sold)),
                    lambda: unsigned(
                        "0200", undoing("void", (stranger[0], who[1], ""), trace, sold)
                    ),
                    lambda: unsigned(
                        "0200", undoing("void", (who[0], stranger[1], ""), trace, sold)
                    ),
                    lambda: badly_signed("0200", void),
                    lambda: badly_signed("0200", sale(who, trace)),
                    lambda: badly_signed("0400", sale(who, sold.trace) | {39: "98"}),
                    lambda: sign_in(stranger),
                    lambda: managing("status", stranger, "362", f62=b"hello"),
                )
            )()

        rows, promised, before = await _counted(site), await _promise(site), await snapshot(site)
        numbers = count(1)
        chunks = [
            [junk(next(numbers)) for _ in range(_AT_ONCE)] for _ in range(_MESSAGES // _AT_ONCE)
        ]
        for start in range(0, len(chunks), _LINES):
            told = await asyncio.gather(
                *(burst(site.port, chunk) for chunk in chunks[start : start + _LINES])
            )
            for answer in (answer for answers in told for answer in answers):
                assert answer.code not in {"00", "96"}
                assert not answer.has_mac
        assert await _promise(site) == promised
        assert await _counted(site) == rows
        assert changes(before, await snapshot(site)) == []
        most = await site.pool.fetchval(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM incidents WHERE closed_at IS NULL"
            " GROUP BY merchant_id, kind) t"
        )
        assert most in {None, 1}
        assert (await till.undo("void", sold)).state == "approved"
    assert site.running.figures()["failed"] == 0


@pytest.mark.parametrize("what", ["wrong MAC", "no MAC", "unknown terminal", "missing field"])
async def test_a_connection_that_proves_nothing_is_closed(site: Site, what: str) -> None:
    who = site.terminals[0]

    def junk(trace: str) -> bytes:
        fields: Fields = sale(who, trace)
        if what == "unknown terminal":
            fields[41] = "99999999"
        if what == "missing field":
            del fields[49]
        return badly_signed("0200", fields) if what == "wrong MAC" else unsigned("0200", fields)

    answered = 0
    async with dial(site.port) as wire:
        while answered < 10 * _CLOSED_AFTER and await wire.ask(junk(f"{answered + 1:06d}")):
            answered += 1
    assert 1 <= answered <= _CLOSED_AFTER


async def test_a_terminal_that_proves_itself_is_not(site: Site) -> None:
    """Also with a message now and then that is refused, as an honest one sends at times."""
    who = site.terminals[0]
    owner = Keyed(who)
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        for number in range(1, 2 * _CLOSED_AFTER + 1):
            assert (await owner.sell(wire, f"{number:06d}", 100)).code == "00"
            bad = await wire.told(badly_signed("0200", sale(who, f"{number + 500:06d}")))
            assert bad.code == "A0"


async def test_a_terminal_stays_connected_through_a_busy_day(site: Site) -> None:
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            for amount in range(100, 100 + 2 * _CLOSED_AFTER):
                assert (await till.take("sale", amount)).state == "approved"
    assert tapped.connections == 1
