"""Periods are read strictly, and every way in which money moves has a place in a statement."""

from datetime import date

import pytest

from annul.domain.ledger import OF_NO_MERCHANT, OF_TRANSACTIONS, PostingKind
from annul.settle.statement.model import MOVEMENTS, Account, BadPeriod, Period


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-11-26", date(2026, 11, 26), date(2026, 11, 26)),
    ],
)
def test_a_period_is_a_month_or_a_day(text: str, first: date, last: date) -> None:
    period = Period.of(text)
    assert (period.first, period.last, str(period)) == (first, last, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-02-30",
        "0000-01",
        "2026-1",
        "２０２６-11",
        "2026-11-",
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(BadPeriod):
        Period.of(text)


@pytest.mark.parametrize(
    ("day", "month"), [(date(2026, 1, 5), "2025-12"), (date(2026, 11, 27), "2026-10")]
)
def test_the_month_that_has_ended(day: date, month: str) -> None:
    assert str(Period.before(day)) == month


def test_every_posting_but_those_of_transactions_is_a_movement() -> None:
    assert set(PostingKind) - OF_TRANSACTIONS - OF_NO_MERCHANT <= MOVEMENTS.keys()


def test_what_stood_at_the_end_is_what_stood_before_and_what_moved() -> None:
    moved = {"settlement": {"merchant_pending": -7, "merchant_available": 7}}
    account = Account("156", {"merchant_pending": 10}, moved)
    assert account.closing == {
        "merchant_pending": 3, "merchant_available": 7, "merchant_in_payout": 0,
        "merchant_frozen": 0, "merchant_reserve": 0,
    }  # fmt: skip
