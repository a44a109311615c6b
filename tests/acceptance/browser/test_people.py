"""People at the desk: first login, languages, who may see what, and what takes two of them."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

from annul.store.embedded import EmbeddedPostgres

from .house import PASSWORD, SHOP, House, Person, person


def test_a_one_time_password_opens_nothing_but_the_choice_of_ones_own(home: House) -> None:
    with person(home) as stranger:
        stranger.open("/cases")
        stranger.reads("Sign in")
        stranger.fill("input[name=name]", "admin")
        stranger.fill("input[name=password]", "not the password")
        stranger.press("button[type=submit]")
        stranger.reads("Name or password is wrong.")
        stranger.fill("input[name=name]", "admin")
        stranger.fill("input[name=password]", home.one_time)
        stranger.press("button[type=submit]")
        stranger.reads("Name or password is wrong.")  # it was for once
        stranger.sign_in("admin")
        stranger.reads("Void outcomes")
        assert [one for one in stranger.complaints() if "/login" not in one] == []


def test_the_language_is_the_browsers_until_one_is_chosen(home: House) -> None:
    with person(home, language="zh-CN,zh") as reader:
        reader.sign_in("admin")
        reader.reads("撤销处理总览")
        assert reader.driver.execute_script("return document.documentElement.lang") == "zh"
        reader.press(".bar a[lang=en]")
        reader.reads("Void outcomes")
        reader.open("/cases")
        reader.reads("Needs manual action")
        reader.press(".bar a[lang=zh]")
        reader.reads("转人工处理")


def test_what_is_given_back_at_a_till_waits_for_a_second_person(home: House) -> None:
    home.add("atill", "operator")
    home.add("another", "operator")
    with person(home) as who, person(home, language="zh-CN,zh") as another:
        who.sign_in("atill")
        who.open("/pos")
        who.at_till("sale", "3000", "", "")
        who.reads("3000.00", "#receipt", 30)
        slip = who.reads("VOUCHER", "#receipt")
        lines = slip.splitlines()
        who.at_till("refund", lines[lines.index("VOUCHER") + 1].lstrip("0"), "", "")
        who.reads("Awaiting second approval", "#screen")
        another.sign_in("another")
        another.open("/money")
        waits = another.reads("atill", "#orders")
        assert "退货" in waits
        assert "3,000.00" in waits
        who.open("/money")
        who.reads("Reject it", "#orders")
        assert "Approve" not in who.reads("atill", "#orders"), "nobody approves what is their own"
        another.press_text("作为第二人复核通过")
        another.fill(".q-dialog textarea", "顾客在店内")
        another.press_text("执行")
        who.until(lambda: not who.driver.find_element(By.ID, "orders").is_displayed(), "no order")
        assert who.complaints() == another.complaints() == []
    told = "SELECT kind || ' ' || state FROM transactions WHERE kind = 'refund' AND amount = 300000"
    assert asyncio.run(_execute(home, told)) == "refund approved"


@pytest.mark.parametrize(
    ("role", "merchant", "sees", "not_sees"),
    [
        ("cashier", SHOP, "/shop", "/cases"),
        ("support", "", "/cases", "/admin"),
        ("auditor", "", "/audit", "/pos"),
    ],
)
def test_a_role_sees_its_pages_and_no_others(
    home: House, role: str, merchant: str, sees: str, not_sees: str
) -> None:
    home.add(f"a-{role}", role, merchant)
    with person(home) as who:
        who.sign_in(f"a-{role}", PASSWORD)
        who.open(sees)
        who.find("main#main h1")
        links = [
            one.get_attribute("href") for one in who.driver.find_elements(By.CSS_SELECTOR, "nav a")
        ]
        assert home.address + sees in links
        assert home.address + not_sees not in links
        who.open(not_sees)
        who.reads("Your role cannot view this page.")


def test_an_open_till_takes_no_sale_of_who_was_stopped(home: House) -> None:
    home.add("leaving", "cashier", SHOP)
    with person(home) as who:
        who.sign_in("leaving")
        who.open("/pos")
        who.press("#fn-sale")
        for key in ("7", "7", "ok"):
            who.press(f"#key-{key}")
        asyncio.run(_execute(home, "UPDATE users SET active = false WHERE name = 'leaving'"))
        for _ in range(3):
            with suppress(WebDriverException):  # the page may be gone already
                who.driver.find_element(By.CSS_SELECTOR, "#key-ok").click()
        who.until(lambda: "/login" in who.driver.current_url, "the sign-in")
    assert asyncio.run(_execute(home, "SELECT count(*) FROM transactions WHERE amount = 7700")) == 0


async def _execute(home: House, sql: str) -> Any:
    connection = await asyncpg.connect(EmbeddedPostgres(home.folder).url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _voucher(slip: str) -> str:
    return next(line.split()[-1] for line in slip.splitlines() if line.startswith("VOUCHER"))


def _act(who: Person, button: str, reason: str) -> None:
    who.press_text(button)
    who.fill(".q-dialog textarea", reason)
    who.press_text("Do it")
