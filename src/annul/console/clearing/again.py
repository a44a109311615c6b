"""A file that counts, as it would be by other rules: what differs, and letting it be so."""

from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, act_button, ask, said
from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, card, join, link, number, table, tag
from annul.desk import clearing as files
from annul.desk import clearing_acts as acts
from annul.desk import clearing_rules as rules
from annul.domain.clearing_outcomes import outcome
from annul.domain.errors import AnnulError
from annul.settle.clearing.again import Again

from . import tolerances
from .said import Row, identity

_DO: Final = "match-anew"  # the page's event of the button
_TILES: Final = (
    ("opened", "New breaks", "bad"),
    ("withdrawn", "Breaks that go", ""),
    ("stay", "Breaks that stay", ""),
    ("reopened", "Open again in earlier files", "bad"),
    ("proved", "Proved anew", ""),
    ("unproved", "Proofs undone", "warn"),
)


async def again(view: View) -> None:
    """Show what would differ if a file were matched anew; it is worked out once."""
    file = identity(view.params["clearing"], "clearing file")
    row = await files.find(view.desk, view.visitor, file)
    shown: list[Html] = [tag("p", view.words("It is being worked out."), cls="warned")]
    whole = Part(lambda: _whole(view, row, shown), "stack")
    await whole.refresh()

    async def look() -> None:
        shown[:] = await _found(view, file)
        await whole.refresh()

    _listen(view, row)
    ui.timer(0.05, look, once=True)


async def _whole(view: View, row: Row, shown: list[Html]) -> Html:
    words = view.words
    about = words(
        "The rules have changed since it was committed, or something else has happened: this is "
        "what it would come to now."
    )
    title = tag("h1", words("Match {name} anew", name=row["name"]))
    back = link(words("Back to the file"), f"/clearing/{row['id']}", cls="button")
    head = tag("div", title, tag("p", about, cls="muted"))
    return join((tag("div", head, tag("span", cls="grow"), back, cls="head"), *shown))


async def _found(view: View, file: UUID) -> list[Html]:
    """Give what would differ; by rules that wait, if it is asked for by those."""
    wanted = await _waiting(view)
    by_waiting = wanted is not None and view.query.get("rules") == "asked"
    try:
        found = await acts.preview(
            view.desk, view.visitor, file, wanted["rules"] if by_waiting and wanted else None
        )
    except AnnulError as error:
        return [tag("p", said(view, error), cls="said")]
    return [
        _rules(view, wanted, by_waiting=by_waiting),
        *_differs(view, found, able=not by_waiting),
    ]


async def _waiting(view: View) -> Row | None:
    versions = await rules.versions(view.desk, view.visitor)
    return next((one for one in versions if one["state"] == rules.ASKED), None)


def _rules(view: View, wanted: Row | None, *, by_waiting: bool) -> Html:
    """Say by which rules it is looked at, and lead to the others."""
    words = view.words
    every = link(words("Rules"), "/clearing/rules")
    if by_waiting:
        other = link(words("by those in force"), "?")
        return tag("p", words("By rules that wait for a second person."), " ", other, cls="warned")
    other = link(words("by those that wait"), "?rules=asked") if wanted else None
    return tag("p", words("By the rules in force."), " ", every, " ", other, cls="muted")


def _differs(view: View, found: Again, *, able: bool) -> list[Html]:
    words = view.words
    if not found.changes:
        return [card(words("What differs"), tag("p", words("Nothing differs."), cls="strong"))]
    tiles = [
        tag("div", tag("b", f"{getattr(found, name):,}"), tag("span", words(label)),
            cls=f"tile {tone if getattr(found, name) else ''}")
        for name, label, tone in _TILES
    ]  # fmt: skip
    button = act_button(words("Match it anew so"), _DO, cls="primary") if able else None
    changes = [
        (
            _from_to(view, one),
            number(f"{one['count']:,}"),
            _money(view, one),
            number(f"{one['decided']:,}") if one["decided"] else "",
        )
        for one in found.changes
    ]
    heads = [words(head) for head in ("Before and after", "Rows", "In question", "Decided before")]
    rows = [_line(view, one) for one in found.changed]
    of_rows = [words(head) for head in ("Row", "RRN", "Amount", "Before and after", "In question")]
    first = words("The {n} with the most money", n=len(rows)) if rows else ""
    return [
        tag("div", *tiles, cls="tiles"),
        card(words("What differs"), table(heads, changes, cls="changes"), aside=button or ""),
        card(words("Row by row"), table(of_rows, rows, cls="changed"), aside=first),
    ]


def _from_to(view: View, one: Row) -> Html:
    before, after = (view.words.of(outcome(one[name])) for name in ("before", "after"))
    return join((tag("span", before, cls="muted"), " → ", tag("b", after)))


def _money(view: View, one: Row) -> Html:
    currency = one["currency"] or "156"
    amounts = (view.amount(one[f"money_{when}"], currency) for when in ("before", "after"))
    return number(" → ".join(amounts))


def _line(view: View, one: Row) -> tuple[object, ...]:
    words = view.words
    place = words("line {n}", n=one["line"]) if one["line"] else words("no row")
    rrn: Any = one["rrn"] or "–"
    if one["transaction_id"]:
        rrn = link(rrn, f"/transactions/{one['transaction_id']}", cls="mono")
    amount = view.amount(one["amount"], one["currency"]) if one["amount"] is not None else "–"
    changes = join((_from_to(view, one), _borne(view, one)))
    return (place, rrn, number(amount), changes, _money(view, one))


def _borne(view: View, one: Row) -> Html | None:
    """Say which differences are accepted of a row before and after, and who bears them."""
    if not one["borne_before"] and not one["borne_after"]:
        return None
    before, after = (
        tolerances.borne(view, one[f"borne_{when}"], one["currency"])
        for when in ("before", "after")
    )
    return tag("small", f"{before} → {after}", cls="under")


def _listen(view: View, row: Row) -> None:
    place = ui.context.slot.parent

    async def do(_: events.GenericEventArguments) -> None:
        with place:
            if await _ask(view, row):
                view.desk.kept.forget()
                ui.navigate.to(f"/clearing/{row['id']}")

    ui.on(_DO, do)


async def _ask(view: View, row: Row) -> bool:
    words = view.words

    async def act(answers: Answers) -> str:
        came = await acts.again(view.desk, view.visitor, row["id"], str(answers["reason"]))
        waits = came == "asked"
        return words("It waits for a second person now.") if waits else words("It is matched anew.")

    about = words(
        "It is taken back and told again in one step; what people decided of breaks that stay is "
        "kept."
    )
    form = Form(
        words("Match {name} anew", name=row["name"]),
        about=about,
        warn=words("What it proves no longer is undone; money that followed goes back with it."),
        go=words("Match it anew so"),
    )
    return await ask(view, form, act)
