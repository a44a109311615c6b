"""Orders as pain.001: what stands in them, and what never leaves the house."""

from dataclasses import replace

import lxml.etree
import pytest

from annul.settle.bank.pain001 import VERSIONS, find_fault, write_pain001
from annul.settle.bank.rows import OrderUnfit
from tests.support.bank_orders import MESSAGE, order, reference, transfer


def _texts(content: bytes, path: str) -> list[str]:
    names = "/".join(f"{{*}}{name}" for name in path.split("/"))
    return [found.text or "" for found in lxml.etree.fromstring(content).iterfind(f".//{names}")]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_tells_its_transfers(version: str) -> None:
    content = write_pain001(order(transfer(1), transfer(2, amount=5)), version)
    assert f"xsd:{version}".encode() in content
    assert _texts(content, "GrpHdr/MsgId") == _texts(content, "PmtInf/PmtInfId") == [MESSAGE]
    assert _texts(content, "GrpHdr/NbOfTxs") == _texts(content, "PmtInf/NbOfTxs") == ["2"]
    assert _texts(content, "GrpHdr/CtrlSum") == _texts(content, "PmtInf/CtrlSum") == ["10.06"]
    assert _texts(content, "EndToEndId") == [reference(1), reference(2)]
    assert _texts(content, "InstdAmt") == ["10.01", "0.05"]
    assert _texts(content, "Cdtr/Nm") == ["示例茶馆"] * 2
    assert _texts(content, "CdtrAcct/Id/Othr/Id") == ["6222000000000001", "6222000000000002"]


def test_yen_have_no_decimals() -> None:
    content = write_pain001(order(transfer(1, amount=1_200), currency="392"))
    assert _texts(content, "InstdAmt") == _texts(content, "PmtInf/CtrlSum") == ["1200"]
    assert b'Ccy="JPY"' in content


@pytest.mark.parametrize(
    ("number", "path"),
    [
        ("DE89370400440532013000", "CdtrAcct/Id/IBAN"),
        ("DE88370400440532013000", "CdtrAcct/Id/Othr/Id"),  # its check digits do not hold
        ("6222000000000001", "CdtrAcct/Id/Othr/Id"),
    ],
)
def test_an_account_is_named_as_what_it_is(number: str, path: str) -> None:
    assert _texts(write_pain001(order(transfer(1, account=number))), path) == [number]


@pytest.mark.parametrize(
    ("version", "number", "path"),
    [
        (VERSIONS[0], "COBADEFF", "CdtrAgt/FinInstnId/BICFI"),
        (VERSIONS[1], "COBADEFFXXX", "CdtrAgt/FinInstnId/BIC"),
        (VERSIONS[0], "102100099996", "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
        (VERSIONS[1], "37040044", "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
    ],
)
def test_a_bank_is_named_as_what_it_is(version: str, number: str, path: str) -> None:
    assert _texts(write_pain001(order(transfer(1, bank=number)), version), path) == [number]


def test_a_bank_may_be_missing() -> None:
    content = write_pain001(order(transfer(1, bank=""), debtor_bank=""))
    assert _texts(content, "CdtrAgt") == []
    assert _texts(content, "DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]


def test_what_is_no_text_becomes_a_space_and_marks_stay_marks() -> None:
    holder = '李 & <Söhne>\n\x00\ud800"茶"￾'
    (seen,) = _texts(write_pain001(order(transfer(1, holder=holder))), "Cdtr/Nm")
    assert seen == '李 & <Söhne> "茶"'


@pytest.mark.parametrize(
    ("parts", "element"),
    [
        ({"account": "6" * 35}, "Id"),
        ({"account": ""}, "Id"),
        ({"holder": " \n"}, "Nm"),
        ({"bank": "1" * 36}, "MmbId"),
        ({"account": "62\x00"}, "what is no XML"),
    ],
)
def test_what_the_schema_refuses_names_the_transfer_and_tells_no_account(
    parts: dict[str, str], element: str
) -> None:
    with pytest.raises(OrderUnfit) as refused:
        write_pain001(order(transfer(1), transfer(2, **parts), transfer(3)))
    message = f"{VERSIONS[0]} does not allow {element} of transfer {reference(2)}"
    assert str(refused.value) == message


@pytest.mark.parametrize("parts", [{"message": "m" * 36}, {"debtor": ""}, {"debtor_account": ""}])
def test_a_fault_of_the_order_is_no_transfer_s(parts: dict[str, str]) -> None:
    with pytest.raises(OrderUnfit, match=r"of order "):
        write_pain001(order(**parts))


def test_an_order_of_nothing_is_refused() -> None:
    with pytest.raises(OrderUnfit, match="PmtInf"):
        write_pain001(replace(order(), transfers=()))


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(OrderUnfit, match="no amount"):
        write_pain001(order(transfer(1, amount=amount)))


def test_a_file_cut_off_has_a_fault() -> None:
    content = write_pain001(order())
    assert find_fault(content, VERSIONS[0]) is None
    assert find_fault(content[:-12], VERSIONS[0]) == (5, "what is no XML")
    assert find_fault(content, VERSIONS[1]) is not None
