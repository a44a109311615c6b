"""A site whose issuers follow a script, and who stands before its terminals."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier, cashier
from tests.support.wire import Keyed, Wire, dial


@pytest.fixture
def settings() -> dict[str, Any]:
    """Give what a module wants otherwise of its site."""
    return {}


@pytest.fixture
async def site(database: str, tmp_path: Path, settings: dict[str, Any]) -> AsyncIterator[RogueSite]:
    async with open_rogue_site(database, tmp_path, **settings) as opened:
        yield opened
        await opened.running.resolver.stop()  # of those that a test has started


@pytest.fixture
def till(site: RogueSite) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


@pytest.fixture
async def wire(site: RogueSite) -> AsyncIterator[Wire]:
    async with dial(site.port) as opened:
        yield opened


@pytest.fixture
async def owner(site: RogueSite, wire: Wire) -> Keyed:
    """Give somebody who has signed in with the keys of the first terminal."""
    keyed = Keyed(site.terminals[0])
    await keyed.sign_in(wire)
    return keyed
