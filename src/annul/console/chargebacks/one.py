"""One chargeback: the countdown and the next step, its evidence, and what happened."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from nicegui import events, ui

from annul.console.clearing.said import identity
from annul.console.frame.forms import act_button
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag
from annul.console.shared import sees_all, transaction_state
from annul.desk import chargebacks as views
from annul.desk.audit import ACTS as AUDITED
from annul.desk.roles import Scope
from annul.domain.chargebacks import ACTS, ENDS, EVIDENCE, Act, By, EvidenceKind, Stage, acts
from annul.domain.text import Text

from .acts import CONFIRM, REJECT, STEP, TAKE, confirm, consequence, reject, step, take
from .papers import attach
from .said import Row, amount, due, money, reason, stage

_ROWS: Final[Mapping[str, Text]] = {
    "opened": Text("登记", "entered"),
    "evidence": Text("添加证据", "evidence added"),
    "asked": Text("申请，待复核", "asked for, to be confirmed"),
    "rejected": Text("驳回", "rejected"),
    "owner": Text("指派", "assigned"),
}
_WHO: Final[Mapping[By, str]] = {
    By.ISSUER: "by the issuer",
    By.US: "by us",
    By.NETWORK: "by the network",
    By.CLOCK: "by the clock",
}


async def chargeback(view: View) -> None:
    """Show a chargeback; live."""
    number = identity(view.params["chargeback"], "chargeback")
    found = await views.find(view.desk, view.visitor, number)
    whole = Part(lambda: _whole(view, number), "stack")
    await whole.refresh()
    if view.may(Scope.CLEARING_WRITE) and sees_all(view):
        if Stage(found["stage"]) not in ENDS:
            html(tag("h2", view.words("Add evidence")))
            attach(view, number, whole.refresh)
        _listen(view, number, whole.refresh)
    live(view, whole.refresh, at_least_s=5.0)


def _listen(view: View, number: Any, refresh: Callable[[], Awaitable[None]]) -> None:
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Row, Mapping[str, Any]], Awaitable[bool]]) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            with place:
                row = await views.find(view.desk, view.visitor, number)
                if await act(row, told.args if isinstance(told.args, dict) else {}):
                    view.desk.kept.forget()
                    await refresh()

        ui.on(event, do)

    on(STEP, lambda row, given: step(view, row, given))
    on(CONFIRM, lambda row, _: confirm(view, row))
    on(REJECT, lambda row, _: reject(view, row))
    on(TAKE, lambda row, _: take(view, row))


async def _whole(view: View, number: Any) -> Html:
    row = await views.find(view.desk, view.visitor, number)
    if not sees_all(view):
        return join((_head(view, row), _plain(view, row), _about(view, row)))
    left = tag("div", _next(view, row), _evidence(view, row), cls="two-thirds stack")
    grid = tag("div", left, tag("div", _about(view, row), cls="third stack"), cls="grid")
    return join((_head(view, row), grid, _history(view, row)))


def _head(view: View, row: Row) -> Html:
    words = view.words
    title = words("Chargeback {number}", number=row["number"])
    live_ = Stage(row["stage"]) not in ENDS
    counted = join((words("Due by"), " ", due(view, row))) if live_ else None
    marks = tag("p", stage(view, row), " ", money(view, row), " ", counted, cls="muted")
    head = tag("div", tag("h1", title, data_title=title), marks)
    may = live_ and sees_all(view) and view.may(Scope.CLEARING_WRITE)
    who = act_button(words("Who works on it"), TAKE) if may else None
    claimed = tag("b", amount(view, row), cls="num break-money")
    return tag("div", head, tag("span", cls="grow"), claimed, who, cls="head break-head")


def _next(view: View, row: Row) -> Html:
    """Say what may come next, each with what the money does; what is suggested first."""
    words, at = view.words, Stage(row["stage"])
    if at in ENDS:
        ended = words("It has ended. Nothing follows.")
        return card(words("Next step"), tag("p", ended, cls="muted"))
    if row["asked"]:
        return _asked(view, row)
    may = view.may(Scope.CLEARING_WRITE)
    moves = sorted(acts(at), key=lambda one: one.act != row["suggested"])
    ways = [
        tag("li", *_way(view, row, one.act, one.by, may=may, evidence=one.evidence))
        for one in moves
    ]
    waits = None
    if not row["ours"]:
        waits = tag("p", words("We wait for the issuer or the network."), cls="muted")
    return card(words("Next step"), waits, tag("ul", *ways, cls="ways"))


def _way(
    view: View, row: Row, act: Act, by: By, *, may: bool, evidence: bool
) -> tuple[object, ...]:
    words = view.words
    told = act == row["suggested"]
    mark = badge(words("suggested"), "info") if told else None
    why = None
    if told:
        why = tag("p", words("It had gone back before: annul adds the proof."), cls="strong")
    needs = None
    if evidence and not told:
        kinds = ", ".join(words.of(EVIDENCE[EvidenceKind(kind)]) for kind in row["answers"])
        needs = tag("small", words("Answered by: {kinds}", kinds=kinds), cls="under")
    name = words.of(ACTS[act])
    button = act_button(name, STEP, cls="primary" if told else "", act=act.value) if may else None
    head = tag("div", tag("b", name), " ", badge(words(_WHO[by])), " ", mark)
    said = tag("p", consequence(view, row, act), cls="muted")
    return (head, why, said, needs, button)


def _asked(view: View, row: Row) -> Html:
    words, what = view.words, Act(row["asked"])
    mine = row["asked_by"] == view.visitor.name
    buttons: list[Html] = []
    if view.may(Scope.CLEARING_WRITE):
        if not mine:
            label = words("Confirm as second person")
            buttons.append(act_button(label, CONFIRM, cls="primary"))
        buttons.append(act_button(words("Take it back") if mine else words("Reject it"), REJECT))
    said = words("{who} asks for it: {why}", who=row["asked_by"], why=row["asked_reason"])
    return card(
        words("Awaiting second approval"),
        tag("p", tag("b", words.of(ACTS[what]))),
        tag("p", consequence(view, row, what), cls="muted"),
        tag("p", said, cls="warned"),
        tag("div", *buttons, cls="row-of-buttons"),
    )


def _evidence(view: View, row: Row) -> Html:
    words = view.words
    if not row["evidence"]:
        return card(words("Evidence"), tag("p", words("No evidence yet."), cls="empty"))
    there = f"/api/v1/chargebacks/{row['id']}/evidence"
    rows = [
        (
            words.of(EVIDENCE[EvidenceKind(one["kind"])]),
            link(one["name"], f"{there}/{one['id']}", download=True),
            words("{n} bytes", n=f"{one['size']:,}"),
            one["added_by"],
            view.at(one["added_at"]),
        )
        for one in row["evidence"]
    ]
    heads = [words(head) for head in ("What it shows", "Document", "Size", "Added by", "Time")]
    return card(words("Evidence"), table(heads, rows))


def _about(view: View, row: Row) -> Html:
    words = view.words
    whose = link(row[f"name_{words.language}"], f"/merchants/{row['merchant_id']}")
    sale = link(row["rrn"], f"/transactions/{row['transaction_id']}", cls="mono")
    state = transaction_state(view, row["of_state"])
    held = view.amount(row["held"], row["currency"]) if row["held"] else ""
    fee = view.amount(row["fee"], row["currency"]) if row["fee"] else ""
    pairs = (
        (words("Merchant"), whose if sees_all(view) else ""),
        (words("Transaction"), join((sale, " ", state))),
        (words("Card"), tag("span", row["card_masked"], cls="mono")),
        (words("Transaction's amount"), view.amount(row["of_amount"], row["currency"])),
        (words("Why the issuer claims it"), reason(view, row)),
        (words("Claimed"), amount(view, row)),
        (words("Held"), held),
        (words("Fee"), fee),
        (words("Issuer"), row["issuer_id"]),
        (words("Handled by"), row["owner"] if sees_all(view) else ""),
        (words("Received"), view.at(row["received_at"])),
        (words("Due by"), view.at(row["due_at"]) if row["due_at"] else ""),
        (words("Ended"), view.at(row["ended_at"]) if row["ended_at"] else ""),
    )
    return card(words("What is claimed"), facts(pairs))


def _plain(view: View, row: Row) -> Html:
    """Say it to the shop whose payment it is: what it means for its money, and who acts."""
    words = view.words
    said = {
        "none": words("Nothing was taken from your account."),
        "held": words("It is held until this has ended. Your acquirer answers the bank."),
        "returned": words("It is back in your account."),
        "paid": words("It went back to the bank of the customer."),
    }[row["money"]]
    return card(words("What it means"), tag("p", said, cls="strong"))


def _history(view: View, row: Row) -> Html:
    words = view.words
    lines = [
        tag(
            "li",
            tag("time", view.when(datetime.fromisoformat(one["at"]), seconds=True)),
            tag("b", _what(view, one["what"])),
            " ",
            tag("span", one["who"], cls="muted"),
            tag("div", one["why"][words.language]),
        )
        for one in reversed(row["history"])
    ]
    whole = row["broken_at"] is None
    said = words("whole, by its hashes") if whole else words("changed by somebody")
    mark = badge(said, "good" if whole else "bad")
    return card(words("What happened"), tag("ol", *lines, cls="timeline"), aside=mark)


def _what(view: View, what: str) -> str:
    text = _ROWS.get(what) or (ACTS[Act(what)] if what in set(Act) else AUDITED.get(what))
    return view.words.of(text) if text is not None else what
