"""BER-TLV of field 55, split and put together again."""

import pytest

from annul.wire import tlv
from annul.wire.errors import DecodeError
from annul.wire.shown import TAG_RULES, TEMPLATES
from annul.wire.tlv import Tlv


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 300])
def test_lengths_in_their_shortest_form(size: int) -> None:
    objects = (Tlv("9F26", bytes(size)), Tlv("82", b"\x7c\x00"))
    assert tlv.parse(tlv.build(objects)) == objects


def test_tags_of_one_two_and_three_bytes() -> None:
    data = bytes.fromhex("8201FF" + "9F360100" + "DF810101AA")
    assert [one.tag for one in tlv.parse(data)] == ["82", "9F36", "DF8101"]


@pytest.mark.parametrize(
    "broken", ["9F", "9F26", "9F2608AA", "82810100", "828200FF00", "8280", "82830100", "8281"]
)
def test_broken_data_is_refused_with_its_place(broken: str) -> None:
    with pytest.raises(DecodeError) as caught:
        tlv.parse(bytes.fromhex(broken))
    assert caught.value.field == 55


def test_names_are_there_in_both_languages() -> None:
    for tag, (zh, en) in tlv.TAGS.items():
        assert bytes.fromhex(tag)
        assert not zh.isascii()
        assert en.isascii()


def test_every_template_that_is_opened_has_a_name() -> None:
    assert TEMPLATES - set(tlv.TAGS) == {"A5"}  # stands within others only
    assert not TEMPLATES & set(TAG_RULES)


def test_tags_of_cards_are_shown_by_no_rule() -> None:
    assert not set(TAG_RULES) & {
        "56",
        "57",
        "5A",
        "5F20",
        "86",
        "99",
        "9F1F",
        "9F20",
        "9F24",
        "9F6B",
    }
