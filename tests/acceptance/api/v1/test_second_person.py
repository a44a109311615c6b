"""From an amount on money is moved by two people, whoever asks and however often."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from annul.api.gate import COOKIE, CSRF_HEADER
from annul.desk import orders
from annul.desk.roles import Scope
from annul.host import orders as host_orders
from annul.sim.terminal.journal import Record
from tests.support.desks import Api, Headers, make_desk, open_api
from tests.support.site import Site, open_site
from tests.support.soft import Cashier, cashier

_LIMIT = 50_000
_SALE = 60_000
_PASSWORD = "a longer one of their own"
_KEY = (Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE, Scope.MERCHANTS_WRITE)


class Room:
    """Operators of one acquirer, all with a session, and whom each has made."""

    def __init__(self, api: Api, site: Site) -> None:
        self.api = api
        self.site = site
        self.merchant = site.terminals[0][0]
        self._keys = 0

    async def person(self, name: str, role: str = "operator", made_by: str = "") -> Headers:
        access = self.api.desk.access
        await access.add(name, _PASSWORD, role)
        await self.site.pool.execute("UPDATE users SET made_by = $2 WHERE name = $1", name, made_by)
        session = await access.open(name)
        return {"cookie": f"{COOKIE}={session.token}", CSRF_HEADER: session.csrf}

    async def key_of(self, name: str) -> Headers:
        _, key = await self.api.desk.access.new_key("program", _KEY, "", name)
        return {"authorization": f"Bearer {key}"}

    async def order(self, who: Headers, what: str, sale: Record, **more: Any) -> httpx.Response:
        self._keys += 1
        asked = {"merchant": self.merchant, "original": {"rrn": sale.rrn}, **more}
        headers = who | {"idempotency-key": f"order-{self._keys}"}
        return await self.api.http.post(f"/{what}", json=asked, headers=headers)

    async def decide(self, who: Headers, order: str, word: str = "approve") -> httpx.Response:
        path = f"/orders/{order}/{word}"
        return await self.api.http.post(path, json={"reason": "seen it"}, headers=who)

    async def transactions(self, kind: str) -> int:
        count = "SELECT count(*) FROM transactions WHERE kind = $1"
        return int(await self.site.pool.fetchval(count, kind))

    async def audited(self) -> list[tuple[str, str]]:
        rows = await self.site.pool.fetch("SELECT who, action FROM audit ORDER BY at, id")
        return [(row["who"], row["action"]) for row in rows]


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(database, tmp_path) as opened:
        limit = "UPDATE merchants SET second_person_from = $1"
        await opened.pool.execute(limit, _LIMIT)
        yield opened


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


@pytest.fixture
async def room(site: Site) -> AsyncIterator[Room]:
    async with open_api(make_desk(site.pool, host=site.running.host)) as api:
        yield Room(api, site)


@pytest.mark.parametrize(("what", "kind", "ends"), [
    ("refunds", "refund", "refunded"),
    ("voids", "void", "voided"),
])  # fmt: skip
async def test_one_alone_moves_nothing_and_two_move_it_once(
    site: Site, till: Cashier, room: Room, what: str, kind: str, ends: str
) -> None:
    sale = await till.take("sale", _SALE)
    olga, otto = await room.person("olga"), await room.person("otto")
    asked = await room.order(olga, what, sale, reason="goods came back")
    order = asked.json()
    assert (asked.status_code, order["state"]) == (202, "proposed")
    assert await room.transactions(kind) == 0
    alone = await room.decide(olga, order["id"])
    assert (alone.status_code, alone.json()["code"]) == (409, "resolve.second_person")
    (waits,) = (await room.api.get("/orders", otto))["items"]
    assert (waits["id"], waits["asked_by"], waits["reason"]) == (
        order["id"],
        "olga",
        "goods came back",
    )
    done = await room.decide(otto, order["id"])
    assert (done.json()["state"], done.json()["decided_by"]) == ("carried_out", "otto")
    assert (await room.decide(otto, order["id"])).json()["code"] == "order.not_waiting"
    assert (await room.api.get(f"/{what}/{order['id']}", olga))["state"] == ends
    assert await room.transactions(kind) == 1
    assert await room.audited() == [("olga", f"order-{kind}"), ("otto", "approve-order")]
    shown = (await room.api.get(f"/transactions/{order['id']}", olga))["transaction"]
    assert (shown["asked_by"], shown["approved_by"]) == ("olga", "otto")
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_below_the_amount_one_is_enough_and_is_named(till: Cashier, room: Room) -> None:
    sale = await till.take("sale", _SALE)
    olga = await room.person("olga")
    asked = await room.order(olga, "refunds", sale, amount=_LIMIT - 1)
    assert (asked.status_code, asked.json()["state"]) == (201, "refunded")
    assert await room.audited() == [("olga", "order-refund")]
    shown = await room.api.get(f"/transactions/{asked.json()['id']}", olga)
    assert shown["transaction"]["asked_by"] == "olga"
    rest = await room.order(olga, "refunds", sale, amount=_SALE - _LIMIT + 1)
    assert rest.json()["state"] == "proposed", "in parts it is as much"


async def test_who_was_brought_along_is_no_second_person(till: Cashier, room: Room) -> None:
    sale = await till.take("sale", _SALE)
    olga = await room.person("olga")
    own = await room.key_of("olga")
    order = (await room.order(own, "refunds", sale)).json()["id"]
    puppet = await room.person("puppet", made_by="olga")
    of_puppet = await room.person("of-puppet", made_by="puppet")
    program = await room.key_of("otto")
    for who in (olga, own, puppet, of_puppet, program):
        refused = await room.decide(who, order)
        assert refused.status_code in {403, 409}, refused.text
        assert refused.json()["code"] in {"resolve.second_person", "desk.not_allowed"}
    asked_by_puppet = (await room.order(puppet, "refunds", sale)).json()["id"]
    assert (await room.decide(olga, asked_by_puppet)).json()["code"] == "resolve.second_person"
    assert await room.transactions("refund") == 0
    ann, bob = await room.person("ann", made_by="root"), await room.person("bob", made_by="root")
    asked_by_ann = (await room.order(ann, "refunds", sale)).json()["id"]
    assert (await room.decide(bob, asked_by_ann)).json()["state"] == "carried_out"


async def test_what_was_rejected_or_is_too_old_is_never_sent(
    site: Site, till: Cashier, room: Room
) -> None:
    sale = await till.take("sale", _SALE)
    olga, otto = await room.person("olga"), await room.person("otto")
    rejected = (await room.order(olga, "refunds", sale)).json()["id"]
    assert (await room.decide(olga, rejected, "reject")).json()["state"] == "rejected"
    old = (await room.order(olga, "refunds", sale)).json()["id"]
    await site.pool.execute("UPDATE orders SET asked_at = asked_at - interval '25 hours'")
    host = site.running.host
    await host_orders.finish(host, host.clock.now())
    for order, state in ((rejected, "rejected"), (old, "expired")):
        assert (await room.decide(otto, order)).json()["code"] == "order.not_waiting"
        assert (await room.api.get(f"/orders/{order}", otto))["state"] == state
        assert (await room.api.get(f"/refunds/{order}", otto))["state"] == "refused"
    assert await room.transactions("refund") == 0


async def test_many_approve_at_once_and_it_is_carried_out_once(
    site: Site, till: Cashier, room: Room
) -> None:
    sale = await till.take("sale", _SALE)
    olga = await room.person("olga")
    order = (await room.order(olga, "refunds", sale)).json()["id"]
    others = [await room.person(f"other-{n}") for n in range(8)]
    words = await asyncio.gather(
        *(room.decide(who, order, "approve" if n % 2 else "reject") for n, who in enumerate(others))
    )
    assert sorted(word.status_code for word in words) == [200, *7 * [409]]
    assert await room.transactions("refund") <= 1
    assert len([one for one in await room.audited() if one[1] != "order-refund"]) == 1
    await site.books_agree()


async def test_what_was_approved_is_carried_out_though_its_process_has_ended(
    site: Site, till: Cashier, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = await till.take("sale", _SALE)
    olga, otto = await room.person("olga"), await room.person("otto")
    order = (await room.order(olga, "refunds", sale)).json()["id"]

    async def ends(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as dying:
        dying.setattr(orders.orders, "carry_out", ends)
        assert (await room.decide(otto, order)).status_code == 500
    assert await room.transactions("refund") == 0
    host = site.running.host
    later = host.clock.now() + timedelta(seconds=11)
    await asyncio.gather(*(host_orders.finish(host, later) for _ in range(3)))
    assert (await room.api.get(f"/refunds/{order}", otto))["state"] == "refunded"
    assert await room.transactions("refund") == 1
    await site.books_agree()


async def test_what_can_no_longer_be_done_is_refused_with_its_rule(
    till: Cashier, room: Room
) -> None:
    sale = await till.take("sale", _SALE)
    olga, otto = await room.person("olga"), await room.person("otto")
    order = (await room.order(olga, "refunds", sale)).json()["id"]
    assert (await till.undo("void", sale)).state == "approved"
    late = await room.decide(otto, order)
    assert (late.status_code, late.json()["code"]) == (409, "rule.already_undone")
    assert (await room.api.get(f"/orders/{order}", otto))["state"] == "refused"


async def test_nobody_raises_the_limit_alone(till: Cashier, room: Room) -> None:
    olga, otto = await room.person("olga"), await room.person("otto")
    path = f"/merchants/{room.merchant}"
    higher = {"second_person_from": 10**9, "retry_voids": False, "reason": "busy day"}
    answer = await room.api.http.patch(path, json=higher, headers=olga)
    assert (answer.json()["second_person_from"], answer.json()["retry_voids"]) == (_LIMIT, False)
    sale = await till.take("sale", _SALE)
    assert (await room.order(olga, "refunds", sale)).json()["state"] == "proposed"
    waiting = (await room.api.get("/orders", otto))["items"]
    (limit,) = [one for one in waiting if one["act"] == "raise_limit"]
    assert (await room.decide(olga, limit["id"])).json()["code"] == "resolve.second_person"
    assert (await room.decide(otto, limit["id"])).json()["state"] == "carried_out"
    assert (await room.api.get(path, olga))["second_person_from"] == 10**9
    lower = {"second_person_from": 1_000, "reason": "quiet day"}
    answer = await room.api.http.patch(path, json=lower, headers=olga)
    assert answer.json()["second_person_from"] == 1_000, "who asks for more care needs nobody"


async def test_a_raise_that_waits_does_not_undo_what_came_after_it(room: Room) -> None:
    olga, otto = await room.person("olga"), await room.person("otto")
    path = f"/merchants/{room.merchant}"
    for amount in (80_000, 90_000):
        raised = {"second_person_from": amount, "reason": "busy"}
        await room.api.http.patch(path, json=raised, headers=olga)
    first, second = (await room.api.get("/orders", otto))["items"]
    await room.decide(otto, second["id"])
    await room.decide(otto, first["id"])
    assert (await room.api.get(path, olga))["second_person_from"] == 90_000


async def test_an_order_of_another_shop_is_unknown(till: Cashier, room: Room) -> None:
    sale = await till.take("sale", _SALE)
    olga = await room.person("olga")
    order = (await room.order(olga, "refunds", sale)).json()["id"]
    _, key = await room.api.desk.access.new_key("other", _KEY, "898000000000001", "otto")
    other = {"authorization": f"Bearer {key}"}
    assert (await room.api.get("/orders", other))["items"] == []
    for path in (f"/orders/{order}", f"/refunds/{UUID(order)}"):
        assert (await room.api.http.get(path, headers=other)).status_code == 404
    assert (await room.decide(other, order)).status_code == 404
