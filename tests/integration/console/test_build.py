"""Two consoles in one process: each answers from its own desk."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from annul.api.gate import COOKIE
from annul.console.build import build
from annul.console.till.tills import Till
from annul.desk.desk import Desk, SettingInForce
from annul.serving import serve_http
from annul.sim.terminal.profile import Profile
from tests.support.desks import make_desk

_NAMES: Final = ("the first", "the second")
_TERMINALS: Final = ("10000001", "10000002")


@asynccontextmanager
async def _served(application: FastAPI, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve_http(application, "127.0.0.1", 0, lifespan=True) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"cookie": f"{COOKIE}={token}"},
            trust_env=False,
            timeout=30,
        ) as http,
    ):
        yield http


async def _desks(pool: asyncpg.Pool, folder: Path) -> list[Desk]:
    """Give two desks that differ in what they show of themselves, and in their terminals."""
    for terminal in _TERMINALS:
        profile = Profile(merchant="898000058120000", terminal=terminal, master_key="0a" * 16)
        profile.write(folder / terminal / "pos" / f"{terminal}.json")
    return [
        make_desk(
            pool, data=folder / terminal, settings=(SettingInForce("name", name, "file", ""),)
        )
        for name, terminal in zip(_NAMES, _TERMINALS, strict=True)
    ]


async def test_two_in_one_process_share_nothing(
    pool: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    closing = Till.close

    def close(till: Till) -> None:
        closed.append(till.profile.terminal)
        closing(till)

    monkeypatch.setattr(Till, "close", close)
    desks = await _desks(pool, tmp_path)
    await desks[0].access.add("keeper", "a longer one of their own", "administrator")
    token = (await desks[0].access.open("keeper")).token
    applications = [build(desk) for desk in desks]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_served(one, token)) for one in applications]
        for client, own, other in zip(clients, _NAMES, reversed(_NAMES), strict=True):
            page = await client.get("/admin", params={"part": "settings"})
            assert page.status_code == 200
            assert own in page.text
            assert other not in page.text
        for client, own, other in zip(clients, _TERMINALS, reversed(_TERMINALS), strict=True):
            page = await client.get("/pos")
            assert own in page.text
            assert other not in page.text
        assert closed == []
        assert (await clients[0].get("/nowhere")).status_code == 404
    assert sorted(closed) == sorted(_TERMINALS)
