"""A file is known by what it holds; what is none is refused, and what it would do with it."""

import tracemalloc

import pytest

from annul.settle.bank.pain001 import write_pain001
from annul.settle.bank.read import read
from annul.settle.bank.rows import FileUnreadable
from tests.support.bank_orders import order, reference

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd"


def _statement(entries: str, before: str = "", after: str = "") -> bytes:
    return (
        f'{before}<Document xmlns="{_NAMESPACE}:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"{entries}</Stmt></BkToCstmrStmt></Document>{after}"
    ).encode()


def _entry(about: str) -> str:
    return (
        '<Ntry><Amt Ccy="CNY">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{about}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
    )


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (_statement(_entry(reference(1))), "camt.053"),
        (b"\xef\xbb\xbf \n" + _statement(_entry(reference(1))), "camt.053"),
        (_statement(_entry(reference(1)), "<Envelope><Header/>", "</Envelope>"), "camt.053"),
        (_statement(_entry(reference(1))).decode().encode("utf-16"), "camt.053"),
        (b"{1:F01}{4:\n:20:X\n:60F:C261127CNY1,\n:62F:C261127CNY1,\n-}", "MT940"),
        (b"reference,said\n", "CSV"),
    ],
)
def test_a_format_is_known_by_what_is_there(content: bytes, known: str) -> None:
    assert read(content, "payouts.dat").format == known


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"<html/>",
        b"<html>",
        b"\x00\x01\x02",
        _statement("")[:-3],
        write_pain001(order()),
        _statement("").replace(b"camt.053.001.08", b"camt.029.001.09"),
    ],
)
def test_what_is_none_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(FileUnreadable, match=r"^payouts\.xml: ") as refused:
        read(content, "payouts.xml")
    assert "6222" not in str(refused.value)


_LAUGHS = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10))


@pytest.mark.parametrize(
    "type_",
    [
        f'<!DOCTYPE d [<!ENTITY e0 "ha">{_LAUGHS}]>',
        '<!DOCTYPE d [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">',
        "<!DOCTYPE d>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(type_: str, encoding: str) -> None:
    about = "&e9;" if "e9" in type_ else reference(1)
    content = _statement(_entry(about), type_).decode().encode(encoding)
    with pytest.raises(FileUnreadable, match="line"):
        read(content, "a.xml")


def test_a_statement_is_read_in_memory_that_its_entries_do_not_need() -> None:
    """What is kept grows with the rows only: those of others leave nothing."""

    def peak(entries: int) -> int:
        content = _statement(_entry("SALARY") * entries)
        tracemalloc.start()
        found = read(content, "a.xml")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.left_out == entries
        return most

    peak(1)
    assert peak(5_000) < peak(50) + 100_000
