"""Streams as people and programs see them: what is usual, how much speaks for trouble, since when.

`evidence` is how far a test has come, from 0 to 1 where the alarm is raised: the logarithm of its
account in parts of that of one stake to 1.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import log
from typing import Any, Final, NamedTuple

import asyncpg

from annul.domain.alarm_streams import Stream, stake
from annul.domain.alarm_traffic import KIND
from annul.domain.alarms import MEASURES
from annul.store.sql import load

from .rules import AlarmRules
from .standing import Standing

_SQL: Final = load("annul.operate.alarms", "view.sql")


class Watched(NamedTuple):
    """One measure of a stream. `since` is when trouble began to build up, or that of the alarm.

    `total` and `bad` are those since then; `usual` the share of trouble that is the rule, `upper`
    the most of it; `by` the stream that an alarm is explained by.
    """

    stream: Stream
    measure: str
    evidence: float
    alarm: bool
    since: datetime | None
    total: int
    bad: int
    usual: float
    upper: float
    by: str
    seen_at: datetime


async def watched(
    pool: asyncpg.Pool, rules: AlarmRules, scope: str = "", member: str = ""
) -> list[Watched]:
    """Give what is watched, the strongest evidence first."""
    rows = await pool.fetch(*_SQL["streams"](scope=scope, member=member))
    found = [one for row in rows for one in (*_measures(row, rules), *_silence(row))]
    return sorted(found, key=lambda one: (not one.alarm, -one.evidence, one.stream, one.measure))


def as_json(one: Watched) -> dict[str, Any]:
    """Give one as programs read it."""
    scope, member = one.stream
    return {
        **one._asdict(),
        "stream": {"scope": str(scope), "member": member, **one.stream.text._asdict()},
        "since": one.since.isoformat() if one.since else None,
        "seen_at": one.seen_at.isoformat(),
    }


def _measures(row: Any, rules: AlarmRules) -> Sequence[Watched]:
    standing = Standing.of(row)
    found: list[Watched] = []
    for place, measure in enumerate(MEASURES):
        alarm, trail = standing.alarms.get(measure), standing.trails[place]
        paid = stake(standing.stream, measure, rules.per_million)
        since = alarm.since if alarm else trail.since if trail.height > 0 else 0.0
        usual = standing.usual[place]
        found.append(
            Watched(
                standing.stream,
                measure.value,
                1.0 if alarm else evidence(sum(standing.accounts[place]), paid),
                alarm is not None,
                datetime.fromtimestamp(since, UTC) if since else None,
                trail.total if since else 0,
                trail.bad if since else 0,
                round(usual.mean, 6),
                round(usual.upper, 6),
                " ".join(alarm.by) if alarm else "",
                row["seen_at"],
            )
        )
    return found


def _silence(row: Any) -> Sequence[Watched]:
    """Give a stream in which no request comes, as long as that is an alarm."""
    if row["silent_since"] is None:
        return ()
    stream = Standing.of(row).stream
    since = row["silent_since"]
    return (Watched(stream, KIND, 1.0, True, since, 0, 0, 0.0, 0.0, "", row["seen_at"]),)  # noqa: FBT003


def evidence(account: float, paid: float) -> float:
    """Say how far an account has come from one stake, which is 0, to an alarm, which is 1."""
    if account <= paid:
        return 0.0
    return round(min(log(account / paid) / log(1 / paid), 1.0), 4)
