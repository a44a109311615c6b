"""Lines for spreadsheets: nothing in them is a formula, and every cell is quoted."""

import csv
import io

import pytest

from annul.domain.spreadsheet import line, safe


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(1)"]
)
def test_what_a_spreadsheet_would_calculate_is_text(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "0.00", "1234.50", "示例茶馆", "", "2026-11-26"])
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_a_line_is_quoted_and_read_back() -> None:
    cells = ['a "b", c', "two\nlines", "示例", ""]
    written = line(cells)
    assert written.startswith('"')
    assert next(csv.reader(io.StringIO(written, newline=""))) == cells
