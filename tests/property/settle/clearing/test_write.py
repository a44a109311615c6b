"""What is written in a layout is read as what it was, and nothing else."""

from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.settle.clearing.fixed import read_lines
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.rows import ClearingRow
from annul.settle.clearing.write import line

_TODAY: Final = date(2026, 11, 27)
_MOMENTS: Final = st.datetimes().map(lambda at: f"{at:%m%d%H%M%S}")


def _digits(size: int, least: int = 0) -> st.SearchStrategy[str]:
    return st.integers(least, 10**size - 1).map(lambda number: f"{number:0{size}}")


def _codes(most: int, least: int = 0) -> st.SearchStrategy[str]:
    return st.text(
        st.characters(min_codepoint=33, max_codepoint=126), min_size=least, max_size=most
    )


@st.composite
def _rows(draw: st.DrawFn, name: str) -> ClearingRow:
    """Draw a row that says no more than the layout can."""
    layout = LAYOUTS[name]
    slots = {field.says for field in layout.fields}
    meaning = draw(st.sampled_from(sorted({one for one in layout.meanings.values() if one.effect})))
    may_be = {
        "terminal_id": _codes(8),
        "rrn": _codes(12),
        "auth_code": _codes(6),
        "card": st.text("0123456789", min_size=13, max_size=19),
        "sent_at": _MOMENTS,
        "settles_on": st.integers(-180, 180).map(lambda days: _TODAY + timedelta(days)),
        "original_trace": st.just("") | _digits(6, 1),
        "original_at": st.just("") | _MOMENTS,
        "code": _codes(2),
        "currency": _digits(3),
    }
    said = {slot: draw(values) for slot, values in may_be.items() if slot in slots}
    return ClearingRow(
        **{"terminal_id": "", "rrn": "", "auth_code": "", "card": "", **said},
        line=1,
        merchant_id=draw(_codes(15, 1)),
        trace=draw(_digits(6)),
        kind=meaning.kind,
        effect=meaning.effect or "",
        amount=draw(st.integers(1, 10**12 - 1)),
        fee=draw(st.integers(-(10**11) + 1, 10**11 - 1)),
        undone=draw(st.sampled_from(["", "R", "C"])) if "undone_r" in slots else "",
    )


@pytest.mark.parametrize("name", LAYOUTS)
@given(data=st.data())
def test_what_is_written_is_read_again(name: str, data: st.DataObject) -> None:
    row = data.draw(_rows(name))
    written = line(LAYOUTS[name], row)
    assert len(written) == LAYOUTS[name].length
    read = read_lines(LAYOUTS[name], [written.decode("latin-1")], 1, _TODAY)
    assert read.bad == []
    assert read.rows == [row]


@pytest.mark.parametrize("name", LAYOUTS)
@given(data=st.data(), at=st.integers(0, 950), put=st.integers(0, 255))
def test_a_spoilt_byte_makes_a_row_or_one_bad_line_that_shows_no_card(
    name: str, data: st.DataObject, at: int, put: int
) -> None:
    row = data.draw(_rows(name))._replace(card="6222021234567890123")
    written = bytearray(line(LAYOUTS[name], row))
    written[at % len(written)] = put
    read = read_lines(LAYOUTS[name], [written.decode("latin-1")], 1, _TODAY)
    assert len(read.rows) + len(read.bad) + read.passed == 1
    for bad in read.bad:
        assert "123456789" not in bad.text + bad.reason.en + bad.reason.zh
        assert len(bad.text) <= 200
