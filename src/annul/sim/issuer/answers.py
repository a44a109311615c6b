"""The issuer's answers: what they repeat and add, and how the faults of a request spoil them."""

from typing import Any, Final, NamedTuple

from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm, mac, verify
from annul.wire.codec import Codec, Message
from annul.wire.mac_block import MacBlock
from annul.wire.subfields import Field59

from .entries import APPROVED, IN_PART, BookEntry
from .faults import NONE, FaultKind, Met
from .keys import SimulatedKeys

NETWORK: Final = "0820"
NETWORK_ANSWER: Final = "0830"
_ECHOED: Final = (2, 3, 4, 7, 11, 12, 13, 18, 25, 32, 33, 37, 41, 42, 49)
_GARBAGE: Final = b"0210" + bytes(range(40))
_NO_FUNDS: Final = "51"
_OTHER: Final = {
    FaultKind.OTHER_CURRENCY: 49,
    FaultKind.OTHER_TRACE: 11,
    FaultKind.OTHER_TERMINAL: 41,
    FaultKind.OTHER_REFERENCE: 37,
}
_YUAN, _DOLLAR = "156", "840"


class IssuerReply(NamedTuple):
    """A response code, and the fields that go with it besides those that are repeated."""

    code: str
    fields: dict[int, str | bytes]


def replies(
    entry: BookEntry, met: Met, *, today: str, balance: int | None, scanned: bool
) -> list[IssuerReply]:
    """Give what is said to a request that was ruled on: one answer, or with some faults two.

    `today` is MMDD; `balance` is that of the card when the request asks for it.
    """
    plain: dict[int, str | bytes] = {15: today}
    if scanned:
        plain[59] = Field59.voucher(f"{entry.at:%Y%m%d}{entry.rrn}")
    if not entry.booked:
        return [IssuerReply(entry.code, plain)]
    approved = plain | {38: entry.auth_code}
    if entry.amount != entry.asked:
        approved[4] = f"{entry.amount:012d}"
    if balance is not None:
        approved[54] = _balance(balance)
    if FaultKind.LONG_BALANCE in met.kinds:
        approved[54] = _balance(balance or 0, "01") + _balance(balance or 0)
    if met.said:
        return [IssuerReply(met.said, approved if met.said in {APPROVED, IN_PART} else plain)]
    said = [IssuerReply(entry.code, approved)]
    if FaultKind.WAVERS in met.kinds:
        said.insert(0, IssuerReply(_NO_FUNDS, plain))
    if FaultKind.TWICE in met.kinds and entry.second_code:
        said.append(IssuerReply(entry.code, approved | {38: entry.second_code}))
    return said


class Answers:
    """Builds answers and checks requests, for one dialect and MAC algorithm."""

    def __init__(self, codec: Codec, keys: SimulatedKeys, algorithm: MacAlgorithm) -> None:
        self._codec = codec
        self._algorithm = algorithm
        self._keys = keys
        self._mac_block = MacBlock(codec.dialect)

    def genuine(self, message: Message) -> bool:
        """Check the MAC of a request; without a key every request is genuine."""
        if not self._keys.macs:
            return True
        code = message.get(self._codec.dialect.mac_field)
        if not isinstance(code, bytes):
            return False
        signed = self._mac_block.of(message.mti, message.fields(), message.unsigned)
        return any(verify(self._algorithm, key, signed, code) for key in self._keys.macs)

    def build(self, message: Message, reply: IssuerReply, met: Met = NONE) -> bytes:
        """Build the answer to a message."""
        if FaultKind.GARBLED in met.kinds:
            return _GARBAGE
        fields: dict[int, Any] = {n: message[n] for n in _ECHOED if n in message}
        for kind in met.kinds & _OTHER.keys():
            number = _OTHER[kind]
            if number in fields:
                fields[number] = another(number, fields[number])
        fields[39] = reply.code
        fields |= reply.fields
        mti = f"{message.mti[:2]}{int(message.mti[2]) + 1}0"
        key = self._keys.force[KeyKind.MAC]
        if key is None or message.mti == NETWORK:
            return self._codec.encode(mti, fields)
        body = self._codec.encode_unsigned(mti, fields)
        if FaultKind.WRONG_MAC in met.kinds:
            return self._codec.sign(body, bytes(8))
        signed = self._mac_block.of(mti, fields, body)
        return self._codec.sign(body, mac(self._algorithm, key, signed))


def another(number: int, value: str) -> str:
    """Give another value of a field: one that means something else, and could be somebody's."""
    if number == 49:
        return _YUAN if value == _DOLLAR else _DOLLAR
    if number == 11:  # far from those that are under way
        return f"{(int(value) + 500_000) % 1_000_000:06d}"
    return value[:-1] + ("1" if value[-1] == "0" else "0")


def _balance(amount: int, kind: str = "02") -> str:
    return f"10{kind}{_YUAN}C{amount:012d}"
