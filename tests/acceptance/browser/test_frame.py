"""The frame of every page by keyboard: search, palette, rows, titles, errors, the API's page."""

import json
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .house import SHOP, House, Person, person

_PAGE_S = 0.4  # of the processor's time for a page, until it is live
_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((one) => one.value)))
  .observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture(scope="module")
def number(home: House) -> str:
    """Give the case of a void of 85.35 that the issuer did not do."""
    home.issuer("/faults", [{"kind": "code", "code": "96", "of_kind": "void"}])
    slip = home.pos("sale", "85.35")
    voucher = next(line.split()[-1] for line in slip.splitlines() if line.startswith("VOUCHER"))
    slip = home.pos("void", voucher)
    home.add("frames", "operator")
    return next(line.split()[-1] for line in slip.splitlines() if line.startswith("REFERENCE"))


# As a live update does.
_DRAW_ANEW = "for (const one of document.querySelectorAll('tbody')) one.innerHTML = one.innerHTML"


def _keys(who: Person, *keys: str) -> None:
    """Press keys where the focus is."""
    who.keys(*keys)


def _focus(who: Person) -> str:
    script = "const e = document.activeElement; return e.innerText || e.id || e.localName"
    return str(who.driver.execute_script(script)).strip()


def _leads_to(who: Person, path: str) -> None:
    who.until(lambda: who.driver.current_url == who.house.address + path, path)


def _title(who: Person, *parts: str) -> None:
    who.until(lambda: all(part in who.driver.title for part in parts), f"a title of {parts}")


def _shown(who: Person, selector: str) -> bool:
    return any(one.is_displayed() for one in who.driver.find_elements(By.CSS_SELECTOR, selector))


def _open(who: Person, path: str) -> None:
    """Open a page, and wait until its script has taken it over."""
    who.open(path)
    who.until(lambda: who.driver.title.endswith("· annul"), "the page's own title")
    who.until(lambda: who.driver.execute_script("return window.did_handshake"), "its line")


def test_from_the_last_four_digits_to_the_case_in_one_action(home: House, number: str) -> None:
    with person(home) as who:
        who.sign_in("frames")
        for typed in ("0007", "85.35", number):
            _open(who, "/issuers")
            _keys(who, "/")
            assert _focus(who) == "find"
            _keys(who, typed, Keys.ENTER)  # at once, before anything is shown
            _leads_to(who, f"/cases/{number}")
            _title(who, number, "· annul")
        who.driver.switch_to.active_element.send_keys("/")
        _keys(who, "0007")
        found = who.reads("Transactions", "#found")
        for text in ("Cases", number, "CNY 85.35", "620001******0007", "among the latest"):
            assert text in found
        first = who.driver.find_elements(By.CSS_SELECTOR, "#found [role=option]")
        _keys(who, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
        marked = who.driver.find_element(By.CSS_SELECTOR, "#found [aria-selected=true]")
        assert marked == first[1]
        assert marked.get_attribute("id") == who.attribute("#find", "aria-activedescendant")
        where = marked.get_attribute("href")
        _keys(who, Keys.ENTER)
        who.until(lambda: who.driver.current_url == where, "what was marked")
        who.driver.execute_script(
            "window.asked = 0; const f = fetch; fetch = (...a) => (asked++, f(...a))"
        )
        who.fill("#find", "6200 0100 0000 0007")
        who.reads("Enter its last four digits instead.", "#found")
        _keys(who, Keys.ENTER)
        assert who.driver.execute_script("return asked") == 0, "a whole card is not even sent"
        _keys(who, Keys.ESCAPE)
        assert not _shown(who, "#found")
        assert who.complaints() == []


def test_everything_by_the_keyboard_alone(home: House, number: str) -> None:
    home.add("keyboard", "operator")  # who goes over to Chinese at the end
    with person(home) as who:
        who.sign_in("keyboard")
        _open(who, "/cases?state=all")
        stops: list[str] = []
        for _ in range(3):
            who.driver.switch_to.active_element.send_keys(Keys.TAB)
            stops.append(_focus(who))
        assert stops == ["Skip to content", "Skip to search", "Skip to the list"]
        _keys(who, Keys.ENTER)  # to the list: its first row
        assert _focus(who) == number
        who.driver.execute_script(_DRAW_ANEW)
        assert _focus(who) == number, "and stays there, so that no key goes astray"
        _keys(who, "j", "k")
        assert _focus(who) == number
        _keys(who, Keys.ENTER)
        _leads_to(who, f"/cases/{number}")
        for keys, path in (("gi", "/issuers"), ("gm", "/merchants"), ("go", "/")):
            _keys(who, *keys)
            _leads_to(who, path)
            _open(who, path)
        _keys(who, "?")
        assert "Next row of the list" in who.reads("Keyboard shortcuts", "#shortcuts")
        _keys(who, "g", "c", Keys.ESCAPE)  # nothing happens behind it
        assert not _shown(who, "#shortcuts")
        assert who.driver.current_url == f"{home.address}/"
        _keys(who, Keys.CONTROL + "k")
        _keys(who, "issuers")
        assert _focus(who) == "command"
        _keys(who, Keys.ENTER)
        _leads_to(who, "/issuers")
        _open(who, "/issuers")
        _keys(who, Keys.CONTROL + "k")
        _keys(who, number)
        who.reads(number, "#commands-found")
        _keys(who, Keys.ENTER)
        _leads_to(who, f"/cases/{number}")
        _open(who, f"/cases/{number}")
        # What a page offers stands in the palette, and its note has a key.
        for keys in (("n",), (Keys.CONTROL + "k", "write a", Keys.ENTER)):
            for one in keys:
                _keys(who, one)
            who.reads("Save note", ".q-dialog")
            _keys(who, Keys.ESCAPE)
            who.until(lambda: not who.find_all(".q-dialog .dialog"), "the dialog closed")
        _keys(who, Keys.CONTROL + "k")
        _keys(who, "中文", Keys.ENTER)
        who.until(
            lambda: who.driver.execute_script("return document.documentElement.lang") == "zh", "zh"
        )
        assert who.complaints() == []


def test_titles_pictures_and_copies(home: House, number: str) -> None:
    with person(home) as who:
        who.sign_in("frames")
        _open(who, "/cases?state=all")
        _title(who, "Cases")
        _open(who, f"/cases/{number}")
        _title(who, number)
        rrn = who.driver.execute_script(
            "return document.querySelector('main a[href^=\"/transactions/\"]').getAttribute('href')"
        )
        _open(who, rrn)
        _title(who, " · ", "annul")
        assert who.driver.title[:12].isdigit(), "what it is about comes first"
        who.driver.execute_cdp_cmd(
            "Browser.grantPermissions",
            {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
        )
        button = who.find("main .copy")
        assert button.get_attribute("aria-label") == f"Copy {button.get_attribute('data-copy')}"
        button.click()
        said = f"Copied: {button.get_attribute('data-copy')}"
        who.until(
            lambda: who.driver.execute_script(
                "return document.getElementById('frame-said').textContent"
            ) == said,
            said,
        )  # fmt: skip
        asked = "return navigator.clipboard.readText()"
        assert who.driver.execute_script(asked) == button.get_attribute("data-copy")
        picture = "return document.querySelector('link[rel~=icon]').href"
        before = who.driver.execute_script(picture)
        assert before.startswith("data:image/svg+xml,")
        who.driver.execute_script("document.querySelector('[data-manual]').dataset.manual = '7'")
        who.until(lambda: ">7<" in _decoded(who.driver.execute_script(picture)), "the count")
        assert who.complaints() == []


def _decoded(address: str) -> str:
    from urllib.parse import unquote

    return unquote(address)


def test_what_is_wrong_is_told_in_the_look_of_every_page(home: House, number: str) -> None:
    with person(home, language="zh-CN,zh") as who:
        who.sign_in("frames")
        who.open("/nowhere")
        text = who.reads("没有此地址的页面")
        assert "资金未因此变动" in text
        _keys(who, "/")
        _keys(who, number, Keys.ENTER)  # the search works there too
        _leads_to(who, f"/cases/{number}")
        who.open("/cases/000000000000")
        who.reads("您无权查看")
        who.press("[data-search]")
        assert who.attribute("#find", "value") == "000000000000"
        who.reads("没有结果", "#found")
        who.open("/admin")
        who.reads("请向管理员申请相应角色")
        _open(who, "/cases")
        popup = who.driver.find_element(By.ID, "popup")
        assert "资金未因此变动" in str(popup.get_attribute("textContent"))
        _keys(who, "?")
        who.reads("键盘快捷键", "#shortcuts")
        _keys(who, Keys.ESCAPE, Keys.CONTROL + "k")
        _keys(who, "发卡行", Keys.ENTER)
        _leads_to(who, "/issuers")
        _open(who, "/api")
        who.reads("发起撤销")
        assert [one for one in who.complaints() if "404" not in one and "403" not in one] == []


def test_the_page_of_the_api_is_searched_and_copied_from(home: House, number: str) -> None:
    assert number
    with person(home) as who:
        who.sign_in("frames")
        _open(who, "/api")
        calls = who.driver.find_elements(By.CSS_SELECTOR, ".call")
        assert len(calls) > 30
        who.fill("[data-narrows]", "void pre-authorisation")
        who.until(
            lambda: [one.text.split()[1] for one in calls if one.is_displayed()] == ["/voids"],
            "one call",
        )
        who.press(".call:not([hidden]) summary")
        text = who.reads("annul.voids.create", ".call:not([hidden])")
        for part in ("voids:write", "Idempotency-Key", "curl -sS", home.address, "201"):
            assert part in text
        schema = who.driver.execute_async_script(
            "const done = arguments[0];"
            "fetch(document.querySelector('a[download]').href).then(r => r.json()).then(done)"
        )
        assert len(schema["paths"]) > 20
        assert who.complaints() == []


@pytest.mark.parametrize("width", [1360, 390])
def test_pages_cost_little_and_do_not_jump(home: House, number: str, width: int) -> None:
    """By the processor's time: how long a page takes also says what else the machine does."""
    with person(home, width=width) as who:
        who.sign_in("frames")
        who.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _SHIFTS})
        who.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        worst: dict[str, Any] = {}
        for path in ("/", "/cases", f"/cases/{number}", "/transactions", "/merchants", "/api"):
            _open(who, path)
            if path == "/":
                home.pos("sale", "12.00")  # something to be told of live
            who.until(lambda: _paints(who), "a first paint")
            jump = sum(who.driver.execute_script("return shifts"))
            if path == "/api":
                who.press(".call summary")
            spent = _spent_s(who)
            if jump > 0.05 or spent > _PAGE_S:
                worst[path] = (jump, spent)
            wide = "return document.documentElement.scrollWidth - innerWidth"
            if who.driver.execute_script(wide) > 0:
                worst[f"{path} is too wide"] = who.driver.execute_script(wide)
        assert worst == {}, json.dumps(worst)
        if width == 390:
            small = who.driver.execute_script(
                "const every = '.bar :is(a, button, summary, input):not(.skip)';"
                "return [...document.querySelectorAll(every)]"
                ".filter(e => e.getClientRects().length && !e.closest('.own > div, .found'))"
                ".filter(e => e.offsetHeight < 44 || e.offsetWidth < 44).map(e => e.outerHTML)"
            )
            assert small == []
            assert who.find("#find").size["width"] > 150, "room to type in"


def _spent_s(who: Person) -> float:
    """Give the seconds of the processor that the page has taken in the browser so far."""
    metrics = who.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration")


def _paints(who: Person) -> list[float]:
    return who.driver.execute_script(
        "return performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)"
    )


def test_a_shop_searches_its_own_and_a_cashier_nothing(home: House, number: str) -> None:
    home.add("tea", "merchant", SHOP)
    home.add("counter", "cashier", SHOP)
    with person(home, width=390) as who:
        who.sign_in("tea")
        _open(who, "/cases")
        who.fill("#find", "0007")
        found = who.reads(number, "#found")
        assert "Merchants" not in found
        assert not who.driver.find_elements(By.CSS_SELECTOR, "[data-manual]")
    with person(home) as who:
        who.sign_in("counter")
        _open(who, "/shop")
        assert not who.driver.find_elements(By.ID, "find")
        _keys(who, Keys.CONTROL + "k")
        assert "Issuers" not in who.reads("POS", "#palette")
