from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from annul.app import ground, serve
from annul.cells import directory, founding
from annul.settings import Settings
from annul.store.schema import in_schema
from tests.support.cells import TwoCells, described
from tests.support.site import open_rogue_site


@pytest.fixture
async def cells(
    database: str, tmp_path: Path, unused_tcp_port_factory: Any
) -> AsyncIterator[TwoCells]:
    ports = {name: unused_tcp_port_factory() for name in ("west", "east")}
    file = described(tmp_path, database, ports)
    shared: dict[str, Any] = {"cells": file, "terminals_proxies": ["127.0.0.1"]}
    first = {"terminals_port": ports["west"], "cell": "west", **shared}
    async with open_rogue_site(database, tmp_path / "one", timeout_ms=5_000, **first) as site:
        known = directory.read(file)
        await founding.found(known, "east", "west")
        settings = Settings.load(
            None,
            data=tmp_path / "two",
            database=in_schema(database, "east"),
            terminals_port=ports["east"],
            status_port=0,
            resolver=False,
            cell="east",
            master_key_file=site.running.ground.settings.data / "master.key",
            **shared,
        )
        async with ground(settings) as own, serve(own) as second:
            yield TwoCells(site, second, known)
