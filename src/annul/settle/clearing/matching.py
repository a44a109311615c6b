"""The steps by which a file's rows find what they tell of, within one transaction of the database.

Each step is a statement that takes what the ones before it have left, so that a row counts for one
transaction at most, which the database holds as well.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from annul.domain.business_day import Calendar
from annul.domain.clearing_verdicts import VERDICTS
from annul.domain.kinds import GIVING, TAKING
from annul.domain.states import STANDING
from annul.store.sql import Statement, listed, load

from . import breaks, keeping, standing, tolerating
from .load import MANY
from .load import SQL as FILES
from .rules import ClearingRules
from .standing import By, Judging

_WORDS: Final = {
    "taking": listed(TAKING),
    "giving": listed(GIVING),
    "standing": listed(STANDING),
    "previewed": "",  # or what its rows stand in of which nothing is kept, beside `clearing_rows`
}
_FIRST: Final = {"identified": "true", "yet": "judge", "agreeing": listed(("matched", "fee"))}
# By what a row is known where its reference number and shop lead nowhere, in this order. Each must
# lead to one transaction alone, and no other row to the same.
_CARD: Final = "t.card_hash = s.card_hash AND t.amount = s.amount"
_TERMINAL: Final = "t.terminal_id = s.terminal_id AND s.terminal_id <> '' AND t.amount = s.amount"
IDENTIFIERS: Final = (
    "t.rrn = s.rrn AND s.rrn <> ''",
    f"t.trace = s.trace AND s.trace <> '' AND {_TERMINAL}",
    f"t.issuer_trace = s.trace AND s.trace <> '' AND {_CARD}",
    f"t.auth_code = s.auth_code AND s.auth_code <> '' AND {_CARD}",
    _CARD,
)


def _load(stand: Mapping[str, str], **parts: str) -> By:
    words = {**_WORDS, **_FIRST, **stand, **parts}
    return load("annul.settle.clearing", "matching.sql", **words)


def _others(stand: Mapping[str, str]) -> tuple[Statement, ...]:
    return tuple(_load(stand, identified=one)["by_other"] for one in IDENTIFIERS)


def _again(stand: Mapping[str, str]) -> By:
    """Give the statements for rows that agree but for their amount, where rules may accept it."""
    return _load(stand, yet="amount", agreeing=listed(("tolerated",)))


SQL: Final = _load(standing.NOW)
OTHERS: Final = _others(standing.NOW)
NOW: Final = Judging(SQL, OTHERS, _again(standing.NOW), breaks.SQL, keeping.SQL, tolerating.SQL)
BEFORE: Final = Judging(
    _load(standing.BEFORE),
    _others(standing.BEFORE),
    _again(standing.BEFORE),
    breaks.BEFORE.sql,
    keeping.BEFORE.sql,
    tolerating.BEFORE.sql,
)


def _aside(by: Judging, stand: Mapping[str, str]) -> Judging:
    """Give the same for a file of which nothing is kept."""
    first = _load(stand, previewed="_previewed")["by_reference"]
    return by._replace(rows={**by.rows, "by_reference": first}, aside=SQL["aside"])


PREVIEW: Final = _aside(NOW, standing.NOW)
PREVIEW_BEFORE: Final = _aside(BEFORE, standing.BEFORE)
_AROUND: Final = timedelta(days=2)  # clocks of issuers, their zones and their own days' ends


class Window(NamedTuple):
    """The days that a file tells of, as moments: `day_ends` is the last one's cut-over."""

    covers_from: date
    settles_on: date
    since: datetime
    until: datetime
    day_ends: datetime


def window(calendar: Calendar, covers_from: date, settles_on: date) -> Window:
    """Give the days from `covers_from` to `settles_on` as moments, with room on both sides."""
    zone, midnight = calendar.zone, time()
    return Window(
        covers_from,
        settles_on,
        datetime.combine(covers_from, midnight, zone) - _AROUND,
        datetime.combine(settles_on, midnight, zone) + _AROUND,
        datetime.combine(settles_on, calendar.cut_over, zone),
    )


def days_of(window: Window, carry_days: int) -> list[str]:
    """Give the days of a file, and those carried into it, each as MMDD."""
    first = window.covers_from - timedelta(days=carry_days)
    days = (first + timedelta(days=n) for n in range((window.settles_on - first).days + 1))
    return [f"{day:%m%d}" for day in days]


class Matching(NamedTuple):
    """One file of which the rows are staged, and the connection in whose transaction it counts."""

    connection: Any
    file: UUID
    rows: int
    window: Window
    issuers: list[str]
    rules: ClearingRules
    zone: ZoneInfo
    cut_over: time
    now: datetime
    by: Judging = NOW

    async def run(self) -> None:
        """Do all steps; what agrees with nothing is left as rows and expectations for breaks."""
        if self.by.aside:
            await self.connection.execute(*self.by.aside())
        await self._rows()
        await self._judge()
        await self._expect()
        if self.rules.tolerances:
            await self._tolerate()

    async def _rows(self) -> None:
        days = {
            "covers_from": self.window.covers_from,
            "settles_on": self.window.settles_on,
            "carry_days": self.rules.carry_days,
            "days": days_of(self.window, self.rules.carry_days),
        }
        await self.connection.execute(*self.by.rows["by_reference"](file=self.file, **days))
        if self.rows >= MANY:
            await self.connection.execute(*FILES["count"]())
        for other in self.by.others:
            if not await self.connection.fetchval(*self.by.rows["any_left"](file=self.file)):
                break
            around = {"since": self.window.since, "until": self.window.until}
            await self.connection.execute(*other(file=self.file, **days, **around))

    async def _judge(self) -> None:
        await self.connection.execute(*self.by.rows["judge"](**self._judging()))
        await self.connection.execute(*self.by.rows["fee_of"](file=self.file))
        await self.connection.execute(*self.by.rows["claim_of"](file=self.file))
        await self.connection.execute(*self.by.rows["fees"](file=self.file))

    def _judging(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "states": [state.value for state, _ in VERDICTS],
            "dones": [told[0] for _, told in VERDICTS],
            "undones": [told[1] for _, told in VERDICTS],
            "verdicts": [verdict.value for verdict in VERDICTS.values()],
            "covers_from": self.window.covers_from,
            "settles_on": self.window.settles_on,
            "carry_days": self.rules.carry_days,
            "carry_minutes": self.rules.carry_minutes,
            "day_ends": self.window.day_ends,
            "zone": self.zone.key,
        }

    async def _tolerate(self) -> None:
        """Accept what differs in money alone, and is not netted, as far as the rules say so."""
        at = {"file": self.file, "settles_on": self.window.settles_on, "now": self.now}
        ruled = tolerating.columns(self.rules.tolerances)
        await self.connection.execute(*self.by.tolerable["tolerable"](**self._judging()))
        await self.connection.execute(*self.by.tolerated["amounts"](**at, **ruled))
        await self.connection.execute(*self.by.tolerated["not_accepted"](file=self.file))
        await self.connection.execute(*self.by.tolerable["fees"](file=self.file))
        await self.connection.execute(*self.by.tolerated["fees"](**at, **ruled))

    async def _expect(self) -> None:
        window = self.window
        await self.connection.execute(
            *self.by.rows["expected"](
                file=self.file,
                since=window.since,
                until=window.until,
                covers_from=window.covers_from,
                settles_on=window.settles_on,
                carry_days=self.rules.carry_days,
                carry_minutes=self.rules.carry_minutes,
                cut_over=self.cut_over,
                zone=self.zone.key,
                issuers=self.issuers,
            )
        )
        if window.covers_from < window.settles_on:
            days = {"settles_on": window.settles_on, "carry_days": self.rules.carry_days}
            await self.connection.execute(*self.by.rows["untold_days"](file=self.file, **days))
        await self.connection.execute(
            *self.by.rows["expected_undone"](
                file=self.file, settles_on=window.settles_on, carry_days=self.rules.carry_days
            )
        )
        await self.connection.execute(*self.by.rows["arrived"](file=self.file))
        await self.connection.execute(*self.by.rows["netted"](file=self.file))


async def covered_from(connection: Any, settles_on: date, issuers: list[str]) -> date:
    """Give the first day of a file up to `settles_on`; until the end nobody else counts one."""
    await connection.execute(*SQL["one_at_a_time"]())
    return await connection.fetchval(*SQL["covers_from"](settles_on=settles_on, issuers=issuers))
