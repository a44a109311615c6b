"""A report as a frozen value: figures, what changed by more than chance and why, what to change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from annul.domain.text import Text

from .chance import Share, chance, difference, holm, wilson
from .counts import FIGURES, Better, Counts, Figure
from .period import Period
from .reading import Advised, Key, Pair, Tables
from .suggestions import Suggestion, suggested
from .why import Group, Part, counted, parts

# The tables of a report: by what voids are grouped.
TABLES: Final = {
    "cause": ("cause",),
    "issuer": ("issuer",),
    "merchant": ("merchant",),
    "software": ("software",),
}
_SHOWN_PARTS: Final = 12
_LEAST: Final = 0.0005  # of all voids: smaller parts of a change are summed up


class Compared(NamedTuple):
    """A share now and before: its interval, that of the change, and whether it is more than chance.

    `better` is None where the change may be chance. `p` is before all are asked at once.
    """

    figure: Figure
    about: Key
    before: Share
    now: Share
    interval: tuple[float, float]
    change: tuple[float, float] | None
    p: float
    better: bool | None


class Line(NamedTuple):
    """A line of a table: whom it is about, its counts, and how its share of failures changed."""

    about: Key
    before: Counts
    now: Counts
    compared: Compared


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported of a period, as of `at`; of one merchant, or of all when none is named.

    `why` takes the change of what failed apart, with `rest` for what is too small to be named, so
    that all of it is there.
    """

    period: Period
    at: datetime
    merchant: str
    total: Pair
    figures: Sequence[Compared]
    tables: Mapping[str, Sequence[Line]]
    why: Sequence[Part]
    rest: float
    suggestions: Sequence[Suggestion]
    advice: Sequence[Advised]
    names: Mapping[tuple[str, str], Text]
    missing: Sequence[str] = ()  # cells that gave no answer: their voids are not in it

    def for_shop(self) -> "Report":
        """Give it without suggestions of what only the acquirer can change."""
        own = tuple(one for one in self.suggestions if one.pattern.of_shops)
        return replace(self, suggestions=own)

    def changed(self) -> list[Compared]:
        """Give what changed by more than chance: of all first, then where, the surest first."""
        lines = [line.compared for table in self.tables.values() for line in table]
        every = [*self.figures, *sorted(lines, key=lambda one: one.p)]
        return [one for one in every if one.better is not None]


def report(
    tables: Tables,
    period: Period,
    at: datetime,
    merchant: str = "",
    missing: Sequence[str] = (),
) -> Report:
    """Make the report of what was counted."""
    groups = tables.groups
    total = groups.get(Key(), Pair())
    figures = [_compared(one, Key(), *_shares(one, total)) for one in FIGURES.values()]
    lines = {name: list(_lines(groups, dimension, total)) for name, dimension in TABLES.items()}
    every = [*figures, *(line.compared for table in lines.values() for line in table)]
    sure = iter(holm([one.p for one in every]))
    judged = {id(one): _judged(one, more=next(sure)) for one in every}
    why, rest = _why(groups)
    return Report(
        period=period,
        at=at,
        merchant=merchant,
        total=total,
        figures=tuple(judged[id(one)] for one in figures),
        tables={
            name: tuple(line._replace(compared=judged[id(line.compared)]) for line in table)
            for name, table in lines.items()
        },
        why=why,
        rest=rest,
        suggestions=tuple(suggested(groups, tables.names)),
        advice=tuple(tables.advice),
        names=tables.names,
        missing=tuple(missing),
    )


def _lines(groups: Mapping[Key, Pair], dimension: tuple[str, ...], total: Pair) -> Iterable[Line]:
    """Give a table, what failed most first. A cause is a share of all voids."""
    found = [(key, pair) for key, pair in groups.items() if key.dimension == dimension]
    found.sort(key=lambda one: (-one[1].now.failed, -one[1].before.failed, one[0]))
    for key, pair in found:
        before, now = pair
        of = total if key.cause else pair
        shares = (
            Share(before.failed, of.before.asked),
            Share(now.failed, of.now.asked),
        )
        yield Line(key, before, now, _compared(FIGURES["failed"], key, *shares))


def _shares(figure: Figure, pair: Pair) -> tuple[Share, Share]:
    return figure.share(pair.before), figure.share(pair.now)


def _compared(figure: Figure, about: Key, before: Share, now: Share) -> Compared:
    return Compared(
        figure,
        about,
        before,
        now,
        wilson(now),
        difference(before, now),
        chance(before, now),
        better=None,
    )


def _judged(one: Compared, *, more: bool) -> Compared:
    first, second = one.before.value, one.now.value
    if not more or first is None or second is None or first == second:
        return one
    return one._replace(better=(second > first) is (one.figure.better is Better.MORE))


def _why(groups: Mapping[Key, Pair]) -> tuple[tuple[Part, ...], float]:
    """Take the change of what failed apart; what is small is summed up."""
    rows = [
        (Group(key.issuer, key.software), key.cause, pair.before, pair.now)
        for key, pair in groups.items()
        if key.dimension in {("issuer", "software"), ("issuer", "software", "cause")}
    ]
    every = parts(*counted(rows))
    named = [one for one in every if abs(one.adds) >= _LEAST][:_SHOWN_PARTS]
    shown = set(map(id, named))
    return tuple(named), sum(one.adds for one in every if id(one) not in shown)
