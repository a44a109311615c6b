"""What people do at a step: once, in turn, by whom it allows, by two where it takes two."""

import asyncio
from typing import Any

import asyncpg
import pytest

from annul.desk import playbook_acts as acts
from annul.desk import playbooks
from annul.desk.permission import NotAllowed, ReasonNeeded
from annul.desk.roles import Visitor
from annul.operate.playbooks.by_people import NoAnswer
from annul.operate.playbooks.running import Runner
from annul.operate.playbooks.starting import AlreadyRuns, NotGiven
from annul.operate.playbooks.stepping import NotNow
from annul.resolve.second_person import SecondPersonNeeded
from tests.support.playbook_texts import ask, playbook, step
from tests.support.playing import ISSUER, Scene, somebody

_REFUNDS = step(
    "refunds",
    "act",
    'do = "allow_refunds"',
    'args = { issuer = "{issuer}", minutes = 60, amount = "{answer.sum}" }',
    "undo = true",
)
_SUM = step("sum", "ask", 'takes = "amount"')
_DUAL = playbook(_SUM, _REFUNDS)
_CIRCUIT = step(
    "circuit",
    "act",
    'do = "open_circuit"',
    'args = { issuer = "{issuer}", minutes = "{answer.minutes}" }',
    "undo = true",
)


@pytest.fixture
async def third(scene: Scene) -> Visitor:
    return await somebody(scene, "support")


async def _run(scene: Scene, who: Visitor, text: str) -> str:
    await acts.write(scene.desk, who, text, "wanted")
    return await acts.start(scene.desk, who, "plan", {"issuer": ISSUER}, "it is so")


async def _journal(scene: Scene) -> list[tuple[str, str, str, str]]:
    rows = await scene.pool.fetch("SELECT * FROM playbook_steps ORDER BY seq")
    return [(row["step"], row["state"], row["who"], row["confirmed_by"]) for row in rows]


async def _at_the_act(scene: Scene, who: Visitor) -> str:
    number = await _run(scene, who, _DUAL)
    await acts.answer(scene.desk, who, number, "sum", 5_000)
    return number


async def test_an_act_of_two_takes_two_people(
    scene: Scene, first: Visitor, second: Visitor
) -> None:
    number = await _at_the_act(scene, first)
    with pytest.raises(NotNow):
        await acts.do(scene.desk, first, number, "refunds")
    with pytest.raises(NotNow):
        await acts.confirm(scene.desk, second, number, "refunds")
    await acts.propose(scene.desk, first, number, "refunds", "customers wait")
    await acts.propose(scene.desk, first, number, "refunds", "customers wait")
    with pytest.raises(NotNow):
        await acts.propose(scene.desk, second, number, "refunds", "customers wait")
    assert not await scene.pool.fetchval("SELECT count(*) FROM interventions")
    with pytest.raises(SecondPersonNeeded):
        await acts.confirm(scene.desk, first, number, "refunds")
    await acts.confirm(scene.desk, second, number, "refunds")
    await acts.confirm(scene.desk, second, number, "refunds")
    row = await scene.pool.fetchrow("SELECT set_by, confirmed_by, amount FROM interventions")
    assert row is not None
    assert tuple(row) == (first.name, second.name, 5_000)
    assert await _journal(scene) == [
        ("sum", "done", first.name, ""),
        ("refunds", "proposed", first.name, ""),
        ("refunds", "done", first.name, second.name),
    ]


async def test_the_database_refuses_the_same_person_as_well(
    scene: Scene, first: Visitor, table_owner: asyncpg.Pool
) -> None:
    await _at_the_act(scene, first)
    line = (
        "INSERT INTO playbook_steps (run_id, merchant_id, seq, step, state, at, who, dual, "
        "confirmed_by) SELECT id, merchant_id, 9, 'refunds', 'done', now(), 'ann', true, $1 "
        "FROM playbook_runs"
    )
    for confirmed_by in ("ann", ""):
        with pytest.raises(asyncpg.CheckViolationError):
            await table_owner.execute(line, confirmed_by)
    await table_owner.execute(line, "ben")


async def test_two_who_confirm_at_once_do_it_once(
    scene: Scene, first: Visitor, second: Visitor
) -> None:
    number = await _at_the_act(scene, first)
    await acts.propose(scene.desk, first, number, "refunds", "customers wait")
    await asyncio.gather(*(acts.confirm(scene.desk, second, number, "refunds") for _ in range(4)))
    assert await scene.pool.fetchval("SELECT count(*) FROM interventions") == 1
    assert len(await _journal(scene)) == 3


async def test_a_step_takes_its_own_right_and_a_run_that_of_incidents(
    scene: Scene, first: Visitor, second: Visitor, third: Visitor
) -> None:
    reader = await somebody(scene, "auditor")
    with pytest.raises(NotAllowed):
        await acts.write(scene.desk, second, _DUAL, "wanted")
    number = await _run(scene, first, _DUAL)
    with pytest.raises(NotAllowed):
        await acts.answer(scene.desk, reader, number, "sum", 5_000)
    await acts.answer(scene.desk, third, number, "sum", 5_000)
    with pytest.raises(NotAllowed):
        await acts.propose(scene.desk, third, number, "refunds", "customers wait")
    with pytest.raises(NotAllowed):
        await acts.start(scene.desk, reader, "issuer_down", {"issuer": ISSUER}, "it is so")
    await acts.propose(scene.desk, second, number, "refunds", "customers wait")
    await acts.confirm(scene.desk, first, number, "refunds")
    with pytest.raises(NotAllowed):  # who may not do it may not undo it
        await acts.undo(scene.desk, third, number, "all is well")


@pytest.mark.parametrize(
    ("lines", "wrong", "right"),
    [
        ("choices = { yes = { zh = '是', en = 'y' }, no = { zh = '否', en = 'n' } }", "x", "yes"),
        ('takes = "number"', "-5", "5"),
        ('takes = "number"', "five", 5),
        ('takes = "amount"', 0, 100),
        ('takes = "text"', " ", "A-1"),
        ('takes = "text"', "{issuer}", "A-1"),
    ],
)
async def test_an_answer_is_what_the_step_takes(
    scene: Scene, first: Visitor, lines: str, wrong: Any, right: Any
) -> None:
    number = await _run(scene, first, playbook(step("q", "ask", lines)))
    with pytest.raises(NoAnswer):
        await acts.answer(scene.desk, first, number, "q", wrong)
    await acts.answer(scene.desk, first, number, "q", right)
    await acts.answer(scene.desk, first, number, "q", right)
    assert (await playbooks.run(scene.desk, first, number))["state"] == "done"
    assert len(await _journal(scene)) == 1


async def test_nobody_acts_out_of_turn(scene: Scene, first: Visitor) -> None:
    number = await _run(scene, first, playbook(ask("a", "x", "y"), ask("b", "x", "y")))
    for act in (
        acts.answer(scene.desk, first, number, "b", "x"),
        acts.skip(scene.desk, first, number, "b", "not needed"),
        acts.do(scene.desk, first, number, "a"),
        acts.propose(scene.desk, first, number, "a", "why not"),
    ):
        with pytest.raises(NotNow):
            await act
    with pytest.raises(ReasonNeeded):
        await acts.skip(scene.desk, first, number, "a", " ")
    await acts.skip(scene.desk, first, number, "a", "not needed")
    await acts.answer(scene.desk, first, number, "b", "x")
    assert [line[:2] for line in await _journal(scene)] == [("a", "skipped"), ("b", "done")]


async def test_an_act_that_cannot_be_done_says_why_and_changes_nothing(
    scene: Scene, first: Visitor
) -> None:
    text = playbook(step("minutes", "ask", 'takes = "number"'), _CIRCUIT)
    number = await _run(scene, first, text)
    await acts.answer(scene.desk, first, number, "minutes", 9_000_000)
    with pytest.raises(Exception, match="minutes must be a number"):
        await acts.do(scene.desk, first, number, "circuit")
    assert [line[:2] for line in await _journal(scene)] == [("minutes", "done")]
    await acts.stop(scene.desk, first, number, "a wrong number")
    with pytest.raises(NotNow):
        await acts.do(scene.desk, first, number, "circuit")
    assert (await playbooks.run(scene.desk, first, number))["state"] == "stopped"


async def test_a_wait_that_takes_too_long_waits_for_a_person_who_goes_on(
    scene: Scene, first: Visitor
) -> None:
    wait = step("wait", "wait", 'until = "clearing_good"', "seconds = 60")
    number = await _run(scene, first, playbook(wait, ask("b", "x", "y")))
    await _carry(scene, 61)
    told = await playbooks.run(scene.desk, first, number)
    assert (told["state"], told["here"], told["why"]) == ("waiting", "wait", "clearing_good: late")
    await acts.do(scene.desk, first, number, "wait")  # once more
    told = await playbooks.run(scene.desk, first, number)
    assert (told["state"], told["why"]) == ("running", "")
    await _carry(scene, 61)
    await acts.skip(scene.desk, first, number, "wait", "known to be late")
    told = await playbooks.run(scene.desk, first, number)
    assert told["here"] == "b"
    states = [line[:2] for line in await _journal(scene)]
    assert states == [("wait", "failed"), ("wait", "failed"), ("wait", "skipped")]


async def _carry(scene: Scene, seconds: int) -> None:
    scene.clock.forward(seconds=seconds)
    runner = Runner(scene.pool, scene.clock)
    for key in await runner.claim(8):
        await runner.work(key)


async def test_what_a_run_is_about_must_be_given_and_there(scene: Scene, first: Visitor) -> None:
    await acts.write(scene.desk, first, _DUAL, "wanted")
    for given in ({}, {"issuer": "99999999"}):
        with pytest.raises(NotGiven, match="issuer"):
            await acts.start(scene.desk, first, "plan", given, "it is so")
    about = {"issuer": ISSUER}
    number = await acts.start(scene.desk, first, "plan", about, "it is so")
    with pytest.raises(AlreadyRuns, match=number):
        await acts.start(scene.desk, first, "plan", about, "it is so")
    await acts.stop(scene.desk, first, number, "over")
    assert await acts.start(scene.desk, first, "plan", about, "again") != number


async def test_an_undo_takes_back_once_what_was_done(scene: Scene, first: Visitor) -> None:
    text = playbook(step("minutes", "ask", 'takes = "number"'), _CIRCUIT, ask("b", "x", "y"))
    number = await _run(scene, first, text)
    await acts.answer(scene.desk, first, number, "minutes", 30)
    await acts.do(scene.desk, first, number, "circuit")
    await asyncio.gather(*(acts.undo(scene.desk, first, number, "all is well") for _ in range(3)))
    told = await playbooks.run(scene.desk, first, number)
    assert (told["state"], told["undone_by"], told["undoable"]) == ("undone", first.name, [])
    assert (await _journal(scene))[-1] == ("circuit", "undone", first.name, "")
    assert len(await _journal(scene)) == 3
    open_ = "SELECT count(*) FROM interventions WHERE ended_at IS NULL"
    assert not await scene.pool.fetchval(open_)
    with pytest.raises(NotNow):
        await acts.answer(scene.desk, first, number, "b", "x")


async def test_each_act_is_in_the_audit_log(scene: Scene, first: Visitor, second: Visitor) -> None:
    number = await _at_the_act(scene, first)
    await acts.propose(scene.desk, first, number, "refunds", "customers wait")
    await acts.confirm(scene.desk, second, number, "refunds")
    await acts.undo(scene.desk, first, number, "all is well")
    rows = await scene.pool.fetch("SELECT who, action FROM audit ORDER BY at, id")
    assert [tuple(row) for row in rows] == [
        (first.name, "write-playbook"),
        (first.name, "start-playbook"),
        (first.name, "answer-step"),
        (first.name, "propose-step"),
        (second.name, "confirm-step"),
        (first.name, "undo-playbook"),
    ]
