"""One incident: how it stands, whom it touches, what it has gathered, its timeline; live."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag
from annul.console.playbooks.of_incident import playbooks_card
from annul.console.shared import cause_name
from annul.desk import incidents as views
from annul.desk.desk import NothingThere
from annul.desk.roles import Scope
from annul.domain.heads import LINKS, EventKind
from annul.domain.incident import IncidentKind, Reader
from annul.domain.incidents import INCIDENTS

from .acts import EVENTS, acts_of
from .said import Row, cause, severity, state, title

_NUMBER: Final = re.compile(r"E\d{6}-\d{6}")
_SHOWN: Final = 5  # of each kind that was raised
_LATEST: Final = 20


async def one_incident(view: View) -> None:
    """Show an incident; live."""
    number = view.params["incident"]
    if not _NUMBER.fullmatch(number):
        message = f"there is no incident {number}"
        raise NothingThere(message)
    await views.find(view.desk, view.visitor, number)
    whole = Part(lambda: _whole(view, number), "stack incident")
    await whole.refresh()
    if view.may(Scope.INCIDENTS_WRITE):
        _listen(view, number, whole.refresh)
    live(view, whole.refresh, every_s=1.0, at_least_s=2.0)


def _listen(view: View, number: str, refresh: Callable[[], Awaitable[None]]) -> None:
    place = ui.context.slot.parent

    def on(name: str, act: Callable[[View, Row, Mapping[str, Any]], Awaitable[bool]]) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            with place:
                row = await views.find(view.desk, view.visitor, number)
                if await act(view, row, told.args if isinstance(told.args, dict) else {}):
                    view.desk.kept.forget()
                    await refresh()

        ui.on(name, do)

    for name, act in EVENTS.items():
        on(name, act)


async def _whole(view: View, number: str) -> Html:
    row = await views.find(view.desk, view.visitor, number)
    wide = tag(
        "div",
        tag("div", _raised(view, row), _timeline(view, row), cls="two-thirds stack"),
        tag(
            "div",
            _about(view, row),
            _to_do(view, row),
            await playbooks_card(view, row),
            _touched(view, row),
            _learnt(view, row),
            cls="third stack",
        ),
        cls="grid",
    )
    return join((_head(view, row), wide, _cases(view, row)))


def _head(view: View, row: Row) -> Html:
    words = view.words
    named = cause(view, row)
    said = tag(
        "p",
        severity(view, row),
        " ",
        state(view, row),
        " ",
        tag("b", words("Cause: {cause}", cause=named)) if named else words("cause not known yet"),
        cls="muted",
    )
    name = title(view, row)
    buttons = acts_of(view, row) if view.may(Scope.INCIDENTS_WRITE) else ()
    return tag(
        "div",
        tag("div", tag("h1", name, data_title=name), said),
        tag("span", cls="grow"),
        tag("div", *buttons, cls="row-of-buttons no-print"),
        cls="head",
    )


def _about(view: View, row: Row) -> Html:
    words = view.words
    money = "、" if words.language == "zh" else ", "
    open_ = money.join(
        view.amount(one["open"], one["currency"]) for one in row["money"] if one["open"]
    )
    all_ = money.join(view.amount(one["all"], one["currency"]) for one in row["money"])
    seen = ""
    if row["acknowledged_at"]:
        seen = f"{row['acknowledged_by']} {view.when(row['acknowledged_at'])}"
    into = row["merged_into_number"]
    merged = link(into, f"/incidents/{into}", cls="mono") if into else ""
    closed = ""
    if row["closed_at"]:
        by = row["closed_by"] or words("by itself")
        closed = f"{view.when(row['closed_at'], seconds=True)} · {by}"
    pairs: tuple[tuple[object, object], ...] = (
        (words("Number"), view.copied(row["number"])),
        (words("Since"), view.at(row["opened_at"], seconds=True)),
        (words("Expected end"), view.at(row["ends_at"])),
        (words("Money in question"), open_),
        (words("Money of all its cases"), all_),
        (words("Cases"), f"{row['case_count']:,}"),
        (words("Merchants"), f"{row['merchant_count']:,}"),
        (words("Handled by"), row["owner"] or words("nobody")),
        (words("Acknowledged"), seen or words("by nobody")),
        (words("Merged into"), merged),
        (words("Closed"), closed),
    )
    return card(words("How it stands"), facts(pair for pair in pairs if pair[1]))


def _to_do(view: View, row: Row) -> Html:
    """Say what it means for the money and what to do, of each kind that it has gathered."""
    words = view.words
    kinds = {
        one["kind"]: INCIDENTS[one["kind"]] for one in row["raised"] if one["kind"] in INCIDENTS
    }
    lines = [
        tag(
            "li",
            tag("b", words.of(kind.title)),
            tag("p", words.of(kind.money), cls="muted"),
            tag("p", words.of(kind.advice)),
        )
        for kind in kinds.values()
    ]
    sections = dict.fromkeys(kind.section for kind in kinds.values())
    told = (tag("small", f"docs/differences.md#{one}", cls="mono muted") for one in sections)
    return card(words("What to do"), tag("ul", *lines, cls="plain-list"), *told)


# What it has gathered ---------------------------------------------------------------------------


def _raised(view: View, row: Row) -> Html:
    words = view.words
    groups: dict[str, list[Row]] = {}
    for one in row["raised"]:
        groups.setdefault(one["kind"], []).append(one)
    shown = [_group(view, kind, rows) for kind, rows in groups.items()]
    return card(words("What it has gathered"), tag("ol", *shown, cls="incidents"))


def _group(view: View, name: str, rows: list[Row]) -> Html:
    words, kind = view.words, INCIDENTS.get(name)
    many, still = rows[0]["many"], rows[0]["still"]
    counted = words("{n}, {open} going on", n=f"{many:,}", open=f"{still:,}")
    lines = [
        tag("li", tag("time", view.when(one["opened_at"])), " ", _item(view, one, kind))
        for one in rows[:_SHOWN]
    ]
    more = many - len(lines)
    return tag(
        "li",
        tag("p", tag("b", words.of(kind.title) if kind else name), " ", tag("small", counted)),
        tag("ul", *lines),
        tag("p", words("and {n} more", n=f"{more:,}"), cls="muted") if more else None,
    )


def _item(view: View, one: Row, kind: IncidentKind | None) -> Html:
    words = view.words
    reader = Reader(words.language, view.when, words)
    said = kind.said(one["params"], reader) if kind else one["subject"]
    over = badge(words("over"), "good") if one["closed_at"] else None
    named = link(said, f"/cases/{one['number']}") if one["number"] else tag("span", said)
    return join((named, " ", over)) if over else named


def _touched(view: View, row: Row) -> Html | None:
    words = view.words
    if not row["merchants"]:
        return None
    lines = [
        (
            link(one[f"name_{words.language}"], f"/merchants/{one['merchant_id']}"),
            f"{one['open']:,} / {one['cases']:,}",
            view.amount(one["amount"], one["currency"]),
        )
        for one in row["merchants"]
    ]
    heads = [words("Merchant"), words("Open / all"), words("Money")]
    return card(words("Merchants that it touches"), table(heads, lines))


def _cases(view: View, row: Row) -> Html | None:
    words = view.words
    if not row["cases"]:
        return None
    lines = [
        (
            link(one["number"], f"/cases/{one['number']}", cls="mono"),
            view.amount(one["amount"], one["currency"]),
            cause_name(view, one["cause"], one["kind"]) if one["cause"] else "–",
            words("ended") if one["ended"] else words("open"),
            view.when(one["opened_at"]),
        )
        for one in row["cases"][:_LATEST]
    ]
    heads = [words(head) for head in ("Case", "Amount", "Cause", "State", "Since")]
    return card(words("Cases"), table(heads, lines))


# What happened ----------------------------------------------------------------------------------


def _timeline(view: View, row: Row) -> Html:
    words = view.words
    lines = [
        tag(
            "li",
            tag("time", view.when(one["at"], seconds=True)),
            tag("b", _event(view, one)),
            " ",
            tag("span", one["actor"] or words("by itself"), cls="muted"),
            data_event=one["kind"],
        )
        for one in reversed(row["events"])
    ]
    told = sum(one["kind"] == EventKind.TOLD for one in row["events"])
    aside = badge(words("told {n} times", n=told), "info") if told else ""
    return card(words("What happened"), tag("ol", *lines, cls="timeline"), aside=aside)


def _event(view: View, one: Row) -> str:
    def when(at: str) -> str:
        return view.when(datetime.fromisoformat(at))

    return view.words.of(views.event_text(one["kind"], one["params"], when))


def _learnt(view: View, row: Row) -> Html | None:
    words, learnt = view.words, row["learnt"]
    if not learnt:
        return None
    links = [tag("li", _link(view, one)) for one in learnt["links"]]
    return card(
        words("What was learnt"),
        tag("p", learnt["text"]),
        tag("ul", *links, cls="plain-list") if links else None,
    )


def _link(view: View, one: Mapping[str, str]) -> Html | str:
    name, there = LINKS[one["kind"]]
    said = f"{view.words.of(name)} {one['ref']}"
    return link(said, there.format(ref=one["ref"])) if there else said
