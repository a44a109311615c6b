"""`annul conclude` as two people use it, beside a host that carries out what they confirm."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from annul.desk.access import Access
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.book import Book
from annul.resolve.conclusions import Conclusions
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.sim.demo import DemoPlan, seed
from annul.store.clock import SystemClock
from annul.store.journal import Journal
from tests.support.processes import annul
from tests.support.rows import put_transaction

_PASSWORD = "correct horse battery"
_USERS = {"olga": "operator", "otto": "operator", "sue": "support"}
_LETTER = b"the issuer's letter"


@dataclass(frozen=True, slots=True)
class Desk:
    """People at a command line on the database of a host."""

    pool: asyncpg.Pool
    database: str
    folder: Path
    carried: Conclusions

    async def annul(self, *words: str, user: str = "", **environment: str) -> tuple[int, str]:
        """Run a command; give its exit status and what it printed."""
        named = [f"--user={user}"] if user else []
        known = {"ANNUL_PASSWORD": _PASSWORD, "ANNUL_MASTER_KEY": "00" * 32, **environment}
        place = f"--database={self.database}"
        status, out, err = await asyncio.to_thread(
            annul, "conclude", *words, *named, place, environment=known, cwd=self.folder
        )
        return status, out + err

    async def do(self, transaction: Transaction, verdict: str, user: str, **more: str) -> str:
        """Propose or confirm with everything that it takes."""
        file = self.folder / "letter.pdf"
        file.write_bytes(_LETTER)
        status, said = await self.annul(
            transaction.rrn, verdict, "--reason=发卡行来函", f"--evidence={file}", user=user, **more
        )
        assert status == 0, said
        return said

    async def state(self, transaction: Transaction) -> str:
        return await self.pool.fetchval(
            "SELECT state FROM transactions WHERE id = $1", transaction.id
        )

    async def conclusions(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch("SELECT * FROM conclusions")]


@pytest.fixture
async def desk(pool: asyncpg.Pool, database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=1))
    access = Access(pool)
    await asyncio.gather(*(access.add(who, _PASSWORD, role) for who, role in _USERS.items()))
    registry, journal, clock = Registry(pool), Journal(pool), SystemClock()
    await registry.load()
    outcomes = Outcomes(journal, registry, lambda at, _: at.date())
    book = Book(pool, timedelta(minutes=15))
    yield Desk(pool, database, tmp_path, Conclusions(pool, book, Vault(bytes(32)), outcomes, clock))
    await journal.close()


@pytest.fixture
async def host(desk: Desk) -> AsyncIterator[None]:
    """Carry out what is confirmed, as the hosts do every few seconds."""

    async def carry_out() -> None:
        while True:
            await desk.carried.finish(datetime.now(UTC))
            await asyncio.sleep(0.05)

    task = asyncio.create_task(carry_out())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _sale(desk: Desk, trace: int = 1, **more: Any) -> Transaction:
    given: dict[str, Any] = {
        "state": State.UNKNOWN,
        "received_at": datetime.now(UTC) - timedelta(minutes=10),
        "response_code": "",
        "auth_code": "",
        "fee": 0,
        "sent": "possibly_sent",
    }
    return await put_transaction(desk.pool, trace, **(given | more))


@pytest.mark.usefixtures("host")
async def test_two_people_conclude_a_sale(desk: Desk) -> None:
    sale = await _sale(desk)
    proposed = await desk.do(sale, "done", "olga", LANG="zh_CN.UTF-8")
    assert "已提出，须由另一人复核" in proposed
    assert "顾客已付款" in proposed, "what it means for the money stands there before it is done"
    assert await desk.state(sale) == "unknown"
    status, shown = await desk.annul(sale.rrn, "--lang=en")
    assert status == 0
    for text in (
        "if done: It stands",
        "if not done: It did not happen",
        "olga",
        "letter.pdf",
        hashlib.sha256(_LETTER).hexdigest(),
        "another person has to confirm",
    ):
        assert text in shown
    kept = desk.folder / "read.pdf"
    await desk.annul(sale.rrn, f"--save-evidence={kept}", user="otto")
    assert kept.read_bytes() == _LETTER
    status, confirmed = await desk.annul(
        sale.rrn, "done", "--reason=seen", "--lang=en", user="otto"
    )
    assert (status, await desk.state(sale)) == (0, "approved")
    assert f"{sale.rrn}: concluded (done at the issuer)" in confirmed
    posted = await desk.pool.fetchval("SELECT count(*) FROM entries")
    status, again = await desk.annul(sale.rrn, "done", "--reason=seen", user="otto")
    assert (status, "is approved: nothing to conclude" in again) == (1, True)
    assert await desk.pool.fetchval("SELECT count(*) FROM entries") == posted


async def test_one_person_alone_can_not(desk: Desk) -> None:
    sale = await _sale(desk)
    await desk.do(sale, "not-done", "olga")
    status, said = await desk.annul(sale.rrn, "not-done", "--reason=again", user="olga")
    assert status == 1
    assert "Dual approval takes somebody" in said
    (kept,) = await desk.conclusions()
    assert (kept["confirmed_by"], await desk.state(sale)) == ("", "unknown")


async def test_what_is_not_allowed_changes_nothing_and_says_why(desk: Desk) -> None:
    sale, ended = await _sale(desk), await _sale(desk, 2, state=State.APPROVED)
    file = desk.folder / "letter.pdf"
    file.write_bytes(_LETTER)
    empty = desk.folder / "empty.pdf"
    empty.write_bytes(b"")
    whole = ("--reason=x", f"--evidence={file}")
    for words, user, said in (
        ((sale.rrn, "done", *whole), "sue", "Only operators and administrators"),
        ((ended.rrn, "done", *whole), "olga", "is approved: nothing to conclude"),
        ((sale.rrn, "done", "--reason=x"), "olga", "needs evidence"),
        ((sale.rrn, "done", "--reason=x", f"--evidence={empty}"), "olga", "needs evidence"),
        ((sale.rrn, "done", "--reason=x", "--evidence=/none"), "olga", "cannot be read"),
        ((sale.rrn, "done", f"--evidence={file}"), "olga", "needs a reason"),
        (("300000009999", "done", *whole), "olga", "is no transaction"),
        ((sale.rrn, "--withdraw", "--reason=x"), "olga", "Nothing waits"),
        ((sale.rrn, f"--save-evidence={file}"), "sue", "this role may not do that"),
        ((), "", "No outcome was given"),
    ):
        status, text = await desk.annul(*words, user=user)
        assert (status, said in text) == (1, True), text
    status, text = await desk.annul(
        sale.rrn, "done", *whole, user="olga", ANNUL_MASTER_KEY="", ANNUL_PASSWORD="wrong one"
    )
    assert status == 1
    status, text = await desk.annul(sale.rrn, "done", *whole, user="olga", ANNUL_MASTER_KEY="")
    assert (status, "master key" in text) == (1, True)
    assert not (desk.folder / "data").exists(), "no key is made"
    assert await desk.conclusions() == []


async def test_a_proposal_is_withdrawn_or_contradicted(desk: Desk) -> None:
    sale = await _sale(desk)
    await desk.do(sale, "done", "olga")
    status, said = await desk.annul(sale.rrn, "not-done", "--reason=no", user="otto")
    assert (status, "says the opposite" in said) == (1, True)
    status, said = await desk.annul(
        sale.rrn, "--withdraw", "--reason=看错", "--lang=zh", user="otto"
    )
    assert (status, "已撤回" in said) == (0, True)
    assert await desk.state(sale) == "unknown"


async def test_without_a_host_it_is_kept_for_one(desk: Desk) -> None:
    sale = await _sale(desk)
    await desk.do(sale, "not-done", "olga")
    confirming = asyncio.create_task(
        desk.annul(sale.rrn, "not-done", "--reason=seen", "--lang=en", user="otto")
    )
    async with asyncio.timeout(30):
        while not (await desk.conclusions())[0]["confirmed_by"]:
            await asyncio.sleep(0.05)
    assert await desk.state(sale) == "unknown"
    assert await desk.carried.finish(datetime.now(UTC)) == 1
    assert "concluded (not done at the issuer)" in (await confirming)[1]
    assert await desk.state(sale) == "declined"


async def test_money_in_question_is_listed(desk: Desk) -> None:
    assert "没有款项待证" in (await desk.annul("--list", "--lang=zh"))[1]
    sale = await _sale(desk)
    disputed = await _sale(desk, 2, state=State.DISPUTED)
    await desk.do(sale, "done", "olga")
    status, listed = await desk.annul("--list", "--lang=zh")
    assert status == 0
    for text in (
        sale.rrn,
        "消费",
        "100.00",
        "结果未知",
        disputed.rrn,
        "有争议",
        "发卡行已成功 (olga)",
        "合计: 2, ¥200.00",
    ):
        assert text in listed
    status, plain = await desk.annul("--list", "--json")
    items = json.loads(plain)["items"]
    assert [(one["rrn"], one["proposed_by"]) for one in items] == [
        (sale.rrn, "olga"),
        (disputed.rrn, ""),
    ]
