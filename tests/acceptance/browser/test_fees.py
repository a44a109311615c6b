"""What a sale costs: the merchant on a phone, and the operator who agrees on a price."""

from datetime import UTC, datetime, timedelta

import pytest

from .house import SHOP, House, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
_OURS = {"en": ("Left to us", "Network", "Issuer"), "zh": ("我方留存", "卡组织", "发卡行")}
# Of 1,000.00: 5.00 of debit, 6.00 of credit, 3.80 of QR.
_WORDS = {
    "en": ("What a sale costs me", "0.5 %, at most CNY 20.00", "CNY 5.00", "What does it cost?"),
    "zh": ("一笔消费的手续费", "0.5%，封顶 ¥20.00", "¥5.00", "算手续费"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_merchant_sees_on_a_phone_what_a_sale_costs_and_not_what_that_costs_us(
    home: House, language: str
) -> None:
    title, price, fee, go = _WORDS[language]
    home.add(f"fay-{language}", "merchant", SHOP)
    with person(home, language=language, width=390) as fay:
        fay.sign_in(f"fay-{language}")
        fay.open("/shop")
        assert price in fay.reads(title, "#fees")
        fay.fill("#fees input[name=amount]", "1000")
        fay.press_text_of("#fees button", go)
        said = fay.reads(fee, "#fees")
        for ours in _OURS[language]:
            assert ours not in said
        assert fay.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        assert fay.find_all("#fees [role=alert]") == []
        assert fay.complaints() == []
        fay.open("/shop?amount=much")
        fay.reads(price, "#fees")
        assert fay.text("#fees [role=alert]")


def test_who_only_sells_does_not_see_it(home: House) -> None:
    home.add("kit", "cashier", SHOP)
    with person(home, width=390) as kit:
        kit.sign_in("kit")
        kit.open("/shop")
        kit.find("#today")
        assert kit.find_all("#fees") == []


@pytest.fixture(scope="module")
def sold(home: House) -> House:
    home.pos("sale", "321.00")
    return home


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_operator_agrees_on_a_price_and_sees_what_is_left(sold: House, language: str) -> None:
    """Debit cards from 40 days from now on. Of 321.00: 1.61 less 1.12 and 0.10."""
    name, days = f"fin-{language}", 40 if language == "en" else 41
    day = (datetime.now(UTC) + timedelta(days=days)).date()
    new, go, from_, month = (
        ("New price", "Do it", f"From {day}: Debit card 0.4 %", "What is left, by day")
        if language == "en"
        else ("新费率", "执行", f"{day}起：借记卡 0.3%", "每日留存")
    )
    sold.add(name, "operator")
    with person(sold, language=language) as fin:
        fin.sign_in(name)
        fin.open(f"/merchants/{SHOP}")
        for ours in _OURS[language]:
            fin.reads(ours, ".fees")
        fin.press_text(new)
        fin.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            fin.find(".q-dialog input[type=date]"),
            day.isoformat(),
        )
        label = "Fee in percent *" if language == "en" else "费率（%） *"
        fin.fill(f".q-dialog input[aria-label='{label}']", "0.4" if language == "en" else "0.3")
        fin.fill(".q-dialog textarea", "new contract")
        fin.press_text(go)
        fin.reads(from_, ".card")
        fin.open(f"/merchants/{SHOP}?month={datetime.now(UTC) + timedelta(hours=9):%Y-%m}")
        said = fin.reads(month, "#margin")
        for amount in ("1.61", "1.22", "0.39"):
            assert amount in said
        assert fin.driver.execute_script(_WIDE) <= 0
        assert fin.complaints() == []
