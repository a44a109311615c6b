"""Channels, rota and escalation as people set them up; a test message over a real receiver."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import notices as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Scope, Visitor
from annul.domain.incident import Severity
from annul.domain.notices import BadChannel
from annul.domain.rota import Days, Duty
from annul.operate.notices.sending import Phase
from annul.operate.notices.trying import ChannelBusy
from tests.support.notices import Robot

from .people import audited, person

NEW = views.NewChannel("duty group", "dingtalk://5ec2e7@70c3a9/", severity=Severity.CRITICAL)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


@pytest.fixture
async def robot() -> AsyncIterator[Robot]:
    async with Robot().listening() as robot:
        yield robot


async def test_an_address_is_sealed_and_never_shown_again(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    identity = await views.add_channel(desk, operator, NEW, "new group")
    (row,) = await views.channels(desk, operator)
    stored = await pool.fetchval("SELECT address FROM channels WHERE id = $1", identity)
    assert desk.vault.open(stored) == NEW.address
    (told,) = await audited(pool)
    assert (told["action"], told["object"]) == ("add-channel", "channel duty group")
    for said in (str(row), str(dict(told)), repr(stored)):
        assert "5ec2e7" not in said
        assert "70c3a9" not in said


async def test_a_change_keeps_the_address_if_none_is_given(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    identity = await views.add_channel(desk, operator, NEW, "new group")
    changed = replace(NEW, address="", per_minute=5, quiet_from=time(22), quiet_to=time(7))
    await views.change_channel(desk, operator, identity, changed, "quieter")
    (row,) = await views.channels(desk, operator)
    assert (row["per_minute"], row["quiet_from"], row["kind"]) == (5, time(22), "dingtalk")
    stored = await pool.fetchval("SELECT address FROM channels WHERE id = $1", identity)
    assert desk.vault.open(stored) == NEW.address
    other = replace(changed, address="wecombot://70c3a9")
    await views.change_channel(desk, operator, identity, other, "moved")
    assert (await views.channels(desk, operator))[0]["kind"] == "wecom"


async def test_one_that_is_stopped_is_owed_nothing_and_its_name_is_free(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    identity = await views.add_channel(desk, operator, NEW, "new group")
    with pytest.raises(views.NameTaken):
        await views.add_channel(desk, operator, NEW, "again")
    await pool.execute(
        "INSERT INTO notice_outbox (channel_id, head_id, of_merchant, seq, kind, severity, params,"
        " at, due_at) VALUES ($1, $2, '', 1, 'opened', 'warning', '{}', now(), now())",
        identity,
        uuid4(),
    )
    assert len(await views.owed(desk, operator, 10)) == 1
    await views.stop_channel(desk, operator, identity, "left")
    assert await views.owed(desk, operator, 10) == []
    with pytest.raises(NothingThere):
        await views.stop_channel(desk, operator, identity, "left")
    await views.add_channel(desk, operator, NEW, "a new one")
    assert len(await views.channels(desk, operator)) == 1
    assert len(await views.channels(desk, operator, also_off=True)) == 2


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"address": "syslog://"}, BadChannel),
        ({"name": " "}, NotValid),
        ({"language": "fr"}, NotValid),
        ({"per_minute": 0}, NotValid),
        ({"scopes": ("weather",)}, NotValid),
    ],
)
async def test_what_is_no_channel(
    desk: Desk, operator: Visitor, wrong: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await views.add_channel(desk, operator, replace(NEW, **wrong), "why")  # type: ignore[arg-type]
    with pytest.raises(ReasonNeeded):
        await views.add_channel(desk, operator, NEW, " ")


async def test_only_operators_set_it_up_and_no_merchant_sees_it(desk: Desk) -> None:
    support = await person(desk, "support")
    assert await views.channels(desk, support) == []
    bound = Visitor("key", "", frozenset(Scope), merchant_id="898000058120000")
    for who in (support, bound, await person(desk, "auditor")):
        with pytest.raises(NotAllowed):
            await views.add_channel(desk, who, NEW, "why")
        with pytest.raises(NotAllowed):
            await views.try_channel(desk, who, uuid4())
    with pytest.raises(NotAllowed):
        await views.log(desk, bound, 10)


async def test_a_test_message_arrives_is_logged_and_counts(
    desk: Desk, operator: Visitor, robot: Robot, pool: asyncpg.Pool
) -> None:
    new = views.NewChannel("ours", robot.program(), "en", per_minute=1)
    identity = await views.add_channel(desk, operator, new, "new")
    assert (await views.try_channel(desk, operator, identity)).phase is Phase.TOLD
    assert 'Channel "ours" works' in robot.texts[0]
    (line,) = (await views.log(desk, operator, 10)).rows
    assert (line["phase"], line["numbers"], line["channel"]) == ("told", [], "ours")
    with pytest.raises(ChannelBusy):
        await views.try_channel(desk, operator, identity)
    assert [row["action"] for row in await audited(pool)] == ["add-channel", "test-channel"]


@pytest.mark.parametrize(("language", "said"), [("zh", "渠道“ours”可用"), ("en", "works")])
async def test_without_a_language_a_test_message_speaks_that_of_the_installation(
    desk: Desk, operator: Visitor, robot: Robot, language: str, said: str
) -> None:
    spoken = replace(desk, notices_language=language)
    identity = await views.add_channel(
        spoken, operator, views.NewChannel("ours", robot.program()), "new"
    )
    await views.try_channel(spoken, operator, identity)
    assert said in robot.texts[0]
    with pytest.raises(NotValid):
        await views.add_channel(desk, operator, replace(NEW, language="fr"), "why")


async def test_a_test_message_that_is_refused_is_an_incident(
    desk: Desk, operator: Visitor, robot: Robot, pool: asyncpg.Pool
) -> None:
    robot.answers = [404, 200]
    new = views.NewChannel("ours", robot.program("secret-path"), "en")
    identity = await views.add_channel(desk, operator, new, "new")
    outcome = await views.try_channel(desk, operator, identity)
    assert outcome.phase is Phase.REFUSED
    assert "secret-path" not in outcome.error
    is_open = "SELECT count(*) FROM incidents WHERE kind = 'channel_refused' AND closed_at IS NULL"
    assert await pool.fetchval(is_open) == 1
    await views.change_channel(desk, operator, identity, replace(new, address=""), "mended")
    assert (await views.try_channel(desk, operator, identity)).phase is Phase.TOLD
    assert await pool.fetchval(is_open) == 0


async def test_the_rota_as_a_week(desk: Desk, operator: Visitor) -> None:
    identity = await views.add_channel(desk, operator, NEW, "new group")
    work = Duty(identity, time(8), time(20), days=Days.WORKING, person="Li")
    await views.add_duty(desk, operator, work, "rota")
    one = Duty(identity, time(0), time(0), only_on=date(2026, 11, 25), person="Wang")
    extra = await views.add_duty(desk, operator, one, "rota")
    week = await views.week(desk, operator, date(2026, 11, 23))
    said = [[row["person"] for row in rows] for _, rows in week]
    assert said == [["Li"], ["Li"], ["Wang"], ["Li"], ["Li"], [], []]
    await views.end_duty(desk, operator, extra, "back")
    with pytest.raises(NothingThere):
        await views.end_duty(desk, operator, extra, "back")
    assert len(await views.rota(desk, operator)) == 1


async def test_steps_are_set_and_removed(desk: Desk, operator: Visitor) -> None:
    identity = await views.add_channel(desk, operator, NEW, "new group")
    await views.set_step(desk, operator, 1, 15, Severity.WARNING, None, "all")
    await views.set_step(desk, operator, 1, 10, Severity.WARNING, identity, "sooner")
    (row,) = await views.steps(desk, operator)
    assert (row["after_min"], row["channel"]) == (10, "duty group")
    with pytest.raises(NotValid):
        await views.set_step(desk, operator, 0, 10, Severity.WARNING, None, "no")
    with pytest.raises(NothingThere):
        await views.set_step(desk, operator, 2, 10, Severity.WARNING, uuid4(), "no")
    await views.end_step(desk, operator, 1, "no more")
    assert await views.steps(desk, operator) == []
