"""A spoilt file is refused, or read as what it then says: nothing else comes of it."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from annul.settle.bank.read import read
from annul.settle.bank.rows import FileUnreadable

_ONE = "0123456789abcdef0123456789abcdef"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd"
_FILES = {
    "camt": (
        f'<Document xmlns="{_NAMESPACE}:camt.053.001.08"><BkToCstmrStmt><Stmt><Ntry>'
        '<Amt Ccy="CNY">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>'
        "<Dt>2026-11-27</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>"
        f"{_ONE}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    ),
    "pain": (
        f'<Document xmlns="{_NAMESPACE}:pain.002.001.10"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>'
        "<OrgnlMsgId>m</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<TxInfAndSts><OrgnlEndToEndId>{_ONE}</OrgnlEndToEndId><TxSts>RJCT</TxSts><OrgnlTxRef><Amt>"
        '<InstdAmt Ccy="CNY">1.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts></OrgnlPmtInfAndSts>'
        "</CstmrPmtStsRpt></Document>"
    ),
    "mt940": (
        ":20:A\n:25:1\n:28C:1/1\n:60F:C261127CNY100,00\n:61:2611271127D1,00NTRFNONREF//B1\n"
        f":86:116?20EREF+{_ONE[:20]}\n?21{_ONE[20:]}?22SVWZ+x\n:62F:C261127CNY99,00\n-\n"
    ),
    "csv": (
        "reference,said,amount,currency,code,text,bank_ref,booked_on\n"
        f"{_ONE},booked,1.00,CNY,,,B1,2026-11-27\n"
    ),
}
_SPOIL = st.lists(
    st.tuples(
        st.integers(0, 600),
        st.integers(0, 12),
        st.one_of(
            st.binary(max_size=8), st.sampled_from([b"<", b"&x;", b"\n", b":61:", b"-", b"9"])
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", _FILES)
@given(spoils=_SPOIL)
@example(spoils=[(40, 500, b"")])
@settings(max_examples=200, deadline=None)
def test_a_spoilt_file_is_refused_or_read(kind: str, spoils: list[tuple[int, int, bytes]]) -> None:
    content = _FILES[kind].encode()
    for at, length, instead in spoils:
        content = content[:at] + instead + content[at + length :]
    try:
        found = read(content, "file")
    except FileUnreadable:
        return
    for row in found.rows:
        assert re.fullmatch(r"[0-9a-f]{32}", row.reference) or (not row.reference and row.message)
        assert row.amount >= 0
        assert max(map(len, (row.code, row.bank_ref, row.message))) <= 35
        assert len(row.text) <= 140


@pytest.mark.parametrize("kind", _FILES)
def test_unspoilt_they_are_read(kind: str) -> None:
    assert _ONE in {row.reference for row in read(_FILES[kind].encode(), "file").rows}
