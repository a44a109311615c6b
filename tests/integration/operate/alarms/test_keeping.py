"""What a host has counted is written down once, and what it must know for counting is read."""

import asyncpg
import pytest

from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts
from annul.domain.kinds import KINDS
from annul.issuers.health import Asked
from annul.issuers.tally import Tally
from annul.operate.alarms.keeping import Counting, counted
from tests.support.clock import HeldClock
from tests.support.rows import put

_BANK = "00000101"


class _Lost:
    """A pool whose database is away."""

    async def execute(self, *_: object) -> None:
        raise ConnectionResetError


def _sale(tally: Tally, card: str = "a") -> None:
    sale, asked = KINDS["sale"], Asked("plain", "62000112", "104000000000001", "10400001", card)
    tally.answered(_BANK, sale.mti, sale.processing_code, asked, 0.1, "00")


async def _rows(pool: asyncpg.Pool) -> list[tuple[str, str, int]]:
    rows = await pool.fetch("SELECT kind, merchant, approved FROM watch_counts ORDER BY kind")
    return [tuple(row) for row in rows]


async def test_counts_are_written_once_and_with_the_last_stop(pool: asyncpg.Pool) -> None:
    clock = HeldClock()
    tally = Tally(clock.monotonic)
    counting = Counting(pool, tally, clock)
    _sale(tally)
    _sale(tally, "b")
    began = clock.now()
    clock.forward(seconds=3)
    await counting.turn()
    assert await _rows(pool) == [("sale", "", 2)], "merchants are the many; they come later"
    for _ in range(5):
        await counting.turn()
    first = [("", "104000000000001", 2), ("sale", "", 2)]
    assert await _rows(pool) == first
    assert await pool.fetchval("SELECT DISTINCT at FROM watch_counts") == began
    _sale(tally, "c")
    await counting.stop()
    assert sum(row[2] for row in await _rows(pool)) == 6


async def test_what_the_database_does_not_take_is_written_later(pool: asyncpg.Pool) -> None:
    clock = HeldClock()
    tally = Tally(clock.monotonic)
    counting = Counting(pool, tally, clock)
    _sale(tally)
    counting._pool = _Lost()  # type: ignore[assignment]
    with pytest.raises(ConnectionResetError):
        await counting.write()
    _sale(tally, "b")
    counting._pool = pool
    await counting.write()
    assert await _rows(pool) == [("", "104000000000001", 2), ("sale", "", 2)]
    assert counting.missed == 0


async def test_what_is_slow_and_what_terminals_run_is_read(pool: asyncpg.Pool) -> None:
    clock = HeldClock()
    tally = Tally(clock.monotonic)
    arrays: dict[str, list[int]] = {
        name: [] for name in ("counts", "mean", "upper", "accounts", "trails")
    }
    row = {"scope": "issuer", "member": _BANK, "hour": clock.now(), "alarms": {}, "slow_ms": 700}
    await put(pool, "watched", row | arrays | {"seen_at": clock.now()})
    await Counting(pool, tally, clock).learn()
    assert tally.slow_over == {_BANK: 0.7}
    assert tally.software == {}


async def test_values_are_kept_as_they_are_but_for_what_parts_them(pool: asyncpg.Pool) -> None:
    ways = {
        Way(_BANK, "sale", "620001", software): Counts(approved=number)
        for number, software in enumerate(("", "A,1", "B\x1f2", "{}"), 1)
    }
    await pool.execute(*counted(ways, HeldClock().now()))
    rows = await pool.fetch("SELECT * FROM watch_counts ORDER BY approved")
    assert [row["software"] for row in rows] == ["", "A,1", "B 2", "{}"]
    assert [row["approved"] for row in rows] == [1, 2, 3, 4]
    assert {row["card_range"] for row in rows} == {"620001"}
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
