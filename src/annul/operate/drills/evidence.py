"""What a team has done in a drill, read from the database in which it was played."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from annul.domain.drills import Deed, Did, Truth
from annul.operate.playbooks.keeping import readable
from annul.store.sql import load

from .steps import meant

_SQL: Final = load("annul.operate.drills", "evidence.sql")
_NAMES: Final = "confirm-cause"
_DISCARD: Final = "discard-file"


@dataclass(frozen=True, slots=True)
class Span:
    """When a drill began and ended, and how much faster than life its minutes went by."""

    began: datetime
    ended: datetime
    speed: float = 1.0

    def minute(self, at: datetime) -> float:
        """Say in which minute of the script a moment lies."""
        return (at - self.began).total_seconds() / 60.0 * self.speed

    def moment(self, minute: float) -> datetime:
        """Give the moment of a minute."""
        return self.began + timedelta(minutes=minute / self.speed)


async def deeds(pool: Any, span: Span) -> list[Deed]:
    """Give all that people did, in order of time; what annul did by itself is none of it."""
    found: list[Deed] = []
    for row in await pool.fetch(*_SQL["acknowledged"](since=span.began)):
        at = span.minute(row["at"])
        subjects = dict.fromkeys((row["subject"], row["member"]))
        found += [Deed(at, Did.SAW, subject, who=row["who"]) for subject in subjects]
    for row in await pool.fetch(*_SQL["forced"](since=span.began)):
        about = {"subject": row["subject"], "value": row["kind"]}
        found.append(Deed(span.minute(row["at"]), Did.ACTED, who=row["who"], **about))
        if row["confirmed_at"] is not None:
            at = span.minute(row["confirmed_at"])
            found.append(Deed(at, Did.CONFIRMED, who=row["confirmed_by"], **about))
    for row in await pool.fetch(*_SQL["of_cases"](since=span.began)):
        named = row["action"] == _NAMES
        did, value = (Did.NAMED, row["confirmed"]) if named else (Did.ACTED, row["action"])
        found.append(Deed(span.minute(row["at"]), did, row["subject"], value, row["who"]))
    for row in await pool.fetch(*_SQL["marked"](since=span.began)):
        found.append(_mark(row, span))
    for row in await pool.fetch(*_SQL["of_files"](since=span.began)):
        at = span.minute(row["at"])
        found.append(Deed(at, Did.ACTED, row["subject"], _DISCARD, row["who"]))
    found += await _of_steps(pool, span)
    return sorted(found, key=lambda deed: deed.at)


async def _of_steps(pool: Any, span: Span) -> list[Deed]:
    """Give what was done in playbooks; runs that nobody has touched are none of the team's."""
    rows = [row for row in await pool.fetch(*_SQL["of_steps"](since=span.began)) if row["who"]]
    written = await readable(pool) if rows else {}
    found: list[Deed] = []
    for row in rows:
        playbook = written.get(row["playbook"])
        step = playbook.step(row["step"]) if playbook else None
        for did, value in meant(row, step.do if step else ""):
            who = row["confirmed_by"] if did is Did.CONFIRMED else row["who"]
            at = span.minute(row["at"])
            found += [Deed(at, did, subject, value, who) for subject in _subjects(row)]
    return found


def _subjects(row: Mapping[str, Any]) -> list[str]:
    """Say what a step was about: the terminals that it asked, else what the run was given."""
    asked = [f"{merchant} {terminal}" for merchant, terminal in row["result"].get("asked", ())]
    given = row["given"]
    shop = f"{given.get('merchant', '')} {given.get('terminal', '')}".strip()
    return asked or [given.get("issuer") or shop]


def _mark(row: Any, span: Span) -> Deed:
    at, who, detail = span.minute(row["at"]), row["who"], row["detail"]
    if row["action"] == "drill-cause":
        return Deed(at, Did.NAMED, detail["subject"], detail["cause"], who)
    if row["action"] == "drill-told":
        return Deed(at, Did.TOLD, detail["subject"], detail["contact"], who)
    merchant_and_terminal = row["object"].removeprefix("terminal ")
    return Deed(at, Did.ACTED, merchant_and_terminal, row["action"], who)


async def money(pool: Any, span: Span) -> float:
    """Give the money in question over time: minor units times minutes of the script."""
    asked = _SQL["money"](since=span.began, until=span.ended)
    return float(await pool.fetchval(*asked)) * span.speed


async def ends(pool: Any, span: Span, truths: Sequence[Truth]) -> list[float | None]:
    """Give for each stroke in which minute the last of its cases had ended; None: it had not.

    A stroke that left no case ended with itself.
    """
    found: list[float | None] = []
    for truth in truths:
        asked = _SQL["ended"](
            since=span.moment(truth.begins),
            until=span.ended,
            merchants=sorted(truth.subjects),
        )
        row = await pool.fetchrow(*asked)
        if not row["cases"]:
            found.append(truth.ends)
        else:
            found.append(max(truth.ends, span.minute(row["at"])) if row["over"] else None)
    return found
