"""CSV and spreadsheets as rows."""

from datetime import date, datetime
from io import BytesIO

import pytest
import xlsxwriter

from annul.settle.clearing import table
from annul.settle.clearing.columns import ColumnMap
from annul.settle.clearing.meanings import Meaning
from annul.settle.clearing.read import chunks, look_at
from annul.settle.clearing.rows import Chunk, ClearingRow, ClearingUnreadable
from tests.support.clearing_rows import TODAY

_COLUMNS = {
    "merchant_id": "商户号",
    "terminal_id": "终端号",
    "trace": "流水号",
    "rrn": "参考号",
    "kind": "交易类型",
    "card": "卡号",
    "amount": "金额",
    "fee": "手续费",
    "sent_on": "日期",
    "sent_at": "时间",
    "settles_on": "清算日期",
}
_MAP = ColumnMap(_COLUMNS, unit="major")
_HEADS = ",".join(_COLUMNS.values())
_LINE = '898110012345678,12345678,123,123456789012,消费,6222021234567890123,"1,234.50",3.70,'
_LINE += "2026-11-27,19:30:05,2026-11-28"
_ROW = ClearingRow(
    line=2,
    merchant_id="898110012345678",
    terminal_id="12345678",
    trace="000123",
    rrn="123456789012",
    auth_code="",
    card="6222021234567890123",
    effect="taken",
    kind="sale",
    amount=123_450,
    fee=370,
    sent_at="1127193005",
    settles_on=date(2026, 11, 28),
)


def _read(content: bytes, columns: ColumnMap = _MAP) -> Chunk:
    found = list(chunks(BytesIO(content), columns, TODAY))
    assert sum(chunk.bytes for chunk in found) == len(content)
    return Chunk(
        [row for chunk in found for row in chunk.rows],
        [bad for chunk in found for bad in chunk.bad],
        len(content),
        sum(chunk.passed for chunk in found),
    )


def _csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\n".join((_HEADS, *lines, "")).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_line_is_a_row_in_each_encoding(encoding: str) -> None:
    assert _read(_csv(_LINE, encoding=encoding)).rows == [_ROW]


def test_lines_of_two_encodings_in_one_file() -> None:
    content = _csv(_LINE) + _LINE.encode("gb18030") + b"\r\n"
    assert _read(content).rows == [_ROW, _ROW._replace(line=3)]


def test_the_last_line_needs_no_end() -> None:
    assert _read(_csv(_LINE)[:-1]).rows == [_ROW]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("3.70", "3.705", "手续费: expected an amount with at most 2 decimals"),
        ('"1,234.50"', "0.00", "金额: expected an amount that is not zero"),
        ('"1,234.50"', "-1.00", "交易类型: expected of what is taken no negative amount"),
        ("消费,", "红包,", "交易类型: expected a word of which a meaning is declared"),
        ("2026-11-28", "2026-02-29", "清算日期: expected a date or time"),
        (",123,", ",12 3,", "流水号: expected a code of at most 6 characters"),
        ("6222021234567890123", "62220", "卡号: expected a card's 13 to 19 digits"),
        (",3.70,", ",", "it has 10 cells where there are 11 heads"),
        (",2026-11-28", "", "it has 10 cells where there are 11 heads"),
        ("2026-11-28", "2026-11-28,x", "it has 12 cells where there are 11 heads"),
        ('"1,234.50"', '"1,234.50', "a quote is not closed, or stands within a cell"),
        (",123,", ",1\x0023,", "it holds zero bytes"),
    ],
)
def test_a_bad_line_names_its_column(old: str, new: str, said: str) -> None:
    found = _read(_csv(_LINE, _LINE.replace(old, new)))
    assert found.rows == [_ROW]
    assert [bad.line for bad in found.bad] == [3]
    assert found.bad[0].reason.en.startswith(said)
    assert "1234567890123" not in found.bad[0].text


def test_a_line_in_no_known_encoding_is_bad_and_the_next_is_read() -> None:
    found = _read(_csv(_LINE) + b"\xff\xff,\n" + _LINE.encode() + b"\n")
    assert [row.line for row in found.rows] == [2, 4]
    assert found.bad[0].reason.en == "it is text in neither UTF-8 nor GB18030"


def test_sums_remarks_and_blank_lines_are_passed_over() -> None:
    found = _read(_csv(_LINE, "", ",,,,,,,,,,", '合计,,,,,,"1,234.50",3.70,,,', "# 结束", "   "))
    assert (found.rows, found.bad, found.passed) == ([_ROW], [], 5)


def test_kinds_that_move_no_money_are_passed_over() -> None:
    assert _read(_csv(_LINE, _LINE.replace("消费,", "余额查询,"))).passed == 1


def test_without_a_column_of_kinds_the_sign_says_it() -> None:
    columns = ColumnMap({"rrn": "r", "amount": "a"}, unit="minor")
    rows = _read(b"r,a\n1,100\n2,-100\n3,(100)\n", columns).rows
    assert [(row.effect, row.amount) for row in rows] == [
        ("taken", 100),
        ("given_back", 100),
        ("given_back", 100),
    ]
    refused = ColumnMap(columns.columns, unit="minor", negative="refused")
    assert len(_read(b"r,a\n1,100\n2,-100\n", refused).bad) == 1


def test_words_and_signs_of_ones_own() -> None:
    columns = ColumnMap(
        {"rrn": "r", "amount": "a", "kind": "k", "fee": "f"},
        unit="major",
        words={"贷": Meaning("sale", _ROW_EFFECT)},
        fee_sign=-1,
        delimiter="|",
    )
    row = _read("r|a|k|f\n1|1.00|贷|-0.01\n".encode(), columns).rows[0]
    assert (row.kind, row.effect, row.fee) == ("sale", "taken", 1)


_ROW_EFFECT = _MAP.meaning("消费").effect  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        (b"a,b\n1,2\n", _MAP, "it has not one column each of 商户号"),
        (f"{_HEADS},金额\n".encode(), _MAP, "it has not one column each of 金额"),
        (_csv(_LINE), ColumnMap(_COLUMNS), "not declared yet: the unit of amounts"),
        (_csv(_LINE), ColumnMap(_COLUMNS, unit="major", head=9), "line 9 has no heads"),
        (_csv("x" + "," * 10), _MAP, "none of its lines can be read by its map; line 2: 金额"),
        (b" \n\n", _MAP, "it is empty"),
        (b"", _MAP, "it is empty"),
    ],
)
def test_a_table_that_its_map_does_not_fit_is_refused(
    content: bytes, columns: ColumnMap, said: str
) -> None:
    with pytest.raises(ClearingUnreadable, match=said):
        list(chunks(BytesIO(content), columns, TODAY))


# Spreadsheets --------------------------------------------------------------------------------


def _book(*lines: list[object]) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for at, line in enumerate(lines):
            for column, cell in enumerate(line):
                if isinstance(cell, date):
                    sheet.write_datetime(at, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001
                else:
                    sheet.write(at, column, cell)
    return file.getvalue()


_CELLS: list[object] = [898110012345678, 12345678, 123, 123456789012, "消费",
                        "6222021234567890123", 1234.5, 3.7, date(2026, 11, 27), "19:30:05",
                        date(2026, 11, 28)]  # fmt: skip


def test_a_spreadsheet_is_read_as_the_same_rows() -> None:
    content = _book(["某月对账单"], list(_COLUMNS.values()), _CELLS, [], _CELLS)
    found = _read(content, ColumnMap(_COLUMNS, unit="major", head=2))
    assert found.rows == [_ROW._replace(line=3), _ROW._replace(line=5)]
    assert (found.bad, found.passed) == ([], 1)


def test_a_card_that_lost_digits_as_a_number_is_bad() -> None:
    spoilt = [*_CELLS[:5], 6222021234567890, *_CELLS[6:]]
    found = _read(_book(list(_COLUMNS.values()), _CELLS, spoilt))
    assert found.rows == [_ROW]
    assert "keeps 15 digits only" in found.bad[0].reason.en
    assert "2021234" not in found.bad[0].text


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"x" * 100, b"\xd0\xcf\x11\xe0 no workbook"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(ClearingUnreadable, match="no workbook that can be opened"):
        list(chunks(BytesIO(content), _MAP, TODAY))


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "SHEET_BYTES", 1000)
    with pytest.raises(ClearingUnreadable, match="it unpacks to more than"):
        list(chunks(BytesIO(_book(list(_COLUMNS.values()), _CELLS)), _MAP, TODAY))


# Looking at it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "gb18030"), ("\t", "gb18030"), ("|", "utf-8")]
)
def test_heads_delimiter_and_encoding_are_found(delimiter: str, encoding: str) -> None:
    heads = delimiter.join(_COLUMNS.values())
    line = _LINE.replace('"1,234.50"', "1234.50").replace(",", delimiter)
    content = f"示例月报\n\n{heads}\n{line}\n".encode(encoding)
    found = look_at(BytesIO(content))
    assert found.columns == ColumnMap(
        _COLUMNS, unit="major", head=3, delimiter=delimiter, encoding=encoding
    )
    assert found.headers == list(_COLUMNS.values())
    assert found.samples[0][5] == "622202*********0123"
    assert _read(content, found.columns).rows == [_ROW._replace(line=4)]


def test_a_spreadsheet_is_looked_at_in_the_same_way() -> None:
    found = look_at(BytesIO(_book(["对账单"], [], list(_COLUMNS.values()), _CELLS)))
    assert found.columns == ColumnMap(_COLUMNS, unit="major", head=3)


def test_where_nothing_is_known_nothing_is_guessed() -> None:
    assert look_at(BytesIO(b"a,b\n1,2\n")).columns == ColumnMap({})


def test_a_sum_that_is_not_that_of_the_rows_is_a_bad_line_of_all() -> None:
    def read(total: str) -> list[tuple[int, bool]]:
        stream = BytesIO(f"{_HEADS}\n{_LINE}\n{_LINE}\n{total}\n".encode())
        return [
            (one.line, one.of_all) for chunk in chunks(stream, _MAP, TODAY) for one in chunk.bad
        ]

    assert read('合计,,,,,,"2,469.00",7.40,,,') == []
    assert read('合计,,,,,,"3,703.50",11.10,,,') == [(4, True)]
