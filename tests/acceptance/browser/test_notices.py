"""Notices in a real browser, both languages: channels that take and refuse, rota, what was sent."""

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest

from annul.domain.incident import Incident
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.incidents import opening

from .house import House, Person, home_of, person
from .receiver import Receiver


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """Give a house whose notices lead back to its console."""
    with home_of(ANNUL_CONSOLE_URL="https://console.bank.cn") as opened:
        opened.add("olga", "operator")
        opened.add("rui", "auditor")
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


# What somebody presses and reads, in each language.
_SAID: Final = {
    "en": {
        "empty": "No channel yet",
        "add": "Add a channel",
        "name": "Name *",
        "address": "Address *",
        "language": "Language",
        "spoken": "English",
        "reason": "Reason *",
        "do": "Do it",
        "test": "Test message",
        "works": 'Channel "en" works',
        "tried": "The test message was taken.",
        "duty": "Add a duty",
        "person": "Person",
        "alone": "No rota",
        "title": "[warning] new: ",
        "taken": "was taken",
        "refused": "refused",
        "waits": "new incident",
        "none": "Nothing is owed.",
        "off": "Switch off",
    },
    "zh": {
        "empty": "尚无渠道",
        "add": "添加渠道",
        "name": "名称 *",
        "address": "地址 *",
        "language": "语言",
        "spoken": "中文",
        "reason": "理由 *",
        "do": "执行",
        "test": "测试消息",
        "works": "渠道“zh”可用",
        "tried": "测试消息已送达",
        "duty": "添加值班",
        "person": "人员",
        "alone": "未排班",
        "title": "【警告】新事件：",
        "taken": "已送达",
        "refused": "被拒",
        "waits": "新事件",
        "none": "没有待发",
        "off": "停用",
    },
}
_SECRET: Final = "c0ffee-token"


async def _opened(home: House, subject: str) -> None:
    """Raise something that goes on, which is gathered into an incident."""
    pool = await connect(EmbeddedPostgres(home.folder).url)
    row = Incident.of("loop_stands_still", "", subject, process="9", loop=subject, why="Fault")
    await pool.execute(*opening([row], SystemClock().now()))
    await pool.close()


def _field(who: Person, label: str, text: str, kind: str = "input") -> None:
    who.fill(f".q-dialog {kind}[aria-label={label!r}]", text)


def _done(who: Person, words: dict[str, str]) -> None:
    _field(who, words["reason"], "for the night", "textarea")
    who.press_text(words["do"])
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closes")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_channel_from_its_address_to_what_it_was_told(
    home: House, receiver: Receiver, language: str
) -> None:
    words = _SAID[language]
    with person(home, language=language) as olga:
        olga.sign_in("olga")
        olga.open("/notices")
        olga.reads(words["empty"])
        olga.press_text(words["add"])
        _field(olga, words["name"], language)
        _field(olga, words["address"], receiver.address(_SECRET))
        olga.press(f".q-dialog .q-select:has([aria-label={words['language']!r}])")
        olga.press_text_of(".q-menu .q-item", words["spoken"])
        _done(olga, words)
        olga.reads(language, "main table")
        olga.press_text_of("main button", words["test"])
        olga.reads(words["tried"])
        assert words["works"] in receiver.got[0]["message"]

        olga.open("/notices?part=rota")
        olga.reads(words["alone"])
        olga.press_text(words["duty"])
        _field(olga, words["person"], "Wang")
        olga.press(".q-dialog .q-select")
        olga.press_text_of(".q-menu .q-item", language)
        _done(olga, words)
        olga.reads(f"08:00-20:00 Wang · {language}")

        # A real incident is told, one that is refused waits, and goes once the channel works.
        asyncio.run(_opened(home, f"{language}-1"))
        olga.until(lambda: len(receiver.got) == 2, "the incident is told", 40)
        assert receiver.got[1]["title"].startswith(words["title"])
        olga.open("/notices?part=sent")
        olga.reads(words["taken"], "main table:last-of-type, main")
        receiver.status = 403
        asyncio.run(_opened(home, f"{language}-2"))
        olga.until(lambda: len(receiver.got) > 2, "it is refused", 40)

        def refused() -> bool:
            olga.open("/notices?part=sent")
            said = olga.find("main").text
            return words["refused"] in said and words["waits"] in said

        olga.until(refused, "it is said that it was refused, and waits", 40)
        assert "error=403" in olga.find("main").text
        receiver.status = 200
        olga.open("/notices")
        olga.press_text_of("main button", words["test"])
        olga.reads(words["tried"])

        def told() -> bool:
            olga.open("/notices?part=sent")
            return words["none"] in olga.find("main").text

        olga.until(told, "all is told", 40)
        pages = [olga.driver.page_source]
        for part in ("channels", "rota"):
            olga.open(f"/notices?part={part}")
            pages.append(olga.driver.page_source)
        assert not any(_SECRET in page for page in pages), "an address is never shown"
        olga.open("/notices")
        olga.press_text_of("main button", words["off"])
        _done(olga, words)
        olga.reads(words["empty"])
        assert olga.complaints() == []


def test_who_only_reads_has_no_buttons(home: House) -> None:
    with person(home, width=390) as rui:
        rui.sign_in("rui")
        for part in ("channels", "rota", "sent"):
            rui.open(f"/notices?part={part}")
            rui.reads("Notices", "h1")
            assert not rui.find_all("main button")
            wide = rui.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 390, "nothing is cut off on a phone"
        assert rui.complaints() == []
