"""Entries of a camt.053 as rows."""

from datetime import date

import pytest

from annul.settle.clearing.camt import read_camt
from annul.settle.clearing.rows import BadLine, ClearingRow, ClearingUnreadable

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd"


def _read(entries: str, message: str = "camt.053.001.08") -> list[ClearingRow | BadLine | None]:
    content = (
        f'<Document xmlns="{_NAMESPACE}:{message}"><BkToCstmrStmt><Stmt><Id>1</Id>{entries}</Stmt>'
        "</BkToCstmrStmt></Document>"
    )
    return list(read_camt(content.encode()))


def _entry(mark: str, amount: str, details: str = "", more: str = "", status: str = "BOOK") -> str:
    return (
        f'<Ntry><NtryRef>N1</NtryRef><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>'
        f"{more}<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2026-11-27</Dt></BookgDt>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _detail(reference: str, amount: str = "") -> str:
    told = f'<Amt Ccy="CNY">{amount}</Amt>' if amount else ""
    return f"<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{told}</TxDtls>"


@pytest.mark.parametrize(
    ("mark", "more", "effect"),
    [
        ("CRDT", "", "taken"),
        ("DBIT", "", "given_back"),
        ("DBIT", "<RvslInd>true</RvslInd>", "reversed"),
        ("CRDT", "<RvslInd>1</RvslInd>", "returned"),
        ("CRDT", "<RvslInd>false</RvslInd>", "taken"),
    ],
)
def test_the_side_says_what_became_of_money(mark: str, more: str, effect: str) -> None:
    row = _read(_entry(mark, "12.30", _detail("123456789012"), more))[0]
    assert isinstance(row, ClearingRow)
    assert (row.line, row.effect, row.rrn, row.amount) == (1, effect, "123456789012", 1_230)
    assert (row.kind, row.currency, row.settles_on) == ("", "156", date(2026, 11, 27))


def test_each_transfer_of_an_entry_is_a_row_of_its_own_amount() -> None:
    found = _read(
        _entry("CRDT", "3.00", _detail("1", "1.00") + _detail("2", "2.00"))
        + _entry("DBIT", "5.00", _detail("NOTPROVIDED"))
    )
    assert [(row.line, row.rrn, row.amount) for row in found if isinstance(row, ClearingRow)] == [
        (1, "1", 100),
        (2, "2", 200),
        (3, "N1", 500),
    ]


def test_of_many_transfers_one_without_an_amount_is_bad() -> None:
    found = _read(_entry("CRDT", "3.00", _detail("1", "1.00") + _detail("2")))
    assert isinstance(found[1], BadLine)
    assert found[1].reason.en == "it has no amount of its own"


def test_what_is_not_booked_yet_is_passed_over() -> None:
    assert _read(_entry("CRDT", "1.00", status="PDNG")) == [None]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (_entry("", "1.00"), "neither debit nor credit"),
        (_entry("CRDT", "1.005"), "its amount: an amount with more than 2 decimals"),
        (_entry("CRDT", "-1.00"), "its amount: not an amount"),
        (_entry("CRDT", "0.00"), "it has no amount of its own"),
        (_entry("CRDT", "1.00").replace("2026-11-27", "27.11."), "its date: not a date"),
    ],
)
def test_a_bad_entry_says_why(entry: str, said: str) -> None:
    found = _read(entry)[0]
    assert isinstance(found, BadLine)
    assert found.reason.en == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<Document", "it is no camt.053"),
        (b"<a/>", "it is no camt.053"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Document>&b;</Document>', "a document type"),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ClearingUnreadable, match=said):
        list(read_camt(content))


def test_a_statement_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ClearingUnreadable, match="not well-formed XML, or cut off"):
        _read(_entry("CRDT", "1.00") + "</Stmt>")


def test_entries_are_as_many_as_it_says() -> None:
    said = "<TxsSummry><TtlNtries><NbOfNtries>{}</NbOfNtries></TtlNtries></TxsSummry>"
    entry = _entry("CRDT", "12.30", _detail("123456789012"))
    assert len(_read(said.format(1) + entry)) == 1
    row, wrong = _read(said.format(2) + entry)
    assert isinstance(row, ClearingRow)
    assert isinstance(wrong, BadLine)
    assert wrong.of_all
    assert wrong.reason.en == "it says that it has 2 entries, and there are 1"
