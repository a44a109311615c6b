"""What people do in a run: do a step, answer, propose, confirm, skip, stop, undo.

A step that has ended has no second effect, so that whoever asks again hears how it stands.
"""

from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.domain.heads import EventKind
from annul.domain.playbooks import LIVE, RunState, Step, StepKind, StepState, Takes, Value

from .keeping import Entry, Standing, add, keep
from .stepping import (
    Hand,
    NotNow,
    do_step,
    end_step,
    event,
    how,
    kept,
    over,
    stands_at,
    tell_step,
)

_ANSWER: Final = 500  # characters of an answer in words


class NoAnswer(AnnulError):
    """This is no answer to the question. Nothing was changed."""

    code = "playbooks.no_answer"
    next_step = "Give one of the choices, or what the step takes."


async def perform(connection: Any, now: Standing, step: Step, hand: Hand) -> Standing:
    """Let a person do the step where the run stands; what has ended has no second effect.

    What annul failed at is tried again; a wait begins anew. Raises `NotNow` and what the act says.
    """
    if over(now, step):
        return now
    stands_at(now, step, RunState.WAITING)
    if step.dual or step.kind is StepKind.ASK:
        raise NotNow
    if step.kind is StepKind.WAIT:
        return await kept(
            connection, now, state=RunState.RUNNING, since=hand.now, next_at=hand.now, why=""
        )
    return await do_step(connection, now, step, hand)


async def answer(connection: Any, now: Standing, step: Step, value: Value, hand: Hand) -> Standing:
    """Answer the question at which the run stands. Raises `NotNow` and `NoAnswer`."""
    if over(now, step):
        return now
    stands_at(now, step, RunState.WAITING)
    if step.kind is not StepKind.ASK:
        raise NotNow
    said = answered(step, value)
    return await end_step(connection, now, step, StepState.DONE, hand, {"answer": said})


def answered(step: Step, value: Value) -> Value:
    """Take an answer as what the step takes; raises `NoAnswer`."""
    if step.takes is Takes.CHOICE:
        if value not in step.choices:
            message = f"{value!r} is none of {', '.join(step.choices)}"
            raise NoAnswer(message)
        return value
    if step.takes in {Takes.NUMBER, Takes.AMOUNT}:
        number = int(value) if str(value).isascii() and str(value).isdigit() else 0
        if number <= 0:
            raise NoAnswer
        return number
    said = str(value).strip()
    if not 0 < len(said) <= _ANSWER or "{" in said:
        raise NoAnswer
    return said


async def propose(connection: Any, now: Standing, step: Step, hand: Hand) -> Standing:
    """Propose an act that takes two people; once. Raises `NotNow`."""
    before = now.proposal(step.id)
    if over(now, step) or (before is not None and before.who == hand.who):
        return now
    stands_at(now, step, RunState.WAITING)
    if not step.dual or before is not None:
        raise NotNow
    line = Entry(0, step.id, StepState.PROPOSED, hand.now, hand.who, dual=True, reason=hand.reason)
    now = await add(connection, now, line)
    await tell_step(connection, now.run, step, StepState.PROPOSED, hand)
    return now


async def confirm(connection: Any, now: Standing, step: Step, hand: Hand) -> Standing:
    """Do what somebody else has proposed. Raises `NotNow`; that it is another person is known."""
    if over(now, step):
        return now
    stands_at(now, step, RunState.WAITING)
    proposed = now.proposal(step.id)
    if proposed is None:
        raise NotNow
    first = Hand(hand.now, proposed.who, proposed.reason)
    return await do_step(connection, now, step, first, confirmed_by=hand.who)


async def skip(connection: Any, now: Standing, step: Step, hand: Hand) -> Standing:
    """Go on without a step. Raises `NotNow`."""
    if over(now, step):
        return now
    stands_at(now, step, *LIVE)
    return await end_step(connection, now, step, StepState.SKIPPED, hand, {})


async def stop(connection: Any, now: Standing, hand: Hand) -> Standing:
    """Go on no more; what was done stays. A run that has ended stays as it is."""
    if now.run.state not in LIVE:
        return now
    run = now.run._replace(state=RunState.STOPPED, ended_at=hand.now, why="")
    await keep(connection, run)
    said = how(RunState.STOPPED.text) | {"why": hand.reason}
    await event(connection, run, EventKind.PLAYBOOK_ENDED, hand, said)
    return now._replace(run=run)


async def undo(connection: Any, now: Standing, hand: Hand) -> Standing:
    """Begin to undo what was done, the last first; annul carries it out."""
    if now.run.state in {RunState.UNDOING, RunState.UNDONE}:
        return now
    return await kept(
        connection,
        now,
        state=RunState.UNDOING,
        step="",
        why="",
        next_at=hand.now,
        ended_at=None,
        undone_by=hand.who,
    )
