"""The status port of a whole host over TLS: who hears it, and who is told what."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from annul.app import status_page
from annul.desk.roles import OF_A_SHOP, ROLES, Scope
from tests.support.certificates import Authority
from tests.support.site import Site, open_site

_PASSWORD = "a longer one of their own"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def _status(
    database: str, folder: Path, authority: Authority, **tls: Any
) -> AsyncIterator[tuple[Site, int]]:
    certificate, key = authority.issue("status")
    secured = {"certificate": certificate, "key": key, **tls}
    async with (
        open_site(database, folder, status_tls=secured) as site,
        status_page(site.running.ground, site.running) as port,
    ):
        yield site, port


def _client(authority: Authority, own: tuple[Path, Path] | None = None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=authority.file)
    if own is not None:
        context.load_cert_chain(*own)
    return httpx.AsyncClient(verify=context, trust_env=False, timeout=10)


async def test_health_is_open_over_tls_and_figures_ask_for_the_scope(
    database: str, tmp_path: Path, authority: Authority
) -> None:
    async with (
        _status(database, tmp_path, authority) as (site, port),
        _client(authority) as client,
    ):
        root = f"https://localhost:{port}"
        assert (await client.get(f"{root}/health")).json() == {"status": "up"}
        for role, scopes in ROLES.items():
            shop = site.terminals[0][0] if role in OF_A_SHOP else ""
            await site.running.ground.access.add(role, _PASSWORD, role, shop)
            expected = 200 if Scope.METRICS in scopes else 403
            for path in ("/status", "/metrics"):
                assert (await client.get(f"{root}{path}")).status_code == 401
                told = await client.get(f"{root}{path}", auth=(role, _PASSWORD))
                assert told.status_code == expected


@pytest.mark.parametrize("path", ["/health", "/status", "/metrics", "/password"])
async def test_who_speaks_plainly_hears_nothing(
    database: str, tmp_path: Path, authority: Authority, path: str
) -> None:
    async with (
        _status(database, tmp_path, authority) as (_, port),
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://localhost:{port}{path}")


async def test_a_client_certificate_can_be_required_of_all(
    database: str, tmp_path: Path, authority: Authority
) -> None:
    required = {"clients": "required", "client_ca": authority.file}
    async with _status(database, tmp_path, authority, **required) as (_, port):
        address = f"https://localhost:{port}/health"
        async with _client(authority, authority.issue("operator")) as known:
            assert (await known.get(address)).json() == {"status": "up"}
        async with _client(authority) as stranger:
            with pytest.raises(httpx.TransportError):
                await stranger.get(address)
