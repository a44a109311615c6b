"""Rounding against decimal arithmetic, and transfers that always balance."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from annul.domain import money
from annul.domain.fees import DEFAULT_FEE_RATES, FeeTable, returned
from annul.domain.kinds import KINDS
from annul.domain.ledger import approval, mirror, net

_AMOUNTS = st.integers(1, money.LARGEST)
_TABLE = FeeTable(DEFAULT_FEE_RATES)
_PRICED = st.sampled_from(sorted({(rate.pricing, rate.card_type) for rate in DEFAULT_FEE_RATES}))


@given(_AMOUNTS, st.integers(0, 1_000_000))
def test_shares_are_rounded_half_up(amount: int, rate_ppm: int) -> None:
    exact = Decimal(amount) * rate_ppm / 1_000_000
    assert money.share(amount, rate_ppm) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(_AMOUNTS)
def test_amounts_are_read_as_they_are_shown(amount: int) -> None:
    assert money.parse(money.show(amount)) == amount


@given(st.integers(0, 10_000_00), st.lists(st.integers(1, 10_000_00), min_size=1, max_size=20))
def test_all_refunds_together_return_just_the_fee(charged: int, parts: list[int]) -> None:
    whole, before, back = sum(parts), 0, 0
    for part in parts:
        share = returned(charged, whole, before, part)
        assert share >= 0
        back, before = back + share, before + part
        assert back <= charged
    assert back == charged


@given(_AMOUNTS, _PRICED, st.sampled_from(sorted(KINDS)))
def test_transfers_are_positive_and_their_mirror_undoes_them(
    amount: int, priced: tuple[str, str], name: str
) -> None:
    fee = _TABLE.charge(*priced, amount, date(2026, 11, 23))
    transfers = approval(KINDS[name], amount, fee)
    assert all(transfer.amount > 0 for transfer in transfers)
    assert sum(net(transfers).values()) == 0
    assert net((*transfers, *mirror(transfers))) == {}


@given(st.integers(0, 10_000_00), st.lists(st.integers(1, 10_000_00), min_size=1, max_size=9))
def test_at_no_time_does_more_of_a_fee_go_back_than_of_its_sale(
    charged: int, parts: list[int]
) -> None:
    """So far it is the share without its fraction, whatever the parts and their order."""
    whole, before, back = sum(parts), 0, 0
    for part in parts:
        back += returned(charged, whole, before, part)
        before += part
        assert back == charged * before // whole
        assert back * whole <= charged * before
