"""Two shops with transactions, a case each, and an issuer, behind the API."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.text import Text
from annul.resolve.book import Book, CaseEntry
from annul.resolve.case import Case, Event
from tests.support.desks import Api, make_desk, open_api
from tests.support.shops import NOW, Shop, open_shops


@pytest.fixture
async def shops(pool: asyncpg.Pool) -> tuple[Shop, Shop]:
    """Give two shops of two merchants."""
    return await open_shops(pool)


@pytest.fixture
async def api(pool: asyncpg.Pool, shops: tuple[Shop, Shop]) -> AsyncIterator[Api]:
    """Give the API over these shops, in a process without a host."""
    assert shops
    async with open_api(make_desk(pool)) as opened:
        yield opened


async def happen(book: Book, case: Case, what: str) -> Case:
    """Let something happen in a case."""
    event = Event(what, Text("发生了", "it happened"), evidence={"causes": [], "facts": {}})
    written = await book.write(
        case, CaseEntry(case._replace(cause=next(iter(CAUSES))), [event]), NOW
    )
    assert written is not None
    return written
