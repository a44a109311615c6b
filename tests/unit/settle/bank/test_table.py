"""CSV by a declared table, out and in."""

from datetime import date

import pytest

from annul.domain.payouts import BankSaid
from annul.settle.bank.rows import FileUnreadable, OrderUnfit
from annul.settle.bank.table import AnswerTable, read_csv, write_csv
from tests.support.bank_orders import MESSAGE, order, reference, transfer

_HEAD = "reference,said,amount,currency,code,text,bank_ref,booked_on\n"


def test_an_order_has_a_line_each_transfer() -> None:
    content = write_csv(order(transfer(1), transfer(2, holder='李,"茶"\n&', amount=5)))
    rest = f"102100099996,2026-11-26,2026-11-27,{MESSAGE}"
    assert content.decode().splitlines() == [
        "reference,amount,currency,holder,account,bank,text,execute_on,message",
        f"{reference(1)},10.01,CNY,示例茶馆,6222000000000001,{rest}",
        f'{reference(2)},0.05,CNY,"李,""茶"" &",6222000000000002,{rest}',
    ]


def test_a_bank_has_columns_of_its_own() -> None:
    content = write_csv(order(), {"account": "收款账号", "amount": "金额", "reference": "流水号"})
    assert content.decode() == f"收款账号,金额,流水号\r\n6222000000000001,10.01,{reference(1)}\r\n"


def test_a_column_that_nothing_fills_is_refused() -> None:
    with pytest.raises(OrderUnfit, match="colour"):
        write_csv(order(), {"colour": "colour"})


@pytest.mark.parametrize("parts", [{"amount": 0}, {"account": ""}])
def test_a_transfer_without_amount_or_account_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(OrderUnfit, match=reference(1)):
        write_csv(order(transfer(1, **parts)))


def test_answers_are_read() -> None:
    text = _HEAD + f"{reference(1)},Booked,10.01,CNY,,,B1,2026-11-27\nSALARY,booked,1,CNY,,,,\n"
    found = read_csv(text.encode("utf-8-sig"), AnswerTable())
    (row,) = found.rows
    assert (row.said, row.reference, row.amount) == (BankSaid.BOOKED, reference(1), 1001)
    assert (row.bank_ref, row.booked_on, row.currency) == ("B1", date(2026, 11, 27), "156")
    assert (found.format, found.left_out) == ("CSV", 1)


def test_a_bank_has_words_and_an_encoding_of_its_own() -> None:
    table = AnswerTable(
        columns={"reference": "流水号", "said": "状态", "text": "原因"}, delimiter="|"
    )
    text = f"流水号|状态|原因\n{reference(1)}|退票|账户 6222000000000001 已销户\n"
    (row,) = read_csv(text.encode("gb18030"), table).rows
    assert (row.said, row.text, row.currency) == (BankSaid.RETURNED, "账户 *0001 已销户", "156")


def test_what_is_refused_as_a_repeat_is_on_its_way() -> None:
    (row,) = read_csv(f"{_HEAD}{reference(1)},rejected,,,DU01,,,\n".encode(), AnswerTable()).rows
    assert (row.said, row.code) == (BankSaid.ACCEPTED, "DU01")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b\n", "line 1: "),
        ("reference,reference,said\n", "line 1: "),
        (_HEAD + f"{reference(1)},perhaps,,,,,,\n", "line 2: "),
        (_HEAD + f"{reference(1)},booked,ten,CNY,,,,\n", "line 2: "),
        (_HEAD + f"{reference(1)},booked,1,CNY,,,,27.11.2026\n", "line 2: "),
        (_HEAD + f"{reference(1)},booked\n", "line 2: "),
        (_HEAD + f"{reference(1)},booked,1,CNY,,,,,,,\n", "line 2: "),
        (_HEAD + f'"{reference(1)},booked,1,CNY,,,,\n', "line 2: "),
    ],
)
def test_what_cannot_be_understood_names_its_line(text: str, place: str) -> None:
    with pytest.raises(FileUnreadable, match=f"^{place}"):
        read_csv(text.encode(), AnswerTable())


def test_what_no_column_of_a_database_takes_is_not_given_to_it() -> None:
    text = f"{_HEAD}{reference(1)},booked,1,C\0,A\0C,t\0,B\0,\n"
    (row,) = read_csv(text.encode(), AnswerTable()).rows
    assert (row.currency, row.code, row.text, row.bank_ref) == ("C", "A C", "t", "B")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(FileUnreadable, match="gb18030"):
        read_csv(b"\xff\xff\xff", AnswerTable())
