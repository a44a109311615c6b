"""What of a merchant's money a request takes: what must cover it, and what is set aside for it.

One sum wherever cover is computed: the rules, what is reserved, the diagnosis and the remedies.
"""

from .kinds import Kind, Money
from .records import Transaction


def taken(kind: Kind, amount: int, original: Transaction) -> int:
    """Give in minor units what giving `amount` of an original back takes of its merchant.

    A void returns the fee as well, so that the merchant gives what the sale brought. A refund must
    be covered whole: the share of the fee that comes back is known with its outcome.
    """
    if kind.money is not Money.BACK:
        return 0
    return max(amount - (original.fee if kind.reversible else 0), 0)
