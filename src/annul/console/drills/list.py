"""The page of drills: earlier runs with their scores, and what can be played."""

from typing import Final
from urllib.parse import urlencode

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
    html(join((await _runs(view), _known(view))), "stack")


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
