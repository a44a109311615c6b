"""What is to be added when: one table of thresholds, each a share that must not be passed.

A share is worked out for a rate of transactions, so the day is known on which the forecast passes
it, and the volume of a day from which on it is passed whenever that comes. The rate is that of the
busiest second: what comes in it waits for each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from annul.domain.text import Text

from .told import LATELY, Advice, Carried, Day, Forecast

HOSTS_OF_A_CELL: Final = 10  # numbers of host processes
CORES_OF_A_DATABASE: Final = 64  # of the largest machine that one buys without much ado
_LARGEST: Final = 1e12  # transactions a day
_ROUNDING: Final = 1e-9
_ROUNDS: Final = 60
_FURTHEST: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a share is worked out from. `limit`: transactions a second at most, 0: unknown."""

    carried: Carried
    limit: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """A row: which share at a rate (None: it is not known here), up to where, and what then helps.

    Of one that `fills` the share is of bytes: `share` takes those that were added meanwhile.
    """

    name: str
    title: Text
    limit: float
    share: Callable[[Situation, float], float | None]
    then: Text
    fills: bool = False


def _host(situation: Situation, tps: float) -> float | None:
    carried = situation.carried
    if not carried.enough:
        return None
    cost = carried.host.of(carried.group.statements_busy)
    return carried.host.fixed + cost * tps / max(carried.hosts, 1)


def _machine(situation: Situation, tps: float) -> float | None:
    carried = situation.carried
    if carried.database is None or not carried.enough:
        return None
    statements = carried.group.statements_busy
    fixed = carried.host.fixed * carried.hosts + carried.database.fixed
    used = fixed + (carried.host.of(statements) + carried.database.of(statements)) * tps
    return used / carried.cores


def _database(situation: Situation, tps: float) -> float | None:
    carried = situation.carried
    if carried.database is None or not carried.enough:
        return None
    cost = carried.database.of(carried.group.statements_busy)
    return (carried.database.fixed + cost * tps) / carried.cores


def _cell(situation: Situation, tps: float) -> float | None:
    """One database, or ten host processes, whichever is passed first."""
    carried = situation.carried
    if not carried.enough or not situation.limit:
        return None
    cost = carried.database or carried.active
    of_database = cost.of(carried.group.statements_busy) * tps / CORES_OF_A_DATABASE
    one_host = 1 / max(carried.host.of(carried.group.statements_busy), 1e-9)
    return max(of_database, tps / (one_host * HOSTS_OF_A_CELL))


def _disk(situation: Situation, added: float) -> float | None:
    growth = situation.carried.growth
    if growth.free is None or not growth.total:
        return None
    return (growth.total - growth.free + added) / growth.total


def _connections(situation: Situation, tps: float) -> float | None:
    del tps  # each process keeps its own, whatever comes
    carried = situation.carried
    return carried.connections / carried.allowed if carried.allowed else None


THRESHOLDS: Final = (
    Threshold(
        "host_process",
        Text("主机进程的CPU（占一个核心）", "CPU of a host process, of one core"),
        0.6,
        _host,
        Text(
            "增加一个主机进程：annul up --hosts N；本机核心用完时放到另一台机器",
            "Add a host process: annul up --hosts N; elsewhere if this machine has no core left.",
        ),
    ),
    Threshold(
        "machine",
        Text("本机CPU（主机进程与数据库合计）", "CPU of this machine, host processes and database"),
        0.7,
        _machine,
        Text(
            "把数据库放到自己的机器上，或换更大的机器",
            "Give the database a machine of its own, or take a larger one.",
        ),
    ),
    Threshold(
        "database",
        Text("数据库的CPU（占本机）", "CPU of the database, of this machine"),
        0.5,
        _database,
        Text("数据库需要更多核心与内存", "The database needs more cores and memory."),
    ),
    Threshold(
        "cell",
        Text(
            f"一个单元（{HOSTS_OF_A_CELL}个主机进程、{CORES_OF_A_DATABASE}核数据库）",
            f"one cell ({HOSTS_OF_A_CELL} host processes, {CORES_OF_A_DATABASE} cores)",
        ),
        0.6,
        _cell,
        Text(
            "再建一个单元，或用Citus按模式分开；见 docs/scale.zh-CN.md",
            "Found another cell, or spread schemas by Citus: see docs/scale.md.",
        ),
    ),
    Threshold(
        "disk",
        Text("数据库所在磁盘", "disk of the database"),
        0.85,
        _disk,
        Text(
            "扩大磁盘；磁盘写满时不再受理交易",
            "Enlarge it: when it is full nothing is accepted any more.",
        ),
        fills=True,
    ),
    Threshold(
        "connections",
        Text("数据库连接", "connections of the database"),
        0.8,
        _connections,
        Text(
            "提高 max_connections，或减少主机进程",
            "Raise max_connections, or run fewer host processes.",
        ),
    ),
)
BY_NAME: Final = {one.name: one for one in THRESHOLDS}


def advise(situation: Situation, forecast: Forecast) -> tuple[Advice, ...]:
    """Say of each threshold how far it is, and when it is passed."""
    return tuple(
        _filled(one, situation, forecast) if one.fills else _passed(one, situation, forecast)
        for one in THRESHOLDS
    )


def _passed(threshold: Threshold, situation: Situation, forecast: Forecast) -> Advice:
    shape = forecast.shape
    busiest = max((day.volume for day in forecast.history[-LATELY:]), default=0.0)

    def share(volume: float) -> float | None:
        return threshold.share(situation, shape.second_tps(volume))

    now = share(busiest)
    if now is None:
        return Advice(name=threshold.name, limit=threshold.limit)
    volume = _from_which(threshold.limit, share)
    return Advice(
        name=threshold.name,
        limit=threshold.limit,
        now=now,
        volume=volume,
        tps=shape.second_tps(volume) if volume is not None else None,
        due=_first(forecast.days, volume, lambda day: day.volume),
        soonest=_first(forecast.days, volume, lambda day: day.high),
    )


def _from_which(limit: float, share: Callable[[float], float | None]) -> float | None:
    """Find the volume at which a share that grows with it reaches its limit; None: at none."""
    low, high = 0.0, _LARGEST
    if (share(high) or 0.0) < limit:
        return None
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (low, middle) if (share(middle) or 0.0) >= limit else (middle, high)
    return high


def _first(days: Sequence[Day], volume: float | None, of: Callable[[Day], float]) -> date | None:
    if volume is None:
        return None
    return next((day.day for day in days if of(day) >= volume * (1 - _ROUNDING)), None)


def _filled(threshold: Threshold, situation: Situation, forecast: Forecast) -> Advice:
    """Say when what is added day by day has filled the room."""
    each, now = situation.carried.growth.per_transaction, threshold.share(situation, 0.0)
    if now is None:
        return Advice(name=threshold.name, limit=threshold.limit)
    due = _full(threshold, situation, forecast.days, lambda day: day.volume * each)
    soonest = _full(threshold, situation, forecast.days, lambda day: day.high * each)
    beyond = due is None and bool(forecast.days)
    if beyond:
        due = _later(threshold, situation, forecast, each)
    return Advice(
        name=threshold.name,
        limit=threshold.limit,
        now=now,
        due=due,
        soonest=soonest,
        beyond=beyond and due is not None,
    )


def _full(
    threshold: Threshold, situation: Situation, days: Sequence[Day], of: Callable[[Day], float]
) -> date | None:
    added = 0.0
    for day in days:
        added += of(day)
        if (threshold.share(situation, added) or 0.0) >= threshold.limit:
            return day.day
    return None


def _later(
    threshold: Threshold, situation: Situation, forecast: Forecast, each: float
) -> date | None:
    growth = situation.carried.growth
    assert growth.free is not None and growth.total, "it has a share"  # noqa: PT018
    left = threshold.limit * growth.total - (growth.total - growth.free)
    left -= sum(day.volume for day in forecast.days) * each
    daily = forecast.usual * each
    if daily <= 0 or left / daily > _FURTHEST.days:
        return None
    return forecast.days[-1].day + timedelta(days=int(left / daily))
