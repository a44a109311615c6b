"""Lists as people use them: sorted, searched over all states, picked, exported, on a phone."""

import asyncio
import csv
import io
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from annul.api.gate import COOKIE
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.rows import put_case

from .house import SHOP, House, Person, person

_CASES = 6


async def _reached(home: House, statement: str, *values: Any) -> Any:
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    try:
        return await pool.fetchval(statement, *values)
    finally:
        await pool.close()


async def _put(home: House) -> list[str]:
    """Put cases that nobody touches for a day; the last has ended, and the first needs a person."""
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    now = datetime.now(UTC)
    try:
        made = [
            await put_case(
                pool,
                merchant_id=SHOP,
                amount=100_000 + place * 11_150,
                opened_at=now - timedelta(minutes=40 - place),
                due_at=now + timedelta(hours=9 - place),
                next_action_at=now + timedelta(days=1),
                cause="timeout",
                task="look at it" if place == 0 else "",
                ended="refused" if place == _CASES - 1 else "",
                ended_at=now if place == _CASES - 1 else None,
            )
            for place in range(_CASES)
        ]
    finally:
        await pool.close()
    return [one.number for one in made]


@pytest.fixture(scope="module")
def numbers(home: House) -> list[str]:
    """Put the cases, and people who look at them."""
    for name, role in (("olga", "operator"), ("aude", "auditor")):
        home.add(name, role)
    home.add("mei", "merchant", SHOP)
    return asyncio.run(_put(home))


@pytest.fixture
def olga(home: House, numbers: list[str]) -> Iterator[Person]:
    assert numbers
    with person(home) as operator:
        operator.sign_in("olga")
        yield operator


def _column(who: Person, name: str) -> list[str]:
    shown = who.driver.find_elements(By.CSS_SELECTOR, f"tbody [data-column={name}]")
    return [one.text.split("\n")[0] for one in shown]


def _listed(who: Person, path: str) -> list[str]:
    who.open(path)
    who.find("table.list")
    return _column(who, "number")


def test_the_queue_is_sorted_searched_and_counted(olga: Person, numbers: list[str]) -> None:
    first, *others = _listed(olga, "/cases")
    assert first == numbers[0], "what needs a person stands first"
    assert others == numbers[4:0:-1], "then what is due first"
    olga.reads("Open 5", ".tabs")
    olga.reads("Needs manual action 1", ".tabs")
    olga.reads("Not voided 1", ".tabs")
    cell = olga.driver.find_element(By.CSS_SELECTOR, "tbody [data-column=amount]")
    head = olga.driver.find_element(By.CSS_SELECTOR, "thead [data-column=amount]")
    assert "CNY 1,000.00" in cell.text
    assert {one.value_of_css_property("text-align") for one in (cell, head)} == {"right"}
    assert _column(olga, "merchant")[0] not in {"", SHOP}, "a name, its number under it"
    time = olga.driver.find_element(By.CSS_SELECTOR, "tbody [data-column=opened] time")
    assert "ago" in time.text
    assert "UTC+0800" in str(time.get_attribute("title"))

    olga.press("thead [data-column=amount] a")
    olga.find("thead [data-column=amount][aria-sort=descending]")
    assert _column(olga, "number") == numbers[4::-1]
    olga.press("thead [data-column=amount] a")
    olga.find("thead [data-column=amount][aria-sort=ascending]")
    assert _column(olga, "number") == numbers[:5]

    olga.open("/cases?state=open")
    olga.fill("input[name=search]", numbers[-1] + Keys.ENTER)
    olga.reads("Open 0", ".tabs")
    olga.reads("Not voided 1", ".tabs")
    olga.reads("All 1", ".tabs [aria-current]")
    assert _column(olga, "number") == [numbers[-1]], "an ended case is found from the open ones"
    olga.fill("input[name=search]", "1,334.50" + Keys.ENTER)
    olga.until(lambda: _column(olga, "number") == [numbers[3]], "a search by amount")

    olga.fill("input[name=search]", "6200010000000007" + Keys.ENTER)
    field = olga.find("input[name=search]")
    assert field.get_attribute("value") == "0007", "no whole card leaves the browser"
    assert "6200010000000007" not in olga.driver.current_url

    olga.open("/cases")
    olga.fill("input[name=merchant]", "8980000581")
    olga.until(
        lambda: olga.driver.find_elements(By.CSS_SELECTOR, "#choices-merchant option"), "choices"
    )
    assert olga.complaints() == []


def test_columns_are_chosen_and_kept(olga: Person) -> None:
    olga.open("/cases")
    olga.press(".columns > summary")
    olga.press("input[data-show=issuer]")
    olga.until(lambda: not olga.find_all("thead [data-column=issuer]"), "the column gone")
    olga.open("/cases")
    olga.find("thead [data-column=card]")
    assert not olga.find_all("thead [data-column=issuer]")
    olga.press(".columns > summary")
    olga.press("input[data-show=issuer]")
    olga.find("thead [data-column=issuer]")


def test_a_list_is_exported_and_that_is_kept(home: House, olga: Person, numbers: list[str]) -> None:
    olga.open("/cases?state=all&order=amount")
    address = olga.attribute("a[download]", "href")
    (cookie,) = [one for one in olga.driver.get_cookies() if one["name"] == COOKIE]
    asked = urllib.request.Request(str(address), headers={"cookie": f"{COOKIE}={cookie['value']}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        raw = answer.read()
        assert "attachment" in answer.headers["content-disposition"]
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row["Case"] for row in rows] == numbers
    assert (rows[3]["Amount"], rows[3]["Currency"]) == ("1334.50", "CNY")
    assert rows[0]["Opened"].endswith("+08:00")
    kept = asyncio.run(
        _reached(home, "SELECT object FROM audit WHERE action = 'export-list' AND who = 'olga'")
    )
    assert kept == "list cases"


def _pick(who: Person, numbers: list[str]) -> None:
    """Pick one after the other: the bar comes with the first, and rows move to make room for it."""
    for count, number in enumerate(numbers, 1):
        who.press(f"input[data-pick='{number}']")
        who.reads(f"{count} selected", ".bar-of-many")


def test_many_are_picked_acted_on_and_what_is_left_is_said(
    home: House, olga: Person, numbers: list[str]
) -> None:
    olga.open("/cases")
    olga.find("table.list")
    assert not olga.find_all(".bar-of-many"), "no bar before something is picked"
    _pick(olga, numbers[1:3])
    olga.reads("CNY 2,334.50", ".bar-of-many")
    change = "UPDATE cases SET cause = 'late_answer', events = events + 1, changed_at = now()"
    asyncio.run(_reached(home, f"{change} WHERE number = $1", numbers[4]))
    olga.reads("came too late", "table.list")
    on = olga.driver.find_elements(By.CSS_SELECTOR, "input[data-pick]:checked")
    assert {one.get_attribute("data-pick") for one in on} == set(numbers[1:3])
    olga.press("input[data-pick-all]")
    olga.reads("5 selected", ".bar-of-many")
    olga.press(".bar-of-many [data-unpick]")
    olga.until(lambda: not olga.find_all(".bar-of-many"), "the bar gone")

    _pick(olga, numbers[1:4])
    olga.press_text("write a note")
    olga.reads("CNY 1,223.00", ".q-dialog")
    olga.press_text("Do it")
    olga.reads("Give a reason", ".q-dialog [role=alert]")
    olga.press_text("Cancel")
    olga.until(lambda: not olga.find_all(".q-dialog"), "the dialog gone")
    olga.press_text("take the case")
    olga.reads(numbers[2], ".q-dialog")
    asyncio.run(
        _reached(
            home,
            "UPDATE cases SET ended = 'refused', ended_at = now() WHERE number = $1",
            numbers[2],
        )
    )
    olga.fill(".q-dialog textarea", "looking into it")
    olga.press_text("Do it")
    olga.reads("2 of 3 done", ".q-dialog")
    left = olga.reads(numbers[2], ".q-dialog .left-over")
    assert "CNY 1,223.00" in left
    assert numbers[1] not in left
    olga.press_text("Close")
    olga.until(lambda: not olga.find_all(".bar-of-many"), "nothing picked any more")
    olga.reads("olga", "tbody [data-column=state]")


def test_others_pick_nothing_and_see_only_what_is_theirs(home: House, numbers: list[str]) -> None:
    with person(home) as auditor:
        auditor.sign_in("aude")
        assert set(_listed(auditor, "/cases?state=all")) == set(numbers)
        assert not auditor.find_all("input[data-pick]")
        assert "approval" not in auditor.text(".tabs")


def test_on_a_phone_a_case_takes_three_lines_and_nothing_runs_over(
    home: House, numbers: list[str]
) -> None:
    assert numbers
    with person(home, width=390, language="zh-CN,zh") as olga:
        olga.sign_in("olga")
        for path in ("/cases", "/transactions", "/issuers", "/merchants", "/money"):
            olga.open(path)
            olga.find("h1")
            olga.reads("", "#main .card")
            over = olga.driver.execute_script(
                "return [document.documentElement.scrollWidth, innerWidth,"
                " ...[...document.querySelectorAll('#main *')].filter(e =>"
                " e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.tabs, .unseen,"
                " dialog, .scroll svg') && e.getBoundingClientRect().width > 1)"
                ".map(e => e.outerHTML.slice(0, 90))]"
            )
            assert over[0] <= over[1], f"{path}: {over}"
            assert over[2:] == [], path
        olga.open("/cases")
        olga.find("table.list")
        boxes = olga.driver.execute_script(
            "const row = document.querySelector('tbody tr');"
            "return [row.getBoundingClientRect().height, ...[...row.querySelectorAll("
            "'.picks label, .row-link')].map(e => { const b = e.matches('.row-link')"
            " ? row.getBoundingClientRect() : e.getBoundingClientRect();"
            " return Math.min(b.width, b.height) })]"
        )
        height, *targets = boxes
        assert height < 110, "three lines"
        assert min(targets) >= 44
        small = olga.driver.execute_script(
            "return [...document.querySelectorAll('#main :is(.tabs a, .tools .button, .pick-all,"
            " .filters .button, .filters input:not([type=hidden]))')].filter(e => e.offsetParent &&"
            " e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
        )
        assert small == []
        tops = olga.driver.execute_script(
            "const row = document.querySelector('tbody tr'); const seen = new Set();"
            "for (const cell of row.cells) if (cell.offsetParent && !cell.matches('.picks'))"
            " seen.add([...cell.classList].find(c => c.startsWith('line-')));"
            "return [...seen].sort()"
        )
        assert tops == ["line-1", "line-2", "line-3"]
        shown = olga.driver.execute_script(
            "const b = document.querySelector('.tabs [aria-current]').getBoundingClientRect();"
            "return b.left >= 0 && b.right <= innerWidth"
        )
        assert shown, "the current tab is in sight"
        box = olga.driver.find_element(By.CSS_SELECTOR, f"input[data-pick='{numbers[3]}']")
        olga.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()
        olga.reads("已选1件", ".bar-of-many")
        low = olga.driver.execute_script(
            "const b = document.querySelector('.bar-of-many').getBoundingClientRect();"
            "const nav = document.querySelector('.side').getBoundingClientRect();"
            "return [b.height, b.bottom <= nav.top, document.documentElement.scrollWidth]"
        )
        assert low[0] < 130
        assert low[1:] == [True, 390]
        row = olga.driver.find_element(By.CSS_SELECTOR, f"tr[data-href='/cases/{numbers[0]}']")
        olga.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", row)
        row.click()
        olga.until(lambda: olga.driver.current_url.endswith(numbers[0]), "the row opened")
