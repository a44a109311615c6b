"""The history of a case: canonical bodies in a chain of hashes, so that a change is seen."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from annul.domain.text import Text
from annul.resolve.case import RESOLVER, Event, chained, first_broken
from tests.support.situations import case

_AT = datetime(2026, 11, 23, 4, 5, 6, 789_000, tzinfo=UTC)

History = list[tuple[str, bytes]]


def _event(what: str, **evidence: object) -> Event:
    return Event(what, Text("原因", "why"), evidence=evidence)


def _history(*whats: str) -> History:
    head, lines = b"", []
    for number, what in enumerate(whats):
        body = _event(what).body(_AT + timedelta(seconds=number))
        head = chained(head, body)
        lines.append((body, head))
    return lines


@pytest.fixture
def whole() -> History:
    return _history("opened", "diagnosed", "back_off", "retry", "ended_voided")


def test_a_body_is_canonical_json() -> None:
    one = Event("retry", Text("重试", "again"), "olga", {"b": 1, "a": UUID(int=7)}).body(_AT)
    two = Event("retry", Text("重试", "again"), "olga", {"a": UUID(int=7), "b": 1}).body(_AT)
    assert one == two
    assert one == (
        '{"at":"2026-11-23T04:05:06.789000+00:00",'
        '"evidence":{"a":"00000000-0000-0000-0000-000000000007","b":1},'
        '"what":"retry","who":"olga","why":{"en":"again","zh":"重试"}}'
    )
    assert json.loads(_event("opened").body(_AT))["who"] == RESOLVER


def test_anybody_can_compute_the_chain(whole: History) -> None:
    head = b""
    for body, hashed in whole:
        head = hashlib.sha256(head + body.encode()).digest()
        assert head == hashed
    assert first_broken(whole) is None
    assert first_broken([]) is None


def test_the_same_event_has_another_hash_elsewhere_in_the_chain() -> None:
    body = _event("retry").body(_AT)
    assert chained(b"", body) != chained(chained(b"", body), body)


@pytest.mark.parametrize("line", [1, 3, 5])
def test_a_changed_body_is_found(whole: History, line: int) -> None:
    body, hashed = whole[line - 1]
    whole[line - 1] = (body.replace("why", "wHy"), hashed)
    assert first_broken(whole) == line


@pytest.mark.parametrize("line", [1, 3, 5])
def test_a_changed_hash_is_found(whole: History, line: int) -> None:
    body, hashed = whole[line - 1]
    whole[line - 1] = (body, bytes([hashed[0] ^ 1]) + hashed[1:])
    assert first_broken(whole) == line


@pytest.mark.parametrize("line", [1, 3, 4])
def test_a_hash_that_was_made_to_fit_breaks_the_next_line(whole: History, line: int) -> None:
    before = whole[line - 2][1] if line > 1 else b""
    body = whole[line - 1][0].replace("why", "wHy")
    whole[line - 1] = (body, chained(before, body))
    assert first_broken(whole) == line + 1


def test_a_swapped_order_is_found(whole: History) -> None:
    whole[1], whole[2] = whole[2], whole[1]
    assert first_broken(whole) == 2


@pytest.mark.parametrize("line", [1, 2, 4])
def test_a_missing_line_is_found_where_it_stood(whole: History, line: int) -> None:
    del whole[line - 1]
    assert first_broken(whole) == line


def test_the_case_tells_a_missing_end_and_a_chain_written_anew(whole: History) -> None:
    kept = case(events=len(whole), head=whole[-1][1])
    assert first_broken(whole, kept) is None
    assert first_broken(whole[:3], kept) == 4
    assert first_broken([], kept) == 1
    anew = _history("opened", "diagnosed", "back_off", "retry", "ended_refused")
    assert first_broken(anew) is None
    assert first_broken(anew, kept) == 5


def test_an_event_appended_behind_the_head_is_found(whole: History) -> None:
    assert first_broken(whole) is None, "by itself it can not be told"
    assert first_broken(whole, case(events=4, head=whole[3][1])) == 5
    assert first_broken(whole, case(events=2, head=whole[1][1])) == 3
    assert first_broken(whole[:1], case()) == 1
