"""A dialect as a document: what it may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from annul.wire.dialects import DIALECTS
from annul.wire.errors import DialectError
from annul.wire.field import Arranged, Coding, Content, Counts, Field, Layout, Pad, Prefix
from annul.wire.specifications.document import parse, read
from annul.wire.specifications.written import to_toml

_BASE = DIALECTS["iso87_ascii"]
_EXTENDS = 'name = "bank_x"\nextends = "iso87_ascii"\n'


def _said(text: str) -> str:
    with pytest.raises(DialectError) as caught:
        read(text)
    return str(caught.value)


def test_single_attributes_are_overridden_and_the_rest_stays() -> None:
    text = _EXTENDS + '[fields.52]\ncoding = "bytes"\n[fields.2]\nprefix = {coding = "packed"}\n'
    dialect = read(text)
    assert dialect.fields[52] == Field(52, Content.BINARY, 8)
    assert dialect.fields[2].prefix == Prefix(2, Coding.PACKED)
    assert {n: row for n, row in dialect.fields.items() if n not in {2, 52}} == {
        n: row for n, row in _BASE.fields.items() if n not in {2, 52}
    }
    assert (dialect.name, dialect.mti, dialect.bitmap) == ("bank_x", _BASE.mti, _BASE.bitmap)


def test_a_row_can_be_taken_away_or_added() -> None:
    text = _EXTENDS + '[fields.5]\nabsent = true\n[fields.65]\ncontent = "binary"\nsize = 8\n'
    dialect = read(text)
    assert 5 not in dialect.fields
    assert dialect.fields[65] == Field(65, Content.BINARY, 8)
    assert list(dialect.fields) == sorted(dialect.fields)


def test_another_content_takes_its_usual_coding() -> None:
    row = read(_EXTENDS + '[fields.48]\ncontent = "binary"\n').fields[48]
    assert (row.content, row.coding, row.prefix.width) == (Content.BINARY, Coding.BYTES, 3)


def test_settings_of_the_head() -> None:
    text = (
        'mti = "packed"\nbitmap = "bytes"\nsecondary = true\nmac_field = 64\n'
        "mac_fields = [3, 4, 11]\n"
    )
    dialect = read(_EXTENDS + text)
    assert (dialect.mti, dialect.bitmap, dialect.mac_field) == (Coding.PACKED, Coding.BYTES, 64)
    assert dialect.mac_fields == (3, 4, 11)


def test_a_document_of_its_own() -> None:
    text = (
        'name = "small"\n[fields.3]\ncontent = "digits"\nsize = 6\nfill = "0"\n'
        '[fields.35]\ncontent = "track"\nsize = 37\npad = "right_f"\n'
        'prefix = {width = 2, counts = "wire"}\n'
        '[fields.64]\ncontent = "binary"\nsize = 8\nname = "MAC"\n'
    )
    dialect = read(text)
    assert dialect.fields[3] == Field(3, Content.DIGITS, 6, fill="0")
    assert dialect.fields[35] == Field(
        35, Content.TRACK, 37, Prefix(2, counts=Counts.WIRE), pad=Pad.RIGHT_F
    )
    assert dialect.fields[64].name == "MAC"


def test_parts_of_a_field() -> None:
    text = _EXTENDS + (
        "[fields.48.layout]\n"
        'arranged = "tagged"\ntag = {width = 2, coding = "hex"}\n'
        'length = {width = 2, coding = "ascii"}\nlength_first = true\n'
        'head = {content = "text", size = 4}\n'
        '[fields.48.layout.parts.A3]\ncontent = "text"\nsize = 9\nname = "code"\n'
    )
    layout = read(text).fields[48].layout
    assert layout == Layout(
        Arranged.TAGGED,
        (Field(0xA3, Content.TEXT, 9),),
        tag=Prefix(2, Coding.HEX),
        length=Prefix(2, Coding.ASCII),
        length_first=True,
        head=Field(0, Content.TEXT, 4),
    )


def test_a_layout_can_be_taken_away() -> None:
    parts = '[fields.48.layout]\narranged = "in_turn"\nparts = {1 = {content = "text", size = 4}}\n'
    base = read(_EXTENDS + parts)
    text = 'name = "less"\nextends = "bank_x"\n[fields.48]\nwithout_layout = true\n'
    less = read(text, {"bank_x": base})
    assert less.fields == _BASE.fields
    assert to_toml(less, base) == text.replace("\n[fields", "\n\n[fields")


def test_every_dialect_of_ours_is_a_document() -> None:
    for dialect in DIALECTS.values():
        assert read(to_toml(dialect)) == dialect
        for base in DIALECTS.values():
            if base is not dialect:
                assert read(to_toml(dialect, base)) == dialect


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "TOML"),
        ('name = "Bank X"', "name: small letters"),
        ("", "name: Field required"),
        ('name = "x"\nextends = "nobody"', "extends: one of cups, iso87_ascii"),
        ('name = "cups"\nextends = "cups"', "extends: one of iso87_ascii"),
        ('name = "x"\nmit = "ascii"', "mit: no such attribute"),
        ('name = "x"', "fields: at least one row"),
        (_EXTENDS + 'mti = "bytes"', "mti: one of packed, ascii, ebcdic"),
        (_EXTENDS + 'bitmap = "ascii"', "bitmap: one of bytes, hex, hex_ebcdic"),
        (_EXTENDS + "mac_field = 3", "MAC: no binary field 3"),
        (_EXTENDS + "mac_fields = [52]", "field 52: the MAC is over texts"),
        (_EXTENDS + "secondary = false", "field 128: the bitmap names each field"),
    ],
)
def test_what_is_wrong_with_the_whole(text: str, said: str) -> None:
    assert said in _said(text)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('[fields.52]\ncodin = "hex"', "field 52, codin: no such attribute"),
        ('[fields.52]\ncoding = "packed"', "field 52, coding: one of bytes, hex, hex_ebcdic for"),
        ('[fields.52]\ncoding = "hexa"', "field 52, coding: one of packed, ascii, latin_1"),
        ('[fields.3]\nfill = " "', "field 3, fill: '0' or nothing"),
        ('[fields.2]\nfill = "0"', "field 2, fill: nothing"),
        ('[fields.2]\npad = "middle"', "field 2, pad: one of right_0, right_f, left_0, left_f"),
        ("[fields.2]\nprefix = {width = 1}", "field 2, size: at most 9"),
        ("[fields.2]\nprefix = {width = 9}", "field 2, prefix.width: 0 to 6"),
        ('[fields.2]\nprefix = {coding = "gbk"}', "field 2, prefix.coding: one of packed, ascii"),
        (
            '[fields.2]\ncoding = "packed"\nprefix = {counts = "wire"}',
            "field 2, pad: right_f or left_f",
        ),
        ('[fields.35]\nseparator = "/"', "field 35, separator: D or ="),
        ("[fields.3]\nsize = 0", "field 3, size:"),
        ("[fields.28]\nsize = 1", "field 28, size: 2 to"),
        ("[fields.1]\nsize = 8", "field 1: a number from 2 to 128"),
        ("[fields.129]\nsize = 8", "field 129: a number from 2 to 128"),
        ("[fields.02]\nsize = 8\n[fields.2]\nsize = 9", "field 2: a number from 2 to 128, once"),
        ("[fields.two]\nsize = 8", "field two: a number"),
        ("[fields.65]\nsize = 8", "field 65, content: a value, since no base has one"),
        ("[fields.65]\nabsent = true", "field 65: a row of the base"),
        ("[fields.5]\nabsent = true\nsize = 3", "field 5: a row of the base, and nothing else"),
    ],
)
def test_what_is_wrong_with_a_row_is_named(row: str, said: str) -> None:
    assert f"dialect bank_x, {said}" in _said(_EXTENDS + row)


_TEXT = '{content = "text", size = 4}'


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ('arranged = "pile"', "layout.arranged: one of in_turn, tagged, ber_tlv, bitmapped"),
        ('arranged = "in_turn"\nparts = {}', "layout: at least one part"),
        (f'arranged = "in_turn"\nhead = {_TEXT}\nparts = {{1 = {_TEXT}}}', "layout.head: nothing"),
        (f'arranged = "in_turn"\nparts = {{1 = {_TEXT}, 01 = {_TEXT}}}', "each part once"),
        (f'arranged = "in_turn"\nparts = {{x = {_TEXT}}}', "part x: a number"),
        (
            f'arranged = "tagged"\ntag = {{width = 2}}\nparts = {{1 = {_TEXT}}}',
            "layout.length: a width",
        ),
        (
            f'arranged = "tagged"\ntag.width = 1\nlength.width = 2\nparts = {{10 = {_TEXT}}}',
            "layout.parts.10: a tag below 10",
        ),
        (f'arranged = "ber_tlv"\nparts = {{9F26 = {_TEXT}}}', "ber_tlv only where"),
        (f'arranged = "bitmapped"\nbitmap = 8\nparts = {{1 = {_TEXT}}}', "bitmapped only where"),
        (
            'arranged = "in_turn"\nparts = {1 = {content = "text", size = 4, coding = "hex"}}',
            "field 48.1, coding: one of ascii, gbk",
        ),
    ],
)
def test_what_is_wrong_with_parts_is_named(layout: str, said: str) -> None:
    assert said in _said(_EXTENDS + "[fields.48.layout]\n" + layout)


def test_a_document_is_not_endless() -> None:
    assert "200000 characters" in _said("#" * 200_001)
    assert "TOML" in _said('name = "x"\nfields = ' + "[" * 5_000)
    deep = _TEXT
    for _ in range(8):
        deep = (
            '{content = "text", size = 4, layout = '
            f'{{arranged = "in_turn", parts = {{1 = {deep}}}}}}}'
        )
    assert "4 deep" in _said(
        _EXTENDS + f"[fields.48.layout]\narranged = 'in_turn'\nparts.1 = {deep}"
    )


def test_the_example_of_the_guide_is_one() -> None:
    guide = Path(__file__).parents[4] / "docs" / "messages.md"
    example = guide.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    dialect = read(example)
    assert (dialect.name, dialect.mac_field, 127 in dialect.fields) == ("bank_x", 64, False)
    assert dialect.fields[48].layout is not None


def test_what_a_document_extends_is_known_before_it_is_built() -> None:
    assert parse(_EXTENDS).extends == "iso87_ascii"
