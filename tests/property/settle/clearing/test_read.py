"""Whatever a file holds: it is refused, or each line is a row, a bad line or passed over."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.settle.clearing.columns import ColumnMap
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.read import chunks, look_at, recognise
from annul.settle.clearing.rows import ClearingUnreadable
from annul.settle.clearing.write import line
from tests.support.clearing_rows import SALE, TODAY

_MAP = ColumnMap(
    {"rrn": "r", "amount": "a", "card": "c", "sent_at": "s", "kind": "k", "fee": "f"}, unit="major"
)
_LINE = "123456789012,1.00,6222021234567890123,2026-11-27 19:30:05,消费,0.01\n"
_FILES = {
    "COM": (line(LAYOUTS["COM"], SALE) + b"\n") * 3,
    "map": ("r,a,c,s,k,f\n" + _LINE * 3).encode(),
    "camt": (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><Ntry>'
        b'<Amt Ccy="CNY">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry></Document>'
    ),
}
_SPOIL = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 400), st.binary(max_size=12)), max_size=4
)


@pytest.mark.parametrize("name", _FILES)
@given(spoil=_SPOIL)
def test_a_spoilt_file(name: str, spoil: list[tuple[int, int, bytes]]) -> None:
    content = _FILES[name]
    for at, lost, put in spoil:
        place = at % (len(content) or 1)
        content = content[:place] + put + content[place + lost :]
    form = _MAP if name == "map" else name
    try:
        found = list(chunks(BytesIO(content), form, TODAY))
    except ClearingUnreadable as error:
        assert SALE.card not in str(error)
        return
    assert sum(chunk.bytes for chunk in found) == len(content)
    for chunk in found:
        assert all(row.amount > 0 and row.effect for row in chunk.rows)
        assert all(SALE.card not in bad.text + bad.reason.en for bad in chunk.bad)
    if name == "COM":
        lines = sum(len(chunk.rows) + len(chunk.bad) + chunk.passed for chunk in found)
        assert lines == content.count(b"\n") + (not content.endswith(b"\n"))


@given(content=st.binary(max_size=300), name=st.text(max_size=10))
def test_any_bytes_are_looked_at(content: bytes, name: str) -> None:
    try:
        look_at(BytesIO(content))
    except ClearingUnreadable as error:
        assert content.startswith((b"PK", b"\xd0\xcf\x11\xe0")), "but it begins as a workbook"
        assert error.next_step
    try:
        assert recognise(content, name)
    except ClearingUnreadable as error:
        assert error.next_step
