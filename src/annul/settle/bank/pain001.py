"""Credit transfers as pain.001, held against the official schema before they are given out.

The schemas are those that the package sepaxml carries; nothing else of it is loaded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

import lxml.etree

from annul.domain.money import show

from .rows import Order, OrderUnfit, Transfer
from .values import letters, plain
from .xml import Part, forget, written

VERSIONS: Final = ("pain.001.001.09", "pain.001.001.03")
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
# What the versions call otherwise.
_BIC: Final[Mapping[str, str]] = MappingProxyType(
    dict(zip(VERSIONS, ("BICFI", "BIC"), strict=True))
)
_IS_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_IS_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", re.ASCII)
_IS_CNAPS: Final = re.compile(r"\d{12}", re.ASCII)  # a bank's number in China's clearing
_ELEMENT: Final = re.compile(r"Element '(?:\{[^}]*\})?(\w+)'")


def write_pain001(order: Order, version: str = VERSIONS[0]) -> bytes:
    """Write an order of one or more transfers, each on a line; raises `OrderUnfit`."""
    head = "".join(map(written, _payment(order, version)))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<Document xmlns="{NAMESPACE}{version}"><CstmrCdtTrfInitn>',
        f"{written(_header(order))}<PmtInf>{head}",
    ]
    before = len(lines)
    lines += [written(_transfer(order.currency, each, version)) for each in order.transfers]
    content = "\n".join([*lines, "</PmtInf></CstmrCdtTrfInitn></Document>"]).encode()
    if fault := find_fault(content, version):
        line, element = fault
        bad = order.transfers[line - before - 1 : line - before] if line > before else ()
        where = f"transfer {bad[0].reference}" if bad else f"order {order.message}"
        message = f"{version} does not allow {element} of {where}"
        raise OrderUnfit(message, bad[0].reference if bad else "")
    return content


def find_fault(content: bytes, version: str) -> tuple[int, str] | None:
    """Hold a file against its schema, line by line; give the line and the element at fault."""
    parser = lxml.etree.XMLPullParser(
        events=("end",),
        tag="{*}CdtTrfTxInf",
        schema=schema(version),  # with resolve_entities=False what is no XML would pass (lxml 6.1)
    )
    number = 0
    try:
        for line in content.splitlines(keepends=True):
            number += 1
            parser.feed(line)
            for _, element in parser.read_events():
                forget(element)
            if len(parser.feed_error_log):
                return number, _named(parser.feed_error_log[0].message)
        parser.close()
    except lxml.etree.XMLSyntaxError as error:
        return number, _named(error.msg)
    return None


def _named(words: str | None) -> str:
    """Give the element of which the parser speaks; the rest of its words may tell an account."""
    named = _ELEMENT.match(words or "")
    return named[1] if named else "what is no XML"


@cache
def schema(version: str) -> lxml.etree.XMLSchema:
    """Load an official schema."""
    package = find_spec("sepaxml")
    assert package
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0])
    return lxml.etree.XMLSchema(lxml.etree.parse(folder / "schemas" / f"{version}.xsd"))


def _header(order: Order) -> Part:
    return (
        "GrpHdr",
        (
            ("MsgId", order.message),
            ("CreDtTm", order.made_at.isoformat(timespec="seconds")),
            *_sums(order),
            ("InitgPty", (("Nm", plain(order.debtor)),)),
        ),
    )


def _sums(order: Order) -> tuple[Part, ...]:
    total = sum(transfer.amount for transfer in order.transfers)
    return (("NbOfTxs", str(len(order.transfers))), ("CtrlSum", show(total, order.currency)))


def _payment(order: Order, version: str) -> Iterator[Part]:
    """Give the one batch of a file; its id is the file's: answers to either mean the same."""
    due = order.execute_on.isoformat()
    yield "PmtInfId", order.message
    yield "PmtMtd", "TRF"
    yield "BtchBookg", "true"
    yield from _sums(order)
    yield "ReqdExctnDt", due if version == "pain.001.001.03" else (("Dt", due),)
    yield "Dbtr", (("Nm", plain(order.debtor)),)
    yield "DbtrAcct", (("Id", _account(order.debtor_account)), ("Ccy", letters(order.currency)))
    yield "DbtrAgt", _bank(order.debtor_bank, version)


def _transfer(currency: str, transfer: Transfer, version: str) -> Part:
    if transfer.amount <= 0:
        message = f"transfer {transfer.reference} has no amount"
        raise OrderUnfit(message, transfer.reference)
    amount = f'InstdAmt Ccy="{escape(letters(currency))}"'
    bank = (("CdtrAgt", _bank(transfer.bank, version)),) if transfer.bank else ()
    text = plain(transfer.text)
    return (
        "CdtTrfTxInf",
        (
            ("PmtId", (("EndToEndId", transfer.reference),)),
            ("Amt", ((amount, show(transfer.amount, currency)),)),
            *bank,
            ("Cdtr", (("Nm", plain(transfer.holder)),)),
            ("CdtrAcct", (("Id", _account(transfer.account)),)),
            *((("RmtInf", (("Ustrd", text),)),) if text else ()),
        ),
    )


def _account(number: str) -> Sequence[Part]:
    """Name an account by IBAN if its check digits hold, else as the bank's own number."""
    if _IS_IBAN.fullmatch(number):
        turned = number[4:] + number[:4]
        if int("".join(str(int(character, 36)) for character in turned)) % 97 == 1:
            return (("IBAN", number),)
    return (("Othr", (("Id", number),)),)


def _bank(number: str, version: str) -> Sequence[Part]:
    if not number:
        named: Part = ("Othr", (("Id", "NOTPROVIDED"),))
    elif _IS_BIC.fullmatch(number):
        named = (_BIC[version], number)
    else:
        system = (("ClrSysId", (("Cd", "CNAPS"),)),) if _IS_CNAPS.fullmatch(number) else ()
        named = ("ClrSysMmbId", (*system, ("MmbId", number)))
    return (("FinInstnId", (named,)),)
