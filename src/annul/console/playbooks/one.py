"""One playbook: what starts it, its steps, whom to speak with, its versions, and its text."""

import re
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, card, details, facts, join, link, table, tag
from annul.desk import playbooks as views
from annul.desk.desk import NothingThere
from annul.desk.playbooks import RunSearch
from annul.domain.playbooks import NAME, PLACES

from .editor import editor
from .list import runs_card
from .said import Row, contacts, plain, starts_on
from .start import START, start, start_button
from .steps import flaws, listed

_RUNS: Final = 10


async def one_playbook(view: View) -> None:
    """Show a playbook, and an editor of its text."""
    name = view.params["playbook"]
    if not re.fullmatch(NAME, name):
        message = f"there is no playbook {name}"
        raise NothingThere(message)
    row = await views.find(view.desk, view.visitor, name)
    shown = Part(lambda: _whole(view, row), "stack")
    await shown.refresh()
    place = ui.context.slot.parent

    async def started(told: events.GenericEventArguments) -> None:
        with place:
            await start(view, str(told.args["name"]))

    ui.on(START, started)
    editor(view, row)


async def _whole(view: View, row: Row) -> Html:
    words = view.words
    found = await views.runs(view.desk, view.visitor, RunSearch(playbook=row["name"]), _RUNS)
    runs = runs_card(view, found.rows, {row["name"]: row["title"]}) if found.rows else None
    wide = tag(
        "div",
        tag("div", _steps(view, row), runs, cls="two-thirds stack"),
        tag(
            "div", _about(view, row), _contacts(view, row), _versions(view, row), cls="third stack"
        ),
        cls="grid",
    )
    name = words.of(row["title"]) or row["name"]
    head = tag(
        "div",
        tag("div", tag("h1", name), tag("p", plain(view, row["about"]), cls="muted")),
        tag("span", cls="grow"),
        tag("div", start_button(view, row, "primary"), cls="row-of-buttons no-print"),
        cls="head",
    )
    return join((head, wide))


def _steps(view: View, row: Row) -> Html:
    words = view.words
    if row["flaws"]:
        said = tag("p", words("It cannot run. This is wrong with its text:"), cls="said")
        return card(words("Step by step"), said, flaws(view, row["flaws"]))
    return card(words("Step by step"), listed(view, row["steps"]), cls="playbook-steps")


def _about(view: View, row: Row) -> Html:
    words = view.words
    apart = "、" if words.language == "zh" else ", "
    needs = apart.join(words.of(PLACES[one]) for one in row["needs"])
    pairs: tuple[tuple[object, object], ...] = (
        (words("Name"), tag("span", row["name"], cls="mono")),
        (words("What starts it"), starts_on(view, row)),
        (words("It is given"), needs or words("nothing")),
        (words("Version"), row["version"]),
        (words("Written by"), row["written_by"] or words("annul")),
        (words("Last changed"), view.at(row["written_at"])),
    )
    return card(words("About it"), facts(pairs))


def _contacts(view: View, row: Row) -> Html | None:
    told = contacts(view, row["contacts"])
    return card(view.words("Whom to speak with"), told) if told else None


def _versions(view: View, row: Row) -> Html | None:
    words, versions = view.words, row["versions"]
    if not versions:
        return None
    lines = [
        (
            link(one["version"], f"?version={one['version']}#text"),
            join((one["written_by"] or "annul", tag("small", one["reason"], cls="under"))),
            view.at(one["written_at"]),
        )
        for one in versions
    ]
    heads = [words(one) for one in ("Version", "Written by", "Time")]
    return card(words("Versions"), table(heads, lines), _text(view, versions))


def _text(view: View, versions: list[dict[str, Any]]) -> Html | None:
    """Show the version that the address names, as it was written."""
    asked = view.query.get("version", "")
    found = next((one for one in versions if str(one["version"]) == asked), None)
    if found is None:
        return None
    said = view.words("Text of version {n}", n=found["version"])
    return details(said, tag("pre", found["text"], cls="sample"), open=True, id="text")
