"""One issuer: how it does over time, its rules and windows, its codes, routes and contacts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console.frame import charts
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, join, link, tag
from annul.desk import issuers as views
from annul.desk.roles import Scope
from annul.domain.heads import HeadScope
from annul.domain.policies import PolicyKind

from .course import course
from .learnt import LearntCard
from .link import link_card, set_link
from .list import health_badge, line_badge
from .rules import add_window, end_rule, rules_card, set_rule, windows_card
from .set_up import (
    ask_keys,
    codes_card,
    contacts_card,
    end_contact,
    end_meaning,
    keys_card,
    odd_card,
    put_contact,
    routes_card,
    set_meaning,
    set_up_card,
)

# Span of the charts: its name, its length, the width of a bucket.
_SPANS: Final = {
    "1h": ("1 hour", timedelta(hours=1), timedelta(minutes=1)),
    "6h": ("6 hours", timedelta(hours=6), timedelta(minutes=5)),
    "24h": ("24 hours", timedelta(hours=24), timedelta(minutes=20)),
    "7d": ("7 days", timedelta(days=7), timedelta(hours=2)),
}
_HOURS: Final = frozenset("123456789")  # of a window that is filled in


async def issuer(view: View) -> None:
    """Show one issuer; live."""
    issuer_id = view.params["issuer"]
    await views.find(view.desk, issuer_id)
    write = view.may(Scope.ISSUERS_WRITE)
    words, span = view.words, _chosen(view)
    top = Part(
        lambda: view.shared(("issuer top", issuer_id, span), lambda: _top(view, issuer_id)), "stack"
    )
    with ui.element("div").classes("grid").style("margin-top: 16px"):
        with ui.element("div").classes("stack two-thirds"):
            with ui.element("section").classes("card"):
                zone = tag("small", str(view.desk.zone), cls="muted")
                html(tag("header", tag("h2", words("Health over time")), zone))
                strip = html()
                outcomes = charts.draw(words("Health over time"))
            with ui.element("div").classes("grid"):
                with ui.element("section").classes("card half"):
                    html(tag("header", tag("h2", words("Response codes, without approvals"))))
                    codes = charts.draw(words("Response codes, without approvals"))
                    counted = html()
                with ui.element("section").classes("card half"):
                    html(tag("header", tag("h2", words("Response times, and lines lost"))))
                    latency = charts.draw(words("Response times, and lines lost"))
            learnt = LearntCard(view, issuer_id)
            rules = Part(lambda: _rules(view, issuer_id, write=write))
            meanings = Part(lambda: codes_card(view, issuer_id, write=write))
            contacts = Part(lambda: contacts_card(view, issuer_id, write=write))
            odd = Part(lambda: odd_card(view, issuer_id))
        with ui.element("div").classes("stack third"):
            set_up = Part(lambda: set_up_card(view, issuer_id))
            spoken = Part(lambda: link_card(view, issuer_id, write=write))
            keys = Part(lambda: keys_card(view, issuer_id, write=write))
            windows = Part(lambda: _windows(view, issuer_id, write=write))
            routes = Part(lambda: routes_card(view, issuer_id))
    still = (rules, windows, meanings, contacts, routes, keys, spoken)

    async def refresh() -> None:
        await top.refresh()
        await set_up.refresh()
        await odd.refresh()
        await learnt.refresh()
        drawn = await view.shared(
            ("issuer", issuer_id, span), lambda: course(view, issuer_id, *_SPANS[span][1:])
        )
        for shown, content in zip((strip, counted), drawn.texts, strict=True):
            if content != shown.content:
                shown.set_content(content)
        for chart, options in zip((outcomes, codes, latency), drawn.charts, strict=True):
            charts.update(chart, options)

    async def changed(done: bool) -> None:
        if done:
            for part in (*still, set_up, learnt):
                await part.refresh()

    for part in still:
        await part.refresh()
    await refresh()
    _listen(view, issuer_id, learnt, changed)
    _announce(view, issuer_id, changed)
    live(view, refresh, every_s=2.0, at_least_s=5.0)


def _announce(view: View, issuer_id: str, changed: Any) -> None:
    """Ask for a window that the card of an outage has filled in."""
    hours = view.query.get("window", "")
    if hours not in _HOURS or not view.may(Scope.ISSUERS_WRITE):
        return

    async def ask() -> None:
        await changed(await add_window(view, issuer_id, timedelta(hours=int(hours))))

    ui.timer(0.0, ask, once=True)


def _listen_to_rules(learnt: LearntCard, changed: Any) -> None:
    """Do what the buttons beside learnt rules ask for."""
    place = ui.context.slot.parent

    async def act(told: events.GenericEventArguments) -> None:
        with place:
            await changed(await learnt.act(told.args))

    async def choose(told: events.GenericEventArguments) -> None:
        learnt.chosen = str(told.args["id"])
        await learnt.refresh()

    ui.on("learnt-act", act)
    ui.on("learnt-picture", choose)


def _listen(view: View, issuer_id: str, learnt: LearntCard, changed: Any) -> None:
    """Do what the buttons on the page ask for."""
    _listen_to_rules(learnt, changed)

    def on(event: str, act: Any) -> None:
        place = ui.context.slot.parent

        async def heard(told: events.GenericEventArguments) -> None:
            with place:
                await changed(await act(told.args))

        ui.on(event, heard)

    async def end(given: Mapping[str, Any]) -> bool:
        rows = await views.policies(view.desk, issuer_id)
        return await end_rule(view, issuer_id, rows, str(given["id"]))

    on("rule", lambda given: set_rule(view, issuer_id, PolicyKind(given["kind"])))
    on("window", lambda _: add_window(view, issuer_id))
    on("end-rule", end)
    on("meaning", lambda given: set_meaning(view, issuer_id, str(given.get("code", ""))))
    on("end-meaning", lambda given: end_meaning(view, issuer_id, str(given["code"])))
    on("link", lambda _: set_link(view, issuer_id))
    on("ask-keys", lambda _: ask_keys(view, issuer_id))
    on("contact", lambda given: put_contact(view, issuer_id, str(given.get("id", ""))))
    on("end-contact", lambda given: end_contact(view, issuer_id, str(given["id"])))


def _chosen(view: View) -> str:
    return view.query.get("span", "") if view.query.get("span", "") in _SPANS else "6h"


def _of_cells(view: View) -> Html | None:
    """Say what here is of all cells, and what of the one that people sign in at."""
    if not view.desk.others:
        return None
    said = view.words(
        "Figures, rules, codes and contacts are those of all cells; address, link, keys and routes "
        "are those of cell {cell}, and each other cell has its own.",
        cell=view.desk.cell,
    )
    return tag("p", said, cls="hint")


async def _top(view: View, issuer_id: str) -> Html:
    words = view.words
    found = await views.find(view.desk, issuer_id)
    now = await views.recent(view.desk, issuer_id)
    burdens = await views.listing(view.desk, view.visitor)
    cases = next((row["cases"] for row in burdens if row["issuer_id"] == issuer_id), 0)
    spans = [
        link(
            words(name),
            f"/issuers/{issuer_id}?span={key}",
            aria_current="page" if key == _chosen(view) else False,
        )
        for key, (name, _, _) in _SPANS.items()
    ]

    def tile(shown: object, label: str, tone: str = "", there: str = "") -> Html:
        return tag(
            "a" if there else "div",
            tag("b", shown),
            tag("span", label),
            cls=f"tile {tone}",
            href=there or False,
        )

    def rate(part: int, whole: int) -> str:
        return f"{part / whole:.0%}" if whole else "–"

    return join(
        (
            tag(
                "div",
                tag("h1", words.name(found)),
                tag("span", issuer_id, cls="mono muted"),
                tag("span", words("Line"), " ", line_badge(view, now), cls="marked"),
                tag("span", words("Health"), " ", health_badge(view, now), cls="marked"),
                tag("span", cls="grow"),
                _incidents_of(view, issuer_id),
                tag("nav", *spans, cls="pills", aria_label=words("Span of the charts")),
                cls="head",
            ),
            tag(
                "div",
                tile(now["requests"], words("Answers, 5 min")),
                tile(rate(now["approvals"], now["requests"]), words("Approved")),
                tile(rate(now["void_approvals"], now["voids"]), words("Voids approved")),
                tile(now["silent"], words("No answer"), "bad" if now["silent"] else ""),
                tile(
                    now["faults"], words("Answered with an error"), "warn" if now["faults"] else ""
                ),
                tile(cases, words("Open cases"), there=f"/cases?state=open&issuer={issuer_id}"),
                cls="tiles",
            ),
            _of_cells(view),
        )
    )


def _incidents_of(view: View, issuer_id: str) -> Html | None:
    there = urlencode({"state": "", "scope": HeadScope.ISSUER.value, "member": issuer_id})
    named = view.words("Incidents")
    may = view.may(Scope.INCIDENTS_READ)
    return link(named, f"/incidents?{there}", cls="button") if may else None


async def _rules(view: View, issuer_id: str, *, write: bool) -> Html:
    return rules_card(view, await views.policies(view.desk, issuer_id), write=write)


async def _windows(view: View, issuer_id: str, *, write: bool) -> Html:
    return windows_card(view, await views.policies(view.desk, issuer_id), write=write)
