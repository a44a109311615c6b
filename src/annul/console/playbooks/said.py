"""How playbooks are said on their pages: how a run stands, what it is about, what was seen."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, facts, join, link, tag
from annul.desk.roles import ROLES, Scope
from annul.domain.incidents import INCIDENTS
from annul.domain.playbooks import PLACE, PLACES, RunState, StepState
from annul.domain.text import Text

Row = Mapping[str, Any]
_TONES: Final[Mapping[str, str]] = {
    RunState.RUNNING: "info",
    RunState.WAITING: "warn",
    RunState.DONE: "good",
    RunState.UNDOING: "info",
}
# How a step is: in words, where its journal does not say it, and how that looks.
_STEPS: Final[Mapping[str, tuple[str, str]]] = {
    StepState.DONE: ("", "good"),
    StepState.SKIPPED: ("", ""),
    StepState.FAILED: ("", "bad"),
    StepState.PROPOSED: ("", "warn"),
    StepState.UNDONE: ("", "info"),
    "here": ("waits for a person", "warn"),
    "under_way": ("under way", "info"),
    "comes": ("comes later", ""),
    "not": ("does not come", ""),
}
_COMES: Final[Mapping[str, tuple[str, str]]] = {
    "yes": ("comes", "good"),
    "no": ("does not come", ""),
    "open": ("hangs on an answer", "warn"),
}
# What the journal keeps of an act and people want to know, each in words.
_RESULTS: Final[Mapping[str, str]] = {
    "until": "until {value}",
    "terminals": "{value} terminals",
    "released": "{value} cases go on",
    "text": "{value}",
    "why": "{value}",
}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.*[+Z].*")


def plain(view: View, text: Text | None) -> str:
    """Say a text of a playbook; what is not known yet stands as an ellipsis."""
    return PLACE.sub("…", view.words.of(text))


def run_state(view: View, state: str) -> Html:
    """Show how a run stands."""
    return badge(view.words.of(RunState(state).text), _TONES.get(state, ""))


def step_state(view: View, is_: str) -> Html:
    """Show how a step of a run is."""
    said, tone = _STEPS[is_]
    text = view.words(said) if said else view.words.of(StepState(is_).text)
    return badge(text, tone)


def comes(view: View, whether: str) -> Html:
    """Show whether a step comes, in a dry run."""
    said, tone = _COMES[whether]
    return badge(view.words(said), tone)


def about(view: View, given: Mapping[str, Any]) -> str:
    """Say what a run is about: its places, each with its name."""
    parts = [f"{view.words.of(PLACES[name])} {value}" for name, value in given.items() if value]
    return ("、" if view.words.language == "zh" else ", ").join(parts)


def starts_on(view: View, row: Row) -> Html:
    """Say what starts a playbook."""
    words = view.words
    kinds = [words.of(INCIDENTS[kind].title) for kind in row["starts_on"] if kind in INCIDENTS]
    how = words("by itself, with the incident") if row["by_itself"] else words("people")
    lines = (tag("div", one) for one in kinds)
    return join((*lines, tag("small", how, cls="under")))


def who_may(view: View, step: Row) -> Html:
    """Say who may do a step: annul, or which roles; whether it takes two people."""
    words = view.words
    if step["by"] == "annul":
        said = words("annul by itself")
    else:
        needed = {Scope.INCIDENTS_WRITE, Scope(step["scope"])}
        apart = "、" if words.language == "zh" else ", "
        said = apart.join(words(role) for role, scopes in ROLES.items() if needed <= scopes)
    two = badge(words("two people"), "warn") if step["dual"] else None
    undo = badge(words("can be undone"), "info") if step["undo"] else None
    return tag("span", said, " ", two, " ", undo, cls="muted")


def contacts(view: View, rows: list[Row]) -> Html | None:
    """Show whom to speak with, and what to say."""
    if not rows:
        return None
    lines = [
        tag("li", tag("b", view.words.of(one["who_text"])), tag("p", plain(view, one["say"])))
        for one in rows
    ]
    return tag("ul", *lines, cls="plain-list")


def run_link(number: str) -> Html:
    """Lead to a run."""
    return link(number, f"/playbooks/runs/{number}", cls="mono")


# What was seen and done ---------------------------------------------------------------------------


def seen(view: View, one: Row) -> Html:
    """Show what a look showed: its word, then its figures."""
    pairs = [
        (view.words.of(name), value(view, one["facts"][key]))
        for key, name in one["facts_text"].items()
        if one["facts"].get(key) not in (None, "", [])
    ]
    word = badge(view.words.of(one["word_text"]), "info")
    return join((word, facts(pairs) if pairs else None))


def value(view: View, told: Any) -> str:
    """Say a figure: money with its currency, times by the clock on the wall, lists in a row."""
    if isinstance(told, bool):
        return view.words("yes") if told else view.words("no")
    if isinstance(told, list):
        rows = cast("list[Any]", told)
        return "; ".join(value(view, one) for one in rows)
    if isinstance(told, dict):
        row = cast("dict[str, Any]", told)
        if row.keys() == {"amount", "currency"}:
            return view.amount(row["amount"], row["currency"])
        return " ".join(value(view, one) for one in row.values() if one not in (None, ""))
    if isinstance(told, int):
        return f"{told:,}"
    text = PLACE.sub("…", str(told))
    return view.when(datetime.fromisoformat(text)) if _TIME.fullmatch(text) else text


def result(view: View, step: Row | None, entry: Row) -> Html | str:
    """Show what came of a step: what was seen, answered or done."""
    told: Mapping[str, Any] = entry["result"]
    if "word_text" in entry:
        return seen(view, entry)
    if "answer" in told:
        return tag("b", answer(view, step, told["answer"]))
    if "to" in told:  # the text of a notice stands with its step
        return ""
    parts = [
        view.words(said, value=value(view, told[name]))
        for name, said in _RESULTS.items()
        if name in told
    ]
    return " · ".join(parts)


def answer(view: View, step: Row | None, said: Any) -> str:
    """Say what was answered: a choice by its name, an amount as money."""
    if step is None:
        return str(said)
    if step["takes"] == "amount" and isinstance(said, int):
        return view.amount(said)
    choice = step["choices"].get(str(said))
    return view.words.of(choice) if choice is not None else str(said)
