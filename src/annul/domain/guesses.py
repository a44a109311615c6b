"""When wrong voucher numbers are an alarm: somebody tries which sale can be given back. Pure.

A cashier errs once or twice and then reads the slip, so that a number which fits comes between. Who
tries numbers that are not known, or another card's, gets none right for long.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from .void_rules import NOT_FOUND

# The rules by which a request is refused that names what is not there, or another card's.
GUESSES: Final = frozenset({NOT_FOUND.name, "card_differs"})
# Of five in a row each would be keyed wrong by somebody who has the slip at hand.
IN_A_ROW: Final = 5
IN_A_ROW_WITHIN_S: Final = 3_600  # a shift's errors, hours apart, are no row
# Whoever gets one right now and then: nearly one a minute is more than a till voids at all.
MANY: Final = 8
MANY_WITHIN_S: Final = 600
QUIET_S: Final = 1_800  # without another guess it is over

IN_ROW, OFTEN, OF_SHOP = "in_row", "often", "of_shop"
WAYS: Final[Mapping[str, str]] = {one: one for one in (IN_ROW, OFTEN, OF_SHOP)}


class Guesses(NamedTuple):
    """Of a terminal its guesses `in_row` and `lately`, and those of its whole shop lately.

    `fitting` are the requests of the shop in that time that named what may be given back; `told`
    whether its alarm is open already.
    """

    in_row: int
    lately: int
    of_shop: int
    fitting: int
    told: bool


def alarm(seen: Guesses) -> tuple[str, int] | None:
    """Say which of the ways it is an alarm in, with the number; None when it is none.

    A large shop errs more often than a small one: over all its terminals most must be wrong.
    """
    if seen.in_row >= IN_A_ROW:
        return IN_ROW, seen.in_row
    if seen.lately >= MANY:
        return OFTEN, seen.lately
    if seen.of_shop >= MANY and seen.of_shop > seen.fitting and not seen.told:
        return OF_SHOP, seen.of_shop
    return None
