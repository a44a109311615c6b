"""What is done with several breaks at once: who works on them, and how they end."""

from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, titled
from annul.console.frame.live import Part, View, html
from annul.console.frame.markup import Html, join, tag
from annul.desk import breaks as views
from annul.desk.breaks import BreakSearch, Came
from annul.domain.breaks import RESOLUTIONS, Resolution

from .said import Row, signed
from .workbook import left_over

_ASSIGN, _RESOLVE = "assign-breaks", "resolve-breaks"
_MOST: Final = 500
_SUGGESTED: Final = "suggested"


class Many:
    """The bar that stands there while something is picked; the browser keeps what (lists.js)."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._ids: tuple[UUID, ...] = ()
        self._bar = Part(self._drawn, "picked")
        self._place = ui.context.slot.parent
        ui.on("picked", self._picked)
        ui.on(_ASSIGN, self._assign)
        ui.on(_RESOLVE, self._resolve)

    async def refresh(self) -> None:
        """Say anew what is picked."""
        await self._bar.refresh()

    async def _picked(self, event: events.GenericEventArguments) -> None:
        given = [str(one) for one in event.args.get("numbers") or []][:_MOST]
        self._ids = tuple(found for one in given if (found := _number(one)) is not None)
        await self.refresh()

    async def _rows(self) -> list[dict[str, Any]]:
        view = self._view
        if not self._ids:
            return []
        any_ = BreakSearch()
        found = await views.found(view.desk, view.visitor, any_, _MOST, among=self._ids)
        return found.rows

    async def _drawn(self) -> Html:
        rows = await self._rows()
        if not rows:
            return Html("")
        words = self._view.words
        unpick = {"type": "button", "cls": "quiet", "data_unpick": True}
        clear = tag("button", words("Clear selection"), **unpick)
        count = words("{n} selected", n=len(rows))
        buttons = (
            act_button(words("Who works on them"), _ASSIGN),
            act_button(words("Say how they end"), _RESOLVE),
        )
        total = tag("span", _total(self._view, rows), cls="num")
        return tag(
            "div",
            tag("div", tag("b", count), total, clear),
            tag("div", *buttons),
            cls="bar-of-many",
            role="region",
            aria_label=count,
        )

    async def _assign(self) -> None:
        view, words = self._view, self._view.words
        with self._place:
            if self._ids and await assign(view, list(self._ids), view.visitor.name):
                ui.run_javascript("annulUnpick()")
                ui.notify(words("Done"), type="positive")
        await self.refresh()

    async def _resolve(self) -> None:
        with self._place:
            rows = await self._rows()
            if rows and await _resolve(self._view, rows):
                ui.run_javascript("annulUnpick()")
        await self.refresh()


def _number(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _total(view: View, rows: list[dict[str, Any]]) -> str:
    by: dict[str, int] = {}
    for row in rows:
        by[row["currency"]] = by.get(row["currency"], 0) + row["money"]
    return ", ".join(signed(view, by[one], one) for one in sorted(by))


async def assign(view: View, ids: list[UUID], now: str) -> bool:
    """Ask who works on breaks; says if it was done."""
    words = view.words

    async def act(answers: Answers) -> str:
        owner = str(answers["owner"] or "").strip()
        n = await views.assign(view.desk, view.visitor, ids, owner, str(answers["reason"]))
        return words("Changed: {n}", n=n)

    hint = words("Empty: nobody.")
    fields = (FormField("owner", words("Who works on it"), value=now, hint=hint),)
    return await ask(view, Form(words("Who works on it"), fields), act)


async def _resolve(view: View, rows: list[Row] | list[dict[str, Any]]) -> bool:
    """Ask how several breaks end, end each by itself, and show what was left with why."""
    words = view.words
    ids = [row["id"] for row in rows]
    came: list[Came] = []

    async def act(answers: Answers) -> str:
        how = str(answers["how"])
        resolution = None if how == _SUGGESTED else Resolution(how)
        reason = str(answers["reason"])
        came.extend(await views.resolve_many(view.desk, view.visitor, resolution, reason, ids=ids))
        done = [one for one in came if one.error is None]
        waits = sum(one.state == "asked" for one in done)
        return words(
            "{n} of {all} done; {waits} of them wait for a second person.",
            n=len(done),
            all=len(came),
            waits=waits,
        )

    choices = {_SUGGESTED: words("each as its cause suggests")}
    choices |= {one.value: words.of(text) for one, text in RESOLUTIONS.items()}
    fields = (FormField("how", words("How they end"), "choice", _SUGGESTED, choices, needed=True),)
    about = words("{n} breaks, {sum}", n=len(rows), sum=_total(view, list(map(dict, rows))))
    warn = words("Each ends by itself; what one person may not end alone waits for a second.")
    form = Form(words("Say how they end"), fields, about=about, warn=warn)
    done = await ask(view, form, act)
    if done and any(one.error is not None for one in came):
        with titled(words("What was left"), "wide-dialog") as dialog:
            html(join((left_over(view, came),)))
            ui.button(words("Close"), on_click=lambda: dialog.submit("")).props("outline")
        await dialog
        dialog.clear()
        dialog.delete()
    return done
