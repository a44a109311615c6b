"""CSV for banks that take or give nothing else: what its columns mean is declared."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from types import MappingProxyType
from typing import Final

from annul.domain.money import show
from annul.domain.payouts import BankSaid

from .rows import REPEATS, BankFile, BankRow, FileUnreadable, Order, OrderUnfit, Transfer
from .values import day, letters, minor, numeric, ours, plain, short, told

# What may stand in a column of an order, and its name where the bank asks for no other.
ORDER_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        what: what
        for what in (
            *("reference", "amount", "currency", "holder", "account", "bank"),
            *("text", "execute_on", "message"),
        )
    }
)
ANSWER_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        what: what
        for what in (
            *("reference", "said", "amount", "currency", "code"),
            *("text", "bank_ref", "booked_on"),
        )
    }
)
SAID: Final[Mapping[str, BankSaid]] = MappingProxyType(
    {
        **{said.value: said for said in BankSaid},
        "已受理": BankSaid.ACCEPTED,
        "成功": BankSaid.BOOKED,
        "失败": BankSaid.REJECTED,
        "退票": BankSaid.RETURNED,
    }
)


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """How the answers of a bank stand in a CSV file: what a column holds, and its name there.

    `said` are the bank's words, in lower case. Without a column of currency all is in `currency`.
    The first of the encodings that fits is taken.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: ANSWER_COLUMNS)
    said: Mapping[str, BankSaid] = field(default_factory=lambda: SAID)
    currency: str = "156"
    delimiter: str = ","
    encodings: tuple[str, ...] = ("utf-8-sig", "gb18030")


def write_csv(order: Order, columns: Mapping[str, str] = ORDER_COLUMNS) -> bytes:
    """Write an order, a line each transfer, with a bank's columns; raises `OrderUnfit`.

    `columns` are in order: what stands in a column, and its name.
    """
    unknown = set(columns) - set(ORDER_COLUMNS)
    if unknown:
        message = f"no column can hold {', '.join(sorted(unknown))}"
        raise OrderUnfit(message)
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns.values())
    for transfer in order.transfers:
        values = _values(order, transfer)
        writer.writerow(values[what] for what in columns)
    return file.getvalue().encode()


def _values(order: Order, transfer: Transfer) -> dict[str, str]:
    if transfer.amount <= 0 or not transfer.account:
        message = f"transfer {transfer.reference} has no amount, or no account"
        raise OrderUnfit(message, transfer.reference)
    return {
        "reference": transfer.reference,
        "amount": show(transfer.amount, order.currency),
        "currency": letters(order.currency),
        "holder": plain(transfer.holder),
        "account": plain(transfer.account),
        "bank": plain(transfer.bank),
        "text": plain(transfer.text),
        "execute_on": order.execute_on.isoformat(),
        "message": order.message,
    }


def read_csv(content: bytes, table: AnswerTable) -> BankFile:
    """Read a bank's answers; raises `FileUnreadable`, which names the line."""
    reader = csv.DictReader(
        StringIO(_decoded(content, table), newline=""), delimiter=table.delimiter, strict=True
    )
    rows: list[BankRow] = []
    left_out = 0
    try:
        _check_head(reader.fieldnames or (), table)
        for given in reader:
            row = _row(len(rows) + 1, given, table, f"line {reader.line_num}")
            if row is None:
                left_out += 1
            else:
                rows.append(row)
    except csv.Error as error:
        message = f"line {reader.reader.line_num}: not a table"
        raise FileUnreadable(message) from error
    return BankFile("CSV", tuple(rows), left_out)


def _check_head(given: Sequence[str], table: AnswerTable) -> None:
    for what in ("reference", "said"):
        name = table.columns.get(what, "")
        if given.count(name) != 1:
            message = f"line 1: it is no XML and no MT940, and has not one column {name or what}"
            raise FileUnreadable(message)


def _decoded(content: bytes, table: AnswerTable) -> str:
    for encoding in table.encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    message = f"it is text in none of {', '.join(table.encodings)}"
    raise FileUnreadable(message)


def _row(line: int, given: dict[str, str], table: AnswerTable, place: str) -> BankRow | None:
    def value(name: str) -> str:
        return (given.get(table.columns.get(name, "")) or "").strip()

    if None in given or None in given.values():
        message = f"{place}: it has not as many cells as there are columns"
        raise FileUnreadable(message)
    reference = ours(value("reference"))
    if not reference:
        return None
    said = table.said.get(value("said").lower())
    if said is None:
        message = f"{place}: no meaning is declared for its {table.columns['said']}"
        raise FileUnreadable(message)
    currency = numeric(value("currency")) or table.currency
    return BankRow(
        line=line,
        said=BankSaid.ACCEPTED if value("code") in REPEATS else said,
        reference=reference,
        currency=currency,
        amount=minor(value("amount"), currency, place) if value("amount") else 0,
        code=short(value("code")),
        text=told(value("text")),
        bank_ref=short(value("bank_ref")),
        booked_on=day(value("booked_on"), place),
    )
