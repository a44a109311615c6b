"""The columns of a table: what each is taken for, the first rows under it, changed and saved."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nicegui import ui

from annul.console.frame.forms import said
from annul.console.frame.live import View, html
from annul.console.frame.markup import tag
from annul.desk import clearing as views
from annul.domain.errors import AnnulError
from annul.domain.text import Text
from annul.settle.clearing.columns import NEGATIVE, UNITS, ColumnMap, missing
from annul.settle.clearing.rows import ClearingUnreadable
from annul.settle.clearing.table import Look

# What a column can hold, as people say it; the names are those of a row's fields.
MEANINGS: Final[Mapping[str, Text]] = {
    "merchant_id": Text("商户号", "merchant"),
    "terminal_id": Text("终端号", "terminal"),
    "trace": Text("流水号", "trace"),
    "rrn": Text("检索参考号", "reference number"),
    "auth_code": Text("授权码", "authorisation code"),
    "card": Text("卡号", "card number"),
    "kind": Text("交易类型", "kind"),
    "amount": Text("金额", "amount"),
    "currency": Text("币种", "currency"),
    "fee": Text("手续费", "fee"),
    "sent_at": Text("交易时间", "time of the transaction"),
    "sent_on": Text("交易日期", "day of the transaction"),
    "settles_on": Text("清算日期", "settlement day"),
    "original_trace": Text("原流水号", "trace of the original"),
    "original_at": Text("原交易时间", "time of the original"),
    "code": Text("应答码", "response code"),
    "undone": Text("冲正撤销标志", "mark of a reversal or void"),
}
_UNITS: Final[dict[str, Text]] = dict(
    zip(UNITS, (Text("元", "yuan"), Text("分", "fen")), strict=True)
)
_NEGATIVE: Final[dict[str, Text]] = dict(
    zip(NEGATIVE, (Text("退回", "given back"), Text("拒绝该行", "a bad line")), strict=True)
)
_ROWS: Final = 3
_LOOK: Final = "outlined dense stack-label"


class Columns:
    """What somebody takes the columns of a table for; at first as they were guessed."""

    def __init__(self, view: View, look: Look) -> None:
        self._view = view
        self._look = look
        self._map = look.columns
        self._picks: dict[str, Any] = {}
        self._wrong = None

    def chosen(self) -> ColumnMap:
        """Give the map as it is chosen now; raises `ClearingUnreadable` where it is not whole."""
        columns: dict[str, str] = {}
        for head, pick in self._picks.items():
            if not pick.value:
                continue
            if pick.value in columns:
                message = f"two columns are taken for {MEANINGS[pick.value].en}"
                raise ClearingUnreadable(message)
            columns[pick.value] = head
        found = replace(
            self._map, columns=columns, unit=self._unit.value or "", negative=self._negative.value
        )
        if lacking := missing(found):
            raise ClearingUnreadable("; ".join(self._view.words.of(one) for one in lacking))
        return found

    async def draw(self) -> None:
        """Draw a choice over each column, the first rows, and what goes for all of it."""
        view, words = self._view, self._view.words
        saved = await views.maps(view.desk, view.visitor)
        html(tag("p", words("What each column is taken for; change what is wrong."), cls="muted"))
        with ui.element("div").classes("scroll"), ui.element("table").classes("table columns-map"):
            self._heads()
            with ui.element("tbody"):
                for line in self._look.samples[:_ROWS]:
                    with ui.element("tr"):
                        for cell in line:
                            with ui.element("td"):
                                html(tag("span", cell, cls="mono"))
        with ui.element("div").classes("form-row"):
            self._unit = self._choice(words("Unit of amounts"), _UNITS, self._map.unit)
            self._negative = self._choice(words("Below zero means"), _NEGATIVE, self._map.negative)
            if saved:
                ui.select(
                    sorted(saved),
                    label=words("As saved before"),
                    on_change=lambda event: self._take(saved[event.value]),
                ).props(_LOOK)
            self._name = ui.input(words("Name of this map")).props(_LOOK)
            ui.button(words("Save it"), on_click=self._save).props("outline no-caps")
        self._wrong = html().props('role="alert"')

    def _heads(self) -> None:
        words = self._view.words
        options = {"": "–"} | {name: words.of(text) for name, text in MEANINGS.items()}
        guessed = {head: name for name, head in self._map.columns.items()}
        with ui.element("thead"), ui.element("tr"):
            for head in self._look.headers:
                with ui.element("th").props('scope="col"'):
                    html(tag("span", head))
                    pick = ui.select(options, value=guessed.get(head, ""))
                    pick.props(f"{_LOOK} options-dense").props["aria-label"] = head
                    self._picks[head] = pick

    def _choice(self, label: str, texts: Mapping[str, Text], value: str) -> Any:
        options = {name: self._view.words.of(text) for name, text in texts.items()}
        pick = ui.select(options, label=label, value=value or None)
        return pick.props(_LOOK)

    def _take(self, saved: ColumnMap) -> None:
        self._map = saved
        of_head = {head: name for name, head in saved.columns.items()}
        for head, pick in self._picks.items():
            pick.value = of_head.get(head, "")
        self._unit.value, self._negative.value = saved.unit or None, saved.negative

    async def _save(self) -> None:
        view, words = self._view, self._view.words
        assert self._wrong is not None
        try:
            name = str(self._name.value or "")
            await views.save_map(view.desk, view.visitor, name, self.chosen())
        except AnnulError as error:
            self._wrong.set_content(tag("p", said(view, error), cls="said"))
        else:
            self._wrong.set_content("")
            ui.notify(words("Saved."), type="positive")
