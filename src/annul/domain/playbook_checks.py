"""The checks that find what is wrong with a playbook. Pure.

Checked against a vocabulary: what annul can look at, do and wait for. So what is kept can run: no
step names what nobody knows, needs what nobody gives, or can never be reached.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from .incidents import INCIDENTS
from .playbook_flaws import Flaw, flaw
from .playbooks import (
    ANSWER,
    NAME,
    PLACES,
    Playbook,
    Step,
    StepBy,
    StepKind,
    Takes,
    Value,
    places_of,
)
from .text import Text

# What a person may be asked to be allowed, by the names of the desk's scopes.
SCOPES: Final = (
    "incidents:write",
    "issuers:write",
    "merchants:write",
    "refunds:write",
    "clearing:write",
    "payouts:write",
    "admin",
)
LONGEST_S: Final = 7 * 86_400  # that a run may wait at a step
_STEPS: Final = 60


class LookTraits(NamedTuple):
    """What a look is: its title, what it must be given, the words that it may say."""

    title: Text
    params: Mapping[str, Takes]
    words: Mapping[str, Text]


class ActTraits(NamedTuple):
    """What an act is: its title, what it must and may be given, who may do it, with whom."""

    title: Text
    params: Mapping[str, Takes]
    scope: str
    optional: Mapping[str, Takes] = {}
    dual: bool = False
    undoes: bool = True  # it can be undone
    incident: bool = False  # it needs an incident


class Until(NamedTuple):
    """Something that a run may wait for: a look, and the words by which it is so."""

    title: Text
    look: str
    words: tuple[str, ...]


class Vocabulary(NamedTuple):
    """What annul can look at, do, and wait for, by name."""

    looks: Mapping[str, LookTraits]
    acts: Mapping[str, ActTraits]
    untils: Mapping[str, Until]


def flaws_of(playbook: Playbook, known: Vocabulary) -> list[Flaw]:
    """Give all that is wrong with a playbook, in the order of its steps."""
    return [*_whole(playbook), *_Checking(playbook, known).all()]


def _whole(playbook: Playbook) -> Iterator[Flaw]:
    if not NAME.fullmatch(playbook.name):
        yield flaw("playbook", "name", playbook.name)
    for kind in playbook.starts_on:
        if kind not in INCIDENTS:
            yield flaw("starts_on", "incident_kind", kind)
    for place in playbook.needs:
        if place not in PLACES:
            yield flaw("needs", "place", place)
    said = [("playbook", "title", playbook.title), ("playbook", "about", playbook.about)]
    said += [(f"contact {one.who}", "say", one.say) for one in playbook.contacts]
    for where, what, text in said:
        yield from _both(where, what, text)
        for place in sorted({*places_of(text.zh), *places_of(text.en)} - {*playbook.needs}):
            yield flaw(where, "place", place)
    if not playbook.steps or len(playbook.steps) > _STEPS:
        yield flaw("steps", "too_many", len(playbook.steps))


def _both(where: str, what: str, text: Text) -> Iterator[Flaw]:
    if not text.zh.strip() or not text.en.strip():
        yield flaw(where, "language", what)


class _Checking:
    """Goes through the steps; knows of those before what they may say, and under which answers."""

    def __init__(self, playbook: Playbook, known: Vocabulary) -> None:
        self._playbook = playbook
        self._known = known
        self._words: dict[str, frozenset[str]] = {}  # what a step may say
        self._takes: dict[str, Takes] = {}  # what an ask takes
        # Under which answers a step is come to: of each step that counts the words that lead there.
        self._under: dict[str, Mapping[str, frozenset[str]]] = {}

    def all(self) -> Iterator[Flaw]:
        seen: set[str] = set()
        for step in self._playbook.steps:
            where = f"step {step.id}"
            if not NAME.fullmatch(step.id):
                yield flaw(where, "name", step.id)
            if step.id in seen:
                yield flaw(where, "twice", step.id)
            seen.add(step.id)
            yield from self._texts(step, where)
            yield from self._when(step, where)
            yield from self._rights(step, where)
            yield from self._kind(step, where)

    def _texts(self, step: Step, where: str) -> Iterator[Flaw]:
        for what, text in (("title", step.title), ("text", step.text), *step.choices.items()):
            yield from _both(where, what, text)
            for one in sorted({*places_of(text.zh), *places_of(text.en)}):
                yield from self._place(step, where, one)

    def _place(self, step: Step, where: str, place: str) -> Iterator[Flaw]:
        if not place.startswith(ANSWER):
            if place not in self._playbook.needs:
                yield flaw(where, "place", place)
            return
        asked = place.removeprefix(ANSWER)
        if asked not in self._words:
            yield flaw(where, "place", place)
        elif not self._always(step, asked):
            yield flaw(where, "place_late", place)

    def _always(self, step: Step, asked: str) -> bool:
        """Say whether one step is always answered where another one is come to."""
        mine = self._under.get(step.id, {}) if step.id in self._under else self._reach(step)
        theirs = self._under[asked]
        return all(mine.get(name, frozenset({""})) <= words for name, words in theirs.items())

    def _reach(self, step: Step) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for test in step.when:
            words = self._words.get(test.step, frozenset())
            one = frozenset({test.word})
            own = {
                **self._under.get(test.step, {}),
                test.step: words & one if test.equal else words - one,
            }
            for name, allowed in own.items():
                found[name] = found.get(name, allowed) & allowed
        return found

    def _when(self, step: Step, where: str) -> Iterator[Flaw]:
        for test in step.when:
            words = self._words.get(test.step)
            if not words:
                yield flaw(where, "when_unknown", test.step)
            elif test.word not in words:
                yield flaw(where, "when_word", test.word)
        self._under[step.id] = reach = self._reach(step)
        if any(not words for words in reach.values()) and all(
            self._words.get(test.step) and test.word in self._words[test.step] for test in step.when
        ):
            yield flaw(where, "unreachable")

    def _rights(self, step: Step, where: str) -> Iterator[Flaw]:
        if step.scope not in SCOPES:
            yield flaw(where, "scope", step.scope)
        if step.dual and step.by is StepBy.ANNUL:
            yield flaw(where, "alone")
        if step.dual and step.kind is not StepKind.ACT:
            yield flaw(where, "misplaced", "dual")

    def _kind(self, step: Step, where: str) -> Iterator[Flaw]:
        allowed = _PARTS[step.kind]
        for part in ("do", "args", "choices", "seconds", "until", "undo"):
            if getattr(step, part) and part not in allowed:
                yield flaw(where, "misplaced", part)
        match step.kind:
            case StepKind.LOOK:
                yield from self._look(step, where)
            case StepKind.ACT:
                yield from self._act(step, where)
            case StepKind.ASK:
                yield from self._ask(step, where)
            case StepKind.WAIT:
                yield from self._wait(step, where)
            case StepKind.TELL:
                pass

    def _look(self, step: Step, where: str) -> Iterator[Flaw]:
        traits = self._known.looks.get(step.do)
        self._words[step.id] = frozenset(traits.words if traits else ())
        if traits is None:
            yield flaw(where, "look", step.do)
            return
        yield from self._args(step, where, traits.params, {})

    def _act(self, step: Step, where: str) -> Iterator[Flaw]:
        traits = self._known.acts.get(step.do)
        if traits is None:
            yield flaw(where, "act", step.do)
            return
        if step.undo and not traits.undoes:
            yield flaw(where, "no_undo", step.do)
        if traits.dual and step.by is StepBy.ANNUL and not step.dual:
            yield flaw(where, "alone")
        yield from self._args(step, where, traits.params, traits.optional)

    def _ask(self, step: Step, where: str) -> Iterator[Flaw]:
        self._takes[step.id] = step.takes
        self._words[step.id] = frozenset(step.choices)
        if step.takes is Takes.CHOICE:
            if len(step.choices) < 2:
                yield flaw(where, "choices")
            for name in step.choices:
                if not NAME.fullmatch(name):
                    yield flaw(where, "name", name)
        elif step.choices:
            yield flaw(where, "misplaced", "choices")

    def _wait(self, step: Step, where: str) -> Iterator[Flaw]:
        if not 0 < step.seconds <= LONGEST_S:
            yield flaw(where, "endless")
        if not step.until:
            return
        until = self._known.untils.get(step.until)
        if until is None:
            yield flaw(where, "until", step.until)
        else:
            yield from self._args(step, where, self._known.looks[until.look].params, {})

    def _args(
        self, step: Step, where: str, must: Mapping[str, Takes], may: Mapping[str, Takes]
    ) -> Iterator[Flaw]:
        for name in must:
            if name not in step.args:
                yield flaw(where, "argument", name)
        for name, value in step.args.items():
            takes = {**must, **may}.get(name)
            if takes is None:
                yield flaw(where, "argument_unknown", name)
                continue
            for place in places_of(value):
                yield from self._place(step, where, place)
            if not self._fits(takes, value):
                yield flaw(where, "argument_kind", name)

    def _fits(self, takes: Takes, value: Value) -> bool:
        """Say whether a value may be an argument: a number is one, or the answer to a number."""
        places = list(places_of(value))
        whole = len(places) == 1 and value == f"{{{places[0]}}}"
        if takes in {Takes.NUMBER, Takes.AMOUNT}:
            if isinstance(value, int):
                return value > 0
            return whole and self._takes.get(places[0].removeprefix(ANSWER)) is takes
        if isinstance(value, int):
            return False
        if takes in PLACES and whole and places[0].startswith(ANSWER):
            return self._takes.get(places[0].removeprefix(ANSWER)) in {takes, Takes.TEXT, None}
        return bool(value.strip())


# What steps of a kind have beyond what all have.
_PARTS: Final[Mapping[StepKind, frozenset[str]]] = {
    StepKind.LOOK: frozenset({"do", "args"}),
    StepKind.ACT: frozenset({"do", "args", "undo"}),
    StepKind.ASK: frozenset({"choices"}),
    StepKind.TELL: frozenset(),
    StepKind.WAIT: frozenset({"seconds", "until", "args"}),
}
