"""What two captured messages say of a void, without any database."""

from typing import Any

import pytest

from annul.diagnose.facts import Facts
from annul.diagnose.posted import NoResponseCode, NotAVoid, facts_of
from annul.domain.kinds import KINDS, VOIDS
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError

_POS = Codec(DIALECTS["unionpay_pos"])
_VOID: dict[int, Any] = {
    2: "6200019876543217",
    3: "200000",
    4: "000000010000",
    11: "000123",
    22: "021",
    25: "00",
    37: "300000000001",
    38: "123456",
    41: "10000001",
    42: "898000058120000",
    49: "156",
    59: b"A4020" + b"1" * 20,
    60: "23000001000",
    61: "0000010001221123",
}
_HEAD = bytes.fromhex("6000030000603100311000")


def _request(changes: dict[int, Any] | None = None, mti: str = "0200") -> bytes:
    """Build a void; a field that is None is left out."""
    fields = _VOID | (changes or {})
    return _POS.encode(mti, {n: value for n, value in fields.items() if value is not None})


def _response() -> bytes:
    return _POS.encode("0210", {3: "200000", 11: "000123", 39: "40", 41: "10000001"})


def _told(request: bytes, response: bytes | None) -> dict[str, Any]:
    return {name: fact.value for name, fact in facts_of(request, response)}


def test_both_messages_speak_each_with_its_field() -> None:
    facts = facts_of(_HEAD + _request(), _HEAD + _response())
    assert {name: tuple(fact) for name, fact in facts} == {
        "void.kind": ("void", "request fields 3, 25, 60"),
        "void.amount": (10_000, "request field 4"),
        "original.same_batch": (True, "request fields 60, 61"),
        "void.code": ("40", "response field 39"),
    }


@pytest.mark.parametrize("name", VOIDS)
def test_every_kind_of_void_is_recognised(name: str) -> None:
    kind = KINDS[name]
    changes = {
        22: "031" if kind.qr else "021",
        25: kind.condition,
        60: f"{kind.function}000001000",
    }
    assert _told(_request(changes, kind.mti), _response())["void.kind"] == name


def test_no_response_is_a_time_out() -> None:
    told = _told(_request(), None)
    assert told["void.why"] == "timed_out"
    assert "void.code" not in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({37: None}, {"void.missing_field": 37}),
        ({37: None, 49: None}, {"void.missing_field": 49}),
        ({61: "0000020001221123"}, {"original.same_batch": False}),
        ({4: None}, {"void.amount": None}),
        # What can not be read is not known, never taken for the same.
        ({61: None}, {"original.same_batch": None, "void.missing_field": 61}),
        ({61: "00"}, {"original.same_batch": None}),
        ({60: None}, {"original.same_batch": None, "void.kind": "void"}),
    ],
)
def test_what_the_request_lacks(changes: dict[int, Any], told: dict[str, Any]) -> None:
    known = _told(_request(changes), _response())
    assert {name: known.get(name) for name in told} == told


@pytest.mark.parametrize(
    "request_",
    [
        _request({3: "000000", 60: "22000001000"}),
        _request({60: "25000001000"}, "0220"),
        _request(mti="0400"),
        _request({60: "99000001000"}, "0220"),
        _request(mti="0210"),
        _POS.encode(
            "0800", {11: "000123", 41: "10000001", 42: "898000058120000", 60: "00000001001"}
        ),
    ],
    ids=["sale", "refund", "reversal", "unknown_advice", "answer", "sign_in"],
)
def test_what_is_no_void_is_not_diagnosed(request_: bytes) -> None:
    with pytest.raises(NotAVoid):
        facts_of(request_, _response())


def test_an_answer_without_a_code_says_nothing() -> None:
    with pytest.raises(NoResponseCode):
        facts_of(_request(), _POS.encode("0210", {3: "200000", 11: "000123"}))


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(DecodeError):
        facts_of(_request()[:-1], None)
    with pytest.raises(DecodeError):
        facts_of(_request(), b"\x02\x10")


def test_no_card_number_gets_into_the_facts() -> None:
    facts: Facts = facts_of(_request(), _response())
    assert _VOID[2] not in str(facts.as_json())
