"""The rows that the rules talk about, as plain frozen values. Amounts are in minor units (fen)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from .business_day import CutOvers
from .link_profile import USUAL, LinkProfile
from .response_codes import NO_ANSWER
from .states import Sent, State

Key = tuple[str, str, str, str]  # of a request: merchant, terminal, batch, trace

_STATES: Final = {state.value: state for state in State}
_SENT: Final = {sent.value: sent for sent in Sent}


class Origin(StrEnum):
    """Who asked for a transaction."""

    TERMINAL = "terminal"
    PROGRAM = "program"  # over the API
    RESOLVER = "resolver"  # annul itself, for a case
    PERSON = "person"  # somebody who ordered it on a case


# What a shop wants, and what becomes a case when it fails; the others are sent for a case.
OF_SHOPS: Final = frozenset({Origin.TERMINAL, Origin.PROGRAM})
_ORIGINS: Final = {origin.value: origin for origin in Origin}


class Scheme(StrEnum):
    """Whose card it is, and so which half of a settlement's totals it counts in."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Merchant:
    """A shop, as admission and the void rules see it."""

    merchant_id: str  # field 42, 15 characters
    name_zh: str
    name_en: str
    category: str  # MCC, field 18 towards issuers
    active: bool = True
    currency: str = "156"
    pricing: str = "standard"  # row of the fee table
    amount_limit: int = 5_000_000_00
    void_needs_balance: bool = False
    refund_days: int = 30
    pending_covers: bool = True  # money not paid out yet counts for a void
    retry_voids: bool = True
    refund_instead_limit: int = 1_000_00  # what annul may refund unasked in place of a void
    second_person_from: int = 1_000_00  # from here on moving money by hand takes two persons
    # What becomes of a void that its terminal took back (0400): `ask` the shop, `void` all the
    # same, or let the sale `stand`.
    reversed_voids: str = "ask"
    lives: str = "here"  # or `leaving`, or `away` in `cell`
    cell: str = ""
    cut_overs: CutOvers = ()  # of its business days, by contract


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal of one merchant: its profile as registered, state, limits and its batch."""

    merchant_id: str
    terminal_id: str  # field 41, 8 characters
    active: bool = True
    signed_in: bool = False
    batch: str = "000001"
    amount_limit: int = 5_000_000_00
    key_form: str = "003"  # field 60.3 of its sign-in: which working keys it is given
    mac_algorithm: str = "unionpay_ecb"
    tls_identity: str = ""  # of its client certificate; empty: it may come without one
    unbound_management: bool = False  # settle without proof of who asks: see docs/SECURITY.md
    kinds: frozenset[str] | None = None  # None: every kind is enabled
    wants: str = ""  # what the next answer asks of it: sign_in, parameters, ca_keys, aids, update
    dialect: str = ""  # that it speaks; empty: that of its port


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer's host and how to speak with it."""

    issuer_id: str
    name_zh: str
    name_en: str
    host: str
    port: int
    dialect: str = "cups"
    framing: str = "length_4"
    timeout_ms: int = 15_000
    silent_code: str = NO_ANSWER  # what a terminal is told when the issuer is silent
    pin_key: bytes | None = None  # wrapped
    mac_key: bytes | None = None  # wrapped
    active: bool = True
    bank: str = ""  # issuers with the same bank are two ways to the same books
    mac_algorithm: str = "x9_19"
    mac_key_algorithm: str = "3des"  # of the MAC key in force and of those to come
    pin_format: str = "0"  # of ISO 9564-1
    pin_key_algorithm: str = "3des"
    key_exchange: str = ""  # how its key messages look; empty: it sends none
    keys_at_sign_on: bool = False  # whether new ones are asked for then
    profile: LinkProfile = USUAL


@dataclass(frozen=True, slots=True)
class Bin:
    """One row of the routing table: the longest prefix that fits a card wins."""

    prefix: str
    issuer_id: str
    backup_issuer_id: str | None
    card_type: str  # debit, credit or qr
    scheme: str = Scheme.DOMESTIC


class Transaction(NamedTuple):
    """One financial request as stored; `undone` is what was given back or is being given back.

    A tuple, since the host makes several of them for each request.
    """

    merchant_id: str
    id: UUID
    kind: str
    state: State
    sent: Sent
    terminal_id: str
    batch: str
    trace: str
    business_date: date
    amount: int
    currency: str
    undone: int
    original_id: UUID | None
    card_hash: bytes
    card_masked: str
    card_cipher: bytes | None  # None: not kept any more; empty: there was none
    card_type: str
    issuer_id: str
    rrn: str
    auth_code: str
    response_code: str
    entry_mode: str
    condition: str
    fee: int
    received_at: datetime
    voucher: str = ""  # 20 digits of a QR payment, field 59 tag A4
    settlement_date: str = ""  # field 15, MMDD
    expiry: str = ""
    card_sequence: str = ""
    holds: int = 0  # what this void, refund or completion has set as `undone` on its original
    reversal_reason: str = ""
    late_code: str = ""
    icc_answer: bytes | None = None  # field 55 of the issuer's answer
    answered_at: datetime | None = None
    why: str = ""  # the rule, or the kind of silence, that ended it at this host
    issuer_trace: str = (
        ""  # field 11 towards the issuer; empty in rows that sent the terminal's own
    )
    reserves: int = 0  # of the merchant's balance, while it is on its way
    taken_back: bool = False  # by its terminal, with a reversal
    late_at: datetime | None = None  # when the latest answer came that nobody awaited
    undoing: int = 0  # of `undone`: what is on its way and has no outcome yet
    charged_back: int = 0  # what chargebacks hold of it, or have taken
    scheme: str = Scheme.DOMESTIC
    origin: Origin = Origin.TERMINAL

    @property
    def key(self) -> Key:
        """What makes the request itself: by it a repeat finds the stored answer."""
        return (self.merchant_id, self.terminal_id, self.batch, self.trace)

    @classmethod
    def of(cls, columns: Iterable[Any]) -> "Transaction":
        """Build one from stored values in the order of the fields."""
        merchant_id, identity, kind, state, sent, *rest, origin = columns
        rest.append(_ORIGINS[origin])
        return cls(merchant_id, identity, kind, _STATES[state], _SENT[sent], *rest)
