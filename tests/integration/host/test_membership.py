"""A host's node number: whose it is, when it is free, and how a process learns that it is lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.host.membership import Membership, NodeTaken, identity
from annul.store.clock import SystemClock
from tests.support.roles import as_superuser

_LEASE_S = 1.0
_LONG_S = 60.0
_FOLDER = UUID(int=1)

Join = Callable[..., Awaitable[Membership]]


@pytest.fixture
async def join(pool: asyncpg.Pool) -> AsyncIterator[Join]:
    """Claim node 3 for a folder; what is still held at the end is given back."""
    joined: list[Membership] = []

    async def claim(
        folder: UUID = _FOLDER, lease_s: float = _LONG_S, node: int | None = 3
    ) -> Membership:
        membership = Membership(pool, SystemClock(), node, folder, lease_s)
        joined.append(membership)
        await membership.claim()
        return membership

    yield claim
    for membership in joined:
        await membership.leave()


async def _left(pool: asyncpg.Pool) -> timedelta:
    """Give how long the lease of node 3 still runs."""
    return await pool.fetchval("SELECT leased_until - clock_timestamp() FROM hosts WHERE node = 3")


async def _steady(held: Membership) -> None:
    async with asyncio.timeout(10):
        while not held.steady:
            await asyncio.sleep(0.01)


async def test_a_live_hosts_number_is_refused_to_another_folder(
    pool: asyncpg.Pool, join: Join
) -> None:
    first = await join()
    with pytest.raises(
        NodeTaken, match=r"held node 3 since 20\d\d-.* lease runs until \d\d:"
    ) as no:
        await join(uuid4())
    assert no.value.code == "host.node_taken"
    assert await pool.fetchval("SELECT boot FROM hosts") == first.boot
    await join(uuid4(), node=4)


async def test_without_a_number_a_process_takes_one_that_is_free(
    pool: asyncpg.Pool, join: Join
) -> None:
    """Its folder's own before others, and none when all are held."""
    mine = uuid4()
    await join(uuid4(), node=0)
    first = await join(mine, node=None)
    assert first.node == 1
    await first.leave()
    assert (await join(uuid4(), node=2)).node == 2
    assert (await join(mine, node=None)).node == 1
    told = await asyncio.gather(*(join(uuid4(), node=None) for _ in range(7)))
    assert sorted(one.node for one in told) == list(range(3, 10))
    with pytest.raises(NodeTaken, match="all the numbers"):
        await join(uuid4(), node=None)
    await pool.execute("UPDATE hosts SET leased_until = clock_timestamp() WHERE node = 5")
    assert (await join(uuid4(), node=None)).node == 5


async def test_of_many_that_claim_at_once_one_has_the_number(join: Join) -> None:
    claims = (join(uuid4()) for _ in range(8))
    said = await asyncio.gather(*claims, return_exceptions=True)
    assert sum(isinstance(one, Membership) for one in said) == 1
    assert sum(isinstance(one, NodeTaken) for one in said) == 7


async def test_a_killed_host_has_its_number_back_at_once_on_its_own_folder(
    pool: asyncpg.Pool, join: Join
) -> None:
    killed = await join()
    again = await join()
    assert again.boot != killed.boot
    assert await pool.fetchval("SELECT boot FROM hosts") == again.boot


async def test_a_number_is_free_when_it_is_given_back_or_its_lease_has_ended(
    pool: asyncpg.Pool, join: Join
) -> None:
    await (await join()).leave()
    second = await join(uuid4())
    await pool.execute("UPDATE hosts SET leased_until = clock_timestamp()")
    third = await join(uuid4())
    assert await pool.fetchval("SELECT boot FROM hosts") == third.boot != second.boot
    await second.leave()  # what is another's by now stays the other's
    assert await _left(pool) > timedelta()


async def test_beats_keep_the_number_for_longer_than_a_lease(
    pool: asyncpg.Pool, join: Join
) -> None:
    held = await join(lease_s=_LEASE_S)
    ends: set[datetime] = set()
    async with asyncio.timeout(10):
        while not held.steady or len(ends) < 6:
            ends.add(await pool.fetchval("SELECT leased_until FROM hosts"))
            await asyncio.sleep(0.01)
    assert max(ends) - min(ends) >= timedelta(seconds=_LEASE_S * 0.9)
    assert not held.lost.is_set()


async def test_who_finds_anothers_boot_has_lost_and_beats_no_more(
    pool: asyncpg.Pool, join: Join
) -> None:
    held = await join(lease_s=_LEASE_S)
    other = await join(_FOLDER)
    async with asyncio.timeout(5):
        await held.lost.wait()
    assert not held.steady
    await held.leave()
    assert await pool.fetchval("SELECT boot FROM hosts") == other.boot
    assert await _left(pool) > timedelta(seconds=_LONG_S / 2)


async def test_a_row_that_a_restored_database_does_not_have_is_put_back(
    pool: asyncpg.Pool, join: Join, table_owner: asyncpg.Pool
) -> None:
    held = await join(lease_s=_LEASE_S)
    await table_owner.execute("DELETE FROM hosts")
    async with asyncio.timeout(5):
        while await pool.fetchval("SELECT count(*) FROM hosts") == 0:
            await asyncio.sleep(0.01)
    assert await pool.fetchval("SELECT boot FROM hosts") == held.boot
    assert not held.lost.is_set()


async def test_a_host_judges_no_other_before_it_has_renewed_for_a_whole_lease(
    pool: asyncpg.Pool, join: Join
) -> None:
    held = await join(lease_s=_LEASE_S)
    assert not held.steady
    await _steady(held)
    async with asyncio.timeout(5):
        while held.steady:
            # As if it had stood still; a beat that is under way has not seen it yet.
            await pool.execute("UPDATE hosts SET leased_until = clock_timestamp()")
            await asyncio.sleep(_LEASE_S / 5)
    assert await _left(pool) > timedelta()
    assert not held.lost.is_set()


@asynccontextmanager
async def _away(database: str) -> AsyncIterator[None]:
    """Let nobody into a database, and put out who is in it."""
    name = database.partition("?")[0].rpartition("/")[2]
    outside = await asyncpg.connect(as_superuser(database, "postgres"))
    await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await outside.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    try:
        yield
    finally:
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await outside.close()


async def test_a_host_whose_database_is_away_goes_on_trying_and_is_itself_again(
    database: str, pool: asyncpg.Pool, join: Join
) -> None:
    held = await join(lease_s=_LEASE_S)
    await _steady(held)
    async with _away(database):
        async with asyncio.timeout(5):
            while held.steady:
                await asyncio.sleep(0.01)
        await asyncio.sleep(_LEASE_S)
    await _steady(held)
    assert not held.lost.is_set()
    assert await _left(pool) > timedelta()


async def test_no_fault_ends_the_beats(
    pool: asyncpg.Pool, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await join(lease_s=_LEASE_S)
    faults = 0
    healthy = held._renewed

    async def faulty(query: str) -> bool | None:
        nonlocal faults
        if faults < 2:
            faults += 1
            raise ZeroDivisionError
        return await healthy(query)

    monkeypatch.setattr(held, "_renewed", faulty)
    async with asyncio.timeout(5):
        while faults < 2 or not held.steady:
            await asyncio.sleep(0.01)
    assert await _left(pool) > timedelta()


def test_a_folder_has_one_identity_and_a_copy_of_it_another(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    first = identity(folder)
    assert identity(folder) == first
    assert (folder / "host.id").stat().st_mode & 0o777 == 0o600
    folder.rename(tmp_path / "moved")
    assert identity(tmp_path / "moved") == first
    shutil.copytree(tmp_path / "moved", folder)
    assert identity(folder) not in {first, None}
    assert identity(tmp_path / "moved") == first
    (folder / "host.id").write_text("cut")
    assert identity(folder) == identity(folder) != first


async def test_a_host_that_the_database_has_forgotten_has_lost_its_number(
    pool: asyncpg.Pool, join: Join
) -> None:
    """A standby that was behind may know an earlier process by this number, of its folder too."""
    earlier = await join()
    known = await pool.fetchrow("SELECT boot, started_at, leased_until FROM hosts")
    await earlier.leave()
    held = await join(lease_s=_LEASE_S)
    assert known is not None
    await pool.execute("UPDATE hosts SET boot = $1, started_at = $2, leased_until = $3", *known)
    async with asyncio.timeout(10):
        await held.lost.wait()
    assert await pool.fetchval("SELECT boot FROM hosts") == earlier.boot
