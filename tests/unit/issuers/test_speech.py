"""How an issuer is spoken with: what leaves, and how far an answer is read that is wrong."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from annul.domain.link_profile import LinkProfile
from annul.domain.records import Issuer
from annul.issuers.errors import NotSent
from annul.issuers.key_ring import KeyRing
from annul.issuers.seal import Seal
from annul.issuers.speech import Speech, is_answer, is_network
from annul.wire.codec import Codec
from annul.wire.dialects import CUPS
from annul.wire.errors import DecodeError
from annul.wire.framing import LENGTH_4

_ISSUER = Issuer("62000000", "测试行", "Test bank", "127.0.0.1", 1)
_CODEC = Codec(CUPS)
_ANSWER: dict[int, str | bytes] = {11: "000001", 39: "00", 41: "10000001", 42: "8" * 15}


def _speech(**profile: Any) -> Speech:
    issuer = replace(_ISSUER, profile=LinkProfile(**profile))
    seal = Seal(issuer, _CODEC, KeyRing(), None, lambda: datetime(2026, 11, 26, tzinfo=UTC))
    return Speech(issuer, _CODEC, LENGTH_4, seal)


def _said(speech: Speech, mti: str, fields: dict[int, str | bytes]) -> dict[int, str | bytes]:
    return _CODEC.decode(speech.frame(mti, fields, speech.encode)[4:]).fields()


def test_what_is_left_out_never_leaves() -> None:
    assert _said(_speech(left_out=(33, 100)), "0200", {11: "000001", 33: "1", 100: "2"}) == {
        11: "000001"
    }


def test_an_answer_is_given_in_the_issuers_own_codes() -> None:
    speech = _speech(codes={"A1": "00", "A2": "00", "B1": "30"})
    for code, own in (("00", "A1"), ("30", "B1"), ("96", "96")):
        assert _said(speech, "0830", {11: "000001", 39: code})[39] == own
    assert _said(speech, "0420", {39: "00"}) == {39: "00"}  # no answer: nothing is translated


def test_what_the_dialect_does_not_take_is_not_sent() -> None:
    speech = _speech()
    with pytest.raises(NotSent):
        speech.frame("0200", {11: "1"}, speech.encode)


@pytest.mark.parametrize(("field", "taken"), [(44, True), (48, True), (32, False)])
def test_what_is_wrong_behind_all_that_counts_is_left_where_it_is(field: int, taken: bool) -> None:
    body = _CODEC.encode("0210", {**_ANSWER, field: "7777"})
    broken = body.replace(b"047777" if field != 48 else b"0047777", b"X47777")
    assert broken != body
    if not taken:
        with pytest.raises(DecodeError):
            _speech().read(broken)
        return
    found = _speech().read(broken)
    assert found.broken is not None
    assert (found.broken.field, found.readable()) == (field, _ANSWER)


def test_bytes_behind_the_end_are_nothing() -> None:
    assert _speech().read(_CODEC.encode("0210", _ANSWER) + b"\x03").fields() == _ANSWER


def test_messages_are_told_apart_by_their_type() -> None:
    assert [is_network(mti) for mti in ("0800", "0820", "0830", "0210", "0420")] == [
        *[True] * 3,
        *[False] * 2,
    ]
    assert [is_answer(mti) for mti in ("0210", "0230", "0430", "0200", "0420")] == [
        *[True] * 3,
        *[False] * 2,
    ]
