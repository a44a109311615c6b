"""Incidents as a list: what is open on top, what is asked for, the table; live."""

from typing import Final
from urllib.parse import urlencode

from annul.console.frame.filters import choice, cursor_of, field, search
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, join, link, tag
from annul.console.frame.tables import Column, Sorted, Table, drawn, tools
from annul.desk import incidents as views
from annul.desk.incidents import IncidentSearch
from annul.domain.heads import HeadScope
from annul.domain.incident import Severity

from .said import Row, cause, severity, state, title

_LIMIT: Final = 50
_STATES: Final = ("open", "closed")


def _asked(view: View) -> IncidentSearch:
    given = view.query
    state_ = given.get("state", "open")
    wanted = given.get("severity", "")
    scope = given.get("scope", "")
    return IncidentSearch(
        state=state_ if state_ in _STATES else "",
        severity=wanted if wanted in set(Severity) else "",
        scope=scope if scope in set(HeadScope) else "",
        member=given.get("member", "")[:100],
        owner=given.get("owner", "").strip()[:60],
        unacknowledged=bool(given.get("unacknowledged")),
    )


async def incidents(view: View) -> None:
    """Show incidents; live."""
    wanted, words = _asked(view), view.words
    about = words("One for each outage, with what it has gathered, its cause and what was done.")
    html(tag("div", tag("h1", words("Incidents")), tag("p", about, cls="muted"), cls="head"))
    html(_form(view, wanted))
    html(tools(view, INCIDENTS_))
    listed = Part(lambda: _listed(view, wanted), "card")
    await listed.refresh()
    live(view, listed.refresh, every_s=1.0, at_least_s=2.0)


def _form(view: View, wanted: IncidentSearch) -> Html:
    words = view.words
    any_ = {"": words("any")}
    states = {"": words("any"), "open": words("open"), "closed": words("closed")}
    severities = any_ | {one.value: words.of(one.text) for one in Severity}
    scopes = any_ | {one.value: words.of(one.text) for one in HeadScope}
    box = tag(
        "input",
        type="checkbox",
        name="unacknowledged",
        value="1",
        checked=wanted.unacknowledged,
    )
    fields = (
        choice(words("State"), "state", wanted.state, states),
        choice(words("Severity"), "severity", wanted.severity, severities),
        choice(words("About"), "scope", wanted.scope, scopes),
        field(words("Number of it"), "member", wanted.member, size=16),
        field(words("Handled by"), "owner", wanted.owner, size=12),
        tag("label", box, " ", words("not acknowledged"), cls="flag"),
    )
    asked = search(view, "/incidents", *fields, clear="/incidents" if view.query else "")
    return tag("section", asked, cls="card calm spaced no-print")


async def _listed(view: View, wanted: IncidentSearch) -> Html:
    words = view.words
    cursor = cursor_of(view)
    found = await views.found(view.desk, view.visitor, wanted, _LIMIT, cursor)
    kept = {**view.query, "cursor": found.following}
    older = link(words("Older"), f"/incidents?{urlencode(kept)}", cls="button")
    whole = not cursor and not found.following
    empty = words("No incident is open.") if wanted.state == "open" else words("None matches.")
    shown = drawn(view, INCIDENTS_, found.rows, by=None if whole else Sorted(), empty=empty)
    return join((shown, tag("p", older, cls="following") if found.following else None))


def _title(view: View, row: Row) -> Html:
    name = link(title(view, row), f"/incidents/{row['number']}", cls="row-link")
    return join((name, tag("small", row["number"], cls="under mono")))


def _items(view: View, row: Row) -> str:
    if row["closed_at"] is not None or not row["open_items"]:
        return f"{row['items']:,}"
    return view.words("{n}, {open} going on", n=f"{row['items']:,}", open=f"{row['open_items']:,}")


INCIDENTS_: Final = Table(
    "incidents",
    (
        Column("what", "What", _title, line=1),
        Column("severity", "Severity", severity, line=1, end=True),
        Column("state", "State", state, line=3, end=True),
        Column("cause", "Cause", lambda view, row: cause(view, row) or "–", line=2),
        Column("items", "Gathered", _items, line=2),
        Column("owner", "Handled by", lambda _, row: row["owner"] or "–", line=3),
        Column("since", "Since", lambda view, row: view.ago(row["opened_at"]), line=3),
    ),
    lambda row: f"/incidents/{row['number']}",
    "number",
)
