"""The journal's statements, with what they take from the code: columns, rows, codes of approval."""

from typing import Final

from annul.domain.kinds import REFUNDS
from annul.domain.records import OF_SHOPS, Transaction
from annul.domain.response_codes import BOOKED
from annul.domain.states import STANDING, moves

from .incidents import OPEN_RAISED
from .posting import SQL as POSTING
from .sql import listed, load

# What an opening writes of a transaction, and what it adds; likewise of an outcome. Together the
# fields of the types `journal_opening` and `journal_outcome`, in their order.
OF_TRANSACTION: Final = (
    "merchant_id", "id", "kind", "state", "sent", "terminal_id", "batch", "trace",
    "business_date", "amount", "currency", "original_id", "card_hash", "card_masked",
    "card_cipher", "card_type", "expiry", "card_sequence", "entry_mode", "condition",
    "issuer_id", "rrn", "voucher", "response_code", "received_at", "why", "issuer_trace",
    "holds", "reserves", "scheme", "origin",
)  # fmt: skip
OF_OPENING: Final = ("node", "whole", "owed", "pending_covers")
OF_OUTCOME: Final = (
    "merchant_id", "id", "state", "sources", "sent", "response_code", "auth_code",
    "settlement_date", "fee", "icc_answer", "voucher", "late_code", "original_state", "release",
    "owed", "reason", "settles", "at", "why", "undoing", "unreserve", "posted_on", "seen_at",
    "incident", "params",
)  # fmt: skip

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
# Names of what `open` and `open_undo` take: the type's fields, and beside them the epoch.
_OPENING: Final = ", ".join((*OF_TRANSACTION, *OF_OPENING, "epoch"))
_OPENED: Final = ", ".join((*OF_TRANSACTION, "node"))
# How an original moves when what refers to it has its outcome.
MOVES: Final = ", ".join(f"('{before}', '{after}')" for before, after in moves(STANDING))

SQL: Final = load(
    "annul.store",
    "journal.sql",
    columns=_COLUMNS,
    opening=_OPENING,
    opened=_OPENED,
    booked=f"ARRAY[{listed(BOOKED)}]",
    moves=MOVES,
    refunds=listed(REFUNDS),
    of_shops=listed(OF_SHOPS),
    posted=POSTING["posted"].sql,
    balanced=POSTING["balanced"].sql,
    open_raised=OPEN_RAISED,
)
