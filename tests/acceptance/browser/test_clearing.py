"""Clearing files: a sale failed here and was paid there; foretold, looked at, ended by two."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from . import cleared
from .house import SHOP, House, Person, home_of, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
# By language: the button that gives a file; what stands on the pages.
_SAID = {
    "en": {
        "read": "Read a clearing file",
        "preview": "This is what a commit would do",
        "kind": "state differs",
        "foretold": "foretold",
        "cause": "Its reversal has not been acknowledged",
        "ends": "The sale counts as done",
        "theirs": "issuer is right",
        "waits": "Awaiting second approval",
        "confirm": "Confirm as second person",
    },
    "zh": {
        "cause": "冲正尚未被发卡行确认",
        "ends": "认定消费成功",
        "confirm": "作为第二人复核",
        "resolved": "已处理",
        "carried": "已执行",
        "told": "清算文件所述",
        "approved": "成功",
        "bank": "我们正向银行核实",
    },
}


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    with home_of() as opened:
        for name in ("olga", "oscar"):
            opened.add(name, "operator")
        opened.add("mei", "merchant", SHOP)
        yield opened


def _does(who: Person, reason: str) -> None:
    """Give the dialog its reason, and let it be done."""
    who.fill(".q-dialog textarea", reason)
    who.press(".q-dialog .q-btn.primary")
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closed")


def test_a_dangerous_break_is_foretold_seen_and_ended_by_two(home: House, tmp_path: Path) -> None:
    file, lost = cleared.tell(home, tmp_path)
    place = _read_and_asked(home, file)
    _a_shop_reads_of_it(home)
    with person(home, language="zh") as oscar:
        said = _SAID["zh"]
        oscar.sign_in("oscar")
        oscar.open(place)
        assert said["cause"] in oscar.reads(said["ends"])
        oscar.press_text(said["confirm"])
        _does(oscar, "核对无误")
        oscar.reads(said["resolved"], ".break-head")
        oscar.reads(said["carried"])
        oscar.open(f"/transactions/{lost}")
        assert file.name in oscar.reads(said["told"])
        oscar.reads(said["approved"], ".head")
        oscar.reads("1,299.00", "table[data-table=entries]")
        oscar.open(f"/merchants/{SHOP}")
        # All three sales less the fee of 0.5 %: the account has followed.
        oscar.reads("1,454.68", ".tiles")
        assert oscar.complaints() == []
    _matched_anew(home)
    _discarded(home)


def _read_and_asked(home: House, file: Path) -> str:
    """Read the file, look at it, commit it, and ask for the end of its break; gives its page."""
    said = _SAID["en"]
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/clearing")
        olga.press_text(said["read"])
        olga.reads("Choose the file", ".q-dialog")
        olga.driver.find_element("css selector", ".q-dialog input[type=file]").send_keys(str(file))
        olga.reads("Layout: COM", ".q-dialog")
        olga.press(".q-dialog .q-btn.primary")
        olga.reads(said["preview"])
        shown = olga.reads(said["kind"], "main")
        assert said["foretold"] in shown
        assert said["cause"] in shown, "the preview says why it breaks"
        olga.reads("this is no row", "#bad-lines")
        olga.press_text("Commit it")
        _does(olga, "looked at")
        olga.press_text_of("main a", said["kind"])
        assert said["foretold"] in olga.reads(said["ends"])
        assert said["cause"] in olga.text(".break-cause")
        olga.press_text(said["theirs"])
        _does(olga, "their letter")
        olga.reads(said["waits"])
        shown = olga.text("main")
        assert said["confirm"] not in shown, "nobody confirms what they asked for"
        assert olga.complaints() == []
        return olga.driver.current_url.partition(home.address)[2]


def _a_shop_reads_of_it(home: House) -> None:
    bank = _SAID["zh"]["bank"]
    with person(home, language="zh", width=390) as mei:
        mei.sign_in("mei")
        mei.open("/shop")
        assert "olga" not in mei.reads(bank, "#differences"), "shops are told no names of the desk"
        mei.press_text_of("#differences a", bank)
        mei.reads(bank, "main")
        assert mei.driver.execute_script(_WIDE) <= 0, "nothing is wider than the phone"
        assert mei.complaints() == []


def _matched_anew(home: House) -> None:
    """Change the rules, and see that nothing of the file differs by them."""
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/clearing/rules")
        olga.press_text("Change the rules")
        olga.reads("Hours until a break is decided", ".q-dialog")
        field = olga.find(".q-dialog input[aria-label^='Hours until a break']")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys("48")
        _does(olga, "sooner")
        olga.reads("Version 1", "table.rules")
        olga.press_text_of("main a", "What would differ")
        olga.reads("Nothing differs", "main")
        assert olga.complaints() == []


def _discarded(home: House) -> None:
    """Discard the file by two, for much is at stake; what it will undo is said before."""
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/clearing")
        olga.press("table.files a")
        olga.press_text("Discard it")
        olga.reads("what people decided of its breaks (1)", ".q-dialog")
        _does(olga, "the wrong day")
        olga.reads(_SAID["en"]["waits"])
        assert _SAID["en"]["confirm"] not in olga.text("main")
        place = olga.driver.current_url.partition(home.address)[2]
        assert olga.complaints() == []
    with person(home) as oscar:
        oscar.sign_in("oscar")
        oscar.open(place)
        oscar.press_text(_SAID["en"]["confirm"])
        _does(oscar, "it is the wrong day")
        oscar.reads("discarded", ".head")
        oscar.open("/breaks?state=withdrawn")
        oscar.reads("missing here", "table[data-table=breaks]")
        assert oscar.complaints() == []
