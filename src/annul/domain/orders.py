"""What is asked for at the desk that moves money, or lets it be moved by one person alone."""

from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What an order asks for."""

    VOID = "void"
    REFUND = "refund"
    RAISE_LIMIT = "raise_limit"  # from which on moving money takes two persons


class OrderState(StrEnum):
    """How an order stands. Only an approved one is carried out, from that limit on."""

    ASKED = "asked"
    APPROVED = "approved"
    CARRIED_OUT = "carried_out"
    REFUSED = "refused"  # by a rule, when it was to be carried out
    REJECTED = "rejected"  # by a person
    EXPIRED = "expired"  # nobody has approved it for a day


WAITING: Final = frozenset({OrderState.ASKED, OrderState.APPROVED})
