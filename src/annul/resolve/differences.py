"""The kinds of differences that the sweep looks for, and how each is told (docs/differences.md).

What a kind means and what to do about it stands with all incidents in `domain/incidents.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from annul.domain.incidents import AUDIT, INCIDENTS


class Over(StrEnum):
    """What a question is asked over."""

    TRANSACTIONS = "transactions"  # span by span
    CASES = "cases"  # span by span
    OPEN = "open"  # all at once: a small index leads to what it is about
    EVERYTHING = "everything"  # all at once, every row


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of difference: its query in audit.sql, and its facts in the order of telling.

    `seldom` ones read much; a host that serves leaves them to `annul audit`, or to quiet books.
    What is `past` no act of today mends, so a person may explain it; the rest has to be acted on.
    """

    name: str
    over: Over
    facts: tuple[str, ...]
    seldom: bool = False
    past: bool = True

    @property
    def kind(self) -> str:
        """The kind of its incidents."""
        return AUDIT + self.name


CHAIN: Final = Question("case_chain", Over.CASES, ("line",), seldom=True)
QUESTIONS: Final = (
    Question(
        "unknown_without_outbox",
        Over.OPEN,
        ("kind", "state", "amount", "node", "received_at"),
        past=False,
    ),
    Question(
        "failed_without_case",
        Over.OPEN,
        ("kind", "state", "amount", "code", "received_at"),
        past=False,
    ),
    Question("case_without_look", Over.OPEN, ("ended", "step", "amount", "due_look"), past=False),
    Question(
        "late_approval", Over.TRANSACTIONS, ("kind", "state", "amount", "late_code", "late_at")
    ),
    Question(
        "reversed_but_approved",
        Over.TRANSACTIONS,
        ("kind", "amount", "code", "late_code", "acknowledged"),
    ),
    Question(
        "approved_then_declined",
        Over.TRANSACTIONS,
        ("kind", "state", "amount", "code", "late_code", "late_at"),
    ),
    Question(
        "dispute_untold", Over.TRANSACTIONS, ("kind", "amount", "code", "late_code"), past=False
    ),
    Question(
        "entries", Over.TRANSACTIONS, ("kind", "state", "amount", "receivable", "fee", "income")
    ),
    Question(
        "hold_without_holder",
        Over.TRANSACTIONS,
        ("state", "amount", "undone", "held", "undoing", "under_way", "left_over"),
    ),
    Question(
        "undone_without_proof",
        Over.TRANSACTIONS,
        ("state", "amount", "undone", "voids", "refunds", "completions"),
    ),
    Question("given_back_twice", Over.TRANSACTIONS, ("state", "amount", "back", "beside")),
    Question("fee_returned", Over.TRANSACTIONS, ("state", "amount", "fee", "returned")),
    Question("case_end", Over.CASES, ("ended", "amount", "ended_at", "state")),
    CHAIN,
    Question(
        "balance",
        Over.EVERYTHING,
        (
            *("pending", "pending_entries", "available", "available_entries"),
            *("frozen", "frozen_entries", "reserved", "reserved_needed"),
        ),
        seldom=True,
        past=False,
    ),
)


class _Form(StrEnum):
    """How a fact is written."""

    PLAIN = "plain"
    MONEY = "money"  # minor units
    TIME = "time"


_CALLED: Final[Mapping[str, tuple[str, str, _Form]]] = {
    "kind": ("类型", "kind", _Form.PLAIN),
    "state": ("状态", "state", _Form.PLAIN),
    "amount": ("金额", "amount", _Form.MONEY),
    "code": ("应答码", "answered", _Form.PLAIN),
    "late_code": ("迟到应答码", "answered late", _Form.PLAIN),
    "late_at": ("迟到应答时间", "at", _Form.TIME),
    "acknowledged": ("冲正应答码", "reversal answered", _Form.PLAIN),
    "node": ("主机", "node", _Form.PLAIN),
    "received_at": ("收到", "received", _Form.TIME),
    "receivable": ("分录应收", "by its entries", _Form.MONEY),
    "fee": ("手续费", "fee", _Form.MONEY),
    "income": ("分录手续费", "fee by its entries", _Form.MONEY),
    "undone": ("已退或占用", "undone", _Form.MONEY),
    "held": ("引用它的占用", "held by what refers to it", _Form.MONEY),
    "undoing": ("在途", "on its way", _Form.MONEY),
    "under_way": ("引用它的在途", "of what refers to it", _Form.MONEY),
    "left_over": ("失败者仍占用", "left over by what failed", _Form.MONEY),
    "voids": ("撤销笔数", "voids", _Form.PLAIN),
    "refunds": ("退货笔数", "refunds", _Form.PLAIN),
    "completions": ("完成笔数", "completions", _Form.PLAIN),
    "back": ("已退回", "given back", _Form.MONEY),
    "beside": ("此外退回", "beside it", _Form.MONEY),
    "returned": ("已退手续费", "fee given back", _Form.MONEY),
    "ended": ("结案", "ended", _Form.PLAIN),
    "ended_at": ("结案时间", "at", _Form.TIME),
    "step": ("步骤", "step", _Form.PLAIN),
    "due_look": ("应看时间", "to be looked at", _Form.TIME),
    "line": ("第几条", "line", _Form.PLAIN),
    "pending": ("待结", "pending", _Form.MONEY),
    "pending_entries": ("按分录", "by entries", _Form.MONEY),
    "available": ("可用", "available", _Form.MONEY),
    "available_entries": ("按分录", "by entries", _Form.MONEY),
    "frozen": ("冻结", "frozen", _Form.MONEY),
    "frozen_entries": ("按分录", "by entries", _Form.MONEY),
    "reserved": ("预留", "reserved", _Form.MONEY),
    "reserved_needed": ("应预留", "needed", _Form.MONEY),
}


_SPACE: Final = UUID("8d1f6c1e-6c55-5f6a-9f0e-1f3b0a6f2c77")


@dataclass(frozen=True, slots=True)
class Difference:
    """One contradiction: of a transaction, a case or (without `identity`) a merchant's balance.

    `reference` is the reference number, the number of the case, or the currency.
    """

    kind: str
    merchant_id: str
    identity: UUID | None
    reference: str
    facts: Mapping[str, Any]

    def said(self, language: str) -> str:
        """Say in figures what contradicts: amounts in major units, times in UTC."""
        chinese = language == "zh"
        told = (
            f"{_CALLED[name][0 if chinese else 1]} {_written(_CALLED[name][2], value)}"
            for name, value in self.facts.items()
        )
        return ("，" if chinese else ", ").join(told)

    @property
    def mark(self) -> UUID:
        """Give the id by which the audit log knows it as explained: of just these facts."""
        facts = json.dumps(self.facts, sort_keys=True, default=str)
        return uuid5(_SPACE, f"{self.kind} {self.identity} {facts}")

    @property
    def detail(self) -> str:
        """The sentence that its incident keeps."""
        return f"{INCIDENTS[self.kind].title_en}. {self.reference}: {self.said('en')}."


def _written(form: _Form, value: Any) -> str:
    if form is _Form.MONEY:
        sign, minor = "-" if value < 0 else "", abs(int(value))
        return f"{sign}{minor // 100}.{minor % 100:02d}"
    if form is _Form.TIME and value:
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
    return "-" if value in {"", None} else str(value)
