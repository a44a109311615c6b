"""Whoever has no session is given no page object: its memory and its socket are for people."""

from collections.abc import AsyncIterator
from random import Random
from secrets import randbits
from string import ascii_letters, digits
from typing import Final

import asyncpg
import httpx
import pytest
from nicegui import Client, __version__, app

from annul.api.gate import COOKIE
from annul.console.build import build
from annul.serving import serve_http
from tests.support.desks import make_desk

_ASKED: Final = 200
_LETTERS: Final = ascii_letters + digits + "._~-%/"
_FOLDERS: Final = (
    "/",
    "/assets/",
    "/login/",
    "/cases/",
    "/api/v1/",
    "/_nicegui/",
    "/_nicegui_ws/",
    f"/_nicegui/{__version__}/",
    f"/_nicegui/{__version__}/static/",
    f"/_nicegui/{__version__}/components/",
    f"/_nicegui/{__version__}/resources/",
)
_METHODS: Final = ("GET", "GET", "HEAD", "POST", "OPTIONS")


@pytest.fixture
async def http(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(app, "middleware_stack", None)  # one was served in this process before
    desk = make_desk(pool)
    await desk.access.add("keeper", "a longer one of their own", "administrator")
    token = (await desk.access.open("keeper")).token
    async with (
        serve_http(build(desk), "127.0.0.1", 0, lifespan=True) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"keeper": f"{COOKIE}={token}"},
            trust_env=False,
            timeout=30,
        ) as client,
    ):
        yield client


async def test_no_address_gives_a_stranger_a_page_object(http: httpx.AsyncClient) -> None:
    seed = randbits(32)
    random = Random(seed)
    before = set(Client.instances)
    answered: set[int] = set()
    for _ in range(_ASKED):
        path = random.choice(_FOLDERS) + "".join(random.choices(_LETTERS, k=random.randint(1, 20)))
        method = random.choice(_METHODS)
        answer = await http.request(method, path)
        answered.add(answer.status_code)
        assert set(Client.instances) == before, f"seed {seed}: {method} {path}"
        assert answer.status_code in {303, 307, 401, 404, 405}, f"seed {seed}: {method} {path}"
    assert {303, 401, 404} <= answered, f"seed {seed}"


async def test_what_is_not_there_is_a_bare_404_to_strangers(http: httpx.AsyncClient) -> None:
    answer = await http.get("/_nicegui/nothing")
    assert (answer.status_code, answer.content) == (404, b"")


async def test_what_is_not_there_is_a_page_without_an_object_to_people(
    http: httpx.AsyncClient,
) -> None:
    before = set(Client.instances)
    known = {"cookie": http.headers["keeper"], "accept-language": "en"}
    answer = await http.get("/nowhere", headers=known)
    assert (answer.status_code, "Nothing here" in answer.text) == (404, True)
    assert set(Client.instances) == before
    assert (await http.get("/admin", headers=known)).status_code == 200
    assert len(set(Client.instances) - before) == 1
