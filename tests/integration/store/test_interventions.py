"""Interventions in the database: once, by two where it takes two, and over by themselves."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.interventions import InForce, Intervention, InterventionKind
from annul.store import interventions
from tests.support.clock import NOON

_KIND = InterventionKind.REFUNDS_INSTEAD


@pytest.fixture
async def issuer(table_owner: asyncpg.Pool) -> str:
    await table_owner.execute(
        "INSERT INTO issuers (issuer_id, name_zh, name_en, host, port)"
        " VALUES ('00000101', '示例银行', 'Example Bank', '127.0.0.1', 1)"
    )
    return "00000101"


def _new(issuer: str, **changes: Any) -> Intervention:
    values: dict[str, Any] = {
        "id": uuid4(),
        "kind": _KIND,
        "valid_from": NOON,
        "valid_until": NOON + timedelta(hours=1),
        "issuer_id": issuer,
        "amount": 50_000,
        "set_by": "olga",
        "reason": "its voids fail",
    }
    return Intervention(**(values | changes))


async def _allowed(pool: asyncpg.Pool, issuer: str) -> int:
    return InForce(await interventions.in_force(pool, NOON)).refunds_up_to(issuer, NOON)


async def test_what_takes_two_is_in_force_once_another_one_has_confirmed(
    pool: asyncpg.Pool, issuer: str
) -> None:
    new = _new(issuer)
    version = await pool.fetchval("SELECT version FROM reference")
    assert await interventions.begin(pool, new, NOON)
    assert await _allowed(pool, issuer) == 0
    key = ("", new.id)
    assert not await interventions.confirm(pool, key, "olga", NOON)
    assert await _allowed(pool, issuer) == 0
    assert await interventions.confirm(pool, key, "otto", NOON)
    assert await _allowed(pool, issuer) == 50_000
    assert not await interventions.confirm(pool, key, "oleg", NOON), "once"
    assert await pool.fetchval("SELECT version FROM reference") == version + 2


async def test_the_database_refuses_one_person_for_both(pool: asyncpg.Pool, issuer: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="two"):
        await interventions.begin(pool, _new(issuer, confirmed_by="olga"), NOON)


async def test_a_proposal_that_is_over_is_not_confirmed(pool: asyncpg.Pool, issuer: str) -> None:
    new = _new(issuer)
    await interventions.begin(pool, new, NOON)
    late = new.valid_until
    assert not await interventions.confirm(pool, ("", new.id), "otto", late)
    assert not await interventions.end(pool, ("", new.id), "otto", late)


async def test_an_end_lets_what_waited_look_again(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, issuer: str
) -> None:
    later = NOON + timedelta(hours=1)
    for number, step in enumerate(("retries_paused", "wait_health", "wait_funds")):
        await table_owner.execute(
            "INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount,"
            " currency, card_masked, issuer_id, opened_at, due_at, first_due_at, next_action_at,"
            " step) VALUES ('898000058120000', $1, $2, '10000001', $3, 'void', 1, '156', '', $4,"
            " $5, $6, $6, $6, $7)",
            *(uuid4(), f"{number:012d}", uuid4(), issuer, NOON, later, step),
        )
    paused = _new(issuer, kind=InterventionKind.RETRIES_PAUSED, amount=0)
    await interventions.begin(pool, paused, NOON)
    await interventions.end(pool, ("", paused.id), "otto", NOON)
    rows = await pool.fetch("SELECT step, next_action_at FROM cases")
    assert {row["step"]: row["next_action_at"] for row in rows} == {
        "retries_paused": NOON,
        "wait_health": NOON,
        "wait_funds": later,
    }
