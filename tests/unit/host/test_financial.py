"""What is set aside of a merchant's money for what gives something back."""

import pytest

from annul.domain.kinds import GIVING, KINDS
from annul.host.financial import reserve
from tests.support.builders import merchant, transaction


@pytest.mark.parametrize(
    ("kind", "amount", "fee", "set_aside"),
    [
        ("void", 10_000, 50, 9_950),  # the fee comes back with it
        ("qr_void", 10_000, 38, 9_962),
        ("completion_void", 10_000, 50, 9_950),
        ("refund", 10_000, 50, 10_000),  # its share of the fee comes back once it is done
        ("refund", 4_000, 50, 4_000),
        ("qr_refund", 10_000, 38, 10_000),
        ("void", 10_000, 0, 10_000),
        ("void", 30, 50, 0),  # no fee makes a merchant pay less than nothing
    ],
)
def test_cover_is_what_the_merchant_gives(kind: str, amount: int, fee: int, set_aside: int) -> None:
    covered = merchant(void_needs_balance=True)
    assert reserve(covered, KINDS[kind], amount, transaction(fee=fee)) == set_aside


@pytest.mark.parametrize("kind", GIVING)
def test_a_contract_that_does_not_ask_for_cover_sets_nothing_aside(kind: str) -> None:
    assert reserve(merchant(void_needs_balance=False), KINDS[kind], 10_000, transaction()) == 0


@pytest.mark.parametrize("kind", sorted({*KINDS} - {*GIVING}))
def test_what_gives_nothing_back_needs_no_cover(kind: str) -> None:
    assert reserve(merchant(void_needs_balance=True), KINDS[kind], 10_000, transaction()) == 0
