"""Working keys in one database and several processes: handed out, proven, and then current."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.errors import AnnulError
from annul.merchants.enrolment import TerminalProfile, enrol
from annul.merchants.registry import Registry
from annul.merchants.station import PendingKeys, Station
from annul.merchants.working_keys import TerminalSays, hand_out, take_up
from annul.security.ciphers import BlockCipher
from annul.security.keys import FORMS, KeyKind, open_working_keys
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.database import connect
from tests.support.roles import as_owner, as_superuser

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
_LOCAL = bytes(range(32))


@dataclass(slots=True)
class Process:
    """One host of several on a database, with a pool, keys and memory of its own."""

    pool: asyncpg.Pool
    registry: Registry
    identity: tuple[str, str]
    security: SoftwareModule

    @property
    def station(self) -> Station:
        found = self.registry.station(*self.identity)
        assert found is not None
        return found

    async def signs_in(self) -> bytes:
        """Serve a sign-in; give field 62."""
        return await hand_out(self.pool, self.station, self.security, AT)

    async def proves(
        self, said: TerminalSays | None = None, pending: PendingKeys | None = None
    ) -> bool:
        """Serve a message whose MAC holds under the pending keys, those that are or that were."""
        proven = pending or self.station.pending
        assert proven is not None
        return await take_up(self.pool, self.station, proven, said or TerminalSays(), LATER)

    def wrapped(self) -> dict[str, bytes]:
        """Give the working keys in force."""
        return {
            str(kind): key.wrapped
            for kind, key in self.station.keys.items()
            if kind is not KeyKind.MASTER
        }

    def pending(self) -> dict[str, bytes]:
        waiting = self.station.pending
        return {str(kind): key.wrapped for kind, key in waiting.keys.items()} if waiting else {}


@dataclass(slots=True)
class Ground:
    """A database with one shop, and how to start a process on it."""

    database: str
    pool: asyncpg.Pool
    master: str
    identity: tuple[str, str]
    opened: list[asyncpg.Pool]

    async def process(self) -> Process:
        pool = await connect(self.database)
        self.opened.append(pool)
        registry = Registry(pool)
        await registry.load()
        return Process(pool, registry, self.identity, SoftwareModule(_LOCAL))

    async def rows(self, table: str) -> list[dict[str, Any]]:
        found = await self.pool.fetch(
            f"SELECT * FROM {table} WHERE merchant_id = $1 AND terminal_id = $2"
            f"{'' if table == 'terminals' else ' ORDER BY kind'}",
            *self.identity,
        )
        return [dict(row) for row in found]

    async def stored(self, table: str) -> dict[str, bytes]:
        """Give the working keys of a table by kind."""
        rows = await self.rows(table)
        return {row["kind"]: row["wrapped"] for row in rows if row["kind"] != "master"}

    async def row(self) -> dict[str, Any]:
        (found,) = await self.rows("terminals")
        return found

    async def replaced(self, **profile: Any) -> str:
        """Enrol the terminal anew; give its master key."""
        async with self.pool.acquire() as connection, connection.transaction():
            wanted = TerminalProfile(*self.identity, **profile)
            enrolled = await enrol(connection, SoftwareModule(_LOCAL), wanted, replace=True)
        assert enrolled is not None
        return enrolled.master_key

    @asynccontextmanager
    async def held(self, statement: str) -> AsyncIterator[None]:
        """Hold a lock as a slow database would."""
        connection = await asyncpg.connect(as_owner(self.database))
        try:
            async with connection.transaction():
                await connection.execute(statement)
                yield
        finally:
            await connection.close()

    async def waiting(self, how_many: int) -> None:
        """Wait until so many others wait for a lock."""
        watching = await asyncpg.connect(as_superuser(self.database))  # who sees it
        try:
            async with asyncio.timeout(10):
                while how_many > await watching.fetchval(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                ):
                    await asyncio.sleep(0.01)
        finally:
            await watching.close()


@pytest.fixture
async def ground(database: str, pool: asyncpg.Pool) -> AsyncIterator[Ground]:
    made = await seed(pool, SoftwareModule(_LOCAL), DemoPlan((1,), merchants=1))
    merchant, terminal, master = made[0]
    opened: list[asyncpg.Pool] = []
    yield Ground(database, pool, master, (merchant, terminal), opened)
    for one in opened:
        await one.close()


@pytest.fixture
async def host(ground: Ground) -> Process:
    return await ground.process()


@pytest.fixture
async def other(ground: Ground) -> Process:
    return await ground.process()


def _row_of(ground: Ground) -> str:
    merchant, terminal = ground.identity
    return (
        f"SELECT 1 FROM terminals WHERE merchant_id = '{merchant}'"
        f" AND terminal_id = '{terminal}' FOR UPDATE"
    )


# Handing out ---------------------------------------------------------------------------------


async def test_a_sign_in_that_is_repeated_is_given_the_same(host: Process, ground: Ground) -> None:
    first = await host.signs_in()
    assert [await host.signs_in() for _ in range(3)] == [first] * 3
    assert await ground.stored("pending_keys") == host.pending()
    assert set(host.pending()) == {"pin", "mac"}
    master = BlockCipher(FORMS["003"].master, bytes.fromhex(ground.master))
    assert set(open_working_keys(first, master, "003")) == {KeyKind.PIN, KeyKind.MAC}


async def test_to_hand_out_changes_nothing_of_the_terminal(host: Process, ground: Ground) -> None:
    before = (await ground.row(), await ground.rows("terminal_keys"))
    keys, terminal = dict(host.station.keys), host.station.terminal
    for _ in range(3):
        await host.signs_in()
    assert (await ground.row(), await ground.rows("terminal_keys")) == before
    assert (dict(host.station.keys), host.station.terminal) == (keys, terminal)


async def test_keys_in_force_stay_in_force_while_others_wait(host: Process, ground: Ground) -> None:
    await host.signs_in()
    assert await host.proves()
    current = host.wrapped()
    await host.signs_in()
    assert host.wrapped() == current == await ground.stored("terminal_keys")
    assert host.pending()["mac"] != current["mac"]
    assert (await ground.row())["signed_in"]


async def test_two_processes_hand_out_the_same(host: Process, other: Process) -> None:
    first = await host.signs_in()
    assert await other.signs_in() == first
    assert other.pending() == host.pending()


async def test_two_processes_at_once_hand_out_the_same(
    host: Process, other: Process, ground: Ground
) -> None:
    for _ in range(5):
        given = await asyncio.gather(*(one.signs_in() for one in (host, other) * 5))
        assert len(set(given)) == 1
        assert host.pending() == other.pending() == await ground.stored("pending_keys")
        assert await host.proves()
        assert await other.proves()


async def test_processes_that_wait_for_each_other_hand_out_the_same(
    host: Process, other: Process, ground: Ground
) -> None:
    """The same, with the order forced: nobody has written when each of them begins."""
    async with ground.held(_row_of(ground)):
        asked = [asyncio.create_task(one.signs_in()) for one in (host, other)]
        await ground.waiting(2)
    first, second = await asyncio.gather(*asked)
    assert first == second
    assert host.pending() == other.pending() == await ground.stored("pending_keys")


async def test_each_form_is_handed_out_and_taken_up(ground: Ground) -> None:
    for form in FORMS.values():
        master = BlockCipher(
            form.master,
            bytes.fromhex(await ground.replaced(key_form=form.name, mac=form.usual_mac)),
        )
        process = await ground.process()
        field62 = await process.signs_in()
        opened = open_working_keys(field62, master, form.name)
        assert await process.proves()
        assert set(process.wrapped()) == {str(kind) for kind in opened}
        assert await ground.stored("terminal_keys") == process.wrapped()


# Taking up -----------------------------------------------------------------------------------


async def test_the_first_proof_makes_them_current(host: Process, ground: Ground) -> None:
    await host.signs_in()
    handed_out = host.pending()
    assert await host.proves(TerminalSays("007", "serial 1", "31311000"))
    assert host.wrapped() == handed_out == await ground.stored("terminal_keys")
    assert host.pending() == await ground.stored("pending_keys") == {}
    assert host.station.master_key is not None
    row = await ground.row()
    assert (row["signed_in"], row["operator"], row["information"], row["software"]) == (
        True,
        "007",
        "serial 1",
        "31311000",
    )
    assert row["last_seen_at"] == LATER
    assert host.station.terminal.signed_in


async def test_what_was_not_said_stays_as_it_was(host: Process, ground: Ground) -> None:
    await host.signs_in()
    await host.proves(TerminalSays("007", "serial 1", "31311000"))
    await host.signs_in()
    await host.proves(TerminalSays())
    row = await ground.row()
    assert (row["operator"], row["information"], row["software"]) == (
        "007",
        "serial 1",
        "31311000",
    )


async def test_a_second_message_finds_them_taken_up(host: Process, ground: Ground) -> None:
    await host.signs_in()
    handed_out = host.pending()
    found = await asyncio.gather(*(host.proves() for _ in range(10)))
    assert found == [True] * 10
    assert host.wrapped() == handed_out == await ground.stored("terminal_keys")
    assert host.pending() == {}


async def test_what_another_process_has_taken_up_is_kept(
    host: Process, other: Process, ground: Ground
) -> None:
    await host.signs_in()
    await other.signs_in()
    handed_out = host.pending()
    assert await host.proves()
    assert await other.proves()
    for process in (host, other):
        assert process.wrapped() == handed_out
        assert process.pending() == {}
        assert process.station.terminal.signed_in
    assert await ground.stored("terminal_keys") == handed_out


async def test_both_may_take_them_up_at_once(host: Process, other: Process, ground: Ground) -> None:
    for _ in range(10):
        await asyncio.gather(host.signs_in(), other.signs_in())
        handed_out = host.pending()
        assert await asyncio.gather(host.proves(), other.proves()) == [True, True]
        assert host.wrapped() == other.wrapped() == handed_out
        assert await ground.stored("terminal_keys") == handed_out


async def test_an_older_proof_elsewhere_leaves_newer_ones_waiting(
    host: Process, other: Process, ground: Ground
) -> None:
    """The other process hears of the first keys only when the second have been handed out."""
    await host.signs_in()
    await other.signs_in()
    first = host.pending()
    await host.proves()
    await host.signs_in()
    second = host.pending()
    assert await other.proves()
    assert other.wrapped() == first
    assert await ground.stored("pending_keys") == second
    await other.signs_in()
    assert other.pending() == second


async def test_stale_keys_are_refused_and_those_in_force_are_used(
    host: Process, other: Process, ground: Ground
) -> None:
    await host.signs_in()
    await other.signs_in()
    await host.proves()
    await host.signs_in()
    await host.proves()
    current = host.wrapped()
    assert other.pending()["mac"] != current["mac"]
    assert not await other.proves()
    assert other.wrapped() == current == await ground.stored("terminal_keys")
    assert other.pending() == {}
    assert other.station.master_key is not None


async def test_a_proof_of_keys_before_those_in_force_is_refused(
    host: Process, ground: Ground
) -> None:
    """Two messages of a crowd: between them the terminal has signed in and proven itself anew."""
    await host.signs_in()
    first = host.station.pending
    await host.proves()
    await host.signs_in()
    await host.proves()
    current = host.wrapped()
    assert not await host.proves(pending=first)
    assert host.wrapped() == current == await ground.stored("terminal_keys")


async def test_keys_of_fewer_kinds_leave_none_of_the_others(ground: Ground) -> None:
    """A key for data that the terminal has no more would be taken for one of its form."""
    await ground.replaced(key_form="004")
    process = await ground.process()
    await process.signs_in()
    await process.proves()
    assert set(process.wrapped()) == {"pin", "mac", "data"}
    await ground.pool.execute("UPDATE terminals SET key_form = '003'")
    await process.registry.load()
    await process.signs_in()
    assert await process.proves()
    assert set(process.wrapped()) == set(await ground.stored("terminal_keys")) == {"pin", "mac"}


# Another form, another master key ---------------------------------------------------------------


async def test_keys_of_a_form_that_is_no_more_are_not_handed_out(
    host: Process, ground: Ground
) -> None:
    await host.signs_in()
    before = host.pending()
    await ground.pool.execute("UPDATE terminals SET key_form = '004'")
    await host.registry.load()
    assert host.pending() == {}
    field62 = await host.signs_in()
    master = BlockCipher(FORMS["004"].master, bytes.fromhex(ground.master))
    opened = open_working_keys(field62, master, "004")
    assert set(opened) == {KeyKind.PIN, KeyKind.MAC, KeyKind.DATA}
    assert not set(before.values()) & set(host.pending().values())
    assert await ground.stored("pending_keys") == host.pending()
    assert {row["form"] for row in await ground.rows("pending_keys")} == {"004"}
    assert await host.proves()
    assert set(await ground.stored("terminal_keys")) == {"pin", "mac", "data"}


async def test_a_process_that_starts_does_not_see_keys_of_another_form(
    host: Process, ground: Ground
) -> None:
    await host.signs_in()
    await ground.pool.execute("UPDATE terminals SET key_form = '004'")
    assert (await ground.process()).pending() == {}


async def test_a_master_key_that_was_replaced_hands_out_no_keys_that_stay(
    host: Process, ground: Ground
) -> None:
    """A process that has not heard of it yet may answer whoever knows the old master key.

    What it hands out under the old one must not wait for the terminal with the new one.
    """
    old = BlockCipher(FORMS["003"].master, bytes.fromhex(ground.master))
    await host.signs_in()
    await host.proves()
    new = await ground.replaced()
    leaked: dict[KeyKind, BlockCipher] = {}
    with suppress(AnnulError):
        leaked = open_working_keys(await host.signs_in(), old, "003")
    fresh = await ground.process()
    master = BlockCipher(FORMS["003"].master, bytes.fromhex(new))
    opened = open_working_keys(await fresh.signs_in(), master, "003")
    known = {key.check_value() for key in leaked.values()}
    assert not known & {key.check_value() for key in opened.values()}


async def test_a_proof_under_keys_that_enrolment_has_ended_signs_nobody_in(
    host: Process, ground: Ground
) -> None:
    await host.signs_in()
    await ground.replaced()
    assert not await host.proves(TerminalSays("007"))
    row = await ground.row()
    assert (row["signed_in"], row["operator"]) == (False, "")
    assert await ground.stored("terminal_keys") == host.wrapped() == {}


# A process that ends, a registry that is read meanwhile -------------------------------------------


async def test_killed_before_the_first_proof_another_process_goes_on(
    host: Process, ground: Ground
) -> None:
    field62 = await host.signs_in()
    handed_out = host.pending()
    await host.pool.close()
    ground.opened.remove(host.pool)
    fresh = await ground.process()
    assert fresh.pending() == handed_out
    assert await fresh.signs_in() == field62
    assert await fresh.proves()
    assert fresh.wrapped() == handed_out == await ground.stored("terminal_keys")
    assert await ground.stored("pending_keys") == {}


@asynccontextmanager
async def _reading(ground: Ground, process: Process) -> AsyncIterator[Callable[[], Any]]:
    """Read the registry; it has seen everything but the fees while the block runs."""
    async with ground.held("LOCK TABLE fee_rates IN ACCESS EXCLUSIVE MODE"):
        task = asyncio.create_task(process.registry.load())
        await ground.waiting(1)
        yield task.done
        assert not task.done()
    await task


async def test_keys_taken_up_while_the_registry_is_read_stay(host: Process, ground: Ground) -> None:
    await host.signs_in()
    handed_out = host.pending()
    async with _reading(ground, host):
        assert await host.proves()
    assert host.wrapped() == handed_out
    assert host.pending() == {}
    assert host.station.terminal.signed_in
    await host.registry.load()
    assert host.wrapped() == handed_out


async def test_keys_handed_out_while_the_registry_is_read_stay(
    host: Process, ground: Ground
) -> None:
    async with _reading(ground, host):
        await host.signs_in()
        handed_out = host.pending()
    assert host.pending() == handed_out != {}
    assert await host.proves()
    assert host.wrapped() == handed_out


async def test_keys_do_not_wait_any_more_when_the_registry_is_read_meanwhile(
    host: Process, ground: Ground
) -> None:
    """The registry is read while the proof waits for the database."""
    await host.signs_in()
    handed_out = host.pending()
    async with ground.held(_row_of(ground)):
        proof = asyncio.create_task(host.proves())
        await ground.waiting(1)
        await host.registry.load()
    assert await proof
    assert host.wrapped() == handed_out
    assert host.pending() == {}


async def test_a_proof_holds_when_the_registry_was_read_since_the_door(
    host: Process, ground: Ground
) -> None:
    """The door has found the keys; before they are taken up the registry reads the same again."""
    await host.signs_in()
    at_the_door, handed_out = host.station.pending, host.pending()
    await host.registry.load()
    assert await host.proves(pending=at_the_door)
    assert host.wrapped() == handed_out == await ground.stored("terminal_keys")
    assert host.pending() == {}


async def test_keys_do_not_wait_any_more_when_a_crowd_signs_in_meanwhile(
    host: Process, ground: Ground
) -> None:
    """A sign-in that began before the keys were there ends while the proof of them waits."""
    async with ground.held(_row_of(ground)):
        first = asyncio.create_task(host.signs_in())
        await ground.waiting(1)
        lock = ground.held(_row_of(ground))
        entering = asyncio.create_task(lock.__aenter__())
        await ground.waiting(2)
        second = asyncio.create_task(host.signs_in())
        await ground.waiting(3)
    field62 = await first
    await entering
    proof = asyncio.create_task(host.proves())
    await ground.waiting(2)
    await lock.__aexit__(None, None, None)
    assert await second == field62
    assert await proof
    assert host.wrapped() == await ground.stored("terminal_keys")
    assert host.pending() == {}


async def test_a_terminal_that_signed_off_signs_in_with_keys_that_are_proven_anew(
    host: Process, ground: Ground
) -> None:
    """What waits in memory and nowhere else would be handed out and never be taken up."""
    await host.signs_in()
    async with ground.held(_row_of(ground)):
        proof = asyncio.create_task(host.proves())
        await ground.waiting(1)
        await host.registry.load()
    await proof
    before = host.wrapped()
    await host.registry.signed_off(host.station, LATER)
    await host.signs_in()
    assert host.pending()["mac"] != before["mac"]
    assert await ground.stored("pending_keys") == host.pending()


async def test_a_new_master_key_is_taken_up_also_when_a_message_changes_the_terminal_meanwhile(
    host: Process, ground: Ground
) -> None:
    """Nobody reads anew what was read in vain: the version of the reference data is known."""
    old = host.station.master_key
    await ground.replaced()
    async with _reading(ground, host):
        await ground.pool.execute("UPDATE terminals SET batch = '000002'")
        host.registry.in_batch(host.station, "000002")
    assert old is not None
    assert host.station.master_key is not None
    assert host.station.master_key.wrapped != old.wrapped
    assert host.station.terminal.batch == "000002"


async def test_a_terminal_signed_off_by_enrolment_is_signed_off_when_the_registry_is_read(
    host: Process, ground: Ground
) -> None:
    await host.signs_in()
    await host.proves()
    station = host.station
    await ground.replaced(key_form="913", mac=FORMS["913"].usual_mac)
    await host.registry.load()
    assert host.station is station
    assert (station.terminal.signed_in, station.terminal.key_form) == (False, "913")
    assert host.wrapped() == host.pending() == {}
