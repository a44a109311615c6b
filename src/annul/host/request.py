"""A terminal's message as the handlers see it: recognised, attributed and complete."""

from dataclasses import dataclass, field
from datetime import date, datetime

from annul.domain.errors import AnnulError
from annul.domain.kinds import REVERSAL_MTI, Kind, find_kind
from annul.domain.records import Merchant
from annul.merchants.registry import Registry, Station
from annul.security.vault import Vault
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field59, Field60


class Refusal(AnnulError):
    """The request was refused before anything was sent. No money has moved.

    `response_code` goes into field 39 and `text`, when given, into field 63 for the cashier.
    """

    code = "host.refused"
    next_step = "Read the response code and the text beside it."

    def __init__(self, response_code: str, text: str = "", *, rule: str = "") -> None:
        super().__init__(f"refused with {response_code}: {text or rule}")
        self.response_code = response_code
        self.text = text
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a terminal; `pan` is in clear and lives no longer than the request."""

    message: Message = field(repr=False)
    kind: Kind
    reversal: bool
    station: Station = field(repr=False)
    merchant: Merchant = field(repr=False)
    field60: Field60
    trace: str
    amount: int
    pan: str = field(repr=False)
    card_hash: bytes = field(repr=False)
    voucher: str
    expiry: str = field(repr=False)
    entry_mode: str
    received_at: datetime
    business_date: date
    head: bytes = b""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes the request itself: merchant, terminal, batch and trace."""
        terminal = self.station.terminal
        return (terminal.merchant_id, terminal.terminal_id, self.field60.batch, self.trace)


def kind_of(message: Message) -> Kind | None:
    """Name the kind of a message as far as its fields tell; raises nothing."""
    try:
        field60 = Field60.parse(_text(message, 60))
    except DecodeError:
        return None
    return _find(message, field60)


def _find(message: Message, field60: Field60) -> Kind | None:
    return find_kind(
        message.mti,
        _text(message, 3),
        _text(message, 25),
        field60.function,
        field60.network,
        _text(message, 22),
    )


def recognise(message: Message) -> tuple[Kind, Field60]:
    """Name the kind of a message and check that no mandatory field is missing.

    Raises `Refusal` 30 for a missing or senseless field and 40 for a kind that annul lacks.
    """
    if 60 not in message:
        raise Refusal("30", "field 60 missing 缺少60域")
    field60 = Field60.parse(_text(message, 60))
    kind = _find(message, field60)
    if kind is None:
        raise Refusal("40", "transaction not known 不支持的交易")
    for number in kind.required:
        if number not in message and not (number == 37 and message.mti == REVERSAL_MTI):
            raise Refusal("30", f"field {number} missing 缺少{number}域", rule=f"missing_{number}")
    return kind, field60


def attribute(
    message: Message,
    registry: Registry,
    vault: Vault,
    received_at: datetime,
    business_date: date,
    head: bytes = b"",
) -> Request:
    """Build the request, or raise `Refusal` (30, 40, 03 for the merchant, 97 for the terminal)."""
    kind, field60 = recognise(message)
    merchant = registry.merchant(_text(message, 42))
    if merchant is None:
        raise Refusal("03", rule="merchant_unknown")
    station = registry.station(merchant.merchant_id, _text(message, 41))
    if station is None:
        raise Refusal("97", rule="terminal_unknown")
    track_pan, _, discretionary = _text(message, 35).partition("D")
    pan, voucher = _text(message, 2) or track_pan, ""
    if kind.qr:
        scanned = Field59.parse(_bytes(message, 59))
        pan = scanned.get(Field59.CODE).decode("ascii", "replace") or pan
        voucher = scanned.get(Field59.VOUCHER).decode("ascii", "replace")
    return Request(
        message=message,
        kind=kind,
        reversal=message.mti == REVERSAL_MTI,
        station=station,
        merchant=merchant,
        field60=field60,
        trace=_text(message, 11),
        amount=int(_text(message, 4) or 0),
        pan=pan,
        card_hash=vault.hash(pan) if pan else b"",
        voucher=voucher,
        expiry=_text(message, 14) or discretionary[:4],
        entry_mode=_text(message, 22),
        received_at=received_at,
        business_date=business_date,
        head=head,
    )


def _bytes(message: Message, number: int) -> bytes:
    value = message.get(number, b"")
    assert isinstance(value, bytes)
    return value


def _text(message: Message, number: int) -> str:
    value = message.get(number, "")
    assert isinstance(value, str)
    return value
