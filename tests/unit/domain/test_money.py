"""Amounts as people write them, as they are shown, and shares of them."""

import pytest

from annul.domain import money


@pytest.mark.parametrize(
    ("text", "minor"), [("100", 10_000), ("100.5", 10_050), ("0.01", 1), (" 12.34 ", 1_234)]
)
def test_amounts_are_read(text: str, minor: int) -> None:
    assert money.parse(text) == minor


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "1.234", "1,00", "", "abc", "9" * 13, "１"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(money.AmountError):
        money.parse(text)


def test_currencies_without_decimals() -> None:
    assert money.parse("100", "392") == 100
    with pytest.raises(money.AmountError):
        money.parse("100.5", "392")
    assert money.show(100, "392") == "100"


@pytest.mark.parametrize(("minor", "text"), [(1, "0.01"), (10_000, "100.00"), (-5, "-0.05")])
def test_amounts_are_shown(minor: int, text: str) -> None:
    assert money.show(minor) == text


def test_a_currency_that_is_not_known_is_shown_with_two_digits() -> None:
    assert money.show(12_345, "999") == "123.45"


def test_the_largest_amount_is_twelve_digits() -> None:
    assert money.parse("9999999999.99") == money.LARGEST == 10**12 - 1
    with pytest.raises(money.AmountError, match="between the smallest unit"):
        money.parse("10000000000.00")
    assert money.parse("999999999999", "392") == money.LARGEST


def test_a_mistaken_amount_is_quoted() -> None:
    with pytest.raises(money.AmountError, match=r"'1\.234' is not an amount with at most 2"):
        money.parse("1.234")
    with pytest.raises(money.AmountError, match="at most 0 decimals"):
        money.parse("1.0", "392")


@pytest.mark.parametrize(
    ("amount", "rate_ppm", "part"),
    [(100, 5_000, 1), (99, 5_000, 0), (10_000, 5_000, 50), (1, 499_999, 0), (1, 500_000, 1)],
)
def test_shares_are_rounded_half_up(amount: int, rate_ppm: int, part: int) -> None:
    assert money.share(amount, rate_ppm) == part


@pytest.mark.parametrize(
    ("minor", "currency", "zh", "en"),
    [
        (1_234_567, "156", "¥12,345.67", "CNY 12,345.67"),
        (-5, "156", "-¥0.05", "-CNY 0.05"),
        (1_234_567, "392", "JP¥1,234,567", "JPY 1,234,567"),
        (100, "840", "US$1.00", "USD 1.00"),
        (100, "036", "036 1.00", "036 1.00"),
        (100, "", "1.00", "1.00"),
    ],
)
def test_amounts_are_told_as_each_language_does(
    minor: int, currency: str, zh: str, en: str
) -> None:
    assert money.told(minor, currency) == (zh, en)
