"""What may be wrong with a clearing file: each kind is a row of a table, with a rate of its own."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple

from annul.settle.clearing.rows import ClearingRow

from .entries import BookEntry


class ClearingFault(StrEnum):
    """What goes wrong."""

    # Of rows.
    ROW_MISSING = "row_missing"
    ROW_TWICE = "row_twice"
    OTHER_AMOUNT = "other_amount"
    OTHER_DAY = "other_day"
    OTHER_FEE = "other_fee"
    OTHER_CURRENCY = "other_currency"
    DONE_ALTHOUGH_NOT = "done_although_not"  # what was never booked is told as done
    VOID_LEFT_OUT = "void_left_out"  # booked, and not told
    REVERSAL_LEFT_OUT = "reversal_left_out"  # taken back, and told as if it stood
    STRANGER = "stranger"  # a row of a shop that is nobody's here

    # Of files.
    LATE = "late"  # a day later
    AGAIN = "again"  # twice, under two names
    CUT_OFF = "cut_off"  # somewhere in its last half


OF_FILES: Final = frozenset({ClearingFault.LATE, ClearingFault.AGAIN, ClearingFault.CUT_OFF})


class Told(NamedTuple):
    """A row, the entry of the books that it tells of, and whether that was taken back by it.

    `counts` is false of what the books have not moved: a good file has no row of it.
    """

    row: ClearingRow
    entry: BookEntry
    back: bool
    counts: bool = True


@dataclass(slots=True)
class FaultRow:
    """How often a fault happens, 0 to 1, to rows of a kind (all, if empty), and how often still.

    `left` counts down, None means without end; `merchant` and `rrn` aim it, where they are given.
    """

    kind: ClearingFault
    rate: float = 1.0
    of_kind: str = ""
    merchant: str = ""
    rrn: str = ""
    left: int | None = None

    def aims_at(self, told: Told) -> bool:
        """Say whether a row may meet it."""
        entry = told.entry
        return (
            self.left != 0
            and self.of_kind in {"", entry.kind}
            and self.merchant in {"", entry.merchant}
            and self.rrn in {"", entry.rrn}
            and CHANGES[self.kind].of(told)
        )


class Played(NamedTuple):
    """A fault that a file has, and whose row it was: what a test takes for the truth."""

    kind: ClearingFault
    merchant: str = ""
    rrn: str = ""


class _Change(NamedTuple):
    of: Callable[[Told], bool]
    to: Callable[[Told, Random], list[Told]]


_DAYS_AWAY: Final = 5
_WAY: Final = "%m%d%H%M%S"
_LEAP: Final = "2024"  # a year that has every day
# Of a shop that is nobody's, and of a card that is nobody's.
STRANGER: Final = {
    "merchant_id": "999999999999999",
    "terminal_id": "99999999",
    "card": "6299990000000009",
    "auth_code": "",
}


def _counts(told: Told) -> bool:
    return told.counts


def _done(told: Told) -> bool:
    return told.counts and not told.back


def _as(told: Told, **changes: object) -> list[Told]:
    return [told._replace(row=told.row._replace(**changes))]


def _another_day(told: Told, _: Random) -> list[Told]:
    sent = datetime.strptime(_LEAP + told.row.sent_at, f"%Y{_WAY}")  # noqa: DTZ007 - a day of no year
    return _as(told, sent_at=f"{sent - timedelta(days=_DAYS_AWAY):{_WAY}}")


def _stranger(told: Told, random: Random) -> list[Told]:
    number = f"{random.randrange(10**12):012}"
    return [told, *_as(told, **STRANGER, rrn=number, trace=number[:6])]


CHANGES: Final[Mapping[ClearingFault, _Change]] = MappingProxyType(
    {
        ClearingFault.ROW_MISSING: _Change(_counts, lambda _told, _random: []),
        ClearingFault.ROW_TWICE: _Change(_done, lambda told, _: [told, told]),
        ClearingFault.OTHER_AMOUNT: _Change(
            _done, lambda told, random: _as(told, amount=told.row.amount + random.randint(1, 9_999))
        ),
        ClearingFault.OTHER_DAY: _Change(_done, _another_day),
        ClearingFault.OTHER_FEE: _Change(
            _done, lambda told, random: _as(told, fee=(told.row.fee or 0) + random.randint(1, 99))
        ),
        ClearingFault.OTHER_CURRENCY: _Change(_done, lambda told, _: _as(told, currency="840")),
        ClearingFault.DONE_ALTHOUGH_NOT: _Change(
            lambda told: not told.counts, lambda told, _: [told._replace(counts=True)]
        ),
        ClearingFault.VOID_LEFT_OUT: _Change(
            lambda told: _done(told) and told.entry.kind.endswith("void"), lambda _told, _random: []
        ),
        ClearingFault.REVERSAL_LEFT_OUT: _Change(
            lambda told: told.counts and told.back, lambda _told, _random: []
        ),
        ClearingFault.STRANGER: _Change(_counts, _stranger),
        **dict.fromkeys(OF_FILES, _Change(lambda _: False, lambda told, _: [told])),
    }
)


class ClearingFaults:
    """The faults in force, drawn from one seeded source: the same file has the same ones."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rows: list[FaultRow] = []

    def changed(
        self, of_file: str, told: Iterable[Told], played: list[Played]
    ) -> Iterator[ClearingRow]:
        """Give the rows of a file with what is wrong with them; adds it to `played`."""
        random = self.random(of_file, "rows")
        for one in told:
            met = next((row for row in self._of_rows(one) if random.random() < row.rate), None)
            if met is None:
                yield from [one.row] if one.counts else []
                continue
            self._meets(met)
            played.append(Played(met.kind, one.entry.merchant, one.entry.rrn))
            yield from (wrong.row for wrong in CHANGES[met.kind].to(one, random))

    def of_file(self, of_file: str, played: list[Played]) -> frozenset[ClearingFault]:
        """Draw what is wrong with a file as a whole; adds it to `played`."""
        random = self.random(of_file, "file")
        found: list[ClearingFault] = []
        for row in self.rows:
            if row.kind in OF_FILES and row.left != 0 and random.random() < row.rate:
                self._meets(row)
                found.append(row.kind)
        played += [Played(kind) for kind in found]
        return frozenset(found)

    def random(self, *names: object) -> Random:
        """Give the chance of something, the same each time."""
        return Random(" ".join(map(str, (self.seed, *names))))  # noqa: S311 - faults, not secrets

    def _of_rows(self, told: Told) -> Iterator[FaultRow]:
        return (row for row in self.rows if row.aims_at(told))

    @staticmethod
    def _meets(row: FaultRow) -> None:
        if row.left is not None:
            row.left -= 1
