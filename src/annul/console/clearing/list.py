"""Breaks: sums on top, what is asked for, the table, and what is done with many at once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from annul.console.frame.filters import choice, cursor_of, field, picked, picker, search
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, join, link, number, tag
from annul.console.frame.tables import Column, Sorted, Table, drawn, named, tools
from annul.console.shared import sees_all
from annul.desk import breaks as views
from annul.desk.breaks import BreakSearch
from annul.desk.choices import the_one
from annul.desk.roles import Scope
from annul.domain.breaks import BREAK_STATES, KINDS, WAITING, BreakKind, BreakState, Cause

from .many import Many
from .said import Row, cause, foretold, kind, money, state, sums
from .workbook import buttons, listen

_LIMIT: Final = 50
_WAITING: Final = "waiting"
_FLAGS: Final = ("overdue", "foretold")


async def asked(view: View) -> tuple[BreakSearch, Mapping[str, Any] | None]:
    """Read the address: what waits, where it names no state; and the merchant that is chosen."""
    given = view.query
    row = None
    if sees_all(view):
        row = await the_one(view.desk, view.visitor, "merchants", picked(view, "merchant"))
    wanted = BreakSearch(
        merchant_id=str(row["number"]) if row else picked(view, "merchant"),
        kind=_among(given.get("kind", ""), BreakKind),
        cause=_among(given.get("cause", ""), Cause),
        state=_among(given.get("state", _WAITING), (*BreakState, _WAITING)),
        owner=given.get("owner", "").strip()[:60] if sees_all(view) else "",
        file=_number(given.get("file", "")),
        foretold=True if given.get("foretold") else None,
        overdue=bool(given.get("overdue")),
    )
    return (wanted if sees_all(view) else replace(wanted, merchant_id="")), row


def _among(text: str, known: Any) -> str:
    return text if text in set(known) else ""


def _number(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def address(wanted: BreakSearch, **changes: object) -> str:
    """Give where a search stands, with changes; the state is always named."""
    given = views.conditions(wanted) | changes
    given["merchant"] = given.pop("merchant_id", "")
    flags = {name: "1" for name in _FLAGS if given.pop(name, None)}
    kept = {name: value for name, value in (given | flags).items() if value}
    return f"/breaks?{urlencode({'state': '', **kept})}"


async def breaks(view: View) -> None:
    """Show breaks; live."""
    wanted, chosen = await asked(view)
    writes = view.may(Scope.CLEARING_WRITE)
    html(_head(view))
    above = Part(lambda: _sums(view, wanted), "spaced")
    html(_form(view, wanted, chosen))
    if sees_all(view):
        html(tools(view, BREAKS, *(buttons(view) if writes else ())))
    many = Many(view) if writes else None
    listed = Part(lambda: _listed(view, wanted, picks=writes), "card")

    async def refresh() -> None:
        await above.refresh()
        await listed.refresh()
        if many is not None:
            await many.refresh()

    await refresh()
    if writes:
        listen(view, wanted, refresh)
    live(view, refresh, at_least_s=5.0)


def _head(view: View) -> Html:
    words = view.words
    if sees_all(view):
        title, about = words("Breaks"), words("Where issuers' files and our books differ.")
    else:
        title = words("Differences with issuers")
        about = words("What issuers told of your transactions and what is booked here differ.")
    return tag("div", tag("h1", title), tag("p", about, cls="muted"), cls="head")


async def _sums(view: View, wanted: BreakSearch) -> Html:
    """Show by kind what waits; each leads to its list."""
    words = view.words
    found = await views.sums(view.desk, view.visitor)
    overdue = sum(row["overdue"] for row in found)
    waits = sum(row["asked"] for row in found)
    count = sum(row["count"] for row in found)

    def tile(value: object, label: str, there: str, tone: str = "", under: str = "") -> Html:
        small = tag("small", under) if under else None
        return tag("a", tag("b", value), tag("span", label), small, cls=f"tile {tone}", href=there)

    tone = "bad" if overdue else ""
    every = sums(view, found, "in_question")
    plain = BreakSearch(state=_WAITING, merchant_id=wanted.merchant_id)
    tiles = [tile(f"{count:,}", words("To be decided"), address(plain), under=every)]
    if sees_all(view):
        second = address(replace(plain, state=BreakState.ASKED.value))
        asked_ = "warn" if waits else ""
        tiles += [
            tile(f"{overdue:,}", words("Overdue"), address(replace(plain, overdue=True)), tone),
            tile(f"{waits:,}", words("Awaiting second approval"), second, asked_),
        ]
    for one in BreakKind:
        rows = [row for row in found if row["kind"] == one]
        if rows:
            n = sum(row["count"] for row in rows)
            there = address(replace(plain, kind=one.value))
            amount = sums(view, rows, "in_question")
            tiles.append(tile(f"{n:,}", words.of(KINDS[one]), there, under=amount))
    return tag("div", *tiles, cls="tiles")


def _form(view: View, wanted: BreakSearch, chosen: Mapping[str, Any] | None) -> Html:
    words = view.words
    any_ = {"": words("any")}
    kinds = any_ | {one.value: words.of(text) for one, text in KINDS.items()}
    states = any_ | {_WAITING: words("not ended")}
    states |= {one.value: words.of(text) for one, text in BREAK_STATES.items()}
    fields: list[object] = [
        choice(words("State"), "state", wanted.state, states),
        choice(words("Kind"), "kind", wanted.kind, kinds),
    ]
    if sees_all(view):
        causes = any_ | {one.value: _short(cause(view, {"cause": one})) for one in Cause}
        fields += [
            choice(words("Cause"), "cause", wanted.cause, causes),
            picker(view, words("Merchant"), "merchants", "merchant", chosen),
            field(words("Handled by"), "owner", wanted.owner, size=12),
            _flag(words("overdue"), "overdue", on=wanted.overdue),
            _flag(words("foretold"), "foretold", on=bool(wanted.foretold)),
        ]
        if wanted.file:
            fields.append(tag("input", type="hidden", name="file", value=wanted.file))
    looked_for = bool(view.query)
    asked_for = search(view, "/breaks", *fields, clear="/breaks" if looked_for else "")
    return tag("section", asked_for, cls="card calm spaced no-print")


def _short(text: str, most: int = 42) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _flag(label: str, name: str, *, on: bool) -> Html:
    box = tag("input", type="checkbox", name=name, value="1", checked=on)
    return tag("label", box, " ", label, cls="flag")


async def _listed(view: View, wanted: BreakSearch, *, picks: bool) -> Html:
    words = view.words
    cursor = cursor_of(view)
    found = await views.found(view.desk, view.visitor, wanted, _LIMIT, cursor)
    older = link(words("Older"), address(wanted, cursor=found.following), cls="button")
    whole = not cursor and not found.following
    shown = drawn(
        view,
        BREAKS,
        found.rows,
        by=None if whole else Sorted(),
        empty=words("No break matches."),
        picks=picks,
    )
    named_ = None
    if wanted.file and found.rows:
        of = words("Of the file {name}", name=found.rows[0]["file_name"])
        named_ = tag("p", link(of, f"/clearing/{wanted.file}"))
    further = tag("p", older, cls="following") if found.following else None
    return join((named_, shown, further))


# The table --------------------------------------------------------------------------------------


def _kind(view: View, row: Row) -> Html:
    name = link(kind(view, row), f"/breaks/{row['id']}", cls="row-link")
    mark = foretold(view, row) if sees_all(view) else None
    return join((name, " ", mark)) if mark else name


def _state(view: View, row: Row) -> Html:
    shown = state(view, row)
    if row["owner"] and sees_all(view):
        return join((shown, tag("small", row["owner"], cls="under")))
    return shown


def _merchant(view: View, row: Row) -> Html:
    name = row[f"name_{view.words.language}"] or ""
    href = f"/merchants/{row['merchant_id']}" if row["merchant_id"] and name else ""
    return named(name, row["merchant_id"], href)


def _due(view: View, row: Row) -> Html | str:
    if row["state"] not in WAITING:
        return "–"
    late = row["due_at"] < view.desk.clock.now()
    shown = view.ago(row["due_at"])
    return tag("span", shown, cls="late") if late else shown


def _of(view: View, row: Row) -> Html:
    if row["of_amount"] is None:
        return number("–")
    return number(view.amount(row["of_amount"], row["currency"]))


BREAKS: Final = Table(
    "breaks",
    (
        Column("kind", "Kind", _kind, line=1),
        Column("state", "State", _state, line=3, end=True),
        Column("money", "Money", money, right=True, line=1, end=True),
        Column("of", "Transaction's amount", _of, right=True, extra=True),
        Column("merchant", "Merchant", _merchant, line=2, wanted=sees_all),
        Column("cause", "Cause", lambda view, row: cause(view, row) or "–", line=2),
        Column(
            "file",
            "File",
            lambda _, row: tag("small", row["file_name"], cls="mono"),
            wanted=sees_all,
            extra=True,
        ),
        Column("found", "Found", lambda view, row: view.ago(row["opened_at"]), line=3),
        Column("due", "Due by", _due, line=3, told=True, wanted=sees_all),
    ),
    lambda row: f"/breaks/{row['id']}",
    "id",
)
