"""Courses at the desk: begun, proved, asked, finished; and what is required for a role."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from annul.desk import people, training
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed
from annul.desk.roles import ROLES, Step, Visitor
from annul.operate.training.required import NotCertified
from annul.operate.training.rules import TrainingRules
from annul.operate.training.written import courses
from tests.support.rows import put_transaction
from tests.support.trained import all_done, certified

from .people import NOW, audited, clock_of, person

_SHOP = "898000058120000"
_TWICE = courses()["cashier"].questions["twice"]
_RIGHT = next(place for place, choice in enumerate(_TWICE.choices) if choice.right)
_TILL = {"merchant_id": _SHOP, "terminal_id": "10000001"}


@pytest.fixture
async def sandbox(desk: Desk) -> Desk:
    return replace(desk, training=TrainingRules(sandbox=True))


@pytest.fixture
async def mei(sandbox: Desk) -> Visitor:
    return await person(sandbox, "cashier", _SHOP)


async def _sell(desk: Desk, who: Visitor) -> None:
    from annul.desk.till import at_till

    await at_till(desk, who, (_SHOP, "10000001", "000001", ""), "sale", 10_000)
    await put_transaction(desk.pool, 8, received_at=desk.clock.now(), **_TILL)


async def test_a_task_is_proved_by_what_is_done_after_it_began(sandbox: Desk, mei: Visitor) -> None:
    await training.begin(sandbox, mei, "cashier", "sell")
    assert (await training.look(sandbox, mei, "cashier")).done == 0
    clock_of(sandbox).forward(minutes=1)
    await _sell(sandbox, mei)
    far = await training.look(sandbox, mei, "cashier")
    assert far.done == 1
    assert far.parts["sell"].evidence["voucher"] == "000008"
    assert far.parts["void"].begun_at == NOW, "the next one goes on from there"
    assert far.parts.keys() == {"sell", "void"}


async def test_what_was_done_before_it_began_counts_not(sandbox: Desk, mei: Visitor) -> None:
    await _sell(sandbox, mei)
    clock_of(sandbox).forward(minutes=1)
    await training.begin(sandbox, mei, "cashier", "sell")
    assert (await training.look(sandbox, mei, "cashier")).done == 0


async def test_a_right_answer_counts_and_a_wrong_one_not(sandbox: Desk, mei: Visitor) -> None:
    wrong = (_RIGHT + 1) % 3
    assert not await training.answer(sandbox, mei, "cashier", "twice", wrong)
    assert (await training.look(sandbox, mei, "cashier")).done == 0
    for _ in range(2):
        assert await training.answer(sandbox, mei, "cashier", "twice", _RIGHT)
    assert (await training.look(sandbox, mei, "cashier")).done == 1
    with pytest.raises(NothingThere):
        await training.answer(sandbox, mei, "cashier", "twice", 3)


async def test_what_is_typed_in_is_held_against_the_truth(sandbox: Desk, mei: Visitor) -> None:
    with pytest.raises(training.NotAsItIs):
        await training.enter(sandbox, mei, "cashier", "read_slip", "300000000009")
    await training.begin(sandbox, mei, "cashier", "read_slip")
    with pytest.raises(training.NotAsItIs):
        await training.enter(sandbox, mei, "cashier", "read_slip", "300000000009")
    await training.begin(sandbox, mei, "cashier", "sell")
    with pytest.raises(training.NotAsItIs):
        await training.enter(sandbox, mei, "cashier", "sell", "")


async def test_all_of_it_is_a_certificate(sandbox: Desk, mei: Visitor) -> None:
    await all_done(sandbox.pool, mei.name, "cashier", NOW, spared="twice")
    clock_of(sandbox).forward(minutes=1)
    assert (await training.look(sandbox, mei, "cashier")).certificate is None
    await training.answer(sandbox, mei, "cashier", "twice", _RIGHT)
    for _ in range(2):
        far = await training.look(sandbox, mei, "cashier")
        assert far.certificate is not None
        assert (far.open, far.done, far.of) == (False, 8, 8)
        shown = await training.certificate(sandbox, mei, far.certificate.number)
        assert shown == (far.certificate, courses()["cashier"])
    kept = [row for row in await audited(sandbox.pool) if row["action"] == training.FINISHED]
    assert [row["who"] for row in kept] == [mei.name]
    with pytest.raises(NothingThere):
        await training.certificate(sandbox, mei, "T1")


async def test_elsewhere_than_in_a_sandbox_nothing_is_done(desk: Desk) -> None:
    mei = await person(desk, "cashier", _SHOP)
    for act in (
        training.begin(desk, mei, "cashier", "sell"),
        training.enter(desk, mei, "cashier", "read_slip", "1"),
        training.answer(desk, mei, "cashier", "twice", _RIGHT),
    ):
        with pytest.raises(training.TrainedElsewhere):
            await act
    await all_done(desk.pool, mei.name, "cashier", NOW)
    clock_of(desk).forward(minutes=1)
    far = await training.look(desk, mei, "cashier")
    assert (far.done, far.certificate) == (8, None), "it is shown, and earned in the sandbox"


async def test_everybody_has_the_course_of_their_role_and_those_begun(
    sandbox: Desk, mei: Visitor
) -> None:
    assert [far.course.name for far in await training.mine(sandbox, mei)] == ["cashier"]
    await all_done(sandbox.pool, mei.name, "owner", NOW)
    assert [far.course.name for far in await training.mine(sandbox, mei)] == ["cashier", "owner"]
    auditor = await person(sandbox, "auditor")
    assert await training.mine(sandbox, auditor) == []
    seen = await training.everybody(sandbox, auditor)
    assert [(one.name, one.role, len(one.courses)) for one in seen] == [("cashier", "cashier", 2)]


async def test_who_may_not(sandbox: Desk, mei: Visitor) -> None:
    program = Visitor("key annul_1", "", ROLES["administrator"])
    waiting = replace(mei, step=Step.PASSWORD)
    for who in (program, waiting):
        for asked in (training.mine(sandbox, who), training.look(sandbox, who, "cashier")):
            with pytest.raises(NotAllowed):
                await asked
        with pytest.raises(NotAllowed):
            await training.begin(sandbox, who, "cashier", "sell")
    with pytest.raises(NotAllowed):
        await training.everybody(sandbox, mei)
    for act in (
        training.look(sandbox, mei, "tea"),
        training.begin(sandbox, mei, "cashier", "tea"),
        training.answer(sandbox, mei, "cashier", "sell", 0),
    ):
        with pytest.raises(NothingThere):
            await act


async def test_a_role_is_given_with_its_certificates_only(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    desk.access.required = {"operator": ["operator"]}
    with pytest.raises(NotCertified):
        await people.add_user(desk, boss, "li", "operator", "", "new")
    await people.add_user(desk, boss, "li", "support", "", "new")
    with pytest.raises(NotCertified):
        await people.change_role(desk, boss, "li", "operator", "", "trained")
    assert await pool.fetchval("SELECT role FROM users WHERE name = 'li'") == "support"
    await certified(pool, "li", "operator", NOW - timedelta(days=1))
    await people.change_role(desk, boss, "li", "operator", "", "trained")
    await certified(pool, "wu", "operator", NOW - timedelta(days=1))
    await people.add_user(desk, boss, "wu", "operator", "", "new")


async def test_a_shop_sees_certificates_of_its_own_people(sandbox: Desk, mei: Visitor) -> None:
    own = await certified(sandbox.pool, mei.name, "cashier", NOW)
    other = await certified(sandbox.pool, "li", "cashier", NOW)
    sue = await person(sandbox, "support")
    for number, sees in ((own, (mei, sue)), (other, (sue,))):
        for who in sees:
            held, _ = await training.certificate(sandbox, who, number)
            assert held.number == number
            assert (await training.printed(sandbox, who, number)).startswith(b"%PDF")
    owner = replace(mei, name="wu", merchant_id="898000083980001")
    for who, number in ((mei, other), (owner, own)):
        with pytest.raises(NothingThere):
            await training.certificate(sandbox, who, number)
