"""The overview: the promise, voids by issuer over time, lines, traffic, latest cases, alerts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from nicegui import ui

from annul.console.frame import charts
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, card, join, link, tag
from annul.console.frame.tables import drawn
from annul.console.shared import CASES, HEALTH_TONES, amounts
from annul.desk import cases as case_views
from annul.desk import conclusions as conclusion_views
from annul.desk import overview as views
from annul.domain.incident import IncidentKind, Reader, Severity, Subject
from annul.domain.incidents import INCIDENTS
from annul.resolve import promise

_SPAN: Final = timedelta(hours=6)
_BUCKET: Final = timedelta(minutes=5)
_SEVERITIES: Final = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.NOTICE: "info"}


async def overview(view: View) -> None:
    """Show how things stand; live."""
    words = view.words

    def part(name: str, build: Callable[[View], Awaitable[Html]], cls: str) -> Part:
        return Part(lambda: view.shared(name, lambda: build(view)), cls)

    tiles = part("tiles", _tiles, "stack")
    with ui.element("div").classes("grid").style("margin-top: 16px"):
        with ui.element("section").classes("card two-thirds"):
            html(tag("header", tag("h2", words("Voids approved by issuer"))))
            voids = ui.echart(_chart([])).classes("chart")
        health = part("health", _health, "third")
        latest = part("latest", _latest, "two-thirds")
        alerts = part("alerts", _alerts, "third")
        with ui.element("section").classes("card"):
            html(tag("header", tag("h2", words("Traffic"))))
            traffic = ui.echart(_chart([])).classes("chart")

    async def refresh() -> None:
        for one in (tiles, health, latest, alerts):
            await one.refresh()
        approved, requests = await view.shared("charts", lambda: _charts(view))
        charts.update(voids, approved)
        charts.update(traffic, requests)

    await refresh()
    live(view, refresh, every_s=2.0, at_least_s=5.0)


async def _charts(view: View) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = await views.course(view.desk.pool, view.desk.clock.now(), _SPAN, _BUCKET)
    names = {row["issuer_id"]: view.words.name(row) for row in await _issuers(view)}
    return (
        _lines(view, rows, names, _success, percent=True),
        _lines(view, rows, names, lambda row: row["requests"]),
    )


async def _issuers(view: View) -> list[dict[str, Any]]:
    return await views.issuers(view.desk.pool, view.desk.clock.now())


async def _tiles(view: View) -> Html:
    desk, words = view.desk, view.words
    now = desk.clock.now()
    figures = await promise.read(desk.pool, now, now - timedelta(hours=24))
    found = await conclusion_views.sums(desk, view.visitor)
    question = amounts(view, found) or "–"
    ended = figures.cases - figures.open - figures.unproved
    share = f"{figures.in_time / ended:.1%}" if ended else "–"

    def tile(value: object, label: str, there: str = "", tone: str = "") -> Html:
        name = "a" if there else "div"
        return tag(
            name, tag("b", value), tag("span", label), cls=f"tile {tone}", href=there or False
        )

    promised = words("Every void ends: voided, refunded instead, or refused with a reason.")
    asked = "warn" if figures.asked else ""
    tiles = (
        tile(share, words("Ended in time, 24 h"), tone="good" if ended else ""),
        tile(figures.open, words("Open"), "/cases?state=open"),
        tile(figures.asked, words("Waiting for a person"), "/cases?state=asked", asked),
        tile(figures.late, words("Late"), "/cases?state=late", "bad" if figures.late else ""),
        tile(view.span(figures.oldest_s) if figures.open else "–", words("Oldest open")),
        tile(question, words("Money in question"), "/money", "bad" if found else ""),
    )
    head = (tag("h1", words("The promise")), tag("p", promised, cls="muted"))
    return join((tag("div", *head, cls="head"), tag("div", *tiles, cls="tiles")))


async def _health(view: View) -> Html:
    words = view.words
    shown = []
    for row in await _issuers(view):
        state = row["health"] or ("up" if row["up"] else "down") if row["seen_at"] else ""
        said = words("line down: {why}", why=row["trouble"]) if row["up"] is False else ""
        rate = f"{row['approvals'] / row['requests']:.0%}" if row["requests"] else "–"
        shown.append(
            tag(
                "a",
                tag("b", words.name(row)),
                " ",
                badge(words(state or "not seen"), HEALTH_TONES.get(state, "")),
                tag(
                    "small",
                    said or words("{rate} of {n} approved in 5 min", rate=rate, n=row["requests"]),
                ),
                cls=HEALTH_TONES.get(state, ""),
                href=f"/issuers/{row['issuer_id']}",
            )
        )
    return card(words("Issuers"), tag("div", *shown, cls="health"))


async def _latest(view: View) -> Html:
    words = view.words
    wanted = case_views.CaseSearch(state="all")
    found = await case_views.search(view.desk, view.visitor, wanted, 8)
    more = link(words("All cases"), "/cases")
    return card(
        words("Latest cases"),
        drawn(view, CASES, found.rows, empty=words("No cases yet.")),
        aside=more,
    )


async def _alerts(view: View) -> Html:
    words = view.words
    rows = await views.alerts(view.desk.pool)
    shown = []
    for row in rows:
        kind = INCIDENTS.get(row["kind"])
        said, following = _incident(view, row, kind)
        there = link(row["number"], f"/cases/{row['number']}") if row["number"] else None
        subject = kind.subject if kind else None
        if subject in {Subject.TERMINAL, Subject.BATCH}:
            there = link(row["subject"], f"/merchants/{row['merchant_id']}")
        elif there is None and row["transaction_id"] and subject is not Subject.DELIVERY:
            there = link(words("the transaction"), f"/transactions/{row['transaction_id']}")
        about = [tag("div", line, cls="muted") for line in following]
        shown.append(tag("li", tag("time", view.when(row["opened_at"])), said, " ", there, *about))
    body = tag("ol", *shown, cls="timeline") if shown else tag("p", words("None."), cls="empty")
    return card(words("Open incidents"), body)


def _incident(
    view: View, row: Mapping[str, Any], kind: IncidentKind | None
) -> tuple[Html | str, list[str]]:
    """Say what an incident is and about what; then what it means for the money, and what to do."""
    words, detail = view.words, [row["detail"]] if row["detail"] else []  # of an older version
    if kind is None:
        return words(row["kind"]), detail
    reader = Reader(words.language, view.when, words)
    said = detail or [kind.said(row["params"], reader)]
    tone = badge(words.of(kind.severity.text), _SEVERITIES[kind.severity])
    title = join((tone, " ", words.of(kind.title)))
    return title, [*said, words.of(kind.money), words.of(kind.advice)]


# Charts ----------------------------------------------------------------------------------------


def _success(row: dict[str, Any]) -> float | None:
    return round(100 * row["void_approvals"] / row["voids"], 1) if row["voids"] else None


def _lines(
    view: View,
    rows: Sequence[dict[str, Any]],
    names: dict[str, str],
    value: Any,
    *,
    percent: bool = False,
) -> dict[str, Any]:
    by_issuer: dict[str, list[list[Any]]] = {}
    for row in rows:
        at = _wall(view, row["at"])
        by_issuer.setdefault(row["issuer_id"], []).append([at, value(row)])
    series = [
        {
            "name": names.get(issuer, issuer),
            "type": "line",
            "data": data,
            "showSymbol": len(data) < 4,
            "connectNulls": True,
            "smooth": 0.2,
        }
        for issuer, data in sorted(by_issuer.items())
    ]
    now = view.desk.clock.now()
    span = (_wall(view, now - _SPAN), _wall(view, now))
    return _chart(series, percent=percent, span=span)


def _wall(view: View, at: datetime) -> str:
    """Give a time as the shop's clock shows it, without a zone: the browser shows it as it is."""
    return at.astimezone(view.desk.zone).replace(tzinfo=None).isoformat()


def _chart(
    series: list[dict[str, Any]], *, percent: bool = False, span: tuple[str, str] | None = None
) -> dict[str, Any]:
    grey = "#8a948f"
    return {
        "color": ["#0b8a6f", "#3a78c2", "#c27a1a", "#8a55c2", "#b8433a"],
        "textStyle": {"fontFamily": "inherit", "color": grey},
        "grid": {"left": 44, "right": 12, "top": 34, "bottom": 24},
        "legend": {"top": 0, "textStyle": {"color": grey}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "time",
            **({"min": span[0], "max": span[1]} if span else {}),
            "axisLine": {"lineStyle": {"color": grey}},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            **({"max": 100} if percent else {}),
            "axisLabel": {"formatter": "{value} %" if percent else "{value}"},
            "splitLine": {"lineStyle": {"color": "#8a948f33"}},
        },
        "series": series,
    }
