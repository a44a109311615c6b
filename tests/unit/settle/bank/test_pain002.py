"""Status reports: of a group, a payment, a transfer; none of them books."""

import pytest

from annul.domain.payouts import BankSaid
from annul.settle.bank.pain002 import read_pain002
from annul.settle.bank.rows import FileUnreadable
from tests.support.bank_orders import MESSAGE, reference

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001"


def _report(group: str = "", payment: str = "", version: str = "10") -> bytes:
    return (
        f'<Document xmlns="{_NAMESPACE}.{version}"><CstmrPmtStsRpt><GrpHdr/>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{MESSAGE}</OrgnlMsgId>{group}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{MESSAGE}</OrgnlPmtInfId>{payment}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def _reason(code: str, text: str = "") -> str:
    told = f"<AddtlInf>{text}</AddtlInf>" if text else ""
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn>{told}</StsRsnInf>"


def _transfer(about: str, status: str, rest: str = "") -> str:
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{about}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"{rest}</TxInfAndSts>"
    )


def test_a_rejected_group_speaks_of_the_order() -> None:
    report = _report(f"<GrpSts>RJCT</GrpSts>{_reason('FF01', 'line 3')}")
    (row,) = read_pain002(report).rows
    assert (row.said, row.message, row.reference) == (BankSaid.REJECTED, MESSAGE, "")
    assert (row.line, row.code, row.text) == (1, "FF01", "line 3")


def test_a_rejected_payment_speaks_of_the_order_though_its_group_does_not() -> None:
    report = _report("<GrpSts>PART</GrpSts>", f"<PmtInfSts>RJCT</PmtInfSts>{_reason('AM04')}")
    (row,) = read_pain002(report).rows
    assert (row.said, row.message, row.code) == (BankSaid.REJECTED, MESSAGE, "AM04")


def test_transfers_are_told_one_by_one() -> None:
    amount = '<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">10.02</InstdAmt></Amt></OrgnlTxRef>'
    payment = (
        "<PmtInfSts>PART</PmtInfSts>"
        + _transfer(reference(1), "ACSP")
        + _transfer(reference(2).upper(), "RJCT", _reason("AC04") + amount)
        + _transfer("SALARY-11", "RJCT", _reason("AC04"))
    )
    found = read_pain002(_report("<GrpSts>PART</GrpSts>", payment))
    first, second = found.rows
    assert (found.format, found.left_out) == ("pain.002", 1)
    assert (first.said, first.reference, first.amount) == (BankSaid.ACCEPTED, reference(1), 0)
    assert (second.said, second.reference) == (BankSaid.REJECTED, reference(2))
    assert (second.line, second.code, second.amount, second.currency) == (2, "AC04", 1002, "156")


def test_an_accepted_payment_with_a_rejected_transfer_tells_both() -> None:
    payment = "<PmtInfSts>ACCP</PmtInfSts>" + _transfer(reference(2), "RJCT", _reason("AC04"))
    said = [
        (row.said, row.message, row.reference) for row in read_pain002(_report("", payment)).rows
    ]
    assert said == [
        (BankSaid.REJECTED, "", reference(2)),
        (BankSaid.ACCEPTED, MESSAGE, ""),
    ]


@pytest.mark.parametrize("status", ["ACSC", "ACCC", "ACSP", "PDNG"])
def test_no_status_is_a_booking(status: str) -> None:
    (row,) = read_pain002(_report("", _transfer(reference(1), status))).rows
    assert row.said is BankSaid.ACCEPTED


@pytest.mark.parametrize("code", ["DU01", "AM05", "DU04"])
def test_what_is_refused_as_a_repeat_is_on_its_way(code: str) -> None:
    """Else all that an order has paid would be paid once more."""
    (group,) = read_pain002(_report(f"<GrpSts>RJCT</GrpSts>{_reason(code)}")).rows
    (single,) = read_pain002(_report("", _transfer(reference(1), "RJCT", _reason(code)))).rows
    assert group.said is single.said is BankSaid.ACCEPTED
    assert group.code == single.code == code


@pytest.mark.parametrize("own", ["", _reason("AC04")])
def test_what_is_below_a_refused_repeat_is_on_its_way(own: str) -> None:
    """The bank says why once, of the message; what is below it may have no reason of its own."""
    group = f"<GrpSts>RJCT</GrpSts>{_reason('DU01')}"
    payment = f"<PmtInfSts>RJCT</PmtInfSts>{own}{_transfer(reference(1), 'RJCT', own)}"
    found = read_pain002(_report(group, payment)).rows
    assert [row.said for row in found] == [BankSaid.ACCEPTED] * 3


def test_a_transfer_without_a_reason_has_that_of_its_payment() -> None:
    payment = (
        f"<PmtInfSts>RJCT</PmtInfSts>{_reason('AM04', 'no funds')}{_transfer(reference(1), 'RJCT')}"
    )
    single, _ = read_pain002(_report("", payment)).rows
    assert (single.code, single.text) == ("AM04", "no funds")


def test_a_rejection_without_reason_has_its_status_as_code() -> None:
    (row,) = read_pain002(_report("", _transfer(reference(1), "CANC"))).rows
    assert (row.said, row.code) == (BankSaid.REJECTED, "CANC")


@pytest.mark.parametrize("version", ["03", "10", "14"])
def test_a_state_that_no_list_has_says_nothing(version: str) -> None:
    found = read_pain002(_report("<GrpSts>ODD</GrpSts>", _transfer(reference(1), "ODD"), version))
    assert (found.rows, found.left_out) == ((), 1)


def test_an_account_in_a_text_keeps_its_last_four_only() -> None:
    reason = _reason("AC04", "account 6222 0000 0000 0001 (DE89370400440532013000) is closed")
    (row,) = read_pain002(_report("", _transfer(reference(1), "RJCT", reason))).rows
    assert row.text == "account *0001 (*3000) is closed"


@pytest.mark.parametrize("amount", ["", "x", "-1", "1.001", "1e3", "NaN", "9" * 16])
def test_an_amount_that_is_none_names_its_line(amount: str) -> None:
    given = f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef>'
    with pytest.raises(FileUnreadable, match=r"^line 1: "):
        read_pain002(_report("", _transfer(reference(1), "RJCT", given)))
