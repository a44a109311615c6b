"""What stands around a case: names, the limit, and how others fared at its issuer then."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.desk.surroundings import _SQL, SPAN, around
from tests.support.rows import put, put_case
from tests.support.situations import OPENED

from .people import ISSUER

_SLOT = {
    "issuer_id": ISSUER, "node": 1, "silent": 0, "not_sent": 0, "late": 0, "faults": 0,
    "link_drops": 0, "garbled": 0, "voids": 0, "void_approvals": 0, "latencies": [0] * 16,
    "tail": [],
}  # fmt: skip


async def _answers(pool: asyncpg.Pool, minutes: int, approvals: int, codes: dict[str, int]) -> None:
    slot = OPENED + timedelta(minutes=minutes)
    counted = {"requests": sum(codes.values()), "approvals": approvals, "codes": codes}
    await put(pool, "issuer_stats", _SLOT | {"slot": slot} | counted)


async def test_the_others_are_counted_and_named_around_the_time_of_the_case(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    case = await put_case(pool)
    early = await put_case(pool, opened_at=OPENED - timedelta(minutes=9))
    late = await put_case(pool, opened_at=OPENED + timedelta(minutes=9))
    await put_case(pool, opened_at=OPENED + SPAN + timedelta(seconds=1))
    await put_case(pool, issuer_id="00000202")
    await _answers(pool, -10, 3, {"00": 3, "96": 1})
    await _answers(pool, 5, 0, {"96": 6})
    await _answers(pool, 40, 9, {"00": 9})
    near = await around(desk, boss, case, "96")
    assert near.others is not None
    answers = dict(near.others.answers)
    assert answers.pop("approved_at") == OPENED - timedelta(minutes=10)
    assert answers == {"requests": 10, "approvals": 3, "silent": 0, "same_code": 7}
    named = [(one["number"], one["many"]) for one in near.others.alike]
    assert named == [(early.number, 2), (late.number, 2)]
    assert near.dual_from == 100_000
    assert near.issuer["en"] == "Example Bank"
    assert near.merchant["zh"]


async def test_who_sees_one_merchant_is_told_nothing_of_others(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    case = await put_case(pool)
    shop = replace(boss, merchant_id=case.merchant_id)
    assert (await around(desk, shop, case, "96")).others is None


async def test_nobody_else_asked_and_an_issuer_that_is_not_known(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    alone = await around(desk, boss, await put_case(pool), "")
    assert alone.others is not None
    assert (alone.others.answers["requests"], list(alone.others.alike)) == (0, [])
    none = await around(desk, boss, await put_case(pool, issuer_id=""), "")
    assert none.others is None
    gone = await around(desk, boss, await put_case(pool, merchant_id="898000000000999"), "")
    assert gone.merchant["en"] == "898000000000999"


@pytest.mark.parametrize("index", ["cases_opened"])
async def test_cases_of_the_time_are_found_by_index(pool: asyncpg.Pool, index: str) -> None:
    await pool.execute(
        "INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount,"
        " currency, card_masked, issuer_id, opened_at, due_at, first_due_at, next_action_at,"
        " ended, ended_at) SELECT '898000058120000', gen_random_uuid(), n::text, '10000001',"
        " gen_random_uuid(), 'void', 1, '156', '620001******0007', $1, at, at, at, at, 'voided', at"
        " FROM generate_series(1, 20000) n,"
        " LATERAL (SELECT $2::timestamptz - n * interval '1 min') t (at)",
        ISSUER,
        OPENED,
    )
    await pool.execute("ANALYZE cases")
    near = {"issuer": ISSUER, "since": OPENED - 2 * SPAN, "until": OPENED - SPAN}
    query, *given = _SQL["alike"](case=uuid4(), limit=5, **near)
    plan = await pool.fetch(f"EXPLAIN {query}", *given)
    assert any(index in row[0] for row in plan), plan
