"""What a terminal sends for each kind of transaction, from the table of kinds.

Source: UnionPay POS field usage. Tracks and PIN blocks go out and are never kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from annul.domain.kinds import KINDS, REVERSAL_MTI, Kind, Money
from annul.security import pin
from annul.security.ciphers import SM, BlockCipher
from annul.wire.subfields import Field53, Field59, Field60, Field61

from . import chip
from .errors import NotPossible
from .journal import Fields, Record

# What of a request a reversal or a repeat carries again. Source: UnionPay POS, reversal.
_REPEATED: Final = (2, 3, 4, 11, 14, 22, 23, 25, 37, 38, 41, 42, 49, 55, 59, 60, 61)
_EXPIRY: Final = "3012"
_SEQUENCE: Final = "001"  # of a card with a chip
_SERVICE_CODE: Final = "201"
_PIN_LENGTH: Final = "12"
_KEYED, _SWIPED, _SCANNED = "01", "02", "03"


@dataclass(frozen=True, slots=True)
class TerminalAnswer:
    """The host's answer to a message that is not a transaction."""

    response_code: str
    fields: Mapping[int, str | bytes]


@dataclass(frozen=True, slots=True)
class TerminalOrder:
    """What the cashier wants. `card` is a card number, or the scanned code of a QR payment.

    `rrn` and `date` (MMDD) name an original that is not in this terminal's journal.
    """

    kind: Kind
    amount: int = 0
    card: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)
    swiped: bool = True
    inserted: bool = False  # its chip is read
    original: Record | None = None
    rrn: str = ""
    auth_code: str = ""
    date: str = ""
    currency: str = "156"


def request(
    order: TerminalOrder,
    ids: tuple[str, str],
    batch: str,
    trace: str,
    pin_key: BlockCipher | None,
    now: datetime,
) -> Fields:
    """Build the fields of a request, all but the MAC; `ids` are terminal and merchant."""
    kind = order.kind
    fields: Fields = {3: kind.processing_code, 11: trace, 25: kind.condition}
    fields[41], fields[42] = ids
    fields[49] = order.currency
    fields[60] = Field60(kind.function, batch, "000").build()
    if 4 in kind.required:
        fields[4] = f"{order.amount:012d}"
    fields |= _scanned(order) if kind.qr else _card(order, pin_key)
    if order.inserted and 55 in kind.optional:
        fields |= {22: chip.INSERTED + str(fields[22])[2:], 23: _SEQUENCE}
        fields[55] = chip.asks(order.card, order.amount, trace, now)
    if kind.undoes:
        fields |= _original(order, batch)
    return dict(sorted(fields.items()))


def kept(fields: Fields) -> Fields:
    """Give what of a request may be kept: no track, no PIN block."""
    return {number: value for number, value in fields.items() if number in _REPEATED}


def again(record: Record) -> tuple[str, Fields]:
    """Build what is owed for a record: the reversal (0400) or the same message once more."""
    if record.owed == "repeat":
        return KINDS[record.kind].mti, record.fields
    return REVERSAL_MTI, record.fields | {39: record.reason}


def scanned_code(fields: Fields) -> str:
    """Give the code that was scanned for a request, empty when there was none."""
    scanned = fields.get(59, b"")
    assert isinstance(scanned, bytes)
    return Field59.parse(scanned).get(Field59.CODE).decode()


def _card(order: TerminalOrder, pin_key: BlockCipher | None) -> Fields:
    if not order.card:
        return {22: f"{_KEYED}2"}
    fields: Fields = {22: f"{_SWIPED if order.swiped else _KEYED}{1 if order.pin else 2}"}
    if order.swiped:
        fields[35] = f"{order.card}D{_EXPIRY}{_SERVICE_CODE}0000"
    else:
        fields[14] = _EXPIRY
    fields[2] = order.card
    if order.pin:
        if pin_key is None or pin_key.algorithm == SM:
            message = "a PIN needs a DES or 3DES key: its block has eight bytes in field 52"
            raise NotPossible(message)
        fields[26] = _PIN_LENGTH
        fields[52] = pin.seal(order.pin, order.card, pin_key, pin.PinFormat.ISO_0)
        fields[53] = Field53(pin_format="2", encryption="6").build()
    return fields


def _scanned(order: TerminalOrder) -> Fields:
    fields: Fields = {22: f"{_SCANNED}2"}
    if order.kind.undoes:
        voucher = order.original.voucher if order.original else ""
        return fields | {59: Field59.voucher(voucher)}
    return fields | {59: Field59(((Field59.CODE, order.card.encode()),)).build()}


def _original(order: TerminalOrder, batch: str) -> Fields:
    """Name the original: reference, authorisation code, batch, trace and date."""
    found = order.original
    rrn = order.rrn or (found.rrn if found else "")
    auth_code = order.auth_code or (found.auth_code if found else "")
    date = order.date or (found.date if found else "")
    named = Field61(found.batch if found else batch, found.trace if found else "000000", date)
    fields: Fields = {61: named.build()}
    if auth_code:
        fields[38] = f"{auth_code:<6}"
    if rrn and order.kind.money is Money.BACK:
        fields[37] = f"{rrn:<12}"
    return fields


def note_of(answer: Mapping[int, str | bytes]) -> str:
    """Give what the host tells the terminal in an answer: field 63, after the organisation."""
    return str(answer.get(63, ""))[3:].strip()
