"""Orders that take a second person: what waits, with the buttons of who may decide it."""

from typing import Any

from nicegui import ui

from annul.console.frame.forms import Answers, Form, ask
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, facts, join, link, tag
from annul.desk import orders as views
from annul.domain.orders import Act, OrderState


class Orders:
    """The list on a page; drawn anew when it is another one."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._shown: list[dict[str, Any]] | None = None
        self._place = ui.element("section").classes("card stack spaced").props('id="orders"')
        self._place.set_visibility(False)

    async def refresh(self) -> None:
        """Read it, and draw it if it has changed."""
        found = await views.waiting(self._view.desk, self._view.visitor)
        if found == self._shown:
            return
        self._shown = found
        self._place.clear()
        self._place.set_visibility(bool(found))
        with self._place:
            html(tag("header", tag("h2", self._view.words("Awaiting second approval"))))
            for row in found:
                self._draw(row)

    def _draw(self, row: dict[str, Any]) -> None:
        words = self._view.words
        with ui.element("div").classes("stack"):
            html(_said(self._view, row))
            if row["state"] == OrderState.APPROVED:
                html(tag("p", words("Approved by {who}; it is sent.", who=row["decided_by"])))
                return
            with ui.element("div").classes("row-of-buttons no-print"):
                if row["asked_by"] != self._view.visitor.name:
                    ui.button(
                        words("Approve as second person"), on_click=lambda: self._approve(row)
                    ).classes("primary").props("unelevated no-caps")
                ui.button(words("Reject it"), on_click=lambda: self._reject(row)).props(
                    "flat no-caps"
                )

    async def _approve(self, row: dict[str, Any]) -> None:
        view, words = self._view, self._view.words

        async def act(answers: Answers) -> None:
            await views.approve(view.desk, view.visitor, row["id"], answers["reason"])

        about = _amount(view, row)
        form = Form(words("Approve: {what}", what=_title(view, row)), about=about, warn=_warn(view))
        if await ask(view, form, act):
            await self.refresh()

    async def _reject(self, row: dict[str, Any]) -> None:
        view, words = self._view, self._view.words

        async def act(answers: Answers) -> None:
            await views.reject(view.desk, view.visitor, row["id"], answers["reason"])

        form = Form(words("Reject: {what}", what=_title(view, row)), about=_amount(view, row))
        if await ask(view, form, act):
            await self.refresh()


def _said(view: View, row: dict[str, Any]) -> Html:
    words = view.words
    original = row["original_id"]
    sale = link(row["original_rrn"], f"/transactions/{original}", cls="mono") if original else "–"
    return facts(
        (
            (words("What"), tag("b", _title(view, row))),
            (words("Amount"), tag("b", _amount(view, row))),
            (words("Original"), join((sale, " ", tag("span", row["card_masked"], cls="mono")))),
            (
                words("Merchant"),
                link(row["merchant_id"], f"/merchants/{row['merchant_id']}", cls="mono"),
            ),
            (
                words("Requested by"),
                join((row["asked_by"], " · ", view.when(row["asked_at"], seconds=True))),
            ),
            (words("Reason"), row["reason"] or "–"),
        )
    )


def _title(view: View, row: dict[str, Any]) -> str:
    return view.words.of(views.TITLES[Act(row["act"])])


def _amount(view: View, row: dict[str, Any]) -> str:
    return view.amount(row["amount"], row["currency"])


def _warn(view: View) -> str:
    return view.words("It is carried out at once, and cannot be taken back.")
