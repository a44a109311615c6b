"""Several processes seen as one: what each says with its name, and who is silent."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from annul.api import several, status
from annul.desk.access import Access
from annul.operate.measures.exposition import Measures
from annul.operate.measures.people import Doors, Watchers
from annul.security.vault import Vault
from annul.serving import serve_http
from annul.store.loop import Loops
from tests.support.processes import free_port

_PASSWORD = "correct horse battery"


@pytest.fixture
async def access(pool: asyncpg.Pool) -> Access:
    opened = Access(pool, None, Vault(bytes(32)))
    assert await opened.add("opal", _PASSWORD, "operator", "")
    return opened


@pytest.fixture
async def client(access: Access) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the page over two processes that serve and one that does not."""

    def counting(requests: int) -> Any:
        figures: dict[str, Any] = {"requests": requests}
        measures = Measures()
        measures.add(Doors({"refused": requests}, lambda: 0))
        return status.build(access, lambda: figures, Loops(), measures)

    async with (
        serve_http(counting(3), "127.0.0.1", 0) as one,
        serve_http(counting(8), "127.0.0.1", 0) as two,
    ):
        ours = Measures()
        ours.add(Watchers(lambda: 5))
        ports = {"1": one, "2": two, "3": free_port()}
        async with several.opened(access, Loops(), lambda: ports, ours) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://annul") as asking:
                yield asking


async def test_health_names_who_is_down(client: httpx.AsyncClient) -> None:
    said = (await client.get("/health")).json()
    assert said == {
        "status": "degraded", "loops": [], "hosts": {"1": "up", "2": "up", "3": "down"}
    }  # fmt: skip


async def test_figures_are_those_of_each_for_who_may_read_them(client: httpx.AsyncClient) -> None:
    hosts = (await client.get("/status", auth=("opal", _PASSWORD))).json()["hosts"]
    assert {name: one.get("requests") for name, one in hosts.items()} == {"1": 3, "2": 8, "3": None}
    series = (await client.get("/metrics", auth=("opal", _PASSWORD))).text
    for line in (
        'annul_host_up{process="1"} 1.0',
        'annul_host_up{process="3"} 0.0',
        'annul_sign_ins_total{process="2",told="refused"} 8.0',
        'annul_watchers{process="pages"} 5.0',
    ):
        assert line in series.splitlines()
    assert series.count("# TYPE annul_sign_ins_total") == 1
    assert 'annul_host_up{process="pages"}' not in series
    for process in ("1", "2", "pages"):
        assert f'process_open_fds{{process="{process}"}}' in series


@pytest.mark.parametrize("path", ["/status", "/metrics"])
async def test_nobody_else_sees_them(client: httpx.AsyncClient, path: str) -> None:
    refused = await client.get(path)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Basic")
    assert (await client.get(path, auth=("opal", "wrong"))).status_code == 401


async def test_a_password_is_chosen_here_too(client: httpx.AsyncClient) -> None:
    chosen = {"password": "another horse, another battery"}
    answer = await client.post("/password", json=chosen, auth=("opal", _PASSWORD))
    assert answer.status_code == 204
    assert (await client.get("/status", auth=("opal", chosen["password"]))).status_code == 200
