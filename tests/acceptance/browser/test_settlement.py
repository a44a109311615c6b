"""When a shop gets its money: the merchant on a phone, and the operator who agrees on terms."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from annul.store.embedded import EmbeddedPostgres

from .house import SHOP, House, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
# As if what was sold now had been sold five days ago.
_BACK = """
UPDATE entries SET business_date = business_date - 5
WHERE merchant_id = $1 AND business_date = (SELECT max(business_date) FROM entries)
"""
# What a link on this page brings to who has signed in here.
_FETCHED = """
const [selector, done] = arguments
fetch(document.querySelector(selector).href)
    .then(async got => done([got.status, (await got.text()).slice(0, 2)]))
"""
_TALL = "return document.querySelector(arguments[0]).getBoundingClientRect().height"
# Presses the button of the card in which something stands.
_CHANGE = """
[...document.querySelectorAll('.card')].find(one => one.innerText.includes(arguments[0]))
    .querySelector('button').click()
"""
_FILES = {"pdf": "%PDF"[:2], "xlsx": "PK", "csv": '"a'}
# As if it had been settled on the day itself, with a part held back by the shop's own history.
_HELD = """
WITH day AS (SELECT * FROM merchant_days WHERE merchant_id = $1)
INSERT INTO reserves SELECT merchant_id, business_date, currency, id, 123000, 3948, 3948,
                            business_date + 40, $2::jsonb, now() FROM day
"""
_REASON = (
    '{"days": 12, "expected": 1000, "times": 2.5, "weight": 0.2, "single": 500, "unusual": 700,'
    ' "target": 3948, "held": 0}'
)
_WHY = {
    "en": ("Held back", "12.30 % was held back", "as its last 12 days show", "far more than usual"),
    "zh": ("留存准备金", "留存12.30%", "近12天", "远超平常"),
}
_WORDS = {
    "en": ("My money", "You get", "Given back (voids, refunds)", "available since"),
    "zh": ("我的款项", "实得", "退回（撤销、退货）", "已可用"),
}


async def _sold_days_ago(home: House) -> None:
    owner = await asyncpg.connect(EmbeddedPostgres(home.folder).superuser_url)
    try:
        await owner.execute(_BACK, SHOP)
        await owner.execute("UPDATE books SET counted_to = '-infinity'")
    finally:
        await owner.close()


@pytest.fixture(scope="module")
def settled(home: House) -> House:
    """Sell, and let it have been days ago and be settled."""
    home.pos("sale", "321.00")
    asyncio.run(_sold_days_ago(home))
    said = home.annul("settle", f"--data={home.folder}", "--json")
    assert '"counted": 1' in said, said
    return home


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_merchant_reads_on_a_phone_what_it_gets_and_why_it_is_less(
    settled: House, language: str
) -> None:
    mine, get, back, since = _WORDS[language]
    settled.add(f"mei-{language}", "merchant", SHOP)
    with person(settled, language=language, width=390) as mei:
        mei.sign_in(f"mei-{language}")
        mei.open("/shop")
        said = mei.reads(mine, "#money")
        assert since in said
        mei.driver.execute_script("document.querySelector('.merchant-day summary').click()")
        said = mei.reads(get, "#money")
        assert back in said
        assert "321" in said
        for form, begins in _FILES.items():
            link = f"#money .statement a[href*='format={form}']"
            assert mei.driver.execute_async_script(_FETCHED, link) == [200, begins], form
            assert f"lang={language}" in str(mei.attribute(link, "href"))
        assert mei.driver.execute_script(_TALL, "#money .statement a") >= 24, "a finger hits it"
        assert mei.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        assert mei.complaints() == []


@pytest.fixture(scope="module")
def held_back(settled: House) -> House:
    """Hold a part back."""

    async def hold() -> None:
        owner = await asyncpg.connect(EmbeddedPostgres(settled.folder).superuser_url)
        try:
            await owner.execute(_HELD, SHOP, _REASON)
        finally:
            await owner.close()

    asyncio.run(hold())
    return settled


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_merchant_reads_on_a_phone_what_is_held_back_why_and_until_when(
    held_back: House, language: str
) -> None:
    held, *why = _WHY[language]
    held_back.add(f"lan-{language}", "merchant", SHOP)
    with person(held_back, language=language, width=390) as lan:
        lan.sign_in(f"lan-{language}")
        lan.open("/shop")
        assert "39.48" in lan.reads(held, "#money")
        lan.driver.execute_script("document.querySelector('.merchant-reserve summary').click()")
        said = lan.reads(why[0], "#money")
        assert all(text in said for text in why), said
        assert lan.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        assert lan.complaints() == []


def test_so_does_an_operator_beside_the_terms(held_back: House) -> None:
    held_back.add("omar", "operator")
    with person(held_back) as omar:
        omar.sign_in("omar")
        omar.open(f"/merchants/{SHOP}")
        omar.reads("Held back", ".card")
        assert omar.complaints() == []


def test_who_only_sells_does_not_see_it(settled: House) -> None:
    settled.add("kai", "cashier", SHOP)
    with person(settled, width=390) as kai:
        kai.sign_in("kai")
        kai.open("/shop")
        kai.find("#today")
        assert kai.find_all("#money") == []


def test_an_operator_agrees_on_terms(settled: House) -> None:
    settled.add("olga", "operator")
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    with person(settled) as olga:
        olga.sign_in("olga")
        olga.open(f"/merchants/{SHOP}")
        olga.reads("A day becomes available T+1, by working days.", ".card")
        olga.driver.execute_script(_CHANGE, "Settlement")
        field = olga.find(".q-dialog input[type=date]")
        olga.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            field,
            day.isoformat(),
        )
        olga.fill(".q-dialog textarea", "new contract")
        olga.press_text("Do it")
        olga.reads(f"From {day}", ".card", 20)
        assert olga.complaints() == []


def test_an_operator_agrees_on_a_cut_over(settled: House) -> None:
    """On the merchant's page, in Chinese: what is no time is refused, then it stands there."""
    settled.add("oscar", "operator")
    with person(settled, language="zh") as oscar:
        oscar.sign_in("oscar")
        oscar.open(f"/merchants/{SHOP}")
        oscar.reads("营业日日切时间", ".card")
        oscar.reads("23:00（与收单机构一致）", ".card")
        for text, told in (("6点", "这不是日切时间"), ("06:00", "")):
            oscar.driver.execute_script(_CHANGE, "营业日日切时间")
            oscar.fill(".q-dialog input[type=text]", text)
            oscar.fill(".q-dialog textarea", "酒吧")
            oscar.press_text("执行")
            if told:
                oscar.reads(told, ".q-dialog")
                oscar.press_text("取消")
            oscar.until(lambda: not oscar.find_all(".q-dialog"), "the dialog is gone")
        facts = oscar.reads("自营业日", ".card")
        assert "06:00" in facts
        assert oscar.complaints() == []
