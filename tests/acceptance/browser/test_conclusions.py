"""Money in question: found from the overview, concluded by two people in two browsers."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from selenium.webdriver.common.by import By

from annul.domain.states import State
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.rows import put_transaction

from .house import SHOP, House, Person, person

_LETTER = b"the issuer's letter"
_DONE, _NOT_DONE = (f"#verdict > div:nth-child({place}) .q-radio" for place in (1, 2))
_PICKED = """
window.picked = 0;
HTMLInputElement.prototype.click = function () { window.picked += this.type === "file" };
"""
_ELSEWHERE = 9  # a node that no process of the house has, so that its sweep leaves the row alone


async def _put_disputed(folder: Path, trace: int, **more: Any) -> tuple[UUID, str]:
    """Write a sale of which issuer and annul say different things."""
    pool = await connect(EmbeddedPostgres(folder).url, size=1)
    try:
        given: dict[str, Any] = {
            "merchant_id": SHOP,
            "terminal_id": "10000001",
            "state": State.DISPUTED,
            "received_at": datetime.now(UTC) - timedelta(minutes=30),
            "amount": 28_800,
            "response_code": "",
            "auth_code": "",
            "fee": 0,
        }
        sale = await put_transaction(pool, trace, **(given | more))
        await pool.execute("UPDATE transactions SET node = $1 WHERE id = $2", _ELSEWHERE, sale.id)
    finally:
        await pool.close()
    return sale.id, sale.rrn


def _state(home: House, identity: UUID) -> str:
    async def read() -> str:
        pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
        try:
            return await pool.fetchval("SELECT state FROM transactions WHERE id = $1", identity)
        finally:
            await pool.close()

    return asyncio.run(read())


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter.pdf"
    file.write_bytes(_LETTER)
    return file


def _attach(who: Person, file: Path) -> None:
    """Choose a file; the browser's own dialog can not be seen from here, only that it is asked."""
    who.reads("One file of at most 5 MB", "#concluding")
    who.driver.execute_script(_PICKED)
    who.press_text("Choose the evidence")
    assert who.driver.execute_script("return window.picked") == 1
    who.driver.find_element(By.CSS_SELECTOR, "#concluding input[type=file]").send_keys(str(file))
    who.reads(hashlib.sha256(file.read_bytes()).hexdigest(), "#concluding")


def _agree(who: Person, button: str, reason: str, go: str) -> None:
    who.press_text(button)
    who.fill(".q-dialog textarea", reason)
    who.press_text(go)


def test_two_people_conclude_a_sale(home: House, letter: Path) -> None:
    identity, rrn = asyncio.run(_put_disputed(home.folder, 801))
    for name in ("olga", "otto"):
        home.add(name, "operator")
    with person(home) as olga, person(home, language="zh-CN,zh") as otto:
        olga.sign_in("olga")
        olga.reads("CNY 288.00", ".tile[href='/money']")
        olga.press(".tile[href='/money']")
        olga.reads("disputed", ".table")
        olga.driver.find_element(By.LINK_TEXT, rrn).click()
        olga.reads("Conclusion by hand", "#concluding")

        olga.press_text("Propose")
        olga.reads("State whether it was done", "#concluding [role=alert]")
        olga.press(_DONE)
        olga.reads("the customer has paid, and the merchant is credited", "#concluding")
        olga.press(_NOT_DONE)
        olga.reads("the customer is not charged", "#concluding")
        olga.press_text("Propose")
        olga.reads("Give a reason", "#concluding [role=alert]")
        olga.fill("#concluding textarea", "not in their books")
        olga.press_text("Propose")
        olga.reads("Attach the evidence", "#concluding [role=alert]")
        _attach(olga, letter)
        olga.press_text("Propose")
        olga.reads("olga has proposed: not done at the issuer", "#concluding")
        said = olga.reads(hashlib.sha256(_LETTER).hexdigest(), "#concluding")
        assert "Confirm as second person" not in said, "one person alone can not"
        assert "Withdraw the proposal" in said

        otto.sign_in("otto")
        otto.open("/money")
        otto.reads("待复核", ".table")
        otto.open(f"/transactions/{identity}")
        otto.reads("olga已提议：发卡行未成功", "#concluding")
        otto.reads("顾客没有被扣款", "#concluding")
        _agree(otto, "作为第二人复核", "看过来函", "复核执行")
        otto.reads("已冲正", ".head")
        said = otto.reads("已执行", "#concluding")
        assert "otto" in said
        otto.open("/money")
        otto.until(
            lambda: rrn not in otto.driver.find_element(By.TAG_NAME, "main").text, "no such money"
        )
        assert olga.complaints() == otto.complaints() == []
    assert _state(home, identity) == "reversed"


def test_a_proposal_is_withdrawn_by_who_made_it(home: House, letter: Path) -> None:
    identity, _ = asyncio.run(_put_disputed(home.folder, 802))
    home.add("ora", "administrator")
    with person(home) as ora:
        ora.sign_in("ora")
        ora.open(f"/transactions/{identity}")
        ora.press(_DONE)
        ora.fill("#concluding textarea", "in their books")
        _attach(ora, letter)
        ora.press_text("Propose")
        ora.reads("ora has proposed: done at the issuer", "#concluding")
        _agree(ora, "Withdraw the proposal", "the wrong one", "Do it")
        ora.reads("proposal withdrawn", "#concluding")
        ora.reads("Choose the evidence", "#concluding")
        assert ora.complaints() == []
    assert _state(home, identity) == "disputed"


def test_who_may_only_look_is_offered_nothing(home: House) -> None:
    identity, rrn = asyncio.run(_put_disputed(home.folder, 803))
    home.add("sue", "support")
    with person(home) as sue:
        sue.sign_in("sue")
        sue.open("/money")
        sue.reads(rrn, ".table")
        sue.open(f"/transactions/{identity}")
        assert "Propose" not in sue.reads("Two people at the acquirer", "#concluding")
