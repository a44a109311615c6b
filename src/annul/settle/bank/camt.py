"""camt.052, .053 and .054: what a bank has booked, one row for each transfer in a booking."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from annul.domain.payouts import BankSaid

from .rows import BankFile, BankRow, FileUnreadable
from .values import bare, day, minor, numeric, ours, short, told
from .xml import elements, forget, place, text_at

_SAID: Final = {"DBIT": BankSaid.BOOKED, "CRDT": BankSaid.RETURNED}
_REFERENCES: Final = ("Refs/EndToEndId", "Refs/InstrId", "Refs/TxId")
_REASON: Final = ("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
_AMOUNTS: Final = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
_STATEMENTS: Final = ("{*}Stmt", "{*}Rpt", "{*}Ntfctn")
_ACCOUNT: Final = ("Acct/Id/IBAN", "Acct/Id/Othr/Id")
_NO_REFERENCE: Final = frozenset({"", "NOTPROVIDED"})


def read_camt(content: bytes, message: str) -> BankFile:
    """Read a statement, a report or notices of bookings; raises `FileUnreadable`.

    An entry that is not booked yet, or without a reference of ours, is left out; but one that books
    an order as a whole is a row of that order.
    """
    rows: list[BankRow] = []
    left_out = 0
    details: list[BankRow | None] = []  # of the entry that is being read
    for name, element in elements(content, ("TxDtls", "Ntry")):
        if name == "TxDtls":
            details.append(_detail(element))
        else:
            found = _of_entry(element, details)
            left_out += max(len(details), 1) - len(found)
            rows += [replace(row, line=at) for at, row in enumerate(found, len(rows) + 1)]
            details = []
        forget(element)
    return BankFile(message[:8], tuple(rows), left_out)


def _of_entry(entry: Any, details: Sequence[BankRow | None]) -> list[BankRow]:
    """Give the rows of an entry that has ended; their amounts, if it alone has one."""
    if text_at(entry, "Sts/Cd", "Sts") != "BOOK":
        return []
    if not details:
        order = text_at(entry, "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId")
        details = [_row(entry, entry, "", short(order)) if order else None]
    rows = [row for row in details if row is not None]
    if len(details) == len(rows) == 1 and not rows[0].amount:
        currency, amount = _amount(entry, _AMOUNTS[:1])
        return [replace(rows[0], currency=currency, amount=amount)]
    return rows


def _detail(detail: Any) -> BankRow | None:
    given = text_at(detail, *_REFERENCES)
    reference = next((found for path in _REFERENCES if (found := ours(text_at(detail, path)))), "")
    order = text_at(detail, "Refs/PmtInfId", "Refs/MsgId") if given in _NO_REFERENCE else ""
    if not reference and not order:
        return None
    entry = next(detail.iterancestors("{*}Ntry"), None)
    if entry is None:
        where = f"{place(detail)}: a transfer outside of any entry"
        raise FileUnreadable(where)
    return _row(detail, entry, reference, short(order))


def _row(part: Any, entry: Any, reference: str, message: str) -> BankRow:
    said = _SAID.get(text_at(part, "CdtDbtInd") or text_at(entry, "CdtDbtInd"))
    if said is None:
        where = f"{place(entry)}: neither debit nor credit"
        raise FileUnreadable(where)
    currency, amount = _amount(part, _AMOUNTS)
    return BankRow(
        line=0,
        said=said,
        reference=reference,
        currency=currency,
        amount=amount,
        code=short(text_at(part, *_REASON)),
        text=told(text_at(part, "RtrInf/AddtlInf", "AddtlTxInf", "RmtInf/Ustrd")),
        bank_ref=_booking(part, entry),
        booked_on=day(text_at(entry, "BookgDt/Dt", "BookgDt/DtTm"), place(entry)),
        message=message,
        account=_account(entry),
    )


def _account(entry: Any) -> str:
    statement = next(entry.iterancestors(*_STATEMENTS), None)
    return "" if statement is None else bare(text_at(statement, *_ACCOUNT))


def _booking(part: Any, entry: Any) -> str:
    return short(text_at(part, "Refs/AcctSvcrRef") or text_at(entry, "AcctSvcrRef", "NtryRef"))


def _amount(part: Any, paths: Sequence[str]) -> tuple[str, int]:
    for path in paths:
        amount = part.find("/".join(f"{{*}}{name}" for name in path.split("/")))
        if amount is not None:
            currency = numeric(amount.get("Ccy", ""))
            return currency, minor((amount.text or "").strip(), currency, place(amount))
    return "", 0
