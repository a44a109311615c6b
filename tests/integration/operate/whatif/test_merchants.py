"""A changed setting of a merchant tried on the journal: each decision that would be another one."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.records import Origin
from annul.domain.states import State
from annul.operate.whatif.merchants import Judged, NoSuchSetting, Otherwise, replay
from tests.support.clock import NOON
from tests.support.rows import put_case, put_refusal, put_transaction

_SPAN = (NOON - timedelta(days=1), NOON + timedelta(days=1))
_OTHER = "898000058120009"


async def _tried(
    pool: asyncpg.Pool, setting: str, number: int, merchant: str = ""
) -> tuple[list[Otherwise], Judged]:
    judged = Judged()
    found = [one async for one in replay(pool, merchant, _SPAN, (setting, number), judged)]
    return found, judged


async def _put(pool: asyncpg.Pool, trace: int, amount: int = 10_000, **changes: Any) -> Any:
    of: dict[str, Any] = {"state": State.APPROVED, "received_at": NOON, "amount": amount}
    return await put_transaction(pool, trace, **(of | changes))


async def test_a_lower_limit_refuses_and_a_higher_one_lets_in(pool: asyncpg.Pool) -> None:
    await _put(pool, 1, 50_000)
    await _put(pool, 2, 50_001)
    await _put(pool, 3, 90_000, state=State.DECLINED)
    await _put(pool, 4, 70_000, received_at=NOON - timedelta(days=2))
    await put_refusal(
        pool, 5, "", amount=40_000, rule="over_merchant_limit", received_at=NOON, kind="void"
    )
    await put_refusal(pool, 6, "", amount=40_000, rule="over_terminal_limit", received_at=NOON)
    found, judged = await _tried(pool, "amount_limit", 50_000)
    assert sorted((one.amount, one.before, one.after) for one in found) == [
        (40_000, "over_merchant_limit", ""),
        (50_001, "", "over_merchant_limit"),
        (90_000, "", "over_merchant_limit"),
    ]
    assert judged == Judged(5, stricter=2, freed=1, approved=1, amount=50_001)


async def test_it_may_be_of_one_merchant(pool: asyncpg.Pool) -> None:
    await _put(pool, 1, 60_000)
    await _put(pool, 2, 60_000, merchant_id=_OTHER)
    found, judged = await _tried(pool, "amount_limit", 50_000, _OTHER)
    assert ([one.merchant for one in found], judged.decisions) == ([_OTHER], 1)


async def test_refunds_of_older_sales_are_refused(pool: asyncpg.Pool) -> None:
    today = date(2026, 11, 26)
    for trace, age in ((1, 7), (3, 8)):
        sold = await _put(pool, trace, business_date=today - timedelta(days=age), received_at=NOON)
        await _put(
            pool, trace + 1, kind="refund", original_id=sold.id, business_date=today, holds=10_000
        )
    found, judged = await _tried(pool, "refund_days", 7)
    assert [(one.kind, one.after) for one in found] == [("refund", "original_too_old")]
    assert (judged.stricter, judged.approved) == (1, 1)


async def test_without_retries_what_annul_tried_itself_waits(pool: asyncpg.Pool) -> None:
    sold = await _put(pool, 1)
    await _put(pool, 2, kind="void", original_id=sold.id, origin=Origin.RESOLVER, holds=10_000)
    await _put(pool, 3, kind="void", state=State.DECLINED, origin=Origin.TERMINAL)
    found, _ = await _tried(pool, "retry_voids", 0)
    assert [(one.before, one.after) for one in found] == [("annul", "waits")]
    assert (await _tried(pool, "retry_voids", 1))[0] == []


async def test_with_retries_cases_would_be_tried_that_were_not(
    table_owner: asyncpg.Pool,
) -> None:
    pool = table_owner
    case = await put_case(pool, opened_at=NOON, cause="issuer_down", ended="refused", ended_at=NOON)
    await put_case(pool, opened_at=NOON, cause="risk_refusal")
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category, retry_voids)"
        " VALUES ($1, '', '', '5812', false)",
        case.merchant_id,
    )
    found, judged = await _tried(pool, "retry_voids", 1)
    assert [(one.number, one.before, one.after) for one in found] == [
        (case.number, "waits", "annul")
    ]
    assert judged.freed == 1


async def test_refunds_instead_of_voids_are_left_to_people_or_taken_from_them(
    pool: asyncpg.Pool,
) -> None:
    for trace, amount, origin in (
        (1, 30_000, Origin.RESOLVER),
        (3, 10_000, Origin.RESOLVER),
        (5, 15_000, Origin.PERSON),
        (7, 40_000, Origin.PERSON),
        (9, 15_000, Origin.TERMINAL),
    ):
        sold = await _put(pool, trace, amount)
        of: dict[str, Any] = {"original_id": sold.id, "origin": origin, "holds": amount}
        await _put(pool, trace + 1, amount, kind="refund", **of)
    found, _ = await _tried(pool, "refund_instead_limit", 20_000)
    assert sorted((one.amount, one.before, one.after) for one in found) == [
        (15_000, "person", "annul"),
        (30_000, "annul", "person"),
    ]


@pytest.mark.parametrize(
    "change", [("name_zh", 1), ("retry_voids", 2), ("amount_limit", -1), ("refund_days", 4_000)]
)
async def test_what_cannot_be_tried_is_named(pool: asyncpg.Pool, change: tuple[str, int]) -> None:
    with pytest.raises(NoSuchSetting, match="amount_limit"):
        await _tried(pool, *change)
