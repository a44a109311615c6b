"""Records for the rules: a good one, and what a test changes of it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.kinds import KINDS
from annul.domain.records import Merchant, Terminal, Transaction
from annul.domain.states import Sent, State
from annul.domain.void_rules import Undoing

DAY = date(2026, 11, 23)
CARD = b"card"


def transaction(**changes: Any) -> Transaction:
    """An approved sale of 100.00."""
    values: dict[str, Any] = {
        "merchant_id": "898000058120000", "id": UUID(int=1), "kind": "sale",
        "state": State.APPROVED, "sent": Sent.ANSWERED, "terminal_id": "10000001",
        "batch": "000001", "trace": "000002", "business_date": DAY, "amount": 10_000,
        "currency": "156", "undone": 0, "original_id": None, "card_hash": CARD,
        "card_masked": "620001******0007", "card_cipher": b"", "card_type": "debit",
        "issuer_id": "00000101", "rrn": "300000000001", "auth_code": "123456",
        "response_code": "00", "entry_mode": "012", "condition": "00", "fee": 50,
        "received_at": datetime(2026, 11, 23, 4, tzinfo=UTC),
    }  # fmt: skip
    return Transaction(**(values | changes))


def sent(trace: int, **changes: Any) -> Transaction:
    """A sale that was sent and has no answer yet, each under a number of its own."""
    fresh: dict[str, Any] = {
        "id": uuid7(),
        "state": State.SENT,
        "sent": Sent.POSSIBLY_SENT,
        "trace": f"{trace:06d}",
        "rrn": f"3000000{trace:05d}",
        "auth_code": "",
        "response_code": "",
        "fee": 0,
    }
    return transaction(**(fresh | changes))


def undoing(kind: str = "void", **changes: Any) -> Undoing:
    """A void of that sale."""
    values: dict[str, Any] = {
        "kind": KINDS[kind],
        "merchant_id": "898000058120000",
        "terminal_id": "10000001",
        "batch": "000001",
        "business_date": DAY,
        "amount": 10_000,
        "card_hash": CARD,
        "rrn": "300000000001",
        "auth_code": "123456",
    }
    return Undoing(**(values | changes))


def merchant(**changes: Any) -> Merchant:
    """A merchant in good order."""
    values: dict[str, Any] = {
        "merchant_id": "898000058120000",
        "name_zh": "示例茶馆",
        "name_en": "Example Tea House",
        "category": "5812",
    }
    return Merchant(**(values | changes))


def terminal(**changes: Any) -> Terminal:
    """A terminal that is signed in to batch 000001."""
    values: dict[str, Any] = {
        "merchant_id": "898000058120000",
        "terminal_id": "10000001",
        "batch": "000001",
        "signed_in": True,
    }
    return Terminal(**(values | changes))
