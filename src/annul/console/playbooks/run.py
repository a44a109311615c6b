"""A run, live: where it stands and what is to be done there, its steps with what came of each."""

import re
from collections.abc import Mapping
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, card, facts, join, link, tag
from annul.desk import playbooks as views
from annul.desk.desk import NothingThere
from annul.desk.roles import Scope
from annul.domain.playbooks import StepState

from .acts import EVENTS, acts_at, acts_of_run
from .said import Row, about, contacts, result, run_state, step_state
from .steps import drawn

_NUMBER: Final = re.compile(r"P\d{6}-\d{6}")


async def one_run(view: View) -> None:
    """Show a run; live."""
    number = view.params["run"]
    if not _NUMBER.fullmatch(number):
        message = f"there is no run {number}"
        raise NothingThere(message)
    await views.run(view.desk, view.visitor, number)
    whole = Part(lambda: _whole(view, number), "stack run")
    await whole.refresh()
    if view.may(Scope.INCIDENTS_WRITE):
        _listen(view, number, whole)
    live(view, whole.refresh, every_s=1.0, at_least_s=1.0)


def _listen(view: View, number: str, whole: Part) -> None:
    place = ui.context.slot.parent

    def on(name: str) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            given: Mapping[str, Any] = told.args if isinstance(told.args, dict) else {}
            with place:
                row = await views.run(view.desk, view.visitor, number)
                try:
                    await EVENTS[name](view, row, given)
                finally:  # also where somebody else was first
                    await whole.refresh()

        ui.on(name, do)

    for name in EVENTS:
        on(name)


async def _whole(view: View, number: str) -> Html:
    row = await views.run(view.desk, view.visitor, number)
    wide = tag(
        "div",
        tag("div", _here(view, row), _steps(view, row), cls="two-thirds stack"),
        tag("div", _about(view, row), _contacts(view, row), cls="third stack"),
        cls="grid",
    )
    return join((_head(view, row), wide))


def _head(view: View, row: Row) -> Html:
    name = view.words.of(row["title"])
    buttons = acts_of_run(view, row)
    said = tag("p", run_state(view, row["state"]), " ", view.words.of(row["about"]), cls="muted")
    return tag(
        "div",
        tag("div", tag("h1", name), said),
        tag("span", cls="grow"),
        tag("div", *buttons, cls="row-of-buttons no-print"),
        cls="head",
    )


def _here(view: View, row: Row) -> Html | None:
    """Show the step where it stands, with what may be done there."""
    words = view.words
    step = next((one for one in row["steps"] if one["id"] == row["here"]), None)
    if step is None:
        return tag("p", row["why"], cls="said") if row["why"] else None
    why = words("annul could not do it: {why}", why=row["why"]) if row["why"] else ""
    return card(
        words("Now"),
        drawn(view, step, row["steps"]),
        tag("p", why, cls="said") if why else None,
        acts_at(view, row, step),
        cls="run-here",
        aside=step_state(view, step["is"]),
    )


def _steps(view: View, row: Row) -> Html:
    words = view.words
    shown = [
        tag(
            "li",
            tag("b", words.of(step["title"])),
            " ",
            step_state(view, step["is"]),
            *(_entry(view, step, one) for one in row["journal"] if one["step"] == step["id"]),
            data_step=step["id"],
            data_is=step["is"],
        )
        for step in row["steps"]
    ]
    return card(words("Step by step"), tag("ol", *shown, cls="timeline"))


def _entry(view: View, step: Row, one: Row) -> Html:
    """Show a line of the journal: when, what, who, why, what came of it."""
    words = view.words
    who = one["who"] or words("annul")
    if one["confirmed_by"]:
        who = words("{one} and {other}", one=who, other=one["confirmed_by"])
    why = tag("span", one["reason"], cls="muted") if one["reason"] else None
    said = tag(
        "div",
        tag("time", view.when(one["at"], seconds=True)),
        words.of(StepState(one["state"]).text),
        " · ",
        who,
        " ",
        why,
    )
    came = result(view, step, one)
    return join((said, tag("div", came) if came else None))


def _about(view: View, row: Row) -> Html:
    words = view.words
    incident = row["incident"]
    there = link(incident, f"/incidents/{incident}", cls="mono") if incident else ""
    name = f"{row['playbook']} · {words('version {n}', n=row['version'])}"
    ended = view.at(row["ended_at"], seconds=True)
    pairs: tuple[tuple[object, object], ...] = (
        (words("Number"), view.copied(row["number"])),
        (words("About"), about(view, row["given"])),
        (words("Incident"), there),
        (words("Playbook"), link(name, f"/playbooks/{row['playbook']}")),
        (words("Started by"), row["started_by"] or words("by itself")),
        (words("Reason"), row["reason"]),
        (words("Since"), view.at(row["started_at"], seconds=True)),
        (words("Ended"), ended),
        (words("Undone by"), row["undone_by"]),
    )
    return card(words("How it stands"), facts(pair for pair in pairs if pair[1]))


def _contacts(view: View, row: Row) -> Html | None:
    told = contacts(view, row["contacts"])
    return card(view.words("Whom to speak with"), told) if told else None
