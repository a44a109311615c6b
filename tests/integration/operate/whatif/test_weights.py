"""A changed weight tried on kept diagnoses: which cases would be named otherwise, and if right."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from annul.diagnose.facts import Fact, Facts
from annul.diagnose.rank import rank
from annul.operate.whatif.weights import Named, NoSuchWeight, Ranked, replay
from tests.support.failed_voids import case, shops

_NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)
_SPAN = (_NOON - timedelta(days=1), _NOON + timedelta(days=1))
_FACTS = Facts(
    {
        name: Fact(value, "test")
        for name, value in {
            "void.code": "05",
            "void.sent": "answered",
            "original.state": "approved",
            "original.same_card": True,
        }.items()
    }
)
_FIRST, _SECOND = (one.cause.name for one in rank(_FACTS)[:2])
_WEIGHT = (_SECOND, "code:05", 9.0)


async def _diagnosed(
    pool: asyncpg.Pool, shop: tuple[str, str], confirmed: str = "", at: datetime = _NOON
) -> str:
    identity = await case(pool, shop, at, confirmed=confirmed)
    for line, facts in enumerate((Facts({}), _FACTS), 1):
        event = {"what": "diagnosed", "evidence": {"facts": facts.as_json()}}
        body = json.dumps(event, separators=(",", ":"))
        await pool.execute(
            "INSERT INTO case_events (merchant_id, case_id, line, body, hash)"
            " VALUES ($1, $2, $3, $4, '')",
            shop[0],
            identity,
            line,
            body,
        )
    return str(identity)


async def _replayed(
    pool: asyncpg.Pool, weight: tuple[str, str, float]
) -> tuple[list[Named], Ranked]:
    ranked = Ranked()
    return [one async for one in replay(pool, _SPAN, weight, ranked)], ranked


async def test_each_case_that_would_be_named_otherwise(pool: asyncpg.Pool) -> None:
    shop, _ = await shops(pool)
    right = await _diagnosed(pool, shop, _SECOND)
    wrong = await _diagnosed(pool, shop, _FIRST)
    open_ = await _diagnosed(pool, shop)
    await _diagnosed(pool, shop, at=_NOON - timedelta(days=3))
    await case(pool, shop, _NOON)  # was never diagnosed
    assert rank(_FACTS, {_WEIGHT[:2]: 9.0})[0].cause.name == _SECOND, "so much is enough"
    found, ranked = await _replayed(pool, _WEIGHT)
    assert {one.number for one in found} == {right, wrong, open_}
    assert {(one.before, one.after) for one in found} == {(_FIRST, _SECOND)}
    assert ranked == Ranked(cases=3, differ=3, right_now=1, right_before=1)


async def test_a_weight_that_changes_no_order_changes_nothing(pool: asyncpg.Pool) -> None:
    shop, _ = await shops(pool)
    await _diagnosed(pool, shop)
    assert await _replayed(pool, (_FIRST, "code:05", 1.0)) == ([], Ranked(cases=1))


async def test_what_is_no_cause_is_said(pool: asyncpg.Pool) -> None:
    with pytest.raises(NoSuchWeight):
        await _replayed(pool, ("weather", "code:05", 1.0))
