"""Double entry as transfers: each moves a positive amount from a debit to a credit account.

Accounts: what the issuers owe us (`issuer_receivable`), what we owe the merchant, not yet paid out
(`merchant_pending`), ready (`merchant_available`), on its way to it (`merchant_in_payout`), frozen
(`merchant_frozen`) or held back against voids to come (`merchant_reserve`), where payouts leave
from (`bank`), what we earn (`fee_income`), what the schemes cost us (`scheme_cost`), what
we owe them (`scheme_payable`), and money of which a clearing file and the books say different
things, until somebody decides (`suspense`), or that an issuer has charged back, until that has
ended (`chargeback`), and what we bear where both say nearly the same (`clearing_difference`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .fees import Fee
from .kinds import Kind, Money

ISSUER_RECEIVABLE: Final = "issuer_receivable"
MERCHANT_PENDING: Final = "merchant_pending"
MERCHANT_AVAILABLE: Final = "merchant_available"
MERCHANT_FROZEN: Final = "merchant_frozen"
MERCHANT_IN_PAYOUT: Final = "merchant_in_payout"
MERCHANT_RESERVE: Final = "merchant_reserve"
BANK: Final = "bank"
FEE_INCOME: Final = "fee_income"
SCHEME_COST: Final = "scheme_cost"
SCHEME_PAYABLE: Final = "scheme_payable"
SUSPENSE: Final = "suspense"
CHARGEBACK: Final = "chargeback"
CLEARING_DIFFERENCE: Final = "clearing_difference"


class PostingKind(StrEnum):
    """Why money moves; of each subject once per kind."""

    # Of a transaction: approved, taken back, or found by people to stand after all.
    APPROVAL = "approval"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"
    # Of a merchant's account, whatever its sales: ready to be paid out, on its way, booked by the
    # bank, come back; frozen, freed; held back, given free; set right by people, disputed.
    SETTLEMENT = "settlement"
    PAYOUT = "payout"
    PAID = "paid"
    PAYOUT_RETURN = "payout_return"
    FREEZE = "freeze"
    RELEASE = "release"
    RESERVE = "reserve"
    RESERVE_RELEASE = "reserve_release"
    CORRECTION = "correction"
    CHARGEBACK = "chargeback"
    # Of a break with a clearing file: the merchant's account follows the issuer; the money in
    # question goes into suspense, and out of it.
    CLEARING = "clearing"
    BREAK = "break"
    BREAK_END = "break_end"
    # Of a difference with a row of such a file that a rule accepts; taken back again.
    TOLERANCE = "tolerance"
    TOLERANCE_END = "tolerance_end"
    # Of a chargeback: taken from the merchant, given back to it, or gone to the issuer.
    CHARGEBACK_HOLD = "chargeback_hold"
    CHARGEBACK_RETURN = "chargeback_return"
    CHARGEBACK_END = "chargeback_end"


OF_TRANSACTIONS: Final = frozenset(
    {PostingKind.APPROVAL, PostingKind.REVERSAL, PostingKind.ADJUSTMENT}
)

# Between what issuers and schemes owe or are owed, and what waits for a decision or bears a
# difference: no merchant's account moves.
OF_NO_MERCHANT: Final = frozenset(
    {
        PostingKind.BREAK,
        PostingKind.BREAK_END,
        PostingKind.TOLERANCE,
        PostingKind.TOLERANCE_END,
        PostingKind.CHARGEBACK_END,
    }
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move `amount` (minor units, above zero) from the debit to the credit account."""

    debit: str
    credit: str
    amount: int

    def __post_init__(self) -> None:
        assert self.amount > 0, "a transfer moves something"
        assert self.debit != self.credit, "a transfer has two ends"


def approval(kind: Kind, amount: int, fee: Fee) -> tuple[Transfer, ...]:
    """Give the transfers of an approved transaction; what gives money back mirrors a sale's."""
    if kind.money not in {Money.TAKE, Money.BACK}:
        return ()
    taken = tuple(
        Transfer(debit, credit, moved)
        for debit, credit, moved in (
            (ISSUER_RECEIVABLE, MERCHANT_PENDING, amount),
            (MERCHANT_PENDING, FEE_INCOME, fee.merchant),
            (SCHEME_COST, SCHEME_PAYABLE, fee.issuer + fee.network),
        )
        if moved
    )
    return taken if kind.money is Money.TAKE else mirror(taken)


def mirror(transfers: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """Turn transfers round, so that both together move nothing."""
    return tuple(Transfer(one.credit, one.debit, one.amount) for one in transfers)


def net(transfers: Iterable[Transfer]) -> dict[str, int]:
    """Sum transfers by account: credits less debits, in minor units; no zero is listed."""
    sums: dict[str, int] = {}
    for one in transfers:
        sums[one.credit] = sums.get(one.credit, 0) + one.amount
        sums[one.debit] = sums.get(one.debit, 0) - one.amount
    return {account: amount for account, amount in sums.items() if amount}
