"""The calls that set webhooks up and look after them, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from annul.client.signature import verify
from annul.desk.access import Access
from annul.desk.roles import Scope
from tests.support.clock import HeldClock
from tests.support.desks import make_desk, open_api
from tests.support.receiver import MERCHANT, OTHER, Hooks, Receiver

NOWHERE = "https://shop.example/annul"
HOOKS = "/webhooks"


@dataclass
class Caller:
    """Programs with keys, against an API."""

    http: httpx.AsyncClient
    access: Access
    hooks: Hooks

    async def key(self, merchant: str = "", scope: Scope = Scope.WEBHOOKS) -> dict[str, str]:
        _, key = await self.access.new_key("test", [scope], merchant, "test")
        return {"authorization": f"Bearer {key}"}

    async def add(self, key: dict[str, str], url: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.post(HOOKS, json={"url": url, **more}, headers=key)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def audit(self) -> list[tuple[str, str]]:
        rows = await self.hooks.pool.fetch("SELECT action, object FROM audit ORDER BY at, id")
        return [tuple(row) for row in rows]


@pytest.fixture
async def caller(pool: asyncpg.Pool) -> AsyncIterator[Caller]:
    clock = HeldClock()
    hooks, access = Hooks(pool, clock), Access(pool)
    await hooks.open()
    async with open_api(make_desk(pool, access=access, clock=clock)) as api:
        yield Caller(api.http, access, hooks)
    await hooks.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver


async def test_the_secret_is_shown_once_and_kept_sealed(caller: Caller, receiver: Receiver):
    key = await caller.key()
    made = await caller.add(key, receiver.url, merchant=MERCHANT)
    secret = made.pop("secret")
    assert made["merchant"] == MERCHANT
    assert made["active"] is True
    assert made["created_by"].startswith("key annul_")
    listed = (await caller.http.get(HOOKS, headers=key)).json()
    assert listed == {"items": [made], "next_cursor": ""}
    sealed = await caller.hooks.pool.fetchval("SELECT secret FROM webhooks")
    assert secret.encode() not in sealed
    assert caller.hooks.vault.open(sealed) == secret
    await caller.hooks.tell()
    caller.hooks.start()
    await caller.hooks.drained()
    (got,) = receiver.got
    now = caller.hooks.clock.now().timestamp()
    assert verify(secret, got.headers["annul-signature"], got.body, now)
    assert await caller.audit() == [("add-webhook", f"webhook {made['id']}")]


async def test_who_may_not(caller: Caller):
    assert (await caller.http.get(HOOKS)).status_code == 401
    key = await caller.key(scope=Scope.CASES_READ)
    for answer in (
        await caller.http.get(HOOKS, headers=key),
        await caller.http.post(HOOKS, json={"url": NOWHERE, "merchant": MERCHANT}, headers=key),
        await caller.http.delete(f"{HOOKS}/{uuid4()}", headers=key),
    ):
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    assert not await caller.audit()


async def test_a_key_of_one_merchant_sees_only_its_own(caller: Caller):
    everybody, own = await caller.key(), await caller.key(MERCHANT)
    foreign = await caller.add(everybody, NOWHERE, merchant=OTHER)
    made = await caller.add(own, NOWHERE)
    assert made["merchant"] == MERCHANT
    listed = (await caller.http.get(HOOKS, headers=own)).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    refused = await caller.http.post(HOOKS, json={"url": NOWHERE, "merchant": OTHER}, headers=own)
    assert (refused.status_code, refused.json()["code"]) == (404, "desk.unknown")
    there = f"{HOOKS}/{foreign['id']}"
    assert (await caller.http.delete(there, headers=own)).status_code == 404
    assert (await caller.http.get(f"{there}/deliveries", headers=own)).status_code == 404
    replay = f"{there}/deliveries/{uuid4()}/replay"
    assert (await caller.http.post(replay, headers=own)).status_code == 404
    listed = (await caller.http.get(HOOKS, headers=everybody)).json()["items"]
    assert [one["active"] for one in listed] == [True, True]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://shop.example/", "merchant": MERCHANT}, "webhooks.address"),
        ({"url": "https://me:word@shop.example/", "merchant": MERCHANT}, "webhooks.address"),
        ({"url": "https://169.254.169.254/", "merchant": MERCHANT}, "webhooks.address"),
        ({"url": "https://[fe80::1]/", "merchant": MERCHANT}, "webhooks.address"),
        ({"url": "https://shop.example/\u0000", "merchant": MERCHANT}, "webhooks.address"),
        ({"merchant": MERCHANT}, "http.invalid"),
        ({"url": NOWHERE, "merchant": MERCHANT, "secret": "mine"}, "http.invalid"),
    ],
)
async def test_what_no_webhook_can_be(caller: Caller, body: dict[str, str], code: str):
    answer = await caller.http.post(HOOKS, json=body, headers=await caller.key())
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["next_step"]


async def test_of_no_merchant_at_all(caller: Caller):
    key = await caller.key()
    for body in ({"url": NOWHERE}, {"url": NOWHERE, "merchant": "898000058129999"}):
        answer = await caller.http.post(HOOKS, json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (404, "desk.unknown")
    assert not await caller.audit()


async def test_whoever_is_bound_may_not_point_inside(caller: Caller, receiver: Receiver):
    key = await caller.key(MERCHANT)
    for url in (receiver.url, "https://localhost/", "https://10.0.0.1/", "https://[fd00::1]/"):
        answer = await caller.http.post(HOOKS, json={"url": url}, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "webhooks.address")


async def test_switched_off_once_or_again(caller: Caller, receiver: Receiver):
    key = await caller.key()
    made = await caller.add(key, receiver.url, merchant=MERCHANT)
    for _ in range(2):
        assert (await caller.http.delete(f"{HOOKS}/{made['id']}", headers=key)).status_code == 204
    (listed,) = (await caller.http.get(HOOKS, headers=key)).json()["items"]
    assert listed["active"] is False
    await caller.hooks.tell()
    caller.hooks.start()
    await caller.hooks.drained()
    assert not receiver.got
    replay = f"{HOOKS}/{made['id']}/deliveries/{uuid4()}/replay"
    answer = await caller.http.post(replay, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "webhooks.off")
    assert [action for action, _ in await caller.audit()] == ["add-webhook", "end-webhook"]


async def test_the_log_in_pages_and_a_replay(caller: Caller, receiver: Receiver):
    hooks, key = caller.hooks, await caller.key()
    made = await caller.add(key, receiver.url, merchant=MERCHANT)
    hooks.start()
    for number in range(5):
        await hooks.tell(number)
        await hooks.drained()
        hooks.clock.forward(seconds=1)
    there = f"{HOOKS}/{made['id']}/deliveries"
    seen: list[dict[str, Any]] = []
    cursor, pages = "", 0
    while pages == 0 or cursor:
        answer = await caller.http.get(there, params={"limit": 2, "cursor": cursor}, headers=key)
        seen += answer.json()["items"]
        cursor, pages = answer.json()["next_cursor"], pages + 1
    assert pages == 3
    assert [row["case"] for row in seen] == [f"{number:012d}" for number in reversed(range(5))]
    first = seen[-1]
    assert first == {
        "delivery": receiver.got[0].delivery,
        "attempt": 1,
        "event": "case.voided",
        "case": "000000000000",
        "status": 200,
        "error": "",
        "state": "delivered",
        "took_ms": 0,
        "at": first["at"],
    }
    assert datetime.fromisoformat(first["at"]).tzinfo == UTC

    answer = await caller.http.post(f"{there}/{first['delivery']}/replay", headers=key)
    assert (answer.status_code, answer.json()["state"]) == (202, "owed")
    await hooks.drained()
    assert receiver.got[-1].delivery == receiver.got[0].delivery
    assert receiver.got[-1].body == receiver.got[0].body
    (latest,) = (await caller.http.get(there, params={"limit": 1}, headers=key)).json()["items"]
    assert (latest["delivery"], latest["attempt"]) == (first["delivery"], 2)
    assert [action for action, _ in await caller.audit()] == ["add-webhook", "replay-webhook"]
    for wrong in (uuid4(), UUID(made["id"])):
        answer = await caller.http.post(f"{there}/{wrong}/replay", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (404, "desk.unknown")
    answer = await caller.http.get(there, params={"cursor": "abc"}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "access.cursor")


async def test_what_was_given_up_is_sent_again_and_its_incident_closed(
    caller: Caller, receiver: Receiver
):
    hooks, key = caller.hooks, await caller.key()
    receiver.answers = [500]
    made = await caller.add(key, receiver.url, merchant=MERCHANT)
    hooks.start()
    await hooks.tell()
    await hooks.logged(1)
    hooks.clock.forward(seconds=24 * 3600)
    await hooks.until(hooks.incidents)
    receiver.answers = [200]
    delivery = receiver.got[0].delivery
    answer = await caller.http.post(
        f"{HOOKS}/{made['id']}/deliveries/{delivery}/replay", headers=key
    )
    assert answer.status_code == 202
    await hooks.drained()
    (incident,) = await hooks.incidents()
    assert incident["closed_at"]


async def test_no_incident_stays_for_a_webhook_that_is_switched_off(
    caller: Caller, receiver: Receiver
):
    hooks, key = caller.hooks, await caller.key()
    receiver.answers = [500]
    made = await caller.add(key, receiver.url, merchant=MERCHANT)
    hooks.start()
    await hooks.tell()
    await hooks.logged(1)
    hooks.clock.forward(seconds=24 * 3600)
    await hooks.until(hooks.incidents)
    await caller.http.delete(f"{HOOKS}/{made['id']}", headers=key)
    (incident,) = await hooks.incidents()
    assert incident["closed_at"]


async def test_what_is_just_being_sent_is_not_sent_twice(caller: Caller, receiver: Receiver):
    hooks, key = caller.hooks, await caller.key()
    receiver.held = asyncio.Event()
    made = await caller.add(key, receiver.url, merchant=MERCHANT)
    hooks.start()
    await hooks.tell()

    async def arrived() -> bool:
        return bool(receiver.got)

    await hooks.until(arrived)
    there = f"{HOOKS}/{made['id']}/deliveries/{receiver.got[0].delivery}/replay"
    answer = await caller.http.post(there, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "webhooks.under_way")
    receiver.held.set()
    await hooks.drained()
    assert len(receiver.got) == 1


async def test_the_calls_are_described_with_examples_and_problems(caller: Caller):
    described = (await caller.http.get("/openapi.json")).json()
    paths = {path: calls for path, calls in described["paths"].items() if path.startswith(HOOKS)}
    assert {(path, method) for path, calls in paths.items() for method in calls} == {
        (HOOKS, "post"),
        (HOOKS, "get"),
        (f"{HOOKS}/{{webhook}}", "delete"),
        (f"{HOOKS}/{{webhook}}/deliveries", "get"),
        (f"{HOOKS}/{{webhook}}/deliveries/{{delivery}}/replay", "post"),
    }
    for calls in paths.values():
        for call in calls.values():
            assert {"401", "403", "422"} <= set(call["responses"])
    made = described["components"]["schemas"]["MadeWebhook"]["properties"]
    assert made["secret"]["examples"][0].startswith("whsec_")
