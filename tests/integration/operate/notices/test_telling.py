"""Notices over a real database, a real mail server, real HTTP receivers and a held clock."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from annul.domain.incident import Incident
from annul.operate.incidents.gathering import HeadGatherer
from annul.operate.notices.robots import DingTalkRobot, WeComRobot
from annul.operate.notices.sending import Sender, SendPace
from tests.support.clock import HeldClock
from tests.support.notices import BASE, Mailbox, Robot, Watch
from tests.support.processes import free_port


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def robot() -> AsyncIterator[Robot]:
    async with Robot().listening() as robot:
        yield robot


async def test_mail_says_what_money_cause_and_next_step(watch: Watch):
    async with Mailbox().listening() as mailbox:
        await watch.add(mailbox.address, language="zh")
        (head,) = await watch.outages(severity="critical")
        row = Incident.of("loop_stands_still", "", "1 x", process="1", loop="x", why="Fault")
        await watch.raised(head, row)
        watch.start()
        await watch.drained()
        (mail,) = mailbox.got
    assert mail["subject"].startswith("【严重】新事件：")
    assert "后台任务停滞" in mail["subject"]
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert "主机进程1：任务x没有按时轮到" in text
    assert "款项：交易照常受理" in text
    assert "下一步：看该进程日志" in text
    assert f"{BASE}/incidents/{head.number}" in text
    told = await watch.pool.fetchrow("SELECT * FROM incident_events WHERE kind = 'told'")
    assert told is not None
    assert told["params"]["channel"] == "group"
    assert mailbox.address not in str(dict(told))


@pytest.mark.parametrize(("language", "said"), [("zh", "【警告】"), ("en", "[warning]")])
async def test_a_channel_without_a_language_speaks_that_of_the_installation(
    watch: Watch, robot: Robot, language: str, said: str
):
    await watch.add(robot.program(), language="")
    await watch.outages()
    watch.start(language=language)
    await watch.drained()
    assert robot.texts[0].startswith(said)
    assert ("下一步" in robot.texts[0]) is (language == "zh")


async def test_owed_once_and_told_once(watch: Watch, robot: Robot):
    await watch.add(robot.program())
    await watch.outages()
    watch.start()
    watch.start()
    await watch.drained()
    await watch.round()
    assert len(robot.got) == 1
    assert [row["phase"] for row in await watch.log()] == ["sending", "told"]


async def test_what_happens_meanwhile_is_one_message(watch: Watch, robot: Robot, clock: HeldClock):
    robot.answers = [503, 200]
    await watch.add(robot.program())
    (head,) = await watch.outages()
    watch.start()
    await watch.logged(1, "refused")
    await watch.happens(head, "cause_named", change={"cause": "issuer_down"}, cause="issuer_down")
    closed = {"closed_at": clock.now(), "quiet_since": clock.now()}
    await watch.happens(head, "closed", change=closed, why="by itself")
    clock.forward(seconds=10)
    await watch.drained()
    assert len(robot.got) == 2
    assert robot.texts[1].startswith("[warning] new, cause found, over: ")


async def test_twenty_messages_a_minute_and_the_rest_in_one(
    watch: Watch, robot: Robot, clock: HeldClock
):
    await watch.add(robot.program())
    heads = await watch.outages(100)
    watch.start()
    await watch.drained()
    assert len(robot.got) == 20
    assert robot.got[-1]["title"] == "81 incidents, 81 of them not over"
    said = "\n".join(robot.texts)
    assert all(f"{head.number}" in said for head in heads)
    more = await watch.outages(3)
    await watch.round()
    clock.forward(seconds=59)
    await watch.round()
    assert len(robot.got) == 20  # the minute is not over
    clock.forward(seconds=3)
    await watch.drained()
    assert len(robot.got) == 23
    assert all(head.number in "\n".join(robot.texts[20:]) for head in more)


@pytest.mark.parametrize(
    ("robot_class", "address", "place", "code"),
    [
        (DingTalkRobot, "dingtalk://abc123secret/", "{token}", 130101),
        (WeComRobot, "wecombot://abc123secret", "{key}", 45009),
    ],
)
async def test_a_robot_that_says_200_and_too_fast_is_told_again(
    watch: Watch,
    robot: Robot,
    clock: HeldClock,
    monkeypatch: pytest.MonkeyPatch,
    robot_class: type,
    address: str,
    place: str,
    code: int,
):
    monkeypatch.setattr(robot_class, "notify_url", f"{robot.url}?key={place}")
    robot.answers = [{"errcode": code, "errmsg": "send too fast"}, {"errcode": 0}]
    channel = await watch.add(address)
    (head,) = await watch.outages()
    watch.start()
    await watch.logged(1, "limited")
    assert f"errcode={code}" in (await watch.state(channel))["error"]
    clock.forward(seconds=59)
    await watch.round()
    assert len(robot.got) == 1
    clock.forward(seconds=1)
    await watch.drained()
    assert len(robot.got) == 2
    assert head.number in robot.texts[1]
    assert not await watch.pool.fetch("SELECT FROM incidents")


async def test_a_refused_channel_is_an_incident_that_closes(
    watch: Watch, robot: Robot, clock: HeldClock
):
    robot.answers = [403, 200]
    await watch.add(robot.program("secret-token"))
    await watch.outages()
    watch.start()
    await watch.logged(1, "refused")
    (incident,) = await watch.pool.fetch("SELECT * FROM incidents")
    assert (incident["kind"], incident["subject"]) == ("channel_refused", "group")
    assert "error=403" in incident["params"]["error"]
    assert "secret-token" not in str(dict(incident))
    clock.forward(seconds=10)
    await watch.drained()
    (incident,) = await watch.pool.fetch("SELECT * FROM incidents")
    assert incident["closed_at"] == clock.now()


async def test_the_other_channels_are_told_of_one_that_is_refused(
    watch: Watch, robot: Robot, clock: HeldClock
):
    robot.answers = [403, 200]
    async with Robot().listening() as other:
        await watch.add(robot.program(), "first", severity="warning")
        await watch.outages()
        watch.start()
        await watch.logged(1, "refused")
        await watch.add(other.program(), "second")
        gatherer = HeadGatherer(watch.pool, clock)
        await gatherer.run()
        await watch.logged(1, "told")
        assert other.texts[0].startswith("[warning] new: channel of notices first")
        assert "error=403" in other.texts[0]
        clock.forward(seconds=10)
        await watch.drained()
        await gatherer.run()
        clock.forward(minutes=6)
        await gatherer.run()
        await watch.drained()
        assert any("over: channel of notices first" in text for text in other.texts)
        assert not any("channel of notices" in text for text in robot.texts)


async def test_nobody_there_is_an_incident_after_some_tries(watch: Watch, clock: HeldClock):
    robot = Robot(port=free_port())
    channel = await watch.add(robot.program())
    await watch.outages()
    watch.start()
    for tries, wait in enumerate((10, 20, 40), 1):
        assert bool(await watch.pool.fetch("SELECT FROM incidents")) is False
        await watch.logged(tries, "unreached")
        state = await watch.state(channel)
        assert (state["next_at"] - clock.now()).total_seconds() == wait
        clock.forward(seconds=wait)
    assert await watch.pool.fetch("SELECT FROM incidents WHERE kind = 'channel_refused'")
    async with robot.listening():
        await watch.logged(4)
        clock.forward(seconds=900)
        await watch.drained()
    assert len(robot.got) == 1
    assert "you may have this already" not in robot.texts[0]


async def test_one_that_does_not_answer_holds_up_no_other(watch: Watch, robot: Robot):
    slow = Robot(held=asyncio.Event())
    async with slow.listening():
        await watch.add(slow.program(), "slow")
        await watch.add(robot.program(), "quick")
        await watch.outages()
        watch.start(sender=Sender(SendPace(within_s=0.5, each_s=0.5)))
        await watch.logged(1, "unanswered")
        assert len(robot.got) == 1
        assert slow.held is not None
        slow.held.set()


async def test_redirects_are_not_followed(watch: Watch, robot: Robot):
    robot.answers = [302, 200]
    await watch.add(robot.program())
    await watch.outages()
    watch.start()
    await watch.logged(1, "refused")
    assert len(robot.got) == 1


async def test_a_mail_server_that_refuses_is_tried_again(watch: Watch, clock: HeldClock):
    async with Mailbox(answers=["451 try later", "554 no"]).listening() as mailbox:
        channel = await watch.add(mailbox.address)
        await watch.outages()
        watch.start()
        await watch.logged(1, "limited")
        clock.forward(seconds=60)
        await watch.logged(1, "refused")
        assert "554" in (await watch.state(channel))["error"]
        clock.forward(seconds=20)
        await watch.drained()
        assert len(mailbox.got) == 1
