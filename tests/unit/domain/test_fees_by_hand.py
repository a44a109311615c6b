"""Fees and the days on which money is due, each worked out by hand.

Amounts are fen; beside each row stands the arithmetic in yuan. Prices and costs are those that
annul begins with: debit 0.50 %, at most 20.00; credit 0.60 %; QR 0.38 %; discount debit 0.38 %, at
most 18.00, credit 0.48 %; the issuer has 0.35 %, at most 13.00, of debit and QR and 0.45 % of
credit; the network 0.0325 %, at most 3.25. Half a fen is rounded up.
"""

from datetime import date, datetime, time
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import business_date
from annul.domain.fees import DEFAULT_FEE_RATES, Fee, FeeRate, FeeTable, returned
from annul.domain.settlement import DEFAULT_TERMS, Cycle, Terms
from annul.settle.days import works

_TABLE = FeeTable(DEFAULT_FEE_RATES)
_SHOP = "898000058120000"


@pytest.mark.parametrize(
    ("pricing", "card_type", "amount", "fee"),
    [
        # Debit. 0.50; 0.35; 0.0325
        ("standard", "debit", 100_00, Fee(50, 35, 3)),
        # 18.57; 12.999; 1.20705
        ("standard", "debit", 3_714_00, Fee(18_57, 13_00, 1_21)),
        # 19.99; 13.993, capped; 1.29935
        ("standard", "debit", 3_998_00, Fee(19_99, 13_00, 1_30)),
        # 19.995, rounded up to the cap; 13.9965, capped; 1.299675
        ("standard", "debit", 3_999_00, Fee(20_00, 13_00, 1_30)),
        # 20.00, just the cap; 14.00, capped; 1.30
        ("standard", "debit", 4_000_00, Fee(20_00, 13_00, 1_30)),
        # 20.00005, capped; capped; 1.30000325
        ("standard", "debit", 4_000_01, Fee(20_00, 13_00, 1_30)),
        # 50.00, capped; 35.00, capped; 3.25, just the cap
        ("standard", "debit", 10_000_00, Fee(20_00, 13_00, 3_25)),
        # capped; capped; 3.250325, capped
        ("standard", "debit", 10_001_00, Fee(20_00, 13_00, 3_25)),
        # 0.00005; 0.000035; nothing
        ("standard", "debit", 1, Fee(0, 0, 0)),
        # 0.00495; 0.003465; nothing
        ("standard", "debit", 99, Fee(0, 0, 0)),
        # 0.005, up; 0.0035, down; nothing
        ("standard", "debit", 1_00, Fee(1, 0, 0)),
        # 0.00715; 0.005005; nothing
        ("standard", "debit", 1_43, Fee(1, 1, 0)),
        # Credit, which has no cap. 0.60; 0.45; 0.0325
        ("standard", "credit", 100_00, Fee(60, 45, 3)),
        # 600.00; 450.00; 32.50, capped
        ("standard", "credit", 100_000_00, Fee(600_00, 450_00, 3_25)),
        # 0.00498; 0.003735; nothing
        ("standard", "credit", 83, Fee(0, 0, 0)),
        # 0.00504; 0.00378; nothing
        ("standard", "credit", 84, Fee(1, 0, 0)),
        # QR. 0.13604; 0.1253; 0.011635
        ("standard", "qr", 35_80, Fee(14, 13, 1)),
        # 19.00, no cap; 17.50, capped; 1.625, up
        ("standard", "qr", 5_000_00, Fee(19_00, 13_00, 1_63)),
        # Discount. 17.999992; 16.57894, capped; 1.539473
        ("discount", "debit", 4_736_84, Fee(18_00, 13_00, 1_54)),
        # 19.00, capped; 17.50, capped; 1.625, up
        ("discount", "debit", 5_000_00, Fee(18_00, 13_00, 1_63)),
        # 1.20; 1.125, up; 0.08125: a fen less than it costs
        ("discount", "credit", 250_00, Fee(1_20, 1_13, 8)),
        # 0.38; 0.35; 0.0325
        ("discount", "qr", 100_00, Fee(38, 35, 3)),
        # Welfare: nothing, whatever the card.
        ("welfare", "debit", 5_000_00, Fee(0, 0, 0)),
        ("welfare", "credit", 5_000_00, Fee(0, 0, 0)),
        ("welfare", "qr", 5_000_00, Fee(0, 0, 0)),
    ],
)
def test_what_a_sale_costs(pricing: str, card_type: str, amount: int, fee: Fee) -> None:
    assert _TABLE.charge(pricing, card_type, amount, date(2026, 11, 23)) == fee


@pytest.mark.parametrize(
    ("charged", "amount", "parts", "back"),
    [
        # A void, or a refund of all.
        (50, 100_00, (100_00,), (50,)),
        # Of 50: 16.665, 33.33, 50 so far, each without its fraction.
        (50, 100_00, (33_33, 33_33, 33_34), (16, 17, 17)),
        # A fee at its cap: half, then the rest.
        (20_00, 12_345_00, (6_172_50, 6_172_50), (10_00, 10_00)),
        # 0.99 of a fen; then the whole one.
        (1, 1_00, (99, 1), (0, 1)),
        # 0.7, 1.4, 2.1, 2.8, 3.5, 4.2, 4.9, 5.6, 6.3, 7 so far.
        (7, 10_00, (1_00,) * 10, (0, 1, 1, 0, 1, 1, 0, 1, 1, 1)),
        # A fen at a time of 3.00, which was charged 2: with the 150th and the last.
        (2, 3_00, (1,) * 300, (0,) * 149 + (1,) + (0,) * 149 + (1,)),
        (0, 5_000_00, (1_00, 4_999_00), (0, 0)),
    ],
)
def test_what_of_it_goes_back(
    charged: int, amount: int, parts: tuple[int, ...], back: tuple[int, ...]
) -> None:
    before, given = 0, list[int]()
    for part in parts:
        given.append(returned(charged, amount, before, part))
        before += part
    assert tuple(given) == back
    assert (before, sum(given)) == (amount, charged)


def test_in_whatever_order_it_goes_back() -> None:
    """Of 0.67 for 134.00: 1.00, 33.00 and 100.00, in each of six orders."""
    for parts in permutations((1_00, 33_00, 100_00)):
        before, back = 0, 0
        for part in parts:
            back += returned(67, 134_00, before, part)
            before += part
            assert back == 67 * before // 134_00
        assert back == 67


_OWN = FeeTable(
    [
        *DEFAULT_FEE_RATES,
        FeeRate("standard", "debit", "merchant", date(2026, 12, 1), 4_500, 18_00),
        FeeRate(_SHOP, "debit", "merchant", date(2026, 12, 10), 4_000),
        FeeRate(_SHOP, "debit", "merchant", date(2027, 1, 1), 3_000, 10_00),
        FeeRate("standard", "debit", "merchant", date(2027, 2, 1), 1_000),
    ]
)


@pytest.mark.parametrize(
    ("at", "day", "shop", "fee"),
    [
        # The business day ends at 23:00: 0.50 % until then, 0.45 % from then on, of 1,000.00.
        ("2026-11-30 22:59:59", "2026-11-30", "", 5_00),
        ("2026-11-30 23:00:00", "2026-12-01", "", 4_50),
        ("2026-12-01 22:59:59", "2026-12-01", "", 4_50),
        # What one shop has agreed on: 0.40 % from the 10th on, 0.30 % from New Year on.
        ("2026-12-09 22:59:59", "2026-12-09", _SHOP, 4_50),
        ("2026-12-09 23:00:00", "2026-12-10", _SHOP, 4_00),
        ("2026-12-09 23:00:00", "2026-12-10", "", 4_50),
        ("2026-12-31 22:59:59", "2026-12-31", _SHOP, 4_00),
        ("2026-12-31 23:00:00", "2027-01-01", _SHOP, 3_00),
        # What contracts of its kind pay later on does not concern it.
        ("2027-01-31 23:00:00", "2027-02-01", _SHOP, 3_00),
        ("2027-01-31 23:00:00", "2027-02-01", "", 1_00),
    ],
)
def test_the_rate_of_the_business_day_counts(at: str, day: str, shop: str, fee: int) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    sold = business_date(datetime.fromisoformat(at).replace(tzinfo=zone), zone, time(23))
    assert sold == date.fromisoformat(day)
    assert _OWN.charge("standard", "debit", 1_000_00, sold, shop) == Fee(fee, 3_50, 33)


def test_a_cap_that_was_agreed_on_ends_with_the_next_agreement() -> None:
    for day, fee in (("2026-12-09", 18_00), ("2026-12-10", 40_00), ("2027-01-01", 10_00)):
        on = date.fromisoformat(day)
        assert _OWN.charge("standard", "debit", 10_000_00, on, _SHOP).merchant == fee


_SINCE = date(2026, 1, 1)
_T2 = Terms(_SINCE, days=2)
_D1 = Terms(_SINCE, Cycle.CALENDAR)
_MONDAYS = Terms(_SINCE, Cycle.WEEKLY, weekday=1)
_SATURDAYS = Terms(_SINCE, Cycle.WEEKLY, weekday=6)


@pytest.mark.parametrize(
    ("terms", "sold", "due"),
    [
        # Spring Festival 2026: 15 to 23 February; Saturdays the 14th and 28th are worked on.
        (DEFAULT_TERMS, "02-12", "02-13"),  # Thursday: Friday
        (DEFAULT_TERMS, "02-13", "02-14"),  # Friday: the Saturday on which is worked
        (DEFAULT_TERMS, "02-14", "02-24"),  # that Saturday: after nine days of holiday
        (DEFAULT_TERMS, "02-18", "02-24"),  # in the holiday
        (DEFAULT_TERMS, "02-23", "02-24"),  # its last day
        (DEFAULT_TERMS, "02-27", "02-28"),
        (DEFAULT_TERMS, "02-28", "03-02"),  # a Saturday that is worked on, then a Sunday
        (_T2, "02-12", "02-14"),
        (_T2, "02-13", "02-24"),
        (_T2, "02-14", "02-25"),
        (_D1, "02-14", "02-15"),  # calendar days know no holiday
        (_MONDAYS, "02-08", "02-09"),
        (_MONDAYS, "02-09", "02-24"),  # the 16th is a holiday
        (_MONDAYS, "02-16", "02-24"),  # so is the 23rd: two weeks on one day
        (_MONDAYS, "02-23", "03-02"),
        # National Day 2026: 1 to 7 October; Sunday 20 September and Saturday 10 October are worked.
        (DEFAULT_TERMS, "09-18", "09-20"),
        (DEFAULT_TERMS, "09-30", "10-08"),
        (DEFAULT_TERMS, "10-09", "10-10"),
        (DEFAULT_TERMS, "10-10", "10-12"),
        (_SATURDAYS, "10-05", "10-10"),  # the one on which is worked
        (_SATURDAYS, "10-12", "10-19"),  # the 17th is not one: Monday
    ],
)
def test_when_a_day_is_due(terms: Terms, sold: str, due: str) -> None:
    assert terms.due(date.fromisoformat(f"2026-{sold}"), works) == date.fromisoformat(f"2026-{due}")
