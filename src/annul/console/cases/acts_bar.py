"""What one can do with a case: one primary act, a note, and the rest in a menu."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from nicegui import ui

from annul.console.frame.live import View
from annul.desk import acts
from annul.resolve.case import UNPROVED, Case
from annul.resolve.people import ACTIONS

from .act_dialog import act_on

_PLAIN: Final = "no-caps unelevated"


class ActsBar:
    """The buttons of a page. Each is drawn once, so that what is about to be pressed stays."""

    def __init__(self, view: View, case: Case, refresh: Callable[[], Awaitable[None]]) -> None:
        self._view = view
        self._case = case
        self._refresh = refresh
        self._primary = self._button("", self._suggested).classes("primary")
        self._reject = self._button(self._said("reject"), partial(self._act, "reject"))
        self._reject.props("outline")
        self._note = self._button(self._said("note"), partial(self._act, "note"))
        self._note.props("outline data-command=note")
        self._proof = self._button(view.words("Proof (PDF)"), self._open_proof)
        self._proof.props("outline data-command=proof")
        self._conclude = self._button(view.words("Conclude by hand"), self._open_money)
        self._conclude.classes("primary")
        more = self._button(view.words("More"), None).props("outline icon-right=expand_more")
        with more, ui.menu().props("auto-close"):
            self._menu = {
                action.name: ui.menu_item(self._said(action.name), partial(self._act, action.name))
                for action in acts.of_role(view.visitor)
                if action.name not in {"note", "reject"}
            }
            ui.menu_item(view.words("Proof with its data, signed (zip)"), self._open_zip)
            ui.menu_item(view.words("Print"), lambda: ui.run_javascript("window.print()"))

    def update(self, case: Case) -> None:
        """Show what may be done with the case as it now is."""
        self._case = case
        view, words = self._view, self._view.words
        may = {action.name for action in acts.possible(view.visitor, case)}
        if case.proposed_by == view.visitor.name:
            may.discard(case.proposed)  # nobody approves what is their own
        first = acts.suggested(view.visitor, case)
        self._primary.set_visibility(first is not None)
        if first is not None:
            approves = case.proposed == first.name
            said = self._said(first.name)
            self._primary.set_text(words("Approve: {what}", what=said) if approves else said)
        self._reject.set_visibility("reject" in may)
        self._note.set_visibility("note" in may)
        self._conclude.set_visibility(case.ended == UNPROVED)
        for name, item in self._menu.items():
            action = ACTIONS[name]
            item.set_visibility(name in may or (action.sure and not case.ended))
            item.set_enabled(name in may)

    # What is pressed ------------------------------------------------------------------------

    async def _suggested(self) -> None:
        first = acts.suggested(self._view.visitor, self._case)
        if first is not None:
            await self._act(first.name)

    async def _act(self, name: str) -> None:
        if await act_on(self._view, self._case, name):
            await self._refresh()

    def _open_proof(self) -> None:
        ui.navigate.to(f"/api/v1/cases/{self._case.number}/proof.pdf", new_tab=True)

    def _open_zip(self) -> None:
        ui.navigate.to(f"/api/v1/cases/{self._case.number}/proof", new_tab=True)

    def _open_money(self) -> None:
        ui.navigate.to("/money")

    def _button(self, label: str, press: Callable[[], object] | None) -> ui.button:
        return ui.button(label, on_click=press).props(_PLAIN)

    def _said(self, name: str) -> str:
        said = self._view.words.of(ACTIONS[name].said)
        return f"{said[:1].upper()}{said[1:]}"
