"""One case on the desk: its first screen, notes, who has it, and two people for one refund."""

import re

import pytest

from .house import SHOP, House, Person, person

_NUMBER = re.compile(r"\d{12}")
_HEAD = (".case-head h1", ".case-lines", ".case-clock")


def _failed_void(home: House, amount: str) -> str:
    """Sell and void in vain, above what may be refunded automatically; gives the case's number."""
    home.issuer("/faults", [{"kind": "code", "code": "57", "of_kind": "void"}])
    sold = home.pos("sale", amount)
    voucher = next(line.split()[-1] for line in sold.splitlines() if line.startswith("VOUCHER"))
    slip = home.pos("void", voucher)
    reference = next(line for line in slip.splitlines() if line.startswith("REFERENCE"))
    return _NUMBER.findall(reference)[0]


def _choose(who: Person, act: str, reason: str, *, go: str = "Do it") -> None:
    who.press_text("More")
    who.press_text_of(".q-menu .q-item", act)
    who.fill(".q-dialog textarea", reason)
    who.press_text(go)


def _foot(who: Person, selector: str) -> float:
    return who.driver.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().bottom", selector
    )


@pytest.mark.parametrize("width", [1360, 390])
def test_cause_money_and_next_step_are_seen_without_scrolling(home: House, width: int) -> None:
    number = _failed_void(home, "1042.50")
    home.add(f"sue{width}", "support")
    with person(home, width=width) as sue:
        sue.sign_in(f"sue{width}")
        sue.open(f"/cases/{number}")
        sue.reads("Void of CNY 1,042.50 in progress", ".case-head")
        lines = sue.reads("The issuer does not support voids", ".case-lines")
        for said in ("Money", "The sale stands; nothing has been given back.", "Next step"):
            assert said in lines
        shown = sue.driver.execute_script("return innerHeight")
        bar = sue.driver.execute_script(
            "const side = document.querySelector('.side').getBoundingClientRect();"
            "return side.top > innerHeight / 2 ? innerHeight - side.top : 0"
        )
        for part in (*_HEAD, ".case-acts"):
            assert _foot(sue, part) <= shown - bar, f"{part} lies below the fold"
        over = sue.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0
        said = sue.reads("To the customer", ".case-scripts")
        assert "To the cashier" in said
        assert "To the issuer" in said
        assert sue.complaints() == []
    home.issuer("/faults", [])


def test_who_has_a_case_keeps_annul_from_it_and_a_note_is_a_note(home: House) -> None:
    number = _failed_void(home, "1043.50")
    home.add("support-a", "support")
    with person(home) as sue:
        sue.sign_in("support-a")
        sue.open(f"/cases/{number}")
        _choose(sue, "Take the case", "calling the issuer")
        sue.reads("taken by support-a until", ".case-tags")
        sue.press_text("Write a note")
        sue.fill(".q-dialog textarea", "they call back")
        sue.press_text("Save note")
        sue.reads("they call back", ".timeline")
        assert "in progress" in sue.reads("CNY 1,043.50", ".case-head h1")
        sue.press_text("Hand the case back")
        sue.fill(".q-dialog textarea", "the issuer works again")
        sue.press_text("Do it")
        sue.reads("handed back", ".timeline")
        assert sue.complaints() == []


def test_two_people_for_one_refund_and_the_reason_first(home: House) -> None:
    number = _failed_void(home, "2000.00")
    for name in ("first", "second"):
        home.add(name, "operator")
    with person(home) as first, person(home, language="zh-CN,zh") as second:
        for who, name in ((first, "first"), (second, "second")):
            who.sign_in(name)
            who.open(f"/cases/{number}")
        _choose(first, "Refund it instead", "the customer waits")
        first.reads("Dual approval: refund it instead", "#proposal")
        assert "the customer waits" in second.reads("双人复核：改为退货", "#proposal")  # live
        first.press_text("Withdraw my proposal")
        first.fill(".q-dialog textarea", "wrong case")
        first.press_text("Do it")
        first.reads("proposal withdrawn", ".timeline")
        _choose(first, "Refund it instead", "the shop closes")
        second.reads("the shop closes", "#proposal")
        second.press_text("复核通过：改为退货")
        second.reads("¥2,000.00", ".q-dialog")
        second.fill(".q-dialog textarea", "已核对")
        second.press_text("执行")
        second.reads("已改为退货：¥2,000.00", ".case-head h1")
        assert first.reads("Refunded instead: CNY 2,000.00", ".case-head h1")
        assert "2,000.00" not in first.reads("None: it is done.", ".case-lines")
        assert first.complaints() == second.complaints() == []
    home.issuer("/faults", [])


def test_a_shop_reads_its_case_and_nothing_of_others(home: House) -> None:
    number = _failed_void(home, "1044.50")
    home.add("owner", "merchant", SHOP)
    with person(home, width=390) as owner:
        owner.sign_in("owner")
        owner.open(f"/cases/{number}")
        owner.reads("CNY 1,044.50", ".case-head h1")
        said = owner.reads("To the customer", ".case-scripts")
        assert "To the issuer" not in said
        assert "min before and after" not in owner.reads("Why", ".case-why")
        owner.reads("Withdraw the void: the sale stands", ".case-acts")
    home.issuer("/faults", [])
