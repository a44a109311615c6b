"""Chargebacks: sums on top, what is asked for, and the table; live ones by their deadline."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console.frame.filters import choice, cursor_of, field, picked, picker, search
from annul.console.frame.forms import act_button
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, join, link, number, tag
from annul.console.frame.tables import Column, Sorted, Table, drawn, named, tools
from annul.console.shared import sees_all
from annul.desk import chargebacks as views
from annul.desk.chargebacks import ChargebackSearch
from annul.desk.choices import the_one
from annul.desk.roles import Scope
from annul.domain.chargebacks import REASONS, STAGES, Stage

from .acts import ENTER, enter
from .proposed import listen, proposals
from .said import Row, amount, due, money, reason, stage, sums

_LIMIT: Final = 50
_LIVE: Final = "live"
_GROUPS: Final[Mapping[str, str]] = {
    "live": "not ended",
    "overdue": "overdue",
    "asked": "Awaiting second approval",
    "ended": "ended",
}


async def asked(view: View) -> tuple[ChargebackSearch, Mapping[str, Any] | None]:
    """Read the address: what is live, where it names no stage; and the merchant chosen."""
    given, chosen = view.query, None
    if sees_all(view):
        chosen = await the_one(view.desk, view.visitor, "merchants", picked(view, "merchant"))
    at = given.get("stage", _LIVE)
    why = given.get("reason", "")
    wanted = ChargebackSearch(
        merchant_id=str(chosen["number"]) if chosen else picked(view, "merchant"),
        stage=at if at in {*Stage, *_GROUPS} else "",
        reason=why if why in REASONS else "",
        owner=given.get("owner", "").strip()[:60] if sees_all(view) else "",
    )
    if not sees_all(view):
        wanted = ChargebackSearch(stage=wanted.stage, reason=wanted.reason)
    return wanted, chosen


def address(wanted: ChargebackSearch, **changes: object) -> str:
    """Give where a search stands, with changes; the stage is always named."""
    given = views.conditions(wanted) | changes
    given["merchant"] = given.pop("merchant_id", "")
    kept = {name: value for name, value in given.items() if value}
    return f"/chargebacks?{urlencode({'stage': '', **kept})}"


async def chargebacks(view: View) -> None:
    """Show chargebacks; live."""
    wanted, chosen = await asked(view)
    html(_head(view))
    above = Part(lambda: _sums(view, wanted), "spaced")
    html(_form(view, wanted, chosen))
    if view.may(Scope.CLEARING_WRITE) and sees_all(view):
        button = act_button(view.words("Enter a chargeback"), ENTER, cls="primary")
        html(tools(view, CHARGEBACKS, button))
    proposed = Part(lambda: proposals(view))
    listed = Part(lambda: _listed(view, wanted), "card")

    async def refresh() -> None:
        await above.refresh()
        await proposed.refresh()
        await listed.refresh()

    place = ui.context.slot.parent

    async def on_enter(_: events.GenericEventArguments) -> None:
        with place:
            if await enter(view):
                view.desk.kept.forget()
                await refresh()

    await refresh()
    if view.may(Scope.CLEARING_WRITE):
        ui.on(ENTER, on_enter)
        listen(view, refresh)
    live(view, refresh, at_least_s=5.0)


def _head(view: View) -> Html:
    words = view.words
    about = (
        words("What issuers claim back, and until when it is answered.")
        if sees_all(view)
        else words("What banks claim back of your payments. Your acquirer answers them.")
    )
    return tag("div", tag("h1", words("Chargebacks")), tag("p", about, cls="muted"), cls="head")


async def _sums(view: View, wanted: ChargebackSearch) -> Html:
    """Show by stage what is live; each leads to its list."""
    words = view.words
    found = await views.sums(view.desk, view.visitor)
    plain = ChargebackSearch(merchant_id=wanted.merchant_id)

    def tile(count: int, label: str, at: str, tone: str = "", under: str = "") -> Html:
        small = tag("small", under) if under else None
        there = address(plain, stage=at)
        parts = (tag("b", f"{count:,}"), tag("span", label), small)
        return tag("a", *parts, cls=f"tile {tone}", href=there)

    def total(name: str) -> int:
        return sum(row[name] for row in found)

    late, waits = total("overdue"), total("asked")
    held = words("held: {sums}", sums=sums(view, found, "held"))
    tiles = [tile(total("count"), words("Live"), "live", under=held)]
    tiles.append(tile(late, words("Overdue"), "overdue", "bad" if late else ""))
    if sees_all(view):
        label = words("Awaiting second approval")
        tiles.append(tile(waits, label, "asked", "warn" if waits else ""))
    for one in Stage:
        rows = [row for row in found if row["stage"] == one]
        if rows:
            count, under = sum(row["count"] for row in rows), sums(view, rows, "amount")
            tiles.append(tile(count, words.of(STAGES[one]), one.value, under=under))
    return tag("div", *tiles, cls="tiles")


def _form(view: View, wanted: ChargebackSearch, chosen: Mapping[str, Any] | None) -> Html:
    words = view.words
    any_ = {"": words("any")}
    stages = any_ | {name: words(text) for name, text in _GROUPS.items()}
    stages |= {one.value: words.of(text) for one, text in STAGES.items()}
    reasons = any_ | {one.value: words.of(text) for one, text in REASONS.items()}
    fields: list[object] = [
        choice(words("Stage"), "stage", wanted.stage, stages),
        choice(words("Reason"), "reason", wanted.reason, reasons),
    ]
    if sees_all(view):
        fields += [
            picker(view, words("Merchant"), "merchants", "merchant", chosen),
            field(words("Handled by"), "owner", wanted.owner, size=12),
        ]
    clear = "/chargebacks" if view.query else ""
    form = search(view, "/chargebacks", *fields, clear=clear)
    return tag("section", form, cls="card calm spaced no-print")


async def _listed(view: View, wanted: ChargebackSearch) -> Html:
    words, cursor = view.words, cursor_of(view)
    only_live = wanted == ChargebackSearch(merchant_id=wanted.merchant_id, stage=_LIVE)
    if only_live and not cursor:
        rows = await views.by_deadline(view.desk, view.visitor, wanted.merchant_id, _LIMIT)
        following = ""
    else:
        found = await views.search(view.desk, view.visitor, wanted, _LIMIT, cursor)
        rows, following = found.rows, found.following
    whole = not cursor and not following
    by = None if whole else Sorted()
    shown = drawn(view, CHARGEBACKS, rows, by=by, empty=words("No chargeback matches."))
    older = link(words("Older"), address(wanted, cursor=following), cls="button")
    return join((shown, tag("p", older, cls="following") if following else None))


# The table --------------------------------------------------------------------------------------


def _number(_: View, row: Row) -> Html:
    return link(row["number"], f"/chargebacks/{row['id']}", cls="row-link mono")


def _merchant(view: View, row: Row) -> Html:
    name = row[f"name_{view.words.language}"]
    return named(name, row["merchant_id"], f"/merchants/{row['merchant_id']}")


def _sale(_: View, row: Row) -> Html:
    return link(row["rrn"], f"/transactions/{row['transaction_id']}", cls="mono")


def _amount(view: View, row: Row) -> Html:
    return number(amount(view, row))


CHARGEBACKS: Final = Table(
    "chargebacks",
    (
        Column("number", "Number", _number, line=1),
        Column("stage", "Stage", stage, line=3, end=True),
        Column("amount", "Amount", _amount, right=True, line=1, end=True),
        Column("money", "Money", money, line=2, end=True),
        Column("merchant", "Merchant", _merchant, line=2, wanted=sees_all),
        Column("sale", "Transaction", _sale, extra=True),
        Column("reason", "Reason", reason, line=2),
        Column("owner", "Handled by", lambda _, row: row["owner"] or "–", wanted=sees_all),
        Column("due", "Due by", due, line=3, told=True),
    ),
    lambda row: f"/chargebacks/{row['id']}",
    "id",
)
