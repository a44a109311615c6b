"""What is shown in place of a page: in the frame's look, in both languages, kept in the log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from nicegui import app
from structlog.testing import capture_logs

from annul.api.gate import COOKIE
from annul.console.build import build
from annul.console.frame import page
from annul.desk import cases, issuers
from annul.desk.access import Access
from annul.desk.desk import Desk
from annul.serving import serve_http
from tests.support.desks import make_desk

_EN, _ZH = {"accept-language": "en"}, {"accept-language": "zh"}


@dataclass
class Console:
    """A console, and whoever has signed in to it."""

    http: httpx.AsyncClient
    desk: Desk

    async def person(self, role: str, merchant: str = "") -> dict[str, str]:
        await self.desk.access.add(role, "a longer one of their own", role, merchant)
        return {"cookie": f"{COOKIE}={(await self.desk.access.open(role)).token}"}


@pytest.fixture
async def console(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Console]:
    monkeypatch.setattr(app, "middleware_stack", None)  # one was served in this process before
    desk = make_desk(pool)
    async with (
        serve_http(build(desk), "127.0.0.1", 0, lifespan=True) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30
        ) as client,
    ):
        yield Console(client, desk)


async def test_a_wrong_address_is_told_in_the_look_of_the_console(console: Console) -> None:
    boss = await console.person("administrator")
    for language, words in ((_EN, ("Nothing here", "No money")), (_ZH, ("没有找到", "资金未"))):
        answer = await console.http.get("/nowhere/<b>", headers=boss | language)
        assert answer.status_code == 404
        for text in (*words, "/nowhere/&lt;b&gt;", 'id="main"', 'href="/cases"', 'id="palette"'):
            assert text in answer.text, text
        assert "<b>/nowhere/<b>" not in answer.text
    answer = await console.http.get("/api/nothing", headers=boss)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    answer = await console.http.get("/api/v1/nothing", headers=boss)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/cases/000000000000", "/transactions/000000000000"])
async def test_a_wrong_number_is_named_and_the_search_is_offered(
    console: Console, path: str
) -> None:
    boss = await console.person("operator")
    answer = await console.http.get(path, headers=boss | _ZH)
    assert answer.status_code == 404
    assert "您无权查看" in answer.text
    assert "data-search" in answer.text
    assert "there is no" not in answer.text


async def test_a_page_for_another_role_says_whom_to_ask(console: Console) -> None:
    answer = await console.http.get("/admin", headers=await console.person("support") | _EN)
    assert answer.status_code == 403
    for text in ("Your role cannot view this page.", "ask an administrator", 'href="/issuers"'):
        assert text in answer.text
    assert 'href="/admin"' not in answer.text


async def test_a_fault_stands_in_the_log_under_the_number_that_is_shown(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        message = "something only the log may hear of"
        raise RuntimeError(message)

    monkeypatch.setattr(issuers, "listing", fails)
    boss = await console.person("operator")
    with capture_logs() as logged:
        answer = await console.http.get("/issuers", headers=boss | _EN)
    assert answer.status_code == 500
    (line,) = [one for one in logged if one["event"] == "fault shown to somebody"]
    assert len(line["reference"]) == 8
    assert line["reference"] in answer.text
    assert "something only" not in answer.text
    assert isinstance(line["exc_info"], RuntimeError)
    assert "No money has moved because of this." in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_what_takes_too_long_is_given_up(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waits(*_: Any, **__: Any) -> None:
        await asyncio.sleep(2)

    monkeypatch.setattr(page, "_BUILT_WITHIN_S", 0.2)
    monkeypatch.setattr(issuers, "listing", waits)
    answer = await console.http.get("/issuers", headers=await console.person("auditor") | _ZH)
    assert (answer.status_code, "处理超时" in answer.text) == (503, True)


async def test_while_the_database_is_away_a_browser_is_told_so_and_a_program_too(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await console.person("operator")

    async def away(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as during:
        during.setattr(cases, "manual", away)
        answer = await console.http.get("/issuers", headers=boss | _EN)
        assert (answer.status_code, "The database is unavailable" in answer.text) == (503, True)
    monkeypatch.setattr(Access, "of_session", away)
    answer = await console.http.get("/cases", headers=boss | _ZH)
    assert (answer.status_code, "数据库不可用" in answer.text) == (503, True)
    assert answer.headers["content-type"].startswith("text/html")
    answer = await console.http.get("/api/v1/cases", headers=boss)
    assert (answer.status_code, answer.json()["code"]) == (503, "store.unavailable")
