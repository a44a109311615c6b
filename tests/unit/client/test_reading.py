"""JSON to models, lines to events."""

import inspect
import json
import pkgutil
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from annul.client import UnreadableError, models
from annul.client.models.parts import NEWER, Day, Id, Model, Said, Shown, Time
from annul.client.models.webhooks import MadeWebhook
from annul.client.reading import read
from annul.client.stream import Reader, SentEvent


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
    with pytest.raises(UnreadableError, match="this is no Outer: Invalid JSON"):
        read(Outer, b"<html>")


def test_an_alias_is_for_rows_of_annul_and_not_for_json():
    class Row(Model, frozen=True):
        merchant: str = Field(validation_alias="merchant_id")

    assert Row.model_validate({"merchant_id": "1"}) == Row(merchant="1")
    assert read(Row, b'{"merchant": "1", "merchant_id": 2}').merchant == "1"
    with pytest.raises(UnreadableError, match="merchant: Field required"):
        read(Row, b'{"merchant_id": "1"}')


def test_annul_answers_only_as_it_documents_where_others_read_more():
    class Answer(Model, frozen=True):
        id: Id = ""
        at: Time | None = None
        state: Annotated[Literal["open"], NEWER] = "open"
        text: Shown | None = None

    identity, at = UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC)
    made = Answer.model_validate({"id": identity, "at": at, "text": "已撤销"})
    assert made.id == str(identity)
    assert json.loads(made.model_dump_json()) == {
        "id": str(identity),
        "at": "2026-01-01T00:00:00Z",
        "state": "open",
        "text": "已撤销",
    }
    assert made.model_dump(mode="json") == json.loads(made.model_dump_json())
    assert read(Answer, b'{"state": "newer"}').state == "newer"
    assert read(Answer, b'{"text": {"zh": "1", "en": "2"}}').text == Said(zh="1", en="2")
    with pytest.raises(ValidationError):
        Answer.model_validate({"state": "newer"})
    with pytest.raises(UnreadableError):
        read(Answer, b'{"text": "1"}')


def test_all_that_annul_answers_is_frozen_and_has_a_text():
    modules = [
        import_module(f"{models.__name__}.{one.name}")
        for one in pkgutil.iter_modules(models.__path__)
    ]
    found = {
        name: one
        for module in modules
        for name, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Model) and one.__module__ == module.__name__
    }
    assert len(found) > 35
    for name, one in found.items():
        assert one.model_config.get("frozen"), name
        assert one.__doc__, name
        assert one.model_fields or one is Model


def test_what_was_read_stays_as_it_was():
    inner = Inner(name="甲", at=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ValidationError):
        inner.name = "乙"  # pyright: ignore[reportAttributeAccessIssue]
    assert len({inner, inner.model_copy()}) == 1


def test_a_secret_shows_in_no_repr():
    made = MadeWebhook(
        id="1",
        merchant="2",
        url="https://x/",
        active=True,
        created_by="key",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        secret="whsec_secret",
    )
    assert "whsec_secret" not in repr(made)
    assert "whsec_secret" not in str(made)
    assert "https://x/" in repr(made)


def test_the_client_brings_nothing_of_the_server():
    """In a process of its own, where nobody else has imported anything."""
    program = (
        "import sys, annul.client as client\n"
        "client.Client('https://annul.example', 'key').close()\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in "
        "('annul', 'fastapi', 'starlette', 'asyncpg', 'nicegui')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    brought = told.stdout.split()
    assert "annul.client.models.orders" in brought
    assert not [one for one in brought if one != "annul" and not one.startswith("annul.client")]


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
    assert list(reader.read(text.split("\n")[:-1] or [])) == [SentEvent(*one) for one in events]
    assert reader.last_id == last
