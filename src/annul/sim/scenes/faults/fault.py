"""What a fault is: how it is caused, and what is true of the voids that it fails.

A fault is an asynchronous generator over a scene: up to its `yield` it prepares (sales that go
through), after it it strikes (voids that fail). It hands the truth of each void to the scene.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from annul.sim.scenes.scene import Scene
from annul.sim.scenes.till import Till


class Reach(StrEnum):
    """Whom a fault touches."""

    DOOR = "door"  # its own voids, before an issuer is asked
    VOID = "void"  # its own voids, at the issuer or on the way
    PATH = "path"  # whatever is under way on a line
    ISSUER = "issuer"  # whatever is asked of the issuer
    MERCHANT = "merchant"  # whatever the shop's money must cover
    ALONE = "alone"  # everything


Strike = Callable[[Scene, Till, str], AsyncGenerator[None, None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. `habits` are the codes by which issuers say this; empty where no issuer says it."""

    name: str
    reach: Reach
    strike: Strike
    habits: tuple[str, ...] = ("",)
    never: bool = False  # this issuer has never done a void
    voids_first: bool = False  # it is prepared with voids that go through


FAULTS: Final[dict[str, Fault]] = {}


def fault(
    reach: Reach, *habits: str, never: bool = False, voids_first: bool = False
) -> Callable[[Strike], Strike]:
    """Enter a fault under its function's name."""

    def enter(strike: Strike) -> Strike:
        name = strike.__name__
        FAULTS[name] = Fault(name, reach, strike, habits or ("",), never, voids_first)
        return strike

    return enter


def together(one: Fault, other: Fault) -> bool:
    """Say whether two faults may strike at once, neither of them failing the other's voids."""
    reaches = {one.reach, other.reach}
    if Reach.ALONE in reaches or one is other:
        return False
    if (one.never and other.voids_first) or (other.never and one.voids_first):
        return False
    return Reach.DOOR in reaches or reaches == {Reach.VOID}
