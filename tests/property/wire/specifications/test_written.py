"""A dialect that is written down and read again is the same, whatever its rows are."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from annul.wire.codec import Codec
from annul.wire.dialect import Dialect
from annul.wire.errors import DecodeError
from annul.wire.field import Field
from annul.wire.nested import Part, build, row_of, split
from annul.wire.specifications.document import read
from annul.wire.specifications.written import to_toml
from tests.support.dialects import dialects, nested_rows
from tests.support.wire_messages import values


def _whole(dialect: Dialect) -> tuple[Dialect, list[str]]:
    """Give it with the names of its rows, which are no part of what makes two rows equal."""
    return dialect, [row.name for row in dialect.fields.values()]


@settings(max_examples=300, deadline=None)
@given(dialect=dialects())
def test_what_is_written_is_read(dialect: Dialect) -> None:
    assert _whole(read(to_toml(dialect))) == _whole(dialect)


@settings(max_examples=300, deadline=None)
@given(dialect=dialects(), base=dialects())
def test_what_differs_is_enough(dialect: Dialect, base: Dialect) -> None:
    base = replace(base, name="base")
    text = to_toml(dialect, base)
    assert _whole(read(text, {"base": base})) == _whole(dialect)
    assert to_toml(replace(base, name="drawn"), base).splitlines() == [
        'name = "drawn"',
        'extends = "base"',
    ]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_dialect_that_was_read_writes_the_same_messages(data: st.DataObject) -> None:
    dialect = data.draw(dialects())
    fields = {number: data.draw(values(row)) for number, row in dialect.fields.items()}
    again = read(to_toml(dialect))
    assert Codec(again).encode("0200", fields) == Codec(dialect).encode("0200", fields)


def _part_values(field: Field, data: st.DataObject) -> list[Part]:
    """Draw parts in the order in which they may stand."""
    assert field.layout is not None
    head = field.layout.head
    first = [] if head is None else [Part(None, data.draw(values(head)))]
    return first + [Part(part.number, data.draw(values(part))) for part in field.layout.parts]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_parts_are_the_inverse_of_their_field(data: st.DataObject) -> None:
    field = data.draw(nested_rows(48))
    parts = _part_values(field, data)
    value = build(field, parts)
    assert list(split(field, value)) == parts
    assert build(field, split(field, value)) == value
    assert all(row_of(field, part.number) is not None for part in parts)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_bytes_are_parts_or_refused_with_their_place(data: st.DataObject) -> None:
    field = data.draw(nested_rows(48))
    value = build(field, _part_values(field, data))
    assert isinstance(value, bytes)
    broken = bytearray(value or b"\0")
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(broken[: data.draw(st.integers(0, len(broken)))])
    try:
        assert all(part.value is not None for part in split(field, cut))
    except DecodeError as error:
        assert error.field == 48
        assert error.expected
