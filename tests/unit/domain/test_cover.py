"""What must cover a request: the same sum to the fen for whoever rules, reserves or judges."""

from datetime import date

import pytest

from annul.diagnose.observe import original_facts
from annul.domain import refund_rules, void_rules
from annul.domain.cover import taken
from annul.domain.kinds import KINDS, REFUNDS, VOIDS, Money
from annul.domain.refund_rules import Terms
from annul.domain.void_rules import Undoing
from annul.host.financial import reserve
from tests.support.builders import merchant, transaction

_GIVING = sorted(name for name in (*VOIDS, *REFUNDS) if KINDS[name].money is Money.BACK)


@pytest.mark.parametrize(
    ("kind", "amount", "fee", "takes"),
    [
        ("void", 10_000, 50, 9_950),
        ("completion_void", 10_000, 50, 9_950),
        ("refund", 4_000, 50, 4_000),
        ("void", 30, 50, 0),  # no fee makes a merchant pay less than nothing
        ("preauth_void", 10_000, 50, 0),
        ("completion", 10_000, 50, 0),
    ],
)
def test_a_void_gives_its_fee_back(kind: str, amount: int, fee: int, takes: int) -> None:
    assert taken(KINDS[kind], amount, transaction(fee=fee)) == takes


@pytest.mark.parametrize("name", _GIVING)
@pytest.mark.parametrize("missing", [0, 1])
def test_whoever_computes_cover_comes_to_the_same_fen(name: str, missing: int) -> None:
    """A shop that is short by one fen is refused, and one that is not, is not."""
    kind = KINDS[name]
    original = transaction(kind=kind.undoes[0], fee=50)
    takes = taken(kind, original.amount, original)
    asked = Undoing(
        kind=kind,
        merchant_id=original.merchant_id,
        terminal_id=original.terminal_id,
        batch=original.batch,
        business_date=original.business_date,
        amount=original.amount,
        card_hash=None,
        balance=takes - missing,
    )
    if name in VOIDS:
        ruling = void_rules.check(original, asked)
    else:
        ruling = refund_rules.check(original, asked, Terms())
    assert (ruling.name == "merchant_balance_low") is bool(missing)
    assert reserve(merchant(void_needs_balance=True), kind, original.amount, original) == takes
    void = transaction(kind=name, original_id=original.id, business_date=date(2026, 11, 25))
    assert original_facts(void, original, ())["void.takes"].value == takes
