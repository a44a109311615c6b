"""Fees of a merchant: what is charged, what that costs, what is left, and a new price."""

from datetime import date, timedelta
from typing import Any, Final

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, minor, said
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, details, number, table, tag
from annul.console.merchant_fees import (
    calculator,
    card_type,
    price_lines,
    sample,
    to_come,
)
from annul.desk import cut_overs, merchants
from annul.desk import fees as views
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError
from annul.domain.fees import CARD_TYPES, Price
from annul.domain.money import CURRENCIES

from .settlement import day_of, ppm_of

_SUMS: Final = ("fees", "early", "corrected", "cost", "margin")


async def fees_card(view: View, merchant_id: str, *, write: bool) -> Html:
    """Show what is charged by kind of card; what it costs and leaves only to our own people."""
    words = view.words
    currency = (await merchants.find(view.desk, view.visitor, merchant_id))["currency"]
    amount, wrong = sample(view, currency)
    lines = await views.schedule(view.desk, view.visitor, merchant_id, amount)
    heads = [
        words("Kind of card"),
        words("Fee"),
        words("In force since"),
        words("Of {amount}", amount=view.amount(amount, currency)),
    ]
    ours = not view.visitor.merchant_id
    if ours:
        heads += [words("Issuer"), words("Network"), words("Left to us")]
    rows = [_row(view, line, currency, ours=ours) for line in lines]
    missing = [words.of(name) for kind, name in CARD_TYPES.items() if kind not in _kinds(lines)]
    without = words(
        "No fee has been agreed on for: {cards}. Their sales cannot be booked.",
        cards=", ".join(missing),
    )
    return card(
        words("Fees"),
        table(heads, rows, cls="fees", empty=""),
        tag("p", without, cls="said") if missing else None,
        *to_come(view, lines, currency),
        calculator(view, currency, amount, wrong),
        await _margin(view, merchant_id) if ours else None,
        aside=act_button(words("New price"), "price") if write else "",
    )


def _kinds(lines: list[dict[str, Any]]) -> set[str]:
    return {line["card_type"] for line in lines}


def _row(view: View, line: dict[str, Any], currency: str, *, ours: bool) -> list[object]:
    words, of_sale = view.words, line["sample"]
    own = tag("span", words("own price"), cls="badge info") if line["own"] else None
    row: list[object] = [
        card_type(view, line),
        tag("span", price_lines(view, line, currency), " ", own),
        str(line["valid_from"]),
        number(view.amount(of_sale["fee"], currency)),
    ]
    if ours:
        left = of_sale["margin"]
        costs = line["costs"]
        row += [price_lines(view, costs[party], currency) for party in ("issuer", "network")]
        row.append(number(view.amount(left, currency), cls="bad" if left < 0 else ""))
    return row


# What is left -----------------------------------------------------------------------------------


async def _margin(view: View, merchant_id: str) -> Html:
    """Show what is left of a month, once somebody has asked for one: it may be read for long."""
    words, month = view.words, view.query.get("month", "")
    today = await cut_overs.today(view.desk, view.visitor, merchant_id)
    field = tag(
        "input",
        type="month",
        name="month",
        value=month or f"{today:%Y-%m}",
        required=True,
        aria_label=words("Month"),
    )
    button = tag("button", words("Show"), type="submit", cls="button")
    form = tag("form", field, button, method="get", cls="fee-form")
    shown = await _month(view, merchant_id, month) if month else None
    return details(words("What is left, by day"), form, shown, open=bool(month), id="margin")


async def _month(view: View, merchant_id: str, month: str) -> Html:
    words = view.words
    try:
        first = day_of(f"{month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        rows = await views.margin(view.desk, view.visitor, merchant_id, first, last)
    except AnnulError as error:
        return tag("p", said(view, error), cls="said", role="alert")
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        total = sums.setdefault(row["currency"], dict.fromkeys(_SUMS, 0))
        for name in _SUMS:
            total[name] += row[name]
    totals = [
        {"business_date": words("Together"), "currency": currency, **total}
        for currency, total in sums.items()
    ]
    heads = (
        words("Business day"),
        words("Fees"),
        words("Early settlement"),
        words("Corrected"),
        words("Issuer and network"),
        words("Left to us"),
    )
    shown = [
        [str(row["business_date"])]
        + [number(view.amount(row[name], row["currency"])) for name in _SUMS]
        for row in (*totals, *rows)
    ]
    return table(heads, shown, empty=words("Nothing was earned in this month."))


# A new price ------------------------------------------------------------------------------------


async def agree_on_price(view: View, merchant_id: str) -> bool:
    """Ask for a new price and agree on it; says whether it was done."""
    words = view.words
    if not view.may(Scope.MERCHANTS_WRITE):
        return False
    currency = (await merchants.find(view.desk, view.visitor, merchant_id))["currency"]

    today = await cut_overs.today(view.desk, view.visitor, merchant_id)

    async def act(answers: Answers) -> None:
        new = Price(
            str(answers["card"]),
            day_of(answers["from"]),
            ppm_of(answers["fee"]),
            minor(answers["cap"], currency) if answers["cap"] else None,
        )
        await views.set_price(view.desk, view.visitor, merchant_id, new, answers["reason"])

    form = Form(
        words("New price"),
        _fields(view, currency, today),
        about=words("What was sold before that day stays charged as it was."),
    )
    return await ask(view, form, act)


def _fields(view: View, currency: str, today: date) -> tuple[FormField, ...]:
    words = view.words
    begins = (today + timedelta(days=1)).isoformat()
    cards = {name: words.of(said) for name, said in CARD_TYPES.items()}
    letters = CURRENCIES.get(currency, ("", 2))[0]
    most = words("{currency}; empty: no cap", currency=letters)
    return (
        FormField("card", words("Kind of card"), "choice", "debit", cards),
        FormField("from", words("From business day"), "date", begins, needed=True),
        FormField("fee", words("Fee in percent"), needed=True),
        FormField("cap", words("At most"), hint=most),
    )
