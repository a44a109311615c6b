"""Samples are taken from the journal: each once, with all that a rule can be about."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.diagnose.samples import Samples
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from tests.support.rows import put, put_transaction

_ZONE: Final = "Asia/Shanghai"
_AT: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 12:00 in the zone
_UNTIL: Final = _AT + timedelta(hours=12)
_SINCE: Final = _AT - timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


async def _sale(pool: asyncpg.Pool, trace: int, **changes: Any) -> Transaction:
    return await put_transaction(pool, trace, **({"received_at": _AT} | changes))


async def _void(pool: asyncpg.Pool, trace: int, sale: Transaction, **changes: Any) -> Transaction:
    after = {"received_at": sale.received_at + timedelta(minutes=10)} | changes
    row = {
        "kind": "void",
        "original_id": sale.id,
        "amount": sale.amount,
        "answered_at": after["received_at"] + timedelta(seconds=1),
    }
    return await put_transaction(pool, trace, **(row | after))


async def _refused(
    pool: asyncpg.Pool, trace: int, sale: Transaction, **changes: Any
) -> Transaction:
    return await _void(
        pool, trace, sale, **({"state": State.DECLINED, "response_code": "61"} | changes)
    )


async def _slot(pool: asyncpg.Pool, at: datetime, *codes: str) -> None:
    counts = ("requests", "approvals", "silent", "not_sent", "late", "faults", "link_drops")
    more = dict.fromkeys((*counts, "garbled", "voids", "void_approvals"), 0)
    tail = [[100, code] for code in codes]
    row = {
        "issuer_id": "00000101",
        "node": 0,
        "slot": at,
        "codes": {},
        "latencies": [],
        "tail": tail,
    }
    await put(pool, "issuer_stats", row | more)


async def _all(pool: asyncpg.Pool) -> dict[Any, asyncpg.Record]:
    rows = await pool.fetch("SELECT * FROM void_samples ORDER BY at, id")
    return {row["id"]: row for row in rows}


@pytest.fixture
def samples(pool: asyncpg.Pool) -> Samples:
    return Samples(pool, _ZONE)


async def test_a_sample_says_what_a_rule_can_be_about(pool: asyncpg.Pool, samples: Samples) -> None:
    first, second = await _sale(pool, 1), await _sale(pool, 2, amount=20_000)
    await _void(pool, 3, first)
    void = await _refused(pool, 4, second, received_at=_AT + timedelta(minutes=25))
    await samples.take(_SINCE, _UNTIL)
    row = (await _all(pool))[void.id]
    said = {name: row[name] for name in (
        "issuer_id", "prefix", "role", "original_id", "amount", "age_s", "place", "since_s",
        "minute", "sale_minute", "whole", "same_day", "ok", "code", "amid",
    )}  # fmt: skip
    assert said == {
        "issuer_id": "00000101", "prefix": "620001", "role": "void", "original_id": second.id,
        "amount": 20_000, "age_s": 1500, "place": 2, "since_s": 899, "minute": 745,
        "sale_minute": 720, "whole": True, "same_day": True, "ok": False, "code": "61",
        "amid": None,
    }  # fmt: skip


async def test_only_what_an_issuer_answered_is_a_sample(
    pool: asyncpg.Pool, samples: Samples
) -> None:
    sales = [await _sale(pool, trace) for trace in range(10, 15)]
    silent = {"sent": Sent.POSSIBLY_SENT, "state": State.UNKNOWN, "response_code": ""}
    await _void(pool, 20, sales[0], **silent)
    await _refused(pool, 21, sales[1], sent=Sent.NOT_SENT, response_code="61", why="over_limit")
    unknown = await _refused(pool, 22, sales[2], state=State.REVERSED, response_code="96")
    late = await _refused(pool, 23, sales[3], state=State.REVERSING, late_code="00")
    part = await _void(pool, 24, sales[4], kind="refund", amount=1_000)
    await samples.take(_SINCE, _UNTIL)
    rows = await _all(pool)
    assert {identity: row["ok"] for identity, row in rows.items()} == {
        unknown.id: False, late.id: True, part.id: True,
    }  # fmt: skip
    assert (rows[part.id]["role"], rows[part.id]["whole"], rows[part.id]["place"]) == (
        "refund", False, None,
    )  # fmt: skip


async def test_others_that_failed_just_then_are_told(pool: asyncpg.Pool, samples: Samples) -> None:
    sales = [await _sale(pool, trace) for trace in (30, 31, 35)]
    amid = await _refused(pool, 32, sales[0], received_at=_AT + 30 * _MINUTE)
    alone = await _refused(pool, 33, sales[1], received_at=_AT + 50 * _MINUTE)
    await _slot(pool, _AT + 30 * _MINUTE, "96", "91", "", "00")
    await _slot(pool, _AT + 50 * _MINUTE, "00", "51", "00", "00")
    alike = await _refused(pool, 34, sales[2], received_at=_AT + 70 * _MINUTE)
    await _slot(pool, _AT + 70 * _MINUTE, *[alike.response_code] * 3, "00")
    await samples.take(_SINCE, _UNTIL)
    rows = await _all(pool)
    assert (rows[amid.id]["amid"], rows[alone.id]["amid"]) == (0.75, 0.0)
    assert rows[alike.id]["amid"] == 0.75, "an issuer that is down may say that of the card"


async def test_a_card_of_another_issuer_or_day_counts_for_nothing(
    pool: asyncpg.Pool, samples: Samples
) -> None:
    yesterday = await _sale(pool, 40, received_at=_AT - timedelta(hours=14))
    await _void(pool, 41, yesterday)
    void = await _void(pool, 42, await _sale(pool, 43))
    await samples.take(_SINCE, _UNTIL)
    row = (await _all(pool))[void.id]
    assert row["place"] == 1
    assert row["since_s"] == 14 * 3600 - 1  # but it was not long ago


@pytest.fixture
async def busy(pool: asyncpg.Pool) -> asyncpg.Pool:
    for trace in range(100, 140):
        sale = await _sale(pool, trace, received_at=_AT + trace * _MINUTE)
        make = _refused if trace % 3 else _void
        await make(pool, trace + 100, sale)
    return pool


async def test_bit_by_bit_is_as_all_at_once(busy: asyncpg.Pool, samples: Samples) -> None:
    await samples.take(_SINCE, _UNTIL)
    whole = await _all(busy)
    assert len(whole) == 40
    await busy.execute("DELETE FROM void_samples")
    since, turns = _SINCE, 0
    while since < _UNTIL:
        since, turns = (await samples.take(since, _UNTIL, rows=7)).until, turns + 1
    assert turns > 5
    assert await _all(busy) == whole


async def test_an_answer_that_comes_after_the_look_is_taken_with_the_next(
    pool: asyncpg.Pool, samples: Samples
) -> None:
    sale = await _sale(pool, 50)
    void = await _void(pool, 51, sale, state=State.SENT, sent=Sent.POSSIBLY_SENT, response_code="")
    seen = void.received_at + timedelta(seconds=5)
    assert (await samples.take(_SINCE, seen)).samples == 0
    await pool.execute(
        "UPDATE transactions SET state = 'approved', sent = 'answered', response_code = '00' "
        "WHERE id = $1",
        void.id,
    )
    assert (await samples.take(seen, seen + _MINUTE)).samples == 1
    assert (await samples.take(seen, seen + _MINUTE)).samples == 0  # and once


async def test_two_at_once_take_each_once(busy: asyncpg.Pool, samples: Samples) -> None:
    other = Samples(busy, _ZONE)
    await asyncio.gather(*(one.take(_SINCE, _UNTIL) for one in (samples, other)))
    assert len(await _all(busy)) == 40


async def test_only_one_learns_and_another_goes_on_once_its_lease_has_ended(
    pool: asyncpg.Pool, samples: Samples
) -> None:
    lease = timedelta(minutes=10)
    first = await samples.claim(_AT, lease)
    assert first is not None
    assert await Samples(pool, _ZONE).claim(_AT + _MINUTE, lease) is None
    after = await Samples(pool, _ZONE).claim(_AT + lease, lease)
    assert after is not None
    await samples.release(first)  # too late to give back what another has
    assert await samples.claim(_AT + lease + _MINUTE, lease) is None


async def test_samples_of_a_card_are_told_alike_and_say_nothing_of_it(
    pool: asyncpg.Pool, samples: Samples
) -> None:
    for trace, card in ((70, b"one"), (71, b"one"), (72, b"two")):
        sale = await _sale(pool, trace, card_hash=card)
        await _refused(pool, trace + 10, sale, card_hash=card)
    await samples.take(_SINCE, _UNTIL)
    cards = [row["card"] for row in (await _all(pool)).values()]
    assert len(set(cards)) == 2


async def test_an_id_of_another_merchant_is_another_sample(
    pool: asyncpg.Pool, samples: Samples
) -> None:
    identity = uuid7()
    sale = await _sale(pool, 60)
    await _void(pool, 61, sale, id=identity)
    await _void(pool, 62, sale, id=identity, merchant_id="898000058120001", state=State.REVERSED)
    await samples.take(_SINCE, _UNTIL)
    assert await pool.fetchval("SELECT count(*) FROM void_samples") == 2
