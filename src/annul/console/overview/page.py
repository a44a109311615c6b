"""The overview: issuers in trouble, outcomes of voids, incidents, traffic, the latest cases."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from nicegui import ui

from annul.console.clearing import elsewhere as of_clearing
from annul.console.frame import charts
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, card, join, link, tag
from annul.console.frame.tables import drawn
from annul.console.shared import CASES, HEALTH_TONES, amounts
from annul.desk import accounts, payouts
from annul.desk import cases as case_views
from annul.desk import conclusions as conclusion_views
from annul.desk import overview as views
from annul.desk.roles import Scope
from annul.operate.trouble import Trouble, trouble_of

from .course import Course, courses
from .incidents import incidents
from .trouble import troubles

_DAY: Final = timedelta(hours=24)
_SHOWN: Final = frozenset({"number", "state", "amount", "cause", "opened"})
_LATEST: Final = replace(
    CASES, name="latest", columns=tuple(one for one in CASES.columns if one.name in _SHOWN)
)


async def overview(view: View) -> None:
    """Show how things stand; live."""

    def part(name: str, build: Callable[[View], Awaitable[Html]], cls: str) -> Part:
        return Part(lambda: view.shared(name, lambda: build(view)), cls)

    head = part("tiles", _tiles, "stack")
    wrong = part("troubles", troubles, "stack outages")
    with ui.element("div").classes("grid").style("margin-top: 16px"):
        with ui.element("div").classes("stack two-thirds"):
            voids = _Chart(view, view.words("Voids approved by issuer"))
            latest = part("latest", _latest, "")
            traffic = _Chart(view, view.words("Traffic"))
        with ui.element("div").classes("stack third"):
            health = part("health", _health, "")
            alerts = part("alerts", incidents, "")

    async def refresh() -> None:
        for one in (head, wrong, health, latest, alerts):
            await one.refresh()
        drawn = await view.shared("charts", lambda: _charts(view))
        for chart, course in zip((voids, traffic), drawn, strict=True):
            chart.update(course)

    await refresh()
    live(view, refresh, every_s=2.0, at_least_s=5.0)


class _Chart:
    """A framed chart that says in words what is too little to draw."""

    def __init__(self, view: View, title: str) -> None:
        zone = tag("small", str(view.desk.zone), cls="muted")
        with ui.element("section").classes("card"):
            html(tag("header", tag("h2", title), zone))
            self._said = html()
            self._shown = charts.draw(title)

    def update(self, course: Course) -> None:
        self._said.set_content(tag("p", course.said, cls="empty") if course.said else "")
        self._shown.set_visibility(not course.said)
        charts.update(self._shown, course.options)


async def _charts(view: View) -> tuple[Course, Course]:
    return await courses(
        view, {row["issuer_id"]: view.words.name(row) for row in await _issuers(view)}
    )


async def _issuers(view: View) -> list[dict[str, Any]]:
    return await views.issuers(view.desk)


async def _tiles(view: View) -> Html:
    desk, words = view.desk, view.words
    figures = await views.promise(desk, desk.clock.now() - _DAY)
    found = await conclusion_views.sums(desk, view.visitor)
    question = amounts(view, found) or "–"
    ended = figures.cases - figures.open - figures.unproved
    share = f"{figures.in_time / ended:.1%}" if ended else "–"

    def tile(value: object, label: str, there: str = "", tone: str = "", under: str = "") -> Html:
        name = "a" if there else "div"
        small = tag("small", under) if under else None
        return tag(
            name,
            tag("b", value),
            tag("span", label),
            small,
            cls=f"tile {tone}",
            href=there or False,
        )

    outcomes = words(
        "{voided} voided, {refunded} refunded, {refused} not voided",
        voided=figures.voided,
        refunded=figures.refunded,
        refused=figures.refused,
    )
    asked = "warn" if figures.asked else ""
    late = "bad" if figures.late else ""
    oldest = view.span(figures.oldest_s) if figures.open else "–"
    tiles = (
        tile(share, words("Closed on time, 24 h"), under=outcomes if ended else ""),
        tile(figures.open, words("Open"), "/cases?state=open"),
        tile(figures.asked, words("Needs manual action"), "/cases?state=asked", asked),
        tile(figures.late, words("Late"), "/cases?state=late", late),
        tile(oldest, words("Oldest open")),
        tile(question, words("Money in question"), "/money", "bad" if found else ""),
        *[tile(*one) for one in (*await _payouts(view), *await of_clearing.tiles(view))],
    )
    about = words("Every void ends: voided, refunded instead, or refused with a reason.")
    head = (tag("h1", words("Void outcomes")), tag("p", about, cls="muted"))
    return join((tag("div", *head, cls="head"), tag("div", *tiles, cls="tiles")))


async def _payouts(view: View) -> list[tuple[object, str, str, str, str]]:
    """Give tiles of what waits for a second person and of payouts that failed; to who may see."""
    desk, visitor, words = view.desk, view.visitor, view.words
    if not view.may(Scope.PAYOUTS_READ):
        return []
    waits = (
        (words("payouts: {n}"), await payouts.waiting(desk, visitor)),
        (words("moves: {n}"), await accounts.waiting_moves(desk, visitor)),
        (words("accounts: {n}"), await accounts.waiting_accounts(desk, visitor)),
    )
    under = " · ".join(said.format(n=len(rows)) for said, rows in waits if rows)
    asked = sum(len(rows) for _, rows in waits)
    failed = await views.open_of(desk, "payout_failed")
    return [
        (asked, words("Awaiting second approval"), "/payouts", "warn" if asked else "", under),
        (failed, words("Payouts that failed"), "#incidents", "bad" if failed else "", ""),
    ]


async def _health(view: View) -> Html:
    words = view.words
    shown = []
    for row in await _issuers(view):
        trouble = trouble_of(row)
        state = row["health"] or ("up" if row["up"] else "down") if row["seen_at"] else ""
        tone = "warn" if trouble is Trouble.VOIDS else HEALTH_TONES.get(state, "")
        shown.append(
            tag(
                "a",
                tag("b", words.name(row)),
                " ",
                badge(words(state or "not seen"), HEALTH_TONES.get(state, "")),
                tag("small", _did(view, row)),
                cls=tone,
                href=f"/issuers/{row['issuer_id']}",
            )
        )
    return card(words("Issuers"), tag("div", *shown, cls="health"))


def _did(view: View, row: dict[str, Any]) -> str:
    """Say what an issuer did lately: all it was asked, and its voids."""
    words = view.words
    if row["up"] is False:
        return words("line down: {why}", why=row["trouble"])
    if not row["requests"] and not row["voids"]:
        return words("no traffic")
    parts = []
    if row["requests"]:
        rate = f"{row['approvals'] / row['requests']:.0%}"
        parts.append(words("{rate} of {n} approved in 5 min", rate=rate, n=row["requests"]))
    if row["voids"]:
        rate = f"{row['void_approvals'] / row['voids']:.0%}"
        parts.append(words("{rate} of {n} voids in 30 min", rate=rate, n=row["voids"]))
    return " · ".join(parts)


async def _latest(view: View) -> Html:
    words = view.words
    wanted = case_views.CaseSearch(state="all")
    found = await case_views.search(view.desk, view.visitor, wanted, 8)
    more = link(words("All cases"), "/cases")
    return card(
        words("Latest cases"),
        drawn(view, _LATEST, found.rows, empty=words("No cases yet.")),
        aside=more,
    )
