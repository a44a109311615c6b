"""Training: one's courses, what proves their tasks, certificates, and how far everybody is."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from annul.domain.courses import Certificate, Course, Progress, Question, Task
from annul.domain.errors import AnnulError
from annul.operate.training import keeping
from annul.operate.training.checks import CHECKS, proof
from annul.operate.training.here import courses_here
from annul.operate.training.printed import printed as as_pdf

from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotAllowed
from .roles import Scope, Visitor

FINISHED = "finish-course"


class TrainedElsewhere(AnnulError):
    """Tasks are done in a sandbox, and this is none. Nothing was changed."""

    code = "training.elsewhere"
    next_step = "Go to the sandbox: annul training open starts one."


class NotAsItIs(AnnulError):
    """That is not what stands there. Nothing was changed."""

    code = "training.not_as_it_is"
    next_step = "Read it once more: it has to be of what you did after the task began."


class PersonProgress(NamedTuple):
    """How far somebody is; no role: no user here."""

    name: str
    role: str
    courses: Sequence[Progress]


# Questions --------------------------------------------------------------------------------------


async def mine(desk: Desk, visitor: Visitor) -> list[Progress]:
    """Give the courses of one's role, and others that one has begun. Raises `NotAllowed`."""
    _person(visitor)
    return await _standing(desk, visitor.name, visitor.role)


async def everybody(desk: Desk, visitor: Visitor) -> list[PersonProgress]:
    """Say how far everybody is who has begun a course. Raises `NotAllowed`."""
    if visitor.merchant_id or not visitor.may(Scope.AUDIT):
        raise NotAllowed
    return [
        PersonProgress(one.name, one.role, await _standing(desk, one.name, one.role))
        for one in await keeping.people(desk.pool)
    ]


async def _standing(desk: Desk, name: str, role: str) -> list[Progress]:
    courses = await courses_here(desk.pool)
    found = await keeping.standing(desk.pool, name, courses, desk.clock.now())
    return [
        far
        for far in found.values()
        if far.course.audience == role or far.parts or far.certificate is not None
    ]


async def certificate(desk: Desk, visitor: Visitor, number: str) -> tuple[Certificate, Course]:
    """Give a certificate by its number; in a shop one of its people. Raises `NothingThere`."""
    held, merchant = await keeping.certificate(desk.pool, number) or (None, "")
    courses = await courses_here(desk.pool)
    if held is None or held.course not in courses or not visitor.sees(merchant):
        message = f"there is no certificate {number[:20]}"
        raise NothingThere(message)
    return held, courses[held.course]


async def printed(desk: Desk, visitor: Visitor, number: str) -> bytes:
    """Give a certificate as a file (PDF). Raises `NothingThere`."""
    held, course = await certificate(desk, visitor, number)
    async with desk.statements:
        return await asyncio.to_thread(as_pdf, held, course, desk.zone)


# Acts -------------------------------------------------------------------------------------------


async def look(desk: Desk, visitor: Visitor, course: str) -> Progress:
    """See what is proved by now, and say how far one is. Raises `NotAllowed`, `NothingThere`.

    In a sandbox what was done since a task was begun is looked for; once all is done there is a
    certificate.
    """
    far = await _far(desk, visitor, course)
    if not desk.training.sandbox or not far.open:
        return far
    while await _proved(desk, visitor, far):
        far = await _far(desk, visitor, course)
    return await _certified(desk, visitor, far)


async def begin(desk: Desk, visitor: Visitor, course: str, task: str) -> None:
    """Begin a task: what is done from now on proves it.

    Raises `NotAllowed`, `NothingThere` and `TrainedElsewhere`.
    """
    far = await _open(desk, visitor, course)
    _task(far, task)
    await keeping.begin(desk.pool, visitor.name, far, task, desk.clock.now())


async def enter(desk: Desk, visitor: Visitor, course: str, task: str, given: str) -> None:
    """Hold what was typed in against the truth.

    Raises `NotAsItIs`, `NotAllowed`, `NothingThere` and `TrainedElsewhere`.
    """
    far = await _open(desk, visitor, course)
    wanted, begun = _task(far, task), far.parts.get(task)
    if begun is None or not CHECKS[wanted.check].given:
        raise NotAsItIs
    if begun.done_at is not None:
        return
    found = await proof(desk.pool, wanted.check, visitor.name, begun.begun_at, given)
    if found is None:
        raise NotAsItIs
    await _done(desk, visitor, far, task, found)


async def answer(desk: Desk, visitor: Visitor, course: str, question: str, choice: int) -> bool:
    """Take an answer to a question, by its place; say whether it is right.

    Raises `NotAllowed`, `NothingThere` and `TrainedElsewhere`.
    """
    far = await _open(desk, visitor, course)
    choices = _question(far, question).choices
    if not 0 <= choice < len(choices):
        message = f"question {question} has no such answer"
        raise NothingThere(message)
    if choices[choice].right:
        await keeping.begin(desk.pool, visitor.name, far, question, desk.clock.now())
        await _done(desk, visitor, far, question, {"choice": choice})
    return choices[choice].right


# Inside -----------------------------------------------------------------------------------------


def _person(visitor: Visitor) -> None:
    if not visitor.role or visitor.step:
        raise NotAllowed


async def _far(desk: Desk, visitor: Visitor, course: str) -> Progress:
    _person(visitor)
    courses = await courses_here(desk.pool)
    if course not in courses:
        message = f"there is no course {course[:40]}"
        raise NothingThere(message)
    one = {course: courses[course]}
    return (await keeping.standing(desk.pool, visitor.name, one, desk.clock.now()))[course]


async def _open(desk: Desk, visitor: Visitor, course: str) -> Progress:
    far = await _far(desk, visitor, course)
    if not desk.training.sandbox:
        raise TrainedElsewhere
    return far


def _task(far: Progress, task: str) -> Task:
    found = far.course.tasks.get(task)
    if found is None:
        message = f"course {far.course.name} has no task {task[:40]}"
        raise NothingThere(message)
    return found


def _question(far: Progress, question: str) -> Question:
    found = far.course.questions.get(question)
    if found is None:
        message = f"course {far.course.name} has no question {question[:40]}"
        raise NothingThere(message)
    return found


async def _proved(desk: Desk, visitor: Visitor, far: Progress) -> bool:
    """Keep what proves tasks that were begun; say whether there was any."""
    found = False
    for name, task in far.course.tasks.items():
        part = far.parts.get(name)
        if part is None or part.done_at is not None or CHECKS[task.check].given:
            continue
        evidence = await proof(desk.pool, task.check, visitor.name, part.begun_at)
        if evidence is not None:
            await _done(desk, visitor, far, name, evidence)
            found = True
    return found


async def _done(
    desk: Desk, visitor: Visitor, far: Progress, part: str, evidence: Mapping[str, Any]
) -> None:
    """Keep what proved a part, and begin the next task of its lesson.

    That one counts from the same moment: it may be about what this one was done by.
    """
    async with desk.pool.acquire() as connection, connection.transaction():
        now = desk.clock.now()
        if not await keeping.done(connection, visitor.name, far.course, part, evidence, now):
            return
        for following in _following(far, part):
            since = far.parts[part].begun_at
            await keeping.begin(connection, visitor.name, far, following, since)


def _following(far: Progress, part: str) -> list[str]:
    """Give the task after this one in its lesson, unless it has begun; of a question nothing."""
    for lesson in far.course.lessons:
        names = [task.id for task in lesson.tasks]
        if part in names[:-1]:
            following = names[names.index(part) + 1]
            return [] if following in far.parts else [following]
    return []


async def _certified(desk: Desk, visitor: Visitor, far: Progress) -> Progress:
    if not far.complete:
        return far
    async with desk.pool.acquire() as connection, connection.transaction():
        now = desk.clock.now()
        made = await keeping.certify(connection, visitor.name, far.course, now)
        if made is not None:
            thing = f"certificate {made.number}"
            detail = {"course": made.course, "version": made.version}
            await audit(connection, visitor, now, FINISHED, thing, "", detail)
    return await _far(desk, visitor, far.course.name)
