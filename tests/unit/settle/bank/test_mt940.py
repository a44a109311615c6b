"""MT940: marks of debit and credit, references over several lines, balances that must agree."""

import logging
from datetime import date

import pytest

from annul.domain.payouts import BankSaid
from annul.settle.bank.mt940 import read_mt940
from annul.settle.bank.rows import FileUnreadable
from tests.support.bank_orders import reference

_ONE = "0123456789abcdef0123456789abcdef"


def _statement(*entries: str, opening: str = "1000,", closing: str = "1000,") -> str:
    return (
        ":20:STATEMENT\n:25:6222999900001111\n:28C:1/1\n"
        f":60F:C261127CNY{opening}\n" + "".join(entries) + f":62F:C261127CNY{closing}\n-\n"
    )


def _entry(mark: str, amount: str, details: str, extra: str = "") -> str:
    return f":61:2611271127{mark}{amount}NTRFNONREF//B1\n{extra}:86:{details}\n"


@pytest.mark.parametrize(
    ("mark", "closing", "said"),
    [
        ("D", "990,", BankSaid.BOOKED),
        ("C", "1010,", BankSaid.RETURNED),
        ("RD", "1010,", BankSaid.RETURNED),
        ("RC", "990,", BankSaid.BOOKED),
        ("DR", "990,", BankSaid.BOOKED),  # the third letter of the currency after the mark
    ],
)
def test_a_mark_says_what_happened(mark: str, closing: str, said: BankSaid) -> None:
    text = _statement(_entry(mark, "10,00", f"/EREF/{_ONE}/REMI/x"), closing=closing)
    (row,) = read_mt940(text.encode()).rows
    assert (row.said, row.reference, row.amount, row.currency) == (said, _ONE, 1000, "156")
    assert (row.bank_ref, row.booked_on, row.line) == ("B1", date(2026, 11, 27), 1)


@pytest.mark.parametrize(
    "details",
    [
        f"116?00PAYOUT?20EREF+{_ONE[:22]}\n?21{_ONE[22:]}ABWA+X?22SVWZ+y",
        f"116?00PAYOUT?20EREF+{_ONE[:22]}?21{_ONE[22:]}?22SVWZ+{reference(9)}",
        f"/EREF/{_ONE[:20].upper()}\n{_ONE[20:].upper()}/REMI/{reference(9)}",
        f"EREF: {_ONE}",
        f"payout {_ONE}\nof yesterday",
    ],
)
def test_a_reference_is_found_over_lines_and_fields(details: str) -> None:
    text = _statement(_entry("D", "10,00", details), closing="990,")
    (row,) = read_mt940(text.encode()).rows
    assert row.reference == _ONE


def test_a_reference_may_stand_in_the_supplementary_details() -> None:
    text = _statement(_entry("D", "10,00", "x", f"{_ONE}\n"), closing="990,")
    (row,) = read_mt940(text.encode()).rows
    assert row.reference == _ONE


@pytest.mark.parametrize(
    "details",
    [
        "charges",
        f"?20EREF+SALARY?21SVWZ+{_ONE}",
        f"/EREF/{_ONE}0/REMI/",
        f"{_ONE} {reference(9)}",
        f"{_ONE}0",
        f"{_ONE[:20]}\n{_ONE[20:]}",  # unmarked, and no one's word that this is one number
        f"{_ONE}\n".replace("f", "f\n") * 3,
    ],
)
def test_what_is_of_others_is_left_out(details: str) -> None:
    found = read_mt940(_statement(_entry("D", "10,00", details), closing="990,").encode())
    assert (found.rows, found.left_out) == ((), 1)


def test_a_reason_is_read() -> None:
    text = _statement(_entry("C", "10,00", f"/EREF/{_ONE}/RTRN/AC04/REMI/x"), closing="1010,")
    assert read_mt940(text.encode()).rows[0].code == "AC04"


def test_several_statements_and_line_ends_of_either_kind() -> None:
    text = _statement(_entry("D", "10,00", f"/EREF/{_ONE}/"), closing="990,") * 2
    rows = read_mt940(text.replace("\n", "\r\n").encode("utf-8-sig")).rows
    assert [row.line for row in rows] == [1, 2]


def test_pages_have_balances_of_their_own() -> None:
    text = _statement(_entry("D", "10,00", f"/EREF/{_ONE}/"), closing="990,")
    pages = text.replace(":62F:", ":62M:") + text.replace(
        ":60F:C261127CNY1000,", ":60M:C261127CNY1000,"
    )
    assert len(read_mt940(pages.encode()).rows) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: text.index(":62F:")],
        lambda text: text.replace(":60F:C261127CNY1000,\n", ""),
        lambda text: text.replace("D10,00", "Dx"),
        lambda text: text.replace(":61:2611271127", ":61:2613331127"),
        lambda text: text.replace("D10,00", "D1,0,0"),
        lambda text: text.replace("D10,00", "D11,00"),
        lambda text: text.replace(":61:", ":61"),  # swallowed by what stands before
        lambda text: text.replace(":62F:C", ":62F:D"),
    ],
)
def test_a_statement_that_does_not_agree_stops_the_file(
    spoil, caplog: pytest.LogCaptureFixture
) -> None:
    good = _statement(_entry("D", "10,00", f"/EREF/{_ONE}/"), closing="990,")
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(FileUnreadable, match=r"^statement at line 9: ") as refused,
    ):
        read_mt940((good + spoil(good)).encode())
    assert "6222999900001111" not in caplog.text + str(refused.value)


def test_a_text_keeps_the_last_four_of_an_account() -> None:
    text = _statement(
        _entry("D", "10,00", f"?20EREF+{_ONE}?31DE89370400440532013000?32NAME"), closing="990,"
    )
    (row,) = read_mt940(text.encode()).rows
    assert "*3000 NAME" in row.text
    assert "370400" not in row.text


@pytest.mark.parametrize(
    "given",
    ["6222999900001111", "6222 9999 0000 1111", "6222999900001111CNY", "6222999900001111/cny"],
)
def test_a_row_has_the_account_of_its_statement_and_shows_it_to_nobody(given: str) -> None:
    text = _statement(_entry("D", "10,00", f"/EREF/{_ONE}"), closing="990,")
    (row,) = read_mt940(text.replace("6222999900001111", given).encode()).rows
    assert row.account == "6222999900001111"
    assert "1111" not in repr(row)
