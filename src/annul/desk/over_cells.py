"""One desk over all cells: a question goes to each of them, and one answer comes back.

Who signs in does so at the first desk, whose cell has the people; what somebody does is done in the
cell of the merchant whom it is about. Without other cells nothing here does anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import asyncpg
import structlog

from annul.domain.cells import Lives
from annul.domain.errors import AnnulError
from annul.store.batcher import STORE_LOST
from annul.store.sql import load

from .cursor import Listing, keyed
from .desk import Desk, NothingThere
from .roles import Visitor

_SQL: Final = load("annul.desk", "over_cells.sql")
# What other cells know of people and keys: enough to say who may act, and who stands behind whom.
_OF_PEOPLE: Final = (
    ("people", "know_people", ("name", "role", "active", "created_at", "made_by", "reset_by")),
    ("makers", "know_makers", ("id", "prefix", "created_by", "created_at")),
)
_WITHIN_S: Final = 3.0  # in which another cell answers a question
_AGAIN_S: Final = 5.0  # after which one that did not is asked again
Given = ParamSpec("Given")
Result = TypeVar("Result")
Question = Callable[Concatenate[Desk, Given], Awaitable[Result]]

log = structlog.get_logger(__name__)


class OfCells(AnnulError):
    """The cells that are named did not do it."""

    code = "desk.cells"
    next_step = "Look at annul's log in those cells."

    def __init__(self, cells: str = "") -> None:
        """Take the names of the cells, which stand behind what has happened."""
        super().__init__()
        self.cells = cells
        if cells:
            self.args = (f"{self.args[0]} ({cells})",)


class CellSilent(OfCells):
    """No other cell knows of it, and this one gives no answer; a change may or may not be made."""

    code = "desk.cell_silent"
    next_step = "Once the cell that is named answers, look first whether it was done."


class NotEverywhere(OfCells):
    """The change was made, but not in the cells that are named."""

    code = "desk.not_everywhere"
    next_step = "Make it there too, with annul in that cell, or once more here when it answers."


class ServedElsewhere(OfCells):
    """The merchant is served in another cell, so nothing was sent. No money has moved."""

    code = "desk.served_elsewhere"
    next_step = "Ask the API of the cell that is named, with a key of its own."


# Also a cell that lets the console no longer in, and one of another version.
NO_ANSWER: Final = (
    *STORE_LOST,
    CellSilent,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.SyntaxOrAccessError,
)


# Questions --------------------------------------------------------------------------------------


async def each(desk: Any, ask: Callable[[Any], Awaitable[Result]]) -> list[Result]:
    """Ask every cell at once; one that is down takes nobody along, and is named on every page.

    Raises what the last one says when none has answered, and every other error.
    """
    if not getattr(desk, "others", ()):
        return [await ask(desk)]
    first, *others = desk.one_by_one
    asked = (ask(first), *(_in_time(desk, one, ask) for one in others))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    told: list[Result] = []
    for one, answer in zip(desk.every, answers, strict=True):
        if isinstance(answer, _lost(desk, one)):
            _silent(desk, one, answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            desk.silent.pop(one.cell, None)
            told.append(answer)
    if not told:
        raise next(one for one in answers if isinstance(one, BaseException))
    return told


async def _in_time(desk: Desk, one: Desk, ask: Callable[[Any], Awaitable[Result]]) -> Result:
    """Ask another cell, which has some seconds; one that was silent just now is not asked."""
    _waited_for(desk, one)
    async with asyncio.timeout(_WITHIN_S):
        return await ask(one)


def _waited_for(desk: Desk, one: Desk) -> None:
    if desk.clock.monotonic() < desk.silent.get(one.cell, 0.0):
        raise CellSilent(one.cell)


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
        for one in desk.one_by_one:
            try:
                _waited_for(desk, one)
                return await question(one, *given, **named)
            except NothingThere as error:
                unknown = error
            except _lost(desk, one) as error:
                silent.append(_silent(desk, one, error))
        if silent or unknown is None:
            raise CellSilent(", ".join(silent))
        raise unknown

    return asked


def _lost(desk: Desk, one: Desk) -> tuple[type[BaseException], ...]:
    """Give what says that a cell gives no answer; what is wrong with the own one is a fault."""
    return STORE_LOST if one.cell == desk.cell else NO_ANSWER


def _silent(desk: Desk, one: Desk, error: BaseException) -> str:
    if not isinstance(error, CellSilent):  # it was asked
        desk.silent[one.cell] = desk.clock.monotonic() + _AGAIN_S
        log.warning("cell_silent", cell=one.cell, why=type(error).__name__)
    return one.cell


# Acts -------------------------------------------------------------------------------------------


async def serving(desk: Any, merchant_id: str) -> Any:
    """Give the desk of the cell in which a merchant lives; raises `NothingThere`, `CellSilent`.

    One that is on its way is the first cell's as long as it does not live in the other.
    """
    if not getattr(desk, "others", ()):
        return desk
    leaving: Desk | None = None
    silent: list[str] = []
    for one in desk.one_by_one:
        try:
            _waited_for(desk, one)
            lives = await one.pool.fetchval(*_SQL["lives"](merchant=merchant_id))
        except _lost(desk, one) as error:
            silent.append(_silent(desk, one, error))
            continue
        if lives == Lives.HERE:
            return one
        if lives == Lives.LEAVING:
            leaving = one
    if silent:  # it may live there
        raise CellSilent(", ".join(silent))
    if leaving is None:
        message = f"no cell serves {merchant_id}"
        raise NothingThere(message)
    return leaving


async def homes(desk: Desk, merchants: Sequence[str]) -> dict[str, Desk]:
    """Give the desks of the cells in which merchants live; raises `CellSilent` if one is down.

    Who lives nowhere is not among them.
    """
    found: dict[str, Desk] = {}
    leaving: dict[str, Desk] = {}
    for one in desk.one_by_one:
        try:
            _waited_for(desk, one)
            rows = await one.pool.fetch(*_SQL["living"](merchants=merchants))
        except _lost(desk, one) as error:
            raise CellSilent(_silent(desk, one, error)) from error
        for row in rows:
            (found if row["lives"] == Lives.HERE else leaving)[row["merchant_id"]] = one
    return leaving | found


async def acting(desk: Any, merchant_id: str) -> Any:
    """Give the same, for somebody who acts there: that cell knows now who may. Raises the same."""
    there = await serving(desk, merchant_id)
    if there is not desk:
        await introduce(desk, there)
    return there


def in_its_cell(
    act: Callable[Concatenate[Desk, Visitor, str, Given], Awaitable[Result]],
) -> Callable[Concatenate[Desk, Visitor, str, Given], Awaitable[Result]]:
    """Do something with a merchant, whose number is the second thing given, where it lives."""

    @wraps(act)
    async def done(
        desk: Desk, visitor: Visitor, merchant_id: str, *given: Given.args, **named: Given.kwargs
    ) -> Result:
        there = await acting(desk, merchant_id)
        return await act(there, visitor, merchant_id, *given, **named)

    return done


async def sent_here(desk: Desk, merchant_id: str) -> None:
    """Raise `ServedElsewhere` where the host of another cell would have to send something."""
    if desk.others:
        try:
            there = await serving(desk, merchant_id)
        except NothingThere:
            return  # nobody knows it, here neither
        if there.cell != desk.cell:
            raise ServedElsewhere(there.cell)


def everywhere(
    change: Callable[Concatenate[Any, Given], Awaitable[Result]],
) -> Callable[Concatenate[Any, Given], Awaitable[Result]]:
    """Change what all cells have in common: in each of them, or in none when one is silent.

    A cell that has no such thing keeps having none. Raises `CellSilent` before anything is changed,
    `NotEverywhere` when one has refused it or gone silent meanwhile.
    """

    @wraps(change)
    async def made(desk: Any, *given: Given.args, **named: Given.kwargs) -> Result:
        others: tuple[Desk, ...] = getattr(desk, "others", ())
        if not others:
            return await change(desk, *given, **named)
        for one in others:
            await introduce(desk, one)
        result = await change(desk.one_by_one[0], *given, **named)
        left: list[str] = []
        for one in others:
            try:
                await change(one, *given, **named)
            except NothingThere:
                continue
            except NO_ANSWER as error:
                left.append(_silent(desk, one, error))
            except AnnulError as error:
                left.append(f"{one.cell} ({error})")
        if left:
            raise NotEverywhere(", ".join(left))
        return result

    return made


# People -----------------------------------------------------------------------------------------


async def introduce(desk: Desk, there: Desk) -> None:
    """Let a cell know, before somebody acts in it, who may, and who stands behind whom.

    Raises `CellSilent`.
    """
    if there.cell == desk.cell:
        return
    known = await _known(desk)
    try:
        for statement in known:
            await there.pool.execute(*statement)
    except NO_ANSWER as error:
        raise CellSilent(_silent(desk, there, error)) from error


async def share_people(desk: Desk) -> None:
    """Let every other cell know the same, so that each asks its own."""
    known = await _known(desk)
    for one in desk.others:
        with suppress(*NO_ANSWER):  # it hears of it once it is back
            for statement in known:
                await one.pool.execute(*statement)


async def _known(desk: Desk) -> tuple[tuple[Any, ...], ...]:
    """Give the statements with which another cell knows people, and makers of keys."""
    known: list[tuple[Any, ...]] = []
    for asked, know, names in _OF_PEOPLE:
        rows = await desk.pool.fetch(*_SQL[asked]())
        columns = {name: [row[name] for row in rows] for name in names}
        known.append(_SQL[know](**columns))
    return tuple(known)


# Answers put together ---------------------------------------------------------------------------


def added(answers: list[Any]) -> Any:
    """Add counts: numbers, or by name."""
    if isinstance(answers[0], dict):
        return {name: sum(one.get(name) or 0 for one in answers) for name in answers[0]}
    return sum(answers)


def joined(answers: list[Any]) -> Any:
    """Put lists behind each other."""
    return [row for one in answers for row in one]


def counted(answers: list[dict[str, int]]) -> dict[str, int]:
    """Add counts by names that not every cell has."""
    names = {name for one in answers for name in one}
    return {name: sum(one.get(name, 0) for one in answers) for name in names}


def of_one(key: str, most: int) -> Callable[[list[Any]], Any]:
    """Put lists together in which each thing of a key stands once, in the order of the key."""

    def put(answers: list[Any]) -> Any:
        rows = {row[key]: row for one in reversed(answers) for row in one}
        return [rows[key] for key in sorted(rows)][:most]

    return put


def paged(
    listings: Iterable[Listing], limit: int, keys: Sequence[str], *, falling: bool
) -> Listing:
    """Make one page of the same page of each cell: they go on from the same row."""
    pages = list(listings)
    if len(pages) == 1:
        return pages[0]
    # One that moves is in two cells, until what it left is cleared.
    rows = sorted(
        {row["id"]: row for page in pages for row in page.rows}.values(),
        key=lambda row: tuple(row[key] for key in (*keys, "id")),
        reverse=falling,
    )
    more = len(rows) > limit or any(page.following for page in pages)
    # One row too many says that there is a next page.
    return keyed([*rows[: limit + 1], *rows[-1:]] if more else rows, min(limit, len(rows)), keys)
