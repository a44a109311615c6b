"""What proves a task: what this person did since, and nothing else."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.operate.training.checks import CHECKS, is_possible, proof
from annul.operate.training.here import courses_here
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import NOON
from tests.support.rows import put, put_case, put_transaction

_SHOP = {"merchant_id": "898000058120000", "terminal_id": "10000001"}
_TILL = "terminal 898000058120000 10000001"
_MINUTE = timedelta(minutes=1)
_GIVEN = "300000000009"
_CASE = "300000000777"
Act = Callable[[asyncpg.Pool, str], Awaitable[None]]


async def audited(
    pool: asyncpg.Pool, who: str, action: str, thing: str, at: datetime = NOON, **detail: Any
) -> None:
    row = {"id": uuid7(), "at": at, "who": who, "role": "", "action": action, "object": thing}
    await put(pool, "audit", row | {"reason": "", "detail": detail})


async def at_till(pool: asyncpg.Pool, who: str, kind: str, voucher: str = "") -> None:
    told = {"kind": kind, "amount": 10_000, "batch": "000001", "voucher": voucher}
    await audited(pool, who, "till", _TILL, **told)


async def sale(pool: asyncpg.Pool, state: State = State.APPROVED, at: datetime = NOON) -> UUID:
    return (await put_transaction(pool, 8, state=state, received_at=at, **_SHOP)).id


async def undone(
    pool: asyncpg.Pool,
    original: UUID,
    kind: str,
    at: datetime = NOON,
    state: State = State.APPROVED,
) -> Transaction:
    more = {"kind": kind, "state": state, "original_id": original, "received_at": at}
    return await put_transaction(pool, 9, rrn=_GIVEN, **more, **_SHOP)


# What each check is about, done by somebody at noon ----------------------------------------------


async def _sold(pool: asyncpg.Pool, who: str) -> None:
    await at_till(pool, who, "sale")
    await sale(pool)


async def _voided(pool: asyncpg.Pool, who: str) -> None:
    original = await sale(pool, State.VOIDED, NOON - _MINUTE)
    await at_till(pool, who, "void", "000008")
    await undone(pool, original, "void")


async def _refunded(pool: asyncpg.Pool, who: str) -> None:
    original = await sale(pool, State.REFUNDED, NOON - _MINUTE)
    await settled(pool, NOON - _MINUTE / 2)
    await at_till(pool, who, "refund", "000008")
    await undone(pool, original, "refund")


async def settled(pool: asyncpg.Pool, at: datetime) -> None:
    sums = dict.fromkeys(("debit_amount", "debit_count", "credit_amount", "credit_count"), 0)
    row = _SHOP | {"batch": "000001", "settled_at": at, "balanced": True, "claimed": ""}
    await put(pool, "batches", row | sums)


async def _failed(pool: asyncpg.Pool, who: str, ended: str = "") -> UUID:
    original = await sale(pool, at=NOON - _MINUTE)
    await at_till(pool, who, "void", "000008")
    void = await undone(pool, original, "void", state=State.DECLINED)
    over = {"ended": ended, "ended_at": NOON} if ended else {}
    more: dict[str, Any] = {"original_id": original, "opened_at": NOON, "number": _CASE}
    return (await put_case(pool, id=void.id, **more, **over, **_SHOP)).id


async def _told(pool: asyncpg.Pool, who: str) -> None:
    case = await _failed(pool, who, ended="refunded")
    row = _SHOP | {"id": uuid7(), "case_id": case, "text": "", "created_at": NOON}
    await put(pool, "notices", row | {"delivered_at": NOON + _MINUTE})


def _act(action: str) -> Act:
    async def do(pool: asyncpg.Pool, who: str) -> None:
        await audited(pool, who, action, "thing 1")

    return do


def _after(action: str) -> Act:
    async def do(pool: asyncpg.Pool, who: str) -> None:
        await audited(pool, who, "read-case", "case 1", NOON - _MINUTE)
        await audited(pool, who, action, "case 1")

    return do


async def _order(pool: asyncpg.Pool, asked: str, decided: str) -> None:
    what = {"merchant_id": _SHOP["merchant_id"], "id": uuid7(), "act": "void", "amount": 200_000}
    how = {"reason": "asked", "state": "approved", "asked_by": asked, "asked_at": NOON}
    await put(pool, "orders", what | how | {"decided_by": decided, "decided_at": NOON})


async def _approved(pool: asyncpg.Pool, who: str) -> None:
    await _order(pool, who, "a colleague")


async def _decided(pool: asyncpg.Pool, who: str) -> None:
    await _order(pool, "a colleague", who)


DONE: dict[str, Act] = {
    "sold": _sold,
    "voided": _voided,
    "slip_read": _voided,
    "refunded": _refunded,
    "void_failed": lambda pool, who: _none(_failed(pool, who)),
    "case_named": lambda pool, who: _none(_failed(pool, who)),
    "told": _told,
    "approved_by_another": _approved,
    "approved_of_another": _decided,
    **{
        name: (_after if check.query == "acted_after" else _act)(check.actions[0])
        for name, check in CHECKS.items()
        if check.actions
    },
}
GIVEN = {"slip_read": _GIVEN, "case_named": _CASE}
_BOOKED = [name for name in CHECKS if name != "playbook_run"]


async def _none(done: Awaitable[object]) -> None:
    await done


@pytest.fixture(autouse=True)
async def _seeded(pool: asyncpg.Pool) -> None:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=2))


def test_every_check_is_tried_here() -> None:
    assert set(DONE) == set(_BOOKED)


@pytest.mark.parametrize("name", _BOOKED)
async def test_what_a_person_did_since_then_proves_it(pool: asyncpg.Pool, name: str) -> None:
    given = GIVEN.get(name, "")
    assert await proof(pool, name, "mei", NOON, given) is None, "nothing is done yet"
    await DONE[name](pool, "mei")
    found = await proof(pool, name, "mei", NOON, given)
    assert found is not None
    assert found["at"] >= NOON
    said = CHECKS[name].proof
    assert said.en.format(**found) != said.en
    assert await proof(pool, name, "li", NOON, given) is None, "somebody else has not"
    later = await proof(pool, name, "mei", NOON + _MINUTE / 60, given)
    assert later is None, "it was done before"


@pytest.mark.parametrize("name", sorted(GIVEN))
async def test_what_is_typed_in_has_to_be_true(pool: asyncpg.Pool, name: str) -> None:
    await DONE[name](pool, "mei")
    assert await proof(pool, name, "mei", NOON, f" {GIVEN[name]} ") is not None
    assert await proof(pool, name, "mei", NOON, "300000000008") is None


async def test_a_sale_that_was_declined_proves_nothing(pool: asyncpg.Pool) -> None:
    await at_till(pool, "mei", "sale")
    await sale(pool, State.DECLINED)
    assert await proof(pool, "sold", "mei", NOON) is None


async def test_a_void_of_another_voucher_proves_nothing(pool: asyncpg.Pool) -> None:
    original = await sale(pool, State.VOIDED, NOON - _MINUTE)
    await at_till(pool, "mei", "void", "000007")
    await undone(pool, original, "void")
    assert await proof(pool, "voided", "mei", NOON) is None


async def test_a_sale_that_was_voided_before_proves_nothing(pool: asyncpg.Pool) -> None:
    original = await sale(pool, State.VOIDED, NOON - 2 * _MINUTE)
    await undone(pool, original, "void", NOON - _MINUTE)
    await at_till(pool, "mei", "void", "000008")
    assert await proof(pool, "voided", "mei", NOON) is None


async def test_a_void_that_failed_is_not_one_that_went_through(pool: asyncpg.Pool) -> None:
    await _failed(pool, "mei")
    for name in ("voided", "told"):
        assert await proof(pool, name, "mei", NOON) is None, name


async def test_a_refund_counts_once_the_batch_is_settled(pool: asyncpg.Pool) -> None:
    original = await sale(pool, State.REFUNDED, NOON - _MINUTE)
    await at_till(pool, "mei", "refund", "000008")
    await undone(pool, original, "refund")
    assert await proof(pool, "refunded", "mei", NOON) is None
    await settled(pool, NOON + _MINUTE)
    assert await proof(pool, "refunded", "mei", NOON) is None, "it came before the settlement"


async def test_a_case_that_nobody_opened_is_not_acted_on(pool: asyncpg.Pool) -> None:
    await audited(pool, "mei", "note", "case 1")
    await audited(pool, "li", "read-case", "case 1", NOON - _MINUTE)
    assert await proof(pool, "case_noted", "mei", NOON) is None


async def test_a_playbook_counts_once_it_has_ended(pool: asyncpg.Pool) -> None:
    assert await is_possible(pool, "playbook_run")
    what = {"id": uuid7(), "number": "P1", "playbook": "issuer_down", "version": 1, "given": {}}
    begun = {"started_by": "mei", "started_at": NOON, "reason": "practice", "since": NOON}
    await put(pool, "playbook_runs", what | begun | {"state": "running", "next_at": NOON})
    assert await proof(pool, "playbook_run", "mei", NOON) is None
    await pool.execute("UPDATE playbook_runs SET state = 'done', ended_at = $1", NOON)
    found = await proof(pool, "playbook_run", "mei", NOON)
    assert found == {"at": NOON, "number": "P1", "object": "issuer_down"}
    assert await proof(pool, "playbook_run", "li", NOON) is None
    assert await proof(pool, "playbook_run", "mei", NOON + _MINUTE) is None


async def test_what_asks_for_a_table_that_is_not_there_is_left_out(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    assert "run_playbook" in (await courses_here(pool))["operator"].tasks
    await table_owner.execute("DROP TABLE playbook_runs CASCADE")
    assert not await is_possible(pool, "playbook_run")
    assert await proof(pool, "playbook_run", "mei", NOON) is None
    left = (await courses_here(pool))["operator"]
    assert "run_playbook" not in left.tasks
    assert "note_incident" in left.tasks
