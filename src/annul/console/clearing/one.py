"""One break: terminal, host and issuer beside each other, its cause, and how it can end."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import act_button
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag
from annul.console.shared import sees_all
from annul.desk import breaks as views
from annul.desk import transactions
from annul.desk.audit import ACTS
from annul.desk.desk import NothingThere
from annul.desk.roles import Scope
from annul.domain.breaks import RESOLUTIONS, WAITING, BreakState, Resolution

from .ends import CONFIRM, REJECT, RESOLVE, confirm, ends_card, reject, resolve
from .many import assign
from .plain import plain
from .said import Row, cause, foretold, identity, kind, signed, state
from .side_by_side import evidence, side_by_side

_ASSIGN: Final = "assign-break"
_PROOFS: Final = {
    "done": "it was done",
    "not_done": "it was not done",
    "denied": "the issuer says something else than it had answered",
}
_CAME: Final = {"moved": "carried out", "overtaken": "known before", None: "is being carried out"}


async def one_break(view: View) -> None:
    """Show a break; live."""
    number = identity(view.params["break"], "break")
    await views.find(view.desk, view.visitor, number)
    whole = Part(lambda: _whole(view, number), "stack break")
    await whole.refresh()
    if view.may(Scope.CLEARING_WRITE):
        _listen(view, number, whole.refresh)
    live(view, whole.refresh, at_least_s=5.0)


def _listen(view: View, number: UUID, refresh: Callable[[], Awaitable[None]]) -> None:
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Row, Mapping[str, Any]], Awaitable[bool]]) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            with place:
                row = await views.find(view.desk, view.visitor, number)
                if await act(row, told.args if isinstance(told.args, dict) else {}):
                    view.desk.kept.forget()
                    await refresh()

        ui.on(event, do)

    on(RESOLVE, lambda row, told: resolve(view, row, Resolution(str(told["as"]))))
    on(CONFIRM, lambda row, _: confirm(view, row))
    on(REJECT, lambda row, _: reject(view, row))
    on(_ASSIGN, lambda row, _: assign(view, [row["id"]], row["owner"] or view.visitor.name))


async def _whole(view: View, number: UUID) -> Html:
    row = await views.find(view.desk, view.visitor, number)
    if not sees_all(view):
        return plain(view, row)
    wide = tag(
        "div",
        tag("div", side_by_side(view, row), evidence(view, row), cls="two-thirds stack"),
        tag("div", await ends_card(view, row), await _about(view, row), cls="third stack"),
        cls="grid",
    )
    return join((_head(view, row), wide, _proofs(view, row), _history(view, row)))


def _head(view: View, row: Row) -> Html:
    words = view.words
    carried = badge(words("being carried out"), "info") if row["under_way"] else ""
    late = row["state"] in WAITING and row["due_at"] < view.desk.clock.now()
    marks = join((state(view, row), " ", carried, " ", foretold(view, row) or ""))
    overdue = badge(words("overdue"), "bad") if late else None
    title = tag("h1", kind(view, row), cls="capital", data_title=kind(view, row))
    money = tag("b", signed(view, row["money"], row["currency"]), cls="num break-money")
    may = view.may(Scope.CLEARING_WRITE) and row["state"] in WAITING
    who = act_button(words("Who works on it"), _ASSIGN) if may else None
    said = tag("p", marks, " ", overdue, " ", cause(view, row), cls="muted")
    return tag(
        "div", tag("div", title, said), tag("span", cls="grow"), money, who, cls="head break-head"
    )


# What belongs to it -----------------------------------------------------------------------------


async def _about(view: View, row: Row) -> Html:
    words = view.words
    name = row[f"name_{view.words.language}"] or words("nobody here")
    whose = link(name, f"/merchants/{row['merchant_id']}") if row["name_en"] else name
    ended = view.at(row["decided_at"]) if row["decided_at"] else ""
    resolved = words.of(RESOLUTIONS[Resolution(row["resolved_as"])]) if row["resolved_as"] else ""
    line = words("line {n}", n=row["line"]) if row["line"] else words("no row")
    pairs = (
        (words("Merchant"), join((whose, " ", tag("small", row["merchant_id"], cls="mono")))),
        (words("Transaction"), _transaction(view, row)),
        (words("Case"), await _case(view, row)),
        (words("File"), link(row["file_name"], f"/clearing/{row['file_id']}")),
        (words("Row"), line),
        (words("Handled by"), row["owner"] or words("nobody")),
        (words("Found"), view.at(row["opened_at"])),
        (words("Due by"), view.at(row["due_at"])),
        (words("Ends as"), resolved),
        (words("Reason"), row["reason"]),
        (words("Requested by"), row["asked_by"]),
        (words("Second person"), row["decided_by"] if row["state"] != BreakState.OPEN else ""),
        (words("Ended"), ended if row["state"] not in WAITING else ""),
    )
    return card(words("What belongs to it"), facts(pairs))


def _transaction(view: View, row: Row) -> Html | str:
    one = row["transaction"]
    if one is None:
        return view.words("none here")
    said = f"{view.words(one['kind'])} · {view.words(one['state'])}"
    return link(said, f"/transactions/{one['id']}")


async def _case(view: View, row: Row) -> Html | str:
    if row["transaction_id"] is None or not view.may(Scope.CASES_READ):
        return ""
    try:
        chain = await transactions.chain(view.desk, view.visitor, row["transaction_id"])
    except NothingThere:
        return ""
    number = chain["case_number"]
    return link(number, f"/cases/{number}", cls="mono") if number else ""


def _proofs(view: View, row: Row) -> Html | None:
    words = view.words
    if not row["proofs"]:
        return None
    rows = [
        (
            view.at(one["found_at"]),
            words(_PROOFS[one["proves"]]),
            words("by people") if one["break_id"] else words("line {n}", n=one["line"] or "–"),
            words(one["was"]),
            words("undone") if one["discarded_at"] else words(_CAME[one["came"]]),
        )
        for one in row["proofs"]
    ]
    heads = ("Found", "What is proved", "By", "Before", "What came of it")
    return card(words("Proofs"), table([words(head) for head in heads], rows))


def _history(view: View, row: Row) -> Html:
    words = view.words
    lines = [
        tag(
            "li",
            tag("time", view.when(one["at"], seconds=True)),
            tag("b", words.of(ACTS[one["action"]])),
            " ",
            tag("span", one["who"], cls="muted"),
            tag("div", one["reason"]) if one["reason"] else None,
        )
        for one in row["history"]
    ]
    opened = tag(
        "li", tag("time", view.when(row["opened_at"], seconds=True)), tag("b", words("Break found"))
    )
    mark = badge(words("kept in the audit log"), "good")
    return card(words("What happened"), tag("ol", *lines, opened, cls="timeline"), aside=mark)
