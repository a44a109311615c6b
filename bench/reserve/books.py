"""A few shops through a database as well: what it holds must be what the replay says.

Each day's sales are as large as its largest one, and a smaller one; what came back refers to the
last. What becomes available is taken at once, as by a payout.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as of_day
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.business_day import Calendar
from annul.settle.days import Days
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.roles import OWNER
from tests.support.clock import HeldClock
from tests.support.rows import put_transaction
from tests.support.servers import Server, annuls_database

from .replay import Computed, replay
from .shops import Day, shops

_FIRST: Final = date(2026, 3, 1)
_CALENDAR: Final = Calendar(ZoneInfo("Asia/Shanghai"), of_day(23))
_SHOPS: Final = 12
_DAYS: Final = 60
_MADE: Final = """
WITH shop AS (
    INSERT INTO merchants (merchant_id, name_zh, name_en, category)
    VALUES ($1, '店', 'shop', '5812') RETURNING merchant_id
), balance AS (
    INSERT INTO merchant_balances (merchant_id, currency) SELECT merchant_id, '156' FROM shop
)
INSERT INTO settlement_terms (merchant_id, valid_from, cycle, days, set_by, set_at)
SELECT merchant_id, '2026-01-01', 'calendar', 0, 'bench', now() FROM shop
"""
_ENTRY: Final = "INSERT INTO entries VALUES ($1, $2, 'approval', 1, $3, $4, $5, '156', $6, $7)"
_PENDING: Final = "UPDATE merchant_balances SET pending = pending + $2 WHERE merchant_id = $1"
_PAID: Final = "UPDATE merchant_balances SET available = 0 WHERE available > 0"
_HELD: Final = """
SELECT b.merchant_id, b.available, b.rolling_reserve, r.rows
FROM merchant_balances b CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(free_on - $1::date || ':' || left_over ORDER BY on_day), '{}') AS rows
    FROM reserves WHERE merchant_id = b.merchant_id AND left_over > 0) r
ORDER BY b.merchant_id
"""


class _Writer:
    """Writes the days of one shop."""

    def __init__(self, pool: asyncpg.Pool, number: int) -> None:
        self._pool = pool
        self.shop = f"{number:015d}"
        self._sales: dict[int, UUID] = {}
        self._trace = number * 10_000

    async def write(self, number: int, day: Day) -> None:
        """Write a day."""
        on = _FIRST + timedelta(days=number)
        left = day.sold
        while left:
            amount = min(day.largest, left)
            self._sales[number] = await self._transaction(None)
            await self._entry(self._sales[number], amount, on)
            left -= amount
        for sold_on, amount in day.later:
            back = await self._transaction(self._sales[sold_on])
            await self._entry(back, -amount, on)
        await self._pool.execute(_PENDING, self.shop, day.net)

    async def _transaction(self, original: UUID | None) -> UUID:
        self._trace += 1
        kind = {} if original is None else {"kind": "refund", "original_id": original}
        row = await put_transaction(
            self._pool, self._trace, merchant_id=self.shop, id=uuid4(), **kind
        )
        return row.id

    async def _entry(self, subject: UUID, amount: int, on: date) -> None:
        ends = ("issuer_receivable", "merchant_pending")
        debit, credit = ends if amount > 0 else ends[::-1]
        await self._pool.execute(
            _ENTRY, self.shop, subject, debit, credit, abs(amount), on, _evening(on)
        )


def _evening(day: date) -> datetime:
    return datetime.combine(day, of_day(15, 30), UTC)


async def _settled(url: str, made: Sequence[Sequence[Day]]) -> list[Any]:
    pool = await connect(url, role=None)
    try:
        writers = [_Writer(pool, number) for number in range(len(made))]
        for writer in writers:
            await pool.execute(_MADE, writer.shop)
        for number in range(_DAYS):
            for writer, days in zip(writers, made, strict=True):
                await writer.write(number, days[number])
            now = HeldClock(_evening(_FIRST + timedelta(days=number)))
            await Days(pool, _CALENDAR, now).run()
            await pool.execute(_PAID)
        rows = await pool.fetch(_HELD, _FIRST)
        return [(row["available"], row["rolling_reserve"], list(row["rows"])) for row in rows]
    finally:
        await pool.close()


async def _measured(server: Server, made: Sequence[Sequence[Day]]) -> list[Any]:
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url)
    return await _settled(url, made)


def through_database(seed: int) -> dict[str, Any]:
    """Replay a few shops in both ways, and say whether all that is held is the same."""
    made = [days for _, days in shops(_SHOPS, _DAYS, seed)]
    expected = [
        (
            purse.available,
            purse.reserve,
            [f"{until}:{left}" for until, _, left in sorted(purse.held, key=lambda row: row[1])],
        )
        for purse in replay(made, Computed(made), _DAYS, 0)
    ]
    with tempfile.TemporaryDirectory(prefix="annul-reserve-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "books")
        server.make({"shared_buffers": "64MB"})
        server.start()
        try:
            found = asyncio.run(_measured(server, made))
        finally:
            server.stop()
    return {
        "shops": _SHOPS,
        "days": _DAYS,
        "held": sum(held for _, held, _ in found),
        "rows": sum(len(rows) for *_, rows in found),
        "owed": sum(available for available, *_ in found),
        "held_in_replay": sum(held for _, held, _ in expected),
        "same": found == expected,
    }
