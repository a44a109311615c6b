"""Statements and notices of bookings in XML: what is ours, paid or come back."""

from datetime import date

import pytest

from annul.domain.payouts import BankSaid
from annul.settle.bank.camt import read_camt
from annul.settle.bank.rows import BankFile, FileUnreadable
from tests.support.bank_orders import MESSAGE, reference

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd"


def _read(entries: str, message: str = "camt.053.001.08") -> BankFile:
    content = (
        f'<Document xmlns="{_NAMESPACE}:{message}"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>'
        f"<Stmt><Id>1</Id>{entries}</Stmt></BkToCstmrStmt></Document>"
    )
    return read_camt(content.encode(), message)


def _entry(
    mark: str, amount: str, details: str = "", status: str = "<Cd>BOOK</Cd>", ccy: str = "CNY"
) -> str:
    return (
        f'<Ntry><Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts>{status}</Sts>'
        "<BookgDt><DtTm>2026-11-27T23:30:00+08:00</DtTm></BookgDt><AcctSvcrRef>E1</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _detail(about: str, rest: str = "", refs: str = "") -> str:
    end = f"<EndToEndId>{about}</EndToEndId>" if about else ""
    return f"<TxDtls><Refs>{refs}{end}</Refs>{rest}</TxDtls>"


def test_a_debit_is_a_booking_and_a_credit_a_return() -> None:
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>"
    found = _read(
        _entry("DBIT", "10.01", _detail(reference(1)))
        + _entry("CRDT", "10.01", _detail(reference(1), reason))
    )
    booked, returned = found.rows
    assert found.format == "camt.053"
    assert (booked.said, booked.reference, booked.line) == (BankSaid.BOOKED, reference(1), 1)
    assert (booked.amount, booked.currency, booked.bank_ref) == (1001, "156", "E1")
    assert booked.booked_on == date(2026, 11, 27)
    assert (returned.said, returned.code, returned.text) == (BankSaid.RETURNED, "AC04", "closed")
    assert returned.line == 2


def test_a_batch_is_a_row_for_each_transfer_with_an_amount_of_its_own() -> None:
    details = "<Btch><PmtInfId>x</PmtInfId></Btch>" + "".join(
        _detail(
            reference(number),
            f'<Amt Ccy="CNY">{number}.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>',
            f"<AcctSvcrRef>B{number}</AcctSvcrRef>",
        )
        for number in (1, 2, 3)
    )
    found = _read(_entry("DBIT", "6.00", details), "camt.054.001.08")
    assert [(row.line, row.amount, row.bank_ref) for row in found.rows] == [
        (1, 100, "B1"),
        (2, 200, "B2"),
        (3, 300, "B3"),
    ]
    assert (found.format, found.left_out) == ("camt.054", 0)


def test_amounts_of_older_versions_and_the_older_status() -> None:
    amount = '<AmtDtls><TxAmt><Amt Ccy="CNY">7.00</Amt></TxAmt></AmtDtls>'
    details = _detail(reference(1), amount) + _detail(reference(2))
    first, second = _read(_entry("DBIT", "9.00", details, "BOOK"), "camt.053.001.02").rows
    assert (first.amount, second.amount) == (700, 0)  # the sum of two is nobody's amount


def test_what_is_not_booked_yet_is_left_out() -> None:
    found = _read(_entry("DBIT", "1.00", _detail(reference(1)) + _detail("x"), "<Cd>PDNG</Cd>"))
    assert (found.rows, found.left_out) == ((), 2)


@pytest.mark.parametrize(
    "details",
    [
        "",
        _detail("NOTPROVIDED"),
        _detail("SALARY"),
        _detail(reference(1)[:-1]),
        _detail(reference(1) + "0"),
        _detail("SALARY", f"<RmtInf><Ustrd>{reference(1)}</Ustrd></RmtInf>"),
    ],
)
def test_what_is_of_others_is_left_out(details: str) -> None:
    found = _read(_entry("DBIT", "1.00", details))
    assert (found.rows, found.left_out) == ((), 1)


def test_a_return_may_name_what_it_returns_by_an_id_of_the_order() -> None:
    refs = f"<InstrId>{reference(1)}</InstrId>"
    (row,) = _read(_entry("CRDT", "1.00", _detail("NOTPROVIDED", refs=refs))).rows
    assert (row.said, row.reference) == (BankSaid.RETURNED, reference(1))


@pytest.mark.parametrize(
    "details",
    [
        f"<Btch><PmtInfId>{MESSAGE}</PmtInfId><NbOfTxs>3</NbOfTxs></Btch>",
        f"<Btch><MsgId>{MESSAGE}</MsgId></Btch>",
        f"<TxDtls><Refs><PmtInfId>{MESSAGE}</PmtInfId></Refs></TxDtls>",
    ],
)
def test_a_booking_without_transfers_speaks_of_the_order(details: str) -> None:
    (row,) = _read(_entry("DBIT", "30.06", details)).rows
    assert (row.said, row.message, row.reference) == (BankSaid.BOOKED, MESSAGE, "")
    assert row.amount == 3006


def test_another_currency_stays_another_one() -> None:
    (row,) = _read(_entry("DBIT", "1.50", _detail(reference(1)), ccy="XTS")).rows
    assert (row.currency, row.amount) == ("XTS", 150)


@pytest.mark.parametrize(
    ("mark", "amount"), [("DEBIT", "1.00"), ("", "1.00"), ("DBIT", "1,00"), ("DBIT", "-1.00")]
)
def test_an_entry_that_cannot_be_understood_stops_the_file(mark: str, amount: str) -> None:
    with pytest.raises(FileUnreadable, match=r"^line 1: "):
        _read(_entry(mark, amount, _detail(reference(1))))


def test_a_day_that_is_none_stops_the_file() -> None:
    entry = _entry("DBIT", "1.00", _detail(reference(1))).replace("2026-11-27", "2026-13-27")
    with pytest.raises(FileUnreadable, match="not a date"):
        _read(entry)


@pytest.mark.parametrize("kind", ["Stmt", "Rpt", "Ntfctn"])
def test_a_row_has_the_account_of_its_statement(kind: str) -> None:
    entry = _entry("DBIT", "1.00", _detail(reference(1)))
    other = f"<{kind}><Acct><Id><Othr><Id>6222 01</Id></Othr></Id></Acct>{entry}</{kind}>"
    iban = f"<{kind}><Acct><Id><IBAN>de12 34</IBAN></Id></Acct>{entry}</{kind}>"
    none = f"<{kind}>{entry}</{kind}>"
    content = (
        f'<Document xmlns="{_NAMESPACE}:camt.053.001.08"><A>{other}{iban}{none}</A></Document>'
    )
    rows = read_camt(content.encode(), "camt.053.001.08").rows
    assert [row.account for row in rows] == ["622201", "DE1234", ""]
