"""Playbooks as a list, with what starts each and what goes on; then their runs; live."""

from collections import Counter
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console.frame.filters import choice, cursor_of, search
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, card, join, link, table, tag
from annul.desk import playbooks as views
from annul.desk.playbooks import RunSearch
from annul.domain.playbooks import RunState

from .said import Row, about, run_link, run_state, starts_on
from .start import START, start, start_button

_LIMIT: Final = 50
_LIVE: Final = "live"
_COUNTED: Final = 1000  # runs that go on at once, of all playbooks


def _asked(view: View) -> RunSearch:
    state = view.query.get("state", _LIVE)
    wanted = state if state == _LIVE or state in set(RunState) else ""
    return RunSearch(wanted, view.query.get("playbook", "")[:40])


async def playbooks(view: View) -> None:
    """Show playbooks and runs; live."""
    words, wanted = view.words, _asked(view)
    said = words("Emergency plans that run: annul does what it can, and asks people for the rest.")
    html(tag("div", tag("h1", words("Playbooks")), tag("p", said, cls="muted"), cls="head"))
    every = Part(lambda: _every(view), "card")
    await every.refresh()
    html(await _form(view, wanted))
    runs = Part(lambda: _runs(view, wanted), "stack")
    await runs.refresh()
    place = ui.context.slot.parent

    async def started(told: events.GenericEventArguments) -> None:
        with place:
            await start(view, str(told.args["name"]))

    ui.on(START, started)

    async def refresh() -> None:
        await every.refresh()
        await runs.refresh()

    live(view, refresh, every_s=2.0, at_least_s=4.0)


async def _every(view: View) -> Html:
    words = view.words
    rows = await views.found(view.desk, view.visitor)
    going = await views.runs(view.desk, view.visitor, RunSearch(_LIVE), _COUNTED)
    counted = Counter(str(one["playbook"]) for one in going.rows)
    heads = [words(one) for one in ("What", "What starts it", "Version", "Going on", "Change")]
    drawn = [
        (
            _title(view, row),
            starts_on(view, row),
            row["version"],
            _going(view, row, counted[row["name"]]),
            start_button(view, row) or "–",
        )
        for row in rows
    ]
    return table(heads, drawn, cls="acts-last")


def _title(view: View, row: Row) -> Html:
    words = view.words
    name = link(words.of(row["title"]) or row["name"], f"/playbooks/{row['name']}")
    wrong = badge(words("cannot run"), "bad") if row["flaws"] else None
    return join((name, " ", wrong, tag("small", row["name"], cls="under mono")))


def _going(view: View, row: Row, many: int) -> Html | str:
    if not many:
        return "–"
    query = urlencode({"playbook": row["name"]})
    return link(view.words("{n} runs", n=many), f"/playbooks?{query}")


# Runs -------------------------------------------------------------------------------------------


async def _form(view: View, wanted: RunSearch) -> Html:
    words = view.words
    states = {_LIVE: words("not ended"), "": words("any")}
    states |= {one.value: words.of(one.text) for one in RunState}
    rows = await views.found(view.desk, view.visitor)
    named = {"": words("any")}
    named |= {row["name"]: words.of(row["title"]) or row["name"] for row in rows}
    fields = (
        choice(words("State"), "state", wanted.state, states),
        choice(words("Playbook"), "playbook", wanted.playbook, named),
    )
    asked = search(view, "/playbooks", *fields, clear="/playbooks" if view.query else "")
    return tag("section", asked, cls="card calm spaced no-print")


async def _runs(view: View, wanted: RunSearch) -> Html:
    words = view.words
    found = await views.runs(view.desk, view.visitor, wanted, _LIMIT, cursor_of(view))
    titles = {one["name"]: one["title"] for one in await views.found(view.desk, view.visitor)}
    older = None
    if found.following:
        query = urlencode({**view.query, "cursor": found.following})
        older = tag("p", link(words("Older"), f"/playbooks?{query}", cls="button"), cls="following")
    return join((runs_card(view, found.rows, titles), older))


def runs_card(view: View, rows: list[dict[str, Any]], titles: Row) -> Html:
    """Show runs, the latest first; `titles` of playbooks by name."""
    words = view.words
    drawn = [
        (
            join((run_link(row["number"]), _under(words.of(titles.get(row["playbook"]))))),
            about(view, row["given"]) or "–",
            run_state(view, row["state"]),
            row["started_by"] or words("by itself"),
            view.at(row["started_at"]),
            link(row["incident"], f"/incidents/{row['incident']}", cls="mono")
            if row["incident"]
            else "–",
        )
        for row in rows
    ]
    heads = [words(one) for one in ("Run", "About", "State", "Started by", "Since", "Incident")]
    return card(words("Runs"), table(heads, drawn, empty=words("No run.")))


def _under(said: str) -> Html:
    return tag("small", said, cls="under")
