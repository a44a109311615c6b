"""Drills: which can be played, how earlier ones went; and what a team says while one goes on.

All else a team does with the acts of every day; what it says here leaves no trace elsewhere, and
nothing of it is possible outside a drill. Only staff who may read incidents see drills.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from annul.diagnose.causes import CAUSES
from annul.domain.drills import BESIDES, Contact, Part, Score
from annul.domain.errors import AnnulError
from annul.operate.drills import keeping
from annul.operate.drills.record import Run, before
from annul.operate.drills.report import pdf, proposals
from annul.operate.drills.script import Script, scripts
from annul.operate.drills.telling import reasons, timeline

from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .incidents import reads
from .permission import NotValid, changing, staff
from .roles import Scope, Visitor


class NoDrill(AnnulError):
    """This is no drill. Nothing was kept."""

    code = "drills.none"
    next_step = "annul drill run starts one in a sandbox of its own."


class NotScored(AnnulError):
    """This run has no score yet: what annul alone comes to is not known."""

    code = "drills.not_scored"
    next_step = "annul drill score FOLDER --data HERE computes it; FOLDER is the sandbox's."


# Questions --------------------------------------------------------------------------------------


def known(visitor: Visitor) -> list[Script]:
    """Give the drills that can be played, whole ones first. Raises `NotAllowed`."""
    reads(visitor)
    return sorted(scripts().values(), key=lambda one: not one.is_whole)


async def runs(
    desk: Desk, visitor: Visitor, drill: str = "", limit: int = 50, cursor: str = ""
) -> Listing:
    """Give runs, the latest first, each beside annul left alone. Raises `NotAllowed`."""
    reads(visitor)
    asked = {"drill": drill, **Cursor.after(cursor), "limit": limit + 1}
    page = listing(await desk.pool.fetch(*keeping.SQL["runs"](**asked)), limit, "began")
    return Listing([_line(keeping.run_of(row)) for row in page.rows], page.following)


async def find(desk: Desk, visitor: Visitor, number: str) -> dict[str, Any]:
    """Give one with its `timeline`, why it scored as it did, `proposals`, and those before it.

    Raises `NotAllowed` and `NothingThere`.
    """
    run, earlier = await _found(desk, visitor, number)
    score = run.score
    told = _line(run) | {
        "timeline": [one._asdict() for one in timeline(run)],
        "earlier": [_line(one) for one in earlier],
        "proposals": [],
    }
    if score is None:
        return told
    whys = reasons(run, score)
    for row in told["parts"]:
        row["why"] = whys[Part(row["part"])]
    return told | {"proposals": [one._asdict() for one in proposals(run, score)]}


async def printed(desk: Desk, visitor: Visitor, number: str, language: str) -> bytes:
    """Give a run as a file (PDF). Raises `NotAllowed`, `NothingThere` and `NotScored`."""
    run, earlier = await _found(desk, visitor, number)
    score = run.score
    if score is None:
        raise NotScored
    totals = [had.total for had in (one.score for one in earlier) if had is not None]
    async with desk.statements:
        return await asyncio.to_thread(pdf, run, score, totals, language)


async def _found(desk: Desk, visitor: Visitor, number: str) -> tuple[Run, list[Run]]:
    reads(visitor)
    run = await keeping.find(desk.pool, number)
    if run is None:
        message = f"there is no run {number[:20]} of a drill"
        raise NothingThere(message)
    record = run.record
    return run, before(record, await keeping.runs(desk.pool, record.drill))


def _line(run: Run) -> dict[str, Any]:
    record, score, alone = run.record, run.score, run.alone and run.alone.score
    script = scripts().get(record.drill)
    return {
        "number": record.number,
        "drill": record.drill,
        "title": script.title if script else None,
        "seed": record.seed,
        "speed": record.speed,
        "team": record.team,
        "started_by": record.started_by,
        "people": sorted({one.who for one in record.deeds if one.who}),
        "began": record.began,
        "ended": record.ended,
        "minutes": round(record.minutes, 1),
        "total": score and score.total,
        "total_alone": alone and alone.total,
        "money": round(record.money),
        "money_alone": run.alone and round(run.alone.money),
        "parts": _parts(score, alone),
    }


def _parts(score: Score | None, alone: Score | None) -> list[dict[str, Any]]:
    if score is None or alone is None:
        return []
    return [
        {
            "part": part.value,
            "text": part.text,
            "points": round(part.weight * share, 1),
            "alone": round(part.weight * alone.parts[part], 1),
            "of": part.weight,
            "why": [],
        }
        for part, share in score.parts.items()
    ]


# What a team says -------------------------------------------------------------------------------


async def name_cause(desk: Desk, visitor: Visitor, subject: str, cause: str) -> None:
    """Say which cause is at work at an issuer, a shop or a terminal.

    Raises `NoDrill`, `NotAllowed`, and `NotValid` for a cause that there is not.
    """
    if cause not in CAUSES and cause not in BESIDES:
        message = f"no cause is called {cause}"
        raise NotValid(message)
    await _mark(desk, visitor, "drill-cause", subject, {"cause": cause})


async def told(desk: Desk, visitor: Visitor, subject: str, contact: Contact) -> None:
    """Say that somebody was told of it. Raises `NoDrill` and `NotAllowed`."""
    await _mark(desk, visitor, "drill-told", subject, {"contact": contact.value})


async def _mark(
    desk: Desk, visitor: Visitor, action: str, subject: str, detail: Mapping[str, str]
) -> None:
    staff(visitor)
    if not desk.drill:
        raise NoDrill
    about = f"drill {desk.drill}"
    async with changing(desk, visitor, Scope.INCIDENTS_WRITE, about) as connection:
        now = desk.clock.now()
        await audit(connection, visitor, now, action, about, "", {"subject": subject, **detail})
