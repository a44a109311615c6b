"""Fields that leave room to make a seen MAC fit another message: foreign in every kind."""

import pytest

from annul.domain.kinds import KINDS, REVERSAL_MTI, REVERSIBLE, Kind, Money
from annul.host.recognised import foreign_field, kind_of
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.subfields import Field48Totals, Field59

Fields = dict[int, str | bytes]


def _foreign(message: Message) -> int | None:
    kind = kind_of(message)
    return foreign_field(message, kind) if kind else None


_CODEC = Codec(DIALECTS["unionpay_pos"])
_CARD, _CODE = "6200010000000007", "6290000000000004"
_MAC = b"0BADC0DE"
_SCANNED = Field59(((Field59.CODE, _CODE.encode()),)).build()
# A value of each field that a request may have; 3, 22, 25 and 60 depend on the kind.
_VALUES: Fields = {
    2: _CARD, 4: "000000010000", 11: "000001", 14: "3012", 15: "1126", 23: "001", 26: "12",
    32: "00010000", 35: f"{_CARD}D30122010000", 36: "1" * 20, 37: "300000000001",
    38: "123456", 39: "98", 41: "10000001", 42: "898000058120000", 46: "46", 47: "47",
    48: Field48Totals().build(),
    49: "156", 52: bytes(8), 53: "2600000000000000", 54: "0" * 20, 55: b"\x9f\x26\x08" + bytes(8),
    56: b"56", 57: "57", 58: "58", 59: _SCANNED, 61: "000001000001", 62: b"Sequence No1", 63: "001",
}  # fmt: skip
_FREE = (36, 46, 47, 48, 54, 56, 57, 58, 62)

_EVERY = list(KINDS.values())
_FINANCIAL = [kind for kind in _EVERY if kind.processing_code]
_GIVING = [kind for kind in _FINANCIAL if kind.undoes and kind.money is not Money.TAKE]
_TAKING = [kind for kind in _FINANCIAL if kind not in _GIVING]


def _id(kind: Kind) -> str:
    return kind.name


def _body(mti: str, fields: Fields) -> Message:
    return _CODEC.decode(_CODEC.encode(mti, fields))


def _fields(kind: Kind, *numbers: int, network: str = "", mode: str = "") -> Fields:
    """Give the required fields of a kind and some besides."""
    special: Fields = {
        3: kind.processing_code or "000000",
        25: kind.condition or "00",
        22: mode or ("031" if kind.qr else "051" if 55 in {*kind.required, *numbers} else "021"),
        60: f"{kind.function}000001{network or kind.network[0]}",
    }
    return {
        number: special.get(number, _VALUES.get(number, _MAC))
        for number in sorted({*kind.required, *numbers})
    }


def _message(kind: Kind, *numbers: int, network: str = "", mode: str = "") -> Message:
    return _body(kind.mti, _fields(kind, *numbers, network=network, mode=mode))


# What belongs to a kind ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_what_a_kind_needs_is_not_foreign(kind: Kind) -> None:
    for network in kind.network:
        message = _message(kind, 64, network=network)
        assert kind_of(message) is kind
        assert _foreign(message) is None


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_what_a_kind_may_have_is_not_foreign(kind: Kind) -> None:
    message = _message(kind, 64, *kind.optional)
    assert kind_of(message) is kind
    assert _foreign(message) is None
    for number in kind.optional:
        assert _foreign(_message(kind, number, 64)) is None


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_what_a_kind_does_not_know_is_foreign(kind: Kind) -> None:
    tried = 0
    for number in set(_VALUES) - {*kind.required, *kind.optional} - {3, 22, 25, 60}:
        message = _body(kind.mti, _fields(kind, 64) | {number: _VALUES[number]})
        assert kind_of(message) is kind
        assert _foreign(message) == number
        tried += 1
    assert tried > 5


@pytest.mark.parametrize("kind", _FINANCIAL, ids=_id)
@pytest.mark.parametrize("number", _FREE)
def test_free_fields_of_what_moves_money_are_foreign(kind: Kind, number: int) -> None:
    assert _foreign(_message(kind, number, 64)) == number


@pytest.mark.parametrize("kind", _GIVING, ids=_id)
@pytest.mark.parametrize("number", [26, 52, 53, 55])
def test_what_gives_money_back_has_no_pin_and_no_chip(kind: Kind, number: int) -> None:
    assert _foreign(_message(kind, number, 64)) == number


def test_what_gives_back_and_what_takes_are_all_there_is() -> None:
    assert {kind.name for kind in _GIVING} == {
        "void",
        "refund",
        "preauth_void",
        "completion_void",
        "qr_void",
        "qr_refund",
    }
    assert {kind.name for kind in _TAKING} == {
        "balance",
        "sale",
        "preauth",
        "completion",
        "completion_advice",
        "qr_sale",
    }


# Reversals -----------------------------------------------------------------------------------

_REVERSED = [KINDS[name] for name in REVERSIBLE]


def _reversal(kind: Kind, *numbers: int) -> Fields:
    repeated = {2, 3, 4, 11, 14, 22, 23, 25, 32, 37, 38, 39, 41, 42, 49, 60}
    more = {number for number in (59, 61) if number in kind.required}
    return _fields(kind, *repeated, *more, *numbers, 64)


@pytest.mark.parametrize("kind", _REVERSED, ids=_id)
def test_what_a_reversal_repeats_is_not_foreign(kind: Kind) -> None:
    message = _body(REVERSAL_MTI, _reversal(kind))
    assert kind_of(message) is kind
    assert _foreign(message) is None


@pytest.mark.parametrize("kind", _REVERSED, ids=_id)
@pytest.mark.parametrize("number", [26, 35, 52, 53, 63, *_FREE])
def test_a_reversal_has_no_track_no_pin_and_no_free_text(kind: Kind, number: int) -> None:
    message = _body(REVERSAL_MTI, _reversal(kind) | {number: _VALUES[number]})
    assert _foreign(message) == number


@pytest.mark.parametrize("kind", _REVERSED, ids=_id)
def test_a_chips_results_are_in_the_reversal_of_what_has_them(kind: Kind) -> None:
    message = _body(REVERSAL_MTI, _reversal(kind, 55) | {22: "031" if kind.qr else "051"})
    assert _foreign(message) == (None if 55 in kind.optional else 55)


# Fields that hold more than they need ----------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in _TAKING if 55 in kind.optional], ids=_id)
@pytest.mark.parametrize(
    ("mode", "foreign"),
    [
        ("051", None),
        ("052", None),
        ("071", None),
        ("951", None),
        ("981", None),
        ("021", 55),
        ("022", 55),
        ("012", 55),
        ("901", 55),
        ("000", 55),
    ],
)
def test_chip_data_come_with_a_chip(kind: Kind, mode: str, foreign: int | None) -> None:
    assert _foreign(_message(kind, 55, 64, mode=mode)) == foreign


@pytest.mark.parametrize(
    "kind", [kind for kind in _EVERY if 63 in {*kind.required, *kind.optional}], ids=_id
)
def test_field_63_holds_three_characters(kind: Kind) -> None:
    for text, foreign in (("0", None), ("001", None), ("0012", 63), ("001" + "x" * 100, 63)):
        message = _body(kind.mti, _fields(kind, 63, 64) | {63: text})
        assert _foreign(message) == foreign


@pytest.mark.parametrize("kind", [kind for kind in _EVERY if kind.qr], ids=_id)
def test_field_59_holds_a_code_a_voucher_and_nothing_else(kind: Kind) -> None:
    voucher = Field59.voucher("20261123000000000001")
    for value, foreign in (
        (_SCANNED, None),
        (voucher, None),
        (_SCANNED + voucher, None),
        (_SCANNED + b"A5001x", 59),
        (b"A5001x", 59),
        (b"no objects at all", 59),
        (_SCANNED + b"A3", 59),
    ):
        message = _body(kind.mti, _fields(kind, 64) | {59: value})
        assert _foreign(message) == foreign


# What is of no kind --------------------------------------------------------------------------


def test_what_is_of_no_kind_is_left_to_be_refused_later() -> None:
    sale = _fields(KINDS["sale"], *_FREE, 64)
    for fields in (
        sale | {3: "990000"},
        sale | {60: "99000001000"},
        sale | {60: "220"},  # ends within a part
        {number: value for number, value in sale.items() if number != 60},
    ):
        message = _body("0200", fields)
        assert kind_of(message) is None
        assert _foreign(message) is None
