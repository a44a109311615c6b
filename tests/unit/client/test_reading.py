"""JSON to dataclasses, lines to events."""

import inspect
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.client import UnreadableError, case_models, house_models, models
from annul.client.shape import read
from annul.client.stream import Event, Reader


@dataclass(frozen=True)
class Inner:
    name: str
    at: datetime


@dataclass(frozen=True)
class Outer:
    inner: Inner
    many: tuple[Inner, ...]
    day: date
    number: int
    part: float
    yes: bool
    maybe: str | None
    named: dict[str, tuple[int, ...]]
    one_of: Literal["a", "b"]
    any: Any
    later: str = "new"


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
    assert read(Outer, WHOLE) == Outer(
        Inner("甲", at),
        (),
        date(2026, 11, 23),
        3,
        1.0,
        yes=False,
        maybe=None,
        named={"x": (1, 2)},
        one_of="c",  # pyright: ignore[reportArgumentType]
        any={"as": ["it", "is"]},
    )
    assert read(Outer, WHOLE | {"many": [WHOLE["inner"]] * 2, "later": "l"}).many[1].at == at


@pytest.mark.parametrize(
    "wrong",
    [{"inner": None}, {"inner": {}}, {"many": {}}, {"many": [None]}, {"day": "x"}, {"number": "3"},
     {"number": True}, {"number": 1.5}, {"part": "1"}, {"yes": 1}, {"maybe": 1}, {"named": []},
     {"named": {"x": ["1"]}}, {"one_of": None}, {"day": 1}, {"part": True}],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(wrong: dict[str, Any]):
    with pytest.raises(UnreadableError, match="Outer"):
        read(Outer, WHOLE | wrong)


@pytest.mark.parametrize("missing", [name for name in WHOLE if name != "unknown"])
def test_what_is_missing_is_an_error(missing: str):
    with pytest.raises(UnreadableError, match=missing):
        read(Outer, {name: value for name, value in WHOLE.items() if name != missing})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(WHOLE)), json_values)
def test_anything_is_read_or_said_to_be_unreadable(name: str, value: object):
    with suppress(UnreadableError):
        read(Outer, WHOLE | {name: value})


def test_all_that_annul_answers_is_frozen_and_has_a_text():
    modules = (models, case_models, house_models)
    found: list[Any] = [
        one for module in modules for _, one in inspect.getmembers(module, is_dataclass)
    ]
    assert len(found) > 25
    for one in found:
        assert one.__dataclass_params__.frozen
        assert one.__doc__
        assert not one.__doc__.startswith(f"{one.__name__}(")
        assert fields(one)


def test_a_secret_shows_in_no_repr():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = house_models.MadeWebhook("1", "2", "https://x/", True, "key", at, "whsec_secret")
    assert "whsec_secret" not in repr(made)
    assert "https://x/" in repr(made)


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
    reader = Reader()
    assert list(reader.read(text.split("\n")[:-1] or [])) == [Event(*one) for one in events]
    assert reader.last_id == last
