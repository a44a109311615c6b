"""Issuers in trouble: each one outage with its cases, the money in them, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from annul.operate.trouble import Trouble, trouble_of
from annul.store.sql import load

from . import over_cells, overview
from .desk import Desk

_SQL: Final = load("annul.desk", "outages.sql")
_BACK: Final = timedelta(hours=6)  # so far it is looked when an issuer last approved anything


@dataclass(frozen=True, slots=True)
class Outage:
    """One issuer in trouble. `row` as `overview.issuers` gives it; sums by currency in `money`.

    `since`: its last approval, else the first open case; None when neither is known.
    `window_until`: the end of the window that is announced for it.
    """

    trouble: Trouble
    row: Mapping[str, Any]
    since: datetime | None
    cases: int
    money: Sequence[Mapping[str, Any]]
    next_at: datetime | None
    window_until: datetime | None


async def outages(desk: Desk) -> list[Outage]:
    """Give the issuers in trouble, the worst first."""
    rows = await overview.issuers(desk)
    found = {row["issuer_id"]: (trouble, row) for row in rows if (trouble := trouble_of(row))}
    if not found:
        return []
    known = await _worked(desk, list(found))
    burdens = await _burdens(desk, list(found))
    shown = [
        _outage(trouble, row, known[issuer], burdens.get(issuer, []))
        for issuer, (trouble, row) in found.items()
    ]
    return sorted(shown, key=lambda one: (list(Trouble).index(one.trouble), -one.cases))


def _latest(answers: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Give the latest moment of each kind that any cell knows of an issuer."""
    return {
        issuer: {
            name: max((one[issuer][name] for one in answers if one[issuer][name]), default=None)
            for name in ("approved_at", "window_until")
        }
        for issuer in answers[0]
    }


@over_cells.together(_latest)
async def _worked(desk: Desk, issuers: list[str]) -> dict[str, dict[str, Any]]:
    now = desk.clock.now()
    rows = await desk.pool.fetch(*_SQL["worked"](since=now - _BACK, now=now, issuers=issuers))
    return {row["issuer_id"]: dict(row) for row in rows}


def _by_currency(answers: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """Add up what an issuer's cases are in each currency."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for issuer, rows in (item for one in answers for item in one.items()):
        for row in rows:
            sums = found.setdefault(issuer, {})
            had = sums.get(row["currency"])
            sums[row["currency"]] = _sum(had, row) if had else row
    return {issuer: list(sums.values()) for issuer, sums in found.items()}


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return (
        one
        | {name: one[name] + other[name] for name in ("cases", "amount")}
        | {name: min(one[name], other[name]) for name in ("first_at", "next_at")}
    )


@over_cells.together(_by_currency)
async def _burdens(desk: Desk, issuers: list[str]) -> dict[str, list[Any]]:
    burdens: dict[str, list[Any]] = {}
    for row in await desk.pool.fetch(*_SQL["burdens"](issuers=issuers)):
        burdens.setdefault(row["issuer_id"], []).append(dict(row))
    return burdens


def _outage(
    trouble: Trouble, row: Mapping[str, Any], known: Mapping[str, Any], burdens: Sequence[Any]
) -> Outage:
    first = min((one["first_at"] for one in burdens), default=None)
    # What refuses voids alone approves sales all the time.
    approved = None if trouble is Trouble.VOIDS else known["approved_at"]
    return Outage(
        trouble,
        row,
        approved or first,
        sum(one["cases"] for one in burdens),
        burdens,
        min((one["next_at"] for one in burdens), default=None),
        known["window_until"],
    )
