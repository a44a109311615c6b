"""One issuer: how it does over time, its rules and windows, its codes, routes and contacts."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from nicegui import events, ui

from annul.console.frame import charts
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, join, link, tag
from annul.desk import issuers as views
from annul.desk.roles import Scope
from annul.domain.policies import PolicyKind
from annul.domain.response_codes import BOOKED, describe
from annul.issuers.health import HealthLimits

from .list import health_badge, line_badge
from .rules import add_window, end_rule, rules_card, set_rule, windows_card
from .set_up import (
    codes_card,
    contacts_card,
    end_contact,
    end_meaning,
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
_CODES: Final = 7  # so many codes have a colour of their own; the rest is one
_LIMITS: Final = HealthLimits()


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
        with ui.element("section").classes("card two-thirds"):
            html(tag("header", tag("h2", words("Health over time"))))
            strip = html()
            outcomes = charts.draw(words("Health over time"))
        set_up = Part(lambda: set_up_card(view, issuer_id), "third")
        with ui.element("section").classes("card half"):
            html(tag("header", tag("h2", words("Response codes, without approvals"))))
            codes = charts.draw(words("Response codes, without approvals"))
            counted = html()
        with ui.element("section").classes("card half"):
            html(tag("header", tag("h2", words("Time to answer, and lines lost"))))
            latency = charts.draw(words("Time to answer, and lines lost"))
        rules = Part(lambda: _rules(view, issuer_id, write=write), "two-thirds")
        windows = Part(lambda: _windows(view, issuer_id, write=write), "third")
        with ui.element("div").classes("stack half"):
            meanings = Part(lambda: codes_card(view, issuer_id, write=write))
            routes = Part(lambda: routes_card(view, issuer_id))
        contacts = Part(lambda: contacts_card(view, issuer_id, write=write), "half")
    still = (rules, windows, meanings, contacts, routes)

    async def refresh() -> None:
        await top.refresh()
        await set_up.refresh()
        drawn = await view.shared(("issuer", issuer_id, span), lambda: _charts(view, issuer_id))
        for shown, content in zip((strip, counted), drawn.texts, strict=True):
            if content != shown.content:
                shown.set_content(content)
        for chart, options in zip((outcomes, codes, latency), drawn.charts, strict=True):
            charts.update(chart, options)

    async def changed(done: bool) -> None:
        if done:
            for part in (*still, set_up):
                await part.refresh()

    for part in still:
        await part.refresh()
    await refresh()
    _listen(view, issuer_id, changed)
    live(view, refresh, every_s=2.0, at_least_s=5.0)


def _listen(view: View, issuer_id: str, changed: Any) -> None:
    """Do what the buttons on the page ask for."""

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
    on("contact", lambda given: put_contact(view, issuer_id, str(given.get("id", ""))))
    on("end-contact", lambda given: end_contact(view, issuer_id, str(given["id"])))


def _chosen(view: View) -> str:
    return view.query.get("span", "") if view.query.get("span", "") in _SPANS else "6h"


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
                tag("nav", *spans, cls="pills", aria_label=words("Span of the charts")),
                cls="head",
            ),
            tag(
                "div",
                tile(now["requests"], words("Answers, 5 min")),
                tile(rate(now["approvals"], now["requests"]), words("Approved")),
                tile(rate(now["void_approvals"], now["voids"]), words("Voids approved")),
                tile(now["silent"], words("Without an answer"), "bad" if now["silent"] else ""),
                tile(
                    now["faults"], words("Answered with a fault"), "warn" if now["faults"] else ""
                ),
                tile(cases, words("Open cases"), there=f"/cases?state=open&issuer={issuer_id}"),
                cls="tiles",
            ),
        )
    )


async def _rules(view: View, issuer_id: str, *, write: bool) -> Html:
    return rules_card(view, await views.policies(view.desk, issuer_id), write=write)


async def _windows(view: View, issuer_id: str, *, write: bool) -> Html:
    return windows_card(view, await views.policies(view.desk, issuer_id), write=write)


# Charts -----------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """What is drawn of a span: strip and list of codes, then the three charts."""

    texts: tuple[Html, Html]
    charts: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


async def _charts(view: View, issuer_id: str) -> Drawn:
    _, length, width = _SPANS[_chosen(view)]
    rows = await views.course(view.desk, issuer_id, length, width)
    times = charts.buckets(view.desk.clock.now(), length, width)
    names = charts.labels(view, times, days=length > timedelta(days=1))
    codes, counted = _codes(view, times, rows)
    lost = ("ms", view.words("lines lost"))
    return Drawn(
        (_strip(view, names, charts.values(times, rows, lambda row: row, {})), counted),
        (
            charts.chart(_outcomes(view, times, rows), names),
            charts.chart(codes, names, legend=False),
            charts.chart(_latency(view, times, rows), names, axes=lost),
        ),
    )


def condition(row: Mapping[str, Any]) -> str:
    """Say how an issuer did in a bucket, as the router judges a minute; empty: too few requests."""
    if not row or row["requests"] < _LIMITS.least:
        return ""
    trouble = (row["silent"] + row["faults"]) / row["requests"]
    if trouble >= _LIMITS.down:
        return "down"
    return "degraded" if trouble >= _LIMITS.degraded else "up"


def _strip(view: View, names: list[str], rows: list[Any]) -> Html:
    words = view.words
    states = [condition(row) for row in rows]
    tones = {"up": "good", "degraded": "warn", "down": "bad", "": ""}
    cells = [
        tag("i", cls=tones[state], title=f"{name} {words(state or 'too few requests')}")
        for name, state in zip(names, states, strict=True)
    ]
    counted = Counter(state for state in states if state)
    shares = [
        f"{words(state)} {counted[state] / counted.total():.0%}"
        for state in tones
        if counted[state]
    ]
    said = " · ".join(shares) or words("too few requests")
    return tag(
        "div",
        tag("div", *cells, cls="strip", aria_hidden="true"),
        tag("p", said, cls="muted strip-said"),
    )


def _outcomes(view: View, times: list[Any], rows: list[Any]) -> list[dict[str, Any]]:
    words = view.words

    def declined(row: Mapping[str, Any]) -> int:
        return max(row["requests"] - row["approvals"] - row["faults"] - row["silent"], 0)

    parts = (
        (words("approved"), lambda row: row["approvals"], charts.GOOD),
        (words("declined"), declined, charts.POOR),
        (words("fault"), lambda row: row["faults"], charts.BAD),
        (words("without an answer"), lambda row: row["silent"], charts.SILENT),
    )
    return [charts.bars(name, charts.values(times, rows, of), colour) for name, of, colour in parts]


def _codes(view: View, times: list[Any], rows: list[Any]) -> tuple[list[dict[str, Any]], Html]:
    """Give the series of codes, and the list that says what they are and how often they came."""
    words = view.words
    counted: Counter[str] = Counter()
    for row in rows:
        counted.update({code: n for code, n in row["codes"].items() if code not in BOOKED})
    most = [code for code, _ in counted.most_common(_CODES)]
    rest = set(counted) - set(most)
    parts: list[tuple[str, int, Callable[[Mapping[str, Any]], int], str]] = [
        (
            code_name(view, code),
            counted[code],
            lambda row, one=code: row["codes"].get(one, 0),
            charts.PALETTE[place],
        )
        for place, code in enumerate(most)
    ]
    if rest:
        parts.append(
            (
                words("others"),
                sum(counted[code] for code in rest),
                lambda row: sum(row["codes"].get(code, 0) for code in rest),
                charts.PALETTE[-1],
            )
        )
    silent = sum(row["silent"] for row in rows)
    if silent:
        parts.append((words("without an answer"), silent, lambda row: row["silent"], charts.SILENT))
    series = [
        charts.bars(name, charts.values(times, rows, of), colour) for name, _, of, colour in parts
    ]
    listed = [
        tag(
            "li",
            tag("i", style=f"background: {colour}"),
            tag("span", name),
            tag("b", count, cls="num"),
        )
        for name, count, _, colour in parts
    ]
    none = tag("p", words("Nothing was declined."), cls="empty")
    return series, tag("ul", *listed, cls="legend") if listed else none


def code_name(view: View, code: str) -> str:
    """Name a response code."""
    return f"{code} {view.words.of(describe(code).title)}"


def _latency(view: View, times: list[Any], rows: list[Any]) -> list[dict[str, Any]]:
    words = view.words

    def of(name: str) -> list[Any]:
        return charts.values(times, rows, lambda row: row[name], empty=None)

    drops = charts.values(times, rows, lambda row: row["link_drops"])
    return [
        charts.line(words("half within"), of("p50_ms"), charts.PALETTE[0]),
        charts.line(words("nine of ten within"), of("p90_ms"), charts.PALETTE[2]),
        charts.bars(
            words("lines lost"), drops, charts.SILENT, stack="", yAxisIndex=1, barMaxWidth=8
        ),
    ]
