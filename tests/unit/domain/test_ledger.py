"""Transfers of an approval: what moves, what mirrors it, and that nothing is left over."""

import pytest

from annul.domain.fees import Fee
from annul.domain.kinds import GIVING, KINDS, TAKING
from annul.domain.ledger import Transfer, approval, mirror, net

_FEE = Fee(50, 35, 3)


def test_a_sale_moves_money_fee_and_cost() -> None:
    assert approval(KINDS["sale"], 10_000, _FEE) == (
        Transfer("issuer_receivable", "merchant_pending", 10_000),
        Transfer("merchant_pending", "fee_income", 50),
        Transfer("scheme_cost", "scheme_payable", 38),
    )
    assert net(approval(KINDS["sale"], 10_000, _FEE)) == {
        "issuer_receivable": -10_000,
        "merchant_pending": 9_950,
        "fee_income": 50,
        "scheme_cost": -38,
        "scheme_payable": 38,
    }


@pytest.mark.parametrize("kind", TAKING)
def test_whatever_takes_money_does_so_like_a_sale(kind: str) -> None:
    assert approval(KINDS[kind], 10_000, _FEE) == approval(KINDS["sale"], 10_000, _FEE)


@pytest.mark.parametrize("kind", GIVING)
def test_whatever_gives_money_back_leaves_nothing_of_a_sale(kind: str) -> None:
    given = approval(KINDS[kind], 10_000, _FEE)
    assert net((*approval(KINDS["sale"], 10_000, _FEE), *given)) == {}
    assert net(given)["merchant_pending"] == -9_950


@pytest.mark.parametrize("kind", sorted({*KINDS} - {*TAKING, *GIVING}))
def test_what_moves_no_money_has_no_transfers(kind: str) -> None:
    assert approval(KINDS[kind], 10_000, _FEE) == ()


def test_a_refund_without_its_share_of_the_fee_moves_the_amount_alone() -> None:
    assert approval(KINDS["refund"], 4_000, Fee(0, 0, 0)) == (
        Transfer("merchant_pending", "issuer_receivable", 4_000),
    )


@pytest.mark.parametrize(
    ("fee", "moves"),
    [
        (Fee(50, 0, 0), {("merchant_pending", "fee_income"): 50}),
        (Fee(0, 35, 0), {("scheme_cost", "scheme_payable"): 35}),
        (Fee(0, 0, 3), {("scheme_cost", "scheme_payable"): 3}),
    ],
)
def test_each_fee_moves_by_itself(fee: Fee, moves: dict[tuple[str, str], int]) -> None:
    _, *fees = approval(KINDS["sale"], 10_000, fee)
    assert {(one.debit, one.credit): one.amount for one in fees} == moves


def test_a_mirror_turns_each_transfer_round_and_leaves_nothing() -> None:
    sale = approval(KINDS["sale"], 10_000, _FEE)
    assert mirror(sale)[0] == Transfer("merchant_pending", "issuer_receivable", 10_000)
    assert net((*sale, *mirror(sale))) == {}
    assert mirror(mirror(sale)) == sale


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_moves_something(amount: int) -> None:
    with pytest.raises(AssertionError):
        Transfer("issuer_receivable", "merchant_pending", amount)


def test_a_transfer_has_two_ends() -> None:
    with pytest.raises(AssertionError):
        Transfer("merchant_pending", "merchant_pending", 1)


def test_sums_are_credits_less_debits_and_no_zero_is_listed() -> None:
    moved = (
        Transfer("a", "b", 100),
        Transfer("b", "c", 100),
        Transfer("a", "c", 5),
    )
    assert net(moved) == {"a": -105, "c": 105}
    assert net(()) == {}
