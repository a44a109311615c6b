"""Who is owed what: by severity, scope, rota, quiet hours and escalation."""

import asyncio
from datetime import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.operate.notices.spreading import escalate, spread
from tests.support.clock import HeldClock
from tests.support.notices import ZONE, Watch, minutes

ADDRESS = "json://127.0.0.1:9/tell"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def watch(pool: asyncpg.Pool, clock: HeldClock) -> Watch:
    return Watch(pool, clock)


async def _told(watch: Watch) -> list[tuple[str, str, int]]:
    """Spread what is new; gives channel, kind and step of what is owed."""
    await spread(watch.pool, ZONE, watch.clock.now())
    rows = await watch.pool.fetch(
        "SELECT c.name, o.kind, o.step FROM notice_outbox o JOIN channels c ON c.id = o.channel_id"
        " ORDER BY o.at, o.seq, c.name"
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


async def _duty(watch: Watch, channel: UUID, begins: time, ends: time, **more: Any) -> None:
    columns = {"id": uuid4(), "channel_id": channel, "from_at": begins, "to_at": ends}
    who = {"set_by": "test", "set_at": watch.clock.now()}
    await watch.put("rota", columns | who | more)


async def _step(watch: Watch, step: int, after: int, channel: UUID | None, severity: str) -> None:
    columns = {"step": step, "after_min": after, "severity": severity, "channel_id": channel}
    await watch.put("escalations", columns | {"set_by": "test", "set_at": watch.clock.now()})


async def test_severity_and_scope_choose_the_channel(watch: Watch):
    await watch.add(ADDRESS, "grave", severity="critical")
    await watch.add(ADDRESS, "terminals", scopes=["terminal"])
    await watch.add(ADDRESS, "off", active=False)
    await watch.outages(severity="warning", scope="terminal")
    assert await _told(watch) == [("terminals", "opened", 0)]
    await watch.outages(severity="critical")
    assert sorted(await _told(watch)) == [("grave", "opened", 0), ("terminals", "opened", 0)]


async def test_nothing_is_told_twice_nor_what_nobody_has_to_hear(watch: Watch):
    await watch.add(ADDRESS)
    (head,) = await watch.outages()
    await watch.happens(head, "joined", kind="case_late", count=3)
    await watch.happens(head, "note", text="looked at")
    for _ in range(2):
        assert await _told(watch) == [("group", "opened", 0)]
    unspread = "SELECT count(*) FROM incident_events WHERE spread_at IS NULL"
    assert await watch.pool.fetchval(unspread) == 0


async def test_the_rota_says_who_and_with_nobody_on_duty_all_of_it(watch: Watch):
    day = await watch.add(ADDRESS, "day", by_rota=True)
    night = await watch.add(ADDRESS, "night", by_rota=True)
    await _duty(watch, day, time(8), time(20))  # it is noon
    await _duty(watch, night, time(22), time(8))
    await watch.outages()
    assert await _told(watch) == [("day", "opened", 0)]
    watch.clock.forward(hours=9)  # type: ignore[attr-defined]  # 21 o'clock
    await watch.outages()
    assert (await _told(watch))[1:] == [("day", "opened", 0), ("night", "opened", 0)]


async def test_quiet_hours_put_off_what_is_not_critical(watch: Watch, clock: HeldClock):
    await watch.add(ADDRESS, quiet_from=time(11), quiet_to=time(14))
    (head,) = await watch.outages()
    await _told(watch)
    (owed,) = await watch.owed()
    assert owed["due_at"] == clock.now() + minutes(120)
    clock.forward(minutes=1)
    await watch.happens(head, "severity_rose", change={"severity": "critical"}, was="warning")
    await _told(watch)
    assert (await watch.owed())[1]["due_at"] == clock.now()


async def test_nobody_acknowledges_so_the_next_is_told_once(watch: Watch, clock: HeldClock):
    first = await watch.add(ADDRESS, "first", severity="warning")
    boss = await watch.add(ADDRESS, "boss", severity="critical")
    await _step(watch, 1, 10, None, "warning")
    await _step(watch, 2, 30, boss, "warning")
    (head,) = await watch.outages()
    (slight,) = await watch.outages(severity="notice")
    assert first
    assert slight
    clock.forward(minutes=9.9)
    assert await escalate(watch.pool, clock.now()) == 0
    clock.forward(minutes=0.1)
    assert await escalate(watch.pool, clock.now()) == 1
    assert await escalate(watch.pool, clock.now()) == 0
    clock.forward(minutes=20)
    assert await escalate(watch.pool, clock.now()) == 1
    assert await _told(watch) == [
        ("first", "opened", 0),
        ("first", "escalated", 1),
        ("boss", "escalated", 2),
    ]
    closed = {"closed_at": clock.now()}
    await watch.happens(head, "closed", change=closed, why="by hand")
    await watch.happens(head, "reopened", change={"closed_at": None}, why="again")
    clock.forward(minutes=10)
    assert await escalate(watch.pool, clock.now()) == 1  # once more, from the beginning


async def test_what_was_acknowledged_goes_no_further(watch: Watch, clock: HeldClock):
    await watch.add(ADDRESS)
    await _step(watch, 1, 10, None, "warning")
    (head,) = await watch.outages()
    change = {"acknowledged_at": clock.now(), "acknowledged_by": "sue"}
    await watch.happens(head, "acknowledged", change=change)
    clock.forward(minutes=60)
    assert await escalate(watch.pool, clock.now()) == 0


async def test_two_hosts_at_once_take_each_step_once(watch: Watch, clock: HeldClock):
    await watch.add(ADDRESS)
    await _step(watch, 1, 1, None, "notice")
    await watch.outages(40)
    clock.forward(minutes=1)
    await asyncio.gather(*(escalate(watch.pool, clock.now()) for _ in range(4)))
    await asyncio.gather(*(spread(watch.pool, ZONE, clock.now()) for _ in range(4)))
    told = await _told(watch)
    assert len(told) == 80
    assert sum(kind == "escalated" for _, kind, _ in told) == 40


async def test_a_channel_hears_of_other_channels_troubles_not_of_its_own(watch: Watch):
    await watch.add(ADDRESS, "one")
    await watch.add(ADDRESS, "two")
    (head,) = await watch.outages(scope="channel")
    await watch.pool.execute("UPDATE incident_heads SET member = 'one' WHERE id = $1", head.id)
    assert await _told(watch) == [("two", "opened", 0)]
