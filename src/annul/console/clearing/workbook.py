"""Breaks as a workbook there and back: what it decides is looked at before any of it is done."""

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from nicegui import events, ui

from annul.api.gate import CSRF_HEADER
from annul.console.frame.forms import act_button, said, titled
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, join, number, table, tag
from annul.desk import break_sheets as sheets
from annul.desk.break_sheets import Decision
from annul.desk.breaks import BreakSearch, Came
from annul.domain.breaks import DECISIONS
from annul.domain.errors import AnnulError

from .said import signed

_OUT, _IN = "breaks-out", "breaks-in"
_LISTED: Final = 50  # rows that a preview names


def buttons(view: View) -> tuple[Html, Html]:
    """Draw the ways out and in."""
    words = view.words
    return (
        act_button(words("Take as a workbook"), _OUT),
        act_button(words("Read decisions"), _IN),
    )


def listen(view: View, wanted: BreakSearch, refresh: Callable[[], Awaitable[None]]) -> None:
    """Do what the buttons ask for."""
    place = ui.context.slot.parent

    async def out(_: events.GenericEventArguments) -> None:
        with place:
            await _take(view, wanted)

    async def back(_: events.GenericEventArguments) -> None:
        with place:
            if await _read(view):
                await refresh()

    ui.on(_OUT, out)
    ui.on(_IN, back)


async def _take(view: View, wanted: BreakSearch) -> None:
    with tempfile.TemporaryFile(prefix="annul-", suffix=".xlsx") as file:
        await sheets.export(view.desk, view.visitor, file, wanted, view.words.language)
        file.seek(0)
        content = file.read()
    now = view.desk.clock.now().astimezone(view.desk.zone)
    ui.download.content(content, f"annul-breaks-{now:%Y%m%d-%H%M%S}.xlsx")


async def _read(view: View) -> bool:
    words = view.words
    with titled(words("Read decisions"), "wide-dialog") as dialog:
        dialog.props("persistent")
        about = words(
            "The workbook that was taken from here, with its columns for decision, reason and "
            "owner filled in."
        )
        html(tag("p", about, cls="muted"))
        one = _Decisions(view, dialog)
    done = bool(await dialog)
    dialog.clear()
    dialog.delete()
    return done or one.done


class _Decisions:
    """What a workbook decides, looked at row by row."""

    def __init__(self, view: View, dialog: ui.dialog) -> None:
        self.done = False
        self._view, words = view, view.words
        self._found: list[Decision] = []
        sent = ui.upload(
            max_files=1,
            auto_upload=True,
            max_file_size=sheets.LARGEST,
            on_upload=self._sent,
            on_rejected=self._rejected,
        ).style("display: none")
        # The gate lets nothing change that does not come from a page of ours.
        sent.props["headers"] = [{"name": CSRF_HEADER, "value": view.visitor.csrf}]
        self._sender = sent
        button = ui.button(words("Choose the file")).props("outline no-caps")
        button.on("click", js_handler=f"() => runMethod({sent.id}, 'pickFiles', [])")
        self._wrong = html().props('role="alert"')
        self._body = html()
        self._told = html().props('role="status" aria-live="polite"')
        with ui.element("div").classes("row-of-buttons"):
            self._go = ui.button(words("Carry them out"), on_click=self._apply).classes("primary")
            self._go.props("unelevated").set_visibility(False)
            ui.button(words("Close"), on_click=lambda: dialog.submit("")).props("flat")

    def _rejected(self) -> None:
        most = sheets.LARGEST // 1_000_000
        ui.notify(self._view.words("A file has at most {n} MB.", n=most), type="negative")

    async def _sent(self, event: events.UploadEventArguments) -> None:
        view, words = self._view, self._view.words
        content = await event.file.read()
        self._sender.reset()
        self._wrong.set_content("")
        self._body.set_content("")
        self._go.set_visibility(False)
        try:
            self._found = await sheets.import_(view.desk, view.visitor, content)
        except AnnulError as error:
            self._wrong.set_content(tag("p", said(view, error), cls="said"))
            return
        able = sum(one.problem is None for one in self._found)
        head = words("{able} of {n} decisions can be carried out.", able=able, n=len(self._found))
        self._body.set_content(join((tag("p", head, cls="strong"), _shown(view, self._found))))
        self._go.set_visibility(able > 0)

    async def _apply(self) -> None:
        view, words = self._view, self._view.words
        self._go.set_visibility(False)
        able = sum(one.problem is None for one in self._found)
        count = 0

        def told(n: int) -> None:
            nonlocal count
            count += n
            self._told.set_content(_bar(view, count, able))

        try:
            came = await sheets.apply(view.desk, view.visitor, self._found, told=told)
        except AnnulError as error:
            self._wrong.set_content(tag("p", said(view, error), cls="said"))
            return
        self.done = True
        done = sum(one.error is None for one in came)
        said_ = words("{n} of {all} done", n=done, all=len(came))
        self._told.set_content(tag("p", said_, cls="strong"))
        self._body.set_content(left_over(view, came))


def _bar(view: View, done: int, count: int) -> Html:
    text = view.words("{n} of {all} …", n=done, all=count)
    return tag("p", tag("progress", value=done, max=count, aria_label=text), " ", text)


def _shown(view: View, found: Sequence[Decision]) -> Html:
    words = view.words
    rows: list[Sequence[Any]] = []
    for one in sorted(found, key=lambda each: each.problem is None)[:_LISTED]:
        does = words.of(DECISIONS[one.resolution]) if one.resolution else "–"
        mark: Html = badge(words("at once"), "good")
        if one.problem is not None:
            mark = badge(words.of(one.problem), "bad")
        elif one.two:
            mark = badge(words("will wait for a second person"), "warn")
        amount = number(signed(view, one.money, one.currency)) if one.currency else number("–")
        rows.append((f"{one.row:,}", does, one.owner or "–", one.reason or "–", amount, mark))
    heads = ("Row", "Decision", "Owner", "Reason", "Money", "What will come of it")
    more = len(found) - len(rows)
    return join(
        (
            table([words(head) for head in heads], rows, empty=words("It decides nothing.")),
            tag("p", words("and {n} more", n=more), cls="muted") if more > 0 else None,
        )
    )


def left_over(view: View, came: Sequence[Came]) -> Html:
    """List breaks with which nothing was done, and why."""
    words = view.words
    left = [
        (tag("span", str(one.id), cls="mono"), said(view, one.error))
        for one in came
        if one.error is not None
    ]
    heads = [words("Break"), words("Why not")]
    return table(heads, left[:_LISTED], cls="left-over") if left else Html("")
