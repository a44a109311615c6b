"""A terminal serves by the profile it is registered with, in every key form, plain and over TLS."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from annul.security.certificates import Authority, authority
from annul.security.keys import FORMS
from annul.security.mac import MacAlgorithm
from annul.security.tls import Clients, ClientTls, ServerTls
from annul.sim.terminal.batch import settle
from annul.sim.terminal.errors import SignInRefused, Unreachable
from tests.support.site import Site, open_site
from tests.support.soft import cashier

NOW = datetime.now(UTC)
EVERY = [(form.name, mac) for form in FORMS.values() for mac in form.macs]


@pytest.mark.parametrize(("form", "mac"), EVERY)
async def test_every_form_and_mac(site: Site, form: str, mac: MacAlgorithm) -> None:
    credentials = await site.enrol(0, key_form=form, mac=mac)
    with cashier(site.port, credentials, network=form, mac=mac) as till:
        sale = await till.take("sale", 10_000)
        assert sale.state == "approved"
        assert (await till.undo("void", sale)).state == "approved"
        assert (await settle(till.terminal)).balanced
    await site.books_agree()


async def test_a_mac_under_the_key_of_the_other_direction_does_not_hold(site: Site) -> None:
    """An answer of the host, sent back as a request, is under another key."""
    credentials = await site.enrol(0, key_form="914", mac=MacAlgorithm.X9_19)
    with cashier(site.port, credentials, network="914", mac=MacAlgorithm.X9_19) as till:
        assert (await till.take("sale", 10_000)).state == "approved"
        station = site.running.host.registry.station(*credentials[:2])
        assert station is not None
        kinds = {str(kind) for kind in station.keys}
        assert kinds == {"master", "pin", "mac", "mac_back"}
        wrapped = {key.wrapped for key in station.keys.values()}
        assert len(wrapped) == 4


async def test_a_sign_in_for_less_is_refused_and_counted(site: Site) -> None:
    credentials = await site.enrol(0, key_form="913", mac=MacAlgorithm.X9_19)
    for less in ("001", "003", "004"):
        with (
            cashier(site.port, credentials, network=less) as till,
            pytest.raises(SignInRefused),
        ):
            await till.terminal.sign_in()
    assert site.running.figures()["turned_away"]["below_profile"] == 3


# TLS --------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Authority:
    return authority(tmp_path / "tls", "test", NOW)


@pytest.fixture(params=[Clients.WANTED, Clients.REQUIRED])
async def secured(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, own: Authority
) -> AsyncIterator[Site]:
    """Give a site whose terminals may (or must) come with a certificate."""
    pair = own.server(["localhost", "127.0.0.1"], NOW)
    tls = ServerTls(pair.certificate, pair.key, request.param, own.pair.certificate)
    async with open_site(database, tmp_path, terminals_tls=tls, terminals_tls_port=0) as site:
        yield site


def _line(own: Authority, credentials: tuple[str, str, str]) -> ClientTls:
    pair = own.client(credentials[1], credentials[0], NOW)
    return ClientTls(own.pair.certificate, certificate=pair.certificate, key=pair.key)


def _port(site: Site) -> int:
    assert site.running.tls_port is not None
    return site.running.tls_port


async def test_a_certificate_binds_the_line(secured: Site, own: Authority) -> None:
    """What has no MAC by the standard acts at once, without a transaction before it."""
    tls = _line(own, secured.terminals[0])
    pair = own.client(secured.terminals[0][1], secured.terminals[0][0], NOW)
    credentials = await secured.enrol(0, tls_identity=pair.identity)
    with cashier(_port(secured), credentials, tls=tls) as till:
        await till.terminal.sign_in()
        assert (await till.terminal.send_status("ok")).response_code == "00"
        assert (await till.terminal.sign_off()).response_code == "00"
        sale = await till.take("sale", 10_000)
        assert (await till.undo("void", sale)).state == "approved"
    with cashier(_port(secured), credentials, tls=tls) as again:
        assert (await again.terminal.manage("sign_off", network="002")).response_code == "00"
    await secured.books_agree()


async def test_a_terminal_with_a_certificate_serves_over_no_other_line(
    secured: Site, own: Authority
) -> None:
    pair = own.client(secured.terminals[0][1], secured.terminals[0][0], NOW)
    credentials = await secured.enrol(0, tls_identity=pair.identity)
    others: list[dict[str, Any]] = [
        {"port": secured.port},
        {"port": _port(secured), "tls": _line(own, secured.terminals[1])},
    ]
    for other in others:
        with cashier(other.pop("port"), credentials, **other) as till:
            echo = await till.terminal.manage("echo", network="301")
            assert echo.response_code == "58"
            with pytest.raises(SignInRefused):
                await till.take("sale", 1_000)
    assert secured.running.figures()["turned_away"]["below_profile"] >= 4
    assert await secured.states() == {}


async def test_a_certificate_of_somebody_else_is_refused(
    secured: Site, own: Authority, tmp_path: Path
) -> None:
    foreign = authority(tmp_path / "foreign", "foreign", NOW)
    pair = foreign.client("10000001", "898000058120000", NOW)
    tls = ClientTls(own.pair.certificate, certificate=pair.certificate, key=pair.key)
    with (
        cashier(_port(secured), secured.terminals[0], tls=tls) as till,
        pytest.raises(Unreachable),
    ):
        await till.take("sale", 1_000)
    assert await secured.states() == {}
    assert secured.running.figures()["turned_away"]["handshake"] >= 1
