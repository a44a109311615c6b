"""The overview: outcomes of voids, voids and traffic by issuer, health of lines, what is open."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from annul.domain.incident import Severity
from annul.domain.incidents import INCIDENTS
from annul.operate.trouble import issuers_now
from annul.resolve import promise as kept
from annul.resolve.promise import Promise
from annul.store.sql import load

from . import over_cells
from .desk import Desk

_SQL: Final = load("annul.desk", "overview.sql")
_OF_A_KIND: Final = 3
_ALERTS: Final = 40
_KINDS: Final = {
    str(severity): [row.kind for row in INCIDENTS.values() if row.severity is severity]
    for severity in (Severity.CRITICAL, Severity.NOTICE)
}
_GRAVEST: Final = tuple(Severity)
_WORST: Final = ("down", "degraded", "up", "")  # as the hosts of several cells see an issuer
COUNTS: Final = ("requests", "approvals", "silent", "voids", "void_approvals")
_POINTS: Final = [place / 100 for place in range(101)]

Rows = list[dict[str, Any]]


# The promise ------------------------------------------------------------------------------------


def _in_all(answers: list[Promise]) -> Promise:
    figures = over_cells.added([one.figures() for one in answers])
    return Promise(**figures | {"oldest_s": max(one.oldest_s for one in answers)})


@over_cells.together(_in_all)
async def promise(desk: Desk, since: datetime, merchant_id: str = "") -> Promise:
    """Say how the promise is kept, of cases opened since a moment; of one merchant or all."""
    return await kept.read(desk.pool, desk.clock.now(), since, merchant_id)


async def by_cause(desk: Desk, since: datetime, merchant_id: str = "") -> Rows:
    """Give the time to the end by cause: `cases`, `p50_s`, `p99_s`, `max_s`.

    Of several cells from the hundredths of each, weighed by their cases.
    """
    if not desk.others:
        return await kept.by_cause(desk.pool, since, merchant_id)
    of_cause: dict[str, Rows] = {}
    for row in await _spread(desk, since, merchant_id):
        of_cause.setdefault(row["cause"], []).append(row)
    told = [
        {
            "cause": cause,
            "cases": sum(row["cases"] for row in rows),
            "p50_s": _share(rows, 0.5),
            "p99_s": _share(rows, 0.99),
            "max_s": max(row["points"][-1] for row in rows),
        }
        for cause, rows in of_cause.items()
    ]
    return sorted(told, key=lambda row: (-row["cases"], row["cause"]))


@over_cells.together(over_cells.joined)
async def _spread(desk: Desk, since: datetime, merchant_id: str) -> Rows:
    asked = _SQL["spread"](since=since, merchant=merchant_id, points=_POINTS)
    return [dict(row) for row in await desk.pool.fetch(*asked)]


def _share(rows: Sequence[Mapping[str, Any]], share: float) -> float:
    """Give the time within which this share of all cases has ended."""
    weighed = sorted(
        (at, row["cases"] / len(row["points"])) for row in rows for at in row["points"]
    )
    left = share * sum(row["cases"] for row in rows)
    for at, weight in weighed:
        left -= weight
        if left <= 0:
            return at
    return weighed[-1][0]


# Issuers ----------------------------------------------------------------------------------------


def _summed(answers: list[Rows]) -> Rows:
    """Add up what one issuer did in each bucket in all cells."""
    sums: dict[tuple[str, datetime], dict[str, Any]] = {}
    for row in over_cells.joined(answers):
        key = (row["issuer_id"], row["at"])
        had = sums.get(key)
        sums[key] = had | {name: had[name] + row[name] for name in COUNTS} if had else row
    return [sums[key] for key in sorted(sums)]


@over_cells.together(_summed)
async def course(desk: Desk, span: timedelta, bucket: timedelta) -> Rows:
    """Give requests, approvals, silences, voids and approved voids by issuer and bucket."""
    rows = await desk.pool.fetch(*_SQL["course"](since=desk.clock.now() - span, bucket=bucket))
    return [dict(row) for row in rows]


async def issuers(desk: Desk) -> Rows:
    """Give every issuer with its line and its last five minutes, its voids of the last thirty."""
    answers = await over_cells.each(desk, _issuers)
    return answers[0] if len(answers) == 1 else _as_one(answers)


async def _issuers(desk: Desk) -> Rows:
    rows = await issuers_now(desk.pool, desk.clock.now())
    return [row | {"cell": desk.cell} for row in rows]


def _as_one(answers: list[Rows]) -> Rows:
    """See each issuer as the cells do together: added up, at its worst line and health."""
    of_issuer: dict[str, Rows] = {}
    for row in over_cells.joined(answers):
        of_issuer.setdefault(row["issuer_id"], []).append(row)
    return [_one_issuer(of_issuer[name]) for name in sorted(of_issuer)]


def _one_issuer(rows: Rows) -> dict[str, Any]:
    known = [row["up"] for row in rows if row["up"] is not None]
    seen = [row["seen_at"] for row in rows if row["seen_at"]]
    healths = [row["health"] or "" for row in rows]
    return (
        rows[0]
        | {name: sum(row[name] for row in rows) for name in (*COUNTS, "faults")}
        | {
            "up": all(known) if known else None,
            "trouble": ", ".join(
                f"{row['cell']}: {row['trouble']}" for row in rows if row["up"] is False
            ),
            "health": min(healths, key=_WORST.index) or None,
            "seen_at": max(seen, default=None),
        }
    )


# Incidents --------------------------------------------------------------------------------------


def _by_gravity(answers: list[list[Rows]]) -> list[Rows]:
    """Put groups of one kind together, and the gravest first."""
    of_kind: dict[str, list[Rows]] = {}
    for group in over_cells.joined(answers):
        of_kind.setdefault(group[0]["kind"], []).append(group)
    groups: list[Rows] = []
    for some in of_kind.values():
        rows = sorted(
            over_cells.joined(some),
            key=lambda row: (row["opened_at"], str(row["id"])),
            reverse=True,
        )
        of_all = {
            "many": sum(group[0]["many"] for group in some),
            "first_at": min(group[0]["first_at"] for group in some),
            "latest_at": max(group[0]["latest_at"] for group in some),
        }
        groups.append([row | of_all for row in rows[:_OF_A_KIND]])
    groups.sort(key=lambda group: (group[0]["latest_at"], group[0]["kind"]), reverse=True)
    return sorted(groups, key=lambda group: _gravity(group[0]["kind"]))


def _gravity(kind: str) -> int:
    """Say how grave a kind is; one that nobody here knows is a warning."""
    known = INCIDENTS.get(kind)
    return _GRAVEST.index(known.severity if known else Severity.WARNING)


def _all(answers: list[int]) -> int:
    return sum(answers)


@over_cells.together(_all)
async def open_of(desk: Desk, kind: str) -> int:
    """Give how many incidents of a kind are open."""
    return int(await desk.pool.fetchval(*_SQL["open_of"](kind=kind)))


@over_cells.together(_by_gravity)
async def alerts(desk: Desk, limit: int = _ALERTS) -> list[Rows]:
    """Give open incidents by kind, the gravest first, of one severity the latest.

    Of each kind the latest few, each row with `many`, how many of the kind are open.
    """
    rows = await desk.pool.fetch(*_SQL["alerts"](limit=limit, each=_OF_A_KIND, **_KINDS))
    by_kind: dict[str, Rows] = {}
    for row in rows:
        by_kind.setdefault(row["kind"], []).append(dict(row) | {"cell": desk.cell})
    return list(by_kind.values())
