"""The page of drills: earlier runs with their scores, and what can be played."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console import in_drill
from annul.console.frame.filters import cursor_of
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, card, details, join, link, number, table, tag
from annul.desk import drills as views
from annul.operate.drills.script import Script

from . import said

_LIMIT: Final = 50


async def drills(view: View) -> None:
    """Show them."""
    words = view.words
    lead = words("Practise in a sandbox of its own: real console, real tills, no real money.")
    html(tag("div", tag("h1", words("Drills")), tag("p", lead, cls="muted"), cls="head"))
    html(join((_goes_on(view), await _runs(view), _known(view))), "stack")
    if view.desk.drill:
        _listen(view)


def _goes_on(view: View) -> Html | None:
    """In the sandbox of a drill: let the team say what it has found."""
    words, acts = view.words, in_drill.buttons(view)
    if not acts:
        return None
    said = tag("p", words("What no incident is about is said here. The score counts it."))
    return card(words("This drill"), said, tag("p", *acts, cls="row-of-buttons"), cls="spaced")


def _listen(view: View) -> None:
    place = ui.context.slot.parent

    def on(name: str, act: Callable[[View], Awaitable[bool]]) -> None:
        async def heard(_: events.GenericEventArguments) -> None:
            with place:
                await act(view)

        ui.on(name, heard)

    on(in_drill.NAME, in_drill.name_cause)
    on(in_drill.TOLD, in_drill.tell)


async def _runs(view: View) -> Html:
    words, drill = view.words, view.query.get("drill", "")[:60]
    found = await views.runs(view.desk, view.visitor, drill, _LIMIT, cursor_of(view))
    none = words("No drill was run yet. annul drill run NAME --data FOLDER keeps its run here.")
    parts: list[object] = [said.runs(view, found.rows, none)]
    if drill:
        parts.append(tag("p", link(words("Runs of all drills"), "/drills", cls="button")))
    if found.following:
        query = urlencode({**view.query, "cursor": found.following})
        older = link(words("Older"), f"/drills?{query}", cls="button")
        parts.append(tag("p", older, cls="following"))
    return card(words("Runs"), *parts, cls="spaced")


def _known(view: View) -> Html:
    words = view.words
    every = views.known(view.visitor)
    single = [one for one in every if not one.is_whole]
    more = details(words("One fault by itself: {n} drills", n=len(single)), _table(view, single))
    whole = _table(view, [one for one in every if one.is_whole])
    how = tag("p", words("annul drill run NAME starts one on this machine."), cls="muted")
    return card(words("What can be played"), whole, how, more, cls="spaced")


def _table(view: View, rows: list[Script]) -> Html:
    words = view.words
    drawn = [
        (
            tag("span", one.name, cls="mono"),
            join((words.of(one.title), tag("small", words.of(one.about), cls="under"))),
            said.playbooks(one.trains),
            number(f"{one.minutes:g}"),
            link(words("Runs"), f"/drills?{urlencode({'drill': one.name})}"),
        )
        for one in rows
    ]
    heads = [words(one) for one in ("Name", "What happens", "Trains", "Minutes", "Earlier runs")]
    return table(heads, drawn)
