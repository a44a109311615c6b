"""Registering terminals, and what the migration to profiles makes of those that were there."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from annul.merchants.enrolment import Enrolled, NotEnrolled, TerminalProfile, enrol
from annul.merchants.registry import Registry
from annul.merchants.working_keys import TerminalSays, hand_out, take_up
from annul.security.ciphers import DES, SM, TDES, BlockCipher
from annul.security.keys import FORMS, KeyKind, WrappedKey, fits, open_working_keys
from annul.security.mac import MacAlgorithm, mac
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from tests.support.roles import as_owner, as_superuser

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
MERCHANT = "898000058120000"
NEW = "90000001"
IDENTITY = "a1" * 32


@pytest.fixture
def security() -> SoftwareModule:
    return SoftwareModule(bytes(range(32)))


@pytest.fixture
async def shop(pool: asyncpg.Pool, security: SoftwareModule) -> asyncpg.Pool:
    """Give a database with one merchant that has terminals 10000001 and 10000002."""
    await seed(pool, security, DemoPlan((1,), merchants=1))
    return pool


async def _enrol(
    pool: asyncpg.Pool,
    security: SoftwareModule,
    terminal: str = NEW,
    merchant: str = MERCHANT,
    *,
    replace: bool = False,
    clear: bytes | None = None,
    **profile: Any,
) -> Enrolled | None:
    wanted = TerminalProfile(merchant, terminal, **profile)
    async with pool.acquire() as connection, connection.transaction():
        return await enrol(connection, security, wanted, replace=replace, clear=clear)


_TABLES = ("terminals", "terminal_keys", "pending_keys", "reference", "merchants")


async def _everything(pool: asyncpg.Pool) -> dict[str, list[str]]:
    return {
        table: sorted(
            row[0] for row in await pool.fetch(f"SELECT to_jsonb(t)::text FROM {table} t")
        )
        for table in _TABLES
    }


async def _row(pool: asyncpg.Pool, terminal: str) -> asyncpg.Record:
    (found,) = await pool.fetch("SELECT * FROM terminals WHERE terminal_id = $1", terminal)
    return found


async def _keys(pool: asyncpg.Pool, terminal: str, table: str = "terminal_keys") -> set[str]:
    rows = await pool.fetch(f"SELECT kind FROM {table} WHERE terminal_id = $1", terminal)
    return {row[0] for row in rows}


async def _serves(
    pool: asyncpg.Pool, security: SoftwareModule, terminal: str, master: bytes
) -> None:
    """Let a terminal sign in, prove itself with its MAC, and be in force."""
    registry = Registry(pool)
    await registry.load()
    station = registry.station(MERCHANT, terminal)
    assert station is not None
    form = station.terminal.key_form
    field62 = await hand_out(pool, station, security, AT)
    keys = open_working_keys(field62, BlockCipher(FORMS[form].master, master), form)
    pending = station.pending
    assert pending is not None
    code = mac(station.algorithm, keys[KeyKind.MAC], b"a message")
    assert security.verify_mac(pending.mac, station.algorithm, b"a message", code)
    assert await take_up(pool, station, pending, TerminalSays(), AT)
    assert station.terminal.signed_in


# New terminals -------------------------------------------------------------------------------


async def test_a_new_terminal_has_its_profile_and_a_master_key(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    enrolled = await _enrol(
        shop,
        security,
        key_form="914",
        mac=MacAlgorithm.X9_19,
        tls_identity=IDENTITY,
        unbound_management=True,
    )
    assert enrolled is not None
    row = await _row(shop, NEW)
    assert (row["key_form"], row["mac_algorithm"], row["tls_identity"]) == (
        "914",
        "x9_19",
        IDENTITY,
    )
    assert row["unbound_management"]
    assert row["active"]
    assert not row["signed_in"]
    assert await _keys(shop, NEW) == {"master"}
    await _serves(shop, security, NEW, bytes.fromhex(enrolled.master_key))


async def test_its_check_value_is_that_of_its_key(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    enrolled = await _enrol(shop, security)
    assert enrolled is not None
    key = BlockCipher(TDES, bytes.fromhex(enrolled.master_key))
    assert enrolled.check_value == key.check_value().hex().upper()
    (stored,) = await shop.fetch("SELECT * FROM terminal_keys WHERE terminal_id = $1", NEW)
    assert stored["check_value"].hex().upper() == enrolled.check_value
    assert bytes.fromhex(enrolled.master_key) not in stored["wrapped"]
    assert enrolled.master_key not in repr(enrolled)


async def test_a_key_that_the_terminal_holds_is_taken(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    held = bytes(range(16, 32))
    enrolled = await _enrol(shop, security, clear=held)
    assert enrolled is not None
    assert enrolled.master_key == held.hex()
    await _serves(shop, security, NEW, held)


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_has_a_master_key_of_its_cipher(
    shop: asyncpg.Pool, security: SoftwareModule, form: str
) -> None:
    for number, algorithm in enumerate(FORMS[form].macs, 1):
        terminal = f"9000000{number}"
        enrolled = await _enrol(shop, security, terminal, key_form=form, mac=algorithm)
        assert enrolled is not None
        await _serves(shop, security, terminal, bytes.fromhex(enrolled.master_key))


async def test_no_two_keys_are_alike(shop: asyncpg.Pool, security: SoftwareModule) -> None:
    made = [await _enrol(shop, security, f"9000000{number}") for number in range(5)]
    assert len({one.master_key for one in made if one}) == 5


async def test_components_make_the_key_together_and_say_nothing_alone(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    enrolled = await _enrol(shop, security)
    assert enrolled is not None
    key = bytes.fromhex(enrolled.master_key)
    seen: set[str] = set()
    for _ in range(20):
        first, second = enrolled.components()
        assert len(first) == len(second) == 32
        assert (
            bytes(a ^ b for a, b in zip(bytes.fromhex(first), bytes.fromhex(second), strict=True))
            == key
        )
        seen |= {first, second}
    assert len(seen) == 40
    assert enrolled.master_key.upper() not in seen


# Those that are there ------------------------------------------------------------------------


async def test_a_terminal_that_is_there_stays_as_it_is(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    before = await _everything(shop)
    assert await _enrol(shop, security, "10000001", key_form="913", mac=MacAlgorithm.X9_19) is None
    assert await _everything(shop) == before


async def _signed_in(pool: asyncpg.Pool, security: SoftwareModule, terminal: str) -> None:
    """Give a terminal keys in force and others that wait."""
    registry = Registry(pool)
    await registry.load()
    station = registry.station(MERCHANT, terminal)
    assert station is not None
    await hand_out(pool, station, security, AT)
    assert station.pending is not None
    assert await take_up(pool, station, station.pending, TerminalSays(), AT)
    await hand_out(pool, station, security, AT)


async def test_a_terminal_that_is_replaced_begins_anew(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    await _signed_in(shop, security, "10000001")
    await _signed_in(shop, security, "10000002")
    await shop.execute("UPDATE terminals SET batch = '000007', amount_limit = 12345")
    old = await shop.fetchval(
        "SELECT wrapped FROM terminal_keys WHERE terminal_id = '10000001' AND kind = 'master'"
    )
    enrolled = await _enrol(
        shop,
        security,
        "10000001",
        replace=True,
        key_form="913",
        mac=MacAlgorithm.X9_19,
        tls_identity=IDENTITY,
    )
    assert enrolled is not None
    row = await _row(shop, "10000001")
    assert not row["signed_in"]
    assert (row["key_form"], row["mac_algorithm"], row["tls_identity"]) == (
        "913",
        "x9_19",
        IDENTITY,
    )
    assert (row["batch"], row["amount_limit"]) == ("000007", 12_345)  # its books go on
    assert await _keys(shop, "10000001") == {"master"}
    assert await _keys(shop, "10000001", "pending_keys") == set()
    assert old != await shop.fetchval(
        "SELECT wrapped FROM terminal_keys WHERE terminal_id = '10000001' AND kind = 'master'"
    )
    # The other one is not touched.
    assert (await _row(shop, "10000002"))["signed_in"]
    assert await _keys(shop, "10000002") == {"master", "pin", "mac"}
    assert await _keys(shop, "10000002", "pending_keys") == {"pin", "mac"}
    await _serves(shop, security, "10000001", bytes.fromhex(enrolled.master_key))


async def test_to_replace_one_that_is_not_there_registers_it(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    assert await _enrol(shop, security, replace=True)
    assert await _keys(shop, NEW) == {"master"}


async def test_a_profile_loses_its_certificate_and_leave_when_replaced_without(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    await _enrol(shop, security, tls_identity=IDENTITY, unbound_management=True)
    await _enrol(shop, security, replace=True)
    row = await _row(shop, NEW)
    assert (row["tls_identity"], row["unbound_management"]) == ("", False)


# What can not be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "algorithm"),
    [
        ("003", MacAlgorithm.SM4),
        ("003", MacAlgorithm.X9_19),
        ("005", MacAlgorithm.UNIONPAY_ECB),
        ("913", MacAlgorithm.UNIONPAY_ECB),
        ("937", MacAlgorithm.SM4_CMAC),
        ("007", MacAlgorithm.UNIONPAY_ECB),
        ("", MacAlgorithm.UNIONPAY_ECB),
    ],
)
async def test_a_form_and_a_mac_that_do_not_go_together_change_nothing(
    shop: asyncpg.Pool, security: SoftwareModule, form: str, algorithm: MacAlgorithm
) -> None:
    assert not fits(form, algorithm)
    before = await _everything(shop)
    for terminal in (NEW, "10000001"):
        with pytest.raises(NotEnrolled, match="does not go with"):
            await _enrol(shop, security, terminal, key_form=form, mac=algorithm, replace=True)
    assert await _everything(shop) == before


async def test_a_merchant_that_nobody_knows_changes_nothing(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    before = await _everything(shop)
    with pytest.raises(NotEnrolled, match="898000000000099"):
        await _enrol(shop, security, merchant="898000000000099")
    assert await _everything(shop) == before


async def test_what_the_tables_refuse_leaves_the_terminal_as_it_was(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    await _signed_in(shop, security, "10000001")
    before = await _everything(shop)
    with pytest.raises(asyncpg.CheckViolationError):
        await _enrol(shop, security, "10000001", replace=True, tls_identity="no identity")
    assert await _everything(shop) == before


# Running hosts -------------------------------------------------------------------------------


async def test_every_change_counts_the_version_up_so_that_hosts_take_it_up(
    shop: asyncpg.Pool, security: SoftwareModule
) -> None:
    async def version() -> int:
        return await shop.fetchval("SELECT version FROM reference")

    began = await version()
    await _enrol(shop, security)
    assert await version() == began + 1
    await _enrol(shop, security)  # there already
    assert await version() == began + 1
    await _enrol(shop, security, replace=True)
    assert await version() == began + 2
    assert await shop.fetchval("SELECT count(*) FROM reference") == 1


# Terminals that are older than their profiles -----------------------------------------------------

_numbers = itertools.count()
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Older:
    """A database as the version before profiles left it."""

    url: str
    security: SoftwareModule
    pool: asyncpg.Pool
    masters: dict[str, bytes] = field(default_factory=dict)

    async def terminal(
        self,
        terminal: str,
        master: str | None,
        *keys: tuple[KeyKind, str, datetime],
        mac_algorithm: str = "unionpay_ecb",
        kinds: list[str] | None = None,
    ) -> None:
        await self.pool.execute(
            "INSERT INTO terminals (merchant_id, terminal_id, signed_in, mac_algorithm, kinds)"
            " VALUES ($1, $2, $3, $4, $5)",
            MERCHANT,
            terminal,
            bool(keys),
            mac_algorithm,
            kinds,
        )
        if master is None:
            return
        clear = self.masters[terminal] = terminal.encode() + bytes(range(8))
        await self._key(terminal, self.security.import_key(KeyKind.MASTER, master, clear), AT)
        for kind, algorithm, at in keys:
            await self._key(terminal, self.security.generate(kind, algorithm), at)

    async def _key(self, terminal: str, key: WrappedKey, at: datetime) -> None:
        await self.pool.execute(
            "INSERT INTO terminal_keys VALUES ($1, $2, $3, $4, $5, $6, $7)",
            MERCHANT,
            terminal,
            key.kind,
            key.algorithm,
            key.wrapped,
            key.check_value,
            at,
        )

    async def profiles(self) -> dict[str, tuple[str, str]]:
        """Bring it to the newest schema; give key form and MAC by terminal."""
        await upgrade(as_owner(self.url))
        rows = await self.pool.fetch("SELECT terminal_id, key_form, mac_algorithm FROM terminals")
        return {terminal: (form, algorithm) for terminal, form, algorithm in rows}


@pytest.fixture
async def older(postgres: EmbeddedPostgres, security: SoftwareModule) -> AsyncIterator[Older]:
    name = f"older{next(_numbers)}"
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER annul_owner")
    url = postgres.url.replace("/annul?", f"/{name}?")
    await upgrade(as_owner(url), "0003")
    pool = await connect(url)
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ($1, '示例茶馆', 'Example Tea House', '5812')",
        MERCHANT,
    )
    yield Older(url, security, pool)
    await pool.close()
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


_P, _M, _D = KeyKind.PIN, KeyKind.MAC, KeyKind.DATA


async def _all_sorts(older: Older) -> dict[str, tuple[str, str]]:
    """Put terminals in that have signed in with each form; give what each must have become."""
    ecb, sm4 = "unionpay_ecb", "sm4"
    sorts: list[tuple[str, str, str, tuple[tuple[KeyKind, str], ...], str]] = [
        ("001", TDES, ecb, ((_P, DES), (_M, DES)), ecb),
        ("001", TDES, "x9_9", ((_P, DES), (_M, DES)), "x9_9"),
        ("003", TDES, ecb, ((_P, TDES), (_M, DES)), ecb),
        ("003", TDES, "x9_9", ((_P, TDES), (_M, DES)), "x9_9"),
        ("004", TDES, ecb, ((_P, TDES), (_M, DES), (_D, TDES)), ecb),
        ("005", SM, sm4, ((_P, SM), (_M, SM)), sm4),
        ("006", SM, sm4, ((_P, SM), (_M, SM), (_D, SM)), sm4),
        # The MAC of the last sign-in was kept, also where the keys of it were not.
        ("005", SM, ecb, ((_P, SM), (_M, SM)), sm4),
        ("003", TDES, sm4, ((_P, TDES), (_M, DES)), ecb),
        # Never signed in.
        ("003", TDES, ecb, (), ecb),
        ("005", SM, ecb, (), sm4),
    ]
    expected: dict[str, tuple[str, str]] = {}
    for number, (form, master, before, keys, after) in enumerate(sorts, 1):
        terminal = f"{10_000_000 + number}"
        dated = ((kind, algorithm, AT) for kind, algorithm in keys)
        await older.terminal(terminal, master, *dated, mac_algorithm=before)
        expected[terminal] = (form, after)
    return expected


async def test_older_terminals_keep_what_they_have_signed_in_with(older: Older) -> None:
    expected = await _all_sorts(older)
    assert await older.profiles() == expected


async def test_older_terminals_serve_with_what_they_keep(older: Older) -> None:
    await _all_sorts(older)
    found = await older.profiles()
    for terminal, (form, algorithm) in found.items():
        assert fits(form, MacAlgorithm(algorithm))
        await _serves(older.pool, older.security, terminal, older.masters[terminal])


async def test_older_terminals_are_loaded_with_the_keys_that_they_had(older: Older) -> None:
    await _all_sorts(older)
    kept = await older.pool.fetch("SELECT * FROM terminal_keys ORDER BY terminal_id, kind")
    signed_in = await older.pool.fetch("SELECT terminal_id FROM terminals WHERE signed_in")
    await older.profiles()
    assert await older.pool.fetch("SELECT * FROM terminal_keys ORDER BY terminal_id, kind") == kept
    assert await older.pool.fetch("SELECT terminal_id FROM terminals WHERE signed_in") == signed_in
    registry = Registry(older.pool)
    await registry.load()
    for row in kept:
        station = registry.station(MERCHANT, row["terminal_id"])
        assert station is not None
        assert station.keys[KeyKind(row["kind"])].wrapped == row["wrapped"]
        assert station.pending is None
        assert (station.terminal.tls_identity, station.terminal.unbound_management) == ("", False)


async def test_an_older_terminal_without_any_key_waits_to_be_enrolled(older: Older) -> None:
    await older.terminal("10000001", None)
    assert await older.profiles() == {"10000001": ("003", "unionpay_ecb")}
    assert await _enrol(older.pool, older.security, "10000001", replace=True)


async def test_a_key_of_an_earlier_sign_in_does_not_make_the_form(older: Older) -> None:
    """The version before kept a data key when a later sign-in asked for none.

    By it a terminal of form 003 would be registered with 004, and each of its sign-ins refused.
    """
    await older.terminal("10000001", TDES, (_D, TDES, AT - _DAY), (_P, TDES, AT), (_M, DES, AT))
    await older.terminal("10000002", SM, (_D, SM, AT - _DAY), (_P, SM, AT), (_M, SM, AT))
    assert await older.profiles() == {
        "10000001": ("003", "unionpay_ecb"),
        "10000002": ("005", "sm4"),
    }


async def test_who_may_fetch_parameters_may_say_that_they_came(older: Older) -> None:
    some = ["sale", "parameters", "echo"]
    await older.terminal("10000001", TDES, kinds=some)
    await older.terminal("10000002", TDES, kinds=["sale"])
    await older.terminal("10000003", TDES, kinds=None)
    await older.terminal("10000004", TDES, kinds=[])
    await older.profiles()
    rows = await older.pool.fetch("SELECT terminal_id, kinds FROM terminals")
    assert {row["terminal_id"]: row["kinds"] for row in rows} == {
        "10000001": [*some, "parameters_taken"],
        "10000002": ["sale"],
        "10000003": None,
        "10000004": [],
    }


async def test_to_migrate_again_changes_nothing(older: Older) -> None:
    await _all_sorts(older)
    await older.terminal("10000099", TDES, kinds=["parameters"])
    await older.profiles()
    before = await _everything(older.pool)
    await older.profiles()
    assert await _everything(older.pool) == before
