"""What is too old goes, what is needed stays, and the books stay whole."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.retention import KEPT, RETENTION
from annul.store.retention import Retention
from tests.support.clock import HeldClock
from tests.support.rows import put, put_case, put_transaction

NOW: Final = datetime.now(UTC).replace(microsecond=0)
MERCHANT: Final = "898000058120000"
_DAYS: Final = {one.subject: one.days for one in RETENTION}
_TABLES: Final = """
SELECT c.relname, array_agg(a.attname::text) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
GROUP BY c.relname
"""


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture
async def shop(pool: asyncpg.Pool) -> asyncpg.Pool:
    """Give a database with an issuer, a merchant and its terminal."""
    await put(
        pool,
        "merchants",
        {"merchant_id": MERCHANT, "name_zh": "店", "name_en": "Shop", "category": "5812"},
    )
    return pool


def job(pool: asyncpg.Pool, clock: HeldClock, *, rows: int = 500, **chosen: int) -> Retention:
    return Retention(pool, clock, lambda now: now.date(), chosen, rows=rows)


# The table ---------------------------------------------------------------------------------------


async def test_each_table_goes_or_stays_and_is_there(pool: asyncpg.Pool) -> None:
    stored = {table: set(columns) for table, columns in await pool.fetch(_TABLES)}
    going = {table for one in RETENTION for table in one.tables}
    assert going.isdisjoint(KEPT)
    assert stored.keys() == going | KEPT.keys()
    for one in RETENTION:
        named = {*one.columns, *one.since.split(", ")}
        assert named <= stored[one.tables[0]], one.subject


async def test_the_least_days_stand_in_the_database_too(pool: asyncpg.Pool) -> None:
    least = {one.subject: one.least for one in RETENTION}
    for subject in ("messages", "notifications", "audit", "notice_log"):
        body = await pool.fetchval(
            "SELECT prosrc FROM pg_proc WHERE proname = $1", f"purge_{subject}"
        )
        found = re.search(r"least\(before, now\(\) - interval '(\d+) days'\)", body)
        assert found is not None, subject
        assert int(found[1]) == least[subject]


# Cards -------------------------------------------------------------------------------------------

_SEALED: Final = {"card_cipher": b"sealed", "expiry": "3012", "card_sequence": "001"}


async def _sold(pool: asyncpg.Pool, trace: int, days: float, **changes: Any) -> Any:
    at = NOW - timedelta(days=days)
    values = {"received_at": at, "business_date": at.date(), **_SEALED}
    return (await put_transaction(pool, trace, **(values | changes))).id


async def _cards(pool: asyncpg.Pool) -> set[Any]:
    """Name the transactions whose card is kept."""
    rows = await pool.fetch(
        "SELECT id FROM transactions WHERE card_cipher IS NOT NULL"
        " AND expiry <> '' AND card_sequence <> ''"
    )
    gone = await pool.fetchval(
        "SELECT count(*) FROM transactions"
        " WHERE card_cipher IS NULL AND (expiry <> '' OR card_sequence <> '')"
    )
    assert gone == 0
    return {row["id"] for row in rows}


async def test_a_card_goes_as_soon_as_nothing_can_need_it(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    kept = {
        await _sold(shop, 1, 31),  # in its last day, and the day that is spared
        await _sold(shop, 2, 2.5, state="declined"),  # the terminal may still reverse it
        await _sold(shop, 3, 20, state="partly_refunded", undone=1),
        await _sold(shop, 4, 20, state="completed", kind="preauth"),
        *[
            await _sold(shop, 10 + n, 400, state=state)
            for n, state in enumerate(("sent", "unknown", "reversing", "disputed"))
        ],
        await _sold(shop, 20, 400, undone=10_000, undoing=10_000),
    }
    for n, state in enumerate(("declined", "reversed", "voided", "refunded")):
        await _sold(shop, 30 + n, 3.5, state=state)
    await _sold(shop, 40, 3.5, kind="void")
    await _sold(shop, 41, 32)
    await _sold(shop, 42, 32, kind="preauth")
    assert (await job(shop, clock).round())["card_ciphers"] == 7
    assert await _cards(shop) == kept


async def test_a_card_stays_a_day_longer_where_days_end_apart(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    """A shop that closes after the house still has a day on which it refunds what is that old."""
    await shop.execute(
        "INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)"
        " SELECT merchant_id, '2020-01-01', '23:30', 'li', now() FROM merchants"
    )
    kept = await _sold(shop, 1, 32)
    await _sold(shop, 2, 33)
    await job(shop, clock).round()
    assert await _cards(shop) == {kept}


async def test_a_hold_is_kept_for_a_month_whatever_the_time_for_refunds(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    await shop.execute("UPDATE merchants SET refund_days = 0")
    hold = await _sold(shop, 1, 31, kind="preauth")
    await _sold(shop, 2, 3.5)
    await job(shop, clock).round()
    assert await _cards(shop) == {hold}


async def test_a_card_stays_while_something_is_owed_open_or_young(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    owed = await _sold(shop, 1, 400, state="reversed")
    await put(
        shop,
        "outbox",
        {
            "merchant_id": MERCHANT,
            "id": uuid4(),
            "transaction_id": owed,
            "original_id": owed,
            "kind": "reversal",
            "issuer_id": "00000101",
            "card_hash": b"",
            "reason": "",
            "next_attempt_at": NOW,
            "created_at": NOW,
        },
    )
    original = await _sold(shop, 2, 400)
    void = await _sold(shop, 3, 400, kind="void", state="declined", original_id=original)
    await put_case(shop, id=void, original_id=original)
    alone = await _sold(shop, 4, 400, kind="refund", state="declined")
    await put_case(shop, id=alone, original_id=None)
    refunded = await _sold(shop, 5, 400, state="refunded", undone=10_000)
    young = await _sold(shop, 6, 1, kind="refund", original_id=refunded)
    retention = job(shop, clock)
    assert (await retention.round())["card_ciphers"] == 0
    assert await _cards(shop) == {owed, original, void, alone, refunded, young}
    await shop.execute("UPDATE outbox SET pending = false")
    await shop.execute("UPDATE cases SET ended = 'refused', ended_at = now()")
    clock.forward(days=3)
    assert (await retention.round())["card_ciphers"] == 6
    assert await _cards(shop) == set()


async def _walk(pool: asyncpg.Pool) -> tuple[datetime, datetime | None]:
    [row] = await pool.fetch("SELECT reached, left_from FROM purges WHERE subject = 'card_ciphers'")
    return tuple(row)


async def test_a_walk_takes_all_rows_and_begins_anew_with_what_it_left(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    at = NOW - timedelta(days=50)
    same = {"received_at": at, "business_date": at.date()}
    for n in range(7):  # at one moment, and more of them than a batch takes
        await _sold(shop, n, 50, **same)
    left = await _sold(shop, 7, 49, state="unknown")
    for n in range(8, 12):
        await _sold(shop, n, 48 - n)
    retention = job(shop, clock, rows=2)
    assert (await retention.round())["card_ciphers"] == 11
    assert await _walk(shop) == (NOW - timedelta(days=49), None)
    await shop.execute("UPDATE transactions SET state = 'declined' WHERE id = $1", left)
    clock.forward(hours=1)
    assert (await retention.round())["card_ciphers"] == 1
    assert await _walk(shop) == (clock.now() - timedelta(days=3), None)


# The job -----------------------------------------------------------------------------------------


async def _audited(pool: asyncpg.Pool, at: datetime, count: int = 1) -> None:
    for _ in range(count):
        await put(
            pool,
            "audit",
            {
                "id": uuid4(),
                "at": at,
                "who": "somebody",
                "role": "operator",
                "action": "note",
                "object": "case 1",
                "reason": "why",
            },
        )


async def test_each_day_has_one_row_that_says_what_went(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    clock.at = NOW.replace(hour=1, minute=0, second=0)
    old = clock.at - timedelta(days=366)
    retention = job(shop, clock, rows=2, audit=365)
    for count in (3, 2):
        await _audited(shop, old, count)
        assert (await retention.round())["audit"] == count
        clock.forward(hours=2)
    assert await shop.fetchval("SELECT count(*) FROM audit") == 0, "the day is not over"
    clock.forward(days=1)
    await retention.round()
    clock.forward(hours=1)
    await retention.round()
    rows = await shop.fetch("SELECT who, action, object, detail FROM audit")
    [(who, action, about, detail)] = rows
    assert (who, action, about) == ("annul", "purge", "retention audit")
    day = (NOW.replace(hour=1)).date()
    assert (detail["day"], detail["rows"]) == (str(day), 5)
    assert datetime.fromisoformat(detail["up_to"]).date() == day - timedelta(days=365)


async def test_of_two_hosts_one_works_on_a_subject_and_the_other_goes_on_for_it(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    first, second = job(shop, clock), job(shop, clock)
    found = await asyncio.gather(first.round(), second.round())
    assert sorted(subject for one in found for subject in one) == sorted(_DAYS)
    assert await second.round() == {}, "nothing is due"
    clock.forward(hours=1)
    await shop.execute("UPDATE purges SET leased_until = $1", clock.now() + timedelta(minutes=1))
    assert await second.round() == {}, "somebody is at it"
    clock.forward(minutes=2)
    assert (await second.round()).keys() == _DAYS.keys(), "who was at it has died"


async def test_a_row_that_somebody_holds_is_not_waited_for(
    shop: asyncpg.Pool, clock: HeldClock
) -> None:
    row = {"who": "key", "fingerprint": b"", "created_at": NOW - timedelta(days=8)}
    for key in ("held", "free"):
        await put(shop, "idempotency", row | {"key": key})
    async with shop.acquire() as other, other.transaction():
        await other.execute("SELECT FROM idempotency WHERE key = 'held' FOR UPDATE")
        async with asyncio.timeout(5):
            assert (await job(shop, clock).round())["idempotency"] == 1
    assert await shop.fetchval("SELECT key FROM idempotency") == "held"


async def test_what_there_is_is_told_of_each_subject(shop: asyncpg.Pool, clock: HeldClock) -> None:
    await _audited(shop, NOW - timedelta(days=400), 2)
    await _audited(shop, NOW - timedelta(days=300))
    retention = job(shop, clock, audit=365)
    held = {one.retained.subject: one for one in await retention.held()}
    assert held.keys() == _DAYS.keys()
    assert held["audit"][1:] == (365, 3, NOW - timedelta(days=400), None)
    await retention.round()
    held = {one.retained.subject: one for one in await retention.held()}
    assert held["audit"][1:] == (365, 1, NOW - timedelta(days=300), NOW)
    assert held["messages"][1:] == (540, 0, None, None)


async def test_the_loop_takes_its_turns_by_itself(shop: asyncpg.Pool, clock: HeldClock) -> None:
    await _audited(shop, NOW - timedelta(days=2000))
    retention = job(shop, clock)
    retention.start()
    loop = retention._loop
    assert loop is not None
    await loop._turn()
    assert await shop.fetchval("SELECT count(*) FROM audit") == 0
    await retention.stop()
    assert loop.stopped
