"""The queue of cases: filters, search, saved views, acts on many at once; live."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console.frame.filters import choice, field, search
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, icon, join, link, table, tag
from annul.console.shared import case_heads, case_rows
from annul.desk import cases as views
from annul.desk import saved
from annul.desk.roles import Scope
from annul.diagnose.causes import CAUSES
from annul.resolve.people import ACTIONS

from .act_dialog import act_on_many

_LIMIT: Final = 50
_NAMES: Final = {
    "open": "Open",
    "asked": "Waiting for a person",
    "late": "Late",
    "voided": "Voided",
    "refunded": "Refunded instead",
    "refused": "Not voided",
    "unproved": "Outcome unproved",
    "all": "All",
}
_BULK: Final = ("look", "note", "close")


def wanted(query: Mapping[str, str]) -> views.CaseSearch:
    """Read what is looked for from an address."""
    state = query.get("state", "open")
    return views.CaseSearch(
        state=state if state in views.STATES else "open",
        cause=query.get("cause", ""),
        issuer=query.get("issuer", ""),
        merchant=query.get("merchant", ""),
        search=query.get("search", "")[:40],
    )


async def cases(view: View) -> None:
    """Show the queue."""
    words, looked_for = view.words, wanted(view.query)
    picked: set[str] = set()
    acts = view.may(Scope.CASES_ACT)
    top = Part(lambda: _top(view, looked_for))
    await top.refresh()
    if acts:
        with ui.element("div").classes("row-of-buttons no-print").style("margin: 0 0 10px"):
            for name in _BULK:
                if view.visitor.role in ACTIONS[name].roles:
                    ui.button(
                        f"{words('Picked:')} {words.of(ACTIONS[name].said)}",
                        on_click=lambda _, act=name: act_on_many(view, act, picked),
                    ).props("flat dense no-caps")
            ui.button(words("Save this view"), on_click=lambda: _save(view)).props(
                "flat dense no-caps"
            )
    cursor = view.query.get("cursor", "")

    async def build() -> Html:
        if picked:
            return await _queue(view, looked_for, picked, acts=acts)
        return await view.shared(
            ("queue", looked_for, cursor), lambda: _queue(view, looked_for, set(), acts=acts)
        )

    queue = Part(build, "card")

    def pick(event: events.GenericEventArguments) -> None:
        number, on = str(event.args["number"]), bool(event.args["on"])
        (picked.add if on else picked.discard)(number)

    ui.on("pick", pick)

    async def refresh() -> None:
        await top.refresh()
        await queue.refresh()

    await queue.refresh()
    live(view, refresh)


async def _top(view: View, looked_for: views.CaseSearch) -> Html:
    words = view.words
    counted = await view.shared("counts", lambda: views.counts(view.desk, view.visitor))
    tabs = [
        link(
            f"{words(name)} {counted[state]}" if state in counted else words(name),
            f"/cases?{urlencode({'state': state})}",
            aria_current="page" if state == looked_for.state else False,
        )
        for state, name in _NAMES.items()
    ]
    mine = await saved.of(view.desk.pool, view.visitor.name, "/cases")
    kept = [link(join((icon("star"), " ", row["name"])), f"/cases?{row['query']}") for row in mine]
    causes = {name: words.of(cause.title) for name, cause in CAUSES.items()}
    hint = words("case, voucher, RRN, amount, last four")
    merchant = field(words("Merchant"), "merchant", looked_for.merchant, size=17)
    form = search(
        view,
        "/cases",
        tag("input", type="hidden", name="state", value=looked_for.state),
        field(words("Search"), "search", looked_for.search, size=34, placeholder=hint),
        choice(words("Cause"), "cause", looked_for.cause, {"": words("Any cause")} | causes),
        field(words("Issuer"), "issuer", looked_for.issuer, size=10),
        None if view.visitor.merchant_id else merchant,
    )
    count = counted.get(looked_for.state)
    title = words("Cases") if count is None else f"{words('Cases')} ({count})"
    return join(
        (
            tag(
                "div",
                tag("h1", words("Cases"), data_title=title),
                tag("span", cls="grow"),
                form,
                cls="head",
            ),
            tag("div", *tabs, *kept, cls="tabs"),
        )
    )


async def _queue(view: View, looked_for: views.CaseSearch, picked: set[str], *, acts: bool) -> Html:
    words = view.words
    found = await views.search(
        view.desk, view.visitor, looked_for, _LIMIT, view.query.get("cursor", "")
    )
    names, rows = case_heads(view), case_rows(view, found.rows)
    if acts:
        names = [words("Pick"), *names]
        rows = [
            (_box(row["number"], row["number"] in picked, words("Pick")), *shown)
            for row, shown in zip(found.rows, rows, strict=True)
        ]
    following: dict[str, Any] = {**looked_for.query(), "cursor": found.following}
    more = found.following and link(words("Older"), f"/cases?{urlencode(following)}", cls="button")
    return join((table(names, rows, empty=words("Nothing here.")), more or None))


def _box(number: str, on: bool, label: str) -> Html:
    script = f"emitEvent('pick', {{number: '{number}', on: this.checked}})"
    return tag(
        "input", type="checkbox", checked=on, onchange=script, aria_label=f"{label} {number}"
    )


async def _save(view: View) -> None:
    words = view.words
    with ui.dialog() as dialog, ui.card():
        name = ui.input(words("Name of the view"))
        with ui.row():
            ui.button(words("Keep it"), on_click=lambda: dialog.submit(name.value)).classes(
                "primary"
            )
            ui.button(words("Cancel"), on_click=lambda: dialog.submit("")).props("flat")
    chosen = str(await dialog or "").strip()[:60]
    if chosen:
        query = urlencode({k: v for k, v in view.query.items() if k not in {"cursor", "lang"}})
        await saved.keep(view.desk.pool, view.visitor.name, "/cases", chosen, query)
        ui.navigate.reload()
