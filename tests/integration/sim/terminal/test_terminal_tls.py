"""The soft terminal and the load terminals over TLS: who is refused has sent nothing."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop

from annul.security.certificates import Authority, authority
from annul.security.errors import TlsError
from annul.security.tls import Clients, ClientTls, ServerTls, client_context, server_context
from annul.sim.fleet import drive
from annul.sim.terminal.errors import Unreachable, Untrusted
from annul.wire.framing import REQUIREMENTS

from .scripted import MASTER, MERCHANT, SALE, TERMINAL, Host, journal_of, serving, terminal_of

_NOW = datetime.now(UTC)
# The two loops tell of a refusal differently; neither sends the alert that says why.
_LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return authority(tmp_path / "ours", "ours", _NOW)


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return authority(tmp_path / "theirs", "theirs", _NOW)


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def port(ours: Authority, request: pytest.FixtureRequest) -> ssl.SSLContext:
    pair = ours.server(["127.0.0.1", "pos.example"], _NOW)
    tls = ServerTls(pair.certificate, pair.key, Clients.REQUIRED, ours.pair.certificate)
    context = server_context(tls)
    context.maximum_version = request.param
    return context


def _link(trusts: Authority, shows: Authority | None, **changes: Any) -> ClientTls:
    pair = shows and shows.client(TERMINAL, MERCHANT, _NOW)
    own: dict[str, Any] = {"certificate": pair.certificate, "key": pair.key} if pair else {}
    return ClientTls(trusts.pair.certificate, **(own | changes))


async def test_a_terminal_with_its_certificate_sells(port: ssl.SSLContext, ours: Authority) -> None:
    async with serving(Host(), port) as host:
        terminal = terminal_of(host, tls=_link(ours, ours))
        assert (await terminal.perform(SALE)).state == "approved"
        terminal.close()
        assert (await terminal.perform(SALE)).state == "approved"
        terminal.close()
        named = terminal_of(host, tls=_link(ours, ours, name="pos.example"))
        await named.sign_in()
        named.close()


@_LOOPS
def test_who_is_refused_has_sent_nothing(
    port: ssl.SSLContext, ours: Authority, theirs: Authority, run: Run
) -> None:
    before = _NOW - timedelta(days=2)
    old = ours.client("10000002", MERCHANT, before, days=1)
    wrong = (
        _link(theirs, ours),
        _link(ours, theirs),
        _link(ours, None),
        _link(ours, None, certificate=old.certificate, key=old.key),
        _link(ours, ours, name="bank.example"),
    )
    run(_refused(port, _link(ours, ours), wrong))


async def _refused(port: ssl.SSLContext, right: ClientTls, wrong: Sequence[ClientTls]) -> None:
    async with serving(Host(), port) as host:
        journal = journal_of()
        good = terminal_of(host, journal, tls=right)
        await good.sign_in()
        good.close()
        host.heard.clear()
        for link in wrong:
            terminal = terminal_of(host, journal, tls=link)
            with pytest.raises(Untrusted, match=r"no TLS with 127\.0\.0\.1:.*no money has moved"):
                await terminal.manage("settlement", network="201", extra={48: "0" * 62})
            with pytest.raises(Untrusted):
                await terminal.perform(SALE)
            terminal.close()
        assert not host.heard
        assert {record.sends for record in journal.owed()} == {0}
        again = terminal_of(host, journal, tls=right)
        assert (await again.perform(SALE)).state == "approved"
        again.close()
        assert not journal.owed()


async def test_a_host_that_is_not_there_is_unreachable(ours: Authority) -> None:
    async with serving(Host()) as host:
        pass
    terminal = terminal_of(host, tls=_link(ours, ours))
    with pytest.raises(Unreachable, match="no host at") as caught:
        await terminal.sign_in()
    assert not isinstance(caught.value, Untrusted)


async def test_a_host_in_the_clear_is_not_taken_for_one(ours: Authority) -> None:
    class InTheClear(Host):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"what is this?")
            writer.close()

    async with serving(InTheClear()) as host:
        terminal = terminal_of(host, tls=_link(ours, ours))
        with pytest.raises(Untrusted, match="WRONG_VERSION_NUMBER"):
            await terminal.sign_in()


def test_certificates_that_can_not_be_used_are_named(ours: Authority) -> None:
    with pytest.raises(TlsError, match=r"none\.pem"):
        terminal_of(Host(port=1), tls=_link(ours, None, certificate=Path("none.pem")))


async def test_over_tls_what_an_answer_asks_is_heard_without_a_mac(
    port: ssl.SSLContext, ours: Authority
) -> None:
    async with serving(Host(requirement=REQUIREMENTS["sign_in"]), port) as host:
        terminal = terminal_of(host, tls=_link(ours, ours))
        await terminal.sign_in()
        host.requirement = 0
        await terminal.perform(SALE)
        terminal.close()
    asked = [what for what in host.asked if what != "0820 301"]
    assert asked == ["0800 003", "0800 003", "0200 000"]


@_LOOPS
def test_load_terminals_come_with_a_certificate_each(
    port: ssl.SSLContext, ours: Authority, run: Run
) -> None:
    numbers = [f"{10_000_001 + index}" for index in range(3)]

    def context(index: int) -> ssl.SSLContext:
        pair = ours.client(numbers[index], MERCHANT, _NOW)
        link = ClientTls(ours.pair.certificate)
        return client_context(replace(link, certificate=pair.certificate, key=pair.key))

    async def load(given: Callable[[int], ssl.SSLContext] | ssl.SSLContext) -> None:
        async with serving(Host(), port) as host:
            credentials = [(MERCHANT, number, MASTER.hex()) for number in numbers]
            made, took = await drive(host.port, credentials, 0.1, 0.0, context=given)
            assert made.latencies
            assert took > 0

    run(load(context))
    run(load(client_context(_link(ours, ours))))
