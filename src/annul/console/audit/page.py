"""The audit log: who did what to which thing, and why; looked through by cursor."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from annul.console.frame.filters import choice, cursor_of, day, field, search
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, details, facts, join, link, table, tag
from annul.desk.audit import ACTS, AuditSearch, log

_LIMIT: Final = 50
_ASKED: Final = ("who", "action", "text", "from", "until")
# What stands first in `object`: what it is called, and the page of it.
_THINGS: Final[Mapping[str, tuple[str, str]]] = {
    "issuer": ("Issuer", "/issuers/"),
    "merchant": ("Merchant", "/merchants/"),
    "terminal": ("Terminal", "/merchants/"),
    "case": ("Case", "/cases/"),
    "incident": ("Incident", "/incidents/"),
    "dialect": ("Dialect", ""),
    "user": ("User", ""),
    "key": ("Key", ""),
    "transaction": ("Transaction", "/transactions?rrn="),
}


async def audit(view: View) -> None:
    """Show what was done, the latest first."""
    asked = {name: view.query.get(name, "")[:60] for name in _ASKED}
    zone = view.desk.zone
    wanted = AuditSearch(
        who=asked["who"],
        action=asked["action"],
        text=asked["text"],
        since=day(asked["from"], zone),
        until=day(asked["until"], zone, end=True),
    )
    found = await log(view.desk, view.visitor, wanted, _LIMIT, cursor_of(view))
    kept = {name: value for name, value in asked.items() if value}
    html(_top(view, asked))
    html(_list(view, found.rows, kept, found.following), "card")


def _top(view: View, asked: Mapping[str, str]) -> Html:
    words = view.words
    actions = {"": words("Any act")} | {name: words.of(said) for name, said in sorted(ACTS.items())}
    form = search(
        view,
        "/audit",
        field(words("Who"), "who", asked["who"], size=12),
        choice(words("Act"), "action", asked["action"], actions),
        field(words("Object or reason"), "text", asked["text"], size=22, type="search"),
        field(words("From"), "from", asked["from"], type="date"),
        field(words("Until"), "until", asked["until"], type="date"),
    )
    return tag("div", tag("h1", words("Audit log")), tag("span", cls="grow"), form, cls="head")


def _list(view: View, rows: list[dict[str, Any]], kept: dict[str, str], following: str) -> Html:
    words = view.words
    several = bool(view.desk.others)
    shown = [
        (
            *((tag("span", row["cell"], cls="mono"),) if several else ()),
            tag("time", f"{row['at'].astimezone(view.desk.zone):%Y-%m-%d %H:%M:%S}"),
            join(
                (
                    tag("b", row["who"]),
                    tag(
                        "small",
                        words(row["role"]) if row["role"] else words("program"),
                        cls="under",
                    ),
                )
            ),
            badge(words.of(ACTS.get(row["action"])) or row["action"]),
            _thing(view, row["object"]),
            row["reason"],
            _detail(view, row["detail"]),
        )
        for row in rows
    ]
    heads = ("Time", "Who", "Act", "Object", "Reason", "Detail")
    names = [words(n) for n in (("Cell", *heads) if several else heads)]
    older = link(words("Older"), f"/audit?{urlencode({**kept, 'cursor': following})}", cls="button")
    return join(
        (
            table(names, shown, empty=words("No entries match.")),
            tag("p", older, cls="following") if following else None,
        )
    )


def _thing(view: View, text: str) -> Html:
    """Link what was changed, where there is a page of it."""
    kind, _, name = text.partition(" ")
    if kind not in _THINGS:
        return tag("span", text)
    label, place = _THINGS[kind]
    said = f"{view.words(label)} {name}"
    first = name.partition(" ")[0]
    return link(said, f"{place}{first}") if place and first.isdigit() else tag("span", said)


def _detail(view: View, detail: Mapping[str, Any]) -> Html | str:
    if not detail:
        return ""
    pairs = [(name, _value(value)) for name, value in detail.items() if value not in ("", None, [])]
    return details(view.words("show"), facts(pairs), cls="detail")


def _value(value: Any) -> Html:
    if isinstance(value, dict) and set(value) == {"before", "after"}:
        return tag("span", f"{value['before']} → {value['after']}")
    if isinstance(value, dict):
        return tag("span", ", ".join(f"{name} {one}" for name, one in value.items() if one))
    if isinstance(value, list):
        return tag("span", ", ".join(str(one) for one in value))
    return tag("span", value)
