"""What a situation of the field is: how it comes about, and in which class it is counted.

A situation is one coroutine over a play (`play.py`): it sells, lets something go wrong, voids, lets
annul try by itself, and puts right what is put right in the field. It hands the truth of each void
to the play.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .play import Play


class Area(StrEnum):
    """What makes it hard, as the figures are told apart."""

    QUIET = "quiet"  # hardly anybody else speaks to the issuer
    UNDECLARED = "undeclared"  # a rule that nobody wrote down, many voids on either side of it
    UNDECLARED_FEW = "undeclared_few"  # the same with two on each side
    PARTIAL = "partial"  # a slice of the issuer, or a share of the requests
    CODES = "codes"  # misused and private codes
    SEVERAL = "several"  # three at once, and what ends just before or just after
    CLOCKS = "clocks"  # cut-over, wrong clocks, terminals installed anew
    MONEY = "money"  # to the fen
    HOLES = "holes"  # lines that take and give nothing, answers of others, echoes alone
    PEOPLE = "people"  # who errs, and who cheats


Playing = Callable[[Play], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Situation:
    """One row. `codes` are those by which the issuer says it; empty where no issuer says it.

    `outage` says that the issuer, or a slice of it, is out of order: one incident may say so.
    """

    name: str
    area: Area
    play: Playing
    codes: tuple[str, ...] = ("",)
    outage: bool = False


SITUATIONS: Final[dict[str, Situation]] = {}


def enter(situation: Situation) -> None:
    """Enter a situation under its name."""
    assert situation.name not in SITUATIONS, situation.name
    SITUATIONS[situation.name] = situation


def situation(area: Area, *codes: str, outage: bool = False) -> Callable[[Playing], Playing]:
    """Enter a situation under its function's name."""

    def entering(play: Playing) -> Playing:
        name = getattr(play, "__name__", "")
        enter(Situation(name, area, play, codes or ("",), outage))
        return play

    return entering
