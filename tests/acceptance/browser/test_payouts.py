"""Payouts: an operator freezes, a second person approves, a merchant reads it on a phone."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from annul.domain.payouts import mark_of

from . import paid
from .house import SHOP, House, Person, home_of, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
_PAID = "/payouts/"


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """Give a house with a bank, whose schedule comes round in half a day: not within the tests."""
    later = datetime.now(UTC) + timedelta(hours=12)
    bank = {
        "name": "Acquirer",
        "account": "102000000001",
        "bank": "102100099996",
        "second_person_from": 10_000,
        "at": [f"{later.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}"],
    }
    with home_of(ANNUL_BANK=json.dumps(bank)) as opened:
        paid.make_available(opened, "321.00")
        for name in ("olga", "oscar"):
            opened.add(name, "operator")
        opened.add("mei", "merchant", SHOP)
        yield opened


def _says(who: Person, title: str, reason: str = "", **answers: str) -> None:
    """Fill in the dialog of this title, and let it be done."""
    who.reads(title, ".q-dialog")
    for label, text in answers.items():
        who.fill(f".q-dialog input[aria-label^='{label}']", text)
    who.fill(".q-dialog textarea", reason or "as agreed")
    who.press(".q-dialog .q-btn.primary")
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closed")


def _take_an_account(home: House) -> None:
    """Let one person ask for an account, and another take it into use."""
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open(f"/merchants/{SHOP}")
        olga.reads("No account is known", "#account")
        olga.press_text_of("#account button", "Another account")
        number = {"Account holder": "示例茶馆", "Account number": "6222000000000000017"}
        _says(olga, "Another account", "of the contract", **number, Bank="104100000004")
        olga.reads("waits for a second person", "#account")
        said = olga.reads("**** 0017", "#account")
        assert "6222" not in olga.driver.page_source
        assert "Approve as second person" not in said, "nobody approves what they asked for"
    with person(home) as oscar:
        oscar.sign_in("oscar")
        oscar.open("/payouts")
        oscar.reads("Account to be paid to", ".payouts-waiting")
        oscar.press_text_of(".payouts-waiting button", "Approve as second person")
        _says(oscar, "Approve: Account to be paid to")
        oscar.until(lambda: not oscar.find_all(".payouts-waiting"), "nothing waits")
        assert oscar.complaints() == []


@pytest.fixture(scope="module")
def payout(home: House) -> str:
    """Freeze a part, pay the rest, and let the second person approve; gives its address."""
    _take_an_account(home)
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open(f"/merchants/{SHOP}")
        olga.press_text_of("#account button", "Freeze")
        _says(olga, "Freeze", "a customer disputes it", Amount="21.00")
        olga.reads("a customer disputes it", "#account")
        olga.reads("21.00\nFrozen", ".tiles")
        olga.open("/payouts")
        olga.press_text("Make payouts now")
        _says(olga, "Make payouts now", "the schedule is late")
        olga.reads("Payout", ".payouts-waiting")
        said = olga.text(".payouts-waiting")
        assert "Approve as second person" not in said, "nobody approves what they made"
        assert olga.complaints() == []
    with person(home) as oscar:
        oscar.sign_in("oscar")
        oscar.open("/payouts")
        oscar.press_text_of(".payouts-waiting a", "Payout")
        oscar.reads("Waits for a second person", ".steps .now")
        oscar.press_text("Approve as second person")
        _says(oscar, "Approve: Payout")
        oscar.reads("Goes into the next file for the bank", ".steps .now")
        oscar.reads("oscar", ".steps .done")
        assert oscar.complaints() == []
        return oscar.driver.current_url.partition(home.address)[2]


_READS = {
    "en": ("On its way to your account", "a customer disputes it", "Where it stands", "Sold"),
    "zh": ("付款途中", "a customer disputes it", "进度", "消费"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_merchant_reads_its_payout_on_a_phone(home: House, payout: str, language: str) -> None:
    comes, why, stands, sold = _READS[language]
    with person(home, language=language, width=390) as mei:
        mei.sign_in("mei")
        mei.open("/shop")
        said = mei.reads(comes, "#money")
        assert why in said, "why something is held back"
        assert mei.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        mei.press(f"#money a[href='{payout}']")
        said = mei.reads(stands)
        assert "olga" not in said, "shops are told no names of the desk"
        assert "oscar" not in said
        mei.driver.execute_script("document.querySelector('.merchant-day summary').click()")
        mei.reads(sold, ".merchant-day")
        assert mei.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        assert not mei.find_all("main button.button"), "there is nothing that it could do"
        mei.open("/payouts")
        mei.reads("0017", "table")
        assert mei.complaints() == []


@pytest.mark.usefixtures("payout")
def test_what_was_frozen_is_released(home: House) -> None:
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open(f"/merchants/{SHOP}")
        olga.reads("0.00\nCover for voids", ".tiles")
        olga.press_text_of("#account button", "Release")
        _says(olga, "Release", "the customer has withdrawn it")
        olga.reads("the customer has withdrawn it", "#account")
        olga.reads("0.00\nFrozen", ".tiles")
        assert not re.search("Release$", olga.text(".account-acts")), "nothing is frozen"
        assert olga.complaints() == []


def _reads_a_file(who: Person, file: Path, said: str, end: str) -> None:
    who.press_text("Read a file")
    who.reads("Read a file of the bank", ".q-dialog")
    who.driver.find_element("css selector", ".q-dialog input[type=file]").send_keys(str(file))
    who.reads(file.name, ".q-dialog")
    who.fill(".q-dialog textarea", "of today")
    who.press_text("Read it")
    who.reads(said, ".q-dialog")
    who.press_text(end)
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closed")


def test_what_the_bank_says_is_read_and_shown(home: House, payout: str, tmp_path: Path) -> None:
    identity = payout.removeprefix(_PAID).replace("-", "")
    answers = "reference,said,amount,currency,code,text,bank_ref,booked_on\r\n"
    answers += f"{identity},rejected,298.39,CNY,AC04,closed account,,\r\n"
    answers += f"{mark_of('')}{'0' * 28},booked,1.00,CNY,,,,\r\n"
    file = tmp_path / "answer.csv"
    file.write_text(answers, "utf-8")
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/payouts")
        olga.press_text("Make payouts now")
        _says(olga, "Make payouts now", "into a file")
        olga.reads("waits to be taken", ".files")
        _reads_a_file(olga, file, "1 lines read.", "Close")
        olga.reads("1 of no payout that is known", ".files")
        olga.reads("waits for a second person", ".files")
    with person(home) as oscar:
        oscar.sign_in("oscar")
        oscar.open("/payouts")
        oscar.press_text_of(".files button", "Approve as second person")
        _says(oscar, "Approve: answer.csv", "the bank was asked")
        oscar.reads("1 taken", ".files")
        _reads_a_file(oscar, file, "was read", "Cancel")
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/payouts")
        olga.reads("rejected by the bank", "table[data-table=payouts]")
        olga.open(payout)
        olga.reads("AC04 · closed account")
        olga.reads("The money is available again", ".steps")
        olga.open("/")
        olga.reads("1\nPayouts that failed", ".tiles")
        olga.reads("A payout did not reach the merchant's account", "#incidents")
        olga.press(f"#incidents a[href='/payouts/{identity}']")
        olga.reads("Rejected by the bank", ".steps")
        assert olga.complaints() == []


@pytest.mark.usefixtures("payout")
def test_a_file_is_taken_once_by_one(home: House) -> None:
    with person(home) as oscar:
        oscar.sign_in("oscar")
        oscar.open("/payouts")
        oscar.press_text("Take it")
        _says(oscar, "Take file", "to the bank's page")
        oscar.reads("oscar", ".files")
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/payouts")
        olga.reads("oscar", ".files")
        assert "Take it" not in olga.text(".files")
