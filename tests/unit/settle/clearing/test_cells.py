"""Cells as people and spreadsheets write them."""

from datetime import date, datetime, time, timedelta

import pytest

from annul.settle.clearing import cells
from annul.settle.clearing.cells import Cell, CellUnfit


@pytest.mark.parametrize(
    ("cell", "unit", "minor"),
    [
        ("1,234.50", "major", 123_450),
        ("￥1,234.50", "major", 123_450),
        ("¥ 12", "major", 1_200),
        ("12.00元", "major", 1_200),
        ("(12.00)", "major", -1_200),
        ("（12.00）", "major", -1_200),
        ("-0.00", "major", 0),
        ("-￥12.00", "major", -1_200),
        ("￥-12.00", "major", -1_200),
        ("+12.5", "major", 1_250),
        ("12.340", "major", 1_234),
        ("CNY 12.34", "major", 1_234),
        ("１２．３４", "major", 1_234),
        ("000000012300", "minor", 12_300),
        (12.3, "major", 1_230),
        (0.1 + 0.2, "major", 30),
        (12300.0, "minor", 12_300),
        ('="12.30"', "major", 1_230),
    ],
)
def test_an_amount(cell: Cell, unit: str, minor: int) -> None:
    assert cells.amount(cell, "156", unit) == minor


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        *((bad, "major") for bad in ("12.345", "1 234.50", "1,23.50", "1.234,50", "1E+5", "", "x")),
        *((bad, "major") for bad in ("(12.00", "12.00)", "-(12.00)", "--1", "-¥-1", "٣", "12.")),
        *((bad, "major") for bad in ("10000000000.00", True, None, 12.345, 1e16, float("inf"))),
        *((bad, "minor") for bad in ("12.30", "12.00", 12.5)),
    ],
)
def test_what_is_no_amount(cell: Cell, unit: str) -> None:
    with pytest.raises(CellUnfit):
        cells.amount(cell, "156", unit)


def test_yen_have_no_decimals() -> None:
    assert cells.amount("120", "392", "major") == 120
    with pytest.raises(CellUnfit):
        cells.amount("120.5", "392", "major")


@pytest.mark.parametrize(
    ("cell", "field", "read"),
    [
        (123.0, "trace", "000123"),
        ("123", "trace", "000123"),
        ("000123", "trace", "000123"),
        ('="000123"', "trace", "000123"),
        ("'000123", "trace", "000123"),
        ("`000123", "trace", "000123"),
        ("\t000123\t", "trace", "000123"),
        ("０００１２３", "trace", "000123"),
        (0.0, "code", "00"),
        ("A1", "code", "A1"),
        (98765432101.0, "rrn", "098765432101"),
        ("abc", "rrn", "abc"),
        ("", "rrn", ""),
        (None, "rrn", ""),
        (898110012345678.0, "merchant_id", "898110012345678"),
        (0.0, "original_trace", ""),
    ],
)
def test_a_code(cell: Cell, field: str, read: str) -> None:
    assert cells.code(cell, field) == read


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("1234567", "trace"),
        (1234567.0, "trace"),
        ("12 34", "trace"),
        ("茶", "rrn"),
        ("1\x002", "rrn"),
    ],
)
def test_what_is_no_code(cell: Cell, field: str) -> None:
    with pytest.raises(CellUnfit):
        cells.code(cell, field)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("6222021234567890123", "6222021234567890123"),
        ("6222 0212 3456 7890 123", "6222021234567890123"),
        ("6222-0212-3456-789", "622202123456789"),
        ("622202******0123", ""),
        ("622202xxxxxx0123", ""),
        ("", ""),
        (None, ""),
        (622202123456789.0, "622202123456789"),
    ],
)
def test_a_card(cell: Cell, read: str) -> None:
    assert cells.card(cell) == read


@pytest.mark.parametrize("cell", [6.222021234567891e15, "6.22202E+18", "123", "6" * 20])
def test_what_is_no_card(cell: Cell) -> None:
    with pytest.raises(CellUnfit) as raised:
        cells.card(cell)
    assert "6222" not in str(raised.value)


def test_a_card_that_a_spreadsheet_has_rounded_is_said_to_be() -> None:
    with pytest.raises(CellUnfit, match="keeps 15 digits only"):
        cells.card(6222021234567890.0)


@pytest.mark.parametrize(
    ("cell", "on", "read"),
    [
        ("2026-11-27 19:30:05", None, "1127193005"),
        ("2026-11-27T19:30:05", None, "1127193005"),
        ("2026/11/27 9:30", None, "1127093000"),
        ("2026年11月27日 19:30:05", None, "1127193005"),
        ("20261127193005", None, "1127193005"),
        ("20261127 193005", None, "1127193005"),
        ("1127193005", None, "1127193005"),
        ("0229120000", None, "0229120000"),
        ("20280229120000", None, "0229120000"),
        (127193005.0, None, "0127193005"),
        (20261127193005.0, None, "1127193005"),
        ("19:30:05", "2026-11-27", "1127193005"),
        ("193005", "20261127", "1127193005"),
        (93005.0, 20261127.0, "1127093005"),
        (time(19, 30, 5), date(2026, 11, 27), "1127193005"),
        (time(19, 30, 5), datetime(2026, 11, 27), "1127193005"),  # noqa: DTZ001 a clock on a wall
        (datetime(2026, 11, 27, 19, 30, 5), None, "1127193005"),  # noqa: DTZ001
        ("2026-11-27", None, "1127000000"),
        ("", None, ""),
        (None, "2026-11-27", ""),
    ],
)
def test_a_moment(cell: Cell, on: Cell, read: str) -> None:
    assert cells.moment(cell, on) == read


@pytest.mark.parametrize(
    "cell",
    ["2026-02-29 12:00:00", "2026-13-01", "11/27/2026", "19:30:05", "193005", "x",
     "2026-11-27 25:00", "2026-11/27", 46000.5, True, "0230120000", "2026-11-27 12:00:00+08:00"],
)  # fmt: skip
def test_what_is_no_moment(cell: Cell) -> None:
    with pytest.raises(CellUnfit):
        cells.moment(cell)


def test_a_date_as_it_is_declared_to_be_written() -> None:
    assert cells.day("27.11.2026", "%d.%m.%Y") == date(2026, 11, 27)
    with pytest.raises(CellUnfit):
        cells.day("2026-11-27", "%d.%m.%Y")


@pytest.mark.parametrize("cell", ["2026-11-27", "20261127", 20261127.0, date(2026, 11, 27)])
def test_a_day(cell: Cell) -> None:
    assert cells.day(cell) == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("CNY", "156"),
        ("人民币", "156"),
        ("RMB", "156"),
        ("usd", "840"),
        (156.0, "156"),
        ("", "344"),
    ],
)
def test_a_currency(cell: Cell, read: str) -> None:
    assert cells.money(cell, "344") == read


def test_what_is_no_currency() -> None:
    with pytest.raises(CellUnfit):
        cells.money("dollars", "156")
    with pytest.raises(CellUnfit):
        cells.money("١٥٦", "156")


def test_a_span_of_time_in_a_cell_is_text() -> None:
    assert cells.text(timedelta(hours=19, minutes=30)) == "19:30:00"
