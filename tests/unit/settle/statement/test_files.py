"""The files: numbers as numbers, what people wrote as text, and what was left out is said."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from annul.settle.statement.csv_file import CsvFile
from annul.settle.statement.pdf import PdfFile
from annul.settle.statement.sections import Cell, line
from annul.settle.statement.workbook import BookFile
from tests.support.pdf import lines_of
from tests.support.stated import CHINESE, ENGLISH, PAYOUT, sale, statement

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _rows(count: int) -> list[Sequence[Cell]]:
    return [line(sale(number), PAYOUT) for number in range(count)]


def _book(count: int, most_rows: int = 100, currency: str = "156") -> zipfile.ZipFile:
    file = io.BytesIO()
    book = BookFile(file, statement(currency=currency), ENGLISH, most_rows)
    book.add([line(sale(number, currency), PAYOUT) for number in range(count)])
    book.close()
    return zipfile.ZipFile(file)


def _sheet(book: zipfile.ZipFile, number: int) -> list[list[str]]:
    tree = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    return [
        ["".join(cell.itertext()) for cell in row.iter(f"{_NS}c")] for row in tree.iter(f"{_NS}row")
    ]


def test_a_workbook_has_amounts_as_numbers() -> None:
    (heads, row) = _sheet(_book(1), 2)
    assert heads[9:12] == ["Amount", "Fee", "Net"]
    assert "100" in row
    assert "-0.5" in row
    assert "99.5" in row
    assert PAYOUT.hex in row


def test_a_currency_without_cents_has_none() -> None:
    (_, row) = _sheet(_book(1, currency="392"), 2)
    assert "10000" in row
    assert "JPY" in row


def test_a_full_sheet_is_followed_by_another() -> None:
    book = _book(25, most_rows=10)
    sizes = [len(_sheet(book, number)) for number in (2, 3, 4)]
    assert sizes == [11, 11, 6], "each with its heads"
    names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
    assert names == ["Sums", "Transactions", "Transactions 2", "Transactions 3"]


def test_no_cell_of_a_workbook_is_calculated() -> None:
    book = _book(1)
    assert not any(b"<f>" in book.read(name) for name in book.namelist())


def test_each_line_of_a_csv_says_of_which_table_it_is() -> None:
    file = io.BytesIO()
    made = CsvFile(file, statement(), CHINESE)
    made.add(_rows(2))
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert [name for name, *_ in rows if name == "transactions"] == ["transactions"] * 3
    assert {name for name, *_ in rows} == {
        "about", "accounts", "days", "payouts", "moves", "transactions",
    }  # fmt: skip
    told = [cell for row in rows for cell in row]
    assert "'=cmd|' /C calc'!A0" in told
    assert "AC04 +closed" in told
    assert "示例茶馆" in told


@pytest.mark.parametrize("name", ["<b>Tea</b> & Co", "a]]>b", "&amp;"])
def test_a_name_is_printed_as_it_is(name: str) -> None:
    file = io.BytesIO()
    made = PdfFile(file, statement(name), ENGLISH)
    made.close()
    assert name in "\n".join(lines_of(file.getvalue()))


@pytest.mark.parametrize("text", ["x" * 100_000, "退" * 100_000, "a\x0b\x1b\ud7ff", "<para>&"])
def test_whatever_a_bank_writes_is_printed_and_written(text: str) -> None:
    told = statement()
    told = replace(told, payouts=(told.payouts[0]._replace(bank_text=text),))
    for writer in (PdfFile, BookFile, CsvFile):
        file = io.BytesIO()
        made = writer(file, told, ENGLISH)
        made.close()
        assert len(file.getvalue()) > 1_000


def test_what_is_not_printed_is_said_and_where_it_stands() -> None:
    file = io.BytesIO()
    made = PdfFile(file, statement(), ENGLISH, most=5)
    made.add(_rows(7))
    made.close()
    shown = "\n".join(lines_of(file.getvalue()))
    assert "The first 5 of 7 stand here" in shown
    assert "300000000004" in shown
    assert "300000000005" not in shown


def test_all_that_is_printed_needs_no_word() -> None:
    file = io.BytesIO()
    made = PdfFile(file, statement(), ENGLISH, most=5)
    made.add(_rows(5))
    made.close()
    assert "The first" not in "\n".join(lines_of(file.getvalue()))
