"""What a sale costs a merchant, by kind of card: said as a contract says it, and for any amount."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from annul.console.frame.forms import minor, said
from annul.console.frame.live import View
from annul.console.frame.markup import Html, number, tag
from annul.desk import fees as views
from annul.domain.errors import AnnulError
from annul.domain.fees import CARD_TYPES
from annul.domain.money import show

PPM_OF_PERCENT: Final = 10_000
_SAMPLE: Final = 100_00
_ASKED: Final = "amount"  # in the address


def sample(view: View, currency: str) -> tuple[int, str]:
    """Give the amount that was asked about, 100.00 without one, and what is wrong with it."""
    text = view.query.get(_ASKED, "").strip()
    try:
        return minor(text, currency) or _SAMPLE if text else _SAMPLE, ""
    except AnnulError as error:
        return _SAMPLE, said(view, error)


def card_type(view: View, line: Mapping[str, Any]) -> str:
    """Name a kind of card."""
    return view.words.of(CARD_TYPES[line["card_type"]])


def price(view: View, rate: Mapping[str, Any], currency: str) -> str:
    """Say a price or a cost: 0.5 %, at most so much."""
    words = view.words
    percent = f"{(Decimal(rate['rate_ppm']) / PPM_OF_PERCENT).normalize():f}"
    if rate["cap"] is None:
        return words("{percent} %", percent=percent)
    most = view.amount(rate["cap"], currency)
    return words("{percent} %, at most {most}", percent=percent, most=most)


def price_lines(view: View, rate: Mapping[str, Any], currency: str) -> Html:
    """Say a price or a cost in a column: its cap on a line of its own."""
    plain = price(view, {**rate, "cap": None}, currency)
    if rate["cap"] is None:
        return tag("span", plain)
    most = view.words("at most {most}", most=view.amount(rate["cap"], currency))
    return tag("span", plain, tag("small", most, cls="muted"), cls="fee-lines")


def to_come(view: View, lines: list[dict[str, Any]], currency: str) -> list[Html]:
    """Say what prices are to come, the next one first."""
    found = sorted(
        ((then["valid_from"], card_type(view, line), then)
         for line in lines for then in line["following"]),
        key=lambda one: one[:2],
    )  # fmt: skip
    return [
        tag(
            "p",
            view.words(
                "From {day}: {card} {price}", day=day, card=card, price=price(view, then, currency)
            ),
        )
        for day, card, then in found
    ]


def calculator(view: View, currency: str, amount: int, wrong: str, **kept: str) -> Html:
    """Ask for another amount; the page shows what it costs. `kept` goes along in the address."""
    words = view.words
    field = tag(
        "input",
        name=_ASKED,
        value=show(amount, currency),
        inputmode="decimal",
        maxlength=15,
        autocomplete="off",
        aria_label=words("Amount of a sale"),
    )
    hidden = [tag("input", type="hidden", name=name, value=value) for name, value in kept.items()]
    button = tag("button", words("What does it cost?"), type="submit", cls="button")
    form = tag("form", *hidden, field, button, method="get", cls="fee-form")
    return tag("div", form, tag("p", wrong, cls="said", role="alert") if wrong else None)


async def own_fees(view: View, merchant_id: str, currency: str, **kept: str) -> Html:
    """Show a merchant what it is charged, and nothing of what that costs others."""
    words = view.words
    amount, wrong = sample(view, currency)
    lines = await views.schedule(view.desk, view.visitor, merchant_id, amount)
    costs = words("A sale of {amount} costs", amount=view.amount(amount, currency))
    rows = [
        tag(
            "li",
            tag("span", tag("b", card_type(view, line)), tag("small", price(view, line, currency))),
            number(view.amount(line["sample"]["fee"], currency)),
        )
        for line in lines
    ]
    none = tag("p", words("No fee has been agreed on."), cls="empty")
    return tag(
        "section",
        tag("header", tag("h2", words("What a sale costs me")), tag("span", costs, cls="muted")),
        tag("ul", *rows, cls="fee-rows") if rows else none,
        *to_come(view, lines, currency),
        calculator(view, currency, amount, wrong, **kept),
        tag("p", words("A void gives the whole fee back, a refund its share."), cls="muted"),
        cls="card",
        id="fees",
    )
