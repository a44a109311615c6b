"""My account in a browser: a second factor from picture to sign-in, sessions, a new password."""

import re
from datetime import UTC, datetime

from pyotp.totp import TOTP
from selenium.webdriver.common.by import By

from .house import PASSWORD, SHOP, House, Person, person

_NEW = "quite another password"


def _now(device: TOTP, steps: int = 0) -> str:
    return device.at(datetime.now(UTC), counter_offset=steps)


def _enrol(who: Person) -> tuple[TOTP, list[str]]:
    """Set a second factor up on the page that is open; gives device and recovery codes."""
    device = TOTP(who.text("code.secret").replace(" ", ""))
    assert who.find(".picture svg").is_displayed()
    who.fill("input[name=password]", PASSWORD)
    who.fill("input[name=code]", _now(device))
    who.press("button[type=submit]")
    who.reads("recovery codes")
    codes = [one.text for one in who.driver.find_elements(By.CSS_SELECTOR, ".codes code")]
    who.press(".button.primary")
    return device, codes


def _sign_in(who: Person, name: str, code: str) -> None:
    who.open("/login")
    who.fill("input[name=name]", name)
    who.fill("input[name=password]", PASSWORD)
    who.press("button[type=submit]")
    who.fill("input[name=code]", code)
    who.press("button[type=submit]")


def test_a_cashier_sets_up_a_second_factor_and_comes_in_with_it(home: House) -> None:
    home.add("till", "cashier", SHOP)
    with person(home, width=390) as who:
        who.sign_in("till")
        who.press(".own > summary")
        who.press(".own a[href='/account']")
        who.reads("Second factor")
        who.press("a[href='/factor']")
        device, codes = _enrol(who)
        who.reads("Recovery codes left")
        assert len(codes) == 10
        who.press(".own > summary")
        who.press(".own button")
        who.reads("Sign in")
        _sign_in(who, "till", "000000")
        who.reads("The code is wrong")
        who.fill("input[name=code]", _now(device, 1))  # each code is good for once
        who.press("button[type=submit]")
        who.until(lambda: "/login" not in who.driver.current_url, "till signed in")
        assert [one for one in who.complaints() if "/login" not in one] == []
    with person(home) as elsewhere:
        _sign_in(elsewhere, "till", codes[0])
        elsewhere.reads("You signed in with a recovery code. It is used up; 9 left.")


def test_one_ends_another_session_of_ones_own_and_then_all(home: House) -> None:
    home.add("two-places", "auditor")
    with person(home) as here, person(home) as there:
        for who in (here, there):
            who.sign_in("two-places")
        here.open("/account")
        here.reads("this session", ".account-sessions")
        here.reads("Chrome, Linux", ".account-sessions")
        here.press(".account-sessions td .button")
        here.until(
            lambda: (
                len(here.driver.find_elements(By.CSS_SELECTOR, ".account-sessions tbody tr")) == 1
            ),
            "one session left",
        )
        there.until(lambda: "/login" in there.driver.current_url, "the sign-in")
        here.press_text("Sign out everywhere")
        here.until(lambda: "/login" in here.driver.current_url, "the sign-in")


def test_an_administrator_gives_a_link_for_a_new_password(home: House) -> None:
    home.add("forgetful", "support")
    with person(home) as boss, person(home, language="zh") as user:
        boss.sign_in("admin")
        boss.open("/admin")
        row = "//tr[td//b[.='forgetful']]//button[.='New password']"
        boss.until(lambda: boss.driver.find_elements(By.XPATH, row), "the user")
        boss.driver.find_element(By.XPATH, row).click()
        boss.fill(".q-dialog textarea", "has forgotten it")
        boss.press_text("Do it")
        link = boss.text(".q-dialog code.secret")
        assert re.fullmatch(rf"{home.address}/reset\?link=[\w-]{{43}}", link)
        user.open(link.removeprefix(home.address))
        user.reads("forgetful")
        user.fill("input[name=password]", _NEW)
        user.press("button[type=submit]")
        user.reads("口令已保存，请登录。")
        user.sign_in("forgetful", _NEW)
        user.open(link.removeprefix(home.address))
        user.reads("链接已使用")


def test_another_role_changes_the_menu_of_an_open_page(home: House) -> None:
    home.add("moved", "auditor")
    with person(home) as boss, person(home) as user:
        user.sign_in("moved")
        user.open("/audit")
        user.reads("Audit log")
        boss.sign_in("admin")
        boss.open("/admin")
        row = "//tr[td//b[.='moved']]//button[.='Role']"
        boss.until(lambda: boss.driver.find_elements(By.XPATH, row), "the user")
        boss.driver.find_element(By.XPATH, row).click()
        boss.press(".q-dialog .q-select")
        boss.press(".q-menu .q-item:nth-child(3)")  # support
        boss.fill(".q-dialog textarea", "another task")
        boss.press_text("Do it")
        boss.reads("Done")
        user.reads("Your role cannot view this page.")  # it loads itself anew
