"""JSON to models, lines to events."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.client import UnreadableError
from annul.client.models.parts import NEWER, Day, Model, Time
from annul.client.reading import read
from annul.client.stream import EventReader, SentEvent


class Inner(Model, frozen=True):
    name: str
    at: Time


class Outer(Model, frozen=True):
    inner: Inner
    many: tuple[Inner, ...]
    day: Day
    number: int
    part: float
    yes: bool
    maybe: str | None
    named: dict[str, tuple[int, ...]]
    one_of: Annotated[Literal["a", "b"], NEWER]
    any: Any
    later: str = "new"


def read_outer(data: object) -> Outer:
    return read(Outer, json.dumps(data))


WHOLE: dict[str, Any] = {
    "inner": {"name": "甲", "at": "2026-11-23T04:05:00.5Z", "unknown": 1},
    "many": [],
    "day": "2026-11-23",
    "number": 3,
    "part": 1,
    "yes": False,
    "maybe": None,
    "named": {"x": [1, 2]},
    "one_of": "c",
    "any": {"as": ["it", "is"]},
    "unknown": None,
}


def test_known_parts_are_read_and_others_left_out():
    at = datetime(2026, 11, 23, 4, 5, 0, 500_000, UTC)
    assert dict(read_outer(WHOLE)) == {
        "inner": Inner(name="甲", at=at),
        "many": (),
        "day": date(2026, 11, 23),
        "number": 3,
        "part": 1.0,
        "yes": False,
        "maybe": None,
        "named": {"x": (1, 2)},
        "one_of": "c",
        "any": {"as": ["it", "is"]},
        "later": "new",
    }
    assert read_outer(WHOLE | {"many": [WHOLE["inner"]] * 2, "later": "l"}).many[1].at == at


@pytest.mark.parametrize(
    "wrong",
    [
        {"inner": None},
        {"inner": {}},
        {"inner": {"name": "甲", "at": "1700000000"}},
        {"inner": {"name": "甲", "at": 1700000000}},
        {"many": {}},
        {"many": [None]},
        {"day": "x"},
        {"day": 1},
        {"day": "1699920000"},
        {"day": "2026-11-23T00:00:00"},
        {"number": "3"},
        {"number": True},
        {"number": 1.5},
        {"part": "1"},
        {"part": True},
        {"yes": 1},
        {"maybe": 1},
        {"named": []},
        {"named": {"x": ["1"]}},
        {"one_of": None},
    ],
)
def test_what_does_not_fit_is_an_error(wrong: dict[str, Any]):
    with pytest.raises(UnreadableError, match="Outer"):
        read_outer(WHOLE | wrong)


@pytest.mark.parametrize("missing", [name for name in WHOLE if name != "unknown"])
def test_what_is_missing_is_an_error(missing: str):
    with pytest.raises(UnreadableError, match=missing):
        read_outer({name: value for name, value in WHOLE.items() if name != missing})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(WHOLE)), json_values)
def test_anything_is_read_or_said_to_be_unreadable(name: str, value: object):
    with suppress(UnreadableError):
        read_outer(WHOLE | {name: value})


def test_what_can_not_be_read_is_told_by_its_place_and_not_by_what_stood_there():
    wrong = WHOLE | {"inner": {"at": "2026-11-23"}, "number": "whsec_secret"}
    with pytest.raises(UnreadableError) as raised:
        read_outer(wrong)
    assert str(raised.value) == (
        "this is no Outer: inner.name: Field required; number: Input should be a valid integer"
    )
    assert "whsec_secret" not in str(raised.value.__cause__)
    with pytest.raises(UnreadableError, match=r"many.8.at: Field required; 11 more"):
        read_outer(WHOLE | {"many": [{"name": "甲"}] * 20})
    with pytest.raises(UnreadableError, match="this is no Outer: Invalid JSON"):
        read(Outer, b"<html>")


@pytest.mark.parametrize(
    ("text", "events", "last"),
    [
        ("data: a\n\n", [("message", "a")], ""),
        ("event: case\ndata:a\ndata: b\nid: 7\n\n", [("case", "a\nb")], "7"),
        (": comment\n\ndata: a\n\n", [("message", "a")], ""),
        ("id: 7\n\n", [], "7"),
        ("id: 7\n\ndata\n\n", [("message", "")], "7"),
        ("id: 7\n\nid\n\n", [], ""),
        ("id: 7\ndata: cut", [], ""),
        ("event: x\n\ndata: a\n\n", [("message", "a")], ""),
        ("retry: 5\nother: x\ndata:  two\n\n", [("message", " two")], ""),
        ("id: a\0b\ndata: x\n\n", [("message", "x")], ""),
        ("", [], ""),
    ],
)
def test_events_of_lines(text: str, events: list[tuple[str, str]], last: str):
    reader = EventReader()
    assert list(reader.read(text.split("\n")[:-1] or [])) == [SentEvent(*one) for one in events]
    assert reader.last_id == last
