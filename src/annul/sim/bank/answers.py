"""What the bank writes: status reports, notices and statements of bookings, MT940, CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import groupby
from typing import Final

from annul.domain.money import show
from annul.settle.bank.table import ANSWER_COLUMNS
from annul.settle.bank.values import letters
from annul.settle.bank.xml import Part, written

from .behaviour import BEHAVIOURS, PAYS
from .books import Booking, Books
from .orders import Taken

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd"
_NOON: Final = "T12:00:00+00:00"


def status_report(number: int, day: str, taken: Taken, refused: str) -> bytes:
    """Write a pain.002: the order is refused for a code, or its transfers are told one by one."""
    about = taken.message or "NOTPROVIDED"
    group: list[Part] = [("OrgnlMsgId", about), ("OrgnlMsgNmId", "pain.001.001.09")]
    group += [("GrpSts", "RJCT"), _reason(refused)] if refused else [("GrpSts", "PART")]
    transfers = [] if refused else list(_statuses(taken))
    payment: list[Part] = [("OrgnlPmtInfAndSts", [("OrgnlPmtInfId", about), *transfers])]
    return _document(
        "pain.002.001.10",
        "CstmrPmtStsRpt",
        [
            ("GrpHdr", [("MsgId", f"S{number:09}"), ("CreDtTm", day + _NOON)]),
            ("OrgnlGrpInfAndSts", group),
            *(payment if transfers else ()),
        ],
    )


def _statuses(taken: Taken) -> Iterator[Part]:
    for asked in taken.asked:
        behaviour = BEHAVIOURS.get(asked.ending, PAYS)
        if behaviour.status:
            reason = [_reason(behaviour.code)] if behaviour.code else []
            yield (
                "TxInfAndSts",
                [("OrgnlEndToEndId", asked.reference), ("TxSts", behaviour.status), *reason],
            )


def _reason(code: str) -> Part:
    return "StsRsnInf", [("Rsn", [("Cd", code)])]


def csv_report(_number: int, _day: str, taken: Taken, refused: str) -> bytes:
    """Write the same as CSV; where the order is refused, each of its transfers is."""
    rows: list[dict[str, str]] = []
    for asked in taken.asked:
        behaviour = BEHAVIOURS.get(asked.ending, PAYS)
        code = refused or behaviour.code
        if code or behaviour.status:
            said = "rejected" if code else "accepted"
            rows.append({"reference": asked.reference, "said": said, "code": code})
    return _table(rows)


def csv_notices(_number: int, _day: str, bookings: Sequence[Booking]) -> bytes:
    """Write bookings as CSV."""
    return _table(
        {
            "reference": each.reference,
            "said": each.said,
            "amount": show(each.amount, each.currency),
            "currency": letters(each.currency),
            "code": each.code,
            "bank_ref": each.number,
            "booked_on": each.day,
        }
        for each in bookings
    )


def _table(rows: Iterable[dict[str, str]]) -> bytes:
    file = StringIO()
    writer = csv.DictWriter(file, ANSWER_COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def notices(number: int, day: str, bookings: Sequence[Booking]) -> bytes:
    """Write a camt.054; the payments of an order are one booking with a part for each transfer."""
    header = ("GrpHdr", [("MsgId", f"N{number:09}"), ("CreDtTm", day + _NOON)])
    notice = [
        ("Ntfctn", [("Id", f"N{number:09}-{currency}"), _account(currency), *_entries(these)])
        for currency, these in _by_currency(bookings)
    ]
    return _document("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", [header, *notice])


def statement(number: int, day: str, books: Books) -> bytes:
    """Write a camt.053 of a day, with its balances."""
    header = ("GrpHdr", [("MsgId", f"T{number:09}"), ("CreDtTm", day + _NOON)])
    stated: list[Part] = []
    for currency in books.currencies(day):
        opening, closing = books.balances(day, currency)
        parts = [
            ("Id", f"T{number:09}-{currency}"),
            _account(currency),
            _balance("OPBD", day, currency, opening),
            _balance("CLBD", day, currency, closing),
            *_entries(books.of_day(day, currency)),
        ]
        stated.append(("Stmt", parts))
    return _document("camt.053.001.08", "BkToCstmrStmt", [header, *stated])


def mt940(number: int, day: str, books: Books) -> bytes:
    """Write an MT940 of a day; the end-to-end reference goes over the end of its subfield."""
    lines: list[str] = []
    short = day[2:].replace("-", "")
    for currency in books.currencies(day):
        opening, closing = books.balances(day, currency)
        lines += [f":20:T{number:09}", ":25:ACQUIRER", f":28C:{number}/1"]
        lines.append(f":60F:{_mark(opening)}{short}{letters(currency)}{_comma(opening, currency)}")
        for each in books.of_day(day, currency):
            amount = _comma(each.amount, currency)
            mark = "D" if each.is_debit else "C"
            lines.append(f":61:{short}{short[2:]}{mark}{amount}NTRFNONREF//{each.number}")
            about = f"EREF+{each.reference or 'NOTPROVIDED'}"
            reason = f"?22SVWZ+RTRN+{each.code}" if each.code else "?22SVWZ+PAYMENT"
            lines += [f":86:116?00TRANSFER?20{about[:27]}", f"?21{about[27:]}{reason}"]
        lines.append(f":62F:{_mark(closing)}{short}{letters(currency)}{_comma(closing, currency)}")
        lines.append("-")
    return "\r\n".join([*lines, ""]).encode()


def _mark(balance: int) -> str:
    return "D" if balance < 0 else "C"


def _comma(amount: int, currency: str) -> str:
    shown = show(abs(amount), currency).replace(".", ",")
    return shown if "," in shown else f"{shown},"


def _by_currency(bookings: Iterable[Booking]) -> Iterator[tuple[str, list[Booking]]]:
    for currency in sorted({each.currency for each in bookings}):
        yield currency, [each for each in bookings if each.currency == currency]


def _entries(bookings: Iterable[Booking]) -> Iterator[Part]:
    """Give an entry for what was booked in a row of one order the same way."""

    def batch(each: Booking) -> tuple[str, str, str]:
        return each.day, each.said, each.message

    for (day, _, message), grouped in groupby(bookings, batch):
        these = list(grouped)
        first = these[0]
        order = [("Btch", [("PmtInfId", message)])] if message else []
        total = sum(each.amount for each in these)
        yield (
            "Ntry",
            [
                _amount(total, first.currency),
                ("CdtDbtInd", "DBIT" if first.is_debit else "CRDT"),
                ("Sts", [("Cd", "BOOK")]),
                ("BookgDt", [("Dt", day)]),
                ("AcctSvcrRef", first.number),
                ("BkTxCd", [("Prtry", [("Cd", "TRANSFER")])]),
                ("NtryDtls", [*order, *map(_detail, these)]),
            ],
        )


def _detail(each: Booking) -> Part:
    reason = [("RtrInf", [("Rsn", [("Cd", each.code)])])] if each.code else []
    about = each.reference or "NOTPROVIDED"
    return (
        "TxDtls",
        [
            ("Refs", [("AcctSvcrRef", each.number), ("EndToEndId", about)]),
            _amount(each.amount, each.currency),
            ("CdtDbtInd", "DBIT" if each.is_debit else "CRDT"),
            *reason,
        ],
    )


def _amount(amount: int, currency: str) -> Part:
    return f'Amt Ccy="{letters(currency)}"', show(amount, currency)


def _account(currency: str) -> Part:
    return "Acct", [("Id", [("Othr", [("Id", "ACQUIRER")])]), ("Ccy", letters(currency))]


def _balance(kind: str, day: str, currency: str, amount: int) -> Part:
    return (
        "Bal",
        [
            ("Tp", [("CdOrPrtry", [("Cd", kind)])]),
            _amount(abs(amount), currency),
            ("CdtDbtInd", "DBIT" if amount < 0 else "CRDT"),
            ("Dt", [("Dt", day)]),
        ],
    )


def _document(version: str, message: str, parts: Sequence[Part]) -> bytes:
    body = written((f'Document xmlns="{_NAMESPACE}:{version}"', [(message, parts)]))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()
