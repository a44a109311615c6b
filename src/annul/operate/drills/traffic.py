"""What shops sell and void in a drill: drawn from the seed alone, whatever the team does."""

from dataclasses import dataclass
from random import Random
from typing import Final

_TILLS: Final = (2, 3, 4)  # faults have the first two tills of a shop
_VOIDED: Final = 0.4
_LOWEST, _HIGHEST = 10_00, 400_00  # minor units
_VOIDS_AFTER: Final = (0.2, 2.0)  # minutes


@dataclass(frozen=True, slots=True)
class Round:
    """A sale at a till, `at` minutes after the beginning, of `amount` minor units.

    `voided` minutes later it is voided; None: never. `card` is its number in the range.
    """

    at: float
    shop: int
    till: int
    amount: int
    card: int
    voided: float | None


def traffic(seed: int, shops: int, minutes: float, sales_a_minute: float) -> list[Round]:
    """Draw what the shops do, in order of time."""
    found: list[Round] = []
    for shop in range(shops):
        random = Random(f"{seed} traffic {shop}")  # noqa: S311 - chance that can be told again
        at = random.expovariate(sales_a_minute)
        while at < minutes:
            voided = random.uniform(*_VOIDS_AFTER) if random.random() < _VOIDED else None
            amount = random.randrange(_LOWEST, _HIGHEST)
            card = random.randrange(10**9)
            found.append(Round(at, shop, random.choice(_TILLS), amount, card, voided))
            at += random.expovariate(sales_a_minute)
    return sorted(found, key=lambda one: one.at)
