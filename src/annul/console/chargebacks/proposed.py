"""What clearing files tell of chargebacks: each is taken up, or dismissed, by people."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, join, link, number, table, tag
from annul.desk import chargeback_proposals as views
from annul.desk.roles import Scope
from annul.domain.chargebacks import ACTS, REASONS, Act, Reason

from .said import Row, amount

_TAKE, _DISMISS = "take-up-proposal", "dismiss-proposal"
_FOLLOWS: Final[Mapping[str, str]] = {
    "opens": "It opens a chargeback.",
    "moves": "It moves the one that is live.",
    "nothing": "Nothing follows from it: no sale, or another stage.",
}


async def proposals(view: View) -> Html:
    """Show what waits; nothing where nothing does."""
    words = view.words
    rows = await views.proposed(view.desk, view.visitor)
    if not rows:
        return join(())
    heads = [words(head) for head in ("File", "Transaction", "What came", "Amount", "")]
    about = words("No money has moved. The network's deadline runs.")
    shown = table(heads, [_line(view, row) for row in rows])
    return card(words("Told by clearing files"), tag("p", about, cls="muted"), shown)


def _line(view: View, row: Row) -> list[object]:
    words = view.words
    line = tag("small", words("line {n}", n=row["line"]), cls="under")
    sale: Html | str = row["rrn"] or "–"
    if row["transaction_id"] is not None:
        sale = link(row["rrn"], f"/transactions/{row['transaction_id']}", cls="mono")
    said = words(_FOLLOWS[row["follows"]])
    what = join((words.of(ACTS[Act(row["act"])]), tag("small", said, cls="under")))
    buttons: list[Html] = []
    if view.may(Scope.CLEARING_WRITE):
        given = {"proposal": str(row["id"])}
        if row["follows"] != "nothing":
            buttons.append(act_button(words("Take it up"), _TAKE, cls="primary", **given))
        buttons.append(act_button(words("Dismiss it"), _DISMISS, **given))
    return [
        join((link(row["file_name"], f"/clearing/{row['file_id']}", cls="mono"), line)),
        sale,
        what,
        number(amount(view, row)),
        tag("div", *buttons, cls="row-of-buttons") if buttons else "",
    ]


def listen(view: View, refresh: Callable[[], Awaitable[None]]) -> None:
    """Let the buttons do what they say."""
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[View, Row], Awaitable[bool]]) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            with place:
                rows = await views.proposed(view.desk, view.visitor)
                wanted = str(told.args["proposal"])
                row = next((one for one in rows if str(one["id"]) == wanted), None)
                if row is None or await act(view, row):
                    view.desk.kept.forget()
                    await refresh()

        ui.on(event, do)

    on(_TAKE, _take)
    on(_DISMISS, _dismiss)


def _about(view: View, row: Row) -> str:
    return f"{row['rrn']} · {view.words.of(ACTS[Act(row['act'])])} · {amount(view, row)}"


async def _take(view: View, row: Row) -> bool:
    words = view.words
    opens = row["follows"] == "opens"
    reasons = {one.value: words.of(text) for one, text in REASONS.items()}
    fields = (
        FormField("number", words("Number of the network"), needed=True),
        FormField("claims", words("Why the issuer claims it"), "choice", "", reasons, needed=True),
    )

    async def act(answers: Answers) -> None:
        given: tuple[Any, ...] = (row["id"], str(answers["reason"]))
        if opens:
            given += (str(answers["number"]), Reason(answers["claims"]))
        await views.take_up(view.desk, view.visitor, *given)

    title = words("Take it up")
    warn = words(_FOLLOWS[row["follows"]])
    return await ask(view, Form(title, fields if opens else (), _about(view, row), warn), act)


async def _dismiss(view: View, row: Row) -> bool:
    async def act(answers: Answers) -> None:
        identity: UUID = row["id"]
        await views.dismiss(view.desk, view.visitor, identity, str(answers["reason"]))

    return await ask(view, Form(view.words("Dismiss it"), about=_about(view, row)), act)
