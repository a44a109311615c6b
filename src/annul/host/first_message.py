"""What a terminal is, by the first bytes that it sends: framing, dialect, filling, software, MAC.

Pure: bytes in, words out; nothing is kept and nothing answered. Values are shown by the table of
what may be shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from annul.domain.kinds import KINDS
from annul.domain.text import Text
from annul.issuers.odd import masked
from annul.issuers.trial.framings import Cut, cuts
from annul.security.ciphers import BLOCKS, SIZES, BlockCipher
from annul.security.mac import MacAlgorithm, goes_with, verify
from annul.wire.codec import Codec, Message
from annul.wire.dialect import Dialect
from annul.wire.errors import DecodeError
from annul.wire.field import Content
from annul.wire.framing import TPDU_2, software_of
from annul.wire.mac_block import MacBlock
from annul.wire.names import name_of
from annul.wire.shown import show

_TPDU: Final = 0x60  # first byte of the addresses
_MAC: Final = 64  # where terminals have it
_USUAL: Final = "unionpay_pos"
_KNOWN: Final = frozenset(
    n for kind in KINDS.values() for n in (*kind.required, *kind.optional, _MAC)
)

SAYS: Final[Mapping[str, Text]] = {
    "framing": Text("分帧：{name}", "framing: {name}"),
    "no_framing": Text(
        "无法识别分帧，开头为 {bytes}", "the framing is not recognised; it begins {bytes}"
    ),
    "dialect": Text("方言：{name}（整条可读）", "dialect: {name}, which reads it whole"),
    "nearest": Text(
        "没有方言能整条读懂；最接近的是{name}，{why}",
        "no dialect reads it whole; {name} comes nearest: {why}",
    ),
    "message": Text("报文类型{mti}，域：{fields}", "message type {mti}, fields {fields}"),
    "value": Text("域{number}（{zh}）：{value}", "field {number} ({en}): {value}"),
    "fill": Text("奇数位以{fill}填充", "odd digits are filled with {fill}"),
    "software": Text("终端软件版本：{version}", "software of the terminal: {version}"),
    "unknown": Text("annul不使用的域：{fields}", "fields that annul does not use: {fields}"),
    "mac": Text("MAC算法：{name}（密钥相符）", "MAC: {name}, which fits the key"),
    "no_mac": Text("所给密钥下没有MAC算法相符", "no MAC algorithm fits under the key"),
    "unsigned": Text("报文不带MAC", "the message bears no MAC"),
}


@dataclass(slots=True)
class FirstMessage:
    """What was seen, and what to register the terminal with, as options of `enrol`."""

    said: list[Text] = field(default_factory=list[Text])
    framing: str = ""
    dialect: str = ""
    mac: str = ""
    merchant: str = ""
    terminal: str = ""

    def note(self, what: str, /, **values: Any) -> None:
        """Add a line."""
        words = SAYS[what]
        self.said.append(Text(words.zh.format(**values), words.en.format(**values)))

    @property
    def command(self) -> str:
        """Give the command that registers it, empty when it is not understood."""
        if not self.dialect:
            return ""
        other = f" --dialect {self.dialect}" if self.dialect != _USUAL else ""
        code = f" --mac {self.mac}" if self.mac else ""
        numbers = f"{self.merchant or 'MERCHANT'} {self.terminal or 'TERMINAL'}"
        return f"annul terminal enrol {numbers} --out FOLDER{other}{code} --reason ..."


def describe(raw: bytes, dialects: Mapping[str, Dialect], key: bytes | None = None) -> FirstMessage:
    """Say what a terminal is that has sent these bytes; `key` is a working MAC key in clear."""
    told = FirstMessage()
    ordered = sorted(dialects.values(), key=lambda one: one.mac_field != _MAC)
    read = [(cut, one, Codec(one, trusting=False)) for cut, one in product(_cuts(raw), ordered)]
    for cut, dialect, codec in read:
        try:
            message = codec.decode(cut.bodies[0])
            message.check()
        except DecodeError:
            continue
        _whole(told, raw, cut, dialect, message, key)
        return told
    found = [(cut, one, m) for cut, one, codec in read if (m := codec.salvage(cut.bodies[0]))]
    if not found:
        told.note("no_framing", bytes=masked(raw))
        return told
    cut, dialect, message = max(found, key=lambda one: len(one[2].numbers))
    told.note("framing", name=_name(cut))
    fault = next(iter(message.faults.values()), message.broken)
    told.note("nearest", name=dialect.name, why=fault)
    return told


def _whole(
    told: FirstMessage, raw: bytes, cut: Cut, dialect: Dialect, message: Message, key: bytes | None
) -> None:
    values = message.fields()
    told.framing, told.dialect = _name(cut), dialect.name
    told.note("framing", name=told.framing)
    told.note("dialect", name=dialect.name)
    told.note("message", mti=message.mti, fields=" ".join(str(n) for n in message.numbers))
    for number, value in values.items():
        zh, en = name_of(number)
        told.note("value", number=number, zh=zh, en=en, value=show(number, value))
    fills = sorted(set(_fills(dialect, message)))
    if fills:
        told.note("fill", fill=", ".join(fills))
    head = raw[cut.framing.prefix : cut.framing.prefix + cut.framing.head]
    if software_of(head):
        told.note("software", version=software_of(head))
    unknown = [str(n) for n in message.numbers if n not in _KNOWN]
    if unknown:
        told.note("unknown", fields=" ".join(unknown))
    told.terminal, told.merchant = _number(values.get(41)), _number(values.get(42))
    if key is not None:
        _sealed(told, dialect, message, key)


def _cuts(raw: bytes) -> list[Cut]:
    """Give the framings that fit, rows of the table first."""
    return sorted(cuts(raw), key=lambda cut: len(cut.parts))


def _name(cut: Cut) -> str:
    """Name a framing; addresses and headers of terminals differ in what they hold."""
    if cut.framing.head in {5, TPDU_2.head} and cut.framing.constant[:1] == bytes([_TPDU]):
        return TPDU_2.name if cut.framing.head == TPDU_2.head else "tpdu_only"
    parts = ", ".join(f"{part} {value}" for part, value in cut.parts.items())
    return f"{cut.name} ({parts})" if parts else cut.name


def _fills(dialect: Dialect, message: Message) -> Iterator[str]:
    """Say what stands beside odd packed digits."""
    for number in message.numbers:
        row = dialect.fields[number]
        value = message[number]
        odd = isinstance(value, str) and len(value) % 2
        if not (odd and row.packed and row.content in {Content.DIGITS, Content.TRACK}):
            continue
        digits = message.bytes_of(number).hex().upper()
        left = digits[1:] == str(value).upper()
        yield f"{digits[0]} on the left" if left else f"{digits[-1]} on the right"


def _number(value: object) -> str:
    """Give a terminal's or merchant's number where it can stand in a command as it is."""
    return value.strip() if isinstance(value, str) and value.strip().isalnum() else ""


def _sealed(told: FirstMessage, dialect: Dialect, message: Message, key: bytes) -> None:
    """Say which MAC fits under a key."""
    code = message.fields().get(dialect.mac_field)
    if not isinstance(code, bytes):
        told.note("unsigned")
        return
    signed = MacBlock(dialect).of(message.mti, message.fields(), message.unsigned)
    for algorithm, cipher in product(MacAlgorithm, BLOCKS):
        if not goes_with(algorithm, cipher) or len(key) != SIZES[cipher]:
            continue
        if verify(algorithm, BlockCipher(cipher, key), signed, code):
            told.mac = told.mac or algorithm.value
            told.note("mac", name=algorithm.value)
    if not told.mac:
        told.note("no_mac")
