"""The parts of the page of notices, in both languages, with what may go wrong on them."""

from collections.abc import AsyncIterator
from datetime import date, time
from typing import Any, cast

import asyncpg
import pytest

from annul.console.frame.live import View
from annul.console.frame.texts import Words
from annul.console.notices.channels import channels_card, hours
from annul.console.notices.rota import rota_card
from annul.console.notices.sent import sent_card
from annul.desk.permission import NotValid
from annul.desk.roles import ROLES, Visitor
from tests.support.clock import HeldClock
from tests.support.desks import make_desk
from tests.support.notices import Robot, Watch


class _View:
    """As much of a view as the parts need."""

    when, dated, may = View.when, View.dated, View.may

    def __init__(self, pool: asyncpg.Pool, clock: HeldClock, language: str, role: str) -> None:
        self.words = Words(language)
        self.desk = make_desk(pool, clock=clock)
        self.visitor = Visitor("li", role, ROLES[role])
        self.query: dict[str, str] = {}


@pytest.fixture
async def pool_with_notices(pool: asyncpg.Pool) -> AsyncIterator[tuple[asyncpg.Pool, HeldClock]]:
    """Give two channels, one that refuses, a rota, a step, and what was sent and is owed."""
    clock = HeldClock()
    watch = Watch(pool, clock)
    async with Robot(answers=[403]).listening() as robot, Robot().listening() as other:
        refused = await watch.add(robot.program(), "night shift", by_rota=True)
        await watch.add(other.program(), "group", quiet_from=time(22), quiet_to=time(7))
        who = {"set_by": "li", "set_at": clock.now()}
        duty = {"from_at": time(8), "to_at": time(20), "person": "Wang", "channel_id": refused}
        only = {"id": refused, "only_on": date(2026, 11, 25)}
        await watch.put("rota", duty | only | who)
        step = {"step": 1, "after_min": 15, "severity": "warning", "channel_id": None}
        await watch.put("escalations", step | who)
        await watch.outages(2)
        watch.start()
        await watch.logged(3)
        await watch.close()
        yield pool, clock


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("en", ("1 failures in a row", "error=403", "quiet 22:00-07:00", "on duty only")),
        ("zh", ("连续失败1次", "error=403", "22:00至07:00免打扰", "仅值班时")),
    ],
)
async def test_channels_and_how_they_do(
    pool_with_notices: tuple[asyncpg.Pool, HeldClock], language: str, parts: tuple[str, ...]
) -> None:
    view = cast("View", _View(*pool_with_notices, language, "operator"))
    shown = str(await channels_card(view))
    assert all(part in shown for part in ("night shift", "group", "test-channel", *parts))
    assert "127.0.0.1" not in shown.replace("host=&#x27;127.0.0.1", "")
    reader = cast("View", _View(*pool_with_notices, language, "support"))
    assert "test-channel" not in str(await channels_card(reader))


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("en", ("08:00-20:00 Wang · night shift", "2026-11-25 alone", "15 minutes without")),
        ("zh", ("08:00-20:00 Wang · night shift", "仅2026-11-25", "15分钟无人确认")),
    ],
)
async def test_the_rota_as_a_week_and_the_steps(
    pool_with_notices: tuple[asyncpg.Pool, HeldClock], language: str, parts: tuple[str, ...]
) -> None:
    shown = str(await rota_card(cast("View", _View(*pool_with_notices, language, "operator"))))
    assert all(part in shown for part in parts)


@pytest.mark.parametrize(
    ("language", "parts"),
    [("en", ("was taken", "refused", "new incident")), ("zh", ("已送达", "被拒", "新事件"))],
)
async def test_what_is_owed_and_what_was_sent(
    pool_with_notices: tuple[asyncpg.Pool, HeldClock], language: str, parts: tuple[str, ...]
) -> None:
    shown: Any = await sent_card(cast("View", _View(*pool_with_notices, language, "auditor")))
    assert all(part in str(shown) for part in (*parts, "IN000001", "IN000002", "/incidents/"))


def test_hours_as_they_are_typed_in() -> None:
    assert hours("22:00-07:00") == (time(22), time(7))
    assert hours(" 22：00 - 07：30 ") == (time(22), time(7, 30))
    assert hours("") == (time(), time())
    for wrong in ("22", "25:00-07:00", "22:00-"):
        with pytest.raises(NotValid):
            hours(wrong)
