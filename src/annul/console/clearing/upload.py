"""Giving a clearing file: chosen, sent with a progress bar, looked at, and read into its cells."""

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, Final

from nicegui import events, ui

from annul.api.gate import CSRF_HEADER
from annul.console.frame.forms import said, titled
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, join, tag
from annul.desk import clearing as views
from annul.domain.errors import AnnulError
from annul.settle.clearing.load import NameTaken

from .columns import Columns

_LOOK: Final = "outlined dense stack-label"
_EVERY_S: Final = 0.3
# What the browser knows of a file under way stands in its uploader; the bar is moved from there.
_FOLLOW: Final = """
(() => { const bar = document.getElementById("%s"), of = getElement(%d).$refs.qRef;
  bar.hidden = false;
  const at = setInterval(() => {
    const said = parseFloat(of?.uploadProgressLabel);
    if (!bar.isConnected || !of?.isUploading) { clearInterval(at); bar.hidden = true; }
    else if (!isNaN(said)) bar.value = said;
  }, 100);
})()
"""
_BAR: Final = "upload-progress"


async def upload(view: View) -> bool:
    """Ask for a clearing file and read it; says if it was read."""
    with titled(view.words("Read a clearing file"), "wide-dialog") as dialog:
        dialog.props("persistent")
        one = _Upload(view, dialog)
        await one.draw()
    done = await dialog
    one.forget()
    dialog.clear()
    dialog.delete()
    if done:
        ui.navigate.to(f"/clearing/{done}")
    return bool(done)


class _Upload:
    """One file on its way: where it lies, what it looks like, and what was said of it."""

    def __init__(self, view: View, dialog: ui.dialog) -> None:
        self._view = view
        self._dialog = dialog
        self._path: Path | None = None
        self._name = ""
        self._columns: Columns | None = None
        self._done = 0

    def forget(self) -> None:
        """Remove what was sent."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    async def draw(self) -> None:
        """Draw the dialog: the file first, the rest once it is there."""
        words = self._view.words
        about = words("UnionPay's layouts, CSV, XLSX and camt.053 are recognised; of any size.")
        html(tag("p", about, cls="muted"))
        self._choose()
        self._seen = html()
        self._table = ui.element("div").classes("clearing-columns")
        with ui.element("div").classes("form-row") as self._more:
            self._day = ui.input(words("Day that it tells up to")).props(f"type=date {_LOOK}")
            self._day.props["hint"] = words("Empty: as its rows or its name say.")
            self._issuers = ui.input(words("Issuers")).props(_LOOK)
            self._issuers.props["hint"] = words("Numbers, with commas; empty: every issuer.")
        self._again = ui.checkbox(words("Read it all the same: it is another file of that name"))
        self._again.set_visibility(False)
        self._more.set_visibility(False)
        self._wrong = html().props('role="alert"')
        self._told = html().props('role="status" aria-live="polite"')
        with ui.element("div").classes("row-of-buttons") as self._buttons:
            self._go = ui.button(words("Read it"), on_click=self._read).classes("primary")
            self._go.props("unelevated")
            self._go.set_visibility(False)
            ui.button(words("Cancel"), on_click=lambda: self._dialog.submit("")).props("flat")

    def _choose(self) -> None:
        words = self._view.words
        sent = ui.upload(
            max_files=1, auto_upload=True, on_upload=self._sent, on_begin_upload=self._begins
        )
        sent.style("display: none")
        # The gate lets nothing change that does not come from a page of ours.
        sent.props["headers"] = [{"name": CSRF_HEADER, "value": self._view.visitor.csrf}]
        with ui.element("div").classes("row-of-buttons").style("align-items: center"):
            button = ui.button(words("Choose the file")).props("outline no-caps")
            button.on("click", js_handler=f"() => runMethod({sent.id}, 'pickFiles', [])")
            self._shown = html(tag("span", words("No file is chosen."), cls="muted"))
        bar = {"id": _BAR, "max": 100, "value": 0, "hidden": True}
        html(tag("progress", aria_label=words("Sent"), **bar), "wide")
        self._sender = sent

    def _begins(self) -> None:
        ui.run_javascript(_FOLLOW % (_BAR, self._sender.id))

    async def _sent(self, event: events.UploadEventArguments) -> None:
        view, words = self._view, self._view.words
        self.forget()
        handle, path = tempfile.mkstemp(prefix="annul-clearing-")
        os.close(handle)
        self._path, self._name = Path(path), event.file.name
        await event.file.save(self._path)
        self._sender.reset()  # so that another one may be chosen instead
        size = words("{n} bytes", n=f"{event.file.size():,}")
        self._shown.set_content(join((tag("b", self._name), " ", tag("span", size, cls="muted"))))
        self._wrong.set_content("")
        self._again.set_visibility(False)
        self._again.value = False
        self._table.clear()
        self._columns = None
        try:
            with self._path.open("rb") as stream:
                layout, look = await views.look_at(view.desk, view.visitor, stream, self._name)
        except AnnulError as error:
            self._seen.set_content("")
            self._said(error)
            return
        self._seen.set_content(tag("p", words("Layout: {name}", name=layout), cls="strong"))
        if look is not None:
            with self._table:
                self._columns = Columns(view, look)
                await self._columns.draw()
        self._more.set_visibility(True)
        self._go.set_visibility(True)

    async def _read(self) -> None:
        view, words = self._view, self._view.words
        if self._path is None:
            return
        self._wrong.set_content("")
        self._buttons.set_visibility(False)
        self._done, size = 0, max(self._path.stat().st_size, 1)

        def counts(size_: int) -> None:
            self._done += size_

        def move() -> None:
            self._told.set_content(_bar(words("It is being read."), self._done, size))

        move()
        timer = ui.timer(_EVERY_S, move)
        try:
            columns = self._columns.chosen() if self._columns else None
            with self._path.open("rb") as stream:
                taken = await views.read(
                    view.desk,
                    view.visitor,
                    stream,
                    self._name,
                    map=columns,
                    issuers=_numbers(self._issuers.value),
                    settles_on=_day(self._day.value),
                    again=bool(self._again.value),
                    told=counts,
                )
        except AnnulError as error:
            if isinstance(error, NameTaken):
                self._again.set_visibility(True)
            self._said(error)
        else:
            self._dialog.submit(str(taken.id))
        finally:
            timer.cancel()
            self._told.set_content("")
            self._buttons.set_visibility(True)

    def _said(self, error: AnnulError) -> None:
        self._wrong.set_content(tag("p", said(self._view, error), cls="said"))


def _bar(what: str, done: int, size: int) -> Html:
    bar = tag("progress", value=min(done, size), max=size, aria_label=what)
    return tag("p", bar, " ", f"{what} {min(done / size, 1.0):.0%}")


def _numbers(text: Any) -> tuple[str, ...]:
    parts = str(text or "").replace("，", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text or ""))
    except ValueError:
        return None
