"""What people did in a drill, read from its database: said on a page, and done in a playbook."""

from dataclasses import replace
from datetime import datetime

from annul.desk import drills
from annul.desk import playbook_acts as acts
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.domain.drills import Contact, Did
from annul.operate.drills.evidence import Span, deeds
from annul.operate.playbooks import keeping, starting
from annul.operate.playbooks.running import carry_on
from annul.operate.playbooks.stepping import Hand

from .people import ISSUER, clock_of, person


async def _deeds(desk: Desk) -> list[tuple[Did, str, str, str]]:
    now = clock_of(desk).now()
    found = await deeds(desk.pool, Span(_began(desk), now))
    return [(one.did, one.subject, one.value, one.who) for one in found]


def _began(desk: Desk) -> datetime:
    return clock_of(desk).now().replace(hour=0, minute=0)


async def test_what_a_team_names_and_tells_on_its_page_counts(desk: Desk) -> None:
    olga, there = await person(desk, "operator"), replace(desk, drill="issuer-is-down")
    await drills.name_cause(there, olga, ISSUER, "issuer_down")
    await drills.told(there, olga, ISSUER, Contact.DUTY)
    assert await _deeds(desk) == [
        (Did.NAMED, ISSUER, "issuer_down", olga.name),
        (Did.TOLD, ISSUER, "duty", olga.name),
    ]


async def test_steps_of_a_playbook_that_people_let_come_so_far_count(
    desk: Desk, boss: Visitor
) -> None:
    olga = await person(desk, "operator")
    run = await acts.start(desk, olga, "issuer_down", {"issuer": ISSUER}, "its voids fail")
    await acts.answer(desk, olga, run, "why", "fault")
    for step in ("hold", "own"):
        await acts.do(desk, olga, run, step)
    found = await _deeds(desk)
    assert found == [
        (Did.TOLD, ISSUER, "issuer", olga.name),
        (Did.NAMED, ISSUER, "issuer_down", olga.name),
        (Did.ACTED, ISSUER, "circuit_open", olga.name),
        (Did.TOLD, ISSUER, "duty", olga.name),
    ]
    await acts.answer(desk, olga, run, "refunds", "yes")
    await acts.answer(desk, olga, run, "ceiling", 100_00)
    await acts.propose(desk, olga, run, "refund_instead", "no end is in sight")
    await acts.confirm(desk, boss, run, "refund_instead", "seen")
    assert (await _deeds(desk))[len(found) :] == [
        (Did.ACTED, ISSUER, "refunds_instead", olga.name),
        (Did.CONFIRMED, ISSUER, "refunds_instead", boss.name),
    ]


async def test_what_runs_by_itself_is_none_of_the_teams(desk: Desk) -> None:
    now = clock_of(desk).now()
    async with desk.pool.acquire() as connection, connection.transaction():
        written = await keeping.in_force_of(connection, "issuer_down")
        by_itself = Hand(now, "", "its issuer is in trouble")
        begun = await starting.begin(connection, written, {"issuer": ISSUER}, by_itself)
    await carry_on(desk.pool, desk.clock, begun.run.key)
    assert await desk.pool.fetchval("SELECT count(*) FROM playbook_steps WHERE state = 'done'") > 0
    assert await _deeds(desk) == []
