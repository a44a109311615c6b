"""The rules by which clearing files are judged: those in force, those that wait, and all before."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.desk import clearing as files
from annul.desk import clearing_rules as views
from annul.desk.permission import NotValid
from annul.desk.roles import Scope
from annul.settle.clearing.rules import ClearingRules

from . import tolerances
from .said import Row

_CHANGE, _CONFIRM, _REJECT = "change-rules", "confirm-rules", "reject-rules"
_COLUMNS: Final = 4  # versions beside each other
_LATEST: Final = 30  # files among which those that count are shown
# What each rule says; amounts are in minor units.
RULES: Final[Mapping[str, str]] = {
    "carry_minutes": "Minutes before the cut-over of which a file may tell later",
    "carry_days": "So many files later",
    "large": "Large from (minor units)",
    "due_hours": "Hours until a break is decided",
    "due_hours_large": "Hours until a large one is",
    "second_person_from": "Dual approval of a break from (minor units)",
    "discard_second_person_from": "Dual approval of a discard from (minor units)",
}
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    views.ASKED: ("waits for a second person", "warn"),
    views.IN_FORCE: ("set", "good"),
    views.REJECTED: ("rejected", ""),
}


async def rules(view: View) -> None:
    """Show the rules; live."""
    whole = Part(lambda: _whole(view), "stack")
    await whole.refresh()
    if view.may(Scope.CLEARING_WRITE):
        _listen(view, whole.refresh)
    live(view, whole.refresh, at_least_s=5.0)


async def _whole(view: View) -> Html:
    words = view.words
    versions = await views.versions(view.desk, view.visitor)
    waits = next((one for one in versions if one["state"] == views.ASKED), None)
    about = words(
        "They hold for files that are committed from now on; one that counts can be matched anew."
    )
    may = view.may(Scope.CLEARING_WRITE)
    change = act_button(words("Change the rules"), _CHANGE, cls="primary") if may else None
    head = tag(
        "div",
        tag("div", tag("h1", words("Rules of clearing")), tag("p", about, cls="muted")),
        tag("span", cls="grow"),
        change if waits is None else None,
        cls="head",
    )
    in_force = (await views.in_force(view.desk, view.visitor)).rules if versions else None
    accepted = in_force and tolerances.rule_table(view, in_force, able=may and waits is None)
    shown = (head, _waiting(view, waits), _table(view, versions), accepted, await _counted(view))
    return join(shown)


def _table(view: View, versions: Sequence[Row]) -> Html:
    """Show a column for each of the latest versions."""
    words = view.words
    shown = versions[:_COLUMNS]
    heads = [words("Rule"), *(_head(view, one) for one in shown)]
    rows = [
        [words(label), *(number(f"{getattr(one['rules'], name):,}") for one in shown)]
        for name, label in RULES.items()
    ]
    said = [tolerances.said(view, one["rules"]) for one in shown]
    rows.append([words("Differences that are accepted"), *said])
    return card(words("Versions"), table(heads, rows, cls="rules"))


def _head(view: View, one: Row) -> Html:
    words = view.words
    if not one["version"]:
        return tag("span", words("Settings"))
    state, tone = _STATES[one["state"]]
    name = tag("b", words("Version {n}", n=one["version"]))
    who = tag("small", one["asked_by"], " ", view.at(one["asked_at"]), cls="under")
    return join(
        (name, " ", badge(words(state), tone), who, tag("small", one["reason"], cls="under"))
    )


def _waiting(view: View, one: Row | None) -> Html | None:
    words = view.words
    if one is None:
        return None
    mine = one["asked_by"] == view.visitor.name
    buttons: list[Html] = []
    given = {"version": str(one["version"])}
    if view.may(Scope.CLEARING_WRITE):
        if not mine:
            said = words("Confirm as second person")
            buttons.append(act_button(said, _CONFIRM, cls="primary", **given))
        back = words("Take it back") if mine else words("Reject it")
        buttons.append(act_button(back, _REJECT, **given))
    asked = words("{who} asks for it: {why}", who=one["asked_by"], why=one["reason"])
    return card(
        words("Awaiting second approval"),
        tag("p", asked, cls="warned"),
        tag("div", *buttons, cls="row-of-buttons") if buttons else None,
    )


async def _counted(view: View) -> Html | None:
    """Lead to what would differ in files that count."""
    words = view.words
    if not view.may(Scope.CLEARING_WRITE):
        return None
    found = await files.files(view.desk, view.visitor, _LATEST)
    rows = [
        (
            link(row["name"], f"/clearing/{row['id']}", cls="mono"),
            str(row["settles_on"]),
            words("Version {n}", n=row["rules"]) if row["rules"] else words("Settings"),
            link(words("What would differ"), f"/clearing/{row['id']}/again", cls="button small"),
        )
        for row in found.rows
        if row["state"] == "committed"
    ]
    heads = [words(head) for head in ("File", "Day", "Matched by", "")]
    return card(words("Files that count"), table(heads, rows)) if rows else None


# Acts -------------------------------------------------------------------------------------------


def _listen(view: View, refresh: Callable[[], Awaitable[None]]) -> None:
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Mapping[str, str]], Awaitable[bool]]) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            with place:
                if await act(told.args if isinstance(told.args, dict) else {}):
                    await refresh()

        ui.on(event, do)

    on(_CHANGE, lambda _: _change(view))
    on(tolerances.SET, lambda _: tolerances.accept(view))
    on(tolerances.END, lambda told: tolerances.end(view, told))
    on(_CONFIRM, lambda told: _decide(view, int(told["version"]), views.IN_FORCE))
    on(_REJECT, lambda told: _decide(view, int(told["version"]), views.REJECTED))


async def _change(view: View) -> bool:
    words = view.words
    before = (await views.in_force(view.desk, view.visitor)).rules

    async def act(answers: Answers) -> str:
        new = _read(before, answers)
        came = await views.change(view.desk, view.visitor, new, str(answers["reason"]))
        waits = came == views.ASKED
        return words("It waits for a second person now.") if waits else words("The rules count.")

    fields = tuple(
        FormField(name, words(label), "number", getattr(before, name), needed=True)
        for name, label in RULES.items()
    )
    about = words("Where fewer acts take a second person by them, they wait for one themselves.")
    form = Form(words("Change the rules"), fields, about=about, go=words("Set them"))
    return await ask(view, form, act)


def _read(before: ClearingRules, answers: Answers) -> ClearingRules:
    """Give rules as they were filled in; raises `NotValid`."""
    try:
        given = {name: int(answers[name]) for name in RULES}
    except ValueError:
        raise NotValid from None
    return views.checked(before.model_dump() | given)


async def _decide(view: View, version: int, state: str) -> bool:
    words = view.words
    confirms = state == views.IN_FORCE
    act_ = views.confirm if confirms else views.reject

    async def act(answers: Answers) -> None:
        await act_(view.desk, view.visitor, version, str(answers["reason"]))

    title = words("Confirm the rules") if confirms else words("Reject the rules")
    return await ask(view, Form(title), act)
