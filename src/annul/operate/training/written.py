"""The courses that annul brings along: one TOML file each, read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annul.domain.courses import Choice, Course, Lesson, Question, Task
from annul.domain.errors import AnnulError
from annul.domain.text import Text

from .checks import CHECKS
from .required import NAMES

_LEAST: Final = 2  # answers to choose from


class CourseNotReadable(AnnulError):
    """A course is not written as one has to be, so it cannot be given."""

    code = "training.not_readable"
    next_step = "Correct what is named in the file of the course."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Said(_Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    @property
    def text(self) -> Text:
        return Text(self.zh.strip(), self.en.strip())


_Name = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,30}$")]


class _Choice(_Strict):
    says: _Said
    why: _Said
    right: bool = False


class _Question(_Strict):
    id: _Name
    ask: _Said
    choices: list[_Choice] = Field(min_length=_LEAST)


class _Task(_Strict):
    id: _Name
    title: _Said
    do: _Said
    check: str
    minutes: int = Field(ge=1, le=60)
    hint: _Said
    place: str = Field("", pattern=r"^(/[a-z/?=&-]*)?$")
    enter: _Said | None = None


class _Lesson(_Strict):
    id: _Name
    title: _Said
    text: _Said
    tasks: list[_Task] = []
    questions: list[_Question] = []


class _Course(_Strict):
    name: _Name
    version: int = Field(ge=1)
    audience: str
    title: _Said
    about: _Said
    valid_days: int = Field(ge=30, le=3650)
    lessons: list[_Lesson] = Field(min_length=1)


def parse(text: str) -> Course:
    """Read a course; raises `CourseNotReadable`, which says what is wrong and where."""
    try:
        course = _made(_Course.model_validate(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise CourseNotReadable(str(error)) from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        message = f"{where}: {fault['msg']}"
        raise CourseNotReadable(message) from error
    for wrong in _faults(course):
        raise CourseNotReadable(wrong)
    return course


def _faults(course: Course) -> Any:
    """Name what no shape can hold."""
    parts = course.parts
    for name in sorted({one for one in parts if parts.count(one) > 1}):
        yield f"{name}: this id stands twice"
    if not course.tasks:
        yield "a course needs a task: questions alone prove nothing"
    for task in course.tasks.values():
        check = CHECKS.get(task.check)
        if check is None:
            yield f"{task.id}: there is no check {task.check}"
        elif check.given is not bool(task.enter.en):
            yield f"{task.id}: enter goes with checks that hold it against the truth"
    for question in course.questions.values():
        if sum(choice.right for choice in question.choices) != 1:
            yield f"{question.id}: one answer is right"


def _made(read: _Course) -> Course:
    return Course(
        read.name,
        read.version,
        read.audience,
        read.title.text,
        read.about.text,
        read.valid_days,
        tuple(_lesson(one) for one in read.lessons),
    )


def _lesson(read: _Lesson) -> Lesson:
    tasks = tuple(
        Task(
            one.id,
            one.title.text,
            one.do.text,
            one.check,
            one.minutes,
            one.hint.text,
            one.place,
            one.enter.text if one.enter else Text("", ""),
        )
        for one in read.tasks
    )
    questions = tuple(
        Question(
            one.id,
            one.ask.text,
            tuple(Choice(each.says.text, each.why.text, each.right) for each in one.choices),
        )
        for one in read.questions
    )
    return Lesson(read.id, read.title.text, read.text.text, tasks, questions)


@cache
def courses() -> dict[str, Course]:
    """Give all courses by name, in the order in which they are told."""
    folder = files("annul.operate.training") / "courses"
    return {name: parse((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in NAMES}
