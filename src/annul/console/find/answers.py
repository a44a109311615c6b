"""What the one search has found: grouped by kind, each row with what tells it from others."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from annul.api.language import chosen
from annul.api.v1.limit import Buckets, TooMany
from annul.console.frame.bar import FIND
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, tag
from annul.console.frame.texts import Words
from annul.console.shared import case_state, transaction_state
from annul.desk import find
from annul.desk.desk import Desk
from annul.desk.roles import Visitor

Row = Mapping[str, Any]
NAMES: Final = {
    find.CASE: "Cases",
    find.TRANSACTION: "Transactions",
    find.MERCHANT: "Merchants",
    find.TERMINAL: "Terminals",
    find.ISSUER: "Issuers",
}


def build(desk: Desk) -> APIRouter:
    """Give the address that the field of the search asks.

    A form rather than a query: what is typed stands in no log and in no history.
    """
    router = APIRouter(include_in_schema=False)
    buckets = Buckets(desk.rate, desk.burst, desk.clock.monotonic)

    @router.post(FIND)
    async def found(request: Request, text: Annotated[str, Form()] = "") -> HTMLResponse:
        visitor: Visitor = request.state.visitor
        view = View(desk, visitor, Words(chosen(request)), request)
        try:
            buckets.take(visitor.name)
            groups = await find.find(desk, visitor, text[:200])
        except (find.WholeCard, TooMany) as refused:
            said = f"{view.words(str(refused))} {view.words(refused.next_step)}"
            shown = tag("p", said, cls="found-said")
        else:
            shown = drawn(view, groups)
        return HTMLResponse(shown, headers={"cache-control": "no-store"})

    return router


def drawn(view: View, groups: list[find.Group]) -> Html:
    """Draw the list."""
    if not groups:
        said = view.words("Nothing found. Numbers must be complete; part of a name is enough.")
        return tag("p", said, cls="found-said")
    return join(_group(view, group) for group in groups)


def _group(view: View, group: find.Group) -> Html:
    words = view.words
    name = words(NAMES[group.kind])
    among = None
    if group.among:
        among = tag("small", words("among the latest {n}", n=f"{group.among:,}"))
    rows = [_ROWS[group.kind](view, row) for row in group.rows]
    head = tag("div", name, " ", among, cls="found-head", aria_hidden="true")
    return tag("div", head, *rows, role="group", aria_label=name)


def _option(there: str, number: str, *said: object) -> Html:
    return tag(
        "a",
        tag("b", number, cls="mono"),
        *said,
        href=there,
        role="option",
        tabindex="-1",
        aria_selected="false",
    )


def _shop(view: View, row: Row) -> Html:
    name = view.words.name(row) if row["name_en"] else row["merchant_id"]
    return tag("span", name, cls="found-name")


def _money(view: View, row: Row) -> tuple[Html, Html, Html, Html]:
    return (
        tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
        tag("span", row["card_masked"], cls="mono"),
        tag("span", view.dated(row["at"]), cls="muted"),
        _shop(view, row),
    )


def _case(view: View, row: Row) -> Html:
    asked = bool(row["task"] or row["proposed"])
    state = case_state(view, row["ended"], row["kind"], row["step"], asked=asked)
    return _option(f"/cases/{row['number']}", row["number"], state, *_money(view, row))


def _transaction(view: View, row: Row) -> Html:
    state = transaction_state(view, row["state"])
    kind = tag("span", view.words(row["kind"]), cls="capital")
    return _option(f"/transactions/{row['id']}", row["rrn"], kind, state, *_money(view, row))


def _off(view: View, row: Row) -> Html | None:
    return None if row["active"] else badge(view.words("switched off"), "bad")


def _merchant(view: View, row: Row) -> Html:
    number = row["merchant_id"]
    return _option(f"/merchants/{number}", number, _shop(view, row), _off(view, row))


def _terminal(view: View, row: Row) -> Html:
    number = row["terminal_id"]
    there = f"/merchants/{row['merchant_id']}#terminal-{number}"
    return _option(there, number, _shop(view, row), _off(view, row))


def _issuer(view: View, row: Row) -> Html:
    number = row["issuer_id"]
    name = tag("span", view.words.name(row), cls="found-name")
    return _option(f"/issuers/{number}", number, name, _off(view, row))


_ROWS: Final[Mapping[str, Callable[[View, Row], Html]]] = {
    find.CASE: _case,
    find.TRANSACTION: _transaction,
    find.MERCHANT: _merchant,
    find.TERMINAL: _terminal,
    find.ISSUER: _issuer,
}
