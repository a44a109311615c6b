"""Any sound playbook reads back as it was written, and every run of it ends."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from annul.domain.playbook_checks import flaws_of
from annul.domain.playbooks import (
    Contact,
    Playbook,
    Step,
    StepBy,
    StepKind,
    Takes,
    Test,
    Value,
    Who,
    next_step,
)
from annul.domain.text import Text
from annul.operate.playbooks.looks import LOOKS
from annul.operate.playbooks.reading import VOCABULARY, parse, written

_SAID = st.text(min_size=1, max_size=20).filter(lambda text: "{" not in text and text.strip())
_TEXT = st.builds(Text, _SAID, _SAID)
_LOOKS = ("clearing_state", "keys_out_of_step", "database_state")


@st.composite
def _steps(draw: Any) -> tuple[Step, ...]:
    words: dict[str, list[str]] = {}
    steps: list[Step] = []
    for place in range(draw(st.integers(1, 12))):
        name, kind = f"s{place}", draw(st.sampled_from(StepKind))
        common: dict[str, Any] = {
            "scope": "incidents:write",
            "by": draw(st.sampled_from(StepBy)),
            "when": _when(draw, words),
        }
        step = Step(name, kind, draw(_TEXT), draw(_TEXT), **common, **_parts(draw, kind))
        if step.kind is StepKind.LOOK:
            words[name] = list(LOOKS[step.do].traits.words)
        elif step.choices:
            words[name] = list(step.choices)
        steps.append(step)
    return tuple(steps)


def _when(draw: Any, words: dict[str, list[str]]) -> tuple[Test, ...]:
    if not words:
        return ()
    tests: list[Test] = []
    for _ in range(draw(st.integers(0, 2))):
        step = draw(st.sampled_from(sorted(words)))
        tests.append(Test(step, draw(st.booleans()), draw(st.sampled_from(words[step]))))
    return tuple(tests)


def _parts(draw: Any, kind: StepKind) -> dict[str, Any]:
    return draw(_PARTS[kind])


_WORDS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), _TEXT, min_size=2)
_PARTS: dict[StepKind, Any] = {
    StepKind.LOOK: st.fixed_dictionaries({"do": st.sampled_from(_LOOKS)}),
    StepKind.ACT: st.one_of(
        st.fixed_dictionaries(
            {"do": st.just("raise_note"), "args": st.fixed_dictionaries({"text": _SAID})}
        ),
        st.fixed_dictionaries({"do": st.just("ask_sign_in"), "undo": st.booleans()}),
    ),
    StepKind.ASK: st.one_of(
        st.fixed_dictionaries({"takes": st.sampled_from([Takes.NUMBER, Takes.AMOUNT, Takes.TEXT])}),
        st.fixed_dictionaries({"choices": _WORDS}),
    ),
    StepKind.WAIT: st.fixed_dictionaries(
        {
            "seconds": st.integers(1, 604_800),
            "until": st.sampled_from(["", "clearing_good", "incident_quiet"]),
        }
    ),
    StepKind.TELL: st.just({}),
}


_PLAYBOOKS = st.builds(
    Playbook,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True),
    title=_TEXT,
    about=_TEXT,
    steps=_steps(),
    starts_on=st.sampled_from([(), ("issuer_in_trouble", "wrong_mac")]),
    needs=st.sampled_from([(), ("issuer",), ("merchant", "terminal")]),
    contacts=st.lists(st.builds(Contact, st.sampled_from(Who), _TEXT), max_size=2).map(tuple),
    by_itself=st.booleans(),
)


@given(_PLAYBOOKS)
def test_a_sound_playbook_reads_back_as_it_was_written(playbook: Playbook) -> None:
    assume(not flaws_of(playbook, VOCABULARY))
    assert parse(written(playbook)) == playbook


@given(_PLAYBOOKS, st.data())
def test_every_run_ends_whatever_is_answered(playbook: Playbook, data: Any) -> None:
    ended: dict[str, Value | None] = {}
    while (step := next_step(playbook, ended)) is not None:
        assert step.id not in ended
        words = list(LOOKS[step.do].traits.words if step.kind is StepKind.LOOK else step.choices)
        ended[step.id] = data.draw(st.sampled_from([None, *words]))
        assert len(ended) <= len(playbook.steps)


@given(_PLAYBOOKS)
def test_each_step_of_a_sound_playbook_is_come_to_by_some_answers(playbook: Playbook) -> None:
    assume(not flaws_of(playbook, VOCABULARY))
    for step in playbook.steps:
        assert _reached(playbook, step), step.id


def _reached(playbook: Playbook, wanted: Step) -> bool:
    """Say whether some answers lead to a step; only those on which it hangs are tried."""
    asked = set[str]()
    left = [test.step for test in wanted.when]
    while left:
        name = left.pop()
        step = playbook.step(name)
        assert step is not None
        if name not in asked:
            asked.add(name)
            left += [test.step for test in step.when]
    return _search(playbook, wanted, asked, {})


def _search(
    playbook: Playbook, wanted: Step, asked: set[str], ended: dict[str, Value | None]
) -> bool:
    step = next_step(playbook, ended)
    if step is None or step.id == wanted.id:
        return step is not None
    words: list[Value | None] = [None]
    if step.id in asked:
        words = list(LOOKS[step.do].traits.words if step.kind is StepKind.LOOK else step.choices)
    return any(_search(playbook, wanted, asked, {**ended, step.id: word}) for word in words)
