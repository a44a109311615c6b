"""Issuers in trouble: which, since when, with how many cases and how much money in them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.desk.desk import Desk
from annul.desk.outages import outages
from annul.operate.trouble import Trouble, trouble_of
from tests.support.rows import put, put_case

from .people import ISSUER, NOW

_OTHER = "00000202"
_SLOT = {
    "node": 1, "silent": 0, "not_sent": 0, "late": 0, "faults": 0, "link_drops": 0, "garbled": 0,
    "voids": 0, "void_approvals": 0, "latencies": [0] * 28, "tail": [], "codes": {},
}  # fmt: skip
_WELL: dict[str, Any] = {
    "up": True, "seen_at": NOW, "health": "up", "voids": 0, "void_approvals": 0,
}  # fmt: skip


async def _link(pool: asyncpg.Pool, issuer: str, *, up: bool, health: str) -> None:
    row = {"issuer_id": issuer, "node": 1, "up": up, "health": health, "at": NOW}
    await put(pool, "issuer_links", row | {"trouble": "" if up else "refused"})


async def _did(pool: asyncpg.Pool, issuer: str, at: datetime, **counts: int) -> None:
    told = {"issuer_id": issuer, "slot": at, "requests": 0, "approvals": 0}
    await put(pool, "issuer_stats", _SLOT | told | counts)


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({}, None),
        ({"up": None, "seen_at": None, "health": None}, None),  # nobody has seen it yet
        ({"up": False}, Trouble.LINE),
        ({"up": False, "health": "down"}, Trouble.LINE),
        ({"health": "down"}, Trouble.DOWN),
        ({"health": "degraded"}, Trouble.DEGRADED),
        ({"voids": 22, "void_approvals": 6}, Trouble.VOIDS),  # 27 % showed as normal
        ({"voids": 22, "void_approvals": 11}, None),
        ({"voids": 4, "void_approvals": 0}, None),  # too few to say
        ({"health": None, "voids": 9, "void_approvals": 0}, Trouble.VOIDS),
    ],
)
def test_an_issuer_is_judged_by_line_health_and_voids(
    changes: dict[str, Any], trouble: Trouble | None
) -> None:
    assert trouble_of(_WELL | changes) is trouble


async def test_one_outage_has_its_cases_its_money_and_its_beginning(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await _link(pool, ISSUER, up=True, health="down")
    await _link(pool, _OTHER, up=True, health="up")
    worked = NOW - timedelta(minutes=40)
    await _did(pool, ISSUER, worked, requests=9, approvals=9)
    await _did(pool, ISSUER, NOW - timedelta(minutes=2), requests=7)
    for place in range(12):
        await put_case(
            pool,
            amount=1_000 + place,
            opened_at=NOW - timedelta(minutes=30 - place),
            next_action_at=NOW + timedelta(minutes=place),
        )
    await put_case(pool, amount=77, currency="840", next_action_at=NOW + timedelta(hours=1))
    await put_case(pool, issuer_id=_OTHER)
    await put_case(pool, ended="refused", ended_at=NOW)
    (outage,) = await outages(desk)
    assert (outage.trouble, outage.row["issuer_id"]) == (Trouble.DOWN, ISSUER)
    assert (outage.since, outage.cases, outage.next_at) == (worked, 13, NOW)
    money = [(one["currency"], one["amount"]) for one in outage.money]
    assert money == [("156", sum(range(1_000, 1_012))), ("840", 77)]
    assert outage.window_until is None
    until = NOW + timedelta(hours=1)
    window = {
        "issuer_id": ISSUER, "id": uuid4(), "kind": "maintenance", "number": 0, "note": "",
        "valid_from": NOW - timedelta(minutes=1), "valid_until": until, "set_by": "olga",
        "set_at": NOW,
    }  # fmt: skip
    await put(pool, "policies", window)
    assert (await outages(desk))[0].window_until == until


async def test_an_issuer_that_refuses_voids_is_in_trouble_since_its_first_case(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await _link(pool, ISSUER, up=True, health="up")
    await _link(pool, _OTHER, up=False, health="down")
    counts = {"requests": 60, "approvals": 50, "voids": 11, "void_approvals": 3}
    await _did(pool, ISSUER, NOW - timedelta(minutes=20), **counts)
    first = await put_case(pool, opened_at=NOW - timedelta(minutes=19))
    line, voids = await outages(desk)
    assert (line.trouble, line.row["issuer_id"], line.since) == (Trouble.LINE, _OTHER, None)
    assert (voids.trouble, voids.since) == (Trouble.VOIDS, first.opened_at)


async def test_nothing_is_wrong_and_nothing_more_is_asked(desk: Desk) -> None:
    assert await outages(desk) == []
