"""Whether an advice has helped: who may say it, once, for how long, and what is counted."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from annul.desk import advice
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid
from annul.desk.roles import ROLES, Scope, Visitor
from tests.support.failed_voids import case

from .people import NOW, audited, clock_of, person


@pytest.fixture
async def shops(desk: Desk, pool: asyncpg.Pool) -> list[tuple[str, str]]:
    assert desk
    rows = await pool.fetch("SELECT merchant_id, min(terminal_id) FROM terminals GROUP BY 1")
    return sorted(tuple(row) for row in rows)


@pytest.fixture
async def failed(pool: asyncpg.Pool, shops: list[tuple[str, str]]) -> UUID:
    return await case(pool, shops[0], NOW, cause="timeout", ended="")


async def test_a_cashier_says_it_once_and_may_change_it_for_a_day(
    desk: Desk, pool: asyncpg.Pool, shops: list[tuple[str, str]], failed: UUID
) -> None:
    mei = await person(desk, "cashier", shops[0][0])
    for helped in (True, False):
        said = await advice.answer(desk, mei, str(failed), helped=helped)
        assert said == (helped, NOW + timedelta(days=1))
        assert await advice.own(desk, mei, [failed]) == {failed: said}
    assert await advice.helped(desk) == [("timeout", "cashier", 0, 1)]
    clock_of(desk).forward(days=1)
    with pytest.raises(NotValid):
        await advice.answer(desk, mei, str(failed), helped=True)
    assert await advice.helped(desk) == [("timeout", "cashier", 0, 1)]
    kept = [row for row in await audited(pool) if row["action"] == "answer-advice"]
    assert [row["reason"] for row in kept] == ["the advice helped", "the advice did not help"]


async def test_each_person_counts_by_what_they_are(
    desk: Desk, shops: list[tuple[str, str]], failed: UUID
) -> None:
    for role, merchant, helped in (
        ("cashier", shops[0][0], True),
        ("merchant", shops[0][0], False),
        ("support", "", True),
    ):
        who = await person(desk, role, merchant)
        await advice.answer(desk, who, str(failed), helped=helped)
    assert await advice.helped(desk) == [
        ("timeout", "cashier", 1, 2),
        ("timeout", "support", 1, 1),
    ]


async def test_the_advice_is_that_of_the_cause_that_was_confirmed(
    desk: Desk, pool: asyncpg.Pool, shops: list[tuple[str, str]]
) -> None:
    sue = await person(desk, "support")
    confirmed = await case(pool, shops[0], NOW, cause="timeout", confirmed="issuer_link", ended="")
    unknown = await case(pool, shops[0], NOW, cause="", ended="")
    for one in (confirmed, unknown):
        await advice.answer(desk, sue, str(one), helped=True)
    assert {one.cause for one in await advice.helped(desk)} == {"issuer_link", "unknown"}


async def test_who_may_not(desk: Desk, shops: list[tuple[str, str]], failed: UUID) -> None:
    other = await person(desk, "cashier", shops[1][0])
    with pytest.raises(NothingThere):
        await advice.answer(desk, other, str(failed), helped=True)
    auditor = await person(desk, "auditor")
    program = Visitor("program", "", ROLES["support"] - {Scope.CASES_ACT})
    for who in (auditor, program):
        assert not advice.may_answer(who)
        with pytest.raises(NotAllowed):
            await advice.answer(desk, who, str(failed), helped=True)
    assert await advice.helped(desk) == []


async def test_a_program_passes_on_what_was_tapped_in_it_once_for_a_case(
    desk: Desk, shops: list[tuple[str, str]], failed: UUID
) -> None:
    scopes = frozenset({Scope.CASES_ACT})
    for who in (Visitor("app", "", scopes, shops[0][0]), Visitor("tool", "", scopes)):
        assert not advice.may_answer(who)
        for helped in (True, False):
            await advice.answer(desk, who, str(failed), helped=helped)
    assert await advice.helped(desk) == [
        ("timeout", "cashier", 0, 1),
        ("timeout", "support", 0, 1),
    ]
    other = Visitor("other", "", scopes, shops[1][0])
    with pytest.raises(NothingThere):
        await advice.answer(desk, other, str(failed), helped=True)


async def test_who_was_stopped_since_says_nothing(
    desk: Desk, pool: asyncpg.Pool, failed: UUID
) -> None:
    sue = await person(desk, "support")
    await pool.execute("UPDATE users SET active = false WHERE name = 'support'")
    with pytest.raises(NotAllowed):
        await advice.answer(desk, sue, str(failed), helped=True)


async def test_over_cells_it_is_kept_where_the_merchant_lives(
    wide: Desk, east: Desk, here_and_there: tuple[str, str]
) -> None:
    sue = await person(wide, "support")
    there = await case(east.pool, (here_and_there[1], "10000001"), NOW, cause="timeout", ended="")
    said = await advice.answer(wide, sue, str(there), helped=True)
    assert await wide.pool.fetchval("SELECT count(*) FROM advice_answers") == 0
    assert await east.pool.fetchval("SELECT count(*) FROM advice_answers") == 1
    assert await advice.own(wide, sue, [there]) == {there: said}
    assert await advice.helped(wide) == [("timeout", "support", 1, 1)]
