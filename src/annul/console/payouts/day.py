"""Payouts of a day at a glance, what waits, the list, and the files; a shop sees its own."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, act_button, ask
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, card, join, tag
from annul.console.shared import sees_all
from annul.desk import payouts as views
from annul.desk.roles import Scope

from .deciding import DECIDE, decide, waiting_card
from .files import CONFIRM, READ, TAKE, confirm, from_bank, read, take, to_bank
from .glance import glance
from .list import above, asked, form, listed

_RUN: Final = "make-payouts"
_BANK: Final = """[bank]
name = "..."                   # whose account it is
account_file = "bank.account"  # its number
bank = "104100000004"          # 12 digits of clearing, or a BIC"""


async def payouts(view: View) -> None:
    """Show how payouts stand; live."""
    one = await asked(view)
    html(_head(view))
    if not sees_all(view):
        rows = Part(lambda: listed(view, one), "card")
        await rows.refresh()
        live(view, rows.refresh, at_least_s=5.0)
        return

    def part(name: str, build: Callable[[], Awaitable[Html]], cls: str = "") -> Part:
        key = (name, one.address(cursor=view.query.get("cursor", "")))
        return Part(lambda: view.shared(key, build), cls)

    html(form(view, one))
    seen = part("payouts glance", lambda: glance(view, one.day), "stack")
    waits = Part(lambda: waiting_card(view), "payouts-waiting")
    html(above(view, one))
    rows = part("payouts", lambda: listed(view, one), "card")
    with ui.element("div").classes("stack").style("margin-top: 16px"):
        sent = Part(lambda: to_bank(view))
        heard = Part(lambda: from_bank(view))

    async def refresh() -> None:
        for each in (seen, waits, rows, sent, heard):
            await each.refresh()

    await refresh()
    _listen(view, refresh)
    live(view, refresh, at_least_s=5.0)


def _head(view: View) -> Html:
    words = view.words
    if not sees_all(view):
        return tag("div", tag("h1", words("My payouts")), cls="head")
    run = None
    if view.desk.house_bank is not None and view.may(Scope.PAYOUTS_WRITE):
        run = act_button(words("Make payouts now"), _RUN)
    head = tag("div", tag("h1", words("Payouts")), tag("span", cls="grow"), run, cls="head")
    return head if view.desk.house_bank else join((head, _no_bank(view)))


def _no_bank(view: View) -> Html:
    words = view.words
    wrong = views.NoBank()
    return card(
        words("No bank is set up"),
        tag("p", words(str(wrong)), " ", words(wrong.next_step)),
        tag("pre", _BANK, cls="sample", tabindex="0"),
        cls="spaced no-bank",
    )


def _listen(view: View, refresh: Callable[[], Awaitable[None]]) -> None:
    """Do what the buttons on the page ask for."""
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Any], Awaitable[bool]]) -> None:
        async def do(told: events.GenericEventArguments) -> None:
            with place:
                if await act(told.args):
                    view.desk.kept.forget()  # whoever has acted sees what came of it
                    await refresh()

        ui.on(event, do)

    on(DECIDE, lambda told: decide(view, told))
    on(TAKE, lambda told: take(view, told))
    on(READ, lambda _: read(view))
    on(CONFIRM, lambda told: confirm(view, told))
    on(_RUN, lambda _: _run(view))


async def _run(view: View) -> bool:
    words = view.words

    async def act(answers: Answers) -> str:
        made = await views.run(view.desk, view.visitor, str(answers["reason"]))
        return words(
            "{made} payouts made, {held} of them wait for a second person; {files} files.",
            **made._asdict(),
        )

    form_ = Form(
        words("Make payouts now"),
        about=words(
            "All that is available goes out to the merchants' accounts, and what waits for a file "
            "into files for the bank."
        ),
        go=words("Make payouts"),
    )
    return await ask(view, form_, act)
