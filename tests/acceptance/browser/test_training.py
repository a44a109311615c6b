"""A cashier takes the whole course on a phone, at the real till beside it, and is certified."""

import json
import re

from .house import PASSWORD, SHOP, House, Person, person

_ROWS = """return [...document.querySelectorAll('#receipt dl > div')].map(
  (row) => [row.querySelector('dt').textContent, row.querySelector('dd').textContent])"""
_ASKED = {
    "sale": "Amount in yuan",
    "void": "Voucher number of the sale",
    "refund": "Voucher number of the sale",
    "settle": "Close the batch?",
}
_WIDE = "return document.documentElement.scrollWidth"
_ANSWERS = {
    "twice": "Wait for the outcome",
    "tell-customer": "There is no outcome yet",
}


def _goes(mei: Person, *what: str) -> dict[str, str]:
    """Do something at the till, and read its slip."""
    mei.open("/pos")
    _at_till(mei, *what)
    mei.find("#receipt")
    return mei.until(lambda: _slip(mei), "a slip", 30)


def _at_till(mei: Person, function: str, *answers: str) -> None:
    """Use the till once it heeds its keys."""
    mei.at_till(function)
    mei.reads(_ASKED[function], "#screen")
    mei.at_till(function, *answers)


def _slip(mei: Person) -> dict[str, str]:
    found = mei.driver.execute_script(_ROWS)
    return {name.upper(): said for name, said in found}


def _done(mei: Person, part: str, proof: str = "") -> None:
    """See that a part of the course is proved."""
    mei.open("/training/cashier")
    said = mei.reads(proof, f"#part-{part} .training-proof", 30)
    assert said.strip()


def _enter(mei: Person, part: str, number: str) -> None:
    mei.open("/training/cashier")
    mei.fill(f"#part-{part} input", "123456789012")
    mei.press(f"#part-{part} form button")
    mei.reads("That is not what stands there", f"#part-{part} [role=alert]")
    mei.fill(f"#part-{part} input", number)
    mei.press(f"#part-{part} form button")
    mei.reads(number, f"#part-{part} .training-proof", 60)


def test_a_cashier_takes_the_course_on_a_phone_and_gets_the_certificate(home: House) -> None:
    home.add("mei", "cashier", SHOP)
    with person(home, width=390) as mei:
        mei.sign_in("mei")
        mei.open("/training")
        mei.reads("Sell, void and refund at the till", "main")
        mei.press(".training-course a.button")

        mei.press("#part-sell button")
        mei.reads("begun", "#part-sell")
        sold = _goes(mei, "sale", "20", "", "")
        _done(mei, "sell", sold["VOUCHER"])
        voided = _goes(mei, "void", sold["VOUCHER"].lstrip("0"), "")
        _done(mei, "void", voided["REFERENCE"])
        _enter(mei, "read-slip", voided["REFERENCE"])

        mei.press("#part-refund button")
        mei.reads("begun", "#part-refund")
        sold = _goes(mei, "sale", "30", "", "")
        _at_till(mei, "settle", "")
        mei.reads("BATCH", "#receipt", 30)
        mei.open("/pos")
        _at_till(mei, "refund", sold["VOUCHER"].lstrip("0"), "", "")
        mei.reads("30.00", "#receipt", 30)
        _done(mei, "refund", "30.00")

        mei.press("#part-fail button")
        mei.reads("begun", "#part-fail")
        sold = _goes(mei, "sale", "40.40", "", "")
        failed = _goes(mei, "void", sold["VOUCHER"].lstrip("0"), "")
        _enter(mei, "fail", failed["CASE"])
        mei.open(f"/shop?code={sold['VOUCHER']}")
        mei.reads("Refunded", "#standing", 60)
        _goes(mei, "sale", "1", "", "")
        _done(mei, "notice", failed["CASE"])

        for part, answer in _ANSWERS.items():
            wrong = mei.find_all(f"#part-{part} .training-choice")
            assert len(wrong) == 3
            mei.press_text_of(f"#part-{part} .training-choice", answer)
            mei.find(f"#part-{part} .training-proof")

        mei.press("#certified")
        mei.reads("valid", "main .head")
        said = mei.reads("mei", "main .facts")
        number = re.search(r"T[2-9A-Z]{10}", said)
        assert number, said
        assert mei.driver.execute_script(_WIDE) <= 390, "nothing is cut off on a phone"
        assert mei.complaints() == []

    who = {"ANNUL_PASSWORD": PASSWORD}
    told = home.annul("training", "progress", "--json", f"--data={home.folder}", **who)
    [far] = [one for one in json.loads(told) if one["person"] == "mei"]
    assert (far["done"], far["of"], far["certificate"]) == (8, 8, number[0])
    with person(home, language="zh-CN,zh") as boss:
        boss.sign_in("admin")
        boss.open("/training")
        boss.reads("已完成", "main .table")
        boss.press_text_of("main .table a", number[0])
        boss.reads("收银员", "main")
        assert boss.complaints() == []
