"""Cells: each has a database, hosts and merchants of its own, and knows nothing of the others.

Where a merchant lives is said by its row: in one cell it lives `here`, and a cell that it has left
knows where it went. A merchant of which a cell has no row is looked for by the ranges.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from .errors import AnnulError

MOST: Final = 24  # cells; each has a share of the traces towards an issuer that they have in common


class Lives(StrEnum):
    """Where a merchant lives, as a cell's row of it says."""

    HERE = "here"
    LEAVING = "leaving"  # nothing is opened for it while it is on its way
    AWAY = "away"  # its row says in which cell


class CellsWrong(AnnulError):
    """The directory of cells contradicts itself, so nothing was started or changed."""

    code = "cells.wrong"
    next_step = "Mend the file of cells; annul cells check says when it fits."


@dataclass(frozen=True, slots=True)
class MerchantRange:
    """Merchants whose number (field 42) is from `first` to `last`, both included."""

    first: str
    last: str

    def __str__(self) -> str:
        """Give it as the file of cells has it."""
        return self.first if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as hosts of others see it. `number` is its share of the traces towards issuers.

    `terminals` is where its hosts, or the proxy before them, take what others hand on.
    """

    name: str
    number: int
    merchants: tuple[MerchantRange, ...] = ()
    terminals: tuple[tuple[str, int], ...] = ()


class Cells:
    """All cells, and which one is this process's own."""

    def __init__(self, cells: Iterable[Cell], own: str = "") -> None:
        """Take all; raises `CellsWrong` for a name, a number or a merchant that is in two."""
        every = tuple(cells)
        self._by_name = {cell.name: cell for cell in every}
        self._ranges = sorted(
            ((one, cell) for cell in every for one in cell.merchants),
            key=lambda found: found[0].first,
        )
        self.own = own
        for wrong in self._contradictions(every):
            raise CellsWrong(wrong)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def named(self, name: str) -> Cell | None:
        """Find a cell by its name."""
        return self._by_name.get(name)

    def home(self, merchant_id: str) -> Cell | None:
        """Give the cell whose range a merchant is in."""
        for one, cell in self._ranges:
            if one.first <= merchant_id <= one.last:
                return cell
        return None

    def elsewhere(self, merchant_id: str, *, moved_to: str = "") -> Cell | None:
        """Give the other cell that a merchant is to be served by, None when that is not known."""
        cell = self.named(moved_to) if moved_to else self.home(merchant_id)
        return cell if cell is not None and cell.name != self.own else None

    @property
    def share(self) -> tuple[int, int]:
        """Give this cell's number and among how many traces are shared; alone it has all."""
        own = self.named(self.own)
        return (own.number, MOST) if own is not None else (0, 1)

    def _contradictions(self, every: tuple[Cell, ...]) -> Iterator[str]:
        if self.own and self.own not in self._by_name:
            yield f"there is no cell {self.own}; there are {', '.join(self._by_name) or 'none'}"
        if len(self._by_name) < len(every):
            yield "two cells have one name"
        numbers = [cell.number for cell in every]
        if len(set(numbers)) < len(numbers) or not set(numbers) <= set(range(MOST)):
            yield f"each cell has a number of its own, from 0 to {MOST - 1}"
        for one, cell in self._ranges:
            if one.first > one.last:
                yield f"{cell.name}: {one} ends before it begins"
        for (one, cell), (other, its) in pairwise(self._ranges):
            if other.first <= one.last:
                yield f"{other.first} is in {cell.name} ({one}) and in {its.name} ({other})"


NONE: Final = Cells(())
