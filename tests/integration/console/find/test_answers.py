"""The address that the field of the search asks: whose it is, what it keeps, what it refuses."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from nicegui import app

from annul.api.gate import COOKIE, CSRF_HEADER
from annul.console.build import build
from annul.desk.desk import Desk
from annul.serving import serve_http
from tests.support.desks import make_desk
from tests.support.shops import Shop, open_shops

Headers = dict[str, str]


@pytest.fixture
async def shops(pool: asyncpg.Pool) -> tuple[Shop, Shop]:
    return await open_shops(pool)


@pytest.fixture
def desk(pool: asyncpg.Pool, shops: tuple[Shop, Shop]) -> Desk:
    assert shops
    return make_desk(pool, rate=1.0, burst=12)


@pytest.fixture
async def http(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(app, "middleware_stack", None)  # one was served in this process before
    async with (
        serve_http(build(desk), "127.0.0.1", 0, lifespan=True) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30
        ) as client,
    ):
        yield client


async def _person(desk: Desk, role: str, merchant: str = "") -> Headers:
    await desk.access.add(role, "a longer one of their own", role, merchant)
    session = await desk.access.open(role)
    return {
        "cookie": f"{COOKIE}={session.token}",
        CSRF_HEADER: session.csrf,
        "accept-language": "en",
    }


async def test_a_row_has_what_tells_it_from_others_and_is_kept_nowhere(
    desk: Desk, http: httpx.AsyncClient, shops: tuple[Shop, Shop]
) -> None:
    boss, shop = await _person(desk, "support"), shops[0]
    last_four = shop.case.card_masked[-4:]
    answer = await http.post("/find", data={"text": last_four}, headers=boss)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    for text in (
        f'href="/cases/{shop.case.number}"',
        "CNY 100.00",
        shop.case.card_masked,
        "open",
        "among the latest 10,000",
        'role="option"',
    ):
        assert text in answer.text, text
    answer = await http.post(
        "/find", data={"text": last_four}, headers=boss | {"accept-language": "zh"}
    )
    assert "¥100.00" in answer.text
    assert "仅最近10,000笔" in answer.text
    answer = await http.post("/find", data={"text": shop.terminal}, headers=boss)
    assert f'href="/merchants/{shop.merchant}#terminal-{shop.terminal}"' in answer.text
    answer = await http.post("/find", data={"text": "<script>alert(1)"}, headers=boss)
    assert "<script>" not in answer.text
    assert "Nothing found" in answer.text


async def test_a_whole_card_is_not_said_back(desk: Desk, http: httpx.AsyncClient) -> None:
    boss = await _person(desk, "operator")
    for text in ("6200010000000007", "x" * 150 + " 6200 0100 0000 0007"):
        answer = await http.post("/find", data={"text": text}, headers=boss)
        assert answer.status_code == 200
        assert "last four digits" in answer.text
        assert "0007" not in answer.text


async def test_it_is_for_whoever_has_a_session_of_this_page(
    desk: Desk, http: httpx.AsyncClient, shops: tuple[Shop, Shop]
) -> None:
    asked = {"text": shops[0].case.number}
    assert (await http.post("/find", data=asked)).status_code == 303
    boss = await _person(desk, "operator")
    without = {name: value for name, value in boss.items() if name != CSRF_HEADER}
    assert (await http.post("/find", data=asked, headers=without)).status_code == 403
    assert (await http.get("/find", params=asked, headers=boss)).status_code in {404, 405}
    other = await _person(desk, "merchant", shops[1].merchant)
    answer = await http.post("/find", data=asked, headers=other)
    assert "/cases/" not in answer.text
    cashier = await _person(desk, "cashier", shops[0].merchant)
    answer = await http.post("/find", data=asked, headers=cashier)
    assert "/cases/" not in answer.text


async def test_who_asks_too_often_is_told_to_wait(desk: Desk, http: httpx.AsyncClient) -> None:
    boss = await _person(desk, "operator")
    said = [await http.post("/find", data={"text": "77"}, headers=boss) for _ in range(14)]
    assert {one.status_code for one in said} == {200}
    assert "Nothing was done" in said[-1].text
    assert "Nothing was done" not in said[0].text
