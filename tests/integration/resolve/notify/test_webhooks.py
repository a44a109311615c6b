"""Webhooks over a real database, real sockets and a clock that stands still."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.client.signature import verify
from annul.desk import webhooks as views
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.resolve.notify import outbound
from annul.resolve.notify.webhooks import _SQL, DeliveryPace, new_secret
from annul.security.vault import Vault
from annul.store.batcher import LOST
from tests.support.certificates import Authority
from tests.support.clock import HeldClock
from tests.support.processes import free_port
from tests.support.receiver import MERCHANT, OTHER, Hooks, Receiver
from tests.support.roles import as_owner


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def hooks(pool: asyncpg.Pool, clock: HeldClock) -> AsyncIterator[Hooks]:
    hooks = Hooks(pool, clock)
    await hooks.open()
    yield hooks
    await hooks.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver


async def test_signed_delivered_and_logged(hooks: Hooks, receiver: Receiver):
    webhook = await hooks.add(receiver.url)
    told = await hooks.tell(7)
    hooks.start()
    await hooks.drained()
    (got,) = receiver.got
    secret, now = hooks.secrets[webhook], hooks.clock.now().timestamp()
    assert verify(secret, got.headers["annul-signature"], got.body, now)
    assert not verify(new_secret(), got.headers["annul-signature"], got.body, now)
    assert got.headers["annul-event"] == "case.voided"
    assert got.headers["annul-case"] == "000000000007"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    (row,) = await hooks.log()
    assert (row["status"], row["attempt"], row["error"]) == (200, 1, "")
    assert str(row["delivery_id"]) == got.delivery
    assert (row["webhook_id"], row["notification_id"]) == (webhook, told)
    assert await hooks.delivered(told) == hooks.clock.now()
    assert not await hooks.incidents()


async def test_without_a_webhook_nothing_is_owed(hooks: Hooks, receiver: Receiver):
    await hooks.add(receiver.url, OTHER)
    told = await hooks.tell()
    hooks.start()
    await hooks.drained()
    assert await hooks.delivered(told)
    await hooks.add(receiver.url)  # one that comes later is told of what comes later
    await hooks.round()
    assert not receiver.got
    assert not await hooks.owed()


async def test_tried_again_after_growing_waits_under_the_same_id(hooks: Hooks, receiver: Receiver):
    receiver.answers = [500, 503, 404, 200]
    webhook = await hooks.add(receiver.url)
    told = await hooks.tell()
    hooks.start()
    for attempt, wait in enumerate((10, 20, 40), 1):
        await hooks.logged(attempt)
        (owed,) = await hooks.owed()
        assert owed["next_attempt_at"] - hooks.clock.now() == timedelta(seconds=wait)
        assert not await hooks.delivered(told)
        hooks.clock.forward(seconds=wait - 0.001)
        await hooks.round()
        assert len(receiver.got) == attempt  # not a moment too early
        hooks.clock.forward(seconds=0.001)
    await hooks.drained()
    assert [row["status"] for row in await hooks.log()] == [500, 503, 404, 200]
    assert [row["attempt"] for row in await hooks.log()] == [1, 2, 3, 4]
    assert len({got.delivery for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    signatures = {got.headers["annul-signature"] for got in receiver.got}
    assert len(signatures) == 4  # each is of its own time
    last, now = receiver.got[-1], hooks.clock.now().timestamp()
    assert verify(hooks.secrets[webhook], last.headers["annul-signature"], last.body, now)
    hooks.clock.forward(seconds=100_000)
    await hooks.round()
    assert len(receiver.got) == 4


async def test_tried_again_after_a_refused_connection(hooks: Hooks):
    receiver = Receiver(port=free_port())
    await hooks.add(receiver.url)
    hooks.start()
    await hooks.tell()
    waits = []
    for attempt in (1, 2, 3):
        await hooks.logged(attempt)
        (owed,) = await hooks.owed()
        waits.append((owed["next_attempt_at"] - hooks.clock.now()).total_seconds())
        hooks.clock.forward(seconds=waits[-1])
    assert waits == [10, 20, 40]
    await hooks.logged(4)
    async with receiver.listening():
        hooks.clock.forward(seconds=80)
        await hooks.drained()
    assert len(receiver.got) == 1
    log = await hooks.log()
    assert [row["status"] for row in log] == [None] * 4 + [200]
    assert all(row["error"].startswith("ConnectError") for row in log[:4])


async def test_never_again_to_the_one_that_has_it(hooks: Hooks, receiver: Receiver):
    fine, sick = await hooks.add(receiver.url), Receiver(answers=[500, 500, 200])
    async with sick.listening():
        await hooks.add(sick.url)
        told = await hooks.tell()
        hooks.start()
        for wait in (10, 20):
            await hooks.logged(len(await hooks.log()) + 1)
            await hooks.round()
            assert not await hooks.delivered(told)
            await hooks.at_rest()
            hooks.clock.forward(seconds=wait)
        await hooks.drained()
    assert (len(receiver.got), len(sick.got)) == (1, 3)
    assert receiver.got[0].delivery != sick.got[0].delivery
    assert await hooks.delivered(told)
    assert [row["webhook_id"] for row in await hooks.log()].count(fine) == 1


async def test_two_workers_never_send_the_same(hooks: Hooks, receiver: Receiver):
    await hooks.add(receiver.url)
    for number in range(200):
        await hooks.tell(number)
    first, second = hooks.start(), hooks.start()
    await hooks.drained()
    assert len(receiver.got) == 200
    assert len({got.delivery for got in receiver.got}) == 200
    assert {got.headers["annul-case"] for got in receiver.got} == {f"{n:012d}" for n in range(200)}
    assert first.counts.delivered + second.counts.delivered == 200
    assert first.counts.overtaken + second.counts.overtaken == 0
    assert not await hooks.pool.fetchval(
        "SELECT count(*) FROM notifications WHERE delivered_at IS NULL"
    )


async def test_two_workers_that_end_one_notification_both_see_it_delivered(
    hooks: Hooks, receiver: Receiver
):
    for _ in range(6):
        await hooks.add(receiver.url)
    for number in range(30):
        await hooks.tell(number)
    hooks.start()
    hooks.start()
    await hooks.drained()
    assert len(receiver.got) == 180
    assert not await hooks.pool.fetchval(
        "SELECT count(*) FROM notifications WHERE delivered_at IS NULL"
    )


async def test_a_dead_worker_gives_its_rows_back_by_time(hooks: Hooks, receiver: Receiver):
    receiver.held = asyncio.Event()
    await hooks.add(receiver.url)
    await hooks.tell()
    first = hooks.start()
    await hooks.until(lambda: _true(receiver.got))
    await first.stop(0.0)
    receiver.held.set()
    hooks.start()
    hooks.clock.forward(seconds=59)
    hooks.workers = hooks.workers[1:]
    await hooks.round()
    assert len(receiver.got) == 1
    hooks.clock.forward(seconds=1)
    await hooks.drained()
    assert [got.delivery for got in receiver.got] == [receiver.got[0].delivery] * 2
    assert [row["attempt"] for row in await hooks.log()] == [2]


async def _true(value: object) -> bool:
    return bool(value)


async def test_a_late_writer_changes_nothing(hooks: Hooks, receiver: Receiver):
    """One whose lease has passed to another logs its attempt and leaves the state alone."""
    receiver.held = asyncio.Event()
    receiver.answers = [500, 200]
    await hooks.add(receiver.url)
    await hooks.tell()
    first = hooks.start()
    await hooks.until(lambda: _true(receiver.got))
    assert first.worker._loop
    first.worker._loop.cancel()
    hooks.clock.forward(seconds=60)
    second = hooks.start()
    await hooks.until(lambda: _true(len(receiver.got) == 2))
    receiver.held.set()
    await hooks.logged(2)
    assert first.counts.overtaken == 1
    assert second.counts.delivered + second.counts.postponed == 1


async def test_in_the_end_an_incident_and_a_replay_that_closes_it(hooks: Hooks, receiver: Receiver):
    receiver.answers = [500]
    webhook = await hooks.add(receiver.url)
    told, began = await hooks.tell(9), hooks.clock.now()
    hooks.start()
    waits = []
    while not await hooks.incidents():
        await hooks.logged(len(waits) + 1)
        await hooks.at_rest()
        (owed,) = await hooks.owed()
        if owed["state"] == "owed":
            waits.append((owed["next_attempt_at"] - hooks.clock.now()).total_seconds())
            hooks.clock.forward(seconds=waits[-1])
        else:
            await hooks.until(hooks.incidents)
    assert hooks.clock.now() - began == timedelta(hours=24)  # with a last try at the end
    assert waits[:5] == [10, 20, 40, 80, 160]
    assert max(waits) == 4 * 3600
    (incident,) = await hooks.incidents()
    assert (incident["kind"], incident["merchant_id"]) == ("webhook_failed", MERCHANT)
    said = INCIDENTS["webhook_failed"].said(incident["params"], Reader())
    for part in (str(webhook), "000000000009", "HTTP 500", receiver.got[0].delivery):
        assert part in said
    assert incident["subject"] == receiver.got[0].delivery
    assert await hooks.delivered(told) is None
    sent = len(receiver.got)
    hooks.clock.forward(seconds=1_000_000)
    await hooks.round()
    assert len(receiver.got) == sent
    assert await hooks.workers[0].backlog() == 0
    # Sent again, it may fail once more and then arrive.
    receiver.answers = [500, 200]
    await hooks.pool.execute(
        "UPDATE webhook_outbox SET state = 'owed', since = $1, tries = 0, next_attempt_at = $1",
        hooks.clock.now(),
    )
    await hooks.logged(sent + 1)
    await hooks.at_rest()
    hooks.clock.forward(seconds=10)
    await hooks.drained()
    assert await hooks.delivered(told) == hooks.clock.now()
    (incident,) = await hooks.incidents()
    assert incident["closed_at"] == hooks.clock.now()
    assert len({got.delivery for got in receiver.got}) == 1


async def test_redirects_are_not_followed(hooks: Hooks, receiver: Receiver):
    receiver.answers = [302]
    await hooks.add(receiver.url)
    await hooks.tell()
    hooks.start()
    await hooks.logged(1)
    (row,) = await hooks.log()
    assert (row["status"], row["error"]) == (302, "redirects are not followed")
    assert len(receiver.got) == 1


async def test_a_slow_receiver_holds_up_nobody(hooks: Hooks, receiver: Receiver):
    slow = Receiver(held=asyncio.Event())
    assert slow.held
    async with slow.listening():
        await hooks.add(slow.url)
        await hooks.add(receiver.url, OTHER)
        for number in range(20):
            await hooks.tell(number)
        hooks.start(DeliveryPace(poll_s=0.01, concurrency=4, per_webhook=3))
        await hooks.until(lambda: _true(len(slow.got) == 3))
        await hooks.tell(99, OTHER)
        await hooks.until(lambda: _true(receiver.got))
        assert len(slow.got) == 3
        slow.held.set()
        await hooks.drained()
    assert len(slow.got) == 20
    assert slow.most == 3


async def test_a_receiver_that_never_answers_is_cut_off(hooks: Hooks):
    silent = Receiver(held=asyncio.Event())
    assert silent.held
    async with silent.listening():
        await hooks.add(silent.url)
        await hooks.tell()
        hooks.start(DeliveryPace(poll_s=0.01, timeout_s=0.1))
        await hooks.logged(1)
        silent.held.set()
    (row,) = await hooks.log()
    assert (row["status"], row["error"]) == (None, "no answer within 0.1 s")


async def test_a_receiver_that_drips_is_cut_off_as_a_whole(hooks: Hooks):
    """Each byte is within the time-out; all of them are not."""

    over = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        over.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        await hooks.add(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await hooks.tell()
        hooks.start(DeliveryPace(poll_s=0.01, timeout_s=0.1))
        await hooks.logged(1)
        assert (await hooks.log())[0]["error"] == "no answer within 0.1 s"
        await over.wait()


async def test_over_tls_to_the_judged_address_with_the_certificate_of_the_name(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shops = Authority(tmp_path)
    certificate, key = shops.issue("shop", ("shop.example",))
    monkeypatch.setenv("SSL_CERT_FILE", str(shops.file))

    async def lookup(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    receiver = Receiver()
    async with receiver.listening(certificate=certificate, key=key):
        await hooks.add(f"https://shop.example:{receiver.port}/annul")
        await hooks.add(f"https://other.example:{receiver.port}/annul", OTHER)
        await hooks.tell(1)
        await hooks.tell(2, OTHER)
        hooks.start(lookup=lookup)
        await hooks.logged(2)
    (got,) = receiver.got
    assert got.headers["host"] == f"shop.example:{receiver.port}"
    assert got.headers["annul-case"] == "000000000001"
    (refused,) = [row for row in await hooks.log() if row["status"] is None]
    assert "CERTIFICATE_VERIFY_FAILED" in refused["error"]
    assert refused["merchant_id"] == OTHER


async def test_a_name_that_points_to_metadata_is_never_connected_to(hooks: Hooks):
    async def lookup(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "169.254.169.254"]

    await hooks.add("https://shop.example/")
    await hooks.tell()
    hooks.start(lookup=lookup)
    await hooks.logged(1)
    (row,) = await hooks.log()
    assert (row["status"], row["error"]) == (None, "this address is refused")


async def test_who_is_bound_to_a_merchant_reaches_nothing_inside(hooks: Hooks, receiver: Receiver):
    async def lookup(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    await hooks.add(f"https://shop.example:{receiver.port}/", inside=False)
    await hooks.tell()
    hooks.start(lookup=lookup)
    await hooks.logged(1)
    assert [row["error"] for row in await hooks.log()] == ["this address is refused"]
    assert not receiver.got


async def test_a_name_that_there_is_not(hooks: Hooks):
    async def lookup(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    await hooks.add("https://shop.example/")
    await hooks.tell()
    hooks.start(lookup=lookup)
    await hooks.logged(1)
    assert "Name or service not known" in (await hooks.log())[0]["error"]


async def test_a_secret_that_does_not_open_is_told_too(hooks: Hooks, receiver: Receiver):
    await hooks.add(receiver.url)
    await hooks.tell()
    hooks.vault = Vault(bytes(range(32)))
    hooks.start()
    await hooks.logged(1)
    assert (await hooks.log())[0]["error"] == "not sent, by a fault of this host"
    assert not receiver.got


async def test_nothing_more_to_one_that_is_switched_off(hooks: Hooks, receiver: Receiver):
    receiver.answers = [500, 200]
    await hooks.add(receiver.url)
    told = await hooks.tell()
    hooks.start()
    await hooks.logged(1)
    await hooks.at_rest()
    await hooks.pool.execute("UPDATE webhooks SET active = false")
    hooks.clock.forward(seconds=10)
    await hooks.drained()
    assert len(receiver.got) == 1
    assert [row["state"] for row in await hooks.owed()] == ["dropped"]
    assert await hooks.delivered(told)


async def test_goes_on_when_the_database_was_away(hooks: Hooks, receiver: Receiver, database: str):
    await hooks.add(receiver.url)
    worker = hooks.start()
    await hooks.round()
    administrator = await asyncpg.connect(database)
    await administrator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await administrator.close()
    async with asyncio.timeout(10):
        while True:
            try:
                await hooks.tell()
                break
            except LOST:
                continue
    await hooks.until(lambda: _true(worker.counts.delivered))
    assert len(receiver.got) == 1


# Many rows of which few are due, so that the planner has something to plan for.
_MANY = """
    INSERT INTO notifications
    SELECT merchant_id, gen_random_uuid(), case_id, event, payload, created_at, 'infinity', now()
    FROM notifications, generate_series(1, 20000);
    INSERT INTO webhook_outbox (merchant_id, id, webhook_id, notification_id, state, since,
                                next_attempt_at)
    SELECT n.merchant_id, gen_random_uuid(), w.id, n.id, 'delivered', n.created_at, n.created_at
    FROM notifications n, webhooks w;
    INSERT INTO deliveries (merchant_id, id, webhook_id, notification_id, delivery_id, at, attempt,
                            took_ms)
    SELECT merchant_id, gen_random_uuid(), gen_random_uuid(), notification_id, id, since, 1, 1
    FROM webhook_outbox;
    ANALYZE;
"""


async def test_the_queries_use_their_indexes(hooks: Hooks, database: str):
    webhook = await hooks.add("https://shop.example/")
    await hooks.tell()
    now = hooks.clock.now()
    claim: dict[str, Any] = {"until": now, "webhooks": [], "under_way": [], "per_webhook": 8}
    page: dict[str, Any] = {"after_at": None, "after_id": None, "limit": 50}
    settle = _SQL["settle"](merchant=MERCHANT, notification=uuid4(), now=now)
    wanted: list[tuple[tuple[Any, ...], tuple[str, ...]]] = [
        (_SQL["spread"](now=now, limit=10), ("notifications_due",)),
        (_SQL["claim"](now=now, limit=10, **claim), ("webhook_outbox_due",)),
        (settle, ("webhook_outbox_notification_id",)),
        (views._SQL["log"](merchant=MERCHANT, webhook=webhook, **page), ("deliveries_of",)),
    ]
    administrator = await asyncpg.connect(as_owner(database))
    try:
        await administrator.execute(_MANY)
        for (sql, *values), indexes in wanted:
            rows = await administrator.fetch(f"EXPLAIN {sql}", *values)
            plan = "\n".join(row[0] for row in rows)
            for index in indexes:
                assert index in plan
            for table in ("notifications", "webhook_outbox", "deliveries"):
                assert f"Seq Scan on {table}" not in plan, plan
    finally:
        await administrator.close()


async def test_the_systems_resolver_is_asked():
    assert "127.0.0.1" in await outbound.look_up("127.0.0.1", 80)
