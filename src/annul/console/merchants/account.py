"""A merchant's account: where it is paid to, and what people freeze, free or correct."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, minor
from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, badge, card, join, link, table, tag
from annul.console.payouts.deciding import DECIDE, buttons, decide
from annul.console.payouts.said import Row, ends_in, move, signed
from annul.desk import accounts as views
from annul.desk import merchants, transactions
from annul.desk.permission import NotValid
from annul.desk.roles import Scope
from annul.domain.money import CURRENCIES, show
from annul.domain.payouts import MoveKind
from annul.settle.accounts import Account

_MOVES: Final = 10
_ASK, _STOP, _AGAIN, _MOVE = "ask-account", "stop-account", "use-account-again", "move-money"
# State of an account: what is said of it, and its tone.
_STATES: Final = {
    "used": ("in use", "good"),
    "stopped": ("stopped", "bad"),
    "asked": ("waits for a second person", "warn"),
}
_MOVE_STATES: Final = {"asked": ("waits", "warn"), "rejected": ("rejected", "")}
# What people do to a merchant's money: what it is called, and what it means.
_ACTS: Final[Mapping[MoveKind, tuple[str, str]]] = {
    MoveKind.FREEZE: ("Freeze", "So much is kept from payouts until it is released."),
    MoveKind.RELEASE: ("Release", "What was frozen is available again."),
    MoveKind.CORRECTION: (
        "Correct",
        "Gives the merchant so much, or takes it with a minus; always by two people.",
    ),
    MoveKind.CHARGEBACK: (
        "Charge back",
        "The issuer has taken a disputed sale back; the merchant owes what is missing.",
    ),
}


class AccountCard:
    """The card on the merchant's page, and the dialogs of its buttons."""

    def __init__(self, view: View, merchant_id: str) -> None:
        self._view = view
        self._merchant = merchant_id
        self._write = view.may(Scope.PAYOUTS_WRITE)
        self._part = Part(self._build)

    async def refresh(self) -> None:
        """Show it as it is now."""
        await self._part.refresh()

    def listen(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Do what its buttons ask for; `changed` is called when it was done."""
        place = ui.context.slot.parent

        def on(event: str, act: Callable[[Mapping[str, Any]], Awaitable[bool]]) -> None:
            async def do(told: events.GenericEventArguments) -> None:
                with place:
                    if await act(told.args or {}):
                        self._view.desk.kept.forget()  # whoever has acted sees what came of it
                        await changed()

            ui.on(event, do)

        view, merchant_id = self._view, self._merchant
        on(_ASK, lambda _: _ask_account(view, merchant_id))
        on(_STOP, lambda told: _stop(view, merchant_id, told))
        on(_AGAIN, lambda told: _use_again(view, merchant_id, told))
        on(_MOVE, lambda told: _move(view, merchant_id, MoveKind(str(told["kind"]))))
        on(DECIDE, lambda told: decide(view, told))

    async def _build(self) -> Html:
        view, merchant_id = self._view, self._merchant
        words = view.words
        row = await merchants.find(view.desk, view.visitor, merchant_id)
        aside = act_button(words("Another account"), _ASK) if self._write else ""
        return tag(
            "div",
            card(
                words("Account"),
                await _accounts(view, merchant_id, write=self._write),
                _acts(view, row) if self._write else None,
                await _moves(view, merchant_id),
                aside=aside,
            ),
            id="account",
        )


# What is there ----------------------------------------------------------------------------------


async def _accounts(view: View, merchant_id: str, *, write: bool) -> Html:
    words = view.words
    found = await views.accounts(view.desk, view.visitor, merchant_id)
    rows = [{**row, "merchant_id": merchant_id} for row in found]
    if not rows:
        said = words("No account is known: nothing is paid until one is in use.")
        return tag("p", said, cls="warned")
    return tag("ul", *(_account(view, row, write=write) for row in rows), cls="plain accounts")


def _account(view: View, row: Row, *, write: bool) -> Html:
    words = view.words
    said, tone = _STATES[row["state"]]
    why = row["why"] if row["state"] == "stopped" else ""
    by = ", ".join(one for one in (row["asked_by"], row["decided_by"]) if one)
    return tag(
        "li",
        tag("b", row["holder"]),
        " ",
        ends_in(row),
        " ",
        badge(words(said), tone),
        tag("small", words("bank {bank}", bank=row["bank"]), " · ", by, cls="under"),
        tag("p", words("Stopped: {why}", why=why), cls="said") if why else None,
        _account_buttons(view, row) if write else None,
        cls=tone,
    )


def _account_buttons(view: View, row: Row) -> Html | str:
    words, told = view.words, {"id": str(row["id"])}
    if row["state"] == "asked":
        return buttons(view, "account", row, row["asked_by"])
    if row["state"] == "used":
        return act_button(words("Stop"), _STOP, **told)
    return act_button(words("Use it again"), _AGAIN, **told)


def _acts(view: View, row: Row) -> Html:
    words = view.words
    shown = [
        act_button(words(name), _MOVE, kind=kind.value)
        for kind, (name, _) in _ACTS.items()
        if kind is not MoveKind.RELEASE or row["frozen"]
    ]
    return tag("div", *shown, cls="row-of-buttons no-print account-acts")


async def _moves(view: View, merchant_id: str) -> Html:
    words = view.words
    found = await views.moves(view.desk, view.visitor, merchant_id, _MOVES)
    rows = [
        (
            join((tag("b", move(view, row)), " ", _move_state(view, row))),
            signed(view, row),
            row["reason"] or "–",
            join((view.at(row["decided_at"] or row["asked_at"]), _by(view, row))),
            buttons(view, "move", row, row["asked_by"])
            if row["state"] == "asked"
            else link(words("Payout"), f"/payouts/{row['payout_id']}")
            if row["payout_id"]
            else "",
        )
        for row in found.rows
    ]
    heads = ("What", "Amount", "Reason", "Time", "")
    empty = words("Nothing was frozen, released, corrected or charged back.")
    return table(
        [words(head) if head else "" for head in heads], rows, cls="acts-last", empty=empty
    )


def _by(view: View, row: Row) -> Html:
    by = ", ".join(one for one in (row["asked_by"], row["decided_by"]) if one)
    return tag("small", by or view.words("annul, by a rule"), cls="under")


def _move_state(view: View, row: Row) -> Html | None:
    said, tone = _MOVE_STATES.get(row["state"], ("", ""))
    return badge(view.words(said), tone) if said else None


# What is done -----------------------------------------------------------------------------------


async def _ask_account(view: View, merchant_id: str) -> bool:
    words, identity = view.words, uuid4()

    async def act(answers: Answers) -> str:
        account = Account(str(answers["holder"]), str(answers["bank"]), str(answers["number"]))
        await views.ask_account(
            view.desk, view.visitor, merchant_id, identity, account, answers["reason"]
        )
        return words("A second person takes it into use.")

    form = Form(
        words("Another account"),
        (
            FormField("holder", words("Account holder"), needed=True),
            FormField("number", words("Account number"), needed=True),
            FormField(
                "bank",
                words("Bank"),
                needed=True,
                hint=words("12 digits of clearing, or a BIC"),
            ),
        ),
        about=words(
            "It must be the merchant's own. It is used once a second person has checked it."
        ),
        go=words("Ask for it"),
    )
    return await ask(view, form, act)


async def _stop(view: View, merchant_id: str, told: Mapping[str, Any]) -> bool:
    words = view.words

    async def act(answers: Answers) -> None:
        identity = UUID(str(told["id"]))
        await views.stop_account(view.desk, view.visitor, merchant_id, identity, answers["reason"])

    about = words("Nothing more is paid to it; what is available stays available.")
    return await ask(view, Form(words("Stop this account"), about=about), act)


async def _use_again(view: View, merchant_id: str, told: Mapping[str, Any]) -> bool:
    words = view.words

    async def act(answers: Answers) -> None:
        identity = UUID(str(told["id"]))
        await views.use_account_again(
            view.desk, view.visitor, merchant_id, identity, answers["reason"]
        )

    about = words("The next payouts go to it again.")
    return await ask(view, Form(words("Use this account again"), about=about), act)


async def _move(view: View, merchant_id: str, kind: MoveKind) -> bool:
    words, identity = view.words, uuid4()  # of one dialog, so that it is done once
    row = await merchants.find(view.desk, view.visitor, merchant_id)
    currency = row["currency"]
    name, meaning = _ACTS[kind]

    async def act(answers: Answers) -> str:
        wanted = views.Wanted(
            identity,
            kind,
            _signed_minor(answers["amount"], currency),
            await _about(view, merchant_id, str(answers.get("about") or "")),
        )
        done = await views.move(view.desk, view.visitor, merchant_id, wanted, answers["reason"])
        return words("Done") if done else words("It waits for a second person.")

    letters = CURRENCIES.get(currency, (currency, 2))[0]
    frozen = show(row["frozen"], currency) if kind is MoveKind.RELEASE else ""
    fields = [FormField("amount", words("Amount"), value=frozen, hint=letters, needed=True)]
    if kind in {MoveKind.CORRECTION, MoveKind.CHARGEBACK}:
        hint = words("The number in the address of its page; may be left empty.")
        fields.append(FormField("about", words("Transaction"), hint=hint))
    about = f"{words(meaning)} {words('The merchant reads the reason.')}"
    return await ask(view, Form(words(name), tuple(fields), about=about), act)


def _signed_minor(text: object, currency: str) -> int:
    """Read an amount, with a minus where it is taken; raises `AmountError`."""
    plain = str(text or "").strip().replace("−", "-")
    amount = minor(plain.removeprefix("-").removeprefix("+"), currency)
    return -amount if plain.startswith("-") else amount


async def _about(view: View, merchant_id: str, text: str) -> UUID | None:
    """Read which transaction a move is about; raises `NothingThere` where it is another's."""
    named = text.strip().rstrip("/").rpartition("/")[2]
    if not named:
        return None
    try:
        identity = UUID(named)
    except ValueError as error:
        raise NotValid("a transaction is named by the number in the address of its page") from error
    chain = await transactions.chain(view.desk, view.visitor, identity)
    if chain["original"]["merchant_id"] != merchant_id:
        raise NotValid("this transaction is of another merchant")
    return identity
