"""What rows and bad lines show: never a card."""

from annul.domain.text import Text
from annul.settle.clearing.rows import SHOWN, bad
from tests.support.clearing_rows import SALE

_WHY = Text("原因", "why")


def test_a_row_in_a_log_shows_no_card() -> None:
    assert SALE.card not in repr(SALE)
    assert SALE.card not in f"{[SALE]}"


def test_a_bad_line_is_masked_before_it_is_cut() -> None:
    for before in range(SHOWN - 19, SHOWN + 1):
        text = bad(1, _WHY, "x" * before + "6200000000000005").text
        assert len(text) <= SHOWN
        assert "6200000" not in text


def test_a_number_as_long_as_a_cards_is_masked_without_a_right_digit_too() -> None:
    assert bad(1, _WHY, "6222021234567890124").text == "622202*********0124"


def test_what_cannot_be_printed_is_a_blank() -> None:
    assert bad(1, _WHY, "a\x1b[31m\0b\u202ec").text == "a [31m b c"
