"""Where slips of a merchant's terminals differ from the host's books, on its page, row by row."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.desk import batches as views
from annul.desk.batches import Found
from annul.desk.batches import Row as Difference
from annul.desk.roles import Scope
from annul.domain.batch_differences import RESOLUTIONS, Resolution

_RESOLVE: Final = "resolve-difference"
_SHOWN: Final = 20
_HEADS: Final = ("Batch", "Voucher", "On the slip", "At the host", "Found", "")
_NO_BOOKING: Final = "none"
Row = Mapping[str, Any]


class BatchesCard:
    """The card on the merchant's page, which is there while a difference is open."""

    def __init__(self, view: View, merchant_id: str) -> None:
        self._view = view
        self._merchant = merchant_id
        self._part = Part(self._build)

    async def refresh(self) -> None:
        """Show it as it is now."""
        await self._part.refresh()

    def listen(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Do what its buttons ask for; `changed` is called when it was done."""
        place = ui.context.slot.parent

        async def do(told: events.GenericEventArguments) -> None:
            named = (str(told.args[name]) for name in Difference._fields)
            with place:
                if await _resolve(self._view, self._merchant, Difference(*named)):
                    await changed()

        ui.on(_RESOLVE, do)

    async def _build(self) -> Html:
        view, words = self._view, self._view.words
        if not view.may(Scope.PAYOUTS_READ):
            return Html()
        found = await views.search(
            view.desk, view.visitor, merchant_id=self._merchant, limit=_SHOWN
        )
        if not found.rows:
            return Html()
        write = view.may(Scope.PAYOUTS_WRITE)
        more = words("The oldest {n} are shown.", n=_SHOWN)
        shown = card(
            words("Slips that differ"),
            tag("p", words("What a terminal uploaded is not what the host has.")),
            table(
                [words(head) if head else "" for head in _HEADS],
                [_shown(view, row, write=write) for row in found.rows],
                cls="acts-last",
            ),
            tag("p", more, cls="muted") if found.following else None,
            aside=badge(words("open"), "warn"),
        )
        return tag("div", shown, id="batches")


def _shown(view: View, row: Row, *, write: bool) -> tuple[Html | str, ...]:
    words = view.words
    kept = _amount(view, row, "kept")
    if row["transaction_id"]:
        kept = link(kept, f"/transactions/{row['transaction_id']}")
    told = {name: row[column] for name, column in _NAMES.items()}
    return (
        join((row["batch"], tag("small", row["terminal_id"], cls="under"))),
        tag("span", row["trace"], cls="mono"),
        _amount(view, row, "claimed"),
        kept,
        view.at(row["found_at"]),
        act_button(words("Resolve"), _RESOLVE, **told) if write else "",
    )


_NAMES: Final = {"terminal": "terminal_id", "batch": "batch", "trace": "trace"}


def _amount(view: View, row: Row, side: str) -> Html:
    amount = row[side]
    return number(view.words("nothing") if amount is None else view.amount(amount, row["currency"]))


async def _resolve(view: View, merchant_id: str, row: Difference) -> bool:
    words = view.words
    bookings = await views.bookings(view.desk, view.visitor, merchant_id, row)

    async def act(answers: Answers) -> None:
        booked_by = str(answers["booked_by"] or _NO_BOOKING)
        found = Found(
            Resolution(str(answers["how"])),
            None if booked_by == _NO_BOOKING else UUID(booked_by),
        )
        await views.resolve(view.desk, view.visitor, merchant_id, row, found, answers["reason"])

    form = Form(
        words("Batch {batch}, voucher {trace}", batch=row.batch, trace=row.trace),
        (
            FormField(
                "how",
                words("What it was"),
                "choice",
                Resolution.HOST_STANDS.value,
                {how.value: words.of(text) for how, text in RESOLUTIONS.items()},
                needed=True,
            ),
            FormField(
                "booked_by",
                words("Booked by"),
                "choice",
                _NO_BOOKING,
                {_NO_BOOKING: "–"} | {str(one["id"]): _booking(view, one) for one in bookings},
                hint=words("Only where the terminal stands: book it first."),
            ),
        ),
        about=words("Moves no money. With the last row of its batch the incident closes."),
    )
    return await ask(view, form, act)


def _booking(view: View, row: Row) -> str:
    words = view.words
    name = words("Conclusion") if row["amount"] is None else words("Correction")
    amount = [] if row["amount"] is None else [view.amount(row["amount"], row["currency"])]
    return " · ".join((name, *amount, row["reason"]))
