"""A dialect that is tried: the first difference is named by its field, and no value is said."""

import pytest

from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.specifications.checked import check_fields, check_sample, generated
from annul.wire.specifications.document import read

_PAN = "6200019876543217"
_CODEC = Codec(DIALECTS["iso87_ascii"], trusting=False)
_RAW = _CODEC.encode("0200", {2: _PAN, 3: "000000", 52: bytes(8)})
_LAYOUT = read(
    'name = "laid_out"\nextends = "cups"\n[fields.121.layout]\narranged = "tagged"\n'
    'tag = {width = 2, coding = "ascii"}\nlength = {width = 2, coding = "ascii"}\n'
    'parts = {1 = {content = "text", size = 9}}\n'
)


@pytest.mark.parametrize("dialect", [*DIALECTS.values(), _LAYOUT], ids=lambda one: one.name)
def test_what_is_generated_covers_every_row_and_holds(dialect) -> None:
    codec = Codec(dialect, trusting=False)
    tried = list(generated(dialect))
    assert {number for _, fields in tried for number in fields} == set(dialect.fields)
    assert tried[-1][0] == "all fields"
    assert {check_fields(codec, fields) for _, fields in tried} == {""}


def test_a_sample_that_fits_has_no_difference() -> None:
    assert check_sample(_CODEC, _RAW) == ""
    pos = Codec(DIALECTS["unionpay_pos"], trusting=False)
    body = pos.encode("0200", {3: "000000", 11: "000001"})
    framed = bytes.fromhex("6000030000603100311000") + body
    assert check_sample(pos, (len(framed)).to_bytes(2, "big") + framed) == ""


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (_RAW[:-1], "field 52"),
        (_RAW + b"0", "the end, not 1 more"),
        (_RAW.replace(b"000000", b"00000A"), "field 3 at byte 38: expected digits"),
        (_RAW[:-16] + b"aa" + b"0" * 14, "field 52 is written in another way"),
        (_RAW.replace(b"600", b"60O"), "byte"),
        (b"", "at least"),
    ],
)
def test_the_first_difference_is_named(raw: bytes, said: str) -> None:
    fault = check_sample(_CODEC, raw)
    assert said in fault
    assert _PAN not in fault


def test_parts_that_do_not_fit_are_a_difference() -> None:
    codec = Codec(_LAYOUT, trusting=False)
    assert check_sample(codec, codec.encode("0200", {121: "0102AB"})) == ""
    assert "field 121 at byte 0: expected a tag" in check_sample(
        codec, codec.encode("0200", {121: "nonsense"})
    )


def test_a_value_that_is_read_otherwise_is_a_difference() -> None:
    assert check_fields(_CODEC, {3: "00000"}) != ""
    filled = read('name = "f"\nextends = "cups"\n[fields.3]\nfill = "0"\n')
    assert "field 3 is read in another way" in check_fields(Codec(filled), {3: "1"})
