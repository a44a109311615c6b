"""Whether what annul advised has helped, as cashiers and support say with one tap."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.resolve.case import Case
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .cases import find
from .desk import Desk
from .permission import NotAllowed, NotValid, changing
from .roles import OF_A_SHOP, Scope, Visitor

_SQL: Final = load("annul.desk", "advice.sql")
_MAY_CHANGE: Final = timedelta(days=1)
_SAID: Final = {True: "the advice helped", False: "the advice did not help"}
NOT_KNOWN: Final = "unknown"  # the cause of what has not been diagnosed; it has its advice, too


class Answer(NamedTuple):
    """What somebody has said of a case; `until` when it may be changed."""

    helped: bool
    until: datetime


class Helped(NamedTuple):
    """How many said of an advice that it has helped."""

    cause: str
    reader: str
    helped: int
    answers: int


def may_answer(visitor: Visitor) -> bool:
    """Say whether a page asks somebody: people of shops, and those who work on cases."""
    return bool(visitor.role) and visitor.may(_scope(visitor))


def _scope(visitor: Visitor) -> Scope:
    return Scope.SHOP if visitor.role in OF_A_SHOP else Scope.CASES_ACT


async def answer(desk: Desk, visitor: Visitor, number: str, *, helped: bool) -> Answer:
    """Keep what somebody says of a case's advice: once, and to be changed for a day.

    A program passes on what a person has tapped in it, once for a case: a merchant's is a cashier.
    Raises `NothingThere`, `NotAllowed`, `NotValid`.
    """
    if not visitor.may(_scope(visitor)):
        raise NotAllowed
    case: Case = await find(desk, visitor, number)
    there = await over_cells.acting(desk, case.merchant_id)
    now, why = desk.clock.now(), _SAID[helped]
    statement = _SQL["answer"](
        merchant=case.merchant_id,
        case=case.id,
        who=visitor.name,
        cause=case.confirmed or case.cause or NOT_KNOWN,
        reader="cashier" if visitor.merchant_id else "support",
        helped=helped,
        now=now,
        since=now - _MAY_CHANGE,
    )
    scope = _scope(visitor)
    async with changing(there, visitor, scope, why, case.merchant_id) as connection:
        at = await connection.fetchval(*statement)
        if at is None:
            raise NotValid("an answer may be changed for a day")
        await audit(connection, visitor, now, "answer-advice", f"case {case.number}", why)
    return Answer(helped, at + _MAY_CHANGE)


def _every(answers: list[dict[UUID, Answer]]) -> dict[UUID, Answer]:
    return {case: one for cell in answers for case, one in cell.items()}


@over_cells.together(_every)
async def own(desk: Desk, visitor: Visitor, cases: Iterable[UUID]) -> dict[UUID, Answer]:
    """Give what somebody has said of some cases, by case."""
    rows = await desk.pool.fetch(*_SQL["own"](cases=list(cases), who=visitor.name))
    return {row["case_id"]: Answer(row["helped"], row["at"] + _MAY_CHANGE) for row in rows}


def _summed(answers: list[list[Helped]]) -> list[Helped]:
    every: list[Helped] = over_cells.joined(answers)
    sums: dict[tuple[str, str], Helped] = {}
    for one in every:
        key = (one.cause, one.reader)
        had = sums.get(key) or Helped(*key, helped=0, answers=0)
        both = {"helped": had.helped + one.helped, "answers": had.answers + one.answers}
        sums[key] = had._replace(**both)
    return sorted(sums.values(), key=lambda one: (-one.answers, one))


@over_cells.together(_summed)
async def helped(desk: Desk) -> list[Helped]:
    """Give how many said of each advice that it has helped, of all time; most answers first.

    It is of all merchants, so not for a merchant's people.
    """
    rows: list[Any] = await desk.pool.fetch(*_SQL["helped"]())
    return [Helped(**dict(row)) for row in rows]
