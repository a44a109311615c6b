"""My shop, for a phone: how a voucher stands, in plain words, and what to tell the customer."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import events, ui

from annul.console.cases.act_dialog import act_on
from annul.console.cases.helped import asked, listen
from annul.console.chargebacks.mine import my_chargebacks
from annul.console.clearing.elsewhere import my_breaks
from annul.console.downtimes import card_trouble
from annul.console.frame.forms import act_button
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, facts, icon, join, link, tag
from annul.console.merchant_fees import own_fees
from annul.console.shared import step_said
from annul.desk import acts, merchants
from annul.desk import cases as case_views
from annul.desk import shop as views
from annul.desk.feed import Change
from annul.desk.roles import Scope
from annul.desk.shop import Standing, Voucher
from annul.domain.kinds import CASED, KINDS
from annul.resolve import words as of_kind

from .money import my_money
from .signs import Sign, cause_of, sign_of, tell

STYLE: Final = '<link rel="stylesheet" href="/assets/pos.css">'
_LONGEST: Final = 200  # characters of what is scanned: an address with the code in it
# A number of a slip, a code, or an address: never a card number, which the field does not take.
_PATTERN: Final = r"\s*\d{1,6}\s*|\s*\d{12}\s*|.*\w{15}-\w{8}-\d{6}-\d{6}\s*"


async def shop(view: View) -> None:
    """Show how a voucher stands; live while it is open."""
    ui.add_head_html(STYLE)
    text = view.query.get("code", "").strip()[:_LONGEST]
    wanted = views.asked(text)
    shops = await views.shops(view.desk, view.visitor)
    chosen = view.visitor.merchant_id or wanted.merchant or view.query.get("merchant", "")
    trouble = Part(lambda: card_trouble(view), "shop-trouble")
    html(_top(view, shops, chosen, text if wanted.how in {"voucher", "reference"} else ""))
    result = Part(lambda: _result(view, wanted, chosen, text), "shop-result")
    day = Part(lambda: _today(view, chosen), "shop-day")
    differs = Part(lambda: my_breaks(view, chosen), "shop-money")
    claimed = Part(lambda: my_chargebacks(view, chosen), "shop-money")
    money = Part(lambda: my_money(view, chosen), "shop-money")
    fees = Part(lambda: _fees(view, chosen, text), "shop-fees")

    async def refresh() -> None:
        await trouble.refresh()
        await result.refresh()
        await day.refresh()
        await differs.refresh()
        await claimed.refresh()
        await money.refresh()

    def concerns(changes: list[Change]) -> bool:
        return not chosen or any(change["merchant_id"] == chosen for change in changes)

    place = ui.context.slot.parent

    async def withdraw(told: events.GenericEventArguments) -> None:
        with place:
            case = await case_views.find(view.desk, view.visitor, str(told.args["case"]))
            if await act_on(view, case, "withdraw"):
                await refresh()

    ui.on("withdraw", withdraw)
    listen(view, refresh)
    await refresh()
    await fees.refresh()
    live(view, refresh, concerns, every_s=1.0, at_least_s=5.0)


# The question -----------------------------------------------------------------------------------


def _top(view: View, shops: Sequence[dict[str, Any]], chosen: str, text: str) -> Html:
    words = view.words
    named = {row["merchant_id"]: words.name(row) for row in shops}
    choose = None
    if not view.visitor.merchant_id:
        options = [tag("option", words("Any shop"), value="")] + [
            tag("option", f"{name} · {key}", value=key, selected=key == chosen)
            for key, name in named.items()
        ]
        choose = tag(
            "select",
            *options,
            id="shop",
            name="merchant",
            aria_label=words("Shop"),
            onchange="this.form.code.value || this.form.submit()",
        )
    field = tag(
        "input",
        id="code",
        name="code",
        value=text,
        maxlength=_LONGEST,
        pattern=_PATTERN,
        placeholder=words("Number on the slip"),
        inputmode="numeric",
        autocomplete="off",
        autofocus="code" not in view.query,
        aria_label=words("Number on the slip"),
        title=words(
            "Voucher number (6 digits), reference (12 digits), or the slip's code. "
            "Never a card number."
        ),
    )
    about = words(
        "How does a void stand? Key in the voucher number or the reference, or "
        "scan the code on the slip with the phone's camera."
    )
    title = tag("h1", named.get(chosen, words("My shop")))
    look = tag("button", words("Look up"), type="submit", id="look", cls="button primary")
    asked = tag("div", field, look, cls="shop-ask")
    form = tag("form", choose, asked, method="get", action="/shop", cls="shop-form")
    return tag("div", title, tag("p", about, cls="muted"), form, cls="shop-top")


# The answer -------------------------------------------------------------------------------------


async def _result(view: View, wanted: views.VoucherSearch, merchant: str, text: str) -> Html:
    words = view.words
    if not text:
        return Html()
    if not wanted.how:
        return _kindly(
            words("This is not a number from a slip"),
            words(
                "A voucher number has up to 6 digits, a reference 12. Both are on the slip. "
                "Card numbers are never searched."
            ),
        )
    if wanted.how == "voucher" and not merchant:
        return _kindly(
            words("Which shop?"),
            words("Every shop numbers its own vouchers. Choose the shop above, then look it up."),
        )
    found = await views.find(view.desk, view.visitor, wanted, merchant)
    if not found:
        return _kindly(
            words("Nothing found under this number"),
            words(
                "Compare it with the slip: the voucher number has 6 digits. If it is right, "
                "call the acquirer with the slip in hand. Do not void it again before that."
            ),
            view.desk.support_phone,
        )
    first, *others = found
    withdraw = await _withdrawing(view, first)
    more = None
    if others:
        more = tag(
            "section",
            tag("h2", words("Other transactions with this number")),
            tag("ul", *(_row(view, one) for one in others), cls="shop-rows"),
            cls="card",
        )
    case = first.about["case_id"]
    helped = await asked(view, case) if case else None
    return join((_answer(view, first, withdraw, helped), more))


async def _withdrawing(view: View, one: Voucher) -> Html | None:
    """Offer to withdraw a void that is under way or has failed, or say that it is ordered."""
    if one.about["ended"] != "":
        return None
    words = view.words
    case = await case_views.find(view.desk, view.visitor, str(one.about["case_id"]))
    if case.ordered == "withdraw":
        return tag("p", words("The void is being withdrawn: the sale will stand."), cls="note")
    if all(action.name != "withdraw" for action in acts.possible(view.visitor, case)):
        return None
    button = act_button(words("Withdraw the void"), "withdraw", case=str(case.id), cls="withdraw")
    said = words(
        "Is the sale to stand after all? Then withdraw the void. What is under way at the "
        "bank is taken back first."
    )
    return tag("section", tag("p", said), button)


def _kindly(said: str, following: str, phone: str = "") -> Html:
    return tag(
        "section",
        tag("span", icon("question"), cls="shop-icon"),
        tag("h2", said),
        tag("p", following, tag("b", f" {phone}") if phone else None),
        id="nothing",
        cls="card shop-answer",
        role="status",
    )


def _answer(view: View, one: Voucher, withdraw: Html | None, helped: Html | None) -> Html:
    words, row, about = view.words, one.row, one.about
    sign = sign_of(one)
    amount = view.amount(_amount(one), row["currency"])
    return tag(
        "article",
        tag(
            "header",
            tag("span", icon(sign.icon), cls="shop-icon"),
            tag("div", tag("h2", words(sign.title)), tag("p", amount, cls="shop-amount num")),
        ),
        *_said(view, one, sign),
        withdraw,
        helped,
        facts(
            (
                (words("Case number"), _number(view, about["number"])),
                (words("Voucher"), tag("span", about["sale_trace"] or row["trace"], cls="mono")),
                (words("Last request"), _asked(view, one)),
                (words("Reference"), tag("span", about["undo_rrn"] or row["rrn"], cls="mono")),
                (words("Card"), tag("span", row["card_masked"], cls="mono")),
                (words("Terminal"), row["terminal_id"]),
                (words("Time"), view.when(row["received_at"], seconds=True)),
            )
        ),
        id="standing",
        cls=f"card shop-answer {sign.tone}",
        role="status",
        data_standing=one.standing.value,
    )


def _asked(view: View, one: Voucher) -> str:
    """Name the void or refund that was looked for, by its own voucher."""
    row = one.row
    named = f"{view.words.of(KINDS[row['kind']].title)} · {row['trace']}"
    return named if row["kind"] in CASED else ""


def _said(view: View, one: Voucher, sign: Sign) -> list[Html]:
    """Say where the money is, when it is known, what to tell the customer, and whom to call."""
    words, about = view.words, one.about
    part = view.amount(about["undone"] or 0, one.row["currency"])
    said = [(words("Where the money is"), words(sign.money, part=part))]
    if one.open:
        said.append((words("When it will be known"), _when(view, one)))
    elif about["ended_at"] or about["undone_at"]:
        at: datetime = about["ended_at"] or about["undone_at"]
        said.append((words("Known since"), view.when(at)))
    parts = [tag("section", tag("h3", head), tag("p", text)) for head, text in said]
    script = tag("q", words.of(tell(one)).format(part=part), cls="shop-script")
    parts.append(tag("section", tag("h3", words("Tell the customer")), script, cls="shop-tell"))
    todo = _todo(view, one)
    if todo:
        parts.append(tag("section", tag("h3", words("What to do")), tag("p", todo)))
    return [*parts, _help(view, one)]


def _todo(view: View, one: Voucher) -> str:
    """Say what the shop itself does about what is open or was refused."""
    words, cause = view.words, cause_of(one)
    if one.standing is Standing.UNPROVED:
        return words(
            "Do not void or refund it again, and give no cash "
            "back. Nothing is lost; it is only not known yet."
        )
    return words.of(of_kind.next_step(cause, one.kind)) if cause and one.kind in CASED else ""


def _help(view: View, one: Voucher) -> Html:
    """Say whom to call, with what in hand."""
    words, phone = view.words, view.desk.support_phone
    number = one.about["number"] or one.row["rrn"]
    if not phone:
        text = words("Questions? Call your acquirer with the number {number}.", number=number)
        return tag("p", text, cls="shop-help")
    said = words("Questions? Call, with the number {number} in hand:", number=number)
    there = f"tel:{re.sub(r'[^0-9+]', '', phone)}"
    return tag("p", said, " ", link(phone, there, cls="shop-phone"), cls="shop-help")


def _when(view: View, one: Voucher) -> str:
    words, about = view.words, one.about
    if one.standing is Standing.UNPROVED:
        return words(
            "As soon as the bank or the acquirer can prove it. This page shows it by itself."
        )
    if about["due_at"] is None:
        return words("In a moment. This page shows it by itself.")
    return words(
        "At the latest at {due}. Now: {step}. This page shows it by itself.",
        due=view.when(about["due_at"]),
        step=step_said(view, about["step"]),
    )


def _number(view: View, number: str | None) -> object:
    if not number:
        return ""
    if view.may(Scope.CASES_READ):
        return link(number, f"/cases/{number}", cls="mono")
    return tag("span", number, cls="mono")


def _amount(one: Voucher) -> int:
    """Give the amount of the sale, of the voucher itself when there is none."""
    amount = one.about["sale_amount"]
    return int(one.row["amount"] if amount is None else amount)


# The day ----------------------------------------------------------------------------------------


async def _today(view: View, merchant: str) -> Html:
    words = view.words
    if not merchant:
        hint = tag("p", words("Choose a shop to see what it voided today."), cls="empty")
        return tag("section", hint, cls="card calm", id="today")
    day = await views.today(view.desk, merchant)
    rows = [_row(view, one) for one in day.sales]
    shown = (
        tag("ul", *rows, cls="shop-rows")
        if rows
        else tag("p", words("Nothing was voided or refunded today."), cls="empty")
    )
    head = tag("header", tag("h2", words("Today's voids and refunds")), _sums(view, day))
    return tag("section", head, shown, cls="card", id="today")


async def _fees(view: View, merchant: str, text: str) -> Html:
    """Say what a sale costs the shop: to whom it is said what it gets."""
    if not merchant or not view.may(Scope.TRANSACTIONS_READ):
        return Html()
    row = await merchants.find(view.desk, view.visitor, merchant)
    kept = {"merchant": "" if view.visitor.merchant_id else merchant, "code": text}
    asked = {name: value for name, value in kept.items() if value}
    return await own_fees(view, merchant, row["currency"], **asked)


def _sums(view: View, day: views.Day) -> Html | None:
    """Say what goes back today: each sale once."""
    words = view.words
    if not day.back:
        return None
    sums = " + ".join(view.amount(amount, currency) for currency, amount in day.back.items())
    return tag("span", words("Goes back: {sums}", sums=sums), cls="shop-sum num", id="day-sum")


def _row(view: View, one: Voucher) -> Html:
    words, row, about = view.words, one.row, one.about
    sign = sign_of(one)
    query = urlencode({"code": one.code})
    return tag(
        "li",
        tag(
            "a",
            tag(
                "span",
                tag("b", about["sale_trace"] or row["trace"], cls="mono"),
                tag(
                    "small",
                    f"{view.when(row['received_at'])[6:]} · "
                    f"{words.of(KINDS[one.kind].title)} · "
                    f"{row['terminal_id']}",
                ),
            ),
            tag("span", view.amount(_amount(one), row["currency"]), cls="num"),
            badge(words(sign.title), sign.tone),
            href=f"/shop?{query}",
        ),
    )
