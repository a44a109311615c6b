"""One payout: where it stands, step by step, whom it goes to, and what is in it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, act_button, ask
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, card, facts, icon, join, link, tag
from annul.console.merchant_days import listed
from annul.console.shared import sees_all
from annul.desk import payouts as views
from annul.desk.desk import NothingThere
from annul.desk.roles import Scope
from annul.domain.payouts import FAILED, PayoutState

from .said import Row, bank_said, ends_in, move, signed, state

_APPROVE, _CANCEL = "approve-payout", "cancel-payout"
_STOPPABLE: Final = frozenset({PayoutState.HELD, PayoutState.READY})


class Step(NamedTuple):
    """One step: `mark` is done, now, bad or later."""

    mark: str
    said: str
    at: datetime | None = None
    who: str = ""


_ICONS: Final = {"done": "check", "now": "dots", "bad": "cross", "later": "dash"}


async def payout(view: View) -> None:
    """Show a payout; live."""
    identity = _identity(view.params["payout"])
    await views.find(view.desk, view.visitor, identity)
    whole = Part(lambda: _whole(view, identity), "stack payout")

    async def approve() -> bool:
        return await _approve(view, identity)

    async def cancel() -> bool:
        return await _cancel(view, identity)

    await whole.refresh()
    _listen({_APPROVE: approve, _CANCEL: cancel}, whole)
    live(view, whole.refresh, at_least_s=5.0)


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        message = f"there is no payout {text[:40]}"
        raise NothingThere(message) from error


def _listen(acts: dict[str, Callable[[], Awaitable[bool]]], whole: Part) -> None:
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[], Awaitable[bool]]) -> None:
        async def do(_: events.GenericEventArguments) -> None:
            with place:
                if await act():
                    await whole.refresh()

        ui.on(event, do)

    for event, act in acts.items():
        on(event, act)


async def _whole(view: View, identity: UUID) -> Html:
    row = await views.find(view.desk, view.visitor, identity)
    inside = tag("div", _content(view, row), cls="two-thirds")
    parts = tag("div", inside, tag("div", _facts(view, row), cls="third"), cls="grid")
    return join((_top(view, row), _steps_card(view, row), parts))


def _top(view: View, row: Row) -> Html:
    words = view.words
    title = words("Payout")
    merchant = words.name(row)
    whose = (
        link(merchant, f"/merchants/{row['merchant_id']}")
        if view.may(Scope.MERCHANTS_READ)
        else tag("span", merchant)
    )
    to = tag("p", state(view, row), " ", whose, " ", ends_in(row), cls="muted")
    amount = view.amount(row["amount"], row["currency"])
    return tag(
        "div",
        tag("div", tag("h1", amount, cls="num", data_title=f"{title} · {amount}"), to),
        tag("span", cls="grow"),
        _buttons(view, row),
        cls="head",
    )


def _buttons(view: View, row: Row) -> Html | None:
    words = view.words
    if PayoutState(row["state"]) not in _STOPPABLE or not view.may(Scope.PAYOUTS_WRITE):
        return None
    may = row["state"] == PayoutState.HELD and row["made_by"] != view.visitor.name
    return tag(
        "div",
        act_button(words("Approve as second person"), _APPROVE, cls="primary") if may else None,
        act_button(words("Cancel the payout"), _CANCEL),
        cls="row-of-buttons no-print",
    )


# Steps ------------------------------------------------------------------------------------------


def _steps_card(view: View, row: Row) -> Html:
    steps = _steps(view, row)
    return card(
        view.words("Where it stands"), tag("ol", *(_step(view, one) for one in steps), cls="steps")
    )


def _step(view: View, one: Step) -> Html:
    return tag(
        "li",
        tag("span", icon(_ICONS[one.mark]), cls="steps-mark"),
        tag(
            "div",
            tag("b", one.said),
            tag("small", view.at(one.at)) if one.at else None,
            tag("small", one.who) if one.who else None,
        ),
        cls=one.mark,
        aria_current="step" if one.mark == "now" else False,
    )


def _steps(view: View, row: Row) -> Sequence[Step]:
    """Give what was done, what is done now and what comes; shops are told no names of the desk."""
    words, now = view.words, PayoutState(row["state"])
    staff = sees_all(view)
    by = row["made_by"] or words("annul, by the schedule")
    steps = [Step("done", words("Payout made"), row["made_at"], by if staff else "")]
    if now is PayoutState.HELD:
        steps.append(Step("now", words("Waits for a second person")))
    elif row["decided_by"] and now is not PayoutState.CANCELLED:
        who = row["decided_by"] if staff else ""
        steps.append(Step("done", words("Approved by a second person"), row["decided_at"], who))
    if now is PayoutState.CANCELLED:
        who = row["decided_by"] if staff else ""
        return [*steps, Step("bad", words("Cancelled"), row["decided_at"], who), _back(view, row)]
    if row["file_id"] is not None:
        who = row["file_name"] if staff else ""
        steps.append(Step("done", words("In a file for the bank"), row["filed_at"], who))
    else:
        waits = "now" if now is PayoutState.READY else "later"
        steps.append(Step(waits, words("Goes into the next file for the bank")))
    if now is PayoutState.REJECTED:
        return [
            *steps,
            Step("bad", words("Rejected by the bank"), row["back_at"]),
            _back(view, row),
        ]
    if row["paid_at"] is not None:
        steps.append(Step("done", words("Paid"), row["paid_at"]))
    else:
        waits = "now" if now is PayoutState.FILED else "later"
        steps.append(Step(waits, words("The bank books it")))
    if now is PayoutState.RETURNED:
        returned = Step("bad", words("Returned by the bank"), row["returned_at"])
        return [*steps, returned, _back(view, row)]
    return steps


def _back(view: View, row: Row) -> Step:
    words = view.words
    taken = words("The money is in a later payout") if row["back_in"] else ""
    return Step("done", taken or words("The money is available again"), row["back_at"])


# What is in it ----------------------------------------------------------------------------------


def _facts(view: View, row: Row) -> Html:
    words = view.words
    wrong = bank_said(row)
    failed = PayoutState(row["state"]) in FAILED
    later = link(words("The later payout"), f"/payouts/{row['back_in']}") if row["back_in"] else ""
    said = (
        tag("p", words("The bank says: {what}", what=wrong), cls="said")
        if wrong and failed
        else None
    )
    return card(
        words("Paid to"),
        said,
        facts(
            (
                (words("Account holder"), row["holder"]),
                (words("Account ends in"), ends_in(row)),
                (words("Bank"), tag("span", row["bank"], cls="mono")),
                (words("Reference at the bank"), view.copied(row["id"].hex)),
                (words("Paid again in"), later),
            )
        ),
    )


def _content(view: View, row: Row) -> Html:
    words, currency = view.words, row["currency"]
    parts: list[object] = [
        tag("p", words("Open a day to see why it is less than was sold."), cls="muted")
    ]
    if row["days"]:
        parts.append(listed(view, row["merchant_id"], row["days"]))
    if row["moves"]:
        parts.append(tag("div", *(_move(view, one) for one in row["moves"]), cls="merchant-days"))
    total = tag("b", view.amount(row["amount"], currency), cls="num")
    parts.append(tag("p", tag("b", words("Sum")), total, cls="payout-sum"))
    return card(words("What is in it"), *(parts if row["days"] else parts[1:]))


def _move(view: View, row: dict[str, Any]) -> Html:
    """Say what else made it more or less; what came back leads to the payout that did."""
    name = move(view, row)
    about = row["kind"] == "payout_return" and row["about"]
    head = link(name, f"/payouts/{row['about']}") if about else tag("b", name)
    why = tag("small", row["reason"], cls="under") if row["reason"] else None
    when = view.at(row["decided_at"] or row["asked_at"])
    said = tag("span", head, " ", tag("span", when, cls="muted"), why)
    return tag("div", said, tag("b", signed(view, row), cls="day-net"), cls="merchant-day move")


# Acts -------------------------------------------------------------------------------------------


async def _approve(view: View, identity: UUID) -> bool:
    words = view.words
    row = await views.find(view.desk, view.visitor, identity)

    async def act(answers: Answers) -> None:
        await views.approve(view.desk, view.visitor, identity, answers["reason"])

    warn = words("It goes to the bank with the next file, and can be cancelled until then.")
    title = words("Approve: {what}", what=words("Payout"))
    return await ask(view, Form(title, about=_about(view, row), warn=warn), act)


async def _cancel(view: View, identity: UUID) -> bool:
    words = view.words
    row = await views.find(view.desk, view.visitor, identity)

    async def act(answers: Answers) -> None:
        await views.cancel(view.desk, view.visitor, identity, answers["reason"])

    warn = words("The money is available again, and goes out with the next payouts.")
    read = words("The merchant reads the reason.")
    form = Form(words("Cancel the payout"), about=f"{_about(view, row)} · {read}", warn=warn)
    return await ask(view, form, act)


def _about(view: View, row: Row) -> str:
    words = view.words
    return (
        f"{view.amount(row['amount'], row['currency'])} · {words.name(row)} · **** {row['shown']}"
    )
