"""Lines of fixed positions: what is read of them, and what is said of a bad one."""

from datetime import date

import pytest

from annul.settle.clearing.fixed import days, known, read_lines
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.write import line
from tests.support.clearing_rows import SALE, TODAY

_COM, _COMA = LAYOUTS["COM"], LAYOUTS["COMA"]
_LINE = line(_COM, SALE).decode("latin-1")


def _put(text: str, start: int, value: str) -> str:
    """Put a value at a byte, from 1."""
    return text[: start - 1] + value + text[start - 1 + len(value) :]


def _why(text: str, layout: str = "COM") -> str:
    chunk = read_lines(LAYOUTS[layout], [text], 7, TODAY)
    assert chunk.rows == []
    assert [bad.line for bad in chunk.bad] == [7]
    assert chunk.bad[0].reason.zh
    return chunk.bad[0].reason.en


def test_a_line_is_a_row_with_and_without_the_end_of_other_systems() -> None:
    chunk = read_lines(_COM, [_LINE, _LINE + "\r"], 1, TODAY)
    assert chunk.rows == [SALE, SALE._replace(line=2)]
    assert (chunk.bad, chunk.passed) == ([], 0)


@pytest.mark.parametrize(
    ("start", "value", "said"),
    [
        (25, "00 123", "bytes 25-30, trace: expected digits"),
        (25, "00012３".encode("gbk").decode("latin-1"), "bytes 25-30, trace: expected digits"),
        (32, "0230120000", "bytes 32-41, time of transmission: expected a time MMDDhhmmss"),
        (32, "1127240000", "bytes 32-41, time of transmission: expected a time MMDDhhmmss"),
        (43, "622202123456       ", "bytes 43-61, card number: expected"),
        (43, "62220212345 7890123", "bytes 43-61, card number: expected"),
        (63, "000000000000", "bytes 63-74, amount: expected an amount above zero"),
        (63, "-00000012300", "bytes 63-74, amount: expected an amount above zero"),
        (63, "     0012300", "bytes 63-74, amount: expected an amount above zero"),
        (128, " " * 15, "bytes 128-142, merchant: expected a code that is not empty"),
        (144, "12345678901\0", "bytes 144-155, reference number: expected a code, or blanks"),
        (219, "000000000004", "bytes 219-230, fee of the switch: expected C or D"),
        (62, "x", "byte 62: a blank is expected before amount"),
        (107, "48", "no meaning is declared for its type 02004800"),
    ],
)
def test_the_first_bad_field_is_named(start: int, value: str, said: str) -> None:
    assert _why(_put(_LINE, start, value)).startswith(said)


def test_a_line_that_is_cut_or_goes_on_says_how_long_it_is() -> None:
    assert _why(_LINE[:100]) == "it ends after byte 100 of 299, where message type is due"
    assert _why(_LINE[:298]) == "it ends after byte 298 of 299, where other information is due"
    assert _why(_LINE + " ") == "it has 300 bytes where COM has 299"
    assert _why("x") == "it ends after byte 1 of 299, where acquirer is due"


def test_blank_lines_and_the_mark_of_the_end_are_passed_over() -> None:
    chunk = read_lines(_COM, ["", "   ", "\x1a", "\r", _LINE, "\x1a\r"], 1, TODAY)
    assert [row.line for row in chunk.rows] == [5]
    assert (chunk.bad, chunk.passed) == ([], 5)


def test_what_moves_no_money_is_passed_over() -> None:
    asked = _put(_put(_LINE, 107, "30"), 102, "0200")
    chunk = read_lines(_COM, [asked], 1, TODAY)
    assert (chunk.rows, chunk.bad, chunk.passed) == ([], [], 1)


def test_a_name_in_gbk_keeps_positions_and_one_in_utf_8_is_understood() -> None:
    row = SALE._replace(settles_on=TODAY, undone="C")
    name = "示例茶馆（测试）一号店"
    plain = line(_COMA, row)
    gbk = plain[:336] + name.encode("gbk").ljust(40) + plain[376:]
    utf8 = plain[:336] + name.encode().ljust(40 + len(name)) + plain[376:]
    chunk = read_lines(_COMA, [one.decode("latin-1") for one in (gbk, utf8)], 1, TODAY)
    assert chunk.bad == []
    assert chunk.rows == [row, row._replace(line=2)]


@pytest.mark.parametrize(
    ("got", "paid", "switch", "fee"),
    [
        ("000000000000", "000000000012", "D00000000004", 16),
        ("000000000020", "000000000000", "D00000000004", -16),
        ("000000000000", "000000000000", "C00000000000", 0),
        ("C00000000020", "D00000000012", "C00000000004", -12),
        ("D00000000005", "C00000000002", "D00000000000", 3),
    ],
)
def test_a_fee_is_what_the_acquirer_pays(got: str, paid: str, switch: str, fee: int) -> None:
    text = _put(_put(_put(_LINE, 193, got), 206, paid), 219, switch)
    assert read_lines(_COM, [text], 1, TODAY).rows[0].fee == fee


@pytest.mark.parametrize("card", ["622202123456789", "6222021234567890123", "6222021234567"])
def test_cards_have_13_to_19_digits(card: str) -> None:
    text = line(_COM, SALE._replace(card=card)).decode("latin-1")
    assert read_lines(_COM, [text], 1, TODAY).rows[0].card == card


def test_a_masked_card_or_none_is_no_card() -> None:
    plain = line(LAYOUTS["ZM"], SALE).decode("latin-1")
    shown = [_put(plain, 47, "622202******0123   "), _put(plain, 47, " " * 19)]
    chunk = read_lines(LAYOUTS["ZM"], shown, 1, TODAY)
    assert [row.card for row in chunk.rows] == ["", ""]


def test_zeros_and_blanks_name_no_original() -> None:
    zeros = _put(_put(_LINE, 179, "0" * 6), 242, "0" * 10)
    named = _put(_put(_LINE, 179, "000120"), 242, "1126080910")
    rows = read_lines(_COM, [zeros, named], 1, TODAY).rows
    assert [(row.original_trace, row.original_at) for row in rows] == [
        ("", ""),
        ("000120", "1126080910"),
    ]


def test_a_reversed_and_voided_line_counts_as_reversed() -> None:
    text = line(_COMA, SALE._replace(settles_on=TODAY)).decode("latin-1")
    assert read_lines(_COMA, [_put(_put(text, 325, "R"), 327, "C")], 1, TODAY).rows[0].undone == "R"


@pytest.mark.parametrize(
    ("today", "told", "means"),
    [
        (date(2026, 11, 27), "1128", date(2026, 11, 28)),
        (date(2026, 12, 31), "0101", date(2027, 1, 1)),
        (date(2027, 1, 1), "1231", date(2026, 12, 31)),
        (date(2028, 3, 1), "0229", date(2028, 2, 29)),
        (date(2028, 1, 31), "0229", date(2028, 2, 29)),
    ],
)
def test_a_day_without_a_year_is_the_one_next_to_today(today: date, told: str, means: date) -> None:
    assert days(today)[told] == means


def test_the_29th_of_february_of_another_year_is_bad() -> None:
    text = line(_COMA, SALE._replace(settles_on=date(2028, 2, 29))).decode("latin-1")
    chunk = read_lines(_COMA, [text], 1, date(2027, 3, 1))
    assert chunk.bad[0].reason.en == "the settlement date 0229 is none in its year"
    assert read_lines(_COMA, [text], 1, date(2028, 3, 1)).rows[0].settles_on == date(2028, 2, 29)


@pytest.mark.parametrize("lost", range(0, 60, 7))
def test_a_bad_line_shows_no_card_even_where_bytes_are_lost(lost: int) -> None:
    text = _LINE[:lost] + _LINE[lost + 1 :]
    spoilt = text[:50] + "?" + text[51:]
    for one in (text, spoilt, _put(_LINE, 55, "?")):
        bad = read_lines(_COM, [one], 1, TODAY).bad[0]
        assert "4567" not in bad.text
        assert "2021" not in bad.text
        assert len(bad.text) <= 200


def test_a_line_is_known_as_of_one_layout_only() -> None:
    row = SALE._replace(settles_on=TODAY)
    for name, layout in LAYOUTS.items():
        meaning = next(one for one in layout.meanings.values() if one.effect)
        text = line(layout, row._replace(kind=meaning.kind, effect=meaning.effect or ""))
        of = [one for one in LAYOUTS.values() if known(one, text.decode("latin-1"))]
        assert [one.name for one in of] == [name]
