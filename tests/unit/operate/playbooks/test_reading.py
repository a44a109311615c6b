"""A playbook is read with all that is wrong named, each with what to do about it."""

from pathlib import Path

import pytest

from annul.domain.playbook_flaws import KINDS, BadPlaybook
from annul.domain.playbooks import PLACES, StepBy, StepKind, Takes
from annul.operate.playbooks.reading import (
    LONGEST,
    builtin,
    builtin_texts,
    parse,
    playbook_of,
    written,
)
from tests.support.playbook_texts import ask, playbook, step

_NOTE = step("note", "act", 'do = "raise_note"', 'args = { text = "x" }')
_CIRCUIT = 'do = "open_circuit"'
_MINUTES = 'args = { issuer = "{issuer}", minutes = 5 }'

# What is wrong, and a playbook in which it is, and nothing else.
_WRONG: dict[str, str] = {
    "unreadable": "name = ",
    "shape": playbook(_NOTE, more="colour = 1"),
    "name": playbook(_NOTE, name="No Name"),
    "twice": playbook(_NOTE, _NOTE),
    "too_many": playbook(*(_NOTE.replace('"note"', f'"n{n}"', 1) for n in range(61))),
    "language": playbook(_NOTE.replace('zh = "中", ', "", 1)),
    "incident_kind": playbook(_NOTE, more='starts_on = ["rain"]'),
    "place": playbook(_NOTE.replace('"x"', '"{merchant}"')),
    "place_late": playbook(
        ask("why", "yes", "no"),
        step("how", "ask", 'takes = "text"', 'when = "why == yes"'),
        _NOTE.replace('"x"', '"{answer.how}"'),
    ),
    "look": playbook(step("a", "look", 'do = "stars"')),
    "act": playbook(step("a", "act", 'do = "dance"')),
    "argument": playbook(step("a", "act", _CIRCUIT, 'args = { issuer = "{issuer}" }')),
    "argument_unknown": playbook(_NOTE.replace('text = "x"', 'colour = "red", text = "x"')),
    "argument_kind": playbook(
        step("a", "act", _CIRCUIT, 'args = { issuer = "{issuer}", minutes = "{issuer}" }')
    ),
    "when": playbook(ask("why", "yes", "no"), _NOTE + 'when = "why is yes"\n'),
    "when_unknown": playbook(_NOTE + 'when = "why == yes"\n'),
    "when_word": playbook(ask("why", "yes", "no"), _NOTE + 'when = "why == maybe"\n'),
    "unreachable": playbook(
        ask("why", "yes", "no"),
        ask("how", "so", "else", when="why == yes"),
        _NOTE + 'when = "how == so and why == no"\n',
    ),
    "scope": playbook(_NOTE + 'scope = "moon:write"\n'),
    "alone": playbook(step("a", "act", _CIRCUIT, _MINUTES, 'by = "annul"', "dual = true")),
    "no_undo": playbook(_NOTE + "undo = true\n"),
    "choices": playbook(ask("why", "yes")),
    "endless": playbook(step("a", "wait")),
    "until": playbook(step("a", "wait", "seconds = 5", 'until = "rain"')),
    "misplaced": playbook(step("a", "tell", "seconds = 5")),
}


def _flaws(text: str) -> BadPlaybook:
    with pytest.raises(BadPlaybook) as refused:
        parse(text)
    return refused.value


def test_each_flaw_has_a_playbook_here() -> None:
    assert set(_WRONG) == set(KINDS)


@pytest.mark.parametrize("kind", _WRONG)
def test_what_is_wrong_is_named_with_what_to_do(kind: str) -> None:
    error = _flaws(_WRONG[kind])
    assert {one.kind for one in error.flaws} == {kind}
    [first, *_] = error.flaws
    assert first.where
    assert all((*first.what, *first.todo))
    assert first.what.en in str(error)
    assert first.todo.en in str(error)


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ("when = 5", "steps 1 when"),
        ("dual = 1", "steps 1 dual"),
        ('by = "nobody"', "steps 1 by"),
        ("args = { minutes = 1.5 }", "steps 1 args"),
        ("seconds = true", "steps 1 seconds"),
    ],
)
def test_a_wrong_shape_says_at_which_step(lines: str, where: str) -> None:
    flaws = _flaws(playbook(step("a", "tell", lines))).flaws
    assert flaws[0].where.startswith(where)


def test_all_that_is_wrong_is_said_at_once() -> None:
    flaws = _flaws(playbook(step("a", "wait"), step("b", "act", 'do = "dance"'))).flaws
    assert [(one.where, one.kind) for one in flaws] == [("step a", "endless"), ("step b", "act")]


@pytest.mark.parametrize("text", ["", "x" * (LONGEST + 1), "a = [" * 3_000, 'name = "a"'])
def test_what_is_no_playbook_at_all_is_refused(text: str) -> None:
    assert _flaws(text).flaws


def test_a_step_that_several_answers_reach_may_use_what_all_of_them_gave() -> None:
    text = playbook(
        ask("why", "a", "b", "c"),
        step("how", "ask", 'takes = "text"', 'when = "why != c"'),
        _NOTE.replace('"x"', '"{answer.how} {answer.why}"') + 'when = "why == a"\n',
    )
    assert [one.id for one in parse(text).steps] == ["why", "how", "note"]


def test_who_does_a_step_goes_by_its_kind_and_its_act() -> None:
    dual = 'args = { issuer = "{issuer}", minutes = 5, amount = 100 }'
    text = playbook(
        step("look", "look", 'do = "issuer_health"', 'args = { issuer = "{issuer}" }'),
        step("act", "act", 'do = "allow_refunds"', dual),
        step("tell", "tell"),
    )
    look, act, tell = parse(text).steps
    assert (look.by, look.scope) == (StepBy.ANNUL, "incidents:write")
    assert (act.by, act.scope, act.dual) == (StepBy.PERSON, "refunds:write", True)
    assert tell.by is StepBy.ANNUL


def test_an_amount_is_no_number_of_minutes() -> None:
    asked = step("sum", "ask", 'takes = "amount"')
    used = 'args = { issuer = "{issuer}", minutes = "{answer.sum}" }'
    error = _flaws(playbook(asked, step("a", "act", _CIRCUIT, used)))
    assert [one.kind for one in error.flaws] == ["argument_kind"]


# Built in -----------------------------------------------------------------------------------------

_WANTED = {
    *("issuer_down", "voids_fail", "line_down", "rules_changed", "batches_differ"),
    *("clearing_file_wrong", "balance_low", "terminal_suspected", "terminal_lost"),
    *("keys_out_of_step", "key_known", "database_lost", "host_overloaded", "wrong_software"),
}


def test_there_is_one_for_each_emergency() -> None:
    assert set(builtin_texts()) == _WANTED


@pytest.mark.parametrize("name", sorted(_WANTED))
def test_one_that_is_built_in_is_sound_and_names_whom_to_speak_with(name: str) -> None:
    playbook = builtin()[name]
    assert playbook.name == name
    assert playbook.contacts
    assert set(playbook.needs) <= set(PLACES)
    assert playbook.steps[0].kind in {StepKind.LOOK, StepKind.ACT, StepKind.ASK}
    assert all(step.by is StepBy.PERSON for step in playbook.steps if step.kind is StepKind.ACT)
    assert parse(written(playbook)) == playbook


def test_each_kind_of_incident_is_met_by_one_at_most() -> None:
    kinds = [kind for one in builtin().values() for kind in one.starts_on]
    assert len(kinds) == len(set(kinds))
    assert playbook_of()["issuer_in_trouble"] == "issuer_down"


def test_what_starts_by_itself_needs_nothing_but_an_issuer() -> None:
    alone = [one for one in builtin().values() if one.by_itself]
    assert alone
    assert all(set(one.needs) <= {Takes.ISSUER} for one in alone)
    assert all(one.starts_on for one in alone)


def test_they_come_with_the_package() -> None:
    project = Path(__file__).parents[4] / "pyproject.toml"
    assert "**/*.toml" in project.read_text("utf-8")
