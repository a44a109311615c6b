"""The tables of layouts: where their fields stand, and that each table is sound."""

from itertools import pairwise

import pytest

from annul.settle.clearing.fields import SLOTS, Layout
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.meanings import BUSINESS, CHARGES, MESSAGES

# As the sources have them: first and last byte, from 1.
_PLACES = {
    ("COM", "trace"): (25, 30),
    ("COM", "sent_at"): (32, 41),
    ("COM", "card"): (43, 61),
    ("COM", "amount"): (63, 74),
    ("COM", "message"): (102, 105),
    ("COM", "accounts"): (109, 112),
    ("COM", "merchant_id"): (128, 142),
    ("COM", "rrn"): (144, 155),
    ("COM", "code"): (186, 187),
    ("COM", "switch_fee"): (219, 230),
    ("COM", "other"): (286, 299),
    ("COMA", "reversed"): (325, 325),
    ("COMA", "voided"): (327, 327),
    ("COMA", "settles_on"): (329, 332),
    ("COMA", "place"): (337, 376),
    ("COMA", "currency"): (378, 380),
    ("COMA", "partner_fee_9"): (612, 620),
    ("COMA", "card_to"): (652, 670),
    ("COMA", "rest"): (672, 951),
    ("LFEE", "message"): (102, 105),
    ("LFEE", "card"): (135, 153),
    ("LFEE", "original_trace"): (217, 222),
    ("LFEE", "original_rest"): (233, 254),
    ("LFEE", "rrn"): (281, 292),
    ("LFEE", "brand_fee"): (320, 331),
    ("LFEE", "began"): (359, 359),
    ("ZM", "card"): (47, 65),
    ("ZM", "fee"): (167, 179),
    ("ZM", "business"): (216, 217),
    ("ZM", "merchant_id"): (294, 308),
    ("ZM", "terminal_id"): (389, 396),
    ("ZM", "rest"): (510, 607),
    ("ZME", "card"): (47, 65),
    ("ZME", "side"): (141, 141),
    ("ZME", "rest"): (205, 339),
}


@pytest.mark.parametrize(("layout", "name"), _PLACES)
def test_a_field_stands_where_its_source_says(layout: str, name: str) -> None:
    field = next(field for field in LAYOUTS[layout].fields if field.name == name)
    assert (field.start, field.end) == _PLACES[layout, name]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_fields_follow_each_other_and_fill_each_slot_once(layout: Layout) -> None:
    fields = layout.fields
    assert all(1 <= after.start - field.end <= 2 for field, after in pairwise(fields))
    said = [field.says for field in fields if field.says]
    assert len(said) == len(set(said))
    assert set(said) <= set(SLOTS)
    assert {"merchant_id", "trace", "card", "amount", "word_1", "sent_at"} <= set(said)
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize(
    ("word", "kind", "effect"),
    [
        ("02000000", "sale", "taken"),
        ("02002000", "void", "given_back"),
        ("02202000", "refund", "given_back"),
        ("02202006", "refund", "given_back"),
        ("02000006", "completion", "taken"),
        ("02200006", "completion_advice", "taken"),
        ("02210006", "completion_advice", "taken"),
        ("02002006", "completion_void", "given_back"),
        ("04200000", "sale", "reversed"),
        ("04210000", "sale", "reversed"),
        ("04202000", "void", "returned"),
        ("04200006", "completion", "reversed"),
        ("04202006", "completion_void", "returned"),
        ("01000306", "preauth", None),
        ("02003000", "", None),
    ],
)
def test_what_a_message_means(word: str, kind: str, effect: str | None) -> None:
    assert MESSAGES[word] == (kind, effect)


def test_a_charge_is_a_fee_whatever_it_is_for() -> None:
    assert set(CHARGES) == set(MESSAGES)
    assert {meaning.effect for meaning in CHARGES.values()} == {"fee"}


def test_what_is_not_declared_means_nothing() -> None:
    assert "02004800" not in MESSAGES
    assert "99" not in BUSINESS
