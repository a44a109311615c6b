"""Clearing files as tables, taken names, and breaks by the dozen: what a desk does with a mouse."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from selenium.webdriver.common.by import By

from annul.settle.clearing.table import sheet
from tests.support.clearing_days import book

from . import cleared
from .house import House, Person, home_of, person

_SOLD: Final = ("35.00", "128.00", "61.50", "19.90")
_LESS: Final = 500  # minor units by which the bank tells less of each
_HEADS: Final = "商户号,终端号,参考号,交易金额(元),交易类型"


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    with home_of() as opened:
        opened.add("olga", "operator")
        for amount in _SOLD:
            opened.pos("sale", amount)
        yield opened


def _table(home: House, folder: Path, *, more: str = "") -> Path:
    rows = asyncio.run(cleared.sold(home, _SOLD))
    lines = [
        f"{row['merchant_id']},{row['terminal_id']},{row['rrn']},"
        f"{(row['amount'] - _LESS) / 100:.2f},消费"
        for row in rows
    ]
    file = folder / f"{rows[0]['business_date']}.csv"
    file.write_text("\n".join([_HEADS, *lines, more]).rstrip() + "\n", encoding="utf-8")
    return file


def _give(who: Person, file: Path) -> None:
    """Choose a file in the dialog."""
    who.reads("Choose the file", ".q-dialog")
    who.driver.find_element(By.CSS_SELECTOR, ".q-dialog input[type=file]").send_keys(str(file))


def _does(who: Person, reason: str) -> None:
    who.fill(".q-dialog textarea", reason)
    who.press(".q-dialog .q-btn.primary")
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closed")


def test_a_day_as_a_table_and_what_breaks_in_it(home: House, tmp_path: Path) -> None:
    with person(home) as olga:
        olga.sign_in("olga")
        _guessed_and_saved(olga, _table(home, tmp_path))
        stranger = "898000058120000,10000001,999999999999,1.00,消费"
        _asked_about(olga, _table(home, tmp_path, more=stranger))
        _in_bulk(olga)
        _by_the_workbook(olga, tmp_path)
        assert olga.complaints() == []


def _guessed_and_saved(olga: Person, file: Path) -> None:
    """Read a table whose columns are guessed, and keep what they are taken for."""
    olga.open("/clearing")
    olga.press_text("Read a clearing file")
    _give(olga, file)
    olga.reads("Layout: csv", ".q-dialog")
    shown = olga.reads("reference number", ".columns-map")
    assert "amount" in shown, "what each column is taken for stands over it"
    olga.fill(".q-dialog input[aria-label='Name of this map']", "bank of tea")
    olga.press_text("Save it")
    olga.reads("Saved.")
    olga.press_text("Read it")
    olga.reads("This is what a commit would do")
    olga.press_text("Commit it")
    _does(olga, "looked at")
    olga.reads("committed", ".head")


def _asked_about(olga: Person, file: Path) -> None:
    """Read another table of the same name: that is said first."""
    olga.open("/clearing")
    olga.press_text("Read a clearing file")
    _give(olga, file)
    assert "As saved before" in olga.reads("reference number", ".q-dialog")
    olga.press_text("Read it")
    olga.reads("it was read before", ".q-dialog")
    olga.press_text_of(".q-dialog .q-checkbox", "another file of that name")
    olga.press_text("Read it")
    olga.reads("This is what a commit would do")
    olga.press_text("Drop it")
    _does(olga, "only looked at")
    olga.reads("dropped", ".head")


def _in_bulk(olga: Person) -> None:
    """End two breaks at once."""
    olga.open("/breaks?state=waiting&kind=amount")
    olga.find("input[data-pick]")
    numbers = [box.get_attribute("data-pick") for box in olga.find_all("input[data-pick]")]
    for number in numbers[:2]:
        olga.press(f"input[data-pick='{number}']")
    olga.reads("2 selected", ".bar-of-many")
    olga.press_text("Say how they end")
    olga.reads("2 breaks", ".q-dialog")
    _does(olga, "their letter")
    olga.until(
        lambda: len(olga.find_all("table[data-table=breaks] tbody tr")) == len(_SOLD) - 2,
        "two of them ended",
    )


def _by_the_workbook(olga: Person, folder: Path) -> None:
    """Take the rest as a workbook, decide in it, and bring it back."""
    workbook = _taken(olga, folder)
    _decide(workbook)
    olga.press_text("Read decisions")
    _give(olga, workbook)
    olga.reads("1 of 2 decisions can be carried out", ".q-dialog")
    olga.press_text("Carry them out")
    olga.reads("1 of 1 done", ".q-dialog")
    olga.press_text("Close")
    olga.until(
        lambda: len(olga.find_all("table[data-table=breaks] tbody tr")) == len(_SOLD) - 3,
        "one more ended",
    )


def _taken(who: Person, folder: Path) -> Path:
    """Take the breaks that are listed as a workbook."""
    allow = {"behavior": "allow", "downloadPath": str(folder)}
    who.driver.execute_cdp_cmd("Page.setDownloadBehavior", allow)
    who.press_text("Take as a workbook")

    def there() -> list[Path]:
        return [one for one in folder.glob("annul-breaks-*.xlsx") if one.stat().st_size]

    who.until(there, "the workbook")
    return there()[0]


def _decide(path: Path) -> None:
    """Decide one break as people do it, and another one by a word that means nothing."""
    heads, *lines = [list(line) for line in sheet(path.read_bytes())]
    for line, decision in zip(lines, ("our books are right", "perhaps"), strict=True):
        line[heads.index("decision")] = decision
        line[heads.index("reason")] = "by phone"
    path.write_bytes(book(heads, *lines))
