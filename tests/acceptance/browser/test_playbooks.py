"""A playbook in browsers: started at an incident, carried out by two people, undone at the end."""

import asyncio
from typing import Final

import pytest

from annul.domain.incident import Incident
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.incidents import opening

from .house import House, Person, person

_WIDE: Final = "return document.documentElement.scrollWidth - window.innerWidth"
_WORDS: Final = {
    "en": {
        "issuer": "00000101",
        "start": "Start",
        "do": "Do it",
        "fault": "its voids are broken",
        "yes": "yes",
        "answer": "Answer",
        "none": "Fill in: Answer",
        "propose": "Propose",
        "confirm": "Confirm",
        "waits": "waits for a second person",
        "undo": "Undo",
        "undone": "undone",
        "nothing": "Nothing is in force.",
    },
    "zh": {
        "issuer": "00000202",
        "start": "启动",
        "do": "执行",
        "fault": "该行撤销接口故障",
        "yes": "是",
        "answer": "回答",
        "none": "请填写：回答",
        "propose": "提交复核",
        "confirm": "复核执行",
        "waits": "待复核",
        "undo": "撤回",
        "undone": "已撤回",
        "nothing": "目前没有应急措施。",
    },
}


async def _raised(home: House, issuer: str) -> None:
    """Raise what becomes an incident of an issuer; it is open for minutes after that is over."""
    now = SystemClock().now()
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    said = {"issuer": issuer, "cases": 3, "probe_at": now.isoformat()}
    await pool.execute(*opening([Incident.of("circuit_open", "", issuer, **said)], now))
    await pool.close()


def _reason(who: Person, go: str, why: str) -> None:
    who.fill(".q-dialog textarea", why)
    who.press_text_of(".q-dialog button", go)
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closes")


def _step(who: Person, step: str, is_: str) -> None:
    who.find(f"[data-step={step}][data-is={is_}]")


@pytest.mark.parametrize(("language", "width"), [("en", 1360), ("zh", 390)])
def test_two_people_carry_it_out_and_take_it_back(home: House, language: str, width: int) -> None:
    words = _WORDS[language]
    pia, paul = f"pia{language}", f"paul{language}"
    for name in (pia, paul):
        home.add(name, "operator")
    asyncio.run(_raised(home, words["issuer"]))
    with (
        person(home, language=language, width=width) as first,
        person(home, language=language, width=width) as second,
    ):
        first.sign_in(pia)
        first.open(f"/incidents?member={words['issuer']}")
        first.press("a.row-link[href^='/incidents/']")
        first.press("button[onclick*='voids_fail']")
        _reason(first, words["start"], "its voids fail")

        # What annul looks at by itself it has done; the first act waits for a person.
        _step(first, "cases", "done")
        _step(first, "pause", "here")
        first.reads(words["issuer"], ".run")
        assert first.driver.execute_script(_WIDE) <= 0
        address = first.driver.current_url.removeprefix(home.address)
        first.press(".run-here button[onclick*='do-step']")
        _reason(first, words["do"], "until they are well")
        _step(first, "cause", "here")
        first.press_text_of(".run-here button", words["fault"])
        _step(first, "refunds", "here")
        _step(first, "note_rule", "not")
        first.press_text_of(".run-here button", words["yes"])
        _step(first, "ceiling", "here")
        first.press(".run-here button[onclick*='answer-step']")
        first.press_text_of(".q-dialog button", words["answer"])
        first.reads(words["none"], ".q-dialog")
        first.fill(".q-dialog input", "500.00")
        first.press_text_of(".q-dialog button", words["answer"])
        _step(first, "refund_instead", "here")

        # One proposes, another confirms.
        first.press(".run-here button[onclick*='propose-step']")
        _reason(first, words["propose"], "customers wait")
        first.reads(words["waits"], ".run-here")
        assert first.find_all("button[onclick*='confirm-step']") == []
        second.sign_in(paul)
        second.open(address)
        second.press(".run-here button[onclick*='confirm-step']")
        _reason(second, words["confirm"], "seen as well")
        _step(second, "refund_instead", "done")
        _step(first, "refund_instead", "done")  # it comes by itself
        first.reads(paul, "[data-step=refund_instead]")
        assert second.driver.execute_script(_WIDE) <= 0
        second.open("/interventions")
        second.reads("500.00", "main")
        second.reads(words["issuer"], "main")

        # Undone, nothing of it holds any more.
        first.press("button[onclick*='undo-run']")
        _reason(first, words["undo"], "it works again")
        _step(first, "refund_instead", "undone")
        _step(first, "pause", "undone")
        first.reads(words["undone"], ".run .head")
        second.open("/interventions")
        second.reads(words["nothing"], "main")
        first.press(".run a[href^='/incidents/']")
        first.reads(address.rpartition("/")[2], ".incident")
        assert first.complaints() == []
        assert second.complaints() == []


@pytest.mark.parametrize(("language", "width"), [("en", 1360), ("zh", 390)])
def test_a_text_is_checked_tried_dry_and_kept(home: House, language: str, width: int) -> None:
    said = {
        "en": ("Check", "Dry run", "Save as a new version", "Save", "Nothing was done"),
        "zh": ("检查", "试运行", "另存为新版本", "保存", "未执行任何动作"),
    }
    check, dry, save, go, nothing = said[language]
    with person(home, language=language, width=width) as admin:
        admin.sign_in("admin")
        admin.open("/playbooks")
        admin.reads("voids_fail", "main")
        assert admin.driver.execute_script(_WIDE) <= 0
        admin.press("a[href='/playbooks/line_down']")
        text = admin.attribute(".editor textarea", "value")
        assert text.startswith('name = "line_down"')
        admin.fill(".editor textarea", "name = 1")
        admin.press_text(check)
        admin.find(".editor-told .flaws li")
        admin.open("/playbooks/line_down")
        admin.fill(".editor .choices div:nth-child(1) input", "00000101")
        admin.press_text(dry)
        admin.reads(nothing, ".editor-told")
        admin.reads("00000101", ".editor-told")
        assert admin.driver.execute_script(_WIDE) <= 0
        admin.press_text(save)
        admin.fill(".q-dialog textarea", f"as it is {language}")
        admin.press_text_of(".q-dialog button", go)
        admin.reads(f"as it is {language}", ".third")
        assert admin.complaints() == []
