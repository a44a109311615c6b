"""pain.002, what a bank says of an order and its transfers before anything is booked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from annul.domain.payouts import BankSaid

from .rows import REPEATS, BankFile, BankRow
from .values import minor, numeric, ours, short, told
from .xml import elements, forget, place, text_at

# Codes of ISO 20022's list. None of them proves a booking, which is for an account's own entries:
# settlement completed (ACSC, ACCC) is no more than a promise. PART is told by its parts.
_SAID: Final[Mapping[str, BankSaid]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "ACCC",
                "ACCP",
                "ACFC",
                "ACIS",
                "ACSC",
                "ACSP",
                "ACTC",
                "ACWC",
                "ACWP",
                "PDNG",
                "RCVD",
            ),
            BankSaid.ACCEPTED,
        ),
        **dict.fromkeys(("CANC", "RJCT"), BankSaid.REJECTED),
    }
)


def read_pain002(content: bytes) -> BankFile:
    """Read a status report; raises `FileUnreadable`."""
    rows: list[BankRow] = []
    left_out = 0
    group: list[Any] = []  # its reasons
    for name, element in elements(content, _LEVELS):
        if name == "OrgnlGrpInfAndSts":
            group = element.findall(_REASONS)
        row = _row(len(rows) + 1, name, element, [*element.findall(f"../{_REASONS}"), *group])
        if row is not None:
            rows.append(row)
        elif name == "TxInfAndSts":
            left_out += 1
        forget(element)
    return BankFile("pain.002", tuple(rows), left_out)


_REASONS: Final = "{*}StsRsnInf"
# Element: its status, and what it is about.
_LEVELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "OrgnlGrpInfAndSts": ("GrpSts", "OrgnlMsgId"),
        "OrgnlPmtInfAndSts": ("PmtInfSts", "OrgnlPmtInfId"),
        "TxInfAndSts": ("TxSts", "OrgnlEndToEndId"),
    }
)


def _row(line: int, name: str, element: Any, above: list[Any]) -> BankRow | None:
    """Read what is said of one; without reasons of its own those above it are its reasons.

    A repeat is one in all its parts, whatever is said of these.
    """
    status, about = (text_at(element, path) for path in _LEVELS[name])
    single = name == "TxInfAndSts"
    reference = ours(about) if single else ""
    said = _SAID.get(status)
    if said is None or not (reference if single else about):
        return None
    own = element.findall(_REASONS)
    codes = [short(text_at(reason, "Rsn/Cd", "Rsn/Prtry")) for reason in (*own, *above)]
    code = next(filter(None, codes), "")
    currency, amount = _amount(element)
    return BankRow(
        line=line,
        said=BankSaid.ACCEPTED if REPEATS.intersection(codes) else said,
        reference=reference,
        currency=currency,
        amount=amount,
        code=code or (status if said is BankSaid.REJECTED else ""),
        text=told(
            " ".join(
                part.text or ""
                for reason in own or above
                for part in reason.iterfind("{*}AddtlInf")
            )
        ),
        message="" if single else short(about),
    )


def _amount(element: Any) -> tuple[str, int]:
    amount = element.find("{*}OrgnlTxRef/{*}Amt/{*}InstdAmt")
    if amount is None:
        return "", 0
    currency = numeric(amount.get("Ccy", ""))
    return currency, minor((amount.text or "").strip(), currency, place(amount))
