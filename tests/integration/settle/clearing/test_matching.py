"""Rows of clearing files find the transactions that they tell of, each once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from annul.domain.states import State
from annul.settle.clearing import matching
from annul.settle.clearing.rules import ClearingRules
from tests.support.builders import DAY
from tests.support.clearing import Cleared, row_of, undone

LATE = datetime(2026, 11, 23, 14, 50, tzinfo=UTC)  # ten minutes before the cut-over
NEXT = DAY + timedelta(days=1)


def outcomes(result: Any) -> dict[str, int]:
    return {row["outcome"]: row["count"] for row in result.outcomes}


async def test_rows_that_agree_are_matched_and_nothing_breaks(cell: Cleared) -> None:
    sales = [await cell.put(trace) for trace in range(1, 6)]
    result = await cell.tell([row_of(one, line) for line, one in enumerate(sales, 1)])
    assert outcomes(result) == {"matched": 5}
    assert (await cell.breaks(), result.carried, result.proofs) == ([], 0, 0)


@pytest.mark.parametrize(
    ("changes", "kind", "cause", "money"),
    [
        ({"amount": 9_000}, "amount", "other_amount", -1_000),
        ({"currency": "840"}, "currency", "other_currency", 0),
        ({"sent_at": "1119120000"}, "date", "late_presented", 0),
        ({"fee": 31}, "fee", "fee_table", 0),
        ({"rrn": "999999999999", "card": "6200010000000015", "trace": "999999"}, "", "", 0),
    ],
)
async def test_a_row_that_differs_breaks(
    cell: Cleared, changes: dict[str, Any], kind: str, cause: str, money: int
) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale, **changes)])
    if kind:
        assert await cell.breaks() == [(kind, cause, money, "open")]
    else:  # it is another transaction, and ours is missing
        assert await cell.breaks() == [
            ("missing_here", "no_request", 10_000, "open"),
            ("missing_there", "approved_not_booked", -10_000, "open"),
        ]


async def test_a_fee_that_is_ours_agrees(cell: Cleared) -> None:
    sale = await cell.put(1)
    result = await cell.tell([row_of(sale, fee=25)])
    assert outcomes(result) == {"matched": 1}


async def test_a_row_of_a_shop_that_nobody_knows(cell: Cleared) -> None:
    sale = await cell.put(1)
    stranger = row_of(sale, 2, merchant_id="999999999999999", rrn="1", trace="9", card="1")
    await cell.tell([row_of(sale), stranger])
    assert await cell.breaks() == [("missing_here", "unknown_shop", 10_000, "open")]
    assert await cell.account("suspense") == 0, "it is nobody's account here"


async def test_what_is_told_twice_counts_once(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale), row_of(sale, 2)])
    assert await cell.breaks() == [("twice", "booked_twice", 10_000, "open")]
    await cell.tell([row_of(sale)], day=NEXT)
    assert [one[0] for one in await cell.breaks()] == ["twice", "twice"]


@pytest.mark.parametrize(
    "known",
    [
        {"merchant_id": ""},
        {"rrn": ""},
        {"rrn": "", "terminal_id": ""},
        {"rrn": "", "terminal_id": "", "auth_code": "", "trace": ""},
    ],
)
async def test_a_row_is_known_by_other_marks_if_they_lead_to_one(
    cell: Cleared, known: dict[str, Any]
) -> None:
    sale = await cell.put(1, card_hash=cell.vault.hash("6200010000000007"))
    result = await cell.tell([row_of(sale, **known)])
    assert outcomes(result) == {"matched": 1}


async def test_marks_that_lead_to_two_lead_nowhere(cell: Cleared) -> None:
    hashed = cell.vault.hash("6200010000000007")
    sales = [await cell.put(trace, card_hash=hashed, auth_code="") for trace in (1, 2)]
    vague = row_of(sales[0], rrn="", trace="", terminal_id="")
    result = await cell.tell([vague])
    assert outcomes(result) == {"unknown": 1}


async def test_what_came_shortly_before_the_cut_over_is_told_a_day_later(cell: Cleared) -> None:
    sale, late = await cell.put(1), await cell.put(2, received_at=LATE)
    result = await cell.tell([row_of(sale)])
    assert (result.carried, await cell.breaks()) == (1, [])
    await cell.tell([row_of(late)], day=NEXT)
    assert await cell.breaks() == []
    assert not await cell.pool.fetchval(
        "SELECT count(*) FROM clearing_carried WHERE found_in IS NULL"
    )


async def test_what_was_carried_and_does_not_come_is_missing(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.put(2, received_at=LATE)
    await cell.tell([row_of(sale)])
    other = await cell.put(3, business_date=NEXT, received_at=LATE + timedelta(hours=9))
    await cell.tell([row_of(other)], day=NEXT)
    assert await cell.breaks() == [("missing_there", "approved_not_booked", -10_000, "open")]


async def test_what_is_told_before_its_own_day_agrees_then(cell: Cleared) -> None:
    early = await cell.put(1, business_date=NEXT, received_at=LATE + timedelta(minutes=12))
    result = await cell.tell([row_of(early, sent_at="1123230200")])
    assert outcomes(result) == {"matched": 1}
    other = await cell.put(2, business_date=NEXT, received_at=LATE + timedelta(hours=9))
    await cell.tell([row_of(other)], day=NEXT)
    assert await cell.breaks() == []


async def test_a_day_whose_file_is_late_does_not_break_by_the_next_one(cell: Cleared) -> None:
    first = [await cell.put(trace) for trace in (1, 2, 3)]
    late = await cell.put(4, received_at=LATE)
    day = {"business_date": NEXT, "received_at": LATE + timedelta(hours=9)}
    before = await cell.put(9, business_date=DAY - timedelta(days=1))
    await cell.tell([row_of(before)], day=DAY - timedelta(days=1))
    other = await cell.put(5, **day)
    result = await cell.tell([row_of(other), row_of(late, 2)], day=NEXT)
    assert (result.carried, await cell.breaks()) == (3, [])
    await cell.tell([row_of(one, line) for line, one in enumerate(first[:2], 1)])
    missing = [("missing_there", "approved_not_booked", -10_000, "open")]
    assert await cell.breaks() == missing
    after = NEXT + timedelta(days=1)
    last = await cell.put(6, business_date=after, received_at=LATE + timedelta(days=1, hours=9))
    await cell.tell([row_of(last)], day=after)
    assert await cell.breaks() == missing, "once"


async def test_a_void_that_is_not_told_while_its_sale_is(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.VOIDED, undone=10_000)
    await cell.put(2, kind="void", original_id=sale.id, holds=10_000)
    await cell.tell([row_of(sale)])
    assert await cell.breaks() == [("state", "approved_not_booked", 10_000, "open")]


async def test_a_sale_and_its_void_may_both_go_untold(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.VOIDED, undone=10_000)
    await cell.put(2, kind="void", original_id=sale.id, holds=10_000)
    other = await cell.put(3)
    await cell.tell([row_of(other)])
    assert await cell.breaks() == []


async def test_a_sale_may_be_told_less_what_was_refunded(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.PARTLY_REFUNDED, undone=3_000)
    await cell.put(2, kind="refund", original_id=sale.id, amount=3_000, holds=3_000)
    result = await cell.tell([row_of(sale, amount=7_000)])
    assert outcomes(result) == {"netted": 1}
    assert await cell.breaks() == []


async def test_a_refund_may_be_told_in_parts(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.PARTLY_REFUNDED, undone=3_000)
    refund = await cell.put(2, kind="refund", original_id=sale.id, amount=3_000, holds=3_000)
    parts = [row_of(refund, 2, amount=1_000), row_of(refund, 3, amount=2_000)]
    await cell.tell([row_of(sale), *parts])
    assert await cell.breaks() == []
    more = [row_of(refund, 1, amount=1_000)]
    await cell.tell(more, day=NEXT)
    assert [one[0] for one in await cell.breaks()] == ["twice"]


async def test_a_row_that_was_taken_back_and_here_too_agrees(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.REVERSED)
    result = await cell.tell([row_of(sale), undone(sale, 2)])
    assert outcomes(result) == {"matched": 2}
    assert await cell.breaks() == []


async def test_nothing_is_missing_of_issuers_of_which_a_file_does_not_tell(cell: Cleared) -> None:
    await cell.put(1)
    other = await cell.put(2, issuer_id="00000102")
    await cell.tell([row_of(other)], issuers=("00000102",))
    assert await cell.breaks() == []


async def test_no_day_is_carried_where_the_rules_allow_none(cell: Cleared) -> None:
    cell.rules = ClearingRules(carry_minutes=0)
    sale = await cell.put(1)
    await cell.put(2, received_at=LATE)
    await cell.tell([row_of(sale)])
    assert [one[0] for one in await cell.breaks()] == ["missing_there"]


def test_days_of_a_file_are_those_it_covers_and_those_carried_into_it(cell: Cleared) -> None:
    year_end = matching.window(cell.calendar, date(2027, 12, 31), date(2028, 1, 1))
    assert matching.days_of(year_end, 2) == ["1229", "1230", "1231", "0101"]
    leap = matching.window(cell.calendar, date(2028, 3, 1), date(2028, 3, 1))
    assert matching.days_of(leap, 1) == ["0229", "0301"]
    assert matching.days_of(leap, 0) == ["0301"]
