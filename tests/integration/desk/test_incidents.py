"""What people see of incidents and do with them: once, audited, and told in the timeline."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import incident_acts as acts
from annul.desk import incidents as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.incident_acts import AnotherOpen, GoingOn, IncidentClosed, Lesson, NotReopened
from annul.desk.incidents import IncidentSearch
from annul.desk.permission import NotAllowed, NotValid
from annul.desk.roles import Visitor
from annul.domain.incident import Incident
from annul.operate.incidents.gathering import HeadGatherer
from annul.store.incidents import Ended, closing, opening
from tests.support.rows import put_case, put_transaction, put_void

from .people import ISSUER, audited, clock_of, person

_OTHER = "00000202"


def _trouble(issuer: str = ISSUER) -> Incident:
    return Incident.of("issuer_in_trouble", "", issuer, issuer=issuer, how="down")


def _guessing(shop: str, terminal: str = "10000001") -> Incident:
    told = {"terminal": terminal, "count": 9, "seconds": 60, "address": "203.0.113.7"}
    return Incident.of("wrong_mac", shop, terminal, **told)


async def _gather(desk: Desk) -> None:
    await HeadGatherer(desk.pool, desk.clock).run()


async def _raised(desk: Desk, *incidents: Incident) -> str:
    """Raise and gather; gives the number of the latest incident."""
    await desk.pool.execute(*opening(incidents, desk.clock.now()))
    await _gather(desk)
    query = "SELECT number FROM incident_heads ORDER BY id DESC LIMIT 1"
    return await desk.pool.fetchval(query)


async def _over(desk: Desk, issuer: str = ISSUER) -> None:
    ended = [Ended("issuer_in_trouble", "", issuer)]
    await desk.pool.execute(*closing(ended, desk.clock.now()))
    await _gather(desk)


async def _shop(desk: Desk) -> str:
    return await desk.pool.fetchval("SELECT merchant_id FROM merchants ORDER BY 1 LIMIT 1")


async def _kinds(desk: Desk, boss: Visitor, number: str) -> list[str]:
    return [one["kind"] for one in (await views.find(desk, boss, number))["events"]]


async def test_an_incident_says_whom_it_touches_and_with_how_much(
    desk: Desk, boss: Visitor
) -> None:
    shop = await _shop(desk)
    since = {"merchant_id": shop, "issuer_id": ISSUER, "opened_at": desk.clock.now()}
    for amount in (10_000, 2_500):
        await put_case(desk.pool, cause="issuer_down", amount=amount, **since)
    done = {"ended": "voided", "ended_at": desk.clock.now()}
    await put_case(desk.pool, cause="issuer_down", amount=700, **since, **done)
    # One customer's mistake is none of it.
    await put_case(desk.pool, cause="original_mismatch", amount=9, **since)
    number = await _raised(desk, _trouble())
    found = await views.find(desk, boss, number)
    assert (found["cause"], found["case_count"], found["merchant_count"]) == ("issuer_down", 3, 1)
    assert found["money"] == [{"currency": "156", "open": 12_500, "all": 13_200}]
    assert [(one["merchant_id"], one["cases"], one["open"]) for one in found["merchants"]] == [
        (shop, 3, 2)
    ]
    assert [one["ended"] for one in found["cases"]] == ["", "", "voided"]
    assert views.title(found).zh.endswith("：发卡行异常")


async def test_a_try_of_a_case_touches_its_merchant_also_where_the_case_is_older(
    desk: Desk, boss: Visitor
) -> None:
    shop = await _shop(desk)
    sale = await put_transaction(desk.pool, 1, merchant_id=shop)
    mine = {"merchant_id": shop, "original_id": sale.id}
    await put_case(desk.pool, cause="issuer_error", amount=10_000, **mine)
    again = await put_void(desk.pool, 2, sale.id, merchant_id=shop)
    clock_of(desk).forward(seconds=3_600)
    since = {"since": desk.clock.now().isoformat(), "tries": 3, "code": "91"}
    number = await _raised(desk, Incident.of_transaction("forward_reversal", again, **since))
    found = await views.find(desk, boss, number)
    assert (found["case_count"], found["merchant_count"]) == (1, 1)


async def test_lists_are_searched_by_state_severity_scope_and_owner(
    desk: Desk, boss: Visitor
) -> None:
    first = await _raised(desk, _trouble())
    clock_of(desk).forward(seconds=1)
    second = await _raised(desk, _guessing(await _shop(desk)))

    async def numbers(**wanted: Any) -> list[str]:
        return [
            row["number"] for row in (await views.found(desk, boss, IncidentSearch(**wanted))).rows
        ]

    assert await numbers() == await numbers(state="open") == [second, first]
    assert await numbers(scope="issuer", member=ISSUER) == [first]
    assert await numbers(severity="critical") == await numbers(state="closed") == []
    await acts.own(desk, boss, second, boss.name)
    assert await numbers(owner=boss.name) == [second]
    await acts.acknowledge(desk, boss, second)
    assert await numbers(unacknowledged=True) == [first]
    one = await views.found(desk, boss, IncidentSearch(), 1)
    rest = await views.found(desk, boss, IncidentSearch(), 1, one.following)
    assert [row["number"] for row in (*one.rows, *rest.rows)] == [second, first]


async def test_each_act_has_one_effect_one_event_and_one_row_of_the_audit(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    number = await _raised(desk, _guessing(await _shop(desk)))
    act = uuid4()
    for _ in range(2):
        await acts.acknowledge(desk, boss, number)
        await acts.own(desk, boss, number, boss.name)
        await acts.note(desk, boss, number, "called them", act)
    with pytest.raises(NotValid):
        await acts.own(desk, boss, number, "nobody")
    lesson = Lesson("call them first", [{"kind": "policy", "ref": ISSUER}])
    await acts.close(desk, boss, number, "keys were changed", lesson)
    found = await views.find(desk, boss, number)
    assert found["learnt"] == {"text": "call them first", "links": [dict(lesson.links[0])]}
    assert (found["closed_by"], found["open_items"]) == (boss.name, 0)
    happened = ["acknowledged", "owner_changed", "note", "closed", "learnt"]
    assert (await _kinds(desk, boss, number))[-5:] == happened
    told = [(row["action"], row["object"]) for row in await audited(pool)][-4:]
    assert told == [
        (action, f"incident {number}")
        for action in (
            *("acknowledge-incident", "assign-incident"),
            *("note-incident", "close-incident"),
        )
    ]
    with pytest.raises(IncidentClosed):
        await acts.acknowledge(desk, boss, number)
    with pytest.raises(NothingThere):
        await acts.note(desk, boss, "E261127-000000", "x")


async def test_what_goes_on_is_not_closed(desk: Desk, boss: Visitor) -> None:
    number = await _raised(desk, _trouble())
    with pytest.raises(GoingOn, match="issuer_in_trouble"):
        await acts.close(desk, boss, number, "enough")
    await _over(desk)
    await acts.close(desk, boss, number, "over")
    assert (await views.find(desk, boss, number))["closed_by"] == boss.name


async def test_what_was_reopened_is_closed_by_people_alone(desk: Desk, boss: Visitor) -> None:
    number = await _raised(desk, _trouble())
    with pytest.raises(NotReopened):
        await acts.reopen(desk, boss, number, "it is open")
    await _over(desk)
    await acts.close(desk, boss, number, "over")
    await acts.reopen(desk, boss, number, "it was not")
    for _ in range(3):
        clock_of(desk).forward(minutes=6)
        await _gather(desk)
    assert (await views.find(desk, boss, number))["closed_at"] is None
    await acts.close(desk, boss, number, "now it is")
    clock_of(desk).forward(seconds=1)
    another = await _raised(desk, _trouble())
    assert another != number
    with pytest.raises(AnotherOpen):
        await acts.reopen(desk, boss, number, "again")
    await _over(desk)
    await acts.close(desk, boss, another, "over")
    clock_of(desk).forward(days=8)
    with pytest.raises(NotReopened):
        await acts.reopen(desk, boss, number, "too late")


async def test_what_is_merged_takes_along_what_comes_later(desk: Desk, boss: Visitor) -> None:
    into = await _raised(desk, _trouble(_OTHER))
    clock_of(desk).forward(seconds=1)
    gone = await _raised(desk, _trouble())
    with pytest.raises(NotValid):
        await acts.merge(desk, boss, gone, gone, "one network")
    await acts.merge(desk, boss, gone, into, "one network")
    found = await views.find(desk, boss, into)
    assert (found["items"], found["open_items"]) == (2, 2)
    assert (await views.find(desk, boss, gone))["merged_into_number"] == into
    assert (await _kinds(desk, boss, gone))[-1] == (await _kinds(desk, boss, into))[-1] == "merged"
    # The issuer that was merged is up again by itself, and down again, in the other's incident.
    down = {one.issuer for one in await views.downtimes(desk) if one.ended_at is None}
    assert down == {ISSUER, _OTHER}
    await _over(desk)
    down = {one.issuer for one in await views.downtimes(desk) if one.ended_at is None}
    assert down == {_OTHER}
    await desk.pool.execute(*opening([_trouble()], desk.clock.now()))
    await _gather(desk)
    assert (await views.find(desk, boss, into))["items"] == 3
    down = {one.issuer for one in await views.downtimes(desk) if one.ended_at is None}
    assert down == {ISSUER, _OTHER}


async def test_what_is_split_off_is_of_its_own(desk: Desk, boss: Visitor) -> None:
    shop = await _shop(desk)
    late = await put_case(desk.pool, merchant_id=shop, issuer_id=ISSUER, cause="issuer_down")
    told = Incident.of_case("case_late", late, step="retry")
    number = await _raised(desk, _trouble(), told)
    with pytest.raises(NotValid):
        await acts.split(desk, boss, number, "all of it", kinds=["issuer_in_trouble", "case_late"])
    act = uuid4()
    new = await acts.split(desk, boss, number, "another matter", kinds=["case_late"], act=act)
    assert await acts.split(desk, boss, number, "again", kinds=["case_late"], act=act) == new
    one, other = await views.find(desk, boss, number), await views.find(desk, boss, new)
    assert (one["items"], other["items"], other["scope"]) == (1, 1, "picked")
    assert other["severity"] == "warning"
    # What is raised next of the issuer joins the first one.
    again = await put_case(desk.pool, merchant_id=shop, issuer_id=ISSUER, cause="issuer_down")
    await desk.pool.execute(
        *opening([Incident.of_case("case_late", again, step="retry")], desk.clock.now())
    )
    await _gather(desk)
    assert (await views.find(desk, boss, number))["items"] == 2


async def test_downtimes_are_told_while_they_last_and_for_a_while(desk: Desk) -> None:
    await _raised(desk, _trouble())
    [one] = await views.downtimes(desk, timedelta())
    assert (one.issuer, one.severity, one.ended_at) == (ISSUER, "warning", None)
    assert one.name.en != ISSUER
    await _over(desk)
    clock_of(desk).forward(hours=1)
    assert await views.downtimes(desk, timedelta(minutes=30)) == []
    [one] = await views.downtimes(desk)
    assert one.ended_at == desk.clock.now() - timedelta(hours=1)


async def test_shops_see_none_and_an_auditor_changes_none(desk: Desk, boss: Visitor) -> None:
    number = await _raised(desk, _trouble())
    shop = await person(desk, "merchant", await _shop(desk))
    with pytest.raises(NotAllowed):
        await views.find(desk, shop, number)
    auditor = await person(desk, "auditor")
    assert (await views.find(desk, auditor, number))["number"] == number
    with pytest.raises(NotAllowed):
        await acts.acknowledge(desk, auditor, number)
    assert isinstance((await views.find(desk, boss, number))["id"], UUID)
