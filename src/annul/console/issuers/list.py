"""The list of issuers: line, health, the last five minutes, windows, open cases; live."""

from collections.abc import Mapping
from typing import Any, Final

from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, join, link, number, tag
from annul.console.frame.tables import Column, Table, drawn
from annul.console.shared import HEALTH_TONES
from annul.desk import issuers as views
from annul.domain.policies import PolicyKind

from .rules import RULES


async def issuers(view: View) -> None:
    """Show every issuer; live."""
    listed = Part(lambda: view.shared("issuers", lambda: _list(view)))

    async def refresh() -> None:
        await listed.refresh()

    await refresh()
    live(view, refresh, every_s=2.0, at_least_s=5.0)


async def _list(view: View) -> Html:
    words = view.words
    rows = await views.listing(view.desk, view.visitor)
    down = sum(row["up"] is False for row in rows)
    said = words("{n} of {all} lines are down", n=down, all=len(rows)) if down else ""
    head = tag("div", tag("h1", words("Issuers")), badge(said, "bad") if said else None, cls="head")
    listed = drawn(view, ISSUERS, rows, empty=words("No issuers yet."))
    return join((head, tag("section", listed, cls="card")))


def line_badge(view: View, row: Mapping[str, Any]) -> Html:
    """Say whether the line is up, and if not, why."""
    words = view.words
    if not row["active"]:
        return badge(words("switched off"))
    if row["seen_at"] is None:
        return badge(words("not seen"))
    if row["up"]:
        return badge(words("up"), "good")
    why = tag("small", words(row["trouble"] or "not_connected"), cls="under")
    return join((badge(words("down"), "bad"), why))


def health_badge(view: View, row: Mapping[str, Any]) -> Html:
    """Say how an issuer does on the line."""
    state = (row["health"] or "up") if row["seen_at"] else "not seen"
    return badge(view.words(state), HEALTH_TONES.get(state, ""))


def share(part: int, whole: int) -> Html:
    """Show a share with a small bar; a dash when there is nothing to share."""
    if not whole:
        return tag("span", "–", cls="muted")
    rate = part / whole
    tone = "" if rate >= 0.8 else "warn" if rate >= 0.5 else "bad"
    bar = tag("span", tag("i", style=f"width: {rate:.0%}"), cls=f"share {tone}", aria_hidden="true")
    return join(
        (
            bar,
            tag("span", f"{rate:.0%}", cls="num"),
            tag("small", f"{part}/{whole}", cls="muted num"),
        )
    )


def _answers(view: View, row: Mapping[str, Any]) -> Html:
    words = view.words
    trouble = [
        words("{n} unanswered", n=row["silent"]) if row["silent"] else "",
        words("{n} errors", n=row["faults"]) if row["faults"] else "",
    ]
    said = " · ".join(one for one in trouble if one)
    return join(
        (tag("span", row["requests"], cls="num"), tag("small", said, cls="under") if said else None)
    )


def _windows(view: View, windows: list[dict[str, Any]]) -> Html:
    words, now = view.words, view.desk.clock.now()
    if not windows:
        return tag("span", "–", cls="muted")
    shown = []
    for window in windows[:2]:
        name = words(RULES[PolicyKind(window["kind"])][0])
        if window["valid_from"] <= now:
            until = view.dated(window["valid_until"]) if window["valid_until"] else "–"
            shown.append(
                tag(
                    "div",
                    badge(words("open now"), "warn"),
                    " ",
                    words("{what} until {until}", what=name, until=until),
                )
            )
        else:
            shown.append(
                tag(
                    "div",
                    words("{what} from {from_}", what=name, from_=view.dated(window["valid_from"])),
                )
            )
    return join(shown)


def _name(view: View, row: Mapping[str, Any]) -> Html:
    there = link(view.words.name(row), f"/issuers/{row['issuer_id']}", cls="strong row-link")
    return join((there, tag("small", row["issuer_id"], cls="mono under")))


def _cases(_: View, row: Mapping[str, Any]) -> Html:
    if not row["cases"]:
        return number("0", cls="muted")
    return link(row["cases"], f"/cases?state=open&issuer={row['issuer_id']}", cls="num")


ISSUERS: Final = Table(
    "issuers",
    (
        Column("issuer", "Issuer", _name, line=1),
        Column("line", "Line", line_badge, line=1, end=True),
        Column("health", "Health", health_badge, line=2, told=True),
        Column("answers", "Answers, 5 min", _answers, right=True),
        Column("approved", "Approved", lambda _, row: share(row["approvals"], row["requests"])),
        Column(
            "voids",
            "Voids approved",
            lambda _, row: share(row["void_approvals"], row["voids"]),
            line=3,
            told=True,
        ),
        Column(
            "windows",
            "Windows within 24 h",
            lambda view, row: _windows(view, row["windows"]),
        ),
        Column("cases", "Open cases", _cases, right=True, line=2, end=True, told=True),
    ),
    lambda row: f"/issuers/{row['issuer_id']}",
    "issuer_id",
)
