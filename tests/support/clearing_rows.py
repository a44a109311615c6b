"""A row of a clearing file, as tests of several rooms need it."""

from datetime import date

from annul.settle.clearing.rows import ClearingRow

TODAY = date(2026, 11, 27)
SALE = ClearingRow(
    line=1,
    merchant_id="898110012345678",
    terminal_id="12345678",
    trace="000123",
    rrn="123456789012",
    auth_code="A12345",
    card="6222021234567890123",
    effect="taken",
    kind="sale",
    amount=12_300,
    fee=16,
    sent_at="1127193302",
    code="00",
)
