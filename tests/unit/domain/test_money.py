"""Amounts as people write them, batches, business days."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from annul.domain import money
from annul.domain.batch import Balance, Totals, compare, next_batch
from annul.domain.business_day import business_date


@pytest.mark.parametrize(
    ("text", "minor"), [("100", 10_000), ("100.5", 10_050), ("0.01", 1), (" 12.34 ", 1_234)]
)
def test_amounts_are_read(text: str, minor: int) -> None:
    assert money.parse(text) == minor


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "1.234", "1,00", "", "abc", "9" * 13, "１"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(money.AmountError):
        money.parse(text)


def test_currencies_without_decimals() -> None:
    assert money.parse("100", "392") == 100
    with pytest.raises(money.AmountError):
        money.parse("100.5", "392")
    assert money.show(100, "392") == "100"


@pytest.mark.parametrize(("minor", "text"), [(1, "0.01"), (10_000, "100.00"), (-5, "-0.05")])
def test_amounts_are_shown(minor: int, text: str) -> None:
    assert money.show(minor) == text


@pytest.mark.parametrize(("batch", "after"), [("000001", "000002"), ("999999", "000001")])
def test_batches_go_round(batch: str, after: str) -> None:
    assert next_batch(batch) == after


def test_totals_balance_only_when_all_agree() -> None:
    assert compare(Totals(1, 1, 1, 1), Totals(1, 1, 1, 1)) is Balance.BALANCED
    assert compare(Totals(1, 1, 1, 1), Totals(1, 1, 1, 2)) is Balance.UNBALANCED


@pytest.mark.parametrize(
    ("hour", "minute", "day"), [(14, 59, 23), (15, 0, 24), (15, 59, 24), (16, 0, 24)]
)
def test_the_business_day_turns_at_the_cut_over(hour: int, minute: int, day: int) -> None:
    """23:00 in Shanghai is 15:00 UTC."""
    now = datetime(2026, 11, 23, hour, minute, tzinfo=UTC)
    shanghai = ZoneInfo("Asia/Shanghai")
    assert business_date(now, shanghai, time(23, 0)) == date(2026, 11, day)
