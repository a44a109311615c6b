"""Files of any form, chunk by chunk."""

from io import BytesIO

import pytest

from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.read import LINES, chunks, recognise
from annul.settle.clearing.rows import Chunk, ClearingUnreadable
from annul.settle.clearing.write import line
from tests.support.clearing_rows import SALE, TODAY

_COM = line(LAYOUTS["COM"], SALE)
_ZME = line(LAYOUTS["ZME"], SALE._replace(kind=""))


def _read(content: bytes, form: str = "COM") -> list[Chunk]:
    found = list(chunks(BytesIO(content), form, TODAY))
    assert sum(chunk.bytes for chunk in found) == len(content)
    return found


@pytest.mark.parametrize(
    ("first", "name", "form"),
    [
        (_COM, "anything.txt", "COM"),
        (b"\r\n" + _COM + b"\r\n", "", "COM"),
        (b"spoilt\n" + _COM, "", "COM"),
        (_ZME, "", "ZME"),
        (b"a,b\n1,2\n", "day.csv", "csv"),
        (b"spoilt", "IND26112701ACOMN", "COM"),
        (b"spoilt", "IND26112701ICOM", "COM"),
        (b"spoilt", "IND26112701COMA", "COMA"),
        (b"spoilt", "INN26112788ZM_898110012345678", "ZM"),
        (b"spoilt", "INN26112788ZME_898110012345678", "ZME"),
        (b"spoilt", "/a/LFEE/day.csv", "csv"),
        (b"PK\x03\x04....", "day.csv", "xlsx"),
        (b"\xd0\xcf\x11\xe0....", "", "xlsx"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Document>", "", "camt"),
        ("商户号,金额\n".encode("gb18030"), "", "csv"),
    ],
)
def test_a_file_is_known_by_what_it_holds_then_by_its_name(
    first: bytes, name: str, form: str
) -> None:
    assert recognise(first, name) == form


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"", "it is empty"),
        (b" \r\n", "it is empty"),
        (b"\x00\x01\x02\x03", "it is no text"),
        (b"\x7fELF\x00", "it is no text"),
        ("商户号".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_such_file_is_said_to_be_none(first: bytes, said: str) -> None:
    with pytest.raises(ClearingUnreadable, match=said):
        recognise(first, "COMA")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("count", [1, LINES - 1, LINES, LINES + 1, 2 * LINES + 7])
def test_lines_are_numbered_through_all_chunks(count: int, end: bytes) -> None:
    found = _read((_COM + end) * count)
    assert all(len(chunk.rows) <= LINES for chunk in found)
    numbers = [row.line for chunk in found for row in chunk.rows]
    assert numbers == list(range(1, count + 1))


def test_a_last_line_that_is_cut_is_bad_and_all_before_it_rows() -> None:
    found = _read((_COM + b"\n") * 3 + _COM[:120])[0]
    assert [row.line for row in found.rows] == [1, 2, 3]
    assert found.bad[0].line == 4
    assert found.bad[0].reason.en == "it ends after byte 120 of 299, where terminal is due"


def test_the_last_line_needs_no_end_and_the_first_may_have_a_mark() -> None:
    found = _read(b"\xef\xbb\xbf" + _COM + b"\n" + _COM)[0]
    assert [row.line for row in found.rows] == [1, 2]


def test_a_huge_line_is_one_bad_line_and_the_next_is_read() -> None:
    huge = b"9" * (5 * 1024 * 1024)
    found = _read(_COM + b"\n" + huge + b"\n" + _COM + b"\n")[0]
    assert [row.line for row in found.rows] == [1, 3]
    assert [bad.line for bad in found.bad] == [2]
    assert len(found.bad[0].text) <= 200


@pytest.mark.parametrize("form", ["COMA", "LFEE", "ZM"])
def test_a_file_of_another_layout_is_refused_whole(form: str) -> None:
    with pytest.raises(
        ClearingUnreadable, match=f"none of its lines can be read by {form}; line 1"
    ):
        _read((_COM + b"\n") * 50, form)


@pytest.mark.parametrize("form", ["csv", "xlsx", "COMX", ""])
def test_a_table_needs_a_map_and_a_layout_must_be_known(form: str) -> None:
    with pytest.raises(ClearingUnreadable, match="read by a map of its columns"):
        _read(_COM, form)


@pytest.mark.parametrize("content", [b"", b"\n\n", b" " * 10])
@pytest.mark.parametrize("form", ["COM", "camt"])
def test_an_empty_file_is_refused(content: bytes, form: str) -> None:
    with pytest.raises(ClearingUnreadable, match="it is empty"):
        _read(content, form)


def test_a_statement_of_a_bank_is_read_too() -> None:
    content = (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><Stmt><Ntry>'
        b'<Amt Ccy="CNY">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        b"<AcctSvcrRef>B1</AcctSvcrRef></Ntry></Stmt></Document>"
    )
    assert [(row.rrn, row.amount) for row in _read(content, "camt")[0].rows] == [("B1", 100)]
