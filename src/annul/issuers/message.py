"""Messages to an issuer and back, as plain fields: the interbank numbering, built from the rows.

Source: UnionPay interbank message set (0100/0200/0220/0420 with their answers, 0820 for the
network); the point-of-sale side asks for a balance with 31, the interbank side with 30.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from annul.domain.answers import Verdict, judge
from annul.domain.kinds import KINDS, answer_mti
from annul.domain.link_profile import USUAL, LinkProfile
from annul.domain.records import Merchant, Transaction
from annul.domain.response_codes import SENSELESS, Effect, effect_of
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field59

Fields = dict[int, str | bytes]

REVERSAL: Final = "0420"
SIGN_ON: Final = "001"
SIGN_OFF: Final = "002"
ECHO: Final = "301"

# PIN block with PAN (without one: 1), under a double-length key; at most 12 digits (fields 53, 26).
_PIN_SECURITY: Final = "2600000000000000"
_PIN_SECURITY_BARE: Final = "1600000000000000"
_PIN_CAPTURE: Final = "12"

NETWORK_TIME: Final = timezone(timedelta(hours=8))
_TWO: Final = tuple(f"{number:02d}" for number in range(100))

_AMOUNT: Final = 4
_TRACK_2: Final = 35
_AUTH_CODE: Final = 38
_BALANCE: Final = 54
_ICC: Final = 55
_QR_DATA: Final = 59
_CODE_SIZE: Final = 2
_VOUCHER: Final = 24  # digits of a QR payment's number, at most


@dataclass(frozen=True, slots=True)
class MessageForm:
    """How a kind looks between banks; `passed_on` are fields taken from the terminal's message."""

    mti: str
    processing_code: str
    amount: bool = True
    passed_on: tuple[int, ...] = (_TRACK_2, _ICC)


_DIFFERENT: Final = {"balance": MessageForm("0200", "300000", amount=False)}
FORMS: Final[dict[str, MessageForm]] = {
    kind.name: MessageForm(
        kind.mti, kind.processing_code, passed_on=(_QR_DATA,) if kind.qr else (_TRACK_2, _ICC)
    )
    for kind in KINDS.values()
    if kind.processing_code
} | _DIFFERENT


_NETWORK_REPEATED: Final = (7, 11, 32, 33, 53, 70)

# Texts of an answer that are kept, shown or compared.
_TEXTS: Final = (37, 38, 39, 41, 42, 44, 49, _BALANCE)


class Answer(NamedTuple):
    """What an issuer says to a request; empty where it says nothing. A tuple: one a request.

    `settlement_date` is MMDD, `balance` field 54 as it came, `icc` field 55, `voucher` the number
    of a QR payment; `differs` names the fields that are not as they were asked; under the
    code for a part, `in_full` says that the amount came and is the one that was asked for. `odd`
    are fields that make no sense and that nobody needs.
    """

    response_code: str
    auth_code: str = ""
    settlement_date: str = ""
    icc: bytes | None = None
    balance: str = ""
    voucher: str = ""
    differs: tuple[int, ...] = ()
    in_full: bool = False
    odd: tuple[int, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What it proves about the money of the request."""
        return judge(self.response_code, self.differs, in_full=self.in_full)


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
    passed_on: tuple[int, ...] = (),
    pin_has_pan: bool = True,
) -> tuple[str, Fields]:
    """Build the request for a transaction: its MTI and fields.

    `pan` is in clear and kept nowhere else; `local` is `transaction.received_at` on the shop's
    clock; `message` is the terminal's, None when an advice is repeated from the store; `pin` is
    the PIN block under the issuer's key, with the card number in it or without; `passed_on` are
    fields of the terminal's message that this issuer gets besides those of the kind.
    """
    form = FORMS[transaction.kind]
    fields = _common(transaction, form, pan, merchant, acquirer_id, local)
    if original is not None:
        if original.auth_code:
            fields[38] = original.auth_code
        then = original.received_at.astimezone(local.tzinfo)
        fields[90] = _original_data(original, acquirer_id, then)
    if message is not None:
        said = message.readable()
        for number in (*form.passed_on, *passed_on):
            if number in said and not (number == _TRACK_2 and _track_is_encrypted(message)):
                fields.setdefault(number, said[number])
    if pin is not None:
        fields[26] = _PIN_CAPTURE
        fields[52] = pin
        fields[53] = _PIN_SECURITY if pin_has_pan else _PIN_SECURITY_BARE
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
    shop's clock. Fields 7 and 11 are those of the request, as the network finds it by them.
    """
    assert reason.isdecimal(), "a reversal states its reason"
    fields = _common(transaction, FORMS[transaction.kind], pan, merchant, acquirer_id, local)
    if transaction.auth_code:
        fields[38] = transaction.auth_code
    fields[60] = reason
    fields[90] = _original_data(transaction, acquirer_id, local)
    return REVERSAL, fields


def network_fields(trace: str, now: datetime) -> Fields:
    """Build what every network request has; field 70 says what it is. `now` is UTC."""
    return {7: _moment(now.astimezone(NETWORK_TIME)), 11: trace}


def network_answer(message: Message) -> tuple[str, Fields]:
    """Build the answer to a network request of the issuer."""
    fields = message.pick(_NETWORK_REPEATED)
    fields[39] = "00"
    return answer_mti(message.mti), fields


def parse_answer(
    message: Message,
    asked: Mapping[int, str | bytes] | None = None,
    profile: LinkProfile = USUAL,
) -> Answer:
    """Read an issuer's answer, and compare it with what was `asked`, when that is known.

    A field that makes no sense spoils nothing but itself, unless it is compared: then it differs.
    Raises `DecodeError` for an answer without a response code.
    """
    said: Mapping[int, str | bytes] = message.readable()  # all at once is faster than one by one
    odd = tuple(message.faults)
    if not _printable(said.get):
        unprintable = tuple(n for n in _TEXTS if not str(said.get(n, "")).isprintable())
        odd = (*odd, *unprintable)
        said = {n: value for n, value in said.items() if n not in odd}
    code = said.get(39)
    if not isinstance(code, str):
        raise DecodeError(39, 0, "a response code")
    code = profile.codes.get(code, code)
    if len(code) != _CODE_SIZE or not code.isalnum():  # of a table that nobody has given us
        code, odd = SENSELESS, (*odd, 39)
    icc = said.get(_ICC)
    voucher = _voucher(said.get(_QR_DATA, ""))
    if voucher is None:
        odd = (*odd, _QR_DATA)
    differs, in_full = ((), False) if asked is None else _compared(said, odd, asked, code, profile)
    if asked and _AUTH_CODE in odd and effect_of(code) is Effect.NOT_DONE and _spoilt(message):
        differs = (*differs, _AUTH_CODE)
    return Answer(
        code,
        _text(said.get(_AUTH_CODE, "")),
        _text(said.get(15, "")),
        icc if isinstance(icc, bytes) else None,
        _text(said.get(_BALANCE, "")),
        voucher or "",
        differs,
        in_full,
        odd,
    )


def answer_fields_of(transaction: Transaction) -> Fields:
    """Give the fields that an answer repeats as they were asked, from the stored row."""
    fields: Fields = {
        37: transaction.rrn,
        41: transaction.terminal_id,
        42: transaction.merchant_id,
        49: transaction.currency,
    }
    if FORMS[transaction.kind].amount:
        fields[_AMOUNT] = f"{transaction.amount:012d}"
    return fields


def answered_fields(answer: Answer) -> Fields:
    """Give what of an answer is worth keeping as evidence, by field."""
    found: Fields = {
        15: answer.settlement_date,
        38: answer.auth_code,
        39: answer.response_code,
        _BALANCE: answer.balance,
    }
    return {number: value for number, value in found.items() if value}


def _common(
    transaction: Transaction,
    form: MessageForm,
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
        11: transaction.issuer_trace or transaction.trace,
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
    if transaction.issuer_trace:
        fields[33] = acquirer_id  # annul sends for itself
    if pan:
        fields[2] = pan
    if form.amount:
        fields[_AMOUNT] = f"{transaction.amount:012d}"
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
    """Build field 90: MTI, trace, time (field 7), acquirer and forwarder, as the original had them.

    One without a trace of its own towards the issuer went out without a forwarder.
    """
    trace = original.issuer_trace or original.trace
    forwarder = acquirer_id if original.issuer_trace else ""
    mti = FORMS[original.kind].mti
    return f"{mti}{trace}{_moment(local)}{acquirer_id:0>11}{forwarder:0>11}"


_Get = Callable[[int, Any], Any]


def _printable(get: _Get) -> bool:
    """Say whether the texts of an answer are printable. PostgreSQL takes no NUL in any."""
    said = f"{get(37, '')}{get(38, '')}{get(39, '')}{get(41, '')}{get(42, '')}{get(49, '')}"
    return f"{said}{get(44, '')}{get(_BALANCE, '')}".isprintable()


def _compared(
    said: Mapping[int, str | bytes],
    odd: Collection[int],
    asked: Mapping[int, str | bytes],
    code: str,
    profile: LinkProfile,
) -> tuple[tuple[int, ...], bool]:
    """Give the repeated fields that are not as asked; under the code for a part, with the amount.

    There less money does not differ, and the second says whether all of it is named after all.
    What an answer leaves out does not differ. A decline that names an authorisation, and not the
    one that was asked about, contradicts itself.
    """
    found: tuple[int, ...] = ()
    get = said.get
    for number in profile.compared:
        value = get(number)
        if value and value != (was := asked.get(number)) and was and _other(number, value, was):
            found = (*found, number)
    if odd:
        found = (*found, *(n for n in profile.compared if n in odd and asked.get(n)))
    if code == "00":
        return found, False
    effect = effect_of(code)
    if effect is Effect.NOT_DONE and _authorised(get(_AUTH_CODE, ""), asked.get(_AUTH_CODE, "")):
        found = (*found, _AUTH_CODE)
    if effect is not Effect.PART:
        return found, False
    in_full = bool(get(_AMOUNT) and asked.get(_AMOUNT)) and _AMOUNT not in found
    return tuple(number for number in found if number != _AMOUNT), in_full


def _authorised(said: str | bytes, asked: str | bytes) -> bool:
    code = _text(said).strip(" 0")
    return bool(code) and code != _text(asked).strip(" 0")


def _spoilt(message: Message) -> bool:
    """Say whether an authorisation that can not be read holds anything.

    Then what stands before it may have shifted, and the code behind it be digits of something else.
    """
    return bool(message.bytes_of(_AUTH_CODE).strip(b"\0 0"))


def _other(number: int, said: str | bytes, was: str | bytes) -> bool:
    """Say whether a repeated field means something else than what was asked."""
    if number == _AMOUNT:
        return int(said) != int(was)
    plain = _text(said).rstrip()
    return bool(plain) and plain != _text(was).rstrip()


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


def _voucher(value: str | bytes) -> str | None:
    """Read the number of a QR payment from field 59; None for what holds none that makes sense."""
    if not isinstance(value, bytes):
        return ""
    try:
        number = Field59.parse(value).get(Field59.VOUCHER)
    except DecodeError:
        return None
    if number and not (number.isdigit() and len(number) <= _VOUCHER):
        return None
    return number.decode("ascii")
