"""A first server that dies, freezes or turns read-only, and the one that takes its place."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import asyncpg
import pytest

from annul.store.batcher import LOST, StoreUnavailable
from annul.store.database import connect
from annul.store.lane import Lane
from annul.store.roles import OWNER
from annul.store.servers import Connection, apart
from tests.support.servers import Pair, pair

_ANSWER_S: Final = 0.4
_CONNECT_S: Final = 0.4
_ENDS_S: Final = 15.0
_WHERE: Final = "SELECT inet_server_port()"


@pytest.fixture
def two() -> Iterator[Pair]:
    with pair() as made:
        yield made


@pytest.fixture
async def served(two: Pair) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on a pair with a synchronous standby."""
    await two.start(synchronous=True)
    owner = await asyncpg.connect(two.url(OWNER))
    await owner.execute("CREATE TABLE kept (n int PRIMARY KEY); GRANT ALL ON kept TO annul")
    await owner.close()
    opened = await connect(two.url(), within_s=_CONNECT_S)
    yield opened
    two.first.signal(signal.SIGCONT)
    opened.terminate()


async def _rest(pool: asyncpg.Pool, count: int) -> None:
    """Let so many connections rest in the pool."""
    taken = [await pool.acquire() for _ in range(count)]
    for one in taken:
        await pool.release(one)


async def test_a_server_that_dies_is_replaced_by_the_one_promoted(
    two: Pair, served: asyncpg.Pool
) -> None:
    lane = Lane(served)
    await lane.fetch("INSERT INTO kept VALUES (1)")
    await _rest(served, 5)
    two.first.kill()
    asked = asyncio.create_task(lane.fetch(_WHERE))  # before anybody can answer
    await asyncio.to_thread(two.second.promote)
    async with asyncio.timeout(_ENDS_S):
        [[port]] = await asked
    assert port == two.second.port
    assert await served.fetchval("SELECT n FROM kept") == 1
    await lane.close()


async def test_a_frozen_server_holds_nobody_once_another_serves(
    two: Pair, served: asyncpg.Pool
) -> None:
    """Nor what was asked over connections whose own time is far longer, nor what rests."""
    lane = Lane(served, answer_s=_ANSWER_S)
    await lane.fetch(_WHERE)
    await _rest(served, 10)
    async with served.acquire() as held:
        await held.fetchval(_WHERE)
        two.first.signal(signal.SIGSTOP)
        waits = asyncio.create_task(held.fetchval(_WHERE, timeout=600))
        asked = asyncio.create_task(lane.fetch(_WHERE))
        await asyncio.to_thread(two.second.promote)
        async with asyncio.timeout(_ENDS_S):
            [[port]] = await asked
            with pytest.raises(LOST):
                await waits
    assert port == two.second.port
    async with asyncio.timeout(_ENDS_S):
        ports = await asyncio.gather(*(served.fetchval(_WHERE) for _ in range(20)))
    assert set(ports) == {two.second.port}
    # The one that was first thaws and takes itself for the first still: nobody goes back to it.
    two.first.signal(signal.SIGCONT)
    assert await served.fetchval(_WHERE) == two.second.port
    await lane.close()
    # Nor when that one is away: what would be written there is written twice.
    two.second.kill()
    async with asyncio.timeout(_ENDS_S):
        assert "another was promoted since" in await _refusal(served)


async def _refusal(pool: asyncpg.Pool) -> str:
    """Ask until no connection rests any more that has died; give why none is made."""
    while True:
        try:
            return f"answered by {await pool.fetchval(_WHERE)}"
        except asyncpg.TargetServerAttributeNotMatched as error:
            return str(error)
        except LOST:
            continue


async def test_a_server_that_turns_read_only_is_left(two: Pair, served: asyncpg.Pool) -> None:
    lane = Lane(served)
    await lane.fetch("INSERT INTO kept VALUES (1)")
    await _rest(served, 5)
    superuser = await asyncpg.connect(two.first.url())
    await superuser.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await superuser.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(_ENDS_S):
        while await superuser.fetchval("SHOW default_transaction_read_only") == "off":
            await asyncio.sleep(0.01)
    await superuser.close()
    written = asyncio.create_task(lane.fetch("INSERT INTO kept VALUES (2) RETURNING 2"))
    with pytest.raises(LOST):  # once for those who ask for themselves, and not by each
        await served.execute("INSERT INTO kept VALUES (3)")
    await asyncio.sleep(0)
    assert served.get_idle_size() == 0
    await asyncio.to_thread(two.second.promote)
    async with asyncio.timeout(_ENDS_S):
        assert [tuple(row) for row in await written] == [(2,)]
        assert await served.fetchval(_WHERE) == two.second.port
    await lane.close()


async def test_a_commit_without_its_standby_is_not_made_to_count(
    two: Pair, served: asyncpg.Pool
) -> None:
    """Whether the time is over or nobody waits any more: a cancelled wait would let it count."""
    lane = Lane(served, retry_s=0.9 * _ANSWER_S, answer_s=_ANSWER_S)
    two.second.signal(signal.SIGSTOP, b"walreceiver")
    with pytest.raises(StoreUnavailable):
        await lane.fetch("INSERT INTO kept VALUES (1)")
    gone = asyncio.create_task(served.execute("INSERT INTO kept VALUES (2)"))
    superuser = await asyncpg.connect(two.first.url())
    await _waiting(superuser, 2)
    gone.cancel()
    await asyncio.wait([gone])
    direct = await asyncpg.connect(two.first.url(database="annul"))
    assert await direct.fetch("SELECT n FROM kept") == []
    assert await _waiting(superuser, 2) == 2
    two.second.signal(signal.SIGCONT)
    async with asyncio.timeout(_ENDS_S):
        while await direct.fetchval("SELECT count(*) FROM kept") < 2:
            await asyncio.sleep(0.01)
    await direct.close()
    await superuser.close()


async def _waiting(superuser: Any, count: int) -> int:
    """Wait until so many commits wait for the standby."""
    async with asyncio.timeout(_ENDS_S):
        while (
            found := await superuser.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            )
        ) < count:
            await asyncio.sleep(0.01)
    return found


async def test_a_server_that_answers_nothing_at_all_is_not_waited_for(two: Pair) -> None:
    """One that takes connections and says nothing, as a frozen one does, is the first of two."""
    await two.start(synchronous=False)
    held: list[asyncio.StreamWriter] = []
    deaf = await asyncio.start_server(lambda _reader, writer: held.append(writer), "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    url = two.first.url(database="annul").replace("@", f"@127.0.0.1:{port},")
    pool = await connect(url, role=None, within_s=_CONNECT_S)
    async with asyncio.timeout(_ENDS_S):
        assert await pool.fetchval(_WHERE) == two.first.port
    await pool.close()
    deaf.close()
    for writer in held:
        writer.close()
        await writer.wait_closed()


async def test_who_may_not_sign_in_is_told_so_and_not_that_a_host_is_away(two: Pair) -> None:
    await two.start(synchronous=False)
    two.first.write("pg_hba.conf", "host all all samehost scram-sha-256")
    two.first.reload()
    url = two.url().replace("@127", "@127.0.0.1:1,127")
    pool = await connect(url, within_s=_CONNECT_S)
    with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
        await pool.fetchval(_WHERE)
    await pool.close()


@pytest.mark.parametrize(
    ("url", "each"),
    [
        ("postgresql://a:b@h/d", ["postgresql://a:b@h/d"]),
        (
            "postgresql://a:b%40@h1:1,h2/d?sslmode=require",
            [
                "postgresql://a:b%40@h1:1/d?sslmode=require",
                "postgresql://a:b%40@h2/d?sslmode=require",
            ],
        ),
        ("postgresql://a@[::1]:1,h2/d", ["postgresql://a@[::1]:1/d", "postgresql://a@h2/d"]),
        (
            "postgresql://a@/d?host=h1,h2&port=1,2&x=%2Fy",
            [
                "postgresql://a@/d?x=%2Fy&host=h1&port=1",
                "postgresql://a@/d?x=%2Fy&host=h2&port=2",
            ],
        ),
        (
            "postgresql://a@/d?host=/s1,/s2&port=7",
            ["postgresql://a@/d?host=%2Fs1&port=7", "postgresql://a@/d?host=%2Fs2&port=7"],
        ),
        ("postgresql://a@/d?host=/s1", ["postgresql://a@/d?host=/s1"]),
        ("no url", ["no url"]),
    ],
)
def test_a_url_of_several_hosts_is_taken_apart(url: str, each: list[str]) -> None:
    assert apart(url) == each


async def test_who_is_cancelled_within_a_transaction_hears_of_that_and_of_nothing_else(
    pool: asyncpg.Pool,
) -> None:
    """The connection is left, so there is nothing to roll back; a loop is stopped by it."""
    begun = asyncio.Event()

    async def waits() -> None:
        async with pool.acquire() as connection, connection.transaction():
            begun.set()
            await connection.execute("SELECT pg_sleep(600)")

    task = asyncio.create_task(waits())
    await begun.wait()
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    while not await pool.fetchval(asleep):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), repr(task.exception())


async def test_whenever_it_is_cancelled_it_is_cancelled(pool: asyncpg.Pool) -> None:
    """And the pool goes on, with each of its connections."""
    told: set[str] = set()
    for step in range(200):
        task = asyncio.create_task(pool.fetchval("SELECT pg_sleep(0.001)"))
        for _ in range(step % 40):
            await asyncio.sleep(0)
        if step % 3 == 0:
            await asyncio.sleep(0.0005)
        task.cancel()
        await asyncio.wait([task])
        told.add("cancelled" if task.cancelled() else repr(task.exception()))
    assert told <= {"cancelled", "None"}
    assert await asyncio.gather(*(pool.fetchval("SELECT 1") for _ in range(40))) == [1] * 40


async def test_who_is_between_two_steps_of_a_statement_hears_that_it_is_closed(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was prepared, and the connection is cut off before it is carried out."""
    private: Any = Connection
    prepared = private._get_statement

    async def cut_off_then(self: Connection, *given: Any, **named: Any) -> Any:
        statement = await prepared(self, *given, **named)
        self.leave()
        return statement

    async with pool.acquire() as connection:
        await connection.fetchval("SELECT 1")
        monkeypatch.setattr(Connection, "_get_statement", cut_off_then)
        with pytest.raises(LOST):
            await connection.fetchval("SELECT $1::int", 1)
