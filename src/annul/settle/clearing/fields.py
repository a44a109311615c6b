"""What may stand in a field of a line of fixed positions, and what a line is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from annul.domain.text import Text

from .meanings import Meaning


class Type(NamedTuple):
    """What stands in a field: a pattern, in which {N} stands for its bytes and {L} for one less,
    what is expected in words, the pattern that says nothing, and what is written for it: `first`,
    then as much `fill` as there is room. What is `secret` is not shown of a bad line.
    """

    pattern: str
    expected: Text
    fill: str = " "
    unsaid: str = ""
    first: str = ""
    secret: bool = False


_CARD_SIZES: Final = (16, 19, 18, 17, 15, 14, 13)  # digits, the usual first
_CARD_WIDTH: Final = 19


def _padded(character: str, sizes: tuple[int, ...]) -> str:
    """Make the pattern of a card's field: digits, then blanks up to its end."""
    of_size = (f"{character}{{{size}}} {{{_CARD_WIDTH - size}}}" for size in sizes)
    return f"(?:{'|'.join(of_size)})"


# No 30th of February and no 31st of short months; the 29th is left to who knows the year.
_DAY: Final = r"(?!023|0[469]31|1131)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_MOMENT: Final = _DAY + r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"

DIGITS: Final = Type(r"\d{N}", Text("数字", "digits"), "0")
MAYBE: Final = Type(
    r"\d{N}", Text("数字, 或全为空格", "digits, or only blanks"), unsaid="0{N}| {N}"
)
AMOUNT: Final = Type(
    r"(?!0{N})\d{N}", Text("大于零的金额, 以分计", "an amount above zero in minor units"), "0"
)
MONEY: Final = Type(
    r"[CD\d]\d{L}",
    Text("金额, 首位可为C或D", "an amount in minor units, C or D may stand first"),
    "0",
    "0{N}",
)
SIDED: Final = Type(
    r"[CD]\d{L}", Text("C或D后接金额", "C or D, then an amount in minor units"), "0", first="D"
)
SIDE: Final = Type("[CD]", Text("C或D", "C or D"), "C")
MOMENT: Final = Type(_MOMENT, Text("时间MMDDhhmmss", "a time MMDDhhmmss"), "0")
MAYBE_MOMENT: Final = Type(
    _MOMENT,
    Text("时间MMDDhhmmss, 或全为零、空格", "a time MMDDhhmmss, or only zeros or blanks"),
    unsaid="0{N}| {N}",
)
DAY: Final = Type(_DAY, Text("日期MMDD", "a date MMDD"), "0")
CARD: Final = Type(
    _padded(r"\d", _CARD_SIZES),
    Text("13至19位卡号, 右补空格", "a card's 13 to 19 digits, blanks after them"),
    secret=True,
)
SHOWN_CARD: Final = Type(
    _padded(r"[\d*]", _CARD_SIZES),
    Text("13至19位卡号, 可遮蔽或全空", "a card's 13 to 19 digits, also masked by *, or blanks"),
    unsaid=" {N}",
    secret=True,
)
NAME: Final = Type(r"[!-~][ -~]{L}", Text("代码, 不可为空", "a code that is not empty"))
MAYBE_NAME: Final = Type(r"[ -~]{N}", Text("代码, 可为空", "a code, or blanks"))
REVERSED: Final = Type("R", Text("R或空格", "R or a blank"), unsaid=" ")
VOIDED: Final = Type("C", Text("C或空格", "C or a blank"), unsaid=" ")
ANY: Final = Type(".{N}", Text("任意内容", "anything"))
OTHER_CARD: Final = ANY._replace(secret=True)

# What a field can tell of a row, in the order in which rows are made; three words make one that
# is looked up among the layout's meanings. `fee_paid` and `fee_got` are the acquirer's.
SLOTS: Final = (
    *("merchant_id", "terminal_id", "trace", "rrn", "auth_code", "card"),
    *("word_1", "word_2", "word_3", "amount", "currency"),
    *("fee_paid", "fee_got", "fee_more", "sent_at", "settles_on"),
    *("original_trace", "original_at", "code", "undone_r", "undone_c"),
)


class Field(NamedTuple):
    """A field: `start` counts bytes from 1; `says` is the slot that it fills, if any."""

    name: str
    title: Text
    start: int
    length: int
    type: Type
    says: str = ""

    @property
    def end(self) -> int:
        """The last byte."""
        return self.start + self.length - 1

    @property
    def pattern(self) -> str:
        """What must stand there; a group of it takes what it says to the slot `says`."""
        taken = f"({self.type.pattern})" if self.says else self.type.pattern
        whole = f"(?:{self.type.unsaid}|{taken})" if self.type.unsaid else taken
        return whole.replace("{N}", f"{{{self.length}}}").replace("{L}", f"{{{self.length - 1}}}")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A line of fixed positions; `files` is a pattern of such files' names, in capital letters."""

    name: str
    title: Text
    files: str
    fields: tuple[Field, ...]
    meanings: Mapping[str, Meaning]

    @property
    def length(self) -> int:
        """Bytes of a line, without its end."""
        return self.fields[-1].end
