"""Playbooks as TOML: read with all that is wrong named at once, and written back.

What comes in is judged twice: its shape here, what it means by `annul.domain.playbook_checks`.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from annul.domain.playbook_checks import Vocabulary, flaws_of
from annul.domain.playbook_flaws import BadPlaybook, Flaw, flaw
from annul.domain.playbooks import (
    Contact,
    Playbook,
    Step,
    StepBy,
    StepKind,
    Takes,
    Who,
    read_when,
)
from annul.domain.text import Text

from .acts import ACTS
from .looks import LOOKS, UNTILS

LONGEST: Final = 64 * 1024  # characters of one
VOCABULARY: Final = Vocabulary(
    {name: look.traits for name, look in LOOKS.items()},
    {name: act.traits for name, act in ACTS.items()},
    UNTILS,
)
_BY_ITSELF: Final = frozenset({StepKind.LOOK, StepKind.TELL, StepKind.WAIT})
_NAME: Final = Field(max_length=40)
_SAID: Final = Field(max_length=2_000)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Shape):
    zh: Annotated[StrictStr, _SAID] = ""
    en: Annotated[StrictStr, _SAID] = ""

    def text(self) -> Text:
        return Text(self.zh, self.en)


class _Contact(_Shape):
    who: Who
    say: _Text


class _Step(_Shape):
    id: Annotated[StrictStr, _NAME]
    kind: StepKind
    title: _Text
    text: _Text
    by: StepBy | None = None
    scope: StrictStr = "incidents:write"
    dual: StrictBool = False
    do: StrictStr = ""
    args: Mapping[str, StrictInt | Annotated[StrictStr, _SAID]] = {}
    when: Annotated[StrictStr, _SAID] = ""
    takes: Takes = Takes.CHOICE
    choices: Mapping[str, _Text] = {}
    seconds: StrictInt = 0
    until: StrictStr = ""
    undo: StrictBool = False


class _Playbook(_Shape):
    name: Annotated[StrictStr, _NAME]
    title: _Text
    about: _Text
    starts_on: tuple[StrictStr, ...] = ()
    needs: tuple[StrictStr, ...] = ()
    by_itself: StrictBool = False
    contacts: tuple[_Contact, ...] = ()
    steps: tuple[_Step, ...] = ()


def parse(text: str, version: int = 1) -> Playbook:
    """Read a playbook. Raises `BadPlaybook`, which names all that is wrong."""
    shape = _shape(text)
    steps, flaws = list[Step](), list[Flaw]()
    for one in shape.steps:
        when = read_when(one.when)
        if when is None:
            flaws.append(flaw(f"step {one.id}", "when", one.when))
        act = ACTS.get(one.do) if one.kind is StepKind.ACT else None
        steps.append(
            Step(
                one.id,
                one.kind,
                one.title.text(),
                one.text.text(),
                one.by or (StepBy.ANNUL if one.kind in _BY_ITSELF else StepBy.PERSON),
                act.traits.scope if act and "scope" not in one.model_fields_set else one.scope,
                one.dual or bool(act and act.traits.dual),
                one.do,
                dict(one.args),
                when or (),
                one.takes,
                {name: said.text() for name, said in one.choices.items()},
                one.seconds,
                one.until,
                one.undo,
            )
        )
    playbook = Playbook(
        shape.name,
        shape.title.text(),
        shape.about.text(),
        tuple(steps),
        shape.starts_on,
        shape.needs,
        tuple(Contact(one.who, one.say.text()) for one in shape.contacts),
        shape.by_itself,
        version,
    )
    flaws += flaws_of(playbook, VOCABULARY)
    if flaws:
        raise BadPlaybook(flaws)
    return playbook


def _shape(text: str) -> _Playbook:
    if len(text) > LONGEST:
        raise BadPlaybook([flaw("file", "shape", f"more than {LONGEST} characters")])
    try:
        return _Playbook.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadPlaybook([flaw("file", "unreadable", error)]) from error
    except ValidationError as error:
        raise BadPlaybook([_misshapen(one["loc"], one["msg"]) for one in error.errors()]) from error


def _misshapen(place: tuple[int | str, ...], said: str) -> Flaw:
    """Say where: steps and contacts by their place, counted from 1."""
    words = [str(one + 1) if isinstance(one, int) else one for one in place]
    return flaw(" ".join(words) or "file", "shape", said)


# Written ------------------------------------------------------------------------------------------


def written(playbook: Playbook) -> str:
    """Write a playbook as `parse` reads it."""
    lines = [
        f"name = {_quoted(playbook.name)}",
        f"title = {_text(playbook.title)}",
        f"about = {_text(playbook.about)}",
        f"starts_on = {_list(playbook.starts_on)}",
        f"needs = {_list(playbook.needs)}",
        f"by_itself = {_bool(playbook.by_itself)}",
    ]
    for contact in playbook.contacts:
        lines += [
            "",
            "[[contacts]]",
            f"who = {_quoted(contact.who)}",
            f"say = {_text(contact.say)}",
        ]
    for step in playbook.steps:
        lines += ["", "[[steps]]", *_step(step)]
    return "\n".join(lines) + "\n"


def _step(step: Step) -> Iterable[str]:
    yield f"id = {_quoted(step.id)}"
    yield f"kind = {_quoted(step.kind)}"
    yield f"title = {_text(step.title)}"
    yield f"text = {_text(step.text)}"
    yield f"by = {_quoted(step.by)}"
    yield f"scope = {_quoted(step.scope)}"
    for name in ("dual", "undo"):
        if getattr(step, name):
            yield f"{name} = true"
    for name in ("do", "until"):
        if getattr(step, name):
            yield f"{name} = {_quoted(getattr(step, name))}"
    if step.args:
        yield f"args = {_table((name, _value(value)) for name, value in step.args.items())}"
    if step.when:
        yield f"when = {_quoted(' and '.join(map(str, step.when)))}"
    if step.takes is not Takes.CHOICE:
        yield f"takes = {_quoted(step.takes)}"
    if step.choices:
        yield f"choices = {_table((name, _text(said)) for name, said in step.choices.items())}"
    if step.seconds:
        yield f"seconds = {step.seconds}"


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int) else _quoted(value)


def _quoted(text: str) -> str:
    # What JSON escapes TOML escapes alike, but for one character.
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(text: Text) -> str:
    return _table((("zh", _quoted(text.zh)), ("en", _quoted(text.en))))


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    return f"{{ {', '.join(f'{name} = {value}' for name, value in pairs)} }}"


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _bool(value: object) -> str:
    return "true" if value else "false"


# Built in -----------------------------------------------------------------------------------------


@cache
def builtin_texts() -> Mapping[str, str]:
    """Give the text of each playbook that is built in, by its name."""
    folder = files("annul.operate.playbooks.builtin")
    found = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): folder.joinpath(name).read_text(encoding="utf-8")
        for name in found
    }


@cache
def builtin() -> Mapping[str, Playbook]:
    """Give each playbook that is built in, by its name."""
    return {name: parse(text) for name, text in builtin_texts().items()}


@cache
def playbook_of() -> Mapping[str, str]:
    """Say by which playbook that is built in each kind of incident is met."""
    return {kind: name for name, one in builtin().items() for kind in one.starts_on}
