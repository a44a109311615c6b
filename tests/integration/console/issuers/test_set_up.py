"""The card of an issuer's line says what annul has asked by itself, in both languages."""

import re
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.console.frame.live import View
from annul.console.frame.texts import Words
from annul.console.issuers.set_up import set_up_card
from annul.desk.roles import ROLES, Visitor
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import NOON
from tests.support.desks import make_desk
from tests.support.rows import put

_BANK = "00000101"


async def _shown(pool: asyncpg.Pool, language: str) -> str:
    request: Any = SimpleNamespace(path_params={}, query_params={})
    olga = Visitor("olga", "operator", ROLES["operator"])
    view = View(make_desk(pool), olga, Words(language), request)
    return re.sub(r"<[^>]+>", "", str(await set_up_card(view, _BANK)))


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [
        ("en", "Asked by annul", "a void that waits (requests without an answer): no outcome"),
        ("zh", "系统自行探询", "等待中的撤销 (有交易没有应答): 没有结果"),
    ],
)
async def test_the_last_probe_is_shown(
    pool: asyncpg.Pool, language: str, title: str, said: str
) -> None:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,)))
    assert said not in await _shown(pool, language)
    row = {"issuer_id": _BANK, "asked_at": NOON, "why": "silent", "how": "void", "asked": 4}
    await put(pool, "issuer_probes", row | {"case_id": uuid4(), "unanswered": 3})
    shown = await _shown(pool, language)
    assert title in shown
    assert said in shown
    assert ("4 in all, 3 unanswered" if language == "en" else "共4次，3次无应答") in shown
