"""Terminals that are registered with a dialect of their own, beside those of the port."""

from dataclasses import replace
from typing import Any

import pytest

from annul.wire.codec import Codec
from annul.wire.dialects import UNIONPAY_POS
from annul.wire.field import Coding, Content, Field, Pad, Prefix
from tests.support import wire
from tests.support.hosts import Inside

# Terminal and merchant in EBCDIC, track 2 filled with F, the totals with a binary length.
_OWN = UNIONPAY_POS.override(
    [
        Field(35, Content.TRACK, 37, Prefix(2), pad=Pad.RIGHT_F),
        Field(41, Content.TEXT, 8, coding=Coding.EBCDIC),
        Field(42, Content.TEXT, 15, coding=Coding.EBCDIC),
        Field(60, Content.DIGITS, 17, Prefix(1, Coding.BYTES)),
    ],
    name="own",
)


@pytest.fixture
async def spoken(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Inside:
    inside.host.issuers.dialects = {**inside.host.issuers.dialects, "own": _OWN}
    await inside.set_terminal(dialect="own")
    monkeypatch.setattr(wire, "CODEC", Codec(_OWN))
    monkeypatch.setattr("tests.support.hosts.CODEC", Codec(_OWN))
    return inside


async def test_it_is_understood_and_answered_in_its_own(spoken: Inside) -> None:
    till = await spoken.till()
    answer = await till.ask("sale", till.fields("sale"))
    assert answer.code == "00"
    assert answer.message[41] == till.keyed.who[1]
    assert till.keyed.who[1].encode("cp037") in answer.frame.body


async def test_the_others_speak_as_before(spoken: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Codec(UNIONPAY_POS)
    monkeypatch.setattr(wire, "CODEC", plain)
    monkeypatch.setattr("tests.support.hosts.CODEC", plain)
    till = await spoken.till(1)
    assert (await till.ask("sale", till.fields("sale"))).code == "00"


async def test_who_speaks_otherwise_than_registered_is_no_terminal(inside: Inside) -> None:
    own: Any = Codec(replace(_OWN, name="own"))
    till = await inside.till()
    body = own.encode("0200", {**till.fields("sale"), 64: bytes(8)})
    answer = await till.line.ask(body)
    assert answer is not None
    assert answer.code in {"03", "30"}
