"""A day on the distribution's PostgreSQL, over TCP with TLS, as roles that are no superuser.

An administrator makes the roles with the script that annul prints; annul is no superuser.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg
import pytest

from annul.resolve.audit import Auditor
from annul.sim.terminal.batch import settle
from annul.store.migrate import upgrade
from annul.store.retention import Retention
from annul.store.roles import OWNER, SERVING
from annul.store.servers import Servers
from annul.store.temporary import temporary_folder
from tests.support.certificates import Authority
from tests.support.clock import HeldClock
from tests.support.processes import annul
from tests.support.servers import Server, systems_binaries
from tests.support.site import Site, open_site
from tests.support.soft import cashier

_PASSWORD: Final = "not-a-secret-of-anybody"
_ENDS_S: Final = 30.0
# The administrator signs in on the machine; annul by TLS and with a password, or not at all.
_ACCESS: Final = f"""
host    all   postgres            samehost trust
hostssl annul {SERVING},{OWNER}   samehost scram-sha-256
"""


class Own(NamedTuple):
    """A server of an operator's own: how annul reaches it, and who may look inside."""

    server: Server
    authority: Path

    def url(self, role: str = SERVING, host: str = "localhost") -> str:
        """Where annul signs in, with a certificate that must be proven."""
        place = f"{role}:{_PASSWORD}@{host}:{self.server.port}"
        return f"postgresql://{place}/annul?sslmode=verify-full&sslrootcert={self.authority}"


def _sql(server: Server, script: str) -> None:
    """Run a script as the administrator's psql does."""
    psql = str(systems_binaries() / "psql")
    subprocess.run(
        [psql, "--quiet", server.url(database="annul")],
        input=script.encode(),
        check=True,
        capture_output=True,
        timeout=60,
    )


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    """Run the server, with annul's roles as `annul database grants` makes them."""
    authority = Authority(tmp_path, "of-the-database")
    certificate, key = authority.issue("server", ("localhost",))
    with temporary_folder("annul-own-") as folder:
        server = Server(folder / "own", systems_binaries())
        server.make({"ssl": "on"}, _ACCESS)
        server.write("server.crt", certificate.read_text())
        server.write("server.key", key.read_text())
        server.start()
        try:
            server.psql("CREATE DATABASE annul")
            script = annul("database", "grants")
            assert script.status == 0
            for _ in range(2):  # it may be run again
                _sql(server, script.out)
            for role in (SERVING, OWNER):
                _sql(server, f"ALTER ROLE {role} LOGIN PASSWORD '{_PASSWORD}'")
            yield Own(server, authority.file)
        finally:
            server.stop()


@pytest.fixture
async def migrated(own: Own) -> Own:
    """Give the same, migrated by the role that owns the tables."""
    await upgrade(own.url(OWNER))
    return own


@pytest.fixture
async def site(migrated: Own, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(migrated.url(), tmp_path) as opened:
        yield opened


async def test_an_empty_database_is_migrated_and_one_that_is_not_empty(own: Own) -> None:
    await upgrade(own.url(OWNER), "0005")
    owner = await asyncpg.connect(own.url(OWNER))
    await owner.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ('898000058120000', '示例店', 'Shop', '5411')"
    )
    await upgrade(own.url(OWNER))
    await upgrade(own.url())  # who serves finds nothing missing
    assert await owner.fetchval("SELECT reversed_voids FROM merchants") == "ask"
    powers = await owner.fetch("SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin")
    assert [row[0] for row in powers] == ["postgres"]
    await owner.close()


async def test_a_server_that_does_not_prove_who_it_is_gets_no_password(
    migrated: Own, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "somebody")
    for url in (
        Own(migrated.server, other.file).url(),
        migrated.url(host="127.0.0.1"),  # the certificate names localhost
    ):
        with pytest.raises(OSError, match="certificate verify failed"):
            await Servers(url).connect()
    plain = migrated.url().partition("?")[0] + "?sslmode=disable"
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await Servers(plain).connect()


async def test_a_whole_day(site: Site) -> None:
    """Sales, a void, a refund, the settlement, a case to its end; audit and retention."""
    pool = site.pool
    seen = await pool.fetchrow(
        "SELECT current_setting('server_version_num')::int / 10000, usesuper, s.ssl"
        " FROM pg_user u, pg_stat_ssl s WHERE u.usename = session_user AND s.pid = pg_backend_pid()"
    )
    assert tuple(seen)[1:] == (False, True)
    with cashier(site.port, site.terminals[0]) as till:
        await till.terminal.sign_in()
        sold = [await till.take("sale", amount) for amount in (10_000, 20_000, 30_000)]
        voided = await till.undo("void", sold[0])
        refunded = await till.undo("refund", sold[1], 5_000)
        states = [one.state for one in (*sold, voided, refunded)]
        assert states == ["approved"] * 5
        settled = await settle(till.terminal)
        assert settled.balanced
        late = await till.undo("void", sold[2])  # of a batch that is closed
        assert late.state != "approved"
    await site.books_agree()
    async with asyncio.timeout(_ENDS_S):
        while not await pool.fetchval("SELECT ended FROM cases"):
            await asyncio.sleep(0.05)
    assert await pool.fetchval("SELECT ended FROM cases") in {"refunded", "refused"}
    await site.books_agree()
    now = site.running.ground.clock.now()
    report = await Auditor(pool).everything(now + timedelta(minutes=10))
    assert report.differences == []
    later = HeldClock(now + timedelta(days=1_000))
    gone = await Retention(pool, later, site.running.host.calendar.business_date, {}).round()
    assert gone["card_ciphers"] >= len(sold)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("DELETE FROM audit")
