"""Orders as the bank takes them: pain.001, held against its schema, or CSV; sums must agree."""

import csv
from dataclasses import dataclass
from io import StringIO

from annul.settle.bank.pain001 import VERSIONS, find_fault
from annul.settle.bank.rows import FileUnreadable
from annul.settle.bank.table import ORDER_COLUMNS
from annul.settle.bank.values import minor, numeric
from annul.settle.bank.xml import elements, forget, kind, text_at


@dataclass(frozen=True, slots=True)
class Asked:
    """A transfer that is asked for; of the account the last two digits, by which it is treated."""

    reference: str
    amount: int  # minor units
    ending: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An order; `refused` is the code for which the bank takes nothing of it, as FF01."""

    format: str
    message: str
    currency: str = ""  # its number
    asked: tuple[Asked, ...] = ()
    refused: str = ""


def take(content: bytes) -> Taken:
    """Read an order. What cannot be read at all is an order without a message, and refused."""
    try:
        if not content.lstrip().startswith(b"<"):
            return _from_csv(content)
        version = kind(content)
        if version not in VERSIONS or find_fault(content, version):
            return Taken("pain.001", _message(content), refused="FF01")
        return _from_xml(content)
    except FileUnreadable:
        return Taken("CSV" if content[:1] != b"<" else "pain.001", "", refused="FF01")


def _message(content: bytes) -> str:
    return next((text_at(found, "MsgId") for _, found in elements(content, ["GrpHdr"])), "")


def _from_xml(content: bytes) -> Taken:
    message = currency = count = total = ""
    asked: list[Asked] = []
    for name, element in elements(content, ("GrpHdr", "CdtTrfTxInf")):
        if name == "GrpHdr":
            message = text_at(element, "MsgId")
            count, total = text_at(element, "NbOfTxs"), text_at(element, "CtrlSum")
        else:
            amount = element.find("{*}Amt/{*}InstdAmt")
            currency = numeric(amount.get("Ccy"))
            account = text_at(element, "CdtrAcct/Id/IBAN", "CdtrAcct/Id/Othr/Id")
            asked.append(
                Asked(
                    reference=text_at(element, "PmtId/EndToEndId"),
                    amount=minor(amount.text, currency, "amount"),
                    ending=account[-2:],
                )
            )
        forget(element)
    refused = "AM18" if count != str(len(asked)) else ""  # the number of transactions
    if total and minor(total, currency, "sum") != sum(each.amount for each in asked):
        refused = "AM10"
    return Taken("pain.001", message, currency, tuple(asked), refused)


def _from_csv(content: bytes) -> Taken:
    try:
        rows = list(csv.DictReader(StringIO(content.decode(), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        return Taken("CSV", "", refused="FF01")
    if not rows or set(rows[0]) != set(ORDER_COLUMNS) or None in rows[-1].values():
        return Taken("CSV", "", refused="FF01")
    currency = numeric(rows[0]["currency"])
    asked = tuple(
        Asked(row["reference"], minor(row["amount"], currency, "amount"), row["account"][-2:])
        for row in rows
    )
    return Taken("CSV", rows[0]["message"], currency, asked)
