"""Fees from the table in force, and the transfers that they make."""

from datetime import date

import pytest

from annul.domain.fees import DEFAULT_FEE_RATES, Fee, FeeRate, FeeTable, NoFeeRate
from annul.domain.kinds import KINDS
from annul.domain.ledger import approval, mirror, net

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


def test_a_sale_moves_money_fee_and_cost() -> None:
    sums = net(approval(KINDS["sale"], 10_000, Fee(50, 35, 3)))
    assert sums == {
        "issuer_receivable": -10_000,
        "merchant_pending": 9_950,
        "fee_income": 50,
        "scheme_cost": -38,
        "scheme_payable": 38,
    }


def test_a_void_leaves_nothing_of_its_sale() -> None:
    fee = Fee(50, 35, 3)
    both = (*approval(KINDS["sale"], 10_000, fee), *approval(KINDS["void"], 10_000, fee))
    assert net(both) == {}


def test_a_mirror_leaves_nothing() -> None:
    sale = approval(KINDS["sale"], 10_000, Fee(50, 35, 3))
    assert net((*sale, *mirror(sale))) == {}


@pytest.mark.parametrize("kind", ["balance", "preauth", "preauth_void"])
def test_what_moves_no_money_has_no_transfers(kind: str) -> None:
    assert approval(KINDS[kind], 10_000, Fee(50, 35, 3)) == ()
