"""What a row of a clearing file says that has become of money."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .text import Text


class Effect(StrEnum):
    """What a clearing row does to the cardholder's money."""

    TAKEN = "taken"  # a sale or a completion is settled
    GIVEN_BACK = "given_back"  # a void or a refund is
    REVERSED = "reversed"  # what was taken is taken back by a reversal
    RETURNED = "returned"  # a void or a refund is itself reversed: the first taking stands again
    FEE = "fee"  # no transaction of its own: a charge for one
    CLAIMED = "claimed"  # nor this: its issuer claims one back, or goes on with that


EFFECTS: Final[Mapping[Effect, Text]] = MappingProxyType(
    {
        Effect.TAKEN: Text("扣款", "taken"),
        Effect.GIVEN_BACK: Text("退回", "given back"),
        Effect.REVERSED: Text("扣款已冲正", "taking reversed"),
        Effect.RETURNED: Text("退回已冲正", "giving back reversed"),
        Effect.FEE: Text("费用", "fee"),
        Effect.CLAIMED: Text("拒付", "claimed back"),
    }
)
