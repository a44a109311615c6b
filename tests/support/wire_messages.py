"""Valid messages of every dialect, for properties and for mutations."""

from random import Random

from hypothesis import strategies as st

from annul.wire.codec import Value
from annul.wire.dialect import Dialect
from annul.wire.field import Coding, Content, Field

_DIGITS = "0123456789"
_CHINESE = "消费撤销退货余额不足，请重新签到。ABC123 "


def _alphabet(field: Field) -> str:
    if field.coding is Coding.GBK:
        return _CHINESE
    return {
        Content.DIGITS: _DIGITS,
        Content.TRACK: _DIGITS + "D",
        Content.SIGNED: _DIGITS,
        Content.TEXT: "".join(map(chr, range(0x20, 0x7F))),
        Content.BINARY: "",
    }[field.content]


def values(field: Field) -> st.SearchStrategy[Value]:
    """Give every value that a field takes."""
    fixed = field.fixed
    largest = _largest(field)
    smallest = field.size if fixed else 0
    if field.content is Content.BINARY:
        return st.binary(min_size=smallest, max_size=largest)
    if field.content is Content.SIGNED:
        digits = st.text(_DIGITS, min_size=max(smallest, 2) - 1, max_size=largest - 1)
        return st.tuples(st.sampled_from("CD+-"), digits).map("".join)
    text = st.text(_alphabet(field), min_size=smallest, max_size=largest)
    if field.coding is Coding.GBK:
        if fixed:  # counted in bytes, filled by whoever writes it
            return text.map(lambda value: _filled(value, field.size))
        return text.filter(lambda value: len(value.encode("gbk")) <= largest)
    return text


def _largest(field: Field) -> int:
    return field.size if field.fixed else min(field.size, field.prefix.largest)


def _filled(value: str, size: int) -> str:
    cut = value.encode("gbk")[:size].decode("gbk", "ignore")
    return cut + " " * (size - len(cut.encode("gbk")))


@st.composite
def messages(draw: st.DrawFn, dialect: Dialect) -> tuple[str, dict[int, Value]]:
    """Draw a message type and some fields."""
    mti = draw(st.text(_DIGITS, min_size=4, max_size=4))
    if dialect.version != "0":  # inside annul a type begins with 0 whatever it is on the wire
        mti = f"0{mti[1:]}"
    numbers = draw(st.sets(st.sampled_from(sorted(dialect.fields)), max_size=14))
    return mti, {number: draw(values(dialect.fields[number])) for number in sorted(numbers)}


def random_value(field: Field, random: Random) -> Value:
    """Give one value, from a seeded source: fast, for many mutations."""
    largest = _largest(field)
    size = field.size if field.fixed else random.randrange(min(largest, 40) + 1)
    if field.content is Content.BINARY:
        return random.randbytes(size)
    if field.coding is Coding.GBK:
        return _filled("".join(random.choices(_CHINESE, k=size)), size)
    if field.content is Content.SIGNED:
        return random.choice("CD") + "".join(random.choices(_DIGITS, k=max(size, 2) - 1))
    return "".join(random.choices(_alphabet(field), k=size))


def random_message(dialect: Dialect, random: Random) -> tuple[str, dict[int, Value]]:
    """Give one message from a seeded source."""
    numbers = random.sample(sorted(dialect.fields), k=random.randrange(1, 16))
    mti = random.choice(("0100", "0200", "0210", "0220", "0320", "0400", "0500", "0800", "0810"))
    return mti, {n: random_value(dialect.fields[n], random) for n in sorted(numbers)}
