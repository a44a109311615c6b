"""Money, approvals, people and rules over two cells: done where they belong, and counted once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import (
    acts,
    audit,
    cases,
    choices,
    conclusions,
    issuer_course,
    issuers,
    merchants,
    orders,
    outages,
    over_cells,
    overview,
    people,
    shop,
    surroundings,
    webhooks,
)
from annul.desk.audit import AuditSearch
from annul.desk.desk import Desk, NothingThere
from annul.desk.issuers import Rule
from annul.desk.over_cells import CellSilent, NotEverywhere, ServedElsewhere
from annul.desk.permission import NotAllowed
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.incident import Incident
from annul.domain.orders import OrderState
from annul.domain.policies import PolicyKind
from annul.domain.states import State
from annul.issuers.health import BOUNDS_MS
from annul.resolve.second_person import SecondPersonNeeded
from annul.store.incidents import opening
from annul.store.schema import in_schema
from tests.support.roles import as_owner
from tests.support.rows import put, put_case, put_transaction

from .people import ISSUER, NOW, PASSWORD, audited, person

WHY = "they asked for it"
Both = tuple[str, str]


@pytest.fixture
async def boss(wide: Desk) -> Visitor:
    return await person(wide, "administrator")


async def _made_by(desk: Desk, maker: Visitor, name: str) -> Visitor:
    """Somebody with the same role whom the maker has let in."""
    await desk.access.add(name, PASSWORD, maker.role, by=maker.name)
    return Visitor(name, maker.role, ROLES[maker.role])


async def _terminal(desk: Desk, merchant: str) -> str:
    asked = "SELECT min(terminal_id) FROM terminals WHERE merchant_id = $1"
    return await desk.pool.fetchval(asked, merchant)


async def _disputed(desk: Desk, merchant: str, trace: int) -> UUID:
    row = await put_transaction(
        desk.pool,
        trace,
        merchant_id=merchant,
        state=State.DISPUTED,
        received_at=NOW - timedelta(hours=trace),
    )
    return row.id


async def _proposed(desk: Desk, who: Visitor, named: str) -> UUID:
    made = await conclusions.propose(
        desk, who, named, done=False, reason=WHY, evidence=b"%PDF", evidence_name="answer.pdf"
    )
    return made.id


async def _order(desk: Desk, merchant: str, asked_by: str, **changes: Any) -> UUID:
    row = {
        "merchant_id": merchant,
        "id": uuid4(),
        "act": "void",
        "original_id": None,
        "amount": 50_000,
        "reason": WHY,
        "state": "asked",
        "asked_by": asked_by,
        "asked_at": NOW,
    } | changes
    await put(desk.pool, "orders", row)
    return row["id"]


# Money in question ------------------------------------------------------------------------------


async def test_money_in_question_is_that_of_all_cells(
    wide: Desk, boss: Visitor, here_and_there: Both
) -> None:
    made = [
        await _disputed(one, merchant, trace)
        for trace, (one, merchant) in enumerate(
            zip(wide.every, here_and_there, strict=True), start=1
        )
    ]
    (sum_,) = await conclusions.sums(wide, boss)
    assert (sum_["count"], sum_["amount"]) == (2, 20_000)
    first = await conclusions.in_question(wide, boss, 1)
    rest = await conclusions.in_question(wide, boss, 1, first.following)
    assert [row["id"] for row in (*first.rows, *rest.rows)] == made[::-1]  # the oldest first
    assert not rest.following


async def test_two_people_conclude_in_the_cell_of_the_merchant(
    wide: Desk, east: Desk, boss: Visitor, here_and_there: Both
) -> None:
    named = str(await _disputed(east, here_and_there[1], 1))
    await conclusions.concludable(wide, boss, named)
    identity = await _proposed(wide, boss, named)
    other = await person(wide, "operator")
    with pytest.raises(SecondPersonNeeded):
        await conclusions.confirm(wide, boss, named, identity, WHY)
    confirmed = await conclusions.confirm(wide, other, named, identity, WHY)
    assert confirmed.confirmed_by == other.name
    _, told = await conclusions.of(wide, boss, named)
    assert [one.id for one in told] == [identity]
    assert [row["action"] for row in await audited(east.pool)][-2:] == [
        "propose-conclusion",
        "confirm-conclusion",
    ]
    assert not await audited(wide.pool)


async def test_whom_one_has_let_in_is_no_second_person_in_any_cell(
    wide: Desk, east: Desk, boss: Visitor, here_and_there: Both
) -> None:
    """Another cell knows who stands behind whom before it decides, however new that is."""
    named = str(await _disputed(east, here_and_there[1], 1))
    identity = await _proposed(wide, boss, named)
    friend = await _made_by(wide, boss, "friend")
    with pytest.raises(SecondPersonNeeded):
        await conclusions.confirm(wide, friend, named, identity, WHY)
    asked = await _order(east, here_and_there[1], boss.name)
    with pytest.raises(SecondPersonNeeded):
        await orders.approve(wide, friend, asked, WHY)


async def test_a_program_concludes_elsewhere_as_the_person_who_made_its_key(
    wide: Desk, east: Desk, boss: Visitor, here_and_there: Both
) -> None:
    named = str(await _disputed(east, here_and_there[1], 1))
    await people.new_key(wide, boss, "robot", [Scope.CASES_ACT], "", WHY)
    prefix = await wide.pool.fetchval("SELECT prefix FROM api_keys")
    robot = Visitor(f"key {prefix}", "", frozenset({Scope.CASES_ACT}))
    identity = await _proposed(wide, robot, named)
    with pytest.raises(SecondPersonNeeded):
        await conclusions.confirm(wide, boss, named, identity, WHY)
    other = await person(wide, "operator")
    await conclusions.confirm(wide, other, named, identity, WHY)
    # What that cell knows of the key opens nothing there.
    (known,) = await east.pool.fetch("SELECT key_hash, ended_at, scopes FROM api_keys")
    assert len(known["key_hash"]) == 16
    assert known["ended_at"]
    assert not known["scopes"]


# Approvals --------------------------------------------------------------------------------------


async def test_an_order_is_listed_and_decided_where_its_merchant_lives(
    wide: Desk, east: Desk, boss: Visitor, here_and_there: Both
) -> None:
    later = NOW + timedelta(seconds=1)
    here = await _order(wide, here_and_there[0], "key x", asked_at=later)
    there = await _order(east, here_and_there[1], "somebody")
    await wide.access.add("somebody", PASSWORD, "operator")
    assert [row["id"] for row in await orders.waiting(wide, boss)] == [there, here]
    decided = await orders.approve(wide, boss, there, WHY)
    assert decided.state is OrderState.APPROVED  # the next host of that cell carries it out
    assert [row["action"] for row in await audited(east.pool)] == ["approve-order"]
    with pytest.raises(NothingThere):
        await orders.reject(wide, boss, uuid4(), WHY)


async def test_nothing_is_ordered_here_for_a_merchant_of_another_cell(
    wide: Desk, here_and_there: Both
) -> None:
    await over_cells.sent_here(wide, here_and_there[0])
    with pytest.raises(ServedElsewhere, match="east"):
        await over_cells.sent_here(wide, here_and_there[1])


# A merchant -------------------------------------------------------------------------------------


async def test_all_of_a_merchant_is_read_in_its_cell(
    wide: Desk, boss: Visitor, here_and_there: Both
) -> None:
    """Also what is asked in two steps, of which the first one finds it elsewhere."""
    for merchant in here_and_there:
        assert await merchants.terminals(wide, boss, merchant)
        assert await acts.second_person_from(wide, merchant)


async def test_one_that_moves_is_acted_for_where_it_lives_already(
    wide: Desk, east: Desk, here_and_there: Both
) -> None:
    """What it left is still there until it is cleared: nothing is done with it."""
    there = here_and_there[1]
    await wide.pool.execute(
        "UPDATE merchants SET lives = 'leaving', cell = 'east' WHERE merchant_id = $1", there
    )
    assert (await over_cells.serving(wide, there)).cell == "east"
    await east.pool.execute(
        "UPDATE merchants SET lives = 'away', cell = 'west' WHERE merchant_id = $1", there
    )
    assert (await over_cells.serving(wide, there)).cell == "west"
    await east.pool.close()
    with pytest.raises(CellSilent, match="east"):  # it may live there by now
        await over_cells.serving(wide, there)


async def test_a_shop_is_served_by_its_cell(
    wide: Desk, east: Desk, boss: Visitor, here_and_there: Both
) -> None:
    there = here_and_there[1]
    await people.add_user(wide, boss, "shop", "cashier", there, WHY)
    cashier = Visitor("shop", "cashier", ROLES["cashier"], there)
    row = await put_transaction(
        east.pool,
        7,
        merchant_id=there,
        terminal_id=await _terminal(east, there),
        received_at=NOW,
    )
    (found,) = await shop.find(wide, cashier, shop.asked("000007"))
    assert found.row["id"] == row.id
    (found,) = await shop.find(wide, boss, shop.asked(row.rrn))
    assert found.row["id"] == row.id
    assert not (await shop.today(wide, there)).sales
    assert [one["merchant_id"] for one in await shop.shops(wide, boss)] == list(here_and_there)
    told = await choices.choices(wide, boss, "merchants", "8980000")
    assert [one["number"] for one in told] == list(here_and_there)
    assert await choices.the_one(wide, boss, "issuers", ISSUER)


async def test_a_webhook_is_kept_where_its_merchant_lives(
    wide: Desk, east: Desk, boss: Visitor, here_and_there: Both
) -> None:
    made = [
        (await webhooks.add(wide, boss, "http://127.0.0.1:9/told", merchant))[0]["id"]
        for merchant in here_and_there
    ]
    assert await east.pool.fetchval("SELECT id FROM webhooks") == made[1]
    assert {row["id"] for row in (await webhooks.every(wide, boss, 10)).rows} == set(made)
    await webhooks.end(wide, boss, made[1])
    assert not (await webhooks.find(wide, boss, made[1]))["active"]
    assert not (await webhooks.attempts(wide, boss, made[1], 10)).rows


# Totals -----------------------------------------------------------------------------------------


async def _did(desk: Desk, requests: int, *, up: bool) -> None:
    await put(
        desk.pool,
        "issuer_stats",
        {
            "issuer_id": ISSUER,
            "node": 0,
            "slot": NOW - timedelta(minutes=1),
            "requests": requests,
            "approvals": requests // 2,
            "voids": 2,
            "void_approvals": 1,
            "codes": {"00": requests // 2},
            "latencies": [0] * (len(BOUNDS_MS) + 1),
            "tail": [],
            **dict.fromkeys(("silent", "faults", "late", "not_sent"), 0),
            **dict.fromkeys(("link_drops", "garbled"), 0),
        },
    )
    await put(
        desk.pool,
        "issuer_links",
        {
            "issuer_id": ISSUER,
            "node": 0,
            "up": up,
            "trouble": "" if up else "refused",
            "health": "up",
            "at": NOW,
        },
    )


async def test_totals_are_those_of_all_cells(
    wide: Desk, boss: Visitor, here_and_there: Both
) -> None:
    for one, merchant, up in zip(wide.every, here_and_there, (True, False), strict=True):
        await _did(one, 10, up=up)
        await put_case(
            one.pool,
            merchant_id=merchant,
            issuer_id=ISSUER,
            opened_at=NOW - timedelta(minutes=5),
            amount=10_000,
        )
        await put_case(
            one.pool,
            merchant_id=merchant,
            opened_at=NOW - timedelta(minutes=9),
            ended="voided",
            ended_at=NOW - timedelta(minutes=8),
        )
        await one.pool.execute(
            *opening([Incident.of("wrong_mac", merchant, "10000001", terminal="1")], NOW)
        )
    since = NOW - timedelta(hours=1)
    figures = await overview.promise(wide, since)
    assert (figures.cases, figures.open, figures.voided, figures.in_question) == (4, 2, 2, 20_000)
    assert figures.oldest_s == pytest.approx(300)
    (ended,) = await overview.by_cause(wide, since)
    assert (ended["cases"], ended["p50_s"], ended["max_s"]) == (2, 60, 60)
    (bucket,) = await overview.course(wide, timedelta(hours=1), timedelta(minutes=10))
    assert (bucket["requests"], bucket["voids"], bucket["void_approvals"]) == (20, 4, 2)
    (issuer,) = [one for one in await overview.issuers(wide) if one["issuer_id"] == ISSUER]
    assert (issuer["requests"], issuer["up"], issuer["trouble"]) == (20, False, "east: refused")
    listed = await issuers.listing(wide, boss)
    assert [one["cases"] for one in listed if one["issuer_id"] == ISSUER] == [2]
    assert {row["cell"] for row in await issuers.links(wide, ISSUER)} == {"west", "east"}
    (slot,) = await issuer_course.course(wide, ISSUER, timedelta(hours=1), timedelta(minutes=10))
    assert (slot["requests"], slot["codes"]) == (20, {"00": 10})
    (outage,) = await outages.outages(wide)
    assert (outage.cases, [one["amount"] for one in outage.money]) == (2, [20_000])
    (alert,) = await overview.alerts(wide)
    assert [(row["many"], row["cell"]) for row in alert] in (
        [(2, "west"), (2, "east")],
        [(2, "east"), (2, "west")],
    )


def test_a_share_of_several_cells_is_that_of_all_their_cases() -> None:
    """Ninety-nine of a hundred cases are those of the cell that has them."""
    few = {"cases": 10, "points": [100.0 + place for place in range(101)]}
    many = {"cases": 990, "points": [float(place) / 100 for place in range(101)]}
    assert overview._share([few, many], 0.5) == pytest.approx(0.5, abs=0.02)
    assert overview._share([few, many], 0.99) == pytest.approx(1.0, abs=0.02)
    assert overview._share([few, many], 0.995) == pytest.approx(150, abs=2)


async def test_how_others_fared_is_told_of_all_cells(
    wide: Desk, boss: Visitor, here_and_there: Both
) -> None:
    made = [
        await put_case(one.pool, merchant_id=merchant, issuer_id=ISSUER, opened_at=NOW)
        for one, merchant in zip(wide.every, here_and_there, strict=True)
    ]
    for one in wide.every:
        await _did(one, 10, up=True)
    around = await surroundings.around(wide, boss, made[1], "00")
    assert around.others is not None
    assert around.others.answers["requests"] == 20
    assert [row["number"] for row in around.others.alike] == [made[0].number]
    assert around.merchant["en"] != here_and_there[1]  # by its name, of its cell


async def test_a_silent_cell_is_named_by_each_question(
    wide: Desk, east: Desk, boss: Visitor
) -> None:
    await east.pool.close()
    questions = (
        overview.promise(wide, NOW),
        overview.by_cause(wide, NOW),
        overview.issuers(wide),
        overview.alerts(wide),
        overview.course(wide, timedelta(hours=1), timedelta(minutes=10)),
        audit.log(wide, boss, AuditSearch(), 10),
        conclusions.sums(wide, boss),
        conclusions.in_question(wide, boss, 10),
        orders.waiting(wide, boss),
        shop.shops(wide, boss),
        choices.choices(wide, boss, "merchants", ""),
        webhooks.every(wide, boss, 10),
        issuers.links(wide, ISSUER),
        cases.manual(wide, boss),
        acts.lessons(wide, 10),
    )
    for question in questions:
        wide.silent.clear()
        await question
        assert set(wide.silent) == {"east"}, question


# The audit log ----------------------------------------------------------------------------------


async def test_the_audit_log_is_one(wide: Desk, boss: Visitor, here_and_there: Both) -> None:
    for merchant in here_and_there:
        await merchants.ask(wide, boss, merchant, await _terminal(wide, merchant), "", WHY)
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await audit.log(wide, boss, AuditSearch(action="ask-terminal"), 1, cursor)
        seen += [row["cell"] for row in page.rows]
        cursor = page.following
        if not cursor:
            break
    assert sorted(seen) == ["east", "west"]


# What all have in common ------------------------------------------------------------------------

_RULE = Rule(PolicyKind.VOID_AMOUNT_LIMIT, 5_000, NOW)


async def _rules(pool: asyncpg.Pool) -> list[Any]:
    rows = await pool.fetch("SELECT id, number, valid_until FROM policies ORDER BY id")
    return [tuple(row) for row in rows]


async def test_a_rule_is_set_and_ended_in_every_cell(wide: Desk, east: Desk, boss: Visitor) -> None:
    (identity,) = await issuers.set_policy(wide, boss, ISSUER, _RULE, WHY)
    await issuers.set_meaning(wide, boss, ISSUER, "57", "issuer_unsupported", WHY)
    later = NOW + timedelta(hours=1)
    await issuers.end_policy(wide, boss, ISSUER, identity, later, WHY)
    for one in wide.every:
        assert (identity, 5_000, later) in await _rules(one.pool)
        assert [row["response_code"] for row in await issuers.meanings(one, ISSUER)] == ["57"]
        assert [row["action"] for row in await audited(one.pool)] == [
            *("set-policy", "set-meaning", "end-policy"),
        ]
    await issuers.end_meaning(wide, boss, ISSUER, "57", WHY)
    assert not await issuers.meanings(east, ISSUER)


async def test_nothing_is_changed_while_a_cell_is_silent(
    wide: Desk, east: Desk, boss: Visitor
) -> None:
    before = await _rules(wide.pool)
    await east.pool.close()
    with pytest.raises(CellSilent, match="east"):
        await issuers.set_policy(wide, boss, ISSUER, _RULE, WHY)
    assert await _rules(wide.pool) == before


async def test_a_cell_that_refuses_is_named(wide: Desk, east: Desk, boss: Visitor) -> None:
    (identity,) = await issuers.set_policy(wide, boss, ISSUER, _RULE, WHY)
    await issuers.end_policy(east, boss, ISSUER, identity, NOW + timedelta(minutes=1), WHY)
    with pytest.raises(NotEverywhere, match="east"):
        await issuers.end_policy(wide, boss, ISSUER, identity, NOW + timedelta(hours=1), WHY)


async def test_what_a_cell_does_not_have_is_not_changed_there(
    wide: Desk, boss: Visitor, database: str
) -> None:
    owner = await asyncpg.connect(as_owner(in_schema(database, "east")))
    for table in ("bins", "policies", "code_meanings", "contacts", "issuer_keys", "issuers"):
        await owner.execute(f"DELETE FROM {table}")
    await owner.close()
    await issuers.set_meaning(wide, boss, ISSUER, "57", "issuer_unsupported", WHY)
    assert await issuers.meanings(wide, ISSUER)
    with pytest.raises(NothingThere):
        await issuers.set_meaning(wide, boss, "00000999", "57", "issuer_unsupported", WHY)


async def test_who_may_not_changes_nothing_in_any_cell(wide: Desk, here_and_there: Both) -> None:
    auditor = await person(wide, "auditor")
    with pytest.raises(NotAllowed):
        await issuers.set_meaning(wide, auditor, ISSUER, "57", "issuer_unsupported", WHY)
    with pytest.raises(NotAllowed):
        await people.add_user(wide, auditor, "shop", "cashier", here_and_there[1], WHY)
