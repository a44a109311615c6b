"""One merchant: its money, what annul may do for it unasked, how its terminals are set up."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, minor
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, card, facts, icon, join, link, tag
from annul.console.frame.tables import drawn
from annul.console.shared import CASES
from annul.desk import cases as case_views
from annul.desk import merchants as views
from annul.desk.roles import Scope
from annul.domain import money

from .account import AccountCard
from .batches import BatchesCard
from .cut_over import agree_on_cut_over, ends
from .fees import agree_on_price, fees_card
from .settlement import agree, settlement_card
from .terminals import ask_terminal, set_dialect, terminals_card

_CASES: Final = 10
Change = Callable[[View, str], Awaitable[bool]]
Changes = tuple[Change, Part]
# What becomes of a void that its own terminal has taken back, as a sentence and as a choice.
_TAKEN_BACK: Final = {
    "ask": "Void reversed by its own terminal: the shop is asked.",
    "void": "Void reversed by its own terminal: voided anyway.",
    "stand": "Void reversed by its own terminal: the sale stands.",
}
_TAKEN_BACK_CHOICES: Final = {
    "ask": "Ask the shop",
    "void": "Void anyway",
    "stand": "Let the sale stand",
}


async def merchant(view: View) -> None:
    """Show one merchant; money and cases are live."""
    merchant_id = view.params["merchant"]
    await views.find(view.desk, view.visitor, merchant_id)
    write = view.may(Scope.MERCHANTS_WRITE)
    top = Part(
        lambda: view.shared(("merchant", merchant_id), lambda: _top(view, merchant_id)), "stack"
    )
    with ui.element("div").classes("grid").style("margin-top: 16px"):
        with ui.element("div").classes("stack two-thirds"):
            batches = BatchesCard(view, merchant_id)
            account = AccountCard(view, merchant_id)
            terminals = Part(lambda: terminals_card(view, merchant_id, write=write))
            fees = Part(lambda: fees_card(view, merchant_id, write=write))
        with ui.element("div").classes("stack third"):
            allowed = Part(lambda: _allowed(view, merchant_id, write=write))
            contract = Part(lambda: _contract(view, merchant_id, write=write))
            settlement = Part(lambda: settlement_card(view, merchant_id, write=write))
        cases = Part(lambda: _cases(view, merchant_id))

    async def refresh() -> None:
        await top.refresh()
        await account.refresh()
        await batches.refresh()
        await cases.refresh()

    for part in (top, batches, account, terminals, cases, allowed, contract, settlement, fees):
        await part.refresh()
    changed = {
        "allow": (_allow, allowed),
        "terms": (agree, settlement),
        "cut-over": (agree_on_cut_over, contract),
        "price": (agree_on_price, fees),
    }
    _listen(view, merchant_id, changed, terminals)
    account.listen(refresh)
    batches.listen(refresh)
    live(view, refresh, at_least_s=5.0)


def _listen(view: View, merchant_id: str, changed: Mapping[str, Changes], terminals: Part) -> None:
    """Do what the buttons on the page ask for; `changed`: what asks, and the part that shows it."""
    place = ui.context.slot.parent

    def changing(change: Change, part: Part) -> Callable[[], Awaitable[None]]:
        async def do() -> None:
            with place:
                if await change(view, merchant_id):
                    await part.refresh()

        return do

    for name, (change, part) in changed.items():
        ui.on(name, changing(change, part))

    async def asked(told: events.GenericEventArguments) -> None:
        terminal_id, what = str(told.args["terminal"]), str(told.args["what"])
        with place:
            if await ask_terminal(view, merchant_id, terminal_id, what):
                await terminals.refresh()

    async def dialect(told: events.GenericEventArguments) -> None:
        with place:
            if await set_dialect(view, merchant_id, str(told.args["terminal"])):
                await terminals.refresh()

    ui.on("dialect", dialect)
    ui.on("ask", asked)


async def _top(view: View, merchant_id: str) -> Html:
    words = view.words
    row = await views.find(view.desk, view.visitor, merchant_id)
    transactions = link(
        words("Transactions"), f"/transactions?merchant={merchant_id}", cls="button"
    )

    return join(
        (
            tag(
                "div",
                tag("h1", words.name(row), data_title=f"{words.name(row)} · {merchant_id}"),
                tag("span", view.copied(merchant_id), cls="muted"),
                badge(words("active"), "good")
                if row["active"]
                else badge(words("switched off"), "bad"),
                tag("span", cls="grow"),
                transactions if view.may(Scope.TRANSACTIONS_READ) else None,
                cls="head",
            ),
            tag("div", *_tiles(view, row), cls="tiles"),
        )
    )


def _tiles(view: View, row: Mapping[str, Any]) -> Iterator[Html]:
    """Say what a merchant has, and where; what is frozen covers no void, what is held back does."""
    words = view.words
    owes = row["available"] < 0
    pending = row["pending"] if row["pending_covers"] else 0
    cover = row["available"] + row["rolling_reserve"] + pending
    tiles = (
        (abs(row["available"]), "Owed" if owes else "Available", "bad" if owes else ""),
        (row["pending"], "Pending", ""),
        (row["in_payout"], "On its way", ""),
        (row["frozen"], "Frozen", "warn" if row["frozen"] else ""),
        (row["rolling_reserve"], "Held back", ""),
        (cover, "Cover for voids", "bad" if cover < 0 else ""),
    )
    for amount, label, tone in tiles:
        shown = tag("b", view.amount(amount, row["currency"]))
        yield tag("div", shown, tag("span", words(label)), cls=f"tile {tone}".rstrip())


async def _cases(view: View, merchant_id: str) -> Html:
    words = view.words
    wanted = case_views.CaseSearch(state="open", merchant=merchant_id)
    found = await case_views.search(view.desk, view.visitor, wanted, _CASES)
    every = link(words("All of this merchant"), f"/cases?state=all&merchant={merchant_id}")
    shown = drawn(view, CASES, found.rows, empty=words("No case is open."))
    return card(words("Open cases"), shown, aside=every)


async def _contract(view: View, merchant_id: str, *, write: bool) -> Html:
    words = view.words
    row = await views.find(view.desk, view.visitor, merchant_id)
    return card(
        words("Contract"),
        facts(
            (
                (words("Category"), row["category"]),
                (words("Pricing"), row["pricing"]),
                (words("Maximum amount"), view.amount(row["amount_limit"], row["currency"])),
                (words("Refunds within"), words("{n} days", n=row["refund_days"])),
                *await ends(view, merchant_id),
            )
        ),
        aside=act_button(words("Change"), "cut-over") if write else "",
    )


# What annul may do unasked ----------------------------------------------------------------------


async def _allowed(view: View, merchant_id: str, *, write: bool) -> Html:
    words = view.words
    row = await views.find(view.desk, view.visitor, merchant_id)
    currency, limit = row["currency"], row["refund_instead_limit"]

    def said(yes: object, text: str, otherwise: str = "") -> Html:
        mark = tag("span", icon("check" if yes else "dash"), cls=f"mark {'good' if yes else ''}")
        return tag("li", mark, tag("span", text if yes else otherwise))

    refunded = words(
        "A void that cannot be done is refunded instead, up to {amount}.",
        amount=view.amount(limit, currency),
    )
    second = words(
        "Dual approval above {amount}: an act that moves this much or more takes two people.",
        amount=view.amount(row["second_person_from"], currency),
    )
    lines = (
        said(
            row["retry_voids"],
            words("Failed voids are retried."),
            words("Failed voids are not retried."),
        ),
        said(limit, refunded, words("Nothing is refunded instead automatically.")),
        said(
            row["void_needs_balance"],
            words("A void waits until the merchant's balance covers it."),
            words("Voids go through regardless of the merchant's balance."),
        ),
        said(
            row["pending_covers"],
            words("Pending money counts as cover."),
            words("Pending money does not count as cover."),
        ),
        said("always", words(_TAKEN_BACK[row["reversed_voids"]])),
        said("always", second),
    )
    return card(
        words("Automatic handling"),
        tag("ul", *lines, cls="allowed"),
        aside=act_button(words("Change"), "allow") if write else "",
    )


async def _allow(view: View, merchant_id: str) -> bool:
    words = view.words
    if not view.may(Scope.MERCHANTS_WRITE):
        return False
    row = await views.find(view.desk, view.visitor, merchant_id)
    currency = row["currency"]

    async def act(answers: Answers) -> None:
        allowed = views.Unasked(
            retry_voids=bool(answers["retry"]),
            refund_instead_limit=minor(answers["limit"], currency),
            void_needs_balance=bool(answers["needs"]),
            pending_covers=bool(answers["pending"]),
            second_person_from=minor(answers["second"], currency),
            reversed_voids=str(answers["taken_back"]),
        )
        await views.allow(view.desk, view.visitor, merchant_id, allowed, answers["reason"])

    form = Form(
        words("Automatic handling"),
        _fields(view, row),
        about=words("Takes effect on running hosts within seconds, also for open cases."),
    )
    return await ask(view, form, act)


def _fields(view: View, row: dict[str, Any]) -> tuple[FormField, ...]:
    words, currency = view.words, row["currency"]
    letters = money.CURRENCIES.get(currency, ("", 2))[0]
    needs = words("Voids need the merchant's balance")
    limit = money.show(row["refund_instead_limit"], currency)
    never = words("{currency}; 0: never automatically", currency=letters)
    second = money.show(row["second_person_from"], currency)
    choices = {name: words(said) for name, said in _TAKEN_BACK_CHOICES.items()}
    return (
        FormField("retry", words("Retry failed voids"), "switch", row["retry_voids"]),
        FormField("limit", words("Refund instead up to"), value=limit, hint=never, needed=True),
        FormField("needs", needs, "switch", row["void_needs_balance"]),
        FormField(
            "pending", words("Pending money counts as cover"), "switch", row["pending_covers"]
        ),
        FormField("second", words("Dual approval above"), value=second, hint=letters, needed=True),
        FormField(
            "taken_back",
            words("Void reversed by its own terminal"),
            "choice",
            row["reversed_voids"],
            choices,
            hint=words("Reversed by the terminal since no answer came."),
        ),
    )
