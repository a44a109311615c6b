"""Voids and refunds that a program orders, at a real issuer, until they end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from annul.desk.roles import Scope
from annul.host import orders as host_orders
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.terminal.journal import Record
from tests.support.desks import Api, make_desk, open_api
from tests.support.site import Site, open_site
from tests.support.soft import Cashier, cashier

_ORDERS = (Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE, Scope.CASES_READ, Scope.TRANSACTIONS_READ)


class Shop:
    """A program of a merchant that orders voids over the API."""

    def __init__(self, api: Api, headers: dict[str, str], merchant: str) -> None:
        self.api = api
        self.headers = headers
        self.merchant = merchant

    async def post(self, what: str, key: str, sale: Record, **more: Any) -> httpx.Response:
        asked = {"merchant": self.merchant, "original": {"rrn": sale.rrn}, **more}
        headers = self.headers | {"idempotency-key": key}
        return await self.api.http.post(f"/{what}", json=asked, headers=headers)


@pytest.fixture
async def quick(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(
        database, tmp_path, timeout_ms=2_000, void_time_scale=0.01, void_give_up_s=10
    ) as opened:
        yield opened


@pytest.fixture
def till(quick: Site) -> Iterator[Cashier]:
    with cashier(quick.port, quick.terminals[0]) as opened:
        yield opened


@pytest.fixture
async def shop(quick: Site) -> AsyncIterator[Shop]:
    desk = make_desk(quick.pool, host=quick.running.host)
    merchant = quick.terminals[0][0]
    async with open_api(desk) as api:
        yield Shop(api, await api.key(*_ORDERS, merchant=merchant), merchant)


def _fault(site: Site, kind: FaultKind, *, left: int = 1, **aim: Any) -> None:
    site.issuer.server.faults.rows.append(Fault(kind, left=left, **aim))


async def test_a_void_is_ordered_and_voided(quick: Site, till: Cashier, shop: Shop) -> None:
    sale = await till.take("sale", 10_000)
    made = await shop.post("voids", "one", sale)
    assert made.status_code == 201, made.text
    void = made.json()
    assert (void["state"], void["amount"], void["case"]) == ("voided", 10_000, "")
    assert void["original"]["state"] == "voided"
    assert made.headers["location"] == f"/api/v1/voids/{void['id']}"
    for name in (void["id"], void["rrn"]):
        assert (await shop.api.get(f"/voids/{name}", shop.headers))["state"] == "voided"
    chain = await shop.api.get(f"/transactions/{void['id']}", shop.headers)
    assert chain["transaction"]["batch"] == "B00001"
    origin = "SELECT origin FROM transactions WHERE id = $1"
    assert await quick.pool.fetchval(origin, UUID(void["id"])) == "program"
    assert chain["original"]["rrn"] == sale.rrn
    assert chain["entries"]
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_the_same_key_has_one_effect(quick: Site, till: Cashier, shop: Shop) -> None:
    sale, other = await till.take("sale", 10_000), await till.take("sale", 10_000)
    answers = await asyncio.gather(*(shop.post("voids", "one", sale) for _ in range(5)))
    first = next(answer for answer in answers if answer.status_code == 201)
    for answer in answers:
        assert answer.status_code in {201, 409}
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency.under_way"
            assert answer.headers["retry-after"] == "1"
    again = await shop.post("voids", "one", sale)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    clash = await shop.post("voids", "one", other)
    assert (clash.status_code, clash.json()["code"]) == (409, "idempotency.other_request")
    refund = await shop.post("refunds", "one", sale)
    assert refund.json()["code"] == "idempotency.other_request"
    assert await quick.pool.fetchval("SELECT count(*) FROM transactions WHERE kind = 'void'") == 1


async def test_what_is_not_approved_at_once_is_waited_for(
    quick: Site, till: Cashier, shop: Shop
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, of_kind="void", code="96")
    made = await shop.post("voids", "one", sale)
    assert made.status_code == 202, made.text
    assert made.json()["state"] == "pending"
    assert made.json()["response_code"] == "96"
    void = await shop.api.get(f"/voids/{made.json()['id']}", shop.headers, wait=30)
    assert void["state"] == "voided"
    assert void["case"] == made.json()["rrn"]
    whole = await shop.api.get(f"/cases/{void['case']}", shop.headers)
    assert whole["case"]["ended"] == "voided"
    directions = [one["direction"] for one in whole["messages"]]
    assert directions[:2] == ["issuer_out", "issuer_in"]
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_a_silent_issuer_is_waited_for_and_nothing_is_paid_twice(
    quick: Site, till: Cashier, shop: Shop
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.LOST_ANSWER, of_kind="void")
    made = await shop.post("voids", "one", sale)
    assert (made.status_code, made.json()["state"]) == (202, "pending")
    void = await shop.api.get(f"/voids/{made.json()['id']}", shop.headers, wait=30)
    assert void["state"] == "voided"
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_a_rule_refuses_with_its_text_and_nothing_is_sent(
    quick: Site, till: Cashier, shop: Shop
) -> None:
    sale = await till.take("sale", 10_000)
    wrong = await shop.post("voids", "amount", sale, amount=9_999)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "rule.amount_differs")
    assert "金额" in wrong.json()["title"]
    assert wrong.json()["next_step"]
    assert await quick.pool.fetchval("SELECT count(*) FROM transactions") == 1
    right = await shop.post("voids", "amount", sale)  # a key under which nothing was done is free
    assert right.status_code == 201
    again = await shop.post("voids", "again", sale)
    assert (again.status_code, again.json()["code"]) == (409, "rule.already_undone")
    ghost = await shop.post("voids", "ghost", sale, original={"rrn": "999999999999"})
    assert (ghost.status_code, ghost.json()["code"]) == (404, "rule.original_not_found")
    alien = await shop.post("voids", "alien", sale, merchant=quick.terminals[-1][0])
    assert (alien.status_code, alien.json()["code"]) == (404, "desk.unknown")


async def test_parts_are_refunded_and_never_more_than_the_sale(
    quick: Site, till: Cashier, shop: Shop
) -> None:
    sale = await till.take("sale", 10_000)
    slip = {"terminal": quick.terminals[0][1], "batch": "000001", "trace": sale.trace.lstrip("0")}
    part = await shop.post("refunds", "part", sale, original=slip, amount=2_500)
    assert part.status_code == 201, part.text
    assert part.json()["state"] == "refunded"
    assert part.json()["original"]["undone"] == 2_500
    over = await shop.post("refunds", "over", sale, amount=7_501)
    assert (over.status_code, over.json()["code"]) == (409, "rule.over_the_original")
    void = await shop.post("voids", "void", sale)
    assert void.json()["code"] == "rule.already_undone"
    rest = await shop.post("refunds", "rest", sale)
    assert (rest.json()["amount"], rest.json()["original"]["state"]) == (7_500, "refunded")
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_a_refund_that_is_not_answered_is_sent_until_it_is(
    quick: Site, till: Cashier, shop: Shop
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.LOST_ANSWER, of_kind="refund", left=2)  # also when it is sent again
    made = await shop.post("refunds", "one", sale)
    assert (made.status_code, made.json()["state"]) == (202, "pending")
    refund = await shop.api.get(f"/refunds/{made.json()['id']}", shop.headers, wait=30)
    assert refund["state"] == "refunded"
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_an_issuer_whose_line_is_down_is_tried_later(
    quick: Site, till: Cashier, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = await till.take("sale", 10_000)
    with monkeypatch.context() as down:
        down.setattr(quick.running.host.issuers, "is_up", lambda _: False)
        made = await shop.post("voids", "one", sale)
    assert (made.status_code, made.json()["response_code"]) == (202, "91")
    void = await shop.api.get(f"/voids/{made.json()['id']}", shop.headers, wait=30)
    assert void["state"] == "voided"
    await quick.books_agree()


async def test_other_kinds_are_voided_too(quick: Site, till: Cashier, shop: Shop) -> None:
    held = await till.take("preauth", 10_000)
    assert (await shop.post("voids", "held", held)).json()["kind"] == "preauth_void"
    code = await till.take("qr_sale", 5_000)
    assert (await shop.post("voids", "code", code)).json()["state"] == "voided"
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_who_takes_over_a_key_sees_what_was_done(
    quick: Site, till: Cashier, shop: Shop
) -> None:
    sale = await till.take("sale", 10_000)
    first = await shop.post("voids", "one", sale)
    await quick.pool.execute(
        "UPDATE idempotency SET status = NULL, created_at = created_at - interval '10 minutes'"
    )  # as if the process had ended before it kept its answer
    again = await shop.post("voids", "one", sale)
    assert (again.status_code, again.json()) == (201, first.json())
    assert await quick.pool.fetchval("SELECT count(*) FROM transactions WHERE kind = 'void'") == 1


async def test_an_order_whose_process_has_ended_is_carried_out_by_the_next(
    quick: Site, till: Cashier, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = await till.take("sale", 10_000)

    async def ends(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as dying:
        dying.setattr(host_orders, "carry_out", ends)
        failed = await shop.post("voids", "one", sale)
        assert (failed.status_code, failed.json()["code"]) == (500, "api.fault")
    early = await shop.post("voids", "one", sale)
    assert (early.status_code, early.json()["code"]) == (409, "idempotency.under_way")
    await quick.pool.execute("UPDATE idempotency SET created_at = created_at - interval '2 min'")
    assert (await shop.post("voids", "one", sale)).json()["state"] == "voided"
    await quick.books_agree()


async def test_of_two_orders_at_once_one_is_refused(quick: Site, till: Cashier, shop: Shop) -> None:
    sale = await till.take("sale", 10_000)
    both = await asyncio.gather(
        *(shop.post("voids", f"void-{n}", sale) for n in range(3)),
        *(shop.post("refunds", f"refund-{n}", sale) for n in range(3)),
    )
    assert sorted(answer.status_code for answer in both) == [201, *5 * [409]]
    codes = {answer.json().get("code", "") for answer in both}
    assert codes <= {"", "rule.being_undone", "rule.already_undone", "rule.over_the_original"}
    assert await quick.issuer_net() == 0
    await quick.books_agree()
