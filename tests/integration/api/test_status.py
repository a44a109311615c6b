"""Health for all, figures for those who chose a password; the first one is given once."""

import asyncio
import base64
import json
import urllib.error
import urllib.request
from asyncio import to_thread
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from pyotp.totp import TOTP

from annul.api.status import build
from annul.desk import second_factor
from annul.desk.access import KEY_MARK, Access
from annul.desk.roles import OF_A_SHOP, ROLES, Scope
from annul.operate.measures.exposition import Measures
from annul.operate.measures.people import Doors
from annul.security.vault import Vault
from annul.serving import serve_http
from annul.store.clock import SystemClock
from annul.store.loop import Loops

_FIGURES = {"requests": 3, "replies": {"00": 2, "51": 1}}


class Held(SystemClock):
    """A clock that goes on when a test says so."""

    passed_s = 0.0

    @staticmethod
    def monotonic() -> float:
        return Held.passed_s


class Client:
    """Calls a page, perhaps as somebody."""

    def __init__(self, port: int, access: Access, loops: Loops) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self.access = access
        self.loops = loops

    async def __call__(self, path: str, user: str = "", body: object = None) -> tuple[int, str]:
        return await to_thread(self._call, path, user, body)

    def _call(self, path: str, user: str, body: object) -> tuple[int, str]:
        headers = {"content-type": "application/json"}
        if user.startswith(KEY_MARK):
            headers["authorization"] = f"Bearer {user}"
        elif user:
            headers["authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self._root + path, data, headers), timeout=10
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
async def client(pool: asyncpg.Pool) -> AsyncIterator[Client]:
    access = Access(pool, None, Vault(bytes(32)), ["auditor"])
    figures: Any = lambda: _FIGURES  # noqa: E731 - a callable is what is asked for
    loops, measures = Loops(Held()), Measures()
    measures.add(pool, loops, Doors(access.tries.came, lambda: access.hasher.waiting))
    async with serve_http(build(access, figures, loops, measures), "127.0.0.1", 0) as port:
        yield Client(port, access, loops)


async def test_health_is_open_and_nothing_else(client: Client) -> None:
    assert await client("/health") == (200, '{"status":"up"}')
    for path in ("/status", "/metrics"):
        assert (await client(path))[0] == 401
        assert (await client(path, "admin:admin"))[0] == 401
    assert (await client("/docs"))[0] == 404


async def test_health_is_degraded_while_a_loop_does_not_come_round(client: Client) -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    loop = client.loops.start("resolver", hangs, within_s=60.0)
    assert await client("/health") == (200, '{"status":"up"}')
    Held.passed_s += 61.0
    assert await client("/health") == (200, '{"status":"degraded","loops":["resolver"]}')
    await loop.stop()
    assert await client("/health") == (200, '{"status":"up"}')


async def test_the_first_password_is_given_once_and_must_be_changed(client: Client) -> None:
    password = await client.access.first_password()
    assert password
    assert await client.access.first_password() is None
    assert (await client("/status", f"admin:{password}"))[0] == 403
    new = "a longer one of my own"
    assert (await client("/password", f"admin:{password}", {"password": "short"}))[0] == 422
    assert (await client("/password", f"admin:{password}", {"password": new}))[0] == 204
    assert (await client("/status", f"admin:{password}"))[0] == 401
    status, text = await client("/status", f"admin:{new}")
    assert (status, json.loads(text)) == (200, _FIGURES)


async def test_metrics_are_prometheus_text(client: Client) -> None:
    password = await client.access.first_password()
    await client("/password", f"admin:{password}", {"password": "a longer one of my own"})
    status, text = await client("/metrics", "admin:a longer one of my own")
    assert status == 200
    assert 'annul_sign_ins_total{told="accepted"} 1.0' in text
    assert 'annul_sign_ins_total{told="must_change"} 1.0' in text
    await client("/metrics", "admin:another one of my own")
    await client("/metrics", f"{KEY_MARK}never-made")
    _, text = await client("/metrics", "admin:a longer one of my own")
    assert 'annul_sign_ins_total{told="refused"} 1.0' in text
    assert 'annul_sign_ins_total{told="key_refused"} 1.0' in text
    assert 'annul_database_connections{state="busy"} 0.0' in text
    assert "# TYPE annul_loop_turns_total counter" in text
    assert "process_open_fds " in text


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_figures_are_for_those_who_see_everybodys(client: Client, role: str) -> None:
    password = "a longer one of my own"
    shop = "898000058120000" if role in OF_A_SHOP else ""
    assert await client.access.add("somebody", password, role, shop)
    expected = 403 if shop or role == "auditor" else 200  # who must have a second factor has none
    for path in ("/status", "/metrics"):
        assert (await client(path, f"somebody:{password}"))[0] == expected


async def test_a_second_factor_is_not_gone_round_by_the_status_port(client: Client) -> None:
    password = "a longer one of my own"
    assert await client.access.add("somebody", password, "operator")
    session = await client.access.open("somebody")
    visitor = await client.access.of_session(session.token)
    assert visitor is not None
    proposal = second_factor.propose(client.access, visitor)
    code = TOTP(proposal.secret).at(client.access.clock.now())
    await second_factor.enrol(client.access, visitor, proposal, code, session.token)
    for path, body in (
        ("/status", None),
        ("/metrics", None),
        ("/password", {"password": "x" * 20}),
    ):
        status, said = await client(path, f"somebody:{password}", body)
        assert (status, "use a key" in said) == (403, True), path


async def test_a_program_reads_figures_by_a_key_with_the_scope(client: Client) -> None:
    for scopes, addresses, expected in (
        ([Scope.METRICS], ["127.0.0.0/8"], 200),
        ([Scope.METRICS], ["192.0.2.0/24"], 401),
        ([Scope.CASES_READ], [], 403),
    ):
        _, key = await client.access.new_key("prometheus", scopes, "", "boss", addresses=addresses)
        for path in ("/status", "/metrics"):
            assert (await client(path, key))[0] == expected
        assert (await client("/password", key, {"password": "x" * 20}))[0] == 401
    assert (await client("/status", f"{KEY_MARK}never-made"))[0] == 401
