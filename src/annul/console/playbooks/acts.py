"""What people do at the step where a run stands, and with the whole run."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, tag
from annul.desk import playbook_acts as acts
from annul.desk.roles import Scope
from annul.domain.money import parse
from annul.domain.playbooks import LIVE, RunState, StepKind, StepState, Takes

from .said import Row

Given = Mapping[str, Any]
ANSWER, DO, PROPOSE, CONFIRM = "answer-step", "do-step", "propose-step", "confirm-step"
SKIP, STOP, UNDO = "skip-step", "stop-run", "undo-run"
_LIVE: Final = frozenset(one.value for one in LIVE)
_OVER: Final = frozenset({RunState.UNDOING.value, RunState.UNDONE.value})
# What the button says by which a person does a step; what only failed is tried again.
_DO: Final[Mapping[str, str]] = {
    StepKind.ACT: "Do it",
    StepKind.TELL: "It is said",
    StepKind.LOOK: "Try again",
    StepKind.WAIT: "Wait on",
}


def acts_of_run(view: View, row: Row) -> list[Html]:
    """Give the buttons of what may be done with the whole run."""
    words = view.words
    if not view.may(Scope.INCIDENTS_WRITE):
        return []
    buttons: list[Html] = []
    if row["state"] in _LIVE:
        buttons.append(act_button(words("Stop the run"), STOP))
    taken = [one for one in row["steps"] if one["id"] in row["undoable"]]
    may = all(view.may(Scope(one["scope"])) for one in taken)
    if taken and may and row["state"] not in _OVER:
        buttons.append(act_button(words("Undo all"), UNDO))
    return buttons


def acts_at(view: View, row: Row, step: Row) -> Html | None:
    """Give the buttons of what may be done at the step where it stands."""
    words = view.words
    if not (view.may(Scope.INCIDENTS_WRITE) and view.may(Scope(step["scope"]))):
        return tag("p", words("Your role does not do this step."), cls="muted")
    buttons = _forward(view, row, step) if row["state"] == RunState.WAITING else []
    buttons.append(act_button(words("Go on without it"), SKIP, step=step["id"]))
    return tag("div", *buttons, cls="row-of-buttons")


def _forward(view: View, row: Row, step: Row) -> list[Html]:
    words, at = view.words, step["id"]
    if step["is"] == StepState.PROPOSED:
        first = _proposer(row, at)
        if first == view.visitor.name:
            return [tag("span", words("waits for a second person"), cls="muted")]
        return [act_button(words("Confirm"), CONFIRM, cls="primary", step=at)]
    if step["dual"]:
        return [act_button(words("Propose"), PROPOSE, cls="primary", step=at)]
    if step["choices"]:
        return [
            act_button(words.of(said), ANSWER, cls="primary", step=at, value=name)
            for name, said in step["choices"].items()
        ]
    if step["kind"] == StepKind.ASK:
        return [act_button(words("Answer"), ANSWER, cls="primary", step=at)]
    return [act_button(words(_DO[step["kind"]]), DO, cls="primary", step=at)]


def _proposer(row: Row, step: str) -> str:
    found = [
        one["who"] for one in row["journal"] if (one["step"], one["state"]) == (step, "proposed")
    ]
    return found[-1] if found else ""


# What the buttons do ------------------------------------------------------------------------------


async def _answer(view: View, row: Row, given: Given) -> None:
    number, at = row["number"], str(given["step"])
    if given.get("value"):
        await acts.answer(view.desk, view.visitor, number, at, str(given["value"]))
        return
    step, words = _step(row, at), view.words

    async def act(answers: Answers) -> None:
        said = str(answers["answer"]).strip()
        value = parse(said) if step["takes"] == Takes.AMOUNT else said
        await acts.answer(view.desk, view.visitor, number, at, value)

    kind = "number" if step["takes"] == Takes.NUMBER else "text"
    field = FormField("answer", words("Answer"), kind, needed=True)
    about = words.of(step["text"])
    title = words.of(step["title"])
    await ask(view, Form(title, (field,), about=about, go=words("Answer"), reasoned=False), act)


async def _do(view: View, row: Row, given: Given) -> None:
    number, at = row["number"], str(given["step"])
    step = _step(row, at)
    if step["kind"] != StepKind.ACT:
        await acts.do(view.desk, view.visitor, number, at)
        return

    async def act(answers: Answers) -> None:
        await acts.do(view.desk, view.visitor, number, at, str(answers["reason"]))

    await ask(view, _form(view, step), act)


async def _propose(view: View, row: Row, given: Given) -> None:
    words, at = view.words, str(given["step"])

    async def act(answers: Answers) -> str:
        reason = str(answers["reason"])
        await acts.propose(view.desk, view.visitor, row["number"], at, reason)
        return words("It waits for a second person")

    await ask(view, _form(view, _step(row, at), words("Propose")), act)


async def _confirm(view: View, row: Row, given: Given) -> None:
    at = str(given["step"])

    async def act(answers: Answers) -> None:
        reason = str(answers["reason"])
        await acts.confirm(view.desk, view.visitor, row["number"], at, reason)

    await ask(view, _form(view, _step(row, at), view.words("Confirm")), act)


async def _skip(view: View, row: Row, given: Given) -> None:
    at = str(given["step"])

    async def act(answers: Answers) -> None:
        reason = str(answers["reason"])
        await acts.skip(view.desk, view.visitor, row["number"], at, reason)

    await ask(view, _form(view, _step(row, at), view.words("Go on without it")), act)


async def _stop(view: View, row: Row, _: Given) -> None:
    words = view.words

    async def act(answers: Answers) -> None:
        await acts.stop(view.desk, view.visitor, row["number"], str(answers["reason"]))

    about = words("What was done stays until it is undone.")
    await ask(view, Form(words("Stop the run"), about=about, go=words("Stop the run")), act)


async def _undo(view: View, row: Row, _: Given) -> None:
    words = view.words

    async def act(answers: Answers) -> None:
        await acts.undo(view.desk, view.visitor, row["number"], str(answers["reason"]))

    taken = [_step(row, name) for name in row["undoable"]]
    apart = "；" if words.language == "zh" else "; "
    about = words(
        "The last first: {steps}", steps=apart.join(words.of(one["title"]) for one in taken)
    )
    await ask(view, Form(words("Undo what the run did"), about=about, go=words("Undo")), act)


def _form(view: View, step: Row, go: str = "") -> Form:
    words = view.words
    return Form(words.of(step["title"]), about=words.of(step["text"]), go=go)


def _step(row: Row, name: str) -> Row:
    return next(one for one in row["steps"] if one["id"] == name)


EVENTS: Final[Mapping[str, Callable[[View, Row, Given], Awaitable[None]]]] = {
    ANSWER: _answer,
    DO: _do,
    PROPOSE: _propose,
    CONFIRM: _confirm,
    SKIP: _skip,
    STOP: _stop,
    UNDO: _undo,
}
