"""Transactions as annul sends them to an issuer, in requests and reversals."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from annul.domain.records import Merchant, Transaction
from annul.domain.states import Sent, State
from annul.issuers.message import Fields, request_fields, reversal_fields
from annul.wire.codec import Codec
from annul.wire.dialects.cups import CUPS

CHINA = timezone(timedelta(hours=8))
CODEC = Codec(CUPS)
MERCHANT = Merchant("100000000000001", "一号店", "Shop One", "5411")
SALE = Transaction(
    merchant_id="100000000000001",
    id=UUID(int=1),
    kind="sale",
    state=State.SENT,
    sent=Sent.POSSIBLY_SENT,
    terminal_id="00000001",
    batch="000001",
    trace="000017",
    business_date=date(2026, 11, 23),
    amount=12_345,
    currency="156",
    undone=0,
    original_id=None,
    card_hash=b"hash",
    card_masked="620000******0005",
    card_cipher=b"cipher",
    card_type="debit",
    issuer_id="62000000",
    rrn="326000000017",
    auth_code="",
    response_code="",
    entry_mode="021",
    condition="00",
    fee=0,
    received_at=datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC),
    expiry="3012",
    card_sequence="001",
    issuer_trace="004711",
)
# As rows are that were written before annul had traces of its own: sent as they were then.
OLD = SALE._replace(issuer_trace="")
VOID = SALE._replace(
    kind="void",
    trace="000018",
    rrn="326000000018",
    original_id=SALE.id,
    issuer_trace="004712",
    received_at=datetime(2026, 11, 23, 1, 5, 0, tzinfo=UTC),
)


def request_of(transaction: Transaction, **more: Any) -> tuple[str, Fields]:
    return request_fields(
        transaction,
        pan="6200000000000005",
        merchant=MERCHANT,
        acquirer_id="48020000",
        local=transaction.received_at.astimezone(CHINA),
        **more,
    )


def reversal_of(transaction: Transaction, reason: str = "4354") -> tuple[str, Fields]:
    return reversal_fields(
        transaction,
        reason,
        pan="6200000000000005",
        merchant=MERCHANT,
        acquirer_id="48020000",
        local=transaction.received_at.astimezone(CHINA),
    )
