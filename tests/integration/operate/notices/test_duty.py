"""Who gets a message, and when: quiet hours, duty, escalation, holidays, over real receivers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, time
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import pytest

from annul.operate.notices.robots import WeComRobot
from tests.support.clock import HeldClock
from tests.support.notices import BASE, ZONE, Mailbox, Robot, Watch

_EVENING = datetime(2026, 11, 25, 21, 50, tzinfo=ZONE)
_QUIET: dict[str, Any] = {"quiet_from": time(22), "quiet_to": time(7)}


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(_EVENING)


@pytest.fixture
async def robots() -> AsyncIterator[list[Robot]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Robot().listening()) for _ in range(2)]


async def _duty(watch: Watch, channel: UUID, person: str, **more: Any) -> None:
    columns: dict[str, Any] = {"id": uuid4(), "channel_id": channel, "person": person}
    columns |= {"from_at": time(), "to_at": time(), "set_by": "test", "set_at": watch.clock.now()}
    await watch.put("rota", columns | more)


async def _step(watch: Watch, step: int, after: int, channel: UUID | None) -> None:
    columns = {"step": step, "after_min": after, "severity": "warning", "channel_id": channel}
    await watch.put("escalations", columns | {"set_by": "test", "set_at": watch.clock.now()})


async def _who(watch: Watch) -> list[str]:
    """Name who was told, as timelines say it, in order."""
    rows = await watch.pool.fetch(
        "SELECT params FROM incident_events WHERE kind = 'told' ORDER BY at, seq"
    )
    return [row["params"]["who"] for row in rows]


async def _later(watch: Watch, clock: HeldClock, **by: float) -> None:
    """Let time pass, and no host be left that has looked at the clock before."""
    clock.forward(**by)
    await watch.round()


def _subjects(mails: list[EmailMessage]) -> list[str]:
    return [str(mail["subject"]) for mail in mails]


# Quiet hours ------------------------------------------------------------------------------------


async def test_quiet_hours_hold_a_notice_and_let_the_urgent_through(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    await watch.add(mailbox.address, **_QUIET)
    watch.start()
    await _later(watch, clock, minutes=30)  # 22:20
    (slight,) = await watch.outages(severity="warning")
    await watch.round()
    assert mailbox.got == []
    (grave,) = await watch.outages(severity="critical")
    await watch.logged(1, "told")
    (urgent,) = _subjects(mailbox.got)
    assert grave.member in urgent
    await _later(watch, clock, hours=8, minutes=39)  # 06:59
    await watch.round()
    assert len(mailbox.got) == 1
    await _later(watch, clock, minutes=1)
    await watch.drained()
    (_, held) = _subjects(mailbox.got)
    assert slight.member in held
    assert held.startswith("[warning] new: ")


async def test_what_becomes_urgent_is_told_at_once_with_all_that_was_held(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    await watch.add(mailbox.address, **_QUIET)
    watch.start()
    await _later(watch, clock, hours=2)
    (head,) = await watch.outages(severity="warning")
    (other,) = await watch.outages(severity="warning")
    await watch.round()
    await watch.happens(head, "severity_rose", change={"severity": "critical"}, was="warning")
    await watch.logged(1, "told")
    (told,) = _subjects(mailbox.got)
    assert told.startswith(f"[critical] new, now critical: issuer {head.member}")
    await watch.round()
    assert not any(other.member in one for one in _subjects(mailbox.got))


async def test_what_is_over_before_quiet_hours_end_is_one_message_in_the_morning(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    await watch.add(mailbox.address, **_QUIET)
    watch.start()
    await _later(watch, clock, hours=2)
    (head,) = await watch.outages(severity="warning")
    closed = {"closed_at": clock.now(), "quiet_since": clock.now()}
    await watch.happens(head, "closed", change=closed, why="by itself")
    await _later(watch, clock, hours=8)
    await watch.drained()
    (told,) = _subjects(mailbox.got)
    assert told.startswith(f"[warning] new, over: issuer {head.member}")


# The limit --------------------------------------------------------------------------------------


async def test_the_digest_after_the_twentieth_message_says_what_it_holds(
    watch: Watch, robots: list[Robot], clock: HeldClock
):
    robot = robots[0]
    await watch.add(robot.program())
    over = await watch.outages(2, severity="notice")
    still = await watch.outages(40, severity="warning")
    grave = await watch.outages(10, severity="critical")
    closed = {"closed_at": clock.now(), "quiet_since": clock.now()}
    for head in over:
        await watch.happens(head, "closed", change=closed, why="by itself")
    watch.start()
    await watch.drained()
    assert len(robot.got) == 20
    alone = [one["title"] for one in robot.got[:19]]
    assert all(one.startswith("[critical]") for one in alone[:10])
    assert all(one.startswith("[warning]") for one in alone[10:])
    assert {head.member for head in grave} == {one.rpartition(" ")[2] for one in alone[:10]}
    digest = robot.got[19]
    assert digest["title"] == "33 incidents, 31 of them not over"
    why, *lines, link = digest["message"].splitlines()
    assert why == "As many messages as a minute takes; the rest in one:"
    assert link == f"{BASE}/incidents"
    told = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}
    rest = [head for head in still if not any(head.member in one for one in alone)]
    assert told == {
        **{head.number: f"[warning] new: issuer {head.member}" for head in rest},
        **{head.number: f"[notice] new, over: issuer {head.member}" for head in over},
    }
    assert set(list(told)[-2:]) == {head.number for head in over}, "the gravest first"


async def test_a_digest_that_holds_no_more_says_how_many_and_the_rest_follows(
    watch: Watch, robots: list[Robot], clock: HeldClock, monkeypatch: pytest.MonkeyPatch
):
    robot = robots[0]
    monkeypatch.setattr(WeComRobot, "notify_url", f"{robot.url}?key={{key}}")
    await watch.add("wecombot://abc123secret", per_minute=1, language="zh")
    heads = await watch.outages(80)
    watch.start()
    told: list[str] = []
    while len(told) < len(heads):
        await watch.logged(len(robot.got) + 1, "told")
        first, why, *lines, _ = robot.texts[-1].splitlines()
        assert first == f"{len(lines)}起事件，未结束{len(lines)}起"
        assert why == "一分钟内消息已满，以下合并为一条："
        assert len(robot.texts[-1].encode()) <= 2_000
        told += [line.partition(" ")[0] for line in lines]
        await _later(watch, clock, seconds=62)
    assert len(robot.got) > 1
    assert sorted(told) == [head.number for head in heads]


# Duty and escalation ----------------------------------------------------------------------------


async def _two_shifts(watch: Watch, robots: list[Robot]) -> None:
    """Put Li on duty up to ten at night, and Wang from then on."""
    day, night = [
        await watch.add(robot.program(), name, by_rota=True)
        for robot, name in zip(robots, ("day", "night"), strict=True)
    ]
    await _duty(watch, day, "Li", from_at=time(10), to_at=time(22))
    await _duty(watch, night, "Wang", from_at=time(22), to_at=time(10))


async def test_who_is_on_duty_next_is_told_when_nobody_acknowledges_in_time(
    watch: Watch, robots: list[Robot], clock: HeldClock
):
    await _two_shifts(watch, robots)
    await _step(watch, 1, 15, None)
    watch.start()
    (head,) = await watch.outages()
    await watch.logged(1, "told")
    await _later(watch, clock, minutes=14, seconds=59)
    await watch.round()
    assert [len(robot.got) for robot in robots] == [1, 0]
    await _later(watch, clock, seconds=6)  # 22:05; a host looks every five seconds
    await watch.logged(2, "told")
    assert [len(robot.got) for robot in robots] == [1, 1]
    (title,) = [one["title"] for one in robots[1].got]
    assert title == (f"[warning] nobody has acknowledged it for 15 min: issuer {head.member}")
    assert await _who(watch) == ["Li", "Wang"]


async def test_each_step_goes_to_its_own_channel_and_once(
    watch: Watch, robots: list[Robot], clock: HeldClock
):
    await watch.add(robots[0].program(), "group")
    boss = await watch.add(robots[1].program(), "boss", severity="critical")
    await _step(watch, 1, 10, None)
    await _step(watch, 2, 30, boss)
    watch.start()
    await watch.outages()
    await watch.logged(1, "told")
    for minutes, got in ((10, [2, 0]), (10, [2, 0]), (11, [2, 1]), (60, [2, 1])):
        await _later(watch, clock, minutes=minutes, seconds=1)
        await watch.logged(sum(got), "told")
        await watch.round()
        assert [len(robot.got) for robot in robots] == got


async def test_what_somebody_has_acknowledged_goes_to_nobody_else(
    watch: Watch, robots: list[Robot], clock: HeldClock
):
    await _two_shifts(watch, robots)
    await _step(watch, 1, 15, None)
    watch.start()
    (head,) = await watch.outages()
    await watch.logged(1, "told")
    await _later(watch, clock, minutes=10)
    change = {"acknowledged_at": clock.now(), "acknowledged_by": "li"}
    await watch.happens(head, "acknowledged", change=change)
    await _later(watch, clock, hours=3)
    await watch.round()
    assert [len(robot.got) for robot in robots] == [1, 0]


# Holidays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "person"),
    [
        ("2026-09-30", "Li"),  # a Wednesday
        ("2026-10-01", "Wang"),  # National Day, a Thursday
        ("2026-10-10", "Li"),  # a Saturday that is worked for it
        ("2026-10-11", "Wang"),  # a Sunday
        ("2026-02-17", "Wang"),  # the Spring Festival, a Tuesday
        ("2026-02-28", "Li"),  # a Saturday that is worked for that
    ],
)
async def test_a_holiday_of_the_calendar_changes_who_is_on_duty(
    watch: Watch, robots: list[Robot], clock: HeldClock, day: str, person: str
):
    clock.at = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=ZONE)
    office, standby = [
        await watch.add(robot.program(), name, by_rota=True)
        for robot, name in zip(robots, ("office", "standby"), strict=True)
    ]
    await _duty(watch, office, "Li", days="working")
    await _duty(watch, standby, "Wang", days="free")
    await watch.outages()
    watch.start()
    await watch.drained()
    assert await _who(watch) == [person]
    assert [len(robot.got) for robot in robots] == [person == "Li", person == "Wang"]


async def test_the_night_of_the_last_working_day_ends_on_the_holiday(
    watch: Watch, robots: list[Robot], clock: HeldClock
):
    clock.at = datetime(2026, 10, 1, 7, 59, tzinfo=ZONE)  # of the holiday
    office, standby = [
        await watch.add(robot.program(), name, by_rota=True)
        for robot, name in zip(robots, ("office", "standby"), strict=True)
    ]
    await _duty(watch, office, "Li", days="working", from_at=time(20), to_at=time(8))
    await _duty(watch, standby, "Wang", days="free", from_at=time(8), to_at=time(8))
    watch.start()
    await watch.outages()
    await watch.logged(1, "told")
    await _later(watch, clock, minutes=1)
    await watch.outages()
    await watch.logged(2, "told")
    assert await _who(watch) == ["Li", "Wang"]
