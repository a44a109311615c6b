"""Courses: lessons with tasks that are proved by what was done, and how far somebody has come.

What counts is what was done since the last certificate of the course; one that has ended, or ends
soon, can be earned anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from .text import Text

ANEW: Final = timedelta(days=60)  # before a certificate ends: from then on it can be earned anew


class Task(NamedTuple):
    """Something to do, where (`place` in the console), and the `check` that proves it.

    `enter` names what is to be typed in as well, which the check holds against the truth; empty
    where nothing is. `minutes` is about how long it takes.
    """

    id: str
    title: Text
    do: Text
    check: str
    minutes: int
    hint: Text
    place: str = ""
    enter: Text = Text("", "")


class Choice(NamedTuple):
    """An answer that can be chosen, and why it is right or wrong."""

    says: Text
    why: Text
    right: bool = False


class Question(NamedTuple):
    """A question with answers of which one is right."""

    id: str
    ask: Text
    choices: Sequence[Choice]


class Lesson(NamedTuple):
    """A text (short Markdown), what to do, and what is asked."""

    id: str
    title: Text
    text: Text
    tasks: Sequence[Task] = ()
    questions: Sequence[Question] = ()


class Course(NamedTuple):
    """A course for a role; another `version` of it is done from the start."""

    name: str
    version: int
    audience: str
    title: Text
    about: Text
    valid_days: int
    lessons: Sequence[Lesson]

    @property
    def tasks(self) -> dict[str, Task]:
        """The tasks, by id."""
        return {task.id: task for lesson in self.lessons for task in lesson.tasks}

    @property
    def questions(self) -> dict[str, Question]:
        """The questions, by id."""
        return {one.id: one for lesson in self.lessons for one in lesson.questions}

    @property
    def parts(self) -> tuple[str, ...]:
        """What is to be done: the ids of tasks and questions, in order."""
        return tuple(
            one.id for lesson in self.lessons for one in (*lesson.tasks, *lesson.questions)
        )

    @property
    def minutes(self) -> int:
        """About how long it takes."""
        return sum(task.minutes for task in self.tasks.values())


class Certificate(NamedTuple):
    """That somebody has finished a course."""

    number: str
    person: str
    course: str
    version: int
    at: datetime
    valid_until: datetime

    def holds(self, at: datetime) -> bool:
        """Say whether it is valid at a time."""
        return self.at <= at < self.valid_until


class Part(NamedTuple):
    """How far somebody is with a task or question; `evidence` is what proved it."""

    id: str
    begun_at: datetime
    done_at: datetime | None = None
    evidence: Mapping[str, Any] = {}


class Progress(NamedTuple):
    """How far somebody is with a course: what counts of it, and the last certificate.

    `open`: there is something to do; else the certificate is good for a while.
    """

    course: Course
    parts: Mapping[str, Part]
    certificate: Certificate | None
    open: bool

    @property
    def done(self) -> int:
        """How many tasks and questions are done."""
        return sum(part.done_at is not None for part in self.parts.values())

    @property
    def of(self) -> int:
        """How many there are."""
        return len(self.course.parts)

    @property
    def complete(self) -> bool:
        """Whether everything is done that a new certificate needs."""
        return self.open and self.done == self.of


def progress(
    course: Course, parts: Iterable[Part], held: Iterable[Certificate], now: datetime
) -> Progress:
    """Say how far somebody is with a course.

    `parts` are of this version, `held` are their certificates of the course in any version. What a
    certificate was given for does not count for the next one; it is shown until that can be earned.
    """
    last = max(held, key=lambda one: one.at, default=None)
    known = {part.id: part for part in parts if part.id in course.parts}
    good = last is not None and last.version == course.version and last.valid_until - ANEW > now
    if last is None or good:
        return Progress(course, known, last, open=not good)
    since = {
        name: part
        for name, part in known.items()
        if part.begun_at > last.at and (part.done_at is None or part.done_at > last.at)
    }
    return Progress(course, since, last, open=True)


def missing(required: Collection[str], held: Iterable[Certificate], at: datetime) -> list[str]:
    """Name the courses that are required and of which no certificate is valid at a time."""
    valid = {one.course for one in held if one.holds(at)}
    return sorted(set(required) - valid)
