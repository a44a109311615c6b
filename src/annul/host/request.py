"""A terminal's message as the handlers see it: let in at the door, recognised and complete."""

from datetime import date, datetime
from typing import Final, NamedTuple

from annul.domain.errors import AnnulError
from annul.domain.kinds import REVERSAL_MTIS, Kind, Proof
from annul.domain.records import Key, Merchant
from annul.merchants.station import Station
from annul.security.mac import EQUALISABLE
from annul.security.vault import Vault
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field59, Field60, Field61

from .door import Admitted
from .recognised import bytes_of, sort_of, text_of

# What a reversal need not repeat: it is found by batch and trace.
_SPARED: Final = (37, 59, 61)
_CODE: Final = 24  # digits of a scanned code or of a QR payment's number, at most


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


class Request(NamedTuple):
    """One request of a terminal; `pan` is in clear and lives no longer than the request.

    A tuple, since there is one for each message; it shows nothing of itself in a trace.
    """

    entry: Admitted
    message: Message
    station: Station
    merchant: Merchant
    kind: Kind
    reversal: bool
    field60: Field60
    trace: str
    amount: int
    pan: str
    card_hash: bytes
    voucher: str
    expiry: str
    entry_mode: str
    received_at: datetime
    business_date: date

    def __repr__(self) -> str:
        return f"<Request {self.kind.name} {self.trace}>"

    @property
    def key(self) -> Key:
        """What makes the request itself: merchant, terminal, batch and trace."""
        return (*self.station.identity, self.field60.batch, self.trace)

    @property
    def certain(self) -> bool:
        """Whether it is this terminal's beyond a MAC that could have been equalised."""
        entry = self.entry
        mac = entry.key is not None and entry.station.algorithm not in EQUALISABLE
        return mac or entry.peer.bound_to(entry.station)

    @property
    def final(self) -> bool:
        """Whether a refusal is its end: a reversal is sent until it is heard."""
        return self.kind.proof is Proof.MAC and not self.reversal

    def check_proof(self) -> None:
        """Raise `Refusal` 58 when the kind asks for more proof than there is.

        The same bytes that were refused before are refused as they were.
        """
        before = self.station.refused.get(self.message.raw)
        if before and self.final:
            code, rule = before
            raise Refusal(code, rule=rule)
        proof = self.kind.proof
        if self.reversal or proof is Proof.MAC or proof is Proof.NOTHING:
            return  # at the door no message of a kind with a MAC gets this far without it
        if self.certain if proof is Proof.EITHER else self.entry.peer.bound_to(self.station):
            return
        lenient = self.station.terminal.unbound_management or (
            proof is Proof.EITHER and self.entry.key is not None
        )
        if not (self.kind.unbound and lenient):
            raise Refusal("58", "请先做一笔联机交易再试", rule="line_not_bound")


def recognise(entry: Admitted) -> tuple[Kind, Field60]:
    """Name the kind of a message and check that it has the fields of that kind.

    Raises `Refusal` 30 for a field that is missing, `DecodeError` for one that is senseless, and
    `Refusal` 40 for a kind that annul lacks.
    """
    message = entry.message
    if 60 not in message:
        raise Refusal("30", "field 60 missing 缺少60域", rule="missing_60")
    sort = entry.sort or sort_of(message)
    if sort is None:
        raise Refusal("40", "transaction not known 不支持的交易")
    kind, field60 = sort
    spared = _SPARED if message.mti in REVERSAL_MTIS else ()
    for number in kind.required:
        if number not in message and number not in spared:
            raise Refusal("30", f"field {number} missing 缺少{number}域", rule=f"missing_{number}")
    if 61 in message:
        Field61.parse(text_of(message, 61))
    return kind, field60


def attribute(entry: Admitted, vault: Vault, received_at: datetime, business_date: date) -> Request:
    """Build the request; raises `Refusal` (30, 40) or `DecodeError` for what makes no sense."""
    message = entry.message
    kind, field60 = recognise(entry)
    track_pan, _, discretionary = message.get(35, "").partition("D")
    pan, voucher = text_of(message, 2) or track_pan, ""
    if kind.qr and 59 in message:
        scanned = Field59.parse(bytes_of(message, 59))
        pan = _digits(scanned, Field59.CODE) or pan
        voucher = _digits(scanned, Field59.VOUCHER)
    return Request(
        entry=entry,
        message=message,
        station=entry.station,
        merchant=entry.merchant,
        kind=kind,
        reversal=message.mti in REVERSAL_MTIS,
        field60=field60,
        trace=text_of(message, 11),
        amount=int(text_of(message, 4) or 0),
        pan=pan,
        card_hash=vault.hash(pan) if pan else b"",
        voucher=voucher,
        expiry=text_of(message, 14) or discretionary[:4],
        entry_mode=text_of(message, 22),
        received_at=received_at,
        business_date=business_date,
    )


def _digits(scanned: Field59, tag: str) -> str:
    """Give a number of field 59; raises `DecodeError` for what is none."""
    value = scanned.get(tag)
    if value and not (value.isdigit() and len(value) <= _CODE):
        raise DecodeError(59, 0, f"digits in tag {tag}")
    return value.decode("ascii")
