"""A changed rule tried on answered voids: what is said otherwise, and what the issuer said."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.policies import PolicyKind
from annul.operate.whatif.policies import Differs, Tried, changed, known, replay
from tests.support.failed_voids import shops

_ISSUER = "00000101"
_NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)
_SPAN = (_NOON - timedelta(days=1), _NOON + timedelta(days=1))


@pytest.fixture(autouse=True)
async def _known(pool: asyncpg.Pool) -> None:
    """Let the issuer be there."""
    await shops(pool)


async def _answered(pool: asyncpg.Pool, amount: int, **more: Any) -> None:
    given = {
        "issuer": _ISSUER, "at": _NOON, "role": "void", "age_s": 60, "place": 1, "since_s": None,
        "ok": True, "code": "00",
    } | more  # fmt: skip
    await pool.execute(
        "INSERT INTO void_samples (merchant_id, id, issuer_id, prefix, role, at, amount, age_s,"
        " place, since_s, minute, ok, code)"
        " VALUES ('898', $1, $2, '620001', $3, $4, $5, $6, $7, $8, 0, $9, $10)",
        uuid4(),
        given["issuer"],
        given["role"],
        given["at"],
        amount,
        given["age_s"],
        given["place"],
        given["since_s"],
        given["ok"],
        given["code"],
    )


async def _policy(pool: asyncpg.Pool, kind: PolicyKind, number: int, **more: Any) -> None:
    await pool.execute(
        "INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, note, set_by,"
        " set_at) VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, '', 'test', now())",
        _ISSUER,
        kind,
        number,
        more.get("valid_from", _NOON - timedelta(days=9)),
        more.get("valid_until"),
    )


async def _replayed(
    pool: asyncpg.Pool, kind: PolicyKind, number: int | None
) -> tuple[list[Differs], Tried]:
    tried = Tried()
    after = changed(await known(pool, _ISSUER), kind, number)
    found = [one async for one in replay(pool, _ISSUER, _SPAN, after, tried)]
    return found, tried


async def test_a_stricter_rule_catches_and_what_the_issuer_said_of_it(pool: asyncpg.Pool) -> None:
    await _policy(pool, PolicyKind.VOID_AMOUNT_LIMIT, 500_00)
    await _answered(pool, 600_00, ok=False, code="61")  # by either rule
    await _answered(pool, 300_00, ok=False, code="61")
    await _answered(pool, 250_00)
    await _answered(pool, 100_00)
    await _answered(pool, 300_00, role="refund")
    await _answered(pool, 300_00, issuer="00000102")
    await _answered(pool, 300_00, at=_NOON - timedelta(days=3))
    found, tried = await _replayed(pool, PolicyKind.VOID_AMOUNT_LIMIT, 200_00)
    said = sorted((one.amount, one.approved, one.before, one.after) for one in found)
    assert said == [
        (250_00, True, "", "void_amount_limit"),
        (300_00, False, "", "void_amount_limit"),
    ]
    assert tried == Tried(voids=4, caught_approved=1, caught_refused=1)


async def test_without_the_rule_they_are_free(pool: asyncpg.Pool) -> None:
    await _policy(pool, PolicyKind.VOIDS_PER_DAY, 2)
    await _answered(pool, 1, place=3, ok=False, code="65")
    await _answered(pool, 1, place=2)
    await _answered(pool, 1, place=None)
    found, tried = await _replayed(pool, PolicyKind.VOIDS_PER_DAY, None)
    assert [(one.before, one.after, one.code) for one in found] == [("voids_per_day", "", "65")]
    assert tried == Tried(voids=3, freed_refused=1)


async def test_rules_count_when_they_were_in_force(pool: asyncpg.Pool) -> None:
    ends = _NOON - timedelta(hours=1)
    await _policy(pool, PolicyKind.VOID_WINDOW, 30, valid_until=ends)
    for hours in (-2, 0):
        await _answered(pool, 1, at=_NOON + timedelta(hours=hours), ok=False, code="57")
    found, tried = await _replayed(pool, PolicyKind.VOID_WINDOW, 30)
    assert [one.at for one in found] == [_NOON], "before, the old rule had said so as well"
    assert tried.caught_refused == 1


async def test_another_rule_may_come_first(pool: asyncpg.Pool) -> None:
    await _policy(pool, PolicyKind.VOID_WINDOW, 30)
    await _answered(pool, 900_00, ok=False, code="57")
    found, tried = await _replayed(pool, PolicyKind.VOID_AMOUNT_LIMIT, 500_00)
    assert [(one.before, one.after) for one in found] == [("void_window", "void_amount_limit")]
    assert tried.others == 1


@pytest.mark.parametrize("kind", list(PolicyKind))
async def test_nothing_is_changed(pool: asyncpg.Pool, kind: PolicyKind) -> None:
    await _answered(pool, 1)
    before = await pool.fetchval("SELECT count(*) FROM policies")
    await _replayed(pool, kind, 0)
    assert await pool.fetchval("SELECT count(*) FROM policies") == before
