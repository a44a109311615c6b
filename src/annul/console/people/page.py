"""Administration: users, keys, roles, what annul was taught, and the settings in force."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, act_button, ask
from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.console.shared import cause_name
from annul.desk import acts, advice
from annul.desk.roles import Scope
from annul.diagnose.signals import SIGNALS
from annul.operate.reports.chance import Share, wilson
from annul.operate.reports.sections import READERS

from .access import add_user, change_role, change_user, reset_link, roles_card, users_card
from .keys import end_key, keys_card, new_key

_LESSONS: Final = 50
_NOTHING: Final = frozenset({"", "None", "{}"})
_ORIGINS: Final = {"file": "info", "environment": "info", "command line": "warn"}


async def admin(view: View) -> None:
    """Show one part of it, as the address says."""
    chosen = view.query.get("part", "")
    chosen = chosen if chosen in _PARTS else "users"
    top = Part(lambda: _top(view, chosen))
    await top.refresh()
    shown = Part(lambda: _PARTS[chosen][1](view), "stack")
    await shown.refresh()
    _listen(view, shown)


async def _top(view: View, chosen: str) -> Html:
    words = view.words
    tabs = [
        link(words(name), f"/admin?part={key}", aria_current="page" if key == chosen else False)
        for key, (name, _) in _PARTS.items()
    ]
    head = tag("div", tag("h1", words("Administration")), cls="head")
    return join((head, tag("nav", *tabs, cls="tabs", aria_label=words("Parts"))))


def _listen(view: View, shown: Part) -> None:
    """Do what the buttons on the page ask for."""
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Mapping[str, Any]], Awaitable[bool]]) -> None:
        async def heard(told: events.GenericEventArguments) -> None:
            with place:
                if await act(told.args):
                    await shown.refresh()

        ui.on(event, heard)

    on("add-user", lambda _: add_user(view))
    on("user", lambda given: change_user(view, str(given["name"]), active=given["what"] == "start"))
    on(
        "role",
        lambda given: change_role(
            view, str(given["name"]), str(given["role"]), str(given["merchant"])
        ),
    )
    on("reset-link", lambda given: reset_link(view, str(given["name"])))
    on("new-key", lambda _: new_key(view))
    on("end-key", lambda given: end_key(view, str(given["id"]), str(given["name"])))
    on("undo-lesson", lambda given: _undo(view, str(given["id"]), str(given["number"])))


# What annul was taught --------------------------------------------------------------------------


async def _lessons(view: View) -> Html:
    words = view.words
    rows = []
    for row in await acts.lessons(view.desk, _LESSONS):
        of_case = row["number"] or ""
        back = row["undone_at"]
        rows.append(
            (
                view.dated(row["taught_at"]),
                link(of_case, f"/cases/{of_case}", cls="mono") if of_case else "–",
                row["taught_by"],
                cause_name(view, row["confirmed"] or ""),
                cause_name(view, row["instead_of"] or ""),
                row["steps"],
                _said(view, row["more"]),
                tag("span", words("undone {when}", when=view.dated(back)), cls="muted")
                if back
                else act_button(
                    words("Undo"), "undo-lesson", id=str(row["case_id"]), number=of_case
                ),
            )
        )
    names = [
        words(n)
        for n in (
            "Time",
            "Case",
            "By",
            "Confirmed",
            "Previously ranked first",
            "Steps",
            "Advice",
            "Change",
        )
    ]
    empty = words("Nothing learned yet: every confirmed cause was ranked first.")
    note = words(
        "A confirmed cause that was not ranked first shifts the weights by a small, bounded step."
    )
    taught = card(
        words("Learned from closed cases"),
        table(names, rows, cls="acts-last right-6", empty=empty),
        tag("p", note, cls="muted note"),
    )
    return join((taught, await _shifts(view), await _advice(view)))


def _said(view: View, more: int | None) -> Html | str:
    """Say whether the advice of a lesson's cause has helped: one that did not is looked at."""
    if more is None or more == 0:
        return "–"
    words = view.words
    return badge(words("helped"), "good") if more > 0 else badge(words("look at it"), "warn")


async def _advice(view: View) -> Html:
    """Draw how many said of each advice that it has helped."""
    words, rows = view.words, []
    for one in await advice.helped(view.desk):
        share = Share(one.helped, one.answers)
        low, high = wilson(share)
        rows.append(
            (
                cause_name(view, one.cause),
                words.of(READERS[one.reader]),
                number(f"{one.helped} / {one.answers}"),
                number(f"{one.helped / one.answers:.0%}"),
                number(f"{low:.0%}–{high:.0%}"),
            )
        )
    names = [words(n) for n in ("Cause", "Said by", "Helped", "Share", "95% interval")]
    note = words(
        "What a case has taught counts half as much again where the advice of its cause has "
        "helped, within the same bound."
    )
    return card(
        words("Whether advice has helped"),
        table(names, rows, empty=words("Nobody has said yet.")),
        tag("p", note, cls="muted note"),
    )


async def _shifts(view: View) -> Html:
    words = view.words
    await view.desk.lessons.refresh()
    moved = sorted(view.desk.lessons.shifts.items(), key=lambda one: -abs(one[1]))
    rows = []
    for (name, signal), shift in moved:
        known = SIGNALS.get(signal)
        text = words("the answer was {code}", code=signal.removeprefix("code:"))
        if known is not None:
            text = words.of(known.said)
        for place in range(4):
            text = text.replace(f"{{{place}}}", "…")
        tone = "good" if shift > 0 else "bad"
        rows.append(
            (
                cause_name(view, name),
                text,
                tag("span", signal, cls="mono muted"),
                tag("span", f"{shift:+.2f}", cls=f"num mark {tone}"),
            )
        )
    names = [words(n) for n in ("Cause", "When", "Signal", "Weight change")]
    return card(
        words("Total in force"),
        table(names, rows, cls="right-4", empty=words("No weights are changed.")),
    )


async def _undo(view: View, case_id: str, number: str) -> bool:
    words = view.words
    if not view.may(Scope.ADMIN):
        return False

    async def act(answers: Answers) -> None:
        await acts.undo_lesson(view.desk, view.visitor, UUID(case_id), answers["reason"])

    form = Form(
        words("Undo what case {number} has taught", number=number),
        about=words("The case itself stays as it is."),
    )
    return await ask(view, form, act)


# Settings ---------------------------------------------------------------------------------------


async def _settings(view: View) -> Html:
    words = view.words
    rows = [
        (
            tag("span", one.name, cls="mono"),
            tag("span", words("not set"), cls="muted")
            if one.value in _NOTHING
            else tag("span", one.value, cls="mono wrap"),
            badge(words(one.origin), _ORIGINS.get(one.origin, "")),
            tag("span", one.description, cls="muted"),
        )
        for one in view.desk.settings
    ]
    names = [words(n) for n in ("Setting", "Value", "Origin", "Meaning")]
    return card(
        words("Settings in force"),
        table(names, rows),
        tag(
            "p",
            words(
                "They are set in annul.toml, the environment or on the command line, and "
                "read when annul starts."
            ),
            cls="muted note",
        ),
    )


_PARTS: Final[Mapping[str, tuple[str, Callable[[View], Awaitable[Html]]]]] = {
    "users": ("Users", users_card),
    "keys": ("API keys", keys_card),
    "roles": ("Roles", roles_card),
    "lessons": ("Diagnosis learning", _lessons),
    "settings": ("Settings", _settings),
}
