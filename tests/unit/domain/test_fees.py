"""Fees from the table in force, and what of them goes back."""

from datetime import date

import pytest

from annul.domain.fees import (
    DEFAULT_FEE_RATES,
    Fee,
    FeeRate,
    FeeTable,
    NoFeeRate,
    returned,
)

_TABLE = FeeTable(DEFAULT_FEE_RATES)
_DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("pricing", "card_type", "amount", "fee"),
    [
        ("standard", "debit", 10_000, Fee(50, 35, 3)),
        ("standard", "debit", 1_000_000, Fee(2_000, 1_300, 325)),  # caps 20.00, 13.00, 3.25
        ("standard", "credit", 1_000_000, Fee(6_000, 4_500, 325)),
        ("standard", "qr", 10_000, Fee(38, 35, 3)),
        ("discount", "credit", 10_000, Fee(48, 45, 3)),
        ("welfare", "debit", 1_000_000, Fee(0, 0, 0)),
        ("standard", "debit", 100, Fee(1, 0, 0)),  # half a fen is rounded up
        ("standard", "debit", 99, Fee(0, 0, 0)),
    ],
)
def test_default_rates(pricing: str, card_type: str, amount: int, fee: Fee) -> None:
    assert _TABLE.charge(pricing, card_type, amount, _DAY) == fee


def test_the_rate_of_the_day_counts() -> None:
    rows = [
        FeeRate("standard", "debit", party, since, ppm)
        for party in ("merchant", "issuer", "network")
        for since, ppm in ((date(2020, 1, 1), 5_000), (date(2026, 1, 1), 4_000))
    ]
    table = FeeTable(rows)
    assert table.charge("standard", "debit", 10_000, date(2025, 12, 31)).merchant == 50
    assert table.charge("standard", "debit", 10_000, date(2026, 1, 1)).merchant == 40
    with pytest.raises(NoFeeRate):
        table.charge("standard", "debit", 10_000, date(2019, 12, 31))


def _table(*merchant: FeeRate) -> FeeTable:
    since = date(2020, 1, 1)
    schemes = [FeeRate("standard", "debit", party, since, 0) for party in ("issuer", "network")]
    return FeeTable([*merchant, *schemes])


@pytest.mark.parametrize(
    ("amount", "fee"), [(399_999, 2_000), (400_000, 2_000), (399_800, 1_999), (10**9, 2_000)]
)
def test_a_cap_is_the_most_that_is_charged(amount: int, fee: int) -> None:
    table = _table(FeeRate("standard", "debit", "merchant", date(2020, 1, 1), 5_000, 2_000))
    assert table.charge("standard", "debit", amount, _DAY).merchant == fee


def test_a_cap_of_nothing_charges_nothing() -> None:
    table = _table(FeeRate("standard", "debit", "merchant", date(2020, 1, 1), 5_000, 0))
    assert table.charge("standard", "debit", 10_000, _DAY).merchant == 0


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [
        FeeRate("standard", "debit", "merchant", date(year, 1, 1), ppm)
        for year, ppm in ((2024, 3_000), (2026, 1_000), (2025, 2_000))
    ]
    for given in (rows, rows[::-1]):
        assert _table(*given).charge("standard", "debit", 1_000_000, _DAY).merchant == 1_000


@pytest.mark.parametrize(("pricing", "card_type"), [("gold", "debit"), ("standard", "prepaid")])
def test_what_has_no_rate_is_named_and_not_charged_nothing(pricing: str, card_type: str) -> None:
    with pytest.raises(NoFeeRate, match=f"no merchant rate for {pricing}/{card_type} on 2026-11"):
        _TABLE.charge(pricing, card_type, 10_000, _DAY)


@pytest.mark.parametrize(
    ("before", "part", "back"),
    [
        (0, 10_000, 50),
        (0, 4_000, 20),
        (4_000, 6_000, 30),
        (0, 199, 0),  # 0.995 of a unit
        (199, 1, 1),  # which the next part brings
        (9_999, 1, 1),
        (0, 0, 0),
    ],
)
def test_what_goes_back_of_a_fee_is_the_share_so_far(before: int, part: int, back: int) -> None:
    assert returned(50, 10_000, before, part) == back


@pytest.mark.parametrize(("before", "part"), [(0, 10_001), (9_999, 2), (-1, 1), (1, -1)])
def test_no_more_goes_back_than_was_taken(before: int, part: int) -> None:
    with pytest.raises(AssertionError):
        returned(50, 10_000, before, part)
