"""camt.053 as rows: what a bank has booked of the clearing, one row for each transfer."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from annul.domain.clearing import Effect
from annul.domain.text import Text
from annul.settle.bank.rows import FileUnreadable
from annul.settle.bank.values import day, minor, numeric, plain
from annul.settle.bank.xml import elements, forget, kind, text_at

from .rows import BadLine, ClearingRow, ClearingUnreadable, bad

# Credited or debited, and whether that takes an earlier booking back.
_EFFECTS: Final = {
    ("CRDT", False): Effect.TAKEN,
    ("DBIT", False): Effect.GIVEN_BACK,
    ("DBIT", True): Effect.REVERSED,
    ("CRDT", True): Effect.RETURNED,
}
_REFERENCES: Final = ("Refs/EndToEndId", "Refs/InstrId", "Refs/TxId", "Refs/AcctSvcrRef")
_OF_ENTRY: Final = ("NtryRef", "AcctSvcrRef")
_AMOUNTS: Final = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
_NO_REFERENCE: Final = "NOTPROVIDED"
_TRUE: Final = frozenset({"true", "1"})
_MESSAGE: Final = "camt.053"


def read_camt(content: bytes) -> Iterator[ClearingRow | BadLine | None]:
    """Give the transfers of a statement in order, their `line` counted from 1.

    None is an entry that is not booked yet. Raises `ClearingUnreadable`.
    """
    try:
        found = kind(content)
        if not found.startswith(_MESSAGE):
            message = f"it is no {_MESSAGE}"
            raise ClearingUnreadable(message)
        line = entries = 0
        said: tuple[str, int | None] = ("", None)
        for name, entry in elements(content, ("Ntry", "TtlNtries")):
            if name == "TtlNtries":  # it stands before the entries
                count = text_at(entry, "NbOfNtries")
                said = (count, int(count)) if count.isascii() and count.isdecimal() else said
                continue
            entries += 1
            for part in entry.findall("{*}NtryDtls/{*}TxDtls") or [entry]:
                line += 1
                yield _row(line, part, entry)
            forget(entry)
        if said[1] is not None and said[1] != entries:
            wrong = Text(
                f"报文称有{said[0]}笔, 实有{entries}笔",
                f"it says that it has {said[0]} entries, and there are {entries}",
            )
            yield bad(line + 1, wrong, said[0])._replace(of_all=True)
    except FileUnreadable as error:
        raise ClearingUnreadable(str(error)) from error


def _row(line: int, part: Any, entry: Any) -> ClearingRow | BadLine | None:
    if text_at(entry, "Sts/Cd", "Sts") != "BOOK":
        return None
    side = text_at(part, "CdtDbtInd") or text_at(entry, "CdtDbtInd")
    effect = _EFFECTS.get((side, text_at(entry, "RvslInd").lower() in _TRUE))
    reference = text_at(part, *_REFERENCES)
    if reference in {"", _NO_REFERENCE}:
        reference = text_at(entry, *_OF_ENTRY)
    if effect is None:
        return bad(line, Text("既非借记也非贷记", "neither debit nor credit"), reference)
    alone = len(entry.findall("{*}NtryDtls/{*}TxDtls")) <= 1
    try:
        currency, amount = _amount([part, entry] if alone else [part])
        settles_on = day(text_at(entry, "ValDt/Dt", "BookgDt/Dt", "BookgDt/DtTm"), "its date")
    except FileUnreadable as error:
        return bad(line, Text(f"金额或日期无法读取: {error}", f"{error}"), reference)
    if not amount:
        return bad(line, Text("没有金额", "it has no amount of its own"), reference)
    return ClearingRow(
        line=line,
        merchant_id="",
        terminal_id="",
        trace="",
        rrn=plain(reference, 35),
        auth_code="",
        card="",
        effect=effect,
        kind="",
        amount=amount,
        currency=currency,
        settles_on=settles_on,
    )


def _amount(parts: Sequence[Any]) -> tuple[str, int]:
    for part in parts:
        for path in _AMOUNTS:
            found = part.find("/".join(f"{{*}}{name}" for name in path.split("/")))
            if found is not None:
                currency = numeric(found.get("Ccy", ""))
                return currency, minor((found.text or "").strip(), currency, "its amount")
    return "", 0
