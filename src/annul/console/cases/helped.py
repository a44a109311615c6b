"""Asking with one tap whether an advice has helped, wherever it is read."""

import json
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import said
from annul.console.frame.live import View
from annul.console.frame.markup import Html, tag
from annul.desk import advice
from annul.domain.errors import AnnulError

_TOLD: Final = "advice"


def question(view: View, case: UUID, answer: advice.Answer | None, *, short: bool = False) -> Html:
    """Build the two buttons, or what was said when that may not be changed any more."""
    words = view.words
    asked = None if short else tag("span", words("Did the advice help?"))
    taps = ((True, words("Yes, it helped")), (False, words("No, it did not")))
    if answer is not None and answer.until <= view.desk.clock.now():
        told = dict(taps)[answer.helped]
        return tag("p", asked, " ", tag("b", told), cls="helped")
    if short:
        taps = ((True, words("Helped")), (False, words("Did not help")))
    buttons = [
        _tap(told, case, helped=helped, chosen=answer is not None and answer.helped is helped)
        for helped, told in taps
    ]
    thanks = None
    if answer is not None and not short:
        thanks = tag("small", words("Thank you. You may change it for a day."), cls="muted")
    return tag("p", asked, " ", *buttons, " ", thanks, cls="helped no-print", role="group")


def _tap(told: str, case: UUID, *, helped: bool, chosen: bool) -> Html:
    given = {"case": str(case), "helped": helped}
    script = f"annulBack = this; emitEvent({json.dumps(_TOLD)}, {json.dumps(given)})"
    pressed = "true" if chosen else "false"
    return tag(
        "button", told, type="button", cls="button small", aria_pressed=pressed, onclick=script
    )


async def asked(view: View, case: UUID) -> Html | None:
    """Ask somebody who may answer, with what they have said so far."""
    if not advice.may_answer(view.visitor):
        return None
    known = await advice.own(view.desk, view.visitor, [case])
    return question(view, case, known.get(case))


def listen(view: View, refresh: Callable[[], Awaitable[None]]) -> None:
    """Keep what is tapped on this page."""
    place = ui.context.slot.parent

    async def tapped(told: events.GenericEventArguments) -> None:
        with place:
            number, helped = str(told.args["case"]), told.args["helped"] is True
            try:
                await advice.answer(view.desk, view.visitor, number, helped=helped)
            except AnnulError as error:
                ui.notify(said(view, error), type="negative")
            await refresh()

    ui.on(_TOLD, tapped)
