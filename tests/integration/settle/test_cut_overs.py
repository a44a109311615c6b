"""Merchants whose days end apart: what each sells counts on its own day, and that closes once.

A bar whose days end at six in the morning, a shop that closes at half past eleven at night, and one
that goes by the house (23:00).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain import void_rules
from annul.domain.business_day import CutOver
from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.domain.void_rules import Undoing
from annul.host.outcomes import Outcomes
from annul.issuers.message import Answer
from annul.merchants.registry import Registry
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.settle import moves
from annul.settle.days import Days, Settled
from annul.settle.payouts import Made
from annul.settle.statement.model import Period
from annul.settle.statement.reading import read
from annul.settle.statement.sections import sections
from annul.sim.demo import DemoPlan, seed
from annul.store.journal import Journal, Opening
from tests.support.builders import sent
from tests.support.clock import HeldClock
from tests.support.paying import CALENDAR, take_account, the_payouts
from tests.support.rows import put

_ZONE = ZoneInfo("Asia/Shanghai")
_BAR, _SHOP, _PLAIN = "898000058120000", "898000059420001", "898000083980002"
_DAY = date(2026, 11, 25)  # a Wednesday
_NEXT = date(2026, 11, 26)
_AGREED = date(2026, 1, 1)
_OK = Answer("00", "A1B2C3", "1125")


def _at(clock: str, day: date = _DAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), _ZONE).astimezone(UTC)


@dataclass
class Host:
    """A host process, as far as it writes outcomes: with what it has read of merchants."""

    pool: asyncpg.Pool
    registry: Registry
    journal: Journal
    outcomes: Outcomes
    sold: list[Transaction] = field(default_factory=list[Transaction])

    def day(self, merchant: str, at: datetime) -> date:
        return CALENDAR.business_date(at, self.registry.cut_overs(merchant))

    async def sells(
        self, merchant: str, at: datetime, amount: int = 10_000, *, answered: datetime | None = None
    ) -> Transaction:
        """Sell something; the issuer answers at once, or when it is said."""
        count = await self.pool.fetchval("SELECT count(*) FROM transactions") + 1
        row = sent(
            count, merchant_id=merchant, amount=amount, received_at=at,
            business_date=self.day(merchant, at),
        )  # fmt: skip
        assert await self.journal.open(Opening(row, 0, whole=True))
        assert await self.outcomes.answered(row, _OK, answered or at)
        found = await self.journal.find_by_id(merchant, row.id)
        assert found is not None
        return found

    async def booked_on(self, one: Transaction) -> set[date]:
        """Give on which days the entries of a transaction stand."""
        rows = await self.pool.fetch("SELECT business_date FROM entries WHERE subject = $1", one.id)
        return {row[0] for row in rows}

    def voidable(self, sale: Transaction, at: datetime) -> str:
        """Give the rule by which a void of the whole sale is refused, empty where it is not."""
        asked = Undoing(
            kind=KINDS["void"], merchant_id=sale.merchant_id, terminal_id=sale.terminal_id,
            batch=sale.batch, business_date=self.day(sale.merchant_id, at), amount=sale.amount,
            card_hash=sale.card_hash, rrn=sale.rrn,
        )  # fmt: skip
        ruling = void_rules.check(sale, asked)
        return "" if ruling.ok else ruling.name


async def _host(pool: asyncpg.Pool) -> Host:
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    return Host(pool, registry, journal, Outcomes(journal, registry, CALENDAR.business_date))


async def _agree(pool: asyncpg.Pool, merchant: str, agreed: CutOver) -> None:
    row = {
        "merchant_id": merchant, "valid_from": agreed.valid_from, "cut_over": agreed.at,
        "set_by": "li", "set_at": _at("00:00", _AGREED),
    }  # fmt: skip
    await put(pool, "cut_overs", row)


@pytest.fixture
async def host(pool: asyncpg.Pool) -> AsyncIterator[Host]:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=3))
    await _agree(pool, _BAR, CutOver(_AGREED, time(6)))
    await _agree(pool, _SHOP, CutOver(_AGREED, time(23, 30)))
    one = await _host(pool)
    yield one
    await one.journal.close()


async def _close(pool: asyncpg.Pool, at: datetime) -> Settled | None:
    return await Days(pool, CALENDAR, HeldClock(at)).run()


async def _taken(pool: asyncpg.Pool) -> dict[tuple[str, date], int]:
    rows = await pool.fetch("SELECT merchant_id, business_date, taken FROM merchant_days")
    return {(row[0], row[1]): row[2] for row in rows}


_SALES = (  # when, and on which day it counts: of the bar, the shop, and the one of the house
    ("05:59:59", _DAY, _DAY, _DAY),
    ("06:00:00", _NEXT, _DAY, _DAY),
    ("22:59:59", _NEXT, _DAY, _DAY),
    ("23:00:00", _NEXT, _DAY, _NEXT),
    ("23:29:59", _NEXT, _DAY, _NEXT),
    ("23:30:00", _NEXT, _NEXT, _NEXT),
)


async def test_each_sells_on_its_own_day_which_is_closed_after_the_latest_cut_over(
    host: Host, pool: asyncpg.Pool, vault: Vault
) -> None:
    expected: dict[tuple[str, date], int] = {}
    for number, (clock, *days) in enumerate(_SALES):
        for merchant, day in zip((_BAR, _SHOP, _PLAIN), days, strict=True):
            amount = 10_000 << number  # so that each sum says which sales it is of
            sale = await host.sells(merchant, _at(clock), amount)
            assert (sale.business_date, await host.booked_on(sale)) == (day, {day})
            expected[merchant, day] = expected.get((merchant, day), 0) + amount
    for clock in ("23:09", "23:11", "23:39:59"):
        assert await _close(pool, _at(clock)) == Settled((), 0, 0)
    assert await _close(pool, _at("23:40")) == Settled((_DAY,), 3, 0)
    of_the_day = {key: taken for key, taken in expected.items() if key[1] == _DAY}
    assert await _taken(pool) == of_the_day
    assert len(of_the_day) == 3
    # The next day is there as a whole, and what is due on it is available and paid out.
    assert await _close(pool, _at("09:00", _NEXT)) == Settled((), 0, 3)
    for merchant in (_BAR, _SHOP, _PLAIN):
        await take_account(pool, vault, merchant)
    made = await the_payouts(pool, vault, _at("10:00", _NEXT)).run("li")
    assert isinstance(made, Made)
    paid = await pool.fetch("SELECT merchant_id, amount FROM payouts ORDER BY 1")
    net = await pool.fetch(
        "SELECT merchant_id, net FROM merchant_days WHERE business_date = $1 ORDER BY 1", _DAY
    )
    assert len(paid) == 3
    assert paid == net
    assert await _close(pool, _at("23:40", _NEXT)) == Settled((_NEXT,), 3, 0)
    assert await _taken(pool) == expected


async def test_a_sale_is_voidable_until_its_merchants_day_ends(host: Host) -> None:
    for merchant, sold, last, first in (
        (_BAR, _at("07:00"), _at("05:59:59", _NEXT), _at("06:00", _NEXT)),
        (_BAR, _at("05:59"), _at("05:59:59"), _at("06:00")),
        (_SHOP, _at("22:59"), _at("23:29:59"), _at("23:30")),
        (_PLAIN, _at("22:58"), _at("22:59:59"), _at("23:00")),
    ):
        sale = await host.sells(merchant, sold)
        assert host.voidable(sale, last) == "", merchant
        assert host.voidable(sale, first) == "original_of_other_day", merchant


async def test_what_ends_after_its_day_was_closed_is_booked_on_the_open_one(
    host: Host, pool: asyncpg.Pool
) -> None:
    """Answered before six, written by a clock that is behind: after the books closed the day."""
    first = await host.sells(_SHOP, _at("23:00"))
    assert await _close(pool, _at("23:40")) == Settled((_DAY,), 1, 0)
    late = await host.sells(_SHOP, _at("23:29:59"))  # by a clock that is ten minutes late
    assert (late.business_date, await host.booked_on(late)) == (_DAY, {_NEXT})
    assert await host.booked_on(first) == {_DAY}
    assert await _close(pool, _at("23:40", _NEXT)) == Settled((_NEXT,), 1, 1)
    assert await _taken(pool) == {(_SHOP, _DAY): 10_000, (_SHOP, _NEXT): 10_000}


async def test_a_clock_that_steps_back_opens_no_day_again(host: Host, pool: asyncpg.Pool) -> None:
    await host.sells(_SHOP, _at("12:00"))
    assert await _close(pool, _at("23:45")) == Settled((_DAY,), 1, 0)
    for clock in ("23:35", "22:00", "05:00"):
        assert await _close(pool, _at(clock)) == Settled((), 0, 0)
        assert await pool.fetchval("SELECT open_from FROM books") == _NEXT


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        (time(6), time(23, 30), _at("23:30", _NEXT)),
        (time(23, 30), time(6), _at("06:00", _NEXT)),
        (time(6), None, _at("23:00", _NEXT)),
        (time(23, 59), time(0), _at("00:00", _NEXT)),
    ],
)
async def test_a_change_in_the_middle_of_a_day_loses_no_sale_and_counts_none_twice(
    host: Host, pool: asyncpg.Pool, before: time, after: time | None, ends: datetime
) -> None:
    """Half hour by half hour over three days; a second host hears of it only after a while.

    What the day is called that the first has changed on is what it was called before.
    """
    await _agree(pool, _BAR, CutOver(_AGREED + timedelta(days=1), before))
    await host.registry.load()
    second = await _host(pool)
    begun = _at("05:45")
    under_way = host.day(_BAR, begun)
    assert under_way == _DAY
    taken: dict[date, int] = {}
    for count in range(3 * 48):
        at = begun + timedelta(minutes=30 * count)
        if count == 0:
            await _agree(pool, _BAR, CutOver(_NEXT, after))
            await host.registry.load()
            assert host.day(_BAR, at) == under_way
        if count == 4:
            await second.registry.load()
        assert host.day(_BAR, at) == second.day(_BAR, at)
        teller = (host, second)[count % 2]
        sale = await teller.sells(_BAR, at, 100 + count)
        assert await teller.booked_on(sale) == {sale.business_date}
        taken[sale.business_date] = taken.get(sale.business_date, 0) + sale.amount
        await _close(pool, at)
    assert CALENDAR.ends(_NEXT, host.registry.cut_overs(_BAR)) == ends
    await _close(pool, begun + timedelta(days=9))
    assert await _taken(pool) == {(_BAR, day): amount for day, amount in taken.items()}
    await second.journal.close()


async def test_who_left_or_goes_by_the_house_again_holds_no_day_open(
    host: Host, pool: asyncpg.Pool
) -> None:
    assert host.day(_SHOP, _at("23:29")) == _DAY
    await _agree(pool, _SHOP, CutOver(_NEXT, None))
    await _close(pool, _at("23:39"))
    assert await pool.fetchval("SELECT open_from FROM books") == _DAY, "until then it does"
    await _close(pool, _at("23:10", _NEXT))
    assert await pool.fetchval("SELECT open_from FROM books") == _NEXT + timedelta(days=1)
    await _agree(pool, _PLAIN, CutOver(_NEXT + timedelta(days=1), time(23, 58)))
    await pool.execute(
        "UPDATE merchants SET lives = 'away', cell = 'east' WHERE merchant_id = $1", _PLAIN
    )
    await _close(pool, _at("23:10", _NEXT + timedelta(days=1)))
    assert await pool.fetchval("SELECT open_from FROM books") == _NEXT + timedelta(days=2)


async def test_a_cut_over_at_midnight_ends_a_day_where_it_begins(
    host: Host, pool: asyncpg.Pool
) -> None:
    await _agree(pool, _PLAIN, CutOver(_DAY, time(0)))
    await host.registry.load()
    for clock, day in (("00:00", _NEXT), ("12:00", _NEXT), ("23:59:59", _NEXT)):
        sale = await host.sells(_PLAIN, _at(clock))
        assert await host.booked_on(sale) == {day} == {sale.business_date}
    await _close(pool, _at("23:40"))
    assert await pool.fetchval("SELECT open_from FROM books") == _NEXT, "open, and not closed early"
    await _close(pool, _at("23:40", _NEXT))
    assert await _taken(pool) == {(_PLAIN, _NEXT): 30_000}


async def test_what_people_move_counts_on_the_merchants_day(host: Host, pool: asyncpg.Pool) -> None:
    at = _at("12:00")
    for merchant, day in ((_BAR, _NEXT), (_SHOP, _DAY), (_PLAIN, _DAY)):
        await host.sells(merchant, at)
        move = moves.Move(merchant, sent(1).id, moves.MoveKind.CORRECTION, 500, "156", None)
        async with pool.acquire() as connection, connection.transaction():
            await moves.ask(connection, move, "set right", "li", at)
            await moves.carry_out(connection, CALENDAR, merchant, move.id, "wang", at)
        on = await pool.fetchval("SELECT business_date FROM entries WHERE subject = $1", move.id)
        assert on == day


def _ends(statement: Any) -> list[Any]:
    about = sections(statement)[0]
    return [
        value for name, value in about.rows if getattr(name, "en", "") == "Business day ends at"
    ]


async def test_a_statement_says_when_its_days_end(host: Host, pool: asyncpg.Pool) -> None:
    for merchant in (_BAR, _PLAIN):
        await host.sells(merchant, _at("05:00"))
    await _agree(pool, _BAR, CutOver(_NEXT, None))
    await _close(pool, _at("23:40", _NEXT))
    for period, said in (
        ("2026-11-25", ["06:00"]),
        ("2026-11-26", ["as the acquirer's"]),
        ("2026-11", ["06:00", "from 2026-11-26 on: as the acquirer's"]),
    ):
        statement = await read(pool, _BAR, Period.of(period), _at("12:00", _NEXT))
        assert [one.en for one in _ends(statement)] == said
    assert _ends(await read(pool, _PLAIN, Period.of("2026-11"), _at("12:00", _NEXT))) == []
