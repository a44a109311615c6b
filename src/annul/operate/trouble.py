"""Issuers in trouble: judged by their lines, their health, and what they answered lately."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from annul.store.sql import load

_SQL: Final = load("annul.operate", "trouble.sql")
_RECENT: Final = timedelta(minutes=5)
VOIDS_WITHIN: Final = timedelta(minutes=30)
_LEAST_VOIDS: Final = 5
_APPROVES: Final = 0.5  # the share of voids under which an issuer is in trouble with them


class Trouble(StrEnum):
    """What is wrong with an issuer, the worst first."""

    LINE = "line"  # no host has a line to it
    DOWN = "down"  # it answers nothing, or with faults
    DEGRADED = "degraded"
    VOIDS = "voids"  # it works, but refuses most voids


def trouble_of(row: Mapping[str, Any]) -> Trouble | None:
    """Judge a row of `issuers_now`; None when nothing is wrong."""
    if row["up"] is False:
        return Trouble.LINE
    if row["seen_at"] and row["health"] in {Trouble.DOWN, Trouble.DEGRADED}:
        return Trouble(row["health"])
    voids = row["voids"]
    if voids >= _LEAST_VOIDS and row["void_approvals"] < _APPROVES * voids:
        return Trouble.VOIDS
    return None


async def issuers_now(connection: Any, now: datetime) -> list[dict[str, Any]]:
    """Give every issuer with its line and its last five minutes, its voids of the last thirty."""
    since = {"since": now - _RECENT, "voids_since": now - VOIDS_WITHIN}
    rows = await connection.fetch(*_SQL["issuers"](**since))
    return [dict(row) for row in rows]
