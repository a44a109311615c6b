"""Each class of a packager file becomes the row that writes the bytes which that class writes."""

import pytest

from annul.wire.codec import Codec, Value
from annul.wire.dialect import Dialect, table
from annul.wire.errors import DialectError
from annul.wire.field import Arranged, Coding, Content, Field
from annul.wire.nested import Part, build, split
from annul.wire.specifications.imported import Imported, SpecificationError
from annul.wire.specifications.packager import read_packager
from annul.wire.specifications.packager_classes import CLASSES, UNSAYABLE

_HEAD = """<?xml version="1.0"?>
<!DOCTYPE isopackager PUBLIC "-//example//packager//EN" "https://example.invalid/packager.dtd">
"""
_MAC = '<isofield id="64" length="8" name="MAC" class="org.jpos.iso.IFB_BINARY"/>'


def _import(rows: str, mac: str = _MAC) -> Imported:
    return read_packager(f"{_HEAD}<isopackager>{rows}{mac}</isopackager>".encode(), "brought")


def _one(name: str, length: int, number: int = 10, more: str = "") -> Field:
    found = _import(
        f'<isofield id="{number}" length="{length}" name="n" class="org.jpos.iso.{name}" {more}/>'
    )
    assert found.unsaid == ()
    assert found.rows == 2
    return found.dialect.fields[number]


def _bytes(row: Field, value: Value) -> str:
    """Write a value by its row, as it stands behind the head of a message."""
    mac = Field(64, Content.BINARY, 8)
    codec = Codec(Dialect("one", table(row, mac), mti=Coding.ASCII))
    raw = codec.encode("0100", {row.number: value})
    assert codec.decode(raw)[row.number] == codec.decode(raw).fields()[row.number]
    return raw[12:].hex()


_LEFT = 'pad="true"'
# class, length, attributes, value, bytes. A length in EBCDIC is F0 to F9, A is C1, a blank is 40.
_WRITTEN = [
    ("IF_CHAR", 4, "", "AB", "41422020"),
    ("IF_CHAR", 2, "", "é1", "e931"),
    ("IF_ECHAR", 3, "", "A1", "c1f140"),
    ("IFE_CHAR", 3, "", "A1", "c1f140"),
    ("IFA_NUMERIC", 4, "", "12", "30303132"),
    ("IFE_NUMERIC", 4, "", "12", "f0f0f1f2"),
    ("IFB_NUMERIC", 4, "", "12", "0012"),
    ("IFB_NUMERIC", 3, "", "123", "1230"),
    ("IFB_NUMERIC", 3, _LEFT, "123", "0123"),
    ("IFB_FNUMERIC", 3, "", "123", "123f"),
    ("IFB_FNUMERIC", 3, _LEFT, "123", "0123"),
    ("IFA_AMOUNT", 9, "", "D1234", "443030303031323334"),
    ("IFE_AMOUNT", 9, "", "C1234", "c3f0f0f0f0f1f2f3f4"),
    ("IFB_AMOUNT", 9, "", "D1234", "4400001234"),
    ("IFB_AMOUNT", 8, "", "C1234567", "4312345670"),
    ("IFB_AMOUNT", 8, _LEFT, "C1234567", "4301234567"),
    ("IFA_BINARY", 2, "", b"\x1f\xa0", "31464130"),
    ("IFE_BINARY", 2, "", b"\x1f\xa0", "f1c6c1f0"),
    ("IFB_BINARY", 2, "", b"\x1f\xa0", "1fa0"),
    ("IFA_LCHAR", 9, "", "AB", "324142"),
    ("IFA_LLCHAR", 19, "", "AB", "30324142"),
    ("IFA_LLLCHAR", 19, "", "AB", "3030324142"),
    ("IFA_LLLLCHAR", 19, "", "AB", "303030324142"),
    ("IFA_LLLLLCHAR", 19, "", "AB", "30303030324142"),
    ("IFA_LLLLLLCHAR", 19, "", "AB", "3030303030324142"),
    ("IFA_LLNUM", 19, "", "123", "3033313233"),
    ("IFA_LLLNUM", 19, "", "123", "303033313233"),
    ("IFA_LBINARY", 9, "", b"\xab", "31ab"),
    ("IFA_LLBINARY", 19, "", b"\xab", "3031ab"),
    ("IFA_LLLBINARY", 19, "", b"\xab", "303031ab"),
    ("IFA_LLLLBINARY", 19, "", b"\xab", "30303031ab"),
    ("IFA_LLLLLBINARY", 19, "", b"\xab", "3030303031ab"),
    ("IFA_LLLLLLBINARY", 19, "", b"\xab", "303030303031ab"),
    ("IFA_LLABINARY", 19, "", b"\xab", "30314142"),
    ("IFA_LLLABINARY", 19, "", b"\xab", "3030314142"),
    ("IFE_LCHAR", 9, "", "A", "f1c1"),
    ("IFE_LLCHAR", 19, "", "A", "f0f1c1"),
    ("IFE_LLLCHAR", 19, "", "A", "f0f0f1c1"),
    ("IFE_LLLLCHAR", 19, "", "A", "f0f0f0f1c1"),
    ("IFE_LNUM", 9, "", "12", "f2f1f2"),
    ("IFE_LLNUM", 19, "", "12", "f0f2f1f2"),
    ("IFE_LLLNUM", 19, "", "12", "f0f0f2f1f2"),
    ("IFE_LBINARY", 9, "", b"\xab", "f1ab"),
    ("IFE_LLBINARY", 19, "", b"\xab", "f0f1ab"),
    ("IFE_LLLBINARY", 19, "", b"\xab", "f0f0f1ab"),
    ("IFE_LLLLBINARY", 19, "", b"\xab", "f0f0f0f1ab"),
    ("IFAE_LLCHAR", 19, "", "A", "3031c1"),
    ("IFEA_LLCHAR", 19, "", "A", "f0f141"),
    ("IFEB_LLNUM", 19, "", "123", "f0f2123f"),
    ("IFEB_LLLNUM", 19, "", "123", "f0f0f2123f"),
    ("IFB_LLCHAR", 19, "", "AB", "024142"),
    ("IFB_LLLCHAR", 19, "", "AB", "00024142"),
    ("IFB_LLLLCHAR", 19, "", "AB", "00024142"),
    ("IFB_LLLLLLCHAR", 19, "", "AB", "0000024142"),
    ("IFB_LLBINARY", 19, "", b"\xab", "01ab"),
    ("IFB_LLLBINARY", 19, "", b"\xab", "0001ab"),
    ("IFB_LLLLBINARY", 19, "", b"\xab", "0001ab"),
    ("IFB_LLNUM", 19, "", "123", "031230"),
    ("IFB_LLNUM", 19, _LEFT, "123", "030123"),
    ("IFB_LLLNUM", 19, "", "123", "00031230"),
    ("IFB_FLLNUM", 19, "", "123", "03123f"),
    ("IFB_FLLLNUM", 19, "", "123", "0003123f"),
    ("IFB_LLHNUM", 19, _LEFT, "123", "030123"),
    ("IFB_LLLHNUM", 19, "", "123", "00031230"),
    ("IFB_LLHCHAR", 255, "", "AB", "024142"),
    ("IFB_LLLHCHAR", 999, "", "AB", "00024142"),
    ("IFB_LLHECHAR", 255, "", "A", "01c1"),
    ("IFB_LLLHECHAR", 999, "", "A", "0001c1"),
    ("IFB_LLHBINARY", 255, "", b"\xab", "01ab"),
    ("IFB_LLLHBINARY", 999, "", b"\xab", "0001ab"),
]


@pytest.mark.parametrize(("name", "length", "more", "value", "expected"), _WRITTEN)
def test_a_class_writes(name: str, length: int, more: str, value: Value, expected: str) -> None:
    assert _bytes(_one(name, length, more=more), value) == expected


# class, value of part 7, bytes of the part.
_TAGGED = [
    ("IFMC_LLCHAR", "AB", "303730324142"),
    ("IFMC_LLLCHAR", "AB", "30373030324142"),
    ("IFMC_LLBINARY", b"\xab", "30373031ab"),
    ("IFMC_LLLBINARY", b"\xab", "3037303031ab"),
    ("IFEMC_LLCHAR", "A", "3037f0f1c1"),
    ("IFEMC_LLLCHAR", "A", "f0f0f0f7f0f0f1c1"),
    ("IFEPE_LLCHAR", "A", "f0f7f0f1c1"),
    ("IFEPE_LLBINARY", b"\xab", "f0f7f0f1ab"),
    ("IFEPE_LLLCHAR", "A", "f0f0f7f0f0f1c1"),
    ("IFIPM_LLLCHAR", "AB", "303030373030324142"),
    ("IFA_TTLCHAR", "AB", "3037324142"),
    ("IFA_TTLLCHAR", "AB", "303730324142"),
    ("IFA_TTLLLCHAR", "AB", "30373030324142"),
    ("IFA_TTLLLLCHAR", "AB", "3037303030324142"),
    ("IFA_TTLBINARY", b"\xab", "303731ab"),
    ("IFA_TTLLBINARY", b"\xab", "30373031ab"),
    ("IFA_TTLLLBINARY", b"\xab", "3037303031ab"),
    ("IFA_TTLLLLBINARY", b"\xab", "303730303031ab"),
    ("IFA_TTTLLLCHAR", "AB", "3030373030324142"),
    ("IFEP_LLCHAR", "AB", "303430374142"),
    ("IFEP_LLLCHAR", "AB", "f0f0f4f0f74142"),
    ("IFEP_LLLBINARY", b"\xab", "f0f0f3f0f7ab"),
    ("IFELPE_LLLCHAR", "A", "f0f0f3f0f7c1"),
]


def _field_48(parts: str, packager: str = "EuroSubFieldPackager", more: str = "") -> str:
    return (
        '<isofieldpackager id="48" length="999" name="parts" class="org.jpos.iso.IFA_LLLBINARY"'
        f' packager="org.jpos.iso.packager.{packager}" {more}>{parts}</isofieldpackager>'
    )


def _part(number: int, name: str, length: int = 9, more: str = "") -> str:
    return f'<isofield id="{number}" length="{length}" name="" class="{name}" {more}/>'


@pytest.mark.parametrize(("name", "value", "expected"), _TAGGED)
def test_a_part_stands_behind_its_tag(name: str, value: Value, expected: str) -> None:
    found = _import(_field_48(_part(7, name) + _part(8, name)))
    assert (found.rows, found.unsaid) == (4, ())
    row = found.dialect.fields[48]
    written = build(row, [Part(7, value)])
    assert isinstance(written, bytes)
    assert written.hex() == expected
    assert split(row, written + written) == (Part(7, value), Part(7, value))


def test_every_class_of_the_table_is_tried() -> None:
    tried = {row[0] for row in (*_WRITTEN, *_TAGGED)}
    assert set(CLASSES) - tried == {"IFB_LLLLLCHAR"}  # named like its neighbours
    assert not set(CLASSES) & set(UNSAYABLE)


@pytest.mark.parametrize(
    ("name", "number", "value", "expected"),
    [
        ("IFA_LLNUM", 35, "62D30", "3035" + b"62=30".hex()),
        ("IFB_LLNUM", 35, "62D30", "0562d300"),
        ("IFE_LLLNUM", 36, "62D30", "f0f0f5f6f27ef3f0"),
    ],
)
def test_tracks_have_their_separator(name: str, number: int, value: str, expected: str) -> None:
    assert _bytes(_one(name, 37, number), value) == expected


def test_type_and_bitmap_are_the_first_two_rows() -> None:
    rows = _part(0, "IFE_NUMERIC", 4) + _part(1, "IFE_BITMAP", 16) + _part(2, "IFE_LLNUM", 19)
    dialect = _import(rows, _part(128, "IFE_BINARY", 8)).dialect
    assert (dialect.mti, dialect.bitmap) == (Coding.EBCDIC, Coding.HEX_EBCDIC)
    assert (dialect.secondary, dialect.mac_field) == (True, 128)


def test_a_bitmap_of_eight_bytes_is_one() -> None:
    dialect = _import(_part(0, "IFB_NUMERIC", 4) + _part(1, "IFB_BITMAP", 8)).dialect
    assert (dialect.mti, dialect.bitmap, dialect.secondary) == (Coding.PACKED, Coding.BYTES, False)


# Parts -----------------------------------------------------------------------------------------


def test_what_stands_before_the_tags_is_the_head() -> None:
    parts = _part(0, "IF_CHAR", 4) + _part(1, "IFEP_LLCHAR", 9) + _part(2, "IFEP_LLCHAR", 0)
    row = _import(_field_48(parts)).dialect.fields[48]
    assert row.layout is not None
    assert [part.number for part in row.layout.parts] == [1]  # one of no length is none
    assert split(row, b"HEAD0501ABC") == (Part(None, "HEAD"), Part(1, "ABC"))


def test_parts_in_turn() -> None:
    parts = _part(0, "IFE_CHAR", 1) + _part(1, "IFB_LLHNUM", 19, _LEFT)
    row = _import(_field_48(parts, "GenericSubFieldPackager")).dialect.fields[48]
    assert split(row, bytes.fromhex("c1030123")) == (Part(0, "A"), Part(1, "123"))
    assert split(row, b"\xc1") == (Part(0, "A"),)


def test_parts_that_a_bitmap_names() -> None:
    parts = _part(0, "org.jpos.iso.packager.Base1_BITMAP126", 8) + _part(2, "IFE_CHAR", 1)
    row = _import(_field_48(parts, "Base1SubFieldPackager")).dialect.fields[48]
    assert row.layout is not None
    assert row.layout.arranged is Arranged.BITMAPPED
    assert split(row, bytes.fromhex("4000000000000000c1")) == (Part(2, "A"),)


def test_a_bitmap_that_is_not_sent_is_none() -> None:
    parts = _part(0, "IFB_BITMAP", 8) + _part(2, "IFE_CHAR", 1)
    found = _import(_field_48(parts, "GenericSubFieldPackager", 'emitBitmap="false"'))
    assert found.dialect.fields[48].layout is None
    assert {each.row for each in found.unsaid} == {"48.0", "48.2"}


# What cannot be said ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(UNSAYABLE))
def test_what_has_no_words_is_listed_with_its_reason(name: str) -> None:
    found = _import(_part(10, f"org.jpos.iso.{name}"))
    assert [(each.row, each.reason) for each in found.unsaid] == [
        ("10", f"{name}: {UNSAYABLE[name]}")
    ]
    assert 10 not in found.dialect.fields


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (_part(10, "com.example.Own_CHAR"), "Own_CHAR: a class that annul does not know"),
        (_part(10, ""), "no class: a class that annul does not know"),
        (_part(10, "IFA_LLNUM", 100), "field 10, size: at most 99"),
        (_part(10, "IF_CHAR", 0), "field 10, size: 1 to 99999"),
        (_part(129, "IF_CHAR"), "fields go up to 128"),
        (_part(10, "IFMC_LLCHAR"), "a part with a tag, outside of a field"),
        (_part(1, "IFA_BITMAP", 24), "a bitmap of 24 bytes"),
        (_part(0, "IFA_LLNUM", 4), "a message type of four digits"),
    ],
)
def test_a_row_that_is_wrong_is_listed(row: str, reason: str) -> None:
    (listed,) = _import(row).unsaid
    assert listed.reason.startswith(reason)


def test_rows_that_are_never_there_are_none() -> None:
    found = _import(_part(10, "IF_NOP", 0) + _part(11, "IF_UNUSED", 0))
    assert (list(found.dialect.fields), found.unsaid) == ([64], ())


def test_a_field_that_is_left_out_takes_its_parts_with_it_once() -> None:
    row = _field_48(_part(0, "IFA_FLLNUM") + _part(1, "IF_CHAR"), "GenericSubFieldPackager")
    found = _import(row.replace('length="999"', 'length="9999"'))
    assert [each.row for each in found.unsaid] == ["48.0", "48.1", "48"]
    assert (found.rows, found.said) == (4, 1)
    assert 48 not in found.dialect.fields


def test_a_part_of_another_form_than_its_neighbours_is_listed_alone() -> None:
    parts = _part(1, "IFMC_LLCHAR") + _part(2, "IFMC_LLLCHAR") + _part(3, "IFMC_LLCHAR")
    found = _import(_field_48(parts))
    assert [each.row for each in found.unsaid] == ["48.2"]
    assert split(found.dialect.fields[48], b"0102AB") == (Part(1, "AB"),)


def test_parts_behind_one_that_has_no_words_have_no_layout() -> None:
    parts = _part(0, "IF_CHAR") + _part(1, "IFA_FLLNUM") + _part(2, "IF_CHAR")
    found = _import(_field_48(parts, "GenericSubFieldPackager"))
    assert [each.row for each in found.unsaid] == ["48.1", "48.0", "48.2"]
    assert found.dialect.fields[48].layout is None


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ('inclusive="true"', "inclusive='true': a length that counts itself"),
        ('params="x"', "params='x': not known"),
    ],
)
def test_an_attribute_that_changes_the_bytes_is_never_passed_over(
    attribute: str, reason: str
) -> None:
    (listed,) = _import(_part(10, "IFB_LLHBINARY", 9, attribute)).unsaid
    assert listed.reason == reason
    assert _import(_part(10, "IFB_LLHBINARY", 9, 'inclusive="false" trim="true"')).unsaid == ()


@pytest.mark.parametrize(
    "setting", ['emitBitmap="false"', 'headerLength="5"', 'thirdBitmapField="65"', 'own="1"']
)
def test_a_setting_of_the_file_that_changes_the_bytes_is_listed(setting: str) -> None:
    text = f"<isopackager {setting}>{_MAC}</isopackager>"
    (listed,) = read_packager(text.encode(), "brought").unsaid
    assert (listed.row, listed.reason) == ("isopackager", setting.replace('"', "'"))
    text = f'<isopackager maxValidField="128" bitmapField="1">{_MAC}</isopackager>'
    assert read_packager(text.encode(), "brought").unsaid == ()


def test_a_packager_of_parts_that_is_not_known_gives_no_layout() -> None:
    for packager, more in (
        ("OwnSubFieldPackager", ""),
        ("GenericTaggedFieldsPackager", 'tagMapper="com.example.OwnTagMapper"'),
    ):
        found = _import(_field_48(_part(1, "IFMC_LLCHAR"), packager, more))
        assert [each.row for each in found.unsaid] == ["48.1"]
        assert found.dialect.fields[48].layout is None
    sometimes = _field_48(_part(0, "IF_CHAR", 1) + _part(1, "IFEP_LLLCHAR"), "GICCSubFieldPackager")
    assert _import(sometimes).dialect.fields[48].layout is None


def test_a_table_without_a_mac_is_refused() -> None:
    with pytest.raises(DialectError, match="no binary field 64"):
        _import(_part(10, "IF_CHAR"), mac="")


# What is no packager ---------------------------------------------------------------------------

_BOMB = """<!DOCTYPE isopackager [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<isopackager><isofield id="10" length="1" name="&b;" class="IF_CHAR"/></isopackager>"""
_FETCH = """<!DOCTYPE isopackager [<!ENTITY % far SYSTEM "file:///etc/hostname"> %far;]>
<isopackager/>"""
_READS = """<!DOCTYPE isopackager [<!ENTITY far SYSTEM "file:///etc/hostname">]>
<isopackager><isofield id="10" length="1" name="x" class="IF_CHAR">&far;</isofield></isopackager>"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_BOMB, "declares the entity a"),
        (_FETCH, "declares the entity far"),
        (_READS, "declares the entity far"),
        ("<isopackager>", "no XML"),
        ("{}", "no XML"),
        ("", "no XML"),
        ("<spec/>", "an isopackager was expected"),
        (f"<isopackager>{_part(10, 'IF_CHAR').replace('10', 'ten')}</isopackager>", "id is no"),
        ("<a>" * 20, "16 deep"),
        (f"<isopackager>{' ' * 4_000_000}</isopackager>", "4000000 bytes"),
    ],
)
def test_what_is_no_packager_is_refused(text: str, said: str) -> None:
    with pytest.raises(SpecificationError, match=said):
        read_packager(text.encode(), "brought")


_PART_NAMED = '<isofield id="10" length="9" name="{}" class="IF_CHAR"/>'


def test_names_are_kept() -> None:
    assert _one("IFA_LLCHAR", 19).name == "n"
    steering = _PART_NAMED.format("a&#9;\u009b31m  b")
    assert _import(steering).dialect.fields[10].name == "a 31m b"
