"""How often the page of a case asks the database when it is refreshed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import asyncpg
import pytest

from annul.console.cases import acts_bar
from annul.console.cases import one as page
from annul.console.frame.live import View
from annul.console.frame.texts import Words
from annul.desk.roles import Scope, Visitor
from annul.domain.states import State
from tests.support.counted import Counted
from tests.support.desks import make_desk
from tests.support.rows import put_case, put_transaction, put_void

Build = Callable[[], Awaitable[Any]]


class _Part:
    """A part of a page that no browser shows."""

    def __init__(self, build: Build) -> None:
        self._build = build

    async def refresh(self) -> None:
        assert await self._build() is not None


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[Build]:
    """Let the page be built without a browser; gives what refreshes it."""
    found: list[Build] = []
    for module in (page, acts_bar):
        monkeypatch.setattr(module, "ui", MagicMock())
    monkeypatch.setattr(page, "Part", _Part)
    monkeypatch.setattr(page, "live", lambda _view, refresh, *_, **__: found.append(refresh))
    return found


async def test_a_refresh_reads_the_case_once_and_repairs_it_once(
    pool: asyncpg.Pool, refreshed: list[Build]
) -> None:
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id)
    later = datetime.now(UTC) + timedelta(hours=1)
    named = {"id": void.id, "number": void.rrn, "original_id": sale.id}
    case = await put_case(pool, **named, next_action_at=later)
    counted: Any = Counted(pool)
    visitor = Visitor("olga", "operator", frozenset(Scope))
    request: Any = SimpleNamespace(path_params={"number": case.number}, query_params={})
    await page.case(View(make_desk(counted), visitor, Words("en"), request))
    opened = counted.taken()
    # Names, what the issuer answered to others, their cases; what is claimed of the sale.
    around = 4
    assert len(opened) == 5 + around, (
        "all about it, to be looked at or not, whom to call, whether advice helped, who reads"
    )
    read = [one for one in opened if "INSERT INTO audit" not in one]
    assert len(read) == 4 + around
    for _ in range(2):
        await refreshed[0]()
        assert counted.taken() == read
    await pool.execute("UPDATE cases SET ended = 'voided', ended_at = now()")
    await refreshed[0]()
    assert len(counted.taken()) == 3 + around, "what has ended is looked at no more"
    await pool.execute("UPDATE cases SET ended = '', ended_at = NULL")
    await pool.execute("UPDATE transactions SET state = $1 WHERE id = $2", State.VOIDED, sale.id)
    await refreshed[0]()
    assert len(counted.taken()) == 5 + around, "what has just been changed is read anew"
    assert (await make_desk(pool).book.reread(case)).next_action_at < later
