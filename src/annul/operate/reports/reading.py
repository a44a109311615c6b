"""What cells count for a report, and how it is put together over them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.kinds import VOIDS
from annul.domain.states import State
from annul.domain.text import Text
from annul.merchants.cut_overs import by_merchant
from annul.store.sql import listed, load

from .counts import NONE, Counts
from .period import NotClosed, Period

UNTOLD: Final = "-"  # in the place of software that a terminal has not told
_PERIODS: Final = {"before": "NOT now", "now": "now"}
_ENDED: Final = {
    **{name: name for name in ("voided", "refunded", "refused", "unproved")},
    "open": "",
}
_SQL: Final = load(
    "annul.operate.reports",
    "questions.sql",
    voids=listed(VOIDS),
    done=listed([State.APPROVED]),
    ended_by_period=", ".join(
        f"count(*) FILTER (WHERE ended = '{ended}' AND {when}) AS {period}_{name}"
        for period, when in _PERIODS.items()
        for name, ended in _ENDED.items()
    ),
    untold=UNTOLD,
)
MOST: Final = 200  # merchants, terminals, or causes at them, that a report knows of
LEAST: Final = 3  # cases of a terminal, or of a cause at a shop, in both periods together
_COLUMNS: Final = ("issuer_id", "merchant_id", "terminal_id", "software", "cause")
_COUNTED: Final = tuple(name for name in Counts._fields if name != "at_once")


class Key(NamedTuple):
    """Whom some voids concern; what a group leaves open is empty."""

    issuer: str = ""
    merchant: str = ""
    terminal: str = ""
    software: str = ""
    cause: str = ""

    @property
    def dimension(self) -> tuple[str, ...]:
        """The names of what it says."""
        return tuple(name for name, value in zip(self._fields, self, strict=True) if value)


class Pair(NamedTuple):
    """Counts of the period before and of this one."""

    before: Counts = NONE
    now: Counts = NONE

    def __add__(self, other: "Pair") -> "Pair":  # pyright: ignore[reportIncompatibleMethodOverride]
        """Add counts of other voids."""
        return Pair(self.before + other.before, self.now + other.now)


class Advised(NamedTuple):
    """How many said whether the advice of a cause has helped, as cashiers or as support."""

    cause: str
    reader: str
    helped: int
    answers: int


class Tables(NamedTuple):
    """What was counted, by whom it concerns; names of merchants and issuers; answers on advice."""

    groups: Mapping[Key, Pair]
    names: Mapping[tuple[str, str], Text]
    advice: Sequence[Advised]


async def read(
    pool: asyncpg.Pool, period: Period, calendar: Calendar, now: datetime, merchant: str = ""
) -> Tables:
    """Count in one cell, of one merchant or of all; raises `NotClosed`."""
    own = by_merchant(await pool.fetch(*_SQL["own_days"](merchant=merchant)))
    if not period.closed(calendar, own.values(), now):
        raise NotClosed
    house = period.bounds(calendar)
    theirs = {one: period.bounds(calendar, agreed) for one, agreed in own.items()}
    every = (house, *theirs.values())
    asked: dict[str, Any] = {
        **house._asdict(),
        "own": list(theirs),
        **{
            f"own_{name}": [getattr(one, name) for one in theirs.values()] for name in house._fields
        },
        "earliest": min(one.before for one in every),
        "latest": max(one.until for one in every),
        "merchant": merchant,
    }
    cases = await pool.fetch(*_SQL["cases"](**asked, now=now))
    shops = await pool.fetch(*_SQL["at_shops"](**asked, most=MOST, least=LEAST))
    merchants = sorted({row["merchant_id"] for row in shops})
    at_once = await pool.fetch(*_SQL["at_once"](**asked, merchants=merchants))
    groups: dict[Key, Pair] = {}
    for row in cases:
        _put(groups, dict(row), Counts(0, *(row[name] for name in _COUNTED)))
    for row in shops:
        for when in _PERIODS:
            ends = {name: row[f"{when}_{name}"] for name in _ENDED}
            _put(groups, dict(row) | {"now": when == "now"}, Counts(**ends))
    for row in at_once:
        _put(groups, dict(row), Counts(row["at_once"]))
    issuers = sorted({key.issuer for key in groups if key.issuer})
    names = await pool.fetch(*_SQL["names"](merchants=merchants, issuers=issuers))
    span = {"since": house.since, "until": house.until, "merchant": merchant}
    advice = await pool.fetch(*_SQL["advice"](**span))
    return Tables(
        groups,
        {(row["what"], row["id"]): Text(row["name_zh"], row["name_en"]) for row in names},
        [Advised(r["cause"], r["reader"], r["helped"], r["answers"]) for r in advice],
    )


def _put(groups: dict[Key, Pair], row: Mapping[str, Any], counts: Counts) -> None:
    key = Key(*(row.get(name) or "" for name in _COLUMNS))
    pair = Pair(NONE, counts) if row["now"] else Pair(counts, NONE)
    groups[key] = groups.get(key, Pair()) + pair


def added(answers: Sequence[Tables]) -> Tables:
    """Put the counts of several cells together."""
    groups: dict[Key, Pair] = {}
    names: dict[tuple[str, str], Text] = {}
    for one in answers:
        names |= one.names
        for key, pair in one.groups.items():
            groups[key] = groups.get(key, Pair()) + pair
    return Tables(groups, names, _advice(row for one in answers for row in one.advice))


def _advice(rows: Iterable[Advised]) -> list[Advised]:
    sums: dict[tuple[str, str], Advised] = {}
    for row in rows:
        had = sums.get(row[:2], row._replace(helped=0, answers=0))
        both = {"helped": had.helped + row.helped, "answers": had.answers + row.answers}
        sums[row[:2]] = had._replace(**both)
    return [sums[key] for key in sorted(sums)]
