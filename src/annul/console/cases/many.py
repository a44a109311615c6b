"""Acts on many cases: what is picked with its sum, how far it is, and what was left with why."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.forms import act_button, said, titled
from annul.console.frame.live import Part, View, html
from annul.console.frame.markup import Html, join, link, number, table, tag
from annul.desk import acts
from annul.desk import cases as views
from annul.desk.cases import Chosen
from annul.domain.errors import AnnulError
from annul.resolve.people import ACTIONS, Action

_BULK: Final = ("take", "look", "note", "close")
_LISTED: Final = 12  # picked cases that a dialog names; of more it says how many
_BACK: Final = (
    "annulBack?.isConnected ? annulBack.focus() : document.getElementById('main').focus()"
)


@dataclass(frozen=True, slots=True)
class Left:
    """A case with which nothing was done, and why."""

    one: Chosen
    why: str


class Many:
    """The bar that stands there while something is picked; the browser keeps what (lists.js)."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._numbers: tuple[str, ...] = ()
        self._actions = [one for one in acts.of_role(view.visitor) if one.name in _BULK]
        self._bar = Part(self._drawn, "picked")
        ui.on("picked", self._picked)
        ui.on("act-on-many", self._asked)

    async def refresh(self) -> None:
        """Say anew what could be done with what is picked."""
        await self._bar.refresh()

    async def _picked(self, event: events.GenericEventArguments) -> None:
        given = event.args.get("numbers") or []
        self._numbers = tuple(str(one)[:40] for one in given)[: views.CHOSEN]
        await self.refresh()

    async def _drawn(self) -> Html:
        if not self._numbers:
            return Html("")
        view, words = self._view, self._view.words
        found = await views.chosen(view.desk, view.visitor, self._numbers)
        buttons = [self._button(action, found) for action in self._actions]
        clear = tag(
            "button", words("Clear selection"), type="button", cls="quiet", data_unpick=True
        )
        count = words("{n} selected", n=len(found))
        return tag(
            "div",
            tag("div", tag("b", count), tag("span", sums(view, found), cls="num"), clear),
            tag("div", *buttons),
            cls="bar-of-many",
            role="region",
            aria_label=count,
        )

    def _button(self, action: Action, found: Sequence[Chosen]) -> Html:
        """Build the button of an act; it says how many it is for where that is not all."""
        fit, name = len(_fit(self._view, action, found)), self._view.words.of(action.said)
        label = name if fit in {0, len(found)} else f"{name} ({fit})"
        if not fit:
            return tag("button", label, type="button", cls="button small", disabled=True)
        return act_button(label, "act-on-many", action=action.name)

    async def _asked(self, event: events.GenericEventArguments) -> None:
        view, action = self._view, ACTIONS.get(str(event.args.get("action")))
        if action not in self._actions:
            return
        found = await views.chosen(view.desk, view.visitor, self._numbers)
        if found and await act_on_many(view, action, found):
            ui.run_javascript("annulUnpick()")
        await self.refresh()


def _fit(view: View, action: Action, found: Iterable[Chosen]) -> list[Chosen]:
    return [one for one in found if action in acts.possible(view.visitor, one.case)]


def sums(view: View, found: Iterable[Chosen]) -> str:
    """Write how much picked cases are about, by currency."""
    by: dict[str, int] = {}
    for one in found:
        by[one.case.currency] = by.get(one.case.currency, 0) + one.case.amount
    return ", ".join(view.amount(amount, currency) for currency, amount in sorted(by.items()))


async def act_on_many(view: View, action: Action, found: Sequence[Chosen]) -> bool:
    """Ask for a reason once, act on each, and show what was left with why; False if called off."""
    words, fit = view.words, _fit(view, action, found)
    with titled(words.of(action.said), "wide-dialog") as dialog:
        dialog.props("persistent")
        html(tag("p", words("{n} cases, {sum}", n=len(fit), sum=sums(view, fit)), cls="muted"))
        body = html(_named(view, action, fit, len(found) - len(fit)))
        reason = ui.textarea(f"{words('Reason')} *").props(
            "outlined dense stack-label rows=2 autogrow autofocus"
        )
        progress = html().props('role="status" aria-live="polite"')
        wrong = html().props('role="alert"')
        buttons = ui.element("div").classes("row-of-buttons")

        async def go() -> None:
            if not str(reason.value or "").strip():
                wrong.set_content(tag("p", words("Give a reason."), cls="said"))
                return
            wrong.set_content("")
            buttons.set_visibility(False)
            reason.set_visibility(False)
            left = await _each(view, action, fit, str(reason.value), progress)
            done = words("{n} of {all} done", n=len(fit) - len(left), all=len(fit))
            progress.set_content(tag("p", done, cls="strong"))
            body.set_content(_left(view, left))
            buttons.clear()
            with buttons:
                ui.button(words("Close"), on_click=lambda: dialog.submit("done")).classes(
                    "primary"
                ).props("unelevated autofocus")
            buttons.set_visibility(True)

        with buttons:
            ui.button(words("Do it"), on_click=go).classes("primary").props("unelevated")
            ui.button(words("Cancel"), on_click=lambda: dialog.submit("")).props("flat")
    done = bool(await dialog)
    dialog.clear()
    dialog.delete()
    ui.run_javascript(_BACK)
    return done


async def _each(
    view: View, action: Action, fit: Sequence[Chosen], reason: str, progress: Any
) -> list[Left]:
    """Act on each case as it is now; one that is refused keeps none of the others from it."""
    left: list[Left] = []
    for place, one in enumerate(fit, 1):
        said_now = view.words("{n} of {all} …", n=place, all=len(fit))
        bar = tag("progress", value=place, max=len(fit), aria_label=said_now)
        progress.set_content(tag("p", bar, " ", said_now))
        try:
            case = await views.find(view.desk, view.visitor, one.case.number)
            await acts.act(view.desk, view.visitor, case, action.name, reason)
        except AnnulError as error:
            left.append(Left(one, said(view, error)))
        await asyncio.sleep(0)
    return left


def _named(view: View, action: Action, fit: Sequence[Chosen], others: int) -> Html:
    """Name what it is about; the limit for two people where money could move."""
    words = view.words
    heads = [words("Case"), words("Card"), words("Amount")]
    if action.money:
        heads.append(words("Dual approval above"))
    rows = [
        [*_cells(view, one)] + ([_limit(view, one)] if action.money else [])
        for one in fit[:_LISTED]
    ]
    more = len(fit) - len(rows)
    return join(
        (
            table(heads, rows),
            tag("p", words("and {n} more", n=more), cls="muted") if more > 0 else None,
            tag("p", words("Not possible for {n} of those selected.", n=others), cls="hint")
            if others
            else None,
        )
    )


def _left(view: View, left: Sequence[Left]) -> Html:
    """List what nothing was done with, and why."""
    if not left:
        return Html("")
    words = view.words
    heads = [words("Case"), words("Card"), words("Amount"), words("Why not")]
    return table(heads, [[*_cells(view, one.one), one.why] for one in left], cls="left-over")


def _cells(view: View, one: Chosen) -> tuple[Html, Html, Html]:
    case = one.case
    return (
        link(case.number, f"/cases/{case.number}", cls="mono", target="_blank"),
        tag("span", case.card_masked, cls="mono"),
        number(view.amount(case.amount, case.currency)),
    )


def _limit(view: View, one: Chosen) -> Html:
    return number(view.amount(one.second_person_from, one.case.currency))
