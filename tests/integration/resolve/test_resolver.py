"""How often the resolver asks the database for one look at a case."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.states import State
from annul.resolve.book import Book
from annul.resolve.case import Case
from annul.resolve.circuits import Circuits
from annul.resolve.pace import Pace
from annul.resolve.resolver import Resolver
from tests.support.counted import Counted
from tests.support.rows import DUE_IN, put_transaction, put_void
from tests.support.site import Site, open_site


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(database, tmp_path, void_tries=0) as opened:
        await opened.running.resolver.stop()
        yield opened


@pytest.fixture
def counted(site: Site) -> Counted:
    return Counted(site.pool)


@pytest.fixture
def resolver(site: Site, counted: Any) -> Resolver:
    host, pace = site.running.host, Pace(tries=0)
    return Resolver(
        host,
        Book(counted, DUE_IN),
        Gatherer(counted, host.calendar, host.clock),
        Lessons(counted),
        Circuits(counted, pace),
        pace,
        random=lambda: 0.5,
    )


async def _case(site: Site, resolver: Resolver, **void: Any) -> Case:
    """Give a case that was just opened for a void of now, leased."""
    now = site.running.host.clock.now()
    merchant, terminal, _ = site.terminals[0]
    of: dict[str, Any] = {
        "merchant_id": merchant,
        "terminal_id": terminal,
        "business_date": site.running.host.business_date(now, merchant),
    }
    sale = await put_transaction(site.pool, 2, received_at=now - timedelta(seconds=60), **of)
    await put_void(site.pool, 3, sale.id, received_at=now, **of, **void)
    await resolver._book.open(now)
    (case,) = await resolver._book.claim(now, timedelta(seconds=30), 1)
    return case


async def test_a_look_is_two_readings_and_one_writing(
    site: Site, resolver: Resolver, counted: Counted
) -> None:
    case = await _case(site, resolver, state=State.UNKNOWN, response_code="")
    counted.taken()
    waiting = await resolver.advance(case)
    assert (waiting.step, waiting.events) == ("await_outcome", 3)
    begin, _, _, commit, _ = counted.taken()
    assert (begin, commit) == ("BEGIN", "COMMIT"), (
        "series and surroundings in one snapshot, and what it then is with its events"
    )
    await resolver.situation(waiting)
    assert len(counted.taken()) == 4, "so it is with what many cases share at hand"


async def test_an_end_is_written_at_once_with_all_who_are_told(
    site: Site, resolver: Resolver, counted: Counted
) -> None:
    case = await _case(site, resolver, response_code="96")
    await site.pool.execute("UPDATE transactions SET state = 'voided' WHERE kind = 'sale'")
    of: dict[str, Any] = {"merchant_id": case.merchant_id, "terminal_id": case.terminal_id}
    of["received_at"] = case.opened_at + timedelta(seconds=1)
    await put_void(site.pool, 4, case.original_id, state=State.APPROVED, **of)
    counted.taken()
    ended = await resolver.advance(case)
    assert ended.ended == "voided"
    *_, begin, _, closing, commit = asked = counted.taken()
    assert (begin, commit) == ("BEGIN", "COMMIT")
    assert "UPDATE incidents" in closing
    assert len(asked) == 9, "one look, the history that may teach, and the end"
    for table in ("notices", "notifications"):
        assert await site.pool.fetchval(f"SELECT count(*) FROM {table}") == 1
