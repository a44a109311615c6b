"""MT940: what a bank has booked, in SWIFT's older form; taken apart by the library mt-940."""

import logging
import re
from datetime import date
from decimal import Decimal
from typing import Any, Final

import mt940
from mt940.options import Options

from annul.domain.payouts import BankSaid

from .rows import BankFile, BankRow, FileUnreadable
from .values import bare, letters, minor, numeric, short, told

# The library logs what it reads, accounts with it.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

# A debit; a credit; a credit taken back; a debit taken back.
_SAID: Final = {
    "D": BankSaid.BOOKED,
    "C": BankSaid.RETURNED,
    "RC": BankSaid.BOOKED,
    "RD": BankSaid.RETURNED,
}
# The library would take the details apart and drop what it does not know: they stay as they are.
_RAW: Final = {"post_transaction_details": []}
_OPTIONS: Final = Options(unbounded_details=True, case_insensitive_marks=True)
_BLOCK: Final = re.compile(r"^(?=:20:)", re.MULTILINE)
_ACCOUNT: Final = re.compile(r"^:25P?:(.*)", re.MULTILINE)
# A reference that is marked may go over the end of a line or of a subfield.
_GAP: Final = r"(?:\n?\?\d\d|\n)"
_HEX: Final = rf"(?:[0-9A-Fa-f]{_GAP}?){{31}}[0-9A-Fa-f]"
_GAPS: Final = re.compile(_GAP)
_MARK: Final = re.compile(r"EREF[+:] ?|/EREF/|/ROC/")
_MARKED: Final = re.compile(
    rf"(?:{_MARK.pattern}){_GAP}?({_HEX})(?={_GAP}|[A-Z]{{4}}[+:]|[^0-9A-Za-z-]|$)"
)
_BARE: Final = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{32})(?![0-9A-Za-z])")
_REASON: Final = re.compile(r"(?:/RTRN/|RTRN[+:])([A-Z]{2}\d{2})")


def read_mt940(content: bytes) -> BankFile:
    """Read one statement or several; raises `FileUnreadable`, as where a balance does not agree."""
    text = decoded(content)
    rows: list[BankRow] = []
    left_out = 0
    line = 1
    for block in _BLOCK.split(text):
        if block.startswith(":20:"):
            account = _ACCOUNT.search(block)
            for transaction in _transactions(block, f"statement at line {line}"):
                where = f"statement at line {line}"
                row = _row(len(rows) + 1, transaction, account[1] if account else "", where)
                if row is None:
                    left_out += 1
                else:
                    rows.append(row)
        line += block.count("\n")
    return BankFile("MT940", tuple(rows), left_out)


def decoded(content: bytes) -> str:
    """Give a file's text; what is not UTF-8 is one byte a character, as only free text would be."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n")


def _transactions(block: str, place: str) -> list[dict[str, Any]]:
    """Take a statement apart; between its balances must be what its entries come to."""
    try:
        (statement,) = mt940.parse_statements(block, processors=_RAW, options=_OPTIONS)
        entries = [transaction.data for transaction in statement.transactions]
        opening = _balance(statement.data, "opening")
        closing = _balance(statement.data, "closing")
        moved = sum((_signed(entry) for entry in entries), Decimal(0))
    except Exception as error:  # noqa: BLE001 the library raises whatever it comes upon
        message = f"{place}: not MT940, or cut off ({type(error).__name__})"
        raise FileUnreadable(message) from None
    if opening + moved != closing:
        message = f"{place}: its entries do not lead from its first balance to its last"
        raise FileUnreadable(message)
    return entries


def _balance(data: dict[str, Any], which: str) -> Decimal:
    """Give the balance of a statement, or of a page of one; the library has put its sign."""
    found = data.get(f"final_{which}_balance") or data[f"intermediate_{which}_balance"]
    return found.amount.amount


def _signed(entry: dict[str, Any]) -> Decimal:
    amount = abs(entry["amount"].amount)
    return amount if entry["status"].upper() in {"C", "RD"} else -amount


def _row(line: int, entry: dict[str, Any], account: str, place: str) -> BankRow | None:
    details = f"{entry.get('extra_details') or ''}\n{entry.get('transaction_details') or ''}"
    reference = _reference(details)
    if not reference:
        return None
    currency = numeric(str(entry["currency"]))
    reason = _REASON.search(_GAPS.sub("", details))
    booked = entry.get("entry_date") or entry["date"]
    return BankRow(
        line=line,
        said=_SAID[entry["status"].upper()],
        reference=reference,
        currency=currency,
        amount=minor(format(abs(entry["amount"].amount), "f"), currency, place),
        code=reason[1] if reason else "",
        text=told(_GAPS.sub(" ", details)),
        bank_ref=short(entry.get("bank_reference") or ""),
        booked_on=date(booked.year, booked.month, booked.day),
        # Some banks put the currency behind it.
        account=bare(account).removesuffix(letters(currency)).rstrip("/"),
    )


def _reference(details: str) -> str:
    """Give the one reference of ours that is named; what is marked goes before other text.

    Two different ones say nothing: none is taken.
    """
    pattern = _MARKED if _MARK.search(details) else _BARE
    found = {_GAPS.sub("", each).lower() for each in pattern.findall(details)}
    return found.pop() if len(found) == 1 else ""
