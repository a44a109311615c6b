"""Conclusions by hand over the API: two people, their programs, the evidence, and the list."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest

from annul.client import Client, ProblemError
from annul.desk.roles import Scope
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.conclusion import LARGEST_EVIDENCE
from annul.store.journal import Journal
from tests.support.desks import Api, Headers, make_desk, open_api
from tests.support.rows import put_transaction
from tests.support.shops import Shop

Shops = tuple[Shop, Shop]
LETTER = b"%PDF of the issuer"


@pytest.fixture
async def api(pool: asyncpg.Pool, shops: Shops) -> AsyncIterator[Api]:
    """Give the API over two shops, beside what a host moves money with."""
    del shops  # they only have to be there
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    outcomes = Outcomes(journal, registry, lambda at, _: at.date())
    host: Any = SimpleNamespace(outcomes=outcomes, failed=asyncio.Event())
    async with open_api(make_desk(pool, host=host)) as opened:
        yield opened
    await journal.close()


async def _unknown(pool: asyncpg.Pool, shop: Shop, trace: int = 900, **more: Any) -> Transaction:
    given: dict[str, Any] = {
        "merchant_id": shop.merchant,
        "terminal_id": shop.terminal,
        "state": State.UNKNOWN,
        "received_at": datetime.now(UTC) - timedelta(minutes=10),
        "response_code": "",
        "auth_code": "",
        "fee": 0,
    }
    return await put_transaction(pool, trace, **(given | more))


@dataclass
class Desk:
    """Somebody who calls."""

    api: Api
    headers: Headers

    async def propose(self, named: Any, **more: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "done": True,
            "reason": "the issuer wrote so",
            "evidence_name": "letter.pdf",
            "evidence": base64.b64encode(LETTER).decode(),
        }
        path = f"/transactions/{named}/conclusions"
        return await self.api.http.post(path, headers=self.headers, json=body | more)

    async def confirm(self, found: dict[str, Any]) -> httpx.Response:
        path = f"/transactions/{found['transaction_id']}/conclusions/{found['id']}/confirm"
        return await self.api.http.post(path, headers=self.headers, json={"reason": "seen"})

    async def withdraw(self, found: dict[str, Any], **query: str) -> httpx.Response:
        path = f"/transactions/{found['transaction_id']}/conclusions/{found['id']}"
        return await self.api.http.delete(
            path, headers=self.headers, params={"reason": "wrong"} | query
        )

    async def evidence(self, found: dict[str, Any]) -> httpx.Response:
        path = f"/transactions/{found['transaction_id']}/conclusions/{found['id']}/evidence"
        return await self.api.http.get(path, headers=self.headers)


async def _person(api: Api, name: str, role: str = "operator", merchant: str = "") -> Desk:
    await api.desk.access.add(name, "a longer one of their own", role, merchant)
    session = await api.desk.access.open(name)
    headers = {"cookie": f"annul_session={session.token}", "x-csrf-token": session.csrf}
    return Desk(api, headers)


async def _program(api: Api, maker: str, *scopes: Scope, merchant: str = "") -> Desk:
    _, key = await api.desk.access.new_key("desk", scopes or tuple(Scope), merchant, maker)
    return Desk(api, {"authorization": f"Bearer {key}"})


async def _state(pool: asyncpg.Pool, transaction: Transaction) -> str:
    return await pool.fetchval("SELECT state FROM transactions WHERE id = $1", transaction.id)


async def test_two_people_conclude_a_sale(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    sale = await _unknown(pool, shops[0])
    olga, otto = await _person(api, "olga"), await _person(api, "otto", "administrator")
    made = await olga.propose(sale.rrn)
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["state"], found["proposed_by"], found["done"]) == ("proposed", "olga", True)
    assert found["evidence_sha256"] == hashlib.sha256(LETTER).hexdigest()
    shown = await api.get(f"/transactions/{sale.id}/conclusions", otto.headers)
    assert shown["possible"] is True
    assert "顾客已付款" in shown["if_done"]["zh"]
    assert "not charged" in shown["if_not_done"]["en"]
    assert [one["id"] for one in shown["conclusions"]] == [found["id"]]
    read = await otto.evidence(found)
    assert (read.status_code, read.content) == (200, LETTER)
    assert read.headers["content-disposition"] == "attachment; filename*=UTF-8''letter.pdf"
    assert read.headers["content-type"] == "application/octet-stream"
    done = await otto.confirm(found)
    assert (done.status_code, done.json()["state"]) == (200, "concluded")
    assert await _state(pool, sale) == "approved"
    entries = await pool.fetchval("SELECT count(*) FROM entries WHERE subject = $1", sale.id)
    again = await otto.confirm(found)
    assert (again.status_code, again.json()["state"]) == (200, "concluded")
    assert entries == await pool.fetchval(
        "SELECT count(*) FROM entries WHERE subject = $1", sale.id
    )


async def test_nobody_confirms_what_they_proposed_not_even_by_their_programs(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    sale = await _unknown(pool, shops[0])
    olga = await _person(api, "olga", "administrator")
    keys = [await _program(api, "olga"), await _program(api, "olga")]
    for proposer in (olga, keys[0]):
        found = (await proposer.propose(sale.id)).json()
        assert found["proposed_by"] == "olga"
        for other in (olga, *keys):
            refused = await other.confirm(found)
            assert (refused.status_code, refused.json()["code"]) == (409, "resolve.second_person")
        assert (await keys[1].withdraw(found)).json()["state"] == "withdrawn"
    assert await _state(pool, sale) == "unknown"
    ended = await _program(api, "otto")
    await api.desk.access.end_key((await api.desk.access.keys())[0]["id"])
    api.desk.access.forget()
    assert (await ended.propose(sale.id)).status_code == 401


async def test_a_program_confirms_nothing_whoever_made_it(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    sale = await _unknown(pool, shops[0])
    found = (await (await _person(api, "olga")).propose(sale.id, done=False)).json()
    refused = await (await _program(api, "otto", Scope.CASES_ACT)).confirm(found)
    assert (refused.status_code, refused.json()["code"]) == (409, "resolve.second_person")
    assert await _state(pool, sale) == "unknown"
    done = await (await _person(api, "otto")).confirm(found)
    assert (done.status_code, done.json()["confirmed_by"]) == (200, "otto")
    assert await _state(pool, sale) == "declined"


async def test_who_may_not_is_refused(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    mine = shops[0]
    sale = await _unknown(pool, mine)
    found = (await (await _person(api, "olga")).propose(sale.id)).json()
    support = await _person(api, "sue", "support")
    auditor = await _person(api, "ada", "auditor")
    merchant = await _person(api, "mei", "merchant", mine.merchant)
    bound = await _program(api, "otto", merchant=mine.merchant)
    for who in (support, auditor, merchant, bound):
        for answer in (
            await who.propose(sale.id),
            await who.confirm(found),
            await who.withdraw(found),
        ):
            assert answer.status_code == 403, answer.text
            assert answer.json()["next_step"]
    assert (await support.evidence(found)).status_code == 403
    assert (await merchant.evidence(found)).status_code == 403
    assert (await bound.evidence(found)).status_code == 403
    assert (await auditor.evidence(found)).content == LETTER
    assert await _state(pool, sale) == "unknown"
    other = await _person(api, "mao", "merchant", shops[1].merchant)
    path = f"/transactions/{sale.id}/conclusions"
    assert (await api.http.get(path, headers=other.headers)).status_code == 404
    assert (await api.http.get(path, headers=merchant.headers)).status_code == 200


async def test_what_can_not_be_is_a_problem_that_says_why(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    shop = shops[0]
    olga = await _person(api, "olga")
    sale = await _unknown(pool, shop)
    fresh = await _unknown(pool, shop, 901, received_at=datetime.now(UTC))
    encoded = base64.b64encode(bytes(LARGEST_EVIDENCE + 1)).decode()
    for named, more, status, code in (
        (shop.sales[0].id, {}, 409, "resolve.not_concludable"),
        (fresh.id, {}, 409, "resolve.still_worked_on"),
        (sale.id, {"evidence": ""}, 422, "resolve.evidence"),
        (sale.id, {"evidence": encoded}, 422, "resolve.evidence"),
        (sale.id, {"evidence": "not base64!"}, 422, "http.invalid"),
        (sale.id, {"evidence": encoded * 2}, 413, "http.413"),
        (sale.id, {"reason": " "}, 422, "access.reason_needed"),
        (sale.id, {"reason": ""}, 422, "http.invalid"),
        (sale.id, {"done": None}, 422, "http.invalid"),
        ("999999999999", {}, 404, "desk.unknown"),
    ):
        answer = await olga.propose(named, **more)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.json()["next_step"]
    found = (await olga.propose(sale.id)).json()
    twice = await olga.propose(sale.id)
    assert (twice.status_code, twice.json()["code"]) == (409, "resolve.conclusion_waits")
    strange = found | {"id": str(shop.void.id)}
    for answer in (
        await olga.confirm(strange),
        await olga.evidence(strange),
        await olga.withdraw(strange),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "resolve.nothing_proposed")
    assert await pool.fetchval("SELECT count(*) FROM conclusions") == 1


async def test_other_calls_take_no_larger_bodies(api: Api) -> None:
    olga = await _person(api, "olga")
    large = {"action": "note", "reason": "x" * 70_000}
    answer = await api.http.post("/cases/1/acts", headers=olga.headers, json=large)
    assert answer.status_code == 413


async def test_without_a_host_it_is_left_to_one(pool: asyncpg.Pool, api: Api, shops: Shops) -> None:
    sale = await _unknown(pool, shops[0])
    olga, otto = await _person(api, "olga"), await _person(api, "otto")
    async with open_api(make_desk(pool)) as alone:
        found = (await Desk(alone, olga.headers).propose(sale.id)).json()
        left = await Desk(alone, otto.headers).confirm(found)
        assert (left.status_code, left.json()["state"]) == (202, "confirmed")
        listed = await alone.get("/money-in-question", otto.headers)
        assert [one["confirmed_by"] for one in listed["items"]] == ["otto"]
    assert await _state(pool, sale) == "unknown"
    assert await api.desk.conclusions.finish(datetime.now(UTC)) == 1
    assert await _state(pool, sale) == "approved"


async def test_money_in_question_is_listed_by_merchant(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    mine, theirs = shops
    first = await _unknown(pool, mine, 900)
    disputed = await _unknown(
        pool, theirs, 901, state=State.DISPUTED, received_at=datetime.now(UTC)
    )
    olga = await _person(api, "olga")
    found = (await olga.propose(first.id)).json()
    listed = await api.get("/money-in-question", olga.headers)
    assert [one["rrn"] for one in listed["items"]] == [first.rrn, disputed.rrn]
    one = listed["items"][0]
    assert (one["state"], one["amount"], one["conclusion_id"]) == ("unknown", 10_000, found["id"])
    assert (one["proposed_by"], one["done"], one["case"]) == ("olga", True, "")
    page = await api.get("/money-in-question", olga.headers, limit=1)
    assert [one["rrn"] for one in page["items"]] == [first.rrn]
    rest = await api.get("/money-in-question", olga.headers, cursor=page["next_cursor"])
    assert ([one["rrn"] for one in rest["items"]], rest["next_cursor"]) == ([disputed.rrn], "")
    own = await _person(api, "mei", "merchant", theirs.merchant)
    listed = await api.get("/money-in-question", own.headers)
    assert [one["rrn"] for one in listed["items"]] == [disputed.rrn]


async def test_the_client_does_all_of_it(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    sale, other = await _unknown(pool, shops[0], 900), await _unknown(pool, shops[0], 901)
    keys = [
        (await api.desk.access.new_key("desk", tuple(Scope), "", maker))[1]
        for maker in ("olga", "otto")
    ]

    def work() -> None:
        address = str(api.http.base_url)
        with Client(address, keys[0]) as olga, Client(address, keys[1]) as otto:
            rrns = [one.rrn for one in olga.money_in_question.list()]
            assert rrns == [sale.rrn, other.rrn]
            made = olga.money_in_question.propose(
                sale.rrn,
                done=False,
                reason="not in their books",
                evidence=LETTER,
                evidence_name="来函.pdf",
            )
            assert otto.money_in_question.evidence(sale.rrn, made.id) == LETTER
            with pytest.raises(ProblemError) as refused:
                otto.money_in_question.propose(
                    sale.rrn, done=True, reason="no", evidence=LETTER, evidence_name="a"
                )
            assert refused.value.code == "resolve.conclusion_waits"
            shown = otto.money_in_question.get(str(sale.id))
            assert (shown.state, shown.possible) == ("unknown", True)
            assert [one.evidence_name for one in shown.conclusions] == ["来函.pdf"]
            made = otto.money_in_question.propose(
                str(other.id), done=True, reason="seen", evidence=LETTER, evidence_name="a"
            )
            withdrawn = olga.money_in_question.withdraw(other.rrn, made.id, "the wrong one")
            assert withdrawn.state == "withdrawn"

    await asyncio.to_thread(work)
