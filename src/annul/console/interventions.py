"""What people have put in force for a time: seen, put in force, confirmed, ended."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import Part, View, html
from annul.console.frame.markup import Html, card, join, table, tag
from annul.console.frame.page import ConsolePage
from annul.desk import interventions as desk
from annul.desk.issuers import listing
from annul.desk.permission import NotAllowed
from annul.desk.roles import Scope
from annul.domain.interventions import INTERVENTIONS, InterventionKind, Whom
from annul.domain.money import parse

_STATES: Final = {
    "proposed": "waits for a second person",
    "later": "begins later",
    "in_force": "in force",
    "ended": "ended",
}


async def interventions(view: View) -> None:
    """Show what is in force, then what may be put in force."""
    if view.visitor.merchant_id:
        html(tag("p", view.words(str(NotAllowed())), cls="said"))
        return
    shown = Part(lambda: _page(view), "stack")
    await shown.refresh()
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Mapping[str, Any]], Awaitable[bool]]) -> None:
        async def heard(told: events.GenericEventArguments) -> None:
            with place:
                if await act(told.args):
                    await shown.refresh()

        ui.on(event, heard)

    on("begin-intervention", lambda given: _begin(view, str(given["kind"])))
    on("confirm-intervention", lambda given: _change(view, given, confirmed=True))
    on("end-intervention", lambda given: _change(view, given, confirmed=False))


async def _page(view: View) -> Html:
    words = view.words
    rows = await desk.listing(view.desk, view.visitor)
    open_, past = (
        [row for row in rows if (row["state"] == "ended") is ended] for ended in (False, True)
    )
    return join(
        (
            tag("div", tag("h1", words("Interventions")), cls="head"),
            _listed(view, words("In force"), open_, acts=True),
            _kinds(view),
            _listed(view, words("Ended"), past, acts=False) if past else "",
        )
    )


def _listed(view: View, title: str, rows: list[dict[str, Any]], *, acts: bool) -> Html:
    words = view.words
    heads = [words(one) for one in ("What", "About", "Until", "Who and why")]
    drawn = [
        (
            _what(view, row),
            _about(row),
            join((view.at(row["ended_at"] or row["valid_until"]), _under(_state(view, row)))),
            join((_who(view, row), _under(row["reason"]))),
            *((_acts(view, row),) if acts else ()),
        )
        for row in rows
    ]
    if acts:
        heads.append(words("Change"))
    empty = words("Nothing is in force.")
    return card(title, table(heads, drawn, cls="acts-last" if acts else "", empty=empty))


def _what(view: View, row: Mapping[str, Any]) -> Html:
    about = InterventionKind(row["kind"]).about
    amount = view.amount(row["amount"]) if row["amount"] else ""
    up_to = _under(view.words("up to {amount}", amount=amount)) if amount else ""
    return join((view.words.of(about.title), up_to))


def _about(row: Mapping[str, Any]) -> str:
    return row["issuer_id"] or f"{row['merchant_id']} {row['terminal_id']}".strip()


def _state(view: View, row: Mapping[str, Any]) -> str:
    said = view.words(_STATES[row["state"]])
    return f"{said}: {row['ended_by']}" if row["ended_by"] else said


def _who(view: View, row: Mapping[str, Any]) -> str:
    if not row["confirmed_by"]:
        return row["set_by"]
    return view.words("{one} and {other}", one=row["set_by"], other=row["confirmed_by"])


def _under(said: str) -> Html:
    return tag("small", said, cls="under")


def _acts(view: View, row: Mapping[str, Any]) -> Html | str:
    words, whom = view.words, InterventionKind(row["kind"]).about.whom
    if not view.may(desk.SCOPES[whom]):
        return "–"
    given = {"id": str(row["id"]), "kind": row["kind"], "said": _about(row)}
    buttons = [act_button(words("End it"), "end-intervention", **given)]
    if row["state"] == "proposed" and row["set_by"] != view.visitor.name:
        buttons.insert(0, act_button(words("Confirm"), "confirm-intervention", **given))
    return join(buttons)


def _kinds(view: View) -> Html:
    words = view.words
    rows = [
        (
            words.of(about.title),
            words.of(about.does),
            act_button(words("Put in force"), "begin-intervention", kind=kind.value)
            if view.may(desk.SCOPES[about.whom])
            else "–",
        )
        for kind, about in INTERVENTIONS.items()
    ]
    heads = [words(one) for one in ("What", "What it does", "Change")]
    return card(words("What can be done"), table(heads, rows, cls="acts-last"))


# Acts -------------------------------------------------------------------------------------------


async def _begin(view: View, chosen: str) -> bool:
    words, kind = view.words, InterventionKind(chosen)
    about = kind.about
    if not view.may(desk.SCOPES[about.whom]):
        return False

    async def act(answers: Answers) -> str | None:
        wanted = desk.Wanted(
            kind,
            int(answers["minutes"] or 0),
            *(str(answers.get(name) or "").strip() for name in ("issuer", "merchant", "terminal")),
            amount=parse(str(answers["amount"])) if about.amount else 0,
        )
        await desk.begin(view.desk, view.visitor, wanted, answers["reason"])
        return words("It waits for a second person") if about.dual else None

    if about.whom is Whom.ISSUER:
        rows = await listing(view.desk, view.visitor)
        known = {row["issuer_id"]: f"{row['issuer_id']} {words.name(row)}" for row in rows}
        fields = [FormField("issuer", words("Issuer"), "choice", "", known, needed=True)]
    else:
        fields = [FormField("merchant", words("Merchant"), needed=True)]
    if about.whom is Whom.TERMINAL:
        fields.append(FormField("terminal", words("Terminal"), needed=True))
    if about.amount:
        fields.append(FormField("amount", words("Up to this amount"), needed=True))
    most = int(about.longest.total_seconds() // 60)
    hint = words("At most {n}. It ends by itself.", n=most)
    fields.append(FormField("minutes", words("Minutes"), "number", 60, hint=hint, needed=True))
    form = Form(words.of(about.title), tuple(fields), about=words.of(about.does))
    return await ask(view, form, act)


async def _change(view: View, given: Mapping[str, Any], *, confirmed: bool) -> bool:
    words, about = view.words, InterventionKind(str(given["kind"])).about
    if not view.may(desk.SCOPES[about.whom]):
        return False
    change = desk.confirm if confirmed else desk.end

    async def act(answers: Answers) -> None:
        await change(view.desk, view.visitor, UUID(str(given["id"])), answers["reason"])

    said = f"{words.of(about.title)} · {given['said']}"
    title = words("Confirm: {said}", said=said) if confirmed else words("End: {said}", said=said)
    return await ask(view, Form(title), act)


PAGES: Final = (
    ConsolePage("/interventions", Scope.INCIDENTS_READ, "Interventions", interventions, "hand"),
)
