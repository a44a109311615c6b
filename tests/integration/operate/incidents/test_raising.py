"""What annul sees of itself and of its issuers is raised while it lasts, once."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest

from annul.operate.incidents.raising import Limits, Raising
from tests.support.clock import HeldClock
from tests.support.rows import put, put_case, put_transaction

from .conftest import ISSUER, SHOP

_LIMITS: Final = Limits(owed=3, owed_for=timedelta(seconds=60), sign_ins=4)
_OPEN: Final = "SELECT kind, subject, params FROM incidents WHERE closed_at IS NULL ORDER BY kind"


@pytest.fixture
async def raising(seeded: asyncpg.Pool, clock: HeldClock) -> Raising:
    row = {"name_zh": "示例银行", "name_en": "Example Bank", "host": "127.0.0.1", "port": 1}
    await put(seeded, "issuers", {"issuer_id": ISSUER, "timeout_ms": 1000} | row)
    return Raising(seeded, clock, limits=_LIMITS)


async def _open(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await pool.fetch(_OPEN)]


async def _link(pool: asyncpg.Pool, at: datetime, *, up: bool, health: str = "up") -> None:
    await pool.execute("DELETE FROM issuer_stats")
    await pool.execute(
        "INSERT INTO issuer_links (issuer_id, node, up, trouble, health, odd, at)"
        " VALUES ($1, 1, $2, '', $3, '{}', $4) ON CONFLICT (issuer_id, node) DO UPDATE"
        " SET up = $2, health = $3, at = $4",
        ISSUER,
        up,
        health,
        at,
    )


async def test_an_issuer_in_trouble_is_raised_while_it_is(
    raising: Raising, seeded: asyncpg.Pool, clock: HeldClock
) -> None:
    await raising.run()
    assert await _open(seeded) == []
    for how, up, health in (("line", False, "up"), ("down", True, "down")):
        await _link(seeded, clock.now(), up=up, health=health)
        await raising.run()
        await raising.run()
        params = {"issuer": ISSUER, "how": how}
        assert await _open(seeded) == [("issuer_in_trouble", ISSUER, params)]
        await _link(seeded, clock.now(), up=True)
        await raising.run()
        assert await _open(seeded) == []
    await _link(seeded, clock.now(), up=False)
    await seeded.execute("UPDATE issuers SET active = false")
    await raising.run()
    assert await _open(seeded) == []


async def test_an_open_circuit_is_raised_while_cases_wait_behind_it(
    raising: Raising, seeded: asyncpg.Pool, clock: HeldClock
) -> None:
    row = {"issuer_id": ISSUER, "failures": 3, "open": True, "next_probe_at": clock.now()}
    await put(seeded, "circuits", row)
    await raising.run()
    assert await _open(seeded) == []
    await put_case(seeded, merchant_id=SHOP, issuer_id=ISSUER)
    await raising.run()
    params = {"issuer": ISSUER, "cases": 1, "probe_at": clock.now().isoformat()}
    assert await _open(seeded) == [("circuit_open", ISSUER, params)]
    await seeded.execute("UPDATE circuits SET open = false")
    await raising.run()
    assert await _open(seeded) == []


async def test_a_full_outbox_is_raised_once_it_is_long_and_old(
    raising: Raising, seeded: asyncpg.Pool, clock: HeldClock
) -> None:
    since = clock.now()
    row: dict[str, Any] = {}
    for trace in range(3):
        sold = await put_transaction(seeded, trace, issuer_id=ISSUER)
        row = {
            "merchant_id": SHOP, "id": uuid4(), "transaction_id": sold.id, "original_id": sold.id,
            "kind": "reversal", "issuer_id": ISSUER, "card_hash": b"", "reason": "",
            "next_attempt_at": since, "created_at": since,
        }  # fmt: skip
        await put(seeded, "outbox", row)
    await raising.run()
    assert await _open(seeded) == []
    clock.forward(minutes=1)
    await raising.run()
    params = {"issuer": ISSUER, "count": 3, "since": since.isoformat()}
    assert await _open(seeded) == [("outbox_full", ISSUER, params)]
    await seeded.execute("UPDATE outbox SET pending = false WHERE id = $1", row["id"])
    await raising.run()
    assert await _open(seeded) == []


async def test_refused_sign_ins_in_number_are_raised(
    raising: Raising, seeded: asyncpg.Pool, clock: HeldClock
) -> None:
    for name in ("li", "wang"):
        user = {"name": name, "password_hash": "", "role": "support", "one_time": False}
        await put(seeded, "users", user | {"created_at": clock.now()})
        row = {"name": name, "address": "203.0.113.7", "failures": 2, "tried_at": clock.now()}
        await put(seeded, "sign_in_tries", row)
    await raising.run()
    params = {"count": 4, "names": 2, "addresses": 1}
    assert await _open(seeded) == [("sign_ins_refused", "console", params)]
    clock.forward(minutes=10)
    await raising.run()
    assert await _open(seeded) == []
