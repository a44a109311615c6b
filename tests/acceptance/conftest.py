"""A whole site for each acceptance test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from annul.store.temporary import temporary_folder
from tests.support.site import Site, open_site


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for a host with a database of its own."""
    with temporary_folder("annul-") as opened:
        yield opened


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give a running host with its issuer simulator and two seeded terminals or more."""
    async with open_site(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def hasty_site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give the same with issuers that have two seconds to answer."""
    async with open_site(database, tmp_path, timeout_ms=2_000) as opened:
        yield opened
