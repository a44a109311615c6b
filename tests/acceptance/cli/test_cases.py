"""The desk on the command line: cases, one case, its proof, what people do with it, the promise."""

import asyncio
import hashlib
import json
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from annul.cli.case_words import step
from annul.resolve.book import Book
from annul.resolve.case import Case
from annul.sim.issuer.faults import Fault, FaultKind
from tests.support.pdf import lines_of
from tests.support.processes import annul
from tests.support.site import Site, open_site
from tests.support.soft import CARD, Cashier, cashier

_PASSWORD = "correct horse battery"
_USERS = {"olga": "operator", "otto": "operator", "sue": "support"}


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at a command line beside a running site."""

    site: Site
    database: str
    folder: Path

    @property
    def book(self) -> Book:
        return self.site.running.resolver._book

    async def annul(self, *words: str, password: str = _PASSWORD) -> tuple[int, str]:
        """Run a command; give its exit status and what it printed."""
        key = self.site.running.ground.settings.data / "master.key"
        environment = {
            "ANNUL_PASSWORD": password,
            "ANNUL_DATABASE": self.database,
            "ANNUL_MASTER_KEY_FILE": str(key),
        }
        status, out, err = await asyncio.to_thread(
            annul, *words, environment=environment, cwd=self.folder
        )
        assert CARD not in out + err
        return status, out + err

    async def read(self, *words: str) -> Any:
        """Run a command that prints JSON."""
        status, text = await self.annul(*words, "--json")
        assert status == 0, text
        return json.loads(text)

    async def do(self, case: Case, action: str, user: str, **more: str) -> tuple[int, str]:
        words = ["case", case.number, "do", action, f"--user={user}", "--reason=顾客在等"]
        return await self.annul(*words, **more)

    async def moved(self, case: Case) -> Case:
        """Let the resolver look at a case now."""
        await self.site.running.resolver.advance(await self.book.reread(case))
        return await self.book.reread(case)

    async def failed(self, till: Cashier, amount: int, times: int = 1) -> Case:
        """Let a void fail at the issuer; gives its case once the resolver has looked at it."""
        sale = await till.take("sale", amount)
        fault = Fault(FaultKind.CODE, left=times, of_kind="void", code="92")
        self.site.issuer.server.faults.rows.append(fault)
        void = await till.undo("void", sale)
        await self.book.open(self.site.running.host.clock.now())
        return await self.moved(await self.book.find(void.rrn))


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a site whose cases move only when the test says so, and people who may do something."""
    async with open_site(database, tmp_path, resolver=False) as site:
        access = site.running.ground.access
        await asyncio.gather(*(access.add(who, _PASSWORD, role) for who, role in _USERS.items()))
        yield Desk(site, database, tmp_path)
        await site.running.resolver.stop()


@pytest.fixture
def till(desk: Desk) -> Iterator[Cashier]:
    with cashier(desk.site.port, desk.site.terminals[0]) as opened:
        yield opened


async def test_a_person_sees_a_case_and_has_it_tried_again(desk: Desk, till: Cashier) -> None:
    case = await desk.failed(till, 12_345)
    (status, listed), rows, (_, shown), (_, said), one = await asyncio.gather(
        desk.annul("cases", "--lang=zh"),
        desk.read("cases"),
        desk.annul("case", case.number, "--lang=en"),
        desk.annul("case", str(case.id), "--lang=zh"),
        desk.read("case", case.number),
    )
    assert status == 0
    for text in (case.number, "处理中", "123.45", "620001******0007", step(case.step, 0)):
        assert text in listed
    assert [(row["number"], row["amount"], row["ended"]) for row in rows] == [
        (case.number, 12_345, "")
    ]
    assert f"case: {case.number}" in shown
    for text in ("state: open", "next:", "log intact", "operator, administrator"):
        assert text in shown
    for text in ("状态: 处理中", "下一步:", "日志完整", "立案", "判断原因", step(case.step, 0)):
        assert text in said
    assert one["case"]["number"] == case.number
    assert one["broken_at"] is None
    assert [event["what"] for event in one["events"]] == ["opened", "diagnosed", "probe", case.step]
    assert one["allowed"]["retry"] == ["operator", "administrator"]
    assert "reject" not in one["allowed"]

    assert await desk.do(case, "retry", "olga") == (0, f"{case.number}: retry\n")
    desk.site.running.resolver.start()
    async with asyncio.timeout(20):
        while not (ended := await desk.book.reread(case)).ended:
            await asyncio.sleep(0.02)
    assert ended.ended == "voided"
    none, every, (_, shown), again = await asyncio.gather(
        desk.read("cases"),
        desk.read("cases", "--all"),
        desk.annul("case", case.number, "--lang=zh"),
        desk.do(case, "retry", "olga"),
    )
    assert none == []
    assert [row["ended"] for row in every] == ["voided"]
    assert "状态: 已撤销" in shown
    assert "olga" in shown
    assert again[0] == 1
    await desk.site.books_agree()
    assert await desk.site.issuer_net() == 0


async def test_nobody_acts_without_a_name_a_password_and_a_role(desk: Desk, till: Cashier) -> None:
    case = await desk.failed(till, 10_000)
    others = next(shop for shop, *_ in desk.site.terminals if shop != case.merchant_id)
    access = desk.site.running.ground.access
    await access.add("cora", _PASSWORD, "cashier", others)
    tries = await asyncio.gather(
        desk.do(case, "withdraw", "cora"),
        desk.do(case, "retry", "olga", password="wrong horse battery"),
        desk.do(case, "retry", "nobody"),
        desk.do(case, "retry", "sue"),
        desk.annul("case", case.number, "do", "retry", "--user=olga"),
        desk.annul("case", "000000000000"),
    )
    for status, text in tries:
        assert status == 1, text
        assert text.startswith("annul: "), text
    assert await desk.book.reread(case) == case
    who = await desk.site.pool.fetch("SELECT who || ' ' || action FROM audit ORDER BY 1")
    # Of a name that nobody has nothing is kept.
    assert [row[0] for row in who] == [
        "cora sign-in",
        "olga sign-in",
        "olga sign-in-refused",
        "sue sign-in",
    ]

    words = ("case", case.number, "confirm-cause", "issuer_error", "--user=sue", "--reason=r")
    assert await desk.annul(*words) == (0, f"{case.number}: confirm-cause\n")
    assert (await desk.book.reread(case)).confirmed == "issuer_error"


async def test_much_money_takes_two_persons(desk: Desk, till: Cashier) -> None:
    case = await desk.failed(till, 100_000, times=100)  # also when it is tried again meanwhile
    assert await desk.do(case, "refund", "olga") == (0, f"{case.number}: proposed\n")
    status, text = await desk.do(case, "refund", "olga")
    assert status == 1
    assert "somebody else" in text
    _, shown = await desk.annul("case", case.number, "--lang=zh")
    assert "等待第二人复核: refund (olga)" in shown
    assert (await desk.moved(case)).ended == ""
    assert await desk.do(case, "refund", "otto") == (0, f"{case.number}: refund\n")
    assert (await desk.moved(case)).ended == "refunded"
    rows = await desk.site.pool.fetch(
        "SELECT who, role, action FROM audit WHERE action <> 'sign-in' ORDER BY at"
    )
    assert [tuple(row) for row in rows] == [
        ("olga", "operator", "proposed"),
        ("otto", "operator", "refund"),
    ]
    await desk.site.books_agree()
    assert await desk.site.issuer_net() == 0


async def test_a_small_sum_keyed_does_not_give_back_a_large_sale(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 500_000)
    void = await till.undo("void", sale, amount=100)
    await desk.book.open(desk.site.running.host.clock.now())
    case = await desk.book.find(void.rrn)
    assert await desk.do(case, "refund", "olga") == (0, f"{case.number}: refund\n")
    dropped = await desk.moved(case)
    assert (dropped.step, dropped.ordered, dropped.ended) == ("order_dropped", "", "")
    assert (await desk.moved(case)).step == "second_look"
    await desk.site.pool.execute("UPDATE cases SET named_at = named_at - interval '1 minute'")
    ended = await desk.moved(case)
    assert (ended.ended, ended.cause) == ("refused", "original_mismatch")
    assert await desk.site.issuer_net() == 500_000


async def test_the_promise_is_told_in_figures(desk: Desk, till: Cashier) -> None:
    first, second = await desk.failed(till, 10_000), await desk.failed(till, 20_050)
    await desk.do(first, "close", "olga")
    assert (await desk.moved(first)).ended == "refused"
    kept, (_, said) = await asyncio.gather(desk.read("promise"), desk.annul("promise", "--lang=en"))
    assert (kept["cases"], kept["open"], kept["refused"], kept["in_time"]) == (2, 1, 1, 1)
    assert (kept["late"], kept["in_question"]) == (0, second.amount)
    assert [(row["cause"], row["cases"]) for row in kept["by_cause"]] == [(first.cause, 1)]
    assert re.search(r"money in question +CNY 200\.50", said)


async def test_a_proof_can_be_checked_by_anybody_and_shows_no_card(
    desk: Desk, till: Cashier
) -> None:
    case = await desk.failed(till, 10_000)
    await desk.do(case, "retry", "olga")
    ended = await desk.moved(case)
    status, text = await desk.annul("case", case.number, "--proof=proof.zip")
    assert (status, "proof.zip" in text) == (0, True)
    with zipfile.ZipFile(desk.folder / "proof.zip") as bundle:
        assert bundle.namelist() == ["proof.json", "proof.pdf", "signature.json"]
        told, printed = bundle.read("proof.json"), bundle.read("proof.pdf")
    key = desk.folder / "annul.pem"
    key.write_text((await desk.annul("audit", "key"))[1], encoding="utf-8")
    checks = ("audit", "verify", "proof.zip", f"--key={key}")
    status, text = await desk.annul(*checks)
    assert (status, case.number in text) == (0, True)
    with zipfile.ZipFile(desk.folder / "proof.zip", "a") as bundle:
        bundle.writestr("more.txt", "what annul has not said")
    status, text = await desk.annul(*checks)
    assert (status, "Do not rely on it" in text) == (1, True)
    proof = json.loads(told)

    head = b""
    for line in proof["chained"]:
        head = hashlib.sha256(head + line["body"].encode()).digest()
        assert head.hex() == line["hash"]
    assert head.hex() == proof["chain"]["head"] == ended.head.hex()
    assert proof["chain"]["broken_at"] is None
    bodies = [json.loads(line["body"]) for line in proof["chained"]]
    kept = [{**event, "hash": None} for event in proof["timeline"]]
    assert kept == [{**body, "hash": None} for body in bodies]
    whats = [event["what"] for event in proof["timeline"]]
    assert (whats[0], whats[-1], len(whats)) == ("opened", "ended_voided", ended.events)

    sale, failed, retried = proof["transactions"]
    assert [sale["state"], failed["state"], retried["state"]] == ["voided", "declined", "approved"]
    directions = [row["direction"] for row in proof["messages"]]
    assert directions == ["terminal_in", "issuer_out", "issuer_in", "terminal_out"]
    debited, credited = ([row[side] for row in proof["ledger"]] for side in ("debit", "credit"))
    assert sorted(debited) == sorted(credited), "what was taken is given back"
    assert {row["whom"].split()[0] for row in proof["told"]} == {"terminal", "merchant"}
    assert proof["diagnosis"]["causes"][0]["cause"] == ended.cause

    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", printed)) >= 1
    lines = list(lines_of(printed))
    for text in (case.number, "620001******0007", "已撤销", "Voided", "intact", "CNY"):
        assert any(text in line for line in lines), text
    for content in (told.decode(), "".join(lines)):
        assert CARD not in content
    for content in (told.decode(), "\n".join(lines)):
        assert not re.search(r"(?<!\d)62\d{14,17}(?!\d)", content)
