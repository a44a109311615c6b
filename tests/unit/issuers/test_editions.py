"""How 1993 says what annul says in 1987: what leaves, what is read, what is never passed on."""

from datetime import UTC, datetime
from typing import Final

import pytest

from annul.domain.action_codes import ACTION_CODES, action_of
from annul.domain.response_codes import RESPONSE_CODES, Effect, effect_of
from annul.issuers.editions import EDITIONS
from annul.wire.codec import Codec
from annul.wire.dialects import ISO93_ASCII, ISO93_BINARY

_ED: Final = EDITIONS["1"]
_NOW: Final = datetime(2027, 1, 1, 0, 0, 30, tzinfo=UTC)
_SALE: Final[dict[int, str | bytes]] = {
    2: "6200000000000005", 3: "000000", 4: "000000001000", 7: "1231235959", 11: "000001",
    12: "235959", 13: "1231", 14: "3012", 18: "5411", 22: "051", 25: "00", 32: "48020000",
    37: "123456789012", 41: "10000001", 42: "8" * 15, 43: "SHOP".ljust(40), 49: "156",
}  # fmt: skip


@pytest.mark.parametrize("dialect", [ISO93_ASCII, ISO93_BINARY], ids=lambda one: one.name)
def test_a_sale(dialect) -> None:
    told = _ED.told("0200", _SALE, _NOW)
    assert told[12] == "261231235959"  # the year that it was, not the one that it is
    assert (told[24], told[26], told[22]) == ("200", "5411", "010101500000")
    assert not {13, 18, 25, 90} & told.keys()
    codec = Codec(dialect)
    body = codec.encode("0200", told)
    assert body.startswith(b"1200" if dialect is ISO93_ASCII else b"\x12\x00")
    message = codec.decode(body)
    assert (message.mti, message.fields()) == ("0200", told)


def test_its_reversal_names_the_original() -> None:
    fields = _SALE | {25: "00", 60: "4021", 90: "0200000001123123595900048020000" + "0" * 11}
    told = _ED.told("0420", fields, _NOW)
    assert (told[24], told[25]) == ("400", "4021")
    assert told[56] == "1200" + "000001" + "261231235959" + "08" + "48020000"
    assert 60 not in told


def test_a_pin_and_a_preauthorisation() -> None:
    told = _ED.told("0100", _SALE | {25: "06", 52: bytes(8), 53: "26", 26: "12"}, _NOW)
    assert (told[24], told[26], str(told[22])[7:9]) == ("101", "5411", "13")
    assert 53 not in told
    assert _ED.told("0200", _SALE | {25: "06"}, _NOW)[24] == "201"


def test_the_29th_of_february_is_in_its_year() -> None:
    at = datetime(2028, 3, 1, tzinfo=UTC)
    assert _ED.told("0200", _SALE | {13: "0229"}, at)[12] == "280229235959"
    assert 12 not in _ED.told("0200", _SALE | {13: "0231"}, at)


@pytest.mark.parametrize(("code", "function"), [("001", "801"), ("002", "802"), ("301", "831")])
def test_the_line(code: str, function: str) -> None:
    told = _ED.told("0804", {7: "0101000000", 11: "000001", 70: code}, _NOW)
    assert told == {7: "0101000000", 11: "000001", 24: function}
    assert _ED.heard("0814", told | {39: "800"}, {})[70] == code
    assert _ED.heard("0814", told | {39: "800"}, {})[39] == "00"
    assert _ED.told("0814", {11: "000001", 70: code, 39: "00"}, _NOW)[39] == "800"
    assert _ED.told("0210", {11: "000001", 39: "30"}, _NOW)[39] == "904"


def test_an_answer() -> None:
    said: dict[int, str | bytes] = {11: "000001", 12: "261231235959", 15: "261231", 39: "116"}
    heard = _ED.heard("0210", said | {22: "0" * 12, 24: "200", 25: "1000"}, {})
    assert heard == {11: "000001", 12: "235959", 13: "1231", 15: "1231", 39: "51"}
    assert _ED.heard("0210", said, {"116": "61"})[39] == "116"  # the operator's word comes first
    assert _ED.heard("0210", said | {39: "777"}, {})[39] == "777"


def test_what_action_codes_prove() -> None:
    for action, code in ACTION_CODES.items():
        effect = effect_of(code)
        assert code in RESPONSE_CODES
        if action[0] in "12":
            assert effect is Effect.NOT_DONE
        elif action[0] == "9":
            assert effect is Effect.UNKNOWN
        else:
            assert effect in {Effect.DONE, Effect.PART}
    assert {action_of(code, network=False) for code in RESPONSE_CODES} <= set(ACTION_CODES)
