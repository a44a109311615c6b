"""A chargeback in a browser: entered, seen by its shop, answered with a document, given up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .house import SHOP, House, Person, home_of, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
_AMOUNT = "77.00"


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    with home_of() as opened:
        opened.add("olga", "operator")
        opened.add("mei", "merchant", SHOP)
        yield opened


def _does(who: Person, reason: str) -> None:
    """Give the dialog its reason, and let it be done."""
    who.fill(".q-dialog textarea", reason)
    who.press(".q-dialog .q-btn.primary")
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closed")


def test_a_chargeback_is_entered_answered_and_given_up(home: House, tmp_path: Path) -> None:
    sold = re.findall(r"\b\d{12}\b", home.pos("sale", _AMOUNT))
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/chargebacks")
        _entered(olga, sold[0])
        assert "It had gone back before" not in olga.reads("Next step")
        assert _AMOUNT in olga.text(".break-head")
        olga.reads("Due by", ".break-head")
        _answered(olga, tmp_path)
        olga.press_text_of("a[href^='/transactions/']", sold[0])
        olga.reads("represented")
        olga.press_text_of("a[href^='/chargebacks/']", "CB20261123001")
        olga.reads("Next step")
        assert olga.complaints() == []
    _a_shop_reads_of_it(home)
    with person(home, language="zh") as olga:
        olga.sign_in("olga")
        olga.open("/chargebacks")
        olga.press_text_of("a.row-link", "CB20261123001")
        olga.reads("已再请款", ".break-head")
        olga.press_text("登记发卡行撤回")
        _does(olga, "发卡行来函")
        olga.reads("胜诉", ".break-head")
        olga.reads("已退还商户", ".break-head")
        olga.reads("哈希链完整")
        assert olga.complaints() == []


def _entered(olga: Person, sold: str) -> None:
    olga.press_text("Enter a chargeback")
    olga.reads("Number of the network", ".q-dialog")
    olga.fill(".q-dialog input[aria-label='Number of the network *']", "CB20261123001")
    olga.fill(".q-dialog input[aria-label='Reference number of the transaction *']", sold)
    olga.find_all(".q-dialog .q-select")[1].click()
    olga.press(".q-menu .q-item:nth-child(2)")
    _does(olga, "from the network")
    olga.press_text_of("a.row-link", "CB20261123001")
    olga.reads("first chargeback", ".break-head")
    olga.reads("held", ".break-head")


def _answered(olga: Person, folder: Path) -> None:
    """A document is added, one that is none is refused, and it is represented."""
    for name, content, said in (
        ("program.pdf", b"MZ\x90\x00", "This document cannot be kept"),
        ("slip.pdf", b"%PDF-1.7 slip", "slip.pdf"),
    ):
        path = folder / name
        path.write_bytes(content)
        olga.driver.find_element("css selector", "input[type=file]").send_keys(str(path))
        olga.reads(said)
    olga.press_text("represent")
    assert "No money moves." in olga.reads("No money moves.", ".q-dialog")
    _does(olga, "the slip is theirs")
    olga.reads("represented, with the issuer", ".break-head")


def _a_shop_reads_of_it(home: House) -> None:
    with person(home, language="zh", width=390) as mei:
        mei.sign_in("mei")
        mei.open("/shop")
        assert "olga" not in mei.reads("银行拒付", "#chargebacks")
        mei.press_text_of("#chargebacks a", _AMOUNT)
        mei.reads("款项暂扣至了结为止", "main")
        assert "slip.pdf" not in mei.text("main"), "documents are not for shops"
        assert mei.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        assert mei.complaints() == []
