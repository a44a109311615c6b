"""The list of payouts of a day: what is asked for, the table, and the same as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from annul.console.frame.export import MOST, ExportedList
from annul.console.frame.filters import choice, cursor_of, picked, picker, search
from annul.console.frame.live import View
from annul.console.frame.markup import Html, join, link, tag
from annul.console.frame.tables import Column, Row, Sorted, Table, drawn, named, tools
from annul.console.shared import AMOUNT, amount, sees_all
from annul.desk import payouts as views
from annul.desk.choices import the_one
from annul.desk.cursor import Listing
from annul.desk.roles import Scope
from annul.domain.payouts import STATES

from .said import account, bank_said, state, state_said

_LIMIT: Final = 50
_ONE: Final = timedelta(days=1)
_FIRST, _LAST = date(2000, 1, 1), date(2999, 12, 31)  # a day before and after each can be shown


@dataclass(frozen=True, slots=True)
class Asked:
    """What of payouts is looked at; merchants are asked for no day, they have few."""

    day: date
    state: str
    merchant: str
    chosen: Mapping[str, Any] | None
    every_day: bool

    def address(self, path: str = "/payouts", **changes: object) -> str:
        """Give where it stands, with changes."""
        day = "" if self.every_day else self.day
        given = {"day": day, "state": self.state, "merchant": self.merchant, **changes}
        kept = {name: value for name, value in given.items() if value or name == "day"}
        return f"{path}?{urlencode(kept)}"


async def asked(view: View) -> Asked:
    """Read the address: today where it names no day, every day where it names none on purpose."""
    given = view.query.get("day")
    state = view.query.get("state", "")
    row = None
    if sees_all(view):
        row = await the_one(view.desk, view.visitor, "merchants", picked(view, "merchant"))
    return Asked(
        day=_read(given) or view.desk.calendar.local(view.desk.clock.now()).date(),
        state=state if state in STATES else "",
        merchant=str(row["number"]) if row else picked(view, "merchant"),
        chosen=row,
        every_day=given == "" or not sees_all(view),
    )


def _read(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None


# The table --------------------------------------------------------------------------------------


def _made(view: View, row: Row) -> Html:
    return link(view.at(row["made_at"]), f"/payouts/{row['id']}", cls="row-link")


def _state(view: View, row: Row) -> Html:
    why = bank_said(row)
    return join((state(view, row), tag("small", why, cls="under") if why else None))


def _merchant(view: View, row: Row) -> Html:
    href = f"/merchants/{row['merchant_id']}" if view.may(Scope.MERCHANTS_READ) else ""
    return named(view.words.name(row), row["merchant_id"], href)


PAYOUTS: Final = Table(
    "payouts",
    (
        Column(
            "made",
            "Made",
            _made,
            (
                ("Made", lambda _, row: row["made_at"]),
                ("Reference", lambda _, row: row["id"].hex),
            ),
            line=3,
        ),
        Column(
            "state",
            "State",
            _state,
            (
                ("State", state_said),
                ("The bank says", lambda _, row: bank_said(row)),
            ),
            line=1,
        ),
        Column(
            "merchant",
            "Merchant",
            _merchant,
            (
                ("Merchant", lambda view, row: view.words.name(row)),
                ("Merchant number", lambda _, row: row["merchant_id"]),
            ),
            line=2,
            wanted=sees_all,
        ),
        Column("amount", "Amount", amount, AMOUNT, right=True, line=1, end=True),
        Column(
            "account",
            "Account",
            lambda _, row: account(row),
            (
                ("Account ends in", lambda _, row: row["shown"]),
                ("Account holder", lambda _, row: row["holder"]),
                ("Bank", lambda _, row: row["bank"]),
            ),
            line=3,
            end=True,
        ),
        Column(
            "paid",
            "Paid",
            lambda view, row: view.at(row["paid_at"]) or "–",
            (
                ("Paid", lambda _, row: row["paid_at"]),
                ("Returned", lambda _, row: row["returned_at"]),
            ),
        ),
    ),
    lambda row: f"/payouts/{row['id']}",
    "id",
)


async def _page(view: View, cursor: str, limit: int) -> Listing:
    one = await asked(view)
    return await views.search(
        view.desk,
        view.visitor,
        merchant_id=one.merchant,
        state=one.state,
        day=None if one.every_day else one.day,
        limit=limit,
        cursor=cursor,
    )


EXPORTED: Final = ExportedList(PAYOUTS, Scope.PAYOUTS_READ, _page)


# On the page ------------------------------------------------------------------------------------


def form(view: View, one: Asked) -> Html:
    """Draw what one may look for, and the ways to the day before and after."""
    words = view.words
    states = {"": words("any")} | {name.value: words.of(text) for name, text in STATES.items()}
    day = "" if one.every_day else one.day
    before, after = (one.address(day=one.day + step, cursor="") for step in (-_ONE, _ONE))
    looked_for = any(name in view.query for name in ("day", "state", "merchant"))
    field = tag("label", words("Day"), tag("input", name="day", type="date", value=day))
    asked_for = search(
        view,
        "/payouts",
        field,
        choice(words("State"), "state", one.state, states),
        picker(view, words("Merchant"), "merchants", "merchant", one.chosen),
        clear="/payouts" if looked_for else "",
    )
    ways = tag(
        "span",
        link(f"‹ {one.day - _ONE:%m-%d}", before, cls="button", aria_label=words("Day before")),
        link(f"{one.day + _ONE:%m-%d} ›", after, cls="button", aria_label=words("Day after")),
        cls="row-of-buttons",
    )
    return tag("section", ways, asked_for, cls="card calm spaced days-form no-print")


async def listed(view: View, one: Asked) -> Html:
    """Draw the payouts that are asked for, with what one does with a list."""
    words = view.words
    cursor = cursor_of(view)
    found = await _page(view, cursor, _LIMIT)
    further = link(words("Older"), one.address(cursor=found.following), cls="button")
    whole = not cursor and not found.following
    empty = words("No payouts match.") if sees_all(view) else words("No payout has been made yet.")
    rows = drawn(view, PAYOUTS, found.rows, by=None if whole else Sorted(), empty=empty)
    return join((rows, tag("p", further, cls="following") if found.following else None))


def above(view: View, one: Asked) -> Html:
    """Draw what stands over the list: its columns, and the list as files."""
    return tools(view, PAYOUTS, export=one.address("/export/payouts"), most=MOST)
