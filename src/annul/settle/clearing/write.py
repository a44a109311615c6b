"""Rows as lines of a layout, from the table by which it is read: for simulators and tests."""

import re
from functools import cache
from typing import Final

from annul.domain.errors import AnnulError

from .fields import Field, Layout
from .rows import ClearingRow

_UNDONE: Final = {"undone_r": "R", "undone_c": "C"}
_WORDS: Final = ("word_1", "word_2", "word_3")


class RowUnfit(AnnulError):
    """This row cannot be written in this layout."""

    code = "settle.clearing_row_unfit"
    next_step = "Correct the field that is named, or choose a layout that can say it."


def line(layout: Layout, row: ClearingRow) -> bytes:
    """Write a row, without the line's end; raises `RowUnfit` where it would be read otherwise.

    What the layout has no field for is left out.
    """
    words = _words(layout).get((row.kind, row.effect))
    if words is None:
        message = f"{layout.name} has no word for {row.effect} {row.kind}"
        raise RowUnfit(message)
    said = _said(layout, row, words)
    content = bytearray(_blank(layout))
    for field, pattern in _saying(layout):
        text = said[field.says]
        if text:
            text = text.ljust(field.length)
            content[field.start - 1 : field.end] = text.encode("latin-1", "replace")
        else:
            text = content[field.start - 1 : field.end].decode("ascii")
        if not pattern.fullmatch(text):
            message = f"{field.name} of line {row.line}: expected {field.type.expected.en}"
            raise RowUnfit(message)
    return bytes(content)


@cache
def _blank(layout: Layout) -> bytes:
    """Give a line that says nothing."""
    content = bytearray(b" " * layout.length)
    for field in layout.fields:
        whole = field.type.first.ljust(field.length, field.type.fill)
        content[field.start - 1 : field.end] = whole.encode("ascii")
    return bytes(content)


@cache
def _saying(layout: Layout) -> tuple[tuple[Field, re.Pattern[str]], ...]:
    return tuple(
        (field, re.compile(field.pattern, re.ASCII)) for field in layout.fields if field.says
    )


@cache
def _words(layout: Layout) -> dict[tuple[str, str], str]:
    """Give the first word for each meaning."""
    found: dict[tuple[str, str], str] = {}
    for word, (kind, effect) in layout.meanings.items():
        if effect:
            found.setdefault((kind, effect), word)
    return found


def _said(layout: Layout, row: ClearingRow, word: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for field, _ in _saying(layout):
        slot, size = field.says, field.length
        if slot in _WORDS:
            said[slot], word = word[:size], word[size:]
        elif slot in _UNDONE:
            said[slot] = row.undone if row.undone == _UNDONE[slot] else ""
        elif slot == "fee_paid":
            # The side stands in the field, so that no other one is needed for what is got.
            side = "C" if (row.fee or 0) < 0 else "D"
            said[slot] = f"{side}{abs(row.fee or 0):0{size - 1}}"
        elif slot == "amount":
            said[slot] = f"{row.amount:0{size}}"
        elif slot == "settles_on":
            said[slot] = f"{row.settles_on:%m%d}" if row.settles_on else ""
        else:
            said[slot] = str(getattr(row, slot, ""))
    return said
