"""One desk over all cells: a question goes to each of them, and one answer comes back.

Who signs in does so at the first desk, whose cell has the people; what somebody does is done in the
cell of the merchant whom it is about. Without other cells nothing here does anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import structlog

from annul.store.batcher import STORE_LOST, StoreUnavailable
from annul.store.sql import load

from .cursor import Listing, keyed
from .desk import Desk, NothingThere

_SQL: Final = load("annul.desk", "over_cells.sql")
Given = ParamSpec("Given")
Result = TypeVar("Result")
Question = Callable[Concatenate[Desk, Given], Awaitable[Result]]

log = structlog.get_logger(__name__)


class CellSilent(StoreUnavailable):
    """No other cell knows of it, and this one gives no answer; a change may or may not be made."""

    code = "desk.cell_silent"
    next_step = "Once the cell that is named answers, look first whether it was done."


async def each(desk: Desk, ask: Callable[[Desk], Awaitable[Result]]) -> list[Result]:
    """Ask every cell at once; one that is down takes nobody along, and is named on every page.

    Raises what the last one says when none has answered, and every other error.
    """
    if not desk.others:
        return [await ask(desk)]
    answers = await asyncio.gather(*map(ask, desk.every), return_exceptions=True)
    told: list[Result] = []
    for one, answer in zip(desk.every, answers, strict=True):
        if isinstance(answer, STORE_LOST):
            desk.silent.add(one.cell)
            log.warning("cell_silent", cell=one.cell, why=type(answer).__name__)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            desk.silent.discard(one.cell)
            told.append(answer)
    if not told:
        raise next(one for one in answers if isinstance(one, BaseException))
    return told


def together(
    put: Callable[[list[Result]], Result],
) -> Callable[[Question[Given, Result]], Question[Given, Result]]:
    """Ask a question of every cell, and put the answers together."""

    def over(question: Question[Given, Result]) -> Question[Given, Result]:
        @wraps(question)
        async def asked(desk: Desk, *given: Given.args, **named: Given.kwargs) -> Result:
            answers = await each(desk, lambda one: question(one, *given, **named))
            return put(answers) if desk.others else answers[0]

        return asked

    return over


def the_one_that_knows(question: Question[Given, Result]) -> Question[Given, Result]:
    """Ask one cell after the other until one has what is asked for.

    Good for what changes something too: who raises `NothingThere` has changed nothing.
    """

    @wraps(question)
    async def asked(desk: Desk, *given: Given.args, **named: Given.kwargs) -> Result:
        if not desk.others:
            return await question(desk, *given, **named)
        silent: list[str] = []
        unknown: NothingThere | None = None
        for one in desk.every:
            try:
                return await question(one, *given, **named)
            except NothingThere as error:
                unknown = error
            except STORE_LOST as error:
                silent.append(one.cell)
                log.warning("cell_silent", cell=one.cell, why=type(error).__name__)
        desk.silent.update(silent)
        if silent or unknown is None:
            raise CellSilent(", ".join(silent))
        raise unknown

    return asked


async def serving(desk: Any, merchant_id: str) -> Any:
    """Give the desk of the cell in which a merchant lives; raises `NothingThere`."""
    others: tuple[Desk, ...] = getattr(desk, "others", ())
    for one in (desk, *others) if others else ():
        if await one.pool.fetchval(*_SQL["lives_here"](merchant=merchant_id)):
            return one
    if others:
        message = f"no cell serves {merchant_id}"
        raise NothingThere(message)
    return desk


async def share_people(desk: Desk) -> None:
    """Let every other cell know who may act, and with which role, so that each asks its own."""
    rows = await desk.pool.fetch(*_SQL["people"]())
    known = _SQL["know"](
        names=[row["name"] for row in rows],
        roles=[row["role"] for row in rows],
        actives=[row["active"] for row in rows],
        ats=[row["created_at"] for row in rows],
    )
    for one in desk.others:
        with suppress(*STORE_LOST):  # it hears of it once it is back
            await one.pool.execute(*known)


def added(answers: list[Any]) -> Any:
    """Add counts: numbers, or by name."""
    if isinstance(answers[0], dict):
        return {name: sum(one.get(name) or 0 for one in answers) for name in answers[0]}
    return sum(answers)


def joined(answers: list[Any]) -> Any:
    """Put lists behind each other."""
    return [row for one in answers for row in one]


def paged(
    listings: Iterable[Listing], limit: int, keys: Sequence[str], *, falling: bool
) -> Listing:
    """Make one page of the same page of each cell: they go on from the same row."""
    pages = list(listings)
    if len(pages) == 1:
        return pages[0]
    rows = sorted(
        (row for page in pages for row in page.rows),
        key=lambda row: tuple(row[key] for key in (*keys, "id")),
        reverse=falling,
    )
    more = len(rows) > limit or any(page.following for page in pages)
    # One row too many says that there is a next page.
    return keyed([*rows[: limit + 1], *rows[-1:]] if more else rows, min(limit, len(rows)), keys)
