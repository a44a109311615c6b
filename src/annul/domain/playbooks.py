"""Emergency plans that run: a playbook, its steps, and which step comes next. Pure.

A playbook is written as TOML (`annul.operate.playbooks.reading`), checked against what annul can
look at and do (`playbook_checks.py`), and carried on by any process (`annul.operate.playbooks`).
A step's condition names earlier steps alone, so that every run ends, whatever is answered.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from .text import Text

Value: TypeAlias = str | int
PLACE: Final = re.compile(r"\{(\w+(?:\.\w+)?)\}")
ANSWER: Final = "answer."  # before the step whose answer a place stands for
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TEST: Final = re.compile(r"\s*(\w+)\s*(==|!=)\s*(\w+)\s*")


class StepKind(StrEnum):
    """What a step does."""

    LOOK = "look"  # a question to the database, whose answer is a word and figures
    ACT = "act"  # annul changes something, once
    ASK = "ask"  # a person answers
    TELL = "tell"  # a notice goes out, or a person says it to somebody
    WAIT = "wait"  # for a time, or until something is so

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _KINDS[self]


_KINDS: Final[Mapping[StepKind, Text]] = {
    StepKind.LOOK: Text("查看", "look"),
    StepKind.ACT: Text("执行", "act"),
    StepKind.ASK: Text("询问", "ask"),
    StepKind.TELL: Text("通知", "tell"),
    StepKind.WAIT: Text("等待", "wait"),
}


class StepBy(StrEnum):
    """Who does a step."""

    ANNUL = "annul"  # by itself, as soon as the run comes to it
    PERSON = "person"


class Takes(StrEnum):
    """What an argument or an answer is."""

    ISSUER = "issuer"
    MERCHANT = "merchant"
    TERMINAL = "terminal"
    NUMBER = "number"
    AMOUNT = "amount"  # minor units
    TEXT = "text"
    CHOICE = "choice"  # of an answer: one of the step's `choices`


# What a run may be about: each is given when it is started, or known of its incident.
PLACES: Final[Mapping[str, Text]] = {
    Takes.ISSUER: Text("发卡行", "issuer"),
    Takes.MERCHANT: Text("商户", "merchant"),
    Takes.TERMINAL: Text("终端", "terminal"),
}


class Who(StrEnum):
    """Whom a playbook names to be spoken with."""

    ISSUER_HOTLINE = "issuer_hotline"
    ISSUER_DUTY = "issuer_duty"
    NETWORK = "network"
    OWN = "own"
    MERCHANT = "merchant"
    POLICE = "police"

    @property
    def text(self) -> Text:
        """Their name for people."""
        return _WHO[self]


_WHO: Final[Mapping[Who, Text]] = {
    Who.ISSUER_HOTLINE: Text("发卡行客服热线", "issuer's hotline"),
    Who.ISSUER_DUTY: Text("发卡行值班室", "issuer's duty desk"),
    Who.NETWORK: Text("卡组织（清算机构）值班", "card network"),
    Who.OWN: Text("本机构人员", "own people"),
    Who.MERCHANT: Text("商户", "merchant"),
    Who.POLICE: Text("公安机关", "police"),
}


class Test(NamedTuple):
    """One part of a condition: an earlier step was answered with a word, or with another one."""

    __test__ = False  # no test of pytest's

    step: str
    equal: bool
    word: str

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.step} {'==' if self.equal else '!='} {self.word}"

    def holds(self, answers: Mapping[str, Value]) -> bool:
        """Say whether it holds; it does not where the step has no answer."""
        said = answers.get(self.step)
        return said is not None and (str(said) == self.word) == self.equal


def read_when(text: str) -> tuple[Test, ...] | None:
    """Read a condition: `step == word`, `step != word`, several joined by `and`; None: it is none.

    An empty text is no condition.
    """
    if not text.strip():
        return ()
    parts = [_TEST.fullmatch(part) for part in re.split(r"\band\b", text)]
    if any(part is None for part in parts):
        return None
    return tuple(Test(part[1], part[2] == "==", part[3]) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    `do` names a look or an act, with `args` in which places (`{issuer}`, `{answer.step}`) stand.
    `scope` is what a person must be allowed who does it; `dual` takes a second person. An ask takes
    a `takes`, of which CHOICE has `choices`. A wait takes `seconds`, or `until` something named is
    so for at most `seconds`.
    """

    id: str
    kind: StepKind
    title: Text
    text: Text
    by: StepBy = StepBy.PERSON
    scope: str = ""
    dual: bool = False
    do: str = ""
    args: Mapping[str, Value] = field(default_factory=dict[str, Value])
    when: tuple[Test, ...] = ()
    takes: Takes = Takes.CHOICE
    choices: Mapping[str, Text] = field(default_factory=dict[str, Text])
    seconds: int = 0
    until: str = ""
    undo: bool = False


class Contact(NamedTuple):
    """Whom to speak with, and what to say."""

    who: Who
    say: Text


@dataclass(frozen=True, slots=True)
class Playbook:
    """An emergency plan. `needs` names the places that a run must be given.

    It may be started by an incident of a kind of `starts_on`; it is so unasked where `by_itself`.
    `version` counts what was written under its name.
    """

    name: str
    title: Text
    about: Text
    steps: tuple[Step, ...]
    starts_on: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    by_itself: bool = False
    version: int = 1

    def step(self, name: str) -> Step | None:
        """Find a step."""
        return next((one for one in self.steps if one.id == name), None)


# How a run goes on --------------------------------------------------------------------------------


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"  # annul carries it on by itself
    WAITING = "waiting"  # for a person
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _STATES[self]


_STATES: Final[Mapping[RunState, Text]] = {
    RunState.RUNNING: Text("进行中", "running"),
    RunState.WAITING: Text("等人处理", "waits for people"),
    RunState.STOPPED: Text("已停止", "stopped"),
    RunState.DONE: Text("已完成", "done"),
    RunState.UNDOING: Text("正在撤回", "is being undone"),
    RunState.UNDONE: Text("已撤回", "undone"),
}
LIVE: Final = (RunState.RUNNING, RunState.WAITING)


class StepState(StrEnum):
    """What stands in the journal of a run; what was done or skipped has ended."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    PROPOSED = "proposed"  # it waits for a second person
    UNDONE = "undone"

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _STEP_STATES[self]


_STEP_STATES: Final[Mapping[StepState, Text]] = {
    StepState.DONE: Text("已完成", "done"),
    StepState.SKIPPED: Text("已跳过", "skipped"),
    StepState.FAILED: Text("失败", "failed"),
    StepState.PROPOSED: Text("待复核", "proposed"),
    StepState.UNDONE: Text("已撤回", "undone"),
}


def next_step(playbook: Playbook, ended: Mapping[str, Value | None]) -> Step | None:
    """Give the first step that has not ended and whose condition holds; None: the run is done.

    `ended` has the steps that were done or skipped, each with what it was answered, if anything.
    """
    answers = {name: said for name, said in ended.items() if said is not None}
    for step in playbook.steps:
        if step.id not in ended and all(test.holds(answers) for test in step.when):
            return step
    return None


def done_by(step: Step, *, has_incident: bool) -> StepBy:
    """Say who does a step: without an incident no channel is told, so a person reads it out."""
    if step.kind is StepKind.ASK or (step.kind is StepKind.TELL and not has_incident):
        return StepBy.PERSON
    return step.by


def filled(value: Value, given: Mapping[str, Value], answers: Mapping[str, Value]) -> Value:
    """Put what is known in the place of places; what is not known stays as it is written.

    A value that is nothing but one place keeps its kind: a number stays a number.
    """
    if isinstance(value, int):
        return value
    whole = PLACE.fullmatch(value)
    if whole is not None:
        return _known(whole[1], given, answers, value)
    return PLACE.sub(lambda place: str(_known(place[1], given, answers, place[0])), value)


def spoken(text: Text, given: Mapping[str, Value], answers: Mapping[str, Value]) -> Text:
    """Fill a text in both languages."""
    return Text(str(filled(text.zh, given, answers)), str(filled(text.en, given, answers)))


def places_of(value: Value) -> Iterator[str]:
    """Name the places in a value."""
    if isinstance(value, str):
        yield from PLACE.findall(value)


def _known(
    place: str, given: Mapping[str, Value], answers: Mapping[str, Value], otherwise: str
) -> Value:
    if place.startswith(ANSWER):
        return answers.get(place.removeprefix(ANSWER), otherwise)
    return given.get(place, otherwise)
