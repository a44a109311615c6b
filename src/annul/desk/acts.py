"""Acts on a case, for console and API alike: by role, with a reason, above an amount by two."""

from collections.abc import Iterator
from typing import Any, Final, Protocol
from uuid import UUID

from annul.diagnose.causes import CAUSES
from annul.diagnose.lessons import Lessons
from annul.host.host import Host
from annul.resolve.case import Case
from annul.resolve.people import ACTIONS, AN_HOUR, Action, People, allowed
from annul.store.clock import Clock
from annul.store.sql import load

from . import over_cells
from .desk import Desk
from .permission import permit
from .roles import OF_A_SHOP, Scope, Visitor

_SQL: Final = load("annul.desk", "acts.sql")
_PROGRAM: str = "operator"  # what a key with `cases:act` may do
# What a shop may do with its own cases; all else takes `cases:act`.
_OF_SHOP: Final = {"withdraw": Scope.SHOP}


class Counter(Protocol):
    """Where acts are ordered: the desk, or the command line, beside a host or not."""

    @property
    def pool(self) -> Any:
        """The database."""
        ...

    @property
    def people(self) -> People:
        """What carries out what people decide."""
        ...

    @property
    def lessons(self) -> Lessons:
        """What closed cases have taught."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def host(self) -> Host | None:
        """The host of this process."""
        ...


def role_of(visitor: Visitor) -> str:
    """Give the role by which acts are judged."""
    return visitor.role or _PROGRAM


def possible(visitor: Visitor, case: Case) -> list[Action]:
    """Give what a visitor may do with a case as it is now."""
    if not visitor.sees(case.merchant_id):
        return []
    return [
        action
        for action in allowed(case, role_of(visitor), visitor.name)
        if visitor.may(_scope_of(visitor, action.name))
    ]


def suggested(visitor: Visitor, case: Case) -> Action | None:
    """Give the one act that gets the case on best; None when nothing is to be done."""
    may = {action.name: action for action in possible(visitor, case)}
    return next((may[name] for name in _suggestions(case, visitor.name) if name in may), None)


def _suggestions(case: Case, who: str) -> Iterator[str]:
    if case.ended:
        return
    if case.proposed:
        yield "recall" if case.proposed_by == who else case.proposed
    if case.assigned_to == who:
        cause = CAUSES.get(case.confirmed or case.cause)
        yield from ("retry", "refund") if cause is None or cause.retry_safe else ("refund", "retry")
        yield "hand-back"
    elif case.task:
        yield "take"
    yield from ("look", "withdraw")


def of_role(visitor: Visitor) -> list[Action]:
    """Give what a visitor may ever do with a case."""
    return [
        action
        for action in ACTIONS.values()
        if role_of(visitor) in action.roles and visitor.may(_scope_of(visitor, action.name))
    ]


def _scope_of(visitor: Visitor, name: str) -> Scope:
    """Say what it takes to do an act: less for a shop's people where it is about their own void."""
    return _OF_SHOP.get(name, Scope.CASES_ACT) if visitor.role in OF_A_SHOP else Scope.CASES_ACT


async def second_person_from(counter: Counter, merchant_id: str) -> int:
    """Give the amount in minor units from which on it takes two people."""
    there = await over_cells.serving(counter, merchant_id)
    return await there.pool.fetchval(*_SQL["limit"](merchant=merchant_id)) or 1


async def act(
    counter: Counter,
    visitor: Visitor,
    case: Case,
    name: str,
    reason: str,
    cause: str = "",
    minutes: int = AN_HOUR,
) -> str:
    """Do an act; gives `proposed` when it waits for a second person.

    Raises `ActionRefused`, `SecondPersonNeeded`, and `NotAllowed` for who may no longer.
    """
    await permit(counter.pool, visitor, _scope_of(visitor, name), reason, case.merchant_id)
    counter = await over_cells.acting(counter, case.merchant_id)
    limit = await second_person_from(counter, case.merchant_id)
    done = await counter.people.act(
        case,
        name,
        who=visitor.name,
        role=role_of(visitor),
        reason=reason,
        second_person_from=limit,
        now=counter.clock.now(),
        cause=cause,
        minutes=minutes,
    )
    if counter.host is not None:
        counter.host.failed.set()  # the resolver looks at once
    return done


async def undo_lesson(counter: Counter, visitor: Visitor, case_id: UUID, reason: str) -> int:
    """Take back what a case has taught, and keep who did and why; gives how many steps.

    Raises `NotAllowed` and `ReasonNeeded`.
    """
    await permit(counter.pool, visitor, Scope.ADMIN, reason)
    now, who = counter.clock.now(), (visitor.name, visitor.role, reason.strip())
    # The cell of the case takes it back; the others know nothing of it.
    return sum(await over_cells.each(counter, lambda one: one.lessons.undo(case_id, now, *who)))


@over_cells.together(over_cells.joined)
async def lessons(desk: Desk, limit: int) -> list[dict[str, Any]]:
    """Give what closed cases have taught, each cell's latest first."""
    return await desk.lessons.latest(limit)
