"""Acts of a run are undone, the last first, each once and in a commit of its own."""

from datetime import datetime, timedelta
from typing import Any, Final

from annul.domain.heads import EventKind
from annul.domain.playbooks import RunState, Step, StepState

from .acts import ACTS
from .keeping import Entry, Standing, add, keep
from .stepping import REFUSED, Hand, doing_of, event, how, kept, said_of, tell_step

_UNDO_AGAIN: Final = timedelta(seconds=30)
_UNDO_LONGEST: Final = timedelta(hours=1)


async def undo_next(connection: Any, now: Standing, at: datetime) -> tuple[Standing, bool]:
    """Undo what was done last and is not undone; says whether there is more."""
    hand = Hand(at, now.run.undone_by)
    undone = {one.step for one in now.journal if one.state == StepState.UNDONE}
    for entry in reversed(now.journal):
        step = now.playbook.step(entry.step)
        if entry.state != StepState.DONE or entry.step in undone or step is None or not step.undo:
            continue
        try:
            async with connection.transaction():
                return await _undo_one(connection, now, step, entry, hand), True
        except REFUSED as error:
            return await _undo_later(connection, now, step, hand, said_of(error)), False
    run = now.run._replace(state=RunState.UNDONE, step="", why="", ended_at=at)
    await keep(connection, run)
    await event(connection, run, EventKind.PLAYBOOK_ENDED, hand, how(RunState.UNDONE.text))
    return now._replace(run=run), False


async def _undo_one(
    connection: Any, now: Standing, step: Step, entry: Entry, hand: Hand
) -> Standing:
    undo = ACTS[step.do].undo
    result: dict[str, Any] = {}
    if undo is not None:
        doing = await doing_of(connection, now, step, hand)
        result = await undo(doing, entry.result)
    line = Entry(0, step.id, StepState.UNDONE, hand.now, hand.who, result=result)
    now = await add(connection, now, line)
    await tell_step(connection, now.run, step, StepState.UNDONE, hand)
    return await kept(connection, now, next_at=hand.now, why="")


async def _undo_later(connection: Any, now: Standing, step: Step, hand: Hand, why: str) -> Standing:
    failed = sum(one.state == StepState.FAILED and one.step == step.id for one in now.journal)
    line = Entry(0, step.id, StepState.FAILED, hand.now, hand.who, result={"why": why})
    now = await add(connection, now, line)
    later = min(_UNDO_AGAIN * 2 ** min(failed, 10), _UNDO_LONGEST)
    return await kept(connection, now, next_at=hand.now + later, why=why)


def undoable(now: Standing) -> list[Step]:
    """Give the acts that an undo would take back, in its order."""
    undone = {one.step for one in now.journal if one.state == StepState.UNDONE}
    done = [one.step for one in now.journal if one.state == StepState.DONE]
    steps = [now.playbook.step(name) for name in reversed(done) if name not in undone]
    return [step for step in steps if step is not None and step.undo]
