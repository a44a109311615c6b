"""A day at a glance, by currency: what came, what goes out, what is held back and why."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, join, tag
from annul.desk import payouts as views
from annul.domain.money import CURRENCIES
from annul.domain.payouts import STATES, PayoutState

from .said import TONES

Row = Mapping[str, Any]


class Share(NamedTuple):
    """A part of a sum, in minor units: how it is drawn, what it is, and why it is so."""

    tone: str
    said: str
    amount: int
    why: str = ""


class Sum(NamedTuple):
    """A sum of a day, in minor units, and of what it is."""

    title: str
    amount: int
    under: str


# Of a row of `desk.payouts.glance`: its name, tone, and what it is. Each stands in one sum.
_OUT: Final = (
    ("waits", PayoutState.HELD),
    ("ready", PayoutState.READY),
    ("at_bank", PayoutState.FILED),
    ("paid", PayoutState.PAID),
)
_HELD: Final = (
    ("pending", "", "pending", "becomes available on the day that the contract says"),
    ("frozen", "bad", "frozen", "by a person, with a reason"),
    ("rolling_reserve", "info", "held back as reserve", "against voids and refunds to come"),
    ("without_account", "warn", "no account in use", "its merchant has none to be paid to"),
)


async def glance(view: View, day: date) -> Html:
    """Draw each currency; what is held back and ready is as it stands now, whatever the day."""
    rows = await views.glance(view.desk, view.visitor, day)
    if not rows:
        return card(view.words("No money yet"), tag("p", view.words("Nothing was sold so far.")))
    return join(_currency(view, row, day) for row in rows)


def _currency(view: View, row: Row, day: date) -> Html:
    letters = CURRENCIES.get(row["currency"], (row["currency"], 2))[0]
    parts = (_came(view, row), _out(view, row), _held(view, row))
    aside = tag("span", str(day), cls="muted num")
    return card(letters, tag("div", *parts, cls="glance"), cls="spaced", aside=aside)


def _came(view: View, row: Row) -> Html:
    words = view.words
    beside = (
        Share(
            "good", words("ready for the next payouts"), row["available"] - row["without_account"]
        ),
        Share("info", words("on its way, of all days"), row["in_payout"]),
    )
    under = words("became available; business days: {n}", n=row["came_of"])
    return _part(view, row, Sum(words("Came"), row["came"], under), (), beside)


def _out(view: View, row: Row) -> Html:
    words = view.words
    shares = [Share(TONES[one], words.of(STATES[one]), row[name]) for name, one in _OUT]
    goes = sum(share.amount for share in shares)
    cancelled = row["out"] - goes - row["failed"]
    beside = (
        Share("bad", words("rejected or returned by the bank"), row["failed"]),
        Share("off", words.of(STATES[PayoutState.CANCELLED]), cancelled),
    )
    under = words("payouts made: {n}", n=row["payouts"])
    return _part(view, row, Sum(words("Goes out"), goes, under), shares, beside)


def _held(view: View, row: Row) -> Html:
    words = view.words
    shares = [Share(tone, words(said), row[name], words(why)) for name, tone, said, why in _HELD]
    held = sum(share.amount for share in shares)
    why = words("taken off what they sell next")
    beside = (Share("bad", words("owed by merchants"), row["owed"], why),)
    return _part(
        view, row, Sum(words("Held back"), held, words("as it stands now")), shares, beside
    )


def _part(
    view: View, row: Row, total: Sum, shares: Sequence[Share], beside: Sequence[Share]
) -> Html:
    """Draw a sum with its shares, and what stands beside it without being in it."""
    return tag(
        "section",
        tag("h3", total.title),
        tag("b", view.amount(total.amount, row["currency"]), cls="glance-sum num"),
        tag("small", total.under, cls="muted"),
        _bar(shares) if shares else None,
        _legend(view, row, (*shares, *beside)),
    )


def _bar(shares: Iterable[Share]) -> Html:
    """Draw shares beside each other; what they are stands under it in words."""
    pieces = [
        tag("i", cls=one.tone or False, style=f"flex-grow: {one.amount}")
        for one in shares
        if one.amount > 0
    ]
    return tag("div", *pieces, cls="glance-bar", aria_hidden="true")


def _legend(view: View, row: Row, shares: Iterable[Share]) -> Html:
    lines = [
        tag(
            "li",
            tag("i", cls=one.tone or False),
            tag("span", one.said, tag("small", one.why, cls="under") if one.why else None),
            tag("b", view.amount(one.amount, row["currency"]), cls="num"),
        )
        for one in shares
        if one.amount
    ]
    return tag("ul", *lines, cls="glance-legend") if lines else Html()
