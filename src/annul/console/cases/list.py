"""The queue of cases: states with counts, filters, search, saved views, acts on many; live."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console.frame.export import MOST, ExportedList
from annul.console.frame.filters import choice, field, picked, picker, search
from annul.console.frame.forms import titled
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, icon, join, link, tag
from annul.console.frame.tables import Sorted, drawn, tools
from annul.console.shared import CASES
from annul.desk import cases as views
from annul.desk import saved
from annul.desk.choices import the_one
from annul.desk.cursor import Listing
from annul.desk.find import WholeCard
from annul.desk.roles import Scope
from annul.diagnose.causes import CAUSES

from .many import Many

_LIMIT: Final = 50
_SELDOM: Final = 20.0  # times as long as it takes to count
_STALE_S: Final = 30.0  # what is late by the clock alone is seen to be late
_NAMES: Final = {
    "open": "Open",
    "asked": "Needs manual action",
    "approve": "Needs my approval",
    "late": "Late",
    "voided": "Voided",
    "refunded": "Refunded instead",
    "refused": "Not voided",
    "unproved": "Outcome unproved",
    "all": "All",
}
Pickers = Mapping[str, Mapping[str, Any] | None]


def _queued(wanted: Mapping[str, str]) -> tuple[str, str]:
    """Give the state that is shown and its order: a text is looked for in all of them."""
    text = bool(wanted.get("search", "").strip())
    state = wanted.get("state") or ("all" if text else wanted.get("was", ""))
    state = state if state in _NAMES else "open"
    order = wanted.get("order", "")
    if order not in views.ORDERS:
        order = "queue" if state in views.LIVE else "-opened"
    return state, order


async def wanted(view: View) -> tuple[views.CaseSearch, Pickers]:
    """Read what is looked for from an address, and whom its pickers mean."""
    state, order = _queued(view.query)
    if state == "approve" and not views.approves(view.visitor):
        state = "asked"
    chosen: dict[str, Mapping[str, Any] | None] = {}
    for name in ("merchant", "issuer"):
        chosen[name] = await the_one(view.desk, view.visitor, f"{name}s", picked(view, name))
    numbers = {
        name: str(row["number"]) if row else picked(view, name) for name, row in chosen.items()
    }
    asked = views.CaseSearch(
        state=state,
        cause=view.query.get("cause", ""),
        issuer=numbers["issuer"],
        merchant=numbers["merchant"],
        search=view.query.get("search", "")[:40],
        order=order,
    )
    return asked, chosen


async def _page(view: View, cursor: str, limit: int) -> Listing:
    looked_for, _ = await wanted(view)
    return await views.search(view.desk, view.visitor, looked_for, limit, cursor)


EXPORTED: Final = ExportedList(CASES, Scope.CASES_READ, _page)


async def cases(view: View) -> None:
    """Show the queue."""
    looked_for, chosen = await wanted(view)
    html(_head(view, looked_for, chosen))
    counts = _Counts(view, looked_for)
    tabs = Part(lambda: _tabs(view, looked_for, counts))
    try:
        await tabs.refresh()
    except WholeCard as error:
        said = f"{view.words(str(error))} {view.words(error.next_step)}"
        html(tag("p", said, cls="said", role="alert"))
        return
    acts = view.may(Scope.CASES_ACT)
    html(_tools(view, looked_for, acts=acts))
    cursor = view.query.get("cursor", "")
    queue = Part(
        lambda: view.shared(
            ("queue", looked_for, cursor, acts, _whose(view, looked_for)),
            lambda: _queue(view, looked_for, cursor, acts=acts),
        ),
        "card queue",
    )
    many = Many(view) if acts else None

    def save(_: events.GenericEventArguments) -> Any:
        return _save(view)

    ui.on("save-view", save)

    async def refresh() -> None:
        await tabs.refresh()
        await queue.refresh()
        if many is not None:
            await many.refresh()

    await queue.refresh()
    live(view, refresh, at_least_s=_STALE_S)


def _whose(view: View, looked_for: views.CaseSearch) -> str:
    """Give whose list it is where not all of a role are shown the same."""
    return view.visitor.name if looked_for.state == "approve" else ""


class _Counts:
    """What fits by state; counted anew the more seldom, the longer it takes."""

    def __init__(self, view: View, looked_for: views.CaseSearch) -> None:
        self._view, self._looked_for = view, looked_for
        self._counted: dict[str, int] = {}
        self._next_s = 0.0

    async def now(self) -> dict[str, int]:
        """Give them by the name of the state."""
        clock = self._view.desk.clock
        began_s = clock.monotonic()
        if began_s >= self._next_s or not self._counted:
            self._counted = await self._count()
            self._next_s = began_s + _SELDOM * (clock.monotonic() - began_s)
        return self._counted

    async def _count(self) -> dict[str, int]:
        view, asked = self._view, self._looked_for
        key = ("counts", asked.cause, asked.issuer, asked.merchant, asked.search)
        counted = await view.shared(key, lambda: views.counts(view.desk, view.visitor, asked))
        if not views.approves(view.visitor):
            return counted
        return counted | {"approve": await views.to_approve(view.desk, view.visitor, asked)}


def _address(looked_for: views.CaseSearch, **changes: str) -> str:
    asked = looked_for.query() | changes
    return f"/cases?{urlencode({name: value for name, value in asked.items() if value})}"


async def _tabs(view: View, looked_for: views.CaseSearch, counts: _Counts) -> Html:
    words = view.words
    counted = await counts.now()

    def tab(state: str, name: str) -> Html:
        count = counted[state]
        many = f"{views.COUNTED:,}+" if count > views.COUNTED else f"{count:,}"
        return link(
            join((words(name), " ", tag("span", many, cls="count"))),
            _address(looked_for, state=state, order=""),
            aria_current="page" if state == looked_for.state else False,
        )

    tabs = [tab(state, name) for state, name in _NAMES.items() if state in counted]
    mine = await saved.of(view.desk.pool, view.visitor.name, "/cases")
    kept = [link(join((icon("star"), " ", row["name"])), f"/cases?{row['query']}") for row in mine]
    count = counted.get(looked_for.state)
    title = words("Cases") if count is None else f"{words('Cases')} ({count})"
    named = {"cls": "tabs", "aria_label": words("State"), "data_title": title}
    return tag("nav", *tabs, *kept, **named)


def _head(view: View, looked_for: views.CaseSearch, chosen: Pickers) -> Html:
    words = view.words
    causes = {name: words.of(cause.title) for name, cause in CAUSES.items()}
    hint = words("case, voucher, RRN, amount, last four")
    office = not view.visitor.merchant_id
    merchant = picker(view, words("Merchant"), "merchants", "merchant", chosen["merchant"])
    issuer = picker(view, words("Issuer"), "issuers", "issuer", chosen["issuer"])
    any_ = looked_for.search or looked_for.cause or looked_for.issuer or looked_for.merchant
    form = search(
        view,
        "/cases",
        tag("input", type="hidden", name="was", value=looked_for.state),
        field(
            words("Search"), "search", looked_for.search, size=34, placeholder=hint, type="search"
        ),
        choice(words("Cause"), "cause", looked_for.cause, {"": words("Any cause")} | causes),
        issuer if office else None,
        merchant if office else None,
        clear=_address(views.CaseSearch(looked_for.state)) if any_ else "",
    )
    return tag("div", tag("h1", words("Cases")), tag("span", cls="grow"), form, cls="head")


def _tools(view: View, looked_for: views.CaseSearch, *, acts: bool) -> Html:
    words = view.words
    every = tag(
        "label",
        tag("input", type="checkbox", data_pick_all=True),
        words("Select all on this page"),
        cls="pick-all",
    )
    save = tag(
        "button",
        words("Save this view"),
        type="button",
        cls="button small",
        onclick="annulBack = this; emitEvent('save-view', {})",
    )
    export = f"/export/cases?{urlencode(looked_for.query())}"
    return tools(view, CASES, every if acts else None, save, export=export, most=MOST)


async def _queue(view: View, looked_for: views.CaseSearch, cursor: str, *, acts: bool) -> Html:
    found = await views.search(view.desk, view.visitor, looked_for, _LIMIT, cursor)
    by = Sorted(views.order_of(looked_for), lambda order: _address(looked_for, order=order))
    empty = view.words("Nothing here.")
    listed = drawn(view, CASES, found.rows, by=by, empty=empty, picks=acts)
    further = _address(looked_for, cursor=found.following)
    more = found.following and link(view.words("Further cases"), further, cls="button")
    return join((listed, tag("p", more, cls="following") if more else None))


async def _save(view: View) -> None:
    words = view.words
    with titled(words("Save this view")) as dialog:
        name = ui.input(words("Name of the view")).props("outlined dense stack-label autofocus")
        with ui.element("div").classes("row-of-buttons"):
            ui.button(words("Save view"), on_click=lambda: dialog.submit(name.value)).classes(
                "primary"
            ).props("unelevated")
            ui.button(words("Cancel"), on_click=lambda: dialog.submit("")).props("flat")
    chosen = str(await dialog or "").strip()[:60]
    if chosen:
        query = urlencode({k: v for k, v in view.query.items() if k not in {"cursor", "lang"}})
        await saved.keep(view.desk.pool, view.visitor.name, "/cases", chosen, query)
        ui.navigate.reload()
