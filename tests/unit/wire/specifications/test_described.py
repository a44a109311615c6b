"""A dialect in words: every row, what differs from its base, both languages."""

import re
from dataclasses import replace

import pytest

from annul.wire.dialects import DIALECTS
from annul.wire.field import Arranged, Coding, Content, Field, Layout, Pad, Prefix
from annul.wire.specifications.described import (
    CODINGS,
    CONTENTS,
    EN,
    ZH,
    lines,
    settings,
    to_markdown,
)
from annul.wire.specifications.document import read

_BASE = DIALECTS["cups"]
_BANK = read(
    'name = "bank_x"\nextends = "cups"\n[fields.52]\ncoding = "hex"\n[fields.5]\nabsent = true\n'
    '[fields.65]\ncontent = "digits"\nsize = 3\nname = "a | b"\n'
    '[fields.121.layout]\narranged = "in_turn"\nparts = {1 = {content = "text", size = 9}}\n'
)


def test_differences_to_the_base_are_marked() -> None:
    shown = {line.number: line for line in lines(_BANK, _BASE, EN)}
    marked = {number: line.difference for number, line in shown.items() if line.difference}
    assert marked == {"5": "absent", "52": "changed", "65": "added", "121": "changed"}
    assert (shown["121"].content, shown["121.1"].content) == ("text, parts in turn", "text")
    assert shown["52"].coding == "hexadecimal characters"


@pytest.mark.parametrize("at", [ZH, EN])
def test_a_table_in_markdown(at: int) -> None:
    text = to_markdown(_BANK, _BASE, at)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(_BASE.fields) + 1 + 1  # heads, an added row, a part
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "a \\| b" in text
    assert "cups" in text
    assert bool(re.search("[\u4e00-\u9fff]", text)) is (at == ZH)
    assert {row.count("|") for row in to_markdown(_BASE, None, at).splitlines() if "|" in row} == {
        7
    }


@pytest.mark.parametrize(
    ("row", "length", "fill"),
    [
        (Field(3, Content.DIGITS, 6), "6", ""),
        (Field(3, Content.DIGITS, 5), "5", "odd digits: 0 on the right"),
        (
            Field(2, Content.DIGITS, 19, Prefix(2), pad=Pad.RIGHT_F),
            "up to 19, its length in 2 digits (packed digits)",
            "odd digits: F on the right",
        ),
        (
            Field(35, Content.TRACK, 37, Prefix(1, Coding.BYTES), Coding.ASCII, separator="="),
            "up to 37, its length in 1 bytes",
            "= between",
        ),
        (Field(43, Content.TEXT, 40, fill=" "), "40", "blanks on the right"),
        (Field(28, Content.SIGNED, 9, fill="0"), "9", "0 on the left"),
    ],
)
def test_length_and_filling_in_words(row: Field, length: str, fill: str) -> None:
    one = replace(_BASE, fields={row.number: row, 128: _BASE.fields[128]}, mac_fields=())
    line = next(iter(lines(one, None, EN)))
    assert (line.length, line.fill) == (length, fill)


def test_every_value_has_words() -> None:
    assert set(CONTENTS) == set(Content)
    assert set(CODINGS) == set(Coding)
    layouts = {Layout(arranged, (Field(1, Content.TEXT, 1),)) for arranged in Arranged}
    assert len(layouts) == len(Arranged)


def test_settings_say_what_the_mac_is_over() -> None:
    assert "over 2, 3, 4" in " ".join(settings(_BASE, None, EN))
    assert "all that stands before it" in " ".join(settings(DIALECTS["unionpay_pos"], None, EN))
    assert "基于cups" in " ".join(settings(_BANK, _BASE, ZH))
