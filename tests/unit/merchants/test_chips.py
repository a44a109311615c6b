"""Public keys and chip parameters as terminals read them: lists by the page, and one at a time."""

from datetime import date, timedelta

import pytest

from annul.merchants.chips import (
    CHECKSUM,
    EXPIRY,
    LAST,
    MODULUS,
    MORE,
    NOTHING,
    WHOLE,
    Aid,
    Chips,
    checksum,
)
from annul.wire.errors import DecodeError
from annul.wire.tlv import build, parse
from tests.support.chips import EXPIRES, PARAMETERS, RID, aid, key, modulus

TODAY = date(2026, 11, 26)
_ROOM = 512  # bytes of field 62


def test_a_key_is_held_together_by_a_checksum() -> None:
    """Worked out by hand: SHA-1 of F000000001 01, 01 and 03."""
    assert checksum(RID, 1, b"\x01", b"\x03").hex() == "9adcda8aa7a2cd259c6630685faefcdf810b85b6"


def test_a_key_holds_all_its_parts() -> None:
    parts = {one.tag: one.value for one in parse(key(7).tlv, 62)}
    assert list(parts) == ["9F06", "9F22", "DF05", "DF06", "DF07", "DF02", "DF04", "DF03"]
    assert (parts["9F06"], parts["9F22"], parts[EXPIRY]) == (RID, b"\x07", b"20991231")
    assert parts[MODULUS] == modulus(7)
    assert parts[CHECKSUM] == checksum(RID, 7, modulus(7), b"\x03")


@pytest.mark.parametrize("size", [64, 128, 144, 176, 248])
def test_the_largest_key_has_room(size: int) -> None:
    assert len(Chips([key(1, size=size)]).key(build(key().named))) <= _ROOM


@pytest.mark.parametrize("count", [1, 2, 21, 22, 42, 43, 60])
def test_a_list_comes_page_by_page(count: int) -> None:
    chips = Chips(key(index) for index in range(count))
    entries, flags = b"", b""
    while True:
        had = len(entries) // len(key().entry)
        page = chips.list_keys(b"1%02d" % had, TODAY)
        assert len(page) <= _ROOM
        flags += page[:1]
        entries += page[1:]
        if page[:1] != MORE:
            break
    assert entries == b"".join(key(index).entry for index in range(count))
    assert flags == (WHOLE if len(flags) == 1 else MORE * (len(flags) - 1) + LAST)
    assert chips.list_keys(b"1%02d" % count, TODAY) == NOTHING


def test_applications_come_in_the_same_way() -> None:
    chips = Chips(aids=[aid(1), aid(2)])
    assert chips.list_aids(b"100") == WHOLE + aid(1).entry + aid(2).entry
    assert chips.list_aids(b"101") == LAST + aid(2).entry
    assert chips.list_aids(b"") == chips.list_aids(b"100"), "some ask without saying anything"
    assert chips.aid(aid(2).entry) == WHOLE + aid(2).tlv
    assert [one.tag for one in parse(aid(2).tlv)] == ["9F06", *(one.tag for one in PARAMETERS)]


def test_nothing_is_said_where_there_is_nothing() -> None:
    empty = Chips()
    assert empty.list_keys(b"100", TODAY) == empty.list_aids(b"100") == NOTHING
    assert empty.key(build(key().named)) == empty.aid(aid().entry) == NOTHING
    chips = Chips([key(1)], [aid(1)])
    for asked in (b"", key(2).entry, build(key().named[:1]), bytes.fromhex("9F22020101")):
        assert chips.key(asked) == NOTHING
    assert chips.aid(Aid.of(b"other", ()).entry) == NOTHING


def test_a_key_that_has_expired_is_not_on_the_list() -> None:
    chips = Chips([key(1, TODAY), key(2, TODAY - timedelta(days=1)), key(3, EXPIRES)])
    listed = chips.list_keys(b"100", TODAY)
    assert listed == WHOLE + key(1, TODAY).entry + key(3).entry


@pytest.mark.parametrize("asked", [b"1", b"1x0", b"1000", b"1\xff\xff", b"1\xb2\xb3"])
def test_a_question_that_makes_no_sense_is_none(asked: bytes) -> None:
    for ask in (lambda: Chips().list_keys(asked, TODAY), lambda: Chips().list_aids(asked)):
        with pytest.raises(DecodeError, match="62"):
            ask()


@pytest.mark.parametrize("asked", [b"\x9f", b"\x9f\x06\x05\xf0", b"\x9f\x06\x80"])
def test_a_name_that_makes_no_sense_is_none(asked: bytes) -> None:
    for ask in (Chips().key, Chips().aid):
        with pytest.raises(DecodeError, match="62"):
            ask(asked)
