"""Changed weights of causes, tried on every diagnosis that cases have kept, with its facts."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import Final, NamedTuple

import asyncpg

from annul.diagnose.causes import CAUSES
from annul.diagnose.facts import Facts
from annul.diagnose.lessons import Lessons
from annul.diagnose.rank import Shifts, rank
from annul.domain.errors import AnnulError
from annul.store.sql import load

_SQL: Final = load("annul.operate.whatif", "weights.sql")
_ROWS: Final = 500  # diagnoses of one piece of work


class NoSuchWeight(AnnulError):
    """No cause of this name is known."""

    code = "whatif.weight"
    next_step = "annul lessons: names of causes and signals."


class Named(NamedTuple):
    """A case that would be named otherwise: its likeliest cause before and after.

    `confirmed` is what has proved right, empty where that is not known.
    """

    number: str
    merchant: str
    confirmed: str
    before: str
    after: str


@dataclass(slots=True)
class Ranked:
    """How many cases were looked at; of those that differ, how many are right now, or were."""

    cases: int = 0
    differ: int = 0
    right_now: int = 0
    right_before: int = 0

    def add(self, one: Named) -> None:
        """Count one that differs."""
        self.differ += 1
        self.right_now += one.confirmed == one.after
        self.right_before += one.confirmed == one.before


def changed(shifts: Shifts, cause: str, signal: str, by: float) -> dict[tuple[str, str], float]:
    """Add to the weight of a signal for a cause; raises `NoSuchWeight`."""
    if cause not in CAUSES:
        message = f"no cause is called {cause}"
        raise NoSuchWeight(message)
    return {**shifts, (cause, signal): shifts.get((cause, signal), 0.0) + by}


async def replay(
    pool: asyncpg.Pool,
    span: tuple[datetime, datetime],
    weight: tuple[str, str, float],
    ranked: Ranked,
    processes: int = 2,
) -> AsyncIterator[Named]:
    """Give each case of a time that would be named otherwise, in their order; count in `ranked`.

    Each by the facts of its latest diagnosis alone, before and after alike.
    """
    lessons = Lessons(pool)
    await lessons.refresh()
    both = (lessons.shifts, changed(lessons.shifts, *weight))
    since, until = span
    loop = asyncio.get_running_loop()
    work: list[asyncio.Future[list[Named]]] = []
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as workers:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            cursor = await connection.cursor(*_SQL["diagnosed"](since=since, until=until))
            while rows := await cursor.fetch(_ROWS):
                ranked.cases += len(rows)
                piece = [tuple(row)[1:] for row in rows]
                work.append(loop.run_in_executor(workers, _named, piece, both))
                while len(work) > 2 * processes:
                    for one in await work.pop(0):
                        ranked.add(one)
                        yield one
            for ended in work:
                for one in await ended:
                    ranked.add(one)
                    yield one


def _named(rows: Sequence[tuple[str, str, str, str]], both: tuple[Shifts, Shifts]) -> list[Named]:
    found: list[Named] = []
    for merchant, number, confirmed, body in rows:
        facts = Facts.from_json(json.loads(body)["evidence"]["facts"])
        before, after = (rank(facts, shifts)[0].cause.name for shifts in both)
        if before != after:
            found.append(Named(number, merchant, confirmed, before, after))
    return found
