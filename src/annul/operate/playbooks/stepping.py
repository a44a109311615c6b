"""One step of a run at a time: by annul itself, or by a person. Each is one commit.

What a step does, its line in the journal, its event in the incident's timeline and where the run
stands then are written together, in the caller's transaction, by whoever holds the run.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid5

import asyncpg

from annul.domain.errors import AnnulError
from annul.domain.heads import EventKind
from annul.domain.playbooks import (
    RunState,
    Step,
    StepBy,
    StepKind,
    StepState,
    Value,
    done_by,
    filled,
    spoken,
)
from annul.domain.text import Text
from annul.operate.incidents.keeping import HeadEvent, tell
from annul.operate.incidents.keeping import hold as hold_heads

from .acts import ACTS, Doing
from .keeping import (
    Entry,
    Run,
    Standing,
    add,
    head_of,
    keep,
)
from .looks import LOOKS, UNTILS, Looking, Seen

# What a look or an act may raise of what it was given: the run then waits for a person.
REFUSED: Final = (AnnulError, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
_POLL: Final = timedelta(seconds=5)  # between two looks at what is waited for


class NotNow(AnnulError):
    """The run does not stand at this step, or it takes something else. Nothing was changed."""

    code = "playbooks.not_now"
    next_step = "Look at the run again, and act on the step where it stands."


class Hand(NamedTuple):
    """Who acts, when, why; `who` empty: annul itself."""

    now: datetime
    who: str = ""
    reason: str = ""


# By annul -----------------------------------------------------------------------------------------


async def carry(connection: Any, now: Standing, at: datetime) -> tuple[Standing, bool]:
    """Do what comes next without a person; says whether to go on at once."""
    hand, step = Hand(at), now.step
    if now.run.state != RunState.RUNNING or step is None or by_whom(now, step) is StepBy.PERSON:
        return now, False
    try:
        async with connection.transaction():
            if step.kind is StepKind.WAIT:
                return await _wait(connection, now, step, hand)
            return await do_step(connection, now, step, hand), True
    except REFUSED as error:
        return await _failed(connection, now, step, hand, said_of(error)), False


async def _wait(connection: Any, now: Standing, step: Step, hand: Hand) -> tuple[Standing, bool]:
    until = UNTILS.get(step.until)
    ends = now.run.since + timedelta(seconds=step.seconds)
    if until is None:
        if hand.now >= ends:
            return await end_step(connection, now, step, StepState.DONE, hand, {}), True
        return await kept(connection, now, next_at=ends), False
    seen = await look(connection, until.look, now, step, hand.now)
    if seen.word in until.words:
        result = {"word": seen.word, "facts": dict(seen.facts)}
        return await end_step(connection, now, step, StepState.DONE, hand, result), True
    if hand.now >= ends:
        why = f"{step.until}: {seen.word}"
        return await _failed(connection, now, step, hand, why), False
    return await kept(connection, now, next_at=min(hand.now + _POLL, ends)), False


# What they share ----------------------------------------------------------------------------------


def by_whom(now: Standing, step: Step) -> StepBy:
    """Say who does a step of this run."""
    return done_by(step, has_incident=now.run.head_id is not None)


def over(now: Standing, step: Step) -> bool:
    """Say whether a step was done or skipped."""
    return step.id in now.ended


def stands_at(now: Standing, step: Step, *states: RunState) -> None:
    """Raise `NotNow` unless the run stands at a step, in one of these states."""
    where = now.step
    if now.run.state not in states or where is None or where.id != step.id:
        raise NotNow


async def look(connection: Any, name: str, now: Standing, step: Step, at: datetime) -> Seen:
    """Take a look for a run."""
    head = await head_of(connection, now.run)
    return await LOOKS[name].ask(
        Looking(connection, at, _args(now, step), head[0] if head else None)
    )


def _args(now: Standing, step: Step) -> dict[str, Value]:
    answers = now.answers
    return {name: filled(value, now.run.given, answers) for name, value in step.args.items()}


async def doing_of(
    connection: Any, now: Standing, step: Step, hand: Hand, confirmed_by: str = ""
) -> Doing:
    """Give an act what it is done with; its id is made of run and step."""
    reason = hand.reason or now.run.reason
    return Doing(
        connection,
        uuid5(now.run.id, step.id),
        hand.now,
        _args(now, step),
        hand.who,
        f"{now.run.number} {step.id}: {reason}".strip(": "),
        confirmed_by,
        await head_of(connection, now.run),
    )


async def do_step(
    connection: Any, now: Standing, step: Step, hand: Hand, confirmed_by: str = ""
) -> Standing:
    """Do a look, an act or a notice, and go on."""
    result: dict[str, Any]
    if step.kind is StepKind.LOOK:
        seen = await look(connection, step.do, now, step, hand.now)
        result = {"word": seen.word, "facts": dict(seen.facts)}
    elif step.kind is StepKind.ACT:
        doing = await doing_of(connection, now, step, hand, confirmed_by)
        result = await ACTS[step.do].do(doing)
    else:
        text = spoken(step.text, now.run.given, now.answers)
        channels = now.run.head_id is not None and step.by is StepBy.ANNUL
        result = {"text": text._asdict(), "to": "channels" if channels else "read_out"}
        if channels:
            said = {"text": text._asdict()}
            await event(connection, now.run, EventKind.PLAYBOOK_TOLD, hand, said)
    return await end_step(connection, now, step, StepState.DONE, hand, result, confirmed_by)


async def end_step(
    connection: Any,
    now: Standing,
    step: Step,
    state: StepState,
    hand: Hand,
    result: Mapping[str, Any],
    confirmed_by: str = "",
) -> Standing:
    """Write down how a step has ended, and go on."""
    line = Entry(
        0,
        step.id,
        state,
        hand.now,
        hand.who,
        dual=step.dual and state is StepState.DONE,
        confirmed_by=confirmed_by,
        result=result,
        reason=hand.reason,
    )
    now = await add(connection, now, line)
    await tell_step(connection, now.run, step, state, hand)
    return await goes_on(connection, now, hand)


async def goes_on(connection: Any, now: Standing, hand: Hand) -> Standing:
    """Say where a run stands now, and whether it waits for a person or is done."""
    step = now.step
    if step is None:
        run = now.run._replace(state=RunState.DONE, step="", why="", ended_at=hand.now)
        await keep(connection, run)
        await event(connection, run, EventKind.PLAYBOOK_ENDED, hand, how(RunState.DONE.text))
        return now._replace(run=run)
    person = by_whom(now, step) is StepBy.PERSON
    return await kept(
        connection,
        now,
        state=RunState.WAITING if person else RunState.RUNNING,
        step=step.id,
        since=hand.now,
        next_at=hand.now,
        why="",
    )


def said_of(error: Exception) -> str:
    """Say why something failed; what the database says may name values, so only what it is."""
    return str(error) if isinstance(error, AnnulError) else type(error).__name__


async def _failed(connection: Any, now: Standing, step: Step, hand: Hand, why: str) -> Standing:
    """Keep that annul could not do it, and wait for a person."""
    line = Entry(0, step.id, StepState.FAILED, hand.now, hand.who, result={"why": why})
    now = await add(connection, now, line)
    await tell_step(connection, now.run, step, StepState.FAILED, hand)
    return await kept(connection, now, state=RunState.WAITING, why=why)


async def kept(connection: Any, now: Standing, **changes: Any) -> Standing:
    """Change a run."""
    run = now.run._replace(**changes)
    await keep(connection, run)
    return now._replace(run=run)


async def tell_step(connection: Any, run: Run, step: Step, state: StepState, hand: Hand) -> None:
    """Let the incident know what has become of a step."""
    said = {"step": step.title._asdict(), **how(state.text)}
    await event(connection, run, EventKind.PLAYBOOK_STEP, hand, said)


def how(text: Text) -> dict[str, Any]:
    """Say how, as an event has it."""
    return {"how": text._asdict()}


async def event(
    connection: Any, run: Run, kind: EventKind, hand: Hand, said: Mapping[str, Any]
) -> None:
    """Add an event to the timeline of the run's incident, where it has one."""
    head = await head_of(connection, run)
    if head is None:
        return
    await hold_heads(connection, [head])
    params = {"run": run.number, **said}
    await tell(connection, [HeadEvent(*head, hand.now, kind, hand.who, params)])
