"""Clearing files: the list of them, and where a new one is given to be read."""

from typing import Final

from nicegui import ui

from annul.console.frame.filters import cursor_of
from annul.console.frame.forms import act_button
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.desk import clearing as views
from annul.desk.roles import Scope

from .expected import expected_files
from .said import Row, counted, file_state
from .upload import upload

_LIMIT: Final = 30
_UPLOAD: Final = "read-clearing-file"  # the page's event of the button
_NONE_YET: Final = "No clearing file has been read yet."


async def files(view: View) -> None:
    """Show the files; live."""
    html(_head(view))
    awaited = Part(lambda: expected_files(view))
    await awaited.refresh()
    listed = Part(lambda: _listed(view))
    await listed.refresh()
    place = ui.context.slot.parent

    async def read() -> None:
        with place:
            if await upload(view):
                await refresh()

    async def refresh() -> None:
        await awaited.refresh()
        await listed.refresh()

    ui.on(_UPLOAD, read)
    live(view, refresh, at_least_s=5.0)


def _head(view: View) -> Html:
    words = view.words
    may = view.may(Scope.CLEARING_WRITE)
    read = act_button(words("Read a clearing file"), _UPLOAD, cls="primary") if may else None
    about = words(
        "A file counts once it is committed; until then it is only looked at. A committed one can "
        "be discarded."
    )
    title = tag("div", tag("h1", words("Clearing files")), tag("p", about, cls="muted"))
    rules = link(words("Rules"), "/clearing/rules", cls="button")
    return tag("div", title, tag("span", cls="grow"), rules, read, cls="head")


async def _listed(view: View) -> Html:
    words = view.words
    found = await views.files(view.desk, view.visitor, _LIMIT, cursor_of(view))
    heads = ("File", "Day", "Layout", "Rows", "State", "What came of it", "Read")
    rows = [_line(view, row) for row in found.rows]
    shown = table([words(head) for head in heads], rows, cls="files", empty=words(_NONE_YET))
    older = link(words("Older"), f"/clearing?cursor={found.following}", cls="button")
    further = tag("p", older, cls="following") if found.following else None
    return card(words("Files"), shown, further)


def _line(view: View, row: Row) -> list[object]:
    words = view.words
    bad = badge(words("bad lines: {n}", n=f"{row['bad']:,}"), "warn") if row["bad"] else None
    result = row["result"] or {}
    broken = sum(one["count"] for one in result.get("kinds", ()))
    return [
        link(row["name"], f"/clearing/{row['id']}", cls="mono"),
        str(row["settles_on"]),
        tag("span", row["layout"], cls="mono"),
        join((number(f"{row['rows']:,}"), " ", bad)) if bad else number(f"{row['rows']:,}"),
        file_state(view, row["state"]),
        counted(view, result, broken) if row["state"] == "committed" else "",
        join((view.at(row["read_at"]), tag("small", row["read_by"], cls="under"))),
    ]
