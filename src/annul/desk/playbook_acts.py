"""What people do with playbooks: write one, start a run, and act at the step where it stands.

Each takes a role and, at a step, what that step asks for; it is kept in the audit log in one commit
with its effect. What has been done already is not done again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from annul.domain.playbook_flaws import BadPlaybook, flaw
from annul.domain.playbooks import Step, Value
from annul.operate.playbooks import by_people, keeping, starting
from annul.operate.playbooks.keeping import SQL, Standing
from annul.operate.playbooks.reading import parse
from annul.operate.playbooks.running import carry_on
from annul.operate.playbooks.starting import About, given_by
from annul.operate.playbooks.stepping import Hand, NotNow
from annul.operate.playbooks.undoing import undoable
from annul.resolve.second_person import second_person

from . import over_cells
from .audit import audit
from .desk import Desk, NothingThere
from .incident_acts import IncidentClosed
from .permission import NotAllowed, NotValid, changing, permit, staff
from .roles import Scope, Visitor

_NONE: Final = "no reason is asked for"  # what `permit` takes in its place
_Change = Callable[[Any, Standing, Step, Hand], Awaitable[Standing]]


# Written ------------------------------------------------------------------------------------------


async def write(desk: Desk, visitor: Visitor, text: str, reason: str, name: str = "") -> int:
    """Keep a new version of a playbook, in every cell; gives its number.

    Raises `BadPlaybook`, also where the text is of another `name` than the one that is meant.
    """
    staff(visitor)
    playbook = parse(text)
    if name and playbook.name != name:
        raise BadPlaybook([flaw("name", "shape", f"{playbook.name}, not {name}")])
    return await _write(desk, visitor, playbook.name, text, reason)


@over_cells.everywhere
async def _write(desk: Desk, visitor: Visitor, name: str, text: str, reason: str) -> int:
    now = desk.clock.now()
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        version = await keeping.write(connection, name, text, visitor.name, now, reason.strip())
        if not version:
            raise NotValid("somebody else has just written a version; look at it first")
        detail = {"version": version}
        thing = f"playbook {name}"
        await audit(connection, visitor, now, "write-playbook", thing, reason, detail)
    return version


# Started ------------------------------------------------------------------------------------------


async def start(
    desk: Desk,
    visitor: Visitor,
    name: str,
    given: Mapping[str, Value],
    reason: str,
    incident: str = "",
    act: UUID | None = None,
) -> str:
    """Start a run, of an incident or without; gives its number. `act` twice starts one.

    What it is about an incident knows; `given` goes before that. It is done in the cell that has
    the incident or the merchant, else in this one. Raises `NotGiven`, `AlreadyRuns`,
    `IncidentClosed`, `NothingThere`.
    """
    staff(visitor)
    merchant = str(given.get("merchant", ""))
    await permit(desk.pool, visitor, Scope.INCIDENTS_WRITE, reason)
    if incident:
        return await _start_of(desk, visitor, incident, name, given, reason, act)
    there = await over_cells.acting(desk, merchant) if merchant else desk
    return await _start(there, visitor, name, given, reason, act, None)


@over_cells.the_one_that_knows
async def _start_of(
    desk: Desk,
    visitor: Visitor,
    incident: str,
    name: str,
    given: Mapping[str, Value],
    reason: str,
    act: UUID | None,
) -> str:
    row = await desk.pool.fetchrow(*SQL["head_of"](number=incident))
    if row is None:
        message = f"there is no incident {incident}"
        raise NothingThere(message)
    if row["closed_at"] is not None:
        raise IncidentClosed
    said = {key: value for key, value in given.items() if value}
    about = given_by(row["scope"], row["member"], row["merchant_id"]) | said
    return await _start(
        desk, visitor, name, about, reason, act, About(row["id"], row["merchant_id"])
    )


async def _start(
    desk: Desk,
    visitor: Visitor,
    name: str,
    given: Mapping[str, Value],
    reason: str,
    act: UUID | None,
    head: About | None,
) -> str:
    hand = Hand(desk.clock.now(), visitor.name, reason.strip())
    async with changing(desk, visitor, Scope.INCIDENTS_WRITE, reason) as connection:
        written = await keeping.in_force_of(connection, name)
        now = await starting.begin(connection, written, given, hand, head, act)
        detail = {"playbook": name, "version": now.run.version, "given": dict(now.run.given)}
        thing = f"run {now.run.number}"
        await audit(connection, visitor, hand.now, "start-playbook", thing, reason, detail)
    await carry_on(desk.pool, desk.clock, now.run.key)
    return now.run.number


# At a step ----------------------------------------------------------------------------------------


async def answer(
    desk: Desk, visitor: Visitor, number: str, step: str, value: Value, reason: str = ""
) -> None:
    """Answer the question where the run stands. Raises `NotNow`, `NoAnswer`."""

    async def change(connection: Any, now: Standing, at: Step, hand: Hand) -> Standing:
        return await by_people.answer(connection, now, at, value, hand)

    await _act(desk, visitor, number, step, "answer-step", reason, change)


async def do(desk: Desk, visitor: Visitor, number: str, step: str, reason: str = "") -> None:
    """Do the step where the run stands, or say that it is done; what failed is tried again.

    Raises `NotNow`, and what the act says.
    """
    await _act(desk, visitor, number, step, "do-step", reason, by_people.perform)


async def propose(desk: Desk, visitor: Visitor, number: str, step: str, reason: str) -> None:
    """Propose the act where the run stands, which takes two people. Raises `NotNow`."""
    await _act(desk, visitor, number, step, "propose-step", reason, by_people.propose)


async def confirm(desk: Desk, visitor: Visitor, number: str, step: str, reason: str = "") -> None:
    """Confirm, and so do, what somebody else has proposed.

    Raises `SecondPersonNeeded`, `NotNow`, and what the act says.
    """

    async def change(connection: Any, now: Standing, at: Step, hand: Hand) -> Standing:
        proposed = now.proposal(at.id)
        if proposed is None:
            raise NotNow
        await second_person(connection, proposed.who, hand.who)
        return await by_people.confirm(connection, now, at, hand)

    await _act(desk, visitor, number, step, "confirm-step", reason, change)


async def skip(desk: Desk, visitor: Visitor, number: str, step: str, reason: str) -> None:
    """Go on without a step; the reason stands in the journal. Raises `NotNow`."""
    await _act(desk, visitor, number, step, "skip-step", reason, by_people.skip, needs_reason=True)


async def stop(desk: Desk, visitor: Visitor, number: str, reason: str) -> None:
    """Go on no more with a run; what was done stays until it is undone."""

    async def change(connection: Any, now: Standing, _step: Step, hand: Hand) -> Standing:
        return await by_people.stop(connection, now, hand)

    await _act(desk, visitor, number, "", "stop-playbook", reason, change, needs_reason=True)


async def undo(desk: Desk, visitor: Visitor, number: str, reason: str) -> None:
    """Undo what a run did, the last first; it takes what each of its acts takes."""

    async def change(connection: Any, now: Standing, _step: Step, hand: Hand) -> Standing:
        if not all(visitor.may(Scope(one.scope)) for one in undoable(now)):
            raise NotAllowed
        return await by_people.undo(connection, now, hand)

    await _act(desk, visitor, number, "", "undo-playbook", reason, change, needs_reason=True)


async def _act(
    desk: Desk,
    visitor: Visitor,
    number: str,
    step: str,
    action: str,
    reason: str,
    change: _Change,
    *,
    needs_reason: bool = False,
) -> None:
    staff(visitor)
    why = reason if needs_reason else reason.strip() or _NONE
    await permit(desk.pool, visitor, Scope.INCIDENTS_WRITE, why)
    await _there(desk, visitor, number, step, action, reason.strip(), change)


@over_cells.the_one_that_knows
async def _there(
    desk: Desk,
    visitor: Visitor,
    number: str,
    step: str,
    action: str,
    reason: str,
    change: _Change,
) -> None:
    async with desk.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(*SQL["find"](number=number))
        key = (row["id"], row["merchant_id"]) if row else None
        now = await keeping.hold(connection, key) if key else None
        if now is None:
            message = f"there is no run {number}"
            raise NothingThere(message)
        at = _step(now, visitor, step)
        hand = Hand(desk.clock.now(), visitor.name, reason)
        after = await change(connection, now, at, hand)
        if after == now:
            return
        detail = {"playbook": now.run.playbook} | ({"step": step} if step else {})
        thing = f"run {number}"
        await audit(connection, visitor, hand.now, action, thing, reason, detail)
    await carry_on(desk.pool, desk.clock, now.run.key)


def _step(now: Standing, visitor: Visitor, name: str) -> Step:
    """Find a step that the visitor may do; of a whole run any, which nobody looks at."""
    step = now.playbook.step(name) if name else now.playbook.steps[0]
    if step is None:
        message = f"run {now.run.number} has no step {name}"
        raise NotValid(message)
    if name and not visitor.may(Scope(step.scope)):
        raise NotAllowed
    return step
