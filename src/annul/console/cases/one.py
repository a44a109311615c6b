"""One case: what happened, where the money is, what happens next, why, and what people may do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from nicegui import ui

from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import (
    Html,
    badge,
    card,
    details,
    facts,
    icon,
    join,
    link,
    table,
    tag,
)
from annul.console.shared import case_due, case_state, cause_name, transaction_state
from annul.desk import acts, issuers
from annul.desk import cases as views
from annul.desk.feed import Change
from annul.diagnose.causes import CAUSES
from annul.resolve.case import UNPROVED, Case
from annul.resolve.people import ACTIONS

from .act_dialog import act_on
from .exchange import exchange
from .plain_words import call_script, plain_words

_SHOWN: Final = 4
_DIRECTIONS: Final = {
    "terminal_in": "Terminal → host",
    "issuer_out": "Host → issuer",
    "issuer_in": "Issuer → host",
    "terminal_out": "Host → terminal",
}


async def case(view: View) -> None:
    """Show one case; live."""
    number = view.params["number"]
    now, whole = await views.opened(view.desk, view.visitor, number)
    top = Part(lambda: _top(view, now), "stack")
    buttons = ui.element("div").classes("row-of-buttons no-print").style("margin: 14px 0")
    rest = Part(lambda: _rest(view, now, whole), "grid")

    async def show() -> None:
        await top.refresh()
        await rest.refresh()
        _offer(view, now, drawn)

    async def refresh() -> None:
        nonlocal now, whole
        now, whole = await views.whole(view.desk, view.visitor, number)
        await show()

    with buttons:
        drawn = _draw_buttons(view, now, refresh)
    await show()

    def concerns(changes: list[Change]) -> bool:
        return any(change["id"] == str(now.id) for change in changes)

    live(view, refresh, concerns, every_s=1.0)


def _draw_buttons(
    view: View, found: Case, refresh: Callable[[], Awaitable[None]]
) -> dict[str, ui.button]:
    """Draw each act once, so that a button that somebody is about to press stays where it is."""
    words, drawn = view.words, dict[str, ui.button]()
    for action in acts.of_role(view.visitor):

        async def do(name: str = action.name) -> None:
            if await act_on(view, found, name):
                await refresh()

        button = ui.button(words.of(action.said), on_click=do)
        drawn[action.name] = button.props("outline no-caps dense padding='6px 12px'")
    ui.button(
        words("Download the proof"),
        on_click=lambda: ui.navigate.to(f"/api/v1/cases/{found.number}/proof", new_tab=True),
    ).props("flat no-caps dense")
    return drawn


def _offer(view: View, now: Case, drawn: Mapping[str, ui.button]) -> None:
    """Show what may be done now; what only waits for an outcome stays there, but does nothing."""
    possible = {action.name for action in acts.possible(view.visitor, now)}
    for name, button in drawn.items():
        action, may = ACTIONS[name], name in possible
        button.set_visibility(may or (action.sure and not now.ended))
        button.set_enabled(may)
        label = view.words.of(action.said)
        if now.proposed == name:
            label = view.words("Approve as second person: {what}", what=label)
        button.set_text(label)


async def _top(view: View, now: Case) -> Html:
    words = view.words
    said = plain_words(view, now)
    asked_of = "warn" if now.task or now.proposed else ""
    tone = {"refused": "bad", "unproved": "warn"}.get(now.ended, asked_of)
    asked = None
    if now.ended == UNPROVED:
        asked = tag("p", link(words("Money in question"), "/money", cls="button"))
    elif now.proposed:
        asked = tag(
            "p",
            words(
                "{who} has proposed “{what}”; a second person has to approve it.",
                who=now.proposed_by,
                what=now.proposed,
            ),
            cls="said",
        )
    state = case_state(view, now.ended, now.kind, now.step, asked=bool(now.task))
    head = tag("div", tag("h1", words("Case {number}", number=now.number)), state, cls="head")
    lines = [tag("p", line, cls="" if place else "say") for place, line in enumerate(said)]
    known = _known(view, now)
    return join((head, tag("section", *lines, asked, known, cls=f"card summary {tone}")))


def _known(view: View, now: Case) -> Html:
    words = view.words
    cause = CAUSES.get(now.confirmed or now.cause)
    probable = f"{cause_name(view, cause.name, now.kind)} ({now.probability:.0%})" if cause else ""
    pairs = (
        (words("Amount"), view.amount(now.amount, now.currency)),
        (words("Card"), tag("span", now.card_masked, cls="mono")),
        (words("Merchant"), link(now.merchant_id, f"/merchants/{now.merchant_id}")),
        (words("Terminal"), now.terminal_id),
        (words("Most probable cause"), probable),
        (words("Confirmed"), cause_name(view, now.confirmed, now.kind) if now.confirmed else ""),
        (words("Next look"), "" if now.ended else view.when(now.next_action_at, seconds=True)),
        (words("Due"), case_due(view, now.due_at, now.first_due_at)),
        (words("Asked of a person"), words(now.task) if now.task else ""),
    )
    return facts(pairs)


async def _rest(view: View, now: Case, whole: dict[str, Any]) -> Html:
    return join(
        (
            tag("div", _causes(view, whole), _messages(view, whole), cls="stack half"),
            tag(
                "div",
                _timeline(view, whole),
                await _contact(view, now, whole),
                _told(view, whole),
                cls="stack half",
            ),
            exchange(view, whole),
            _transactions(view, whole),
            _ledger(view, whole),
        )
    )


def _causes(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    diagnosis = whole["diagnosis"]
    if diagnosis is None:
        return card(words("Causes"), tag("p", words("Not diagnosed yet."), cls="empty"))
    shown = []
    for place, found in enumerate(diagnosis["causes"][:_SHOWN]):
        evidence = [
            tag(
                "li",
                icon("dash" if one["weight"] < 0 else "plus"),
                words.of(one["text"]),
                tag("small", ", ".join(one["sources"])),
                cls="against" if one["weight"] < 0 else "",
            )
            for one in found["evidence"][: 8 if not place else 3]
        ]
        width = f"width: {found['probability'] * 100:.0f}%"
        shown.append(
            tag(
                "li",
                tag(
                    "b",
                    tag("span", f"{found['probability']:.0%}", cls="odds"),
                    words.of(found["title"]),
                ),
                tag("div", tag("i", style=width), cls="meter", aria_hidden="true"),
                tag("ul", *evidence, cls="evidence"),
                cls="cause",
            )
        )
    return card(words("Causes and their evidence"), tag("ol", *shown, cls="causes"))


def _timeline(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    chain = whole["chain"]["broken_at"]
    mark = (
        badge(words("chain whole"), "good")
        if chain is None
        else badge(words("changed at line {n}", n=chain), "bad")
    )
    lines = [
        tag(
            "li",
            tag("time", view.when(event["at"], seconds=True)),
            tag("b", words(event["what"])),
            " ",
            tag("span", event["who"], cls="muted"),
            tag("div", words.of(event["why"])),
        )
        for event in reversed(whole["timeline"])
    ]
    return card(words("What happened"), tag("ol", *lines, cls="timeline"), aside=mark)


def _transactions(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    rows = [
        (
            view.when(row["received_at"], seconds=True),
            words(row["kind"]),
            transaction_state(view, row["state"]),
            link(row["rrn"], f"/transactions/{row['id']}", cls="mono"),
            row["trace"],
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            row["response_code"] or words(row["why"]) or "–",
        )
        for row in whole["transactions"]
    ]
    names = [words(n) for n in ("Time", "Kind", "State", "RRN", "Voucher", "Amount", "Code")]
    return card(words("Transactions"), table(names, rows, empty=words("None.")))


def _ledger(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    rows = [
        (
            view.when(row["posted_at"], seconds=True),
            words(row["debit"]),
            words(row["credit"]),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            words(row["cause"]),
        )
        for row in whole["ledger"]
    ]
    names = [words(n) for n in ("Time", "Debit", "Credit", "Amount", "Because of")]
    return card(words("Ledger"), table(names, rows, empty=words("No money has moved.")))


def _messages(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    from annul.wire.names import name_of

    shown = []
    for message in whole["messages"]:
        rows = []
        for number, value in message["fields"].items():
            zh, en = name_of(int(number))
            named = zh if words.language == "zh" else en
            rows.append((number, named, tag("span", value, cls="mono")))
        said = f"{words(_DIRECTIONS[message['direction']])} · {message['mti']}"
        at = tag("span", view.when(message["at"], seconds=True), cls="muted")
        fields = table((words("Field"), words("Name"), words("Value")), rows)
        shown.append(details(join((said, " ", at)), fields))
    body = join(shown) if shown else tag("p", words("None were kept."), cls="empty")
    return card(words("Messages, masked"), body)


async def _contact(view: View, now: Case, whole: dict[str, Any]) -> Html | None:
    if not now.issuer_id:
        return None
    words = view.words
    rows = [
        (row["duty"], row["name"], row["phone"], row["mail"], row["hours"])
        for row in await issuers.contacts(view.desk, now.issuer_id)
    ]
    names = [words(n) for n in ("For", "Name", "Phone", "Mail", "Hours")]
    return card(
        words("Call the issuer {issuer}", issuer=now.issuer_id),
        table(names, rows, empty=words("No contact is entered for this issuer.")),
        tag("h3", words("What to say")),
        tag("p", call_script(view, now, whole)),
    )


def _told(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    rows = [
        (
            view.when(row["created_at"], seconds=True),
            row["whom"],
            row["said"],
            view.when(row["delivered_at"], seconds=True) or words("not yet"),
        )
        for row in whole["told"]
        if row["whom"].startswith("terminal")
    ]
    names = [words(n) for n in ("Time", "To whom", "What", "Delivered")]
    return card(words("What was said"), table(names, rows, empty=words("Nothing yet.")))
