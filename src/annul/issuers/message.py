"""Messages to an issuer and back, as plain fields: the interbank numbering, built from the rows.

Source: UnionPay interbank message set (0100/0200/0220/0420 with their answers, 0820 for the
network); the point-of-sale side asks for a balance with 31, the interbank side with 30.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from annul.domain.kinds import KINDS
from annul.domain.records import Merchant, Transaction
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field59

Fields = dict[int, str | bytes]

REVERSAL: Final = "0420"
NETWORK_REQUEST: Final = "0820"
NETWORK_ANSWER: Final = "0830"
SIGN_ON: Final = "001"
SIGN_OFF: Final = "002"
ECHO: Final = "301"

# PIN block with PAN, under a double-length key; at most 12 digits (fields 53 and 26).
_PIN_SECURITY: Final = "2600000000000000"
_PIN_CAPTURE: Final = "12"

_NETWORK_TIME: Final = timezone(timedelta(hours=8))
_TWO: Final = tuple(f"{number:02d}" for number in range(100))
_ANSWER_MTI: Final = {
    "0100": "0110", "0200": "0210", "0220": "0230", "0420": "0430", "0820": "0830",
}  # fmt: skip


_TRACK_2: Final = 35
_ICC: Final = 55
_QR_DATA: Final = 59


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind looks between banks; `passed_on` are fields taken from the terminal's message."""

    mti: str
    processing_code: str
    amount: bool = True
    passed_on: tuple[int, ...] = (_TRACK_2, _ICC)


_DIFFERENT: Final = {"balance": Form("0200", "300000", amount=False)}
FORMS: Final[dict[str, Form]] = {
    kind.name: Form(
        kind.mti, kind.processing_code, passed_on=(_QR_DATA,) if kind.qr else (_TRACK_2, _ICC)
    )
    for kind in KINDS.values()
    if kind.processing_code
} | _DIFFERENT


@dataclass(frozen=True, slots=True)
class Answer:
    """What an issuer says to a request; empty where it says nothing.

    `settlement_date` is MMDD, `balance` field 54 as it came, `icc` field 55, `voucher` the number
    of a QR payment.
    """

    response_code: str
    auth_code: str = ""
    settlement_date: str = ""
    icc: bytes | None = None
    balance: str = ""
    voucher: str = ""


def answer_mti(mti: str) -> str:
    """Give the MTI that answers `mti`: 0200 -> 0210."""
    return _ANSWER_MTI.get(mti) or f"{mti[:2]}{int(mti[2]) + 1}{mti[3]}"


def request_fields(
    transaction: Transaction,
    *,
    pan: str,
    merchant: Merchant,
    acquirer_id: str,
    local: datetime,
    original: Transaction | None = None,
    message: Message | None = None,
    pin: bytes | None = None,
) -> tuple[str, Fields]:
    """Build the request for a transaction: its MTI and fields.

    `pan` is in clear and kept nowhere else; `local` is `transaction.received_at` on the shop's
    clock; `message` is the terminal's, None when an advice is repeated from the store; `pin` is
    the PIN block under the issuer's key.
    """
    form = FORMS[transaction.kind]
    fields = _common(transaction, form, pan, merchant, acquirer_id, local)
    if original is not None:
        if original.auth_code:
            fields[38] = original.auth_code
        then = original.received_at.astimezone(local.tzinfo)
        fields[90] = _original_data(original, acquirer_id, then)
    if message is not None:
        for number in form.passed_on:
            if number in message and not (number == _TRACK_2 and _track_is_encrypted(message)):
                fields[number] = message[number]
    if pin is not None:
        fields[26] = _PIN_CAPTURE
        fields[52] = pin
        fields[53] = _PIN_SECURITY
    return form.mti, fields


def reversal_fields(
    transaction: Transaction,
    reason: str,
    *,
    pan: str,
    merchant: Merchant,
    acquirer_id: str,
    local: datetime,
) -> tuple[str, Fields]:
    """Build the reversal (0420) of a transaction; every repetition is the same message.

    `reason` is the four-digit interbank reason; `local` is `transaction.received_at` on the
    shop's clock, so the key of the answer stays the same over midnight.
    """
    assert reason.isdecimal(), "a reversal states its reason"
    fields = _common(transaction, FORMS[transaction.kind], pan, merchant, acquirer_id, local)
    if transaction.auth_code:
        fields[38] = transaction.auth_code
    fields[60] = reason
    fields[90] = _original_data(transaction, acquirer_id, local)
    return REVERSAL, fields


def network_fields(code: str, trace: str, now: datetime) -> Fields:
    """Build a network request (0820): `SIGN_ON`, `SIGN_OFF` or `ECHO`. `now` is UTC."""
    return {7: _moment(now.astimezone(_NETWORK_TIME)), 11: trace, 70: code}


def network_answer(message: Message) -> tuple[str, Fields]:
    """Build the answer (0830) to a network request of the issuer; raises `DecodeError`."""
    fields: Fields = {number: message[number] for number in (7, 11, 33, 70) if number in message}
    fields[39] = "00"
    return NETWORK_ANSWER, fields


def parse_answer(message: Message) -> Answer:
    """Read an issuer's answer; raises `DecodeError` when a field that is needed makes no sense."""
    get = message.fields().get  # all at once is faster than one by one
    code = get(39)
    if not isinstance(code, str):
        raise DecodeError(39, 0, "a response code")
    icc = get(_ICC)
    return Answer(
        code,
        _text(get(38, "")),
        _text(get(15, "")),
        icc if isinstance(icc, bytes) else None,
        _text(get(54, "")),
        _voucher(get(_QR_DATA, "")),
    )


def answered_fields(answer: Answer) -> Fields:
    """Give what of an answer is worth keeping as evidence, by field."""
    found: Fields = {
        15: answer.settlement_date,
        38: answer.auth_code,
        39: answer.response_code,
        54: answer.balance,
    }
    return {number: value for number, value in found.items() if value}


def _common(
    transaction: Transaction,
    form: Form,
    pan: str,
    merchant: Merchant,
    acquirer_id: str,
    local: datetime,
) -> Fields:
    """Build what a request and its reversal have in common."""
    moment = _moment(local)
    fields: Fields = {
        3: form.processing_code,
        7: moment,
        11: transaction.trace,
        12: moment[4:],
        13: moment[:4],
        18: merchant.category,
        22: transaction.entry_mode,
        25: transaction.condition,
        32: acquirer_id,
        37: transaction.rrn,
        41: transaction.terminal_id,
        42: transaction.merchant_id,
        43: merchant.name_en.encode("ascii", "replace").ljust(40)[:40].decode("ascii"),
        49: transaction.currency,
    }
    if pan:
        fields[2] = pan
    if form.amount:
        fields[4] = f"{transaction.amount:012d}"
    if transaction.expiry:
        fields[14] = transaction.expiry
    if transaction.card_sequence:
        fields[23] = transaction.card_sequence
    if transaction.voucher:
        fields[_QR_DATA] = Field59.voucher(transaction.voucher)
    if transaction.issuer_id.isdecimal():
        fields[100] = transaction.issuer_id
    return fields


def _original_data(original: Transaction, acquirer_id: str, local: datetime) -> str:
    """Build field 90: MTI, trace, time (field 7), acquirer and forwarder of the original.

    annul sends for itself, so there is no forwarder.
    """
    form = FORMS[original.kind]
    return f"{form.mti}{original.trace}{_moment(local)}{acquirer_id:0>11}{'':0>11}"


def _moment(local: datetime) -> str:
    """Give field 7: MMDDhhmmss. Faster than strftime."""
    two = _TWO
    return (
        two[local.month] + two[local.day] + two[local.hour] + two[local.minute] + two[local.second]
    )


def _track_is_encrypted(message: Message) -> bool:
    """Say whether the terminal has encrypted the tracks: the third digit of field 53."""
    return _text(message.get(53, ""))[2:3] == "1"


def _text(value: str | bytes | None) -> str:
    """Give a field's text; what the dialect gives as bytes is no text."""
    return value if isinstance(value, str) else ""


def _voucher(value: str | bytes) -> str:
    """Read the number of a QR payment from field 59; raises `DecodeError`."""
    if not isinstance(value, bytes):
        return ""
    return Field59.parse(value).get(Field59.VOUCHER).decode("ascii", "replace")
