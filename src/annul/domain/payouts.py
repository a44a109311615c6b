"""A payout: money on its way to a merchant's own account; and what else moves what is available."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

from .ledger import (
    CHARGEBACK,
    FEE_INCOME,
    ISSUER_RECEIVABLE,
    MERCHANT_FROZEN,
    MERCHANT_RESERVE,
    SUSPENSE,
)
from .text import Text


class PayoutState(StrEnum):
    """How a payout stands."""

    HELD = "held"  # waits for a second person
    READY = "ready"  # goes into the next file
    FILED = "filed"  # stands in a file for the bank
    PAID = "paid"  # the bank has booked it
    REJECTED = "rejected"  # the bank did not book it; the money is available again
    RETURNED = "returned"  # it was booked and came back; the money is available again
    CANCELLED = "cancelled"  # by a person, before it was filed; the money is available again


STATES: Final[Mapping[PayoutState, Text]] = {
    PayoutState.HELD: Text("待复核", "waits for a second person"),
    PayoutState.READY: Text("待发送", "goes into the next file"),
    PayoutState.FILED: Text("已提交银行", "at the bank"),
    PayoutState.PAID: Text("已到账", "paid"),
    PayoutState.REJECTED: Text("银行拒绝", "rejected by the bank"),
    PayoutState.RETURNED: Text("已退回", "returned by the bank"),
    PayoutState.CANCELLED: Text("已取消", "cancelled"),
}


def mark_of(cell: str) -> str:
    """Give with which four hexadecimal digits the numbers of a cell's payouts begin."""
    return sha256(cell.encode()).hexdigest()[:4]


# Whose money has gone back to what is available.
FAILED: Final = frozenset({PayoutState.REJECTED, PayoutState.RETURNED, PayoutState.CANCELLED})


class BankSaid(StrEnum):
    """What a line of a bank's file says of a payout."""

    ACCEPTED = "accepted"  # it will be booked; no money has moved
    REJECTED = "rejected"
    BOOKED = "booked"
    RETURNED = "returned"


class MoveKind(StrEnum):
    """Why what is available changed apart from a business day."""

    FREEZE = "freeze"
    RELEASE = "release"
    RESERVE = "reserve"  # held back against voids and refunds to come
    RESERVE_RELEASE = "reserve_release"
    PAYOUT_RETURN = "payout_return"
    CORRECTION = "correction"
    CHARGEBACK = "chargeback"
    CLEARING = "clearing"  # a break with a clearing file in which the issuer was right
    CHARGEBACK_HOLD = "chargeback_hold"  # until a chargeback has ended
    CHARGEBACK_RETURN = "chargeback_return"


MOVES: Final[Mapping[MoveKind, Text]] = {
    MoveKind.FREEZE: Text("冻结", "frozen"),
    MoveKind.RELEASE: Text("解冻", "released"),
    MoveKind.RESERVE: Text("留存准备金", "held back as reserve"),
    MoveKind.RESERVE_RELEASE: Text("准备金转回", "reserve given free"),
    MoveKind.PAYOUT_RETURN: Text("付款退回", "payout that came back"),
    MoveKind.CORRECTION: Text("更正", "correction"),
    MoveKind.CHARGEBACK: Text("拒付", "chargeback"),
    MoveKind.CLEARING: Text("对账调整", "follows the issuer's clearing"),
    MoveKind.CHARGEBACK_HOLD: Text("拒付暂扣", "held for a chargeback"),
    MoveKind.CHARGEBACK_RETURN: Text("拒付暂扣退还", "back from a chargeback"),
}
# The account on the other side of what is available. A payout comes back from the bank once it was
# booked, else from what is on its way: who posts it decides.
OTHER_SIDE: Final[Mapping[MoveKind, str]] = {
    MoveKind.FREEZE: MERCHANT_FROZEN,
    MoveKind.RELEASE: MERCHANT_FROZEN,
    MoveKind.RESERVE: MERCHANT_RESERVE,
    MoveKind.RESERVE_RELEASE: MERCHANT_RESERVE,
    MoveKind.CORRECTION: FEE_INCOME,
    MoveKind.CHARGEBACK: ISSUER_RECEIVABLE,
    MoveKind.CLEARING: SUSPENSE,
    MoveKind.CHARGEBACK_HOLD: CHARGEBACK,
    MoveKind.CHARGEBACK_RETURN: CHARGEBACK,
}
TAKES: Final = frozenset(
    {MoveKind.FREEZE, MoveKind.RESERVE, MoveKind.CHARGEBACK, MoveKind.CHARGEBACK_HOLD}
)
GIVES: Final = frozenset(
    {
        *(MoveKind.RELEASE, MoveKind.RESERVE_RELEASE, MoveKind.PAYOUT_RETURN),
        MoveKind.CHARGEBACK_RETURN,
    }
)
