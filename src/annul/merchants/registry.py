"""Merchants, terminals and their keys in memory; the database holds the truth."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import asyncpg

from annul.domain.fees import FeeRate, FeeTable
from annul.domain.records import Merchant, Terminal
from annul.security.keys import KeyKind, WorkingKeys, WrappedKey
from annul.store.database import load_queries

_QUERIES: Final = {
    name: query.sql for name, query in load_queries("annul.merchants", "registry.sql").items()
}


class Station:
    """One terminal while the host runs: its row, replaced on change, and its keys."""

    __slots__ = ("data_key", "mac_key", "master_key", "pin_key", "terminal")

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.master_key: WrappedKey | None = None
        self.mac_key: WrappedKey | None = None
        self.pin_key: WrappedKey | None = None
        self.data_key: WrappedKey | None = None

    def take(self, key: WrappedKey) -> None:
        """Use a key from now on for what it is for."""
        setattr(self, f"{key.kind}_key", key)


class Registry:
    """Look-ups never touch the database, so that a lost connection does not stop them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._merchants: dict[str, Merchant] = {}
        self._stations: dict[tuple[str, str], Station] = {}
        self.fees = FeeTable(())

    async def load(self) -> None:
        """Read everything anew; stations that stay keep their identity."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            merchants, terminals, keys, rates = [
                await connection.fetch(_QUERIES[name])
                for name in ("merchants", "terminals", "keys", "fee_rates")
            ]
        stations: dict[tuple[str, str], Station] = {}
        for row in terminals:
            terminal = _terminal(row)
            key = (terminal.merchant_id, terminal.terminal_id)
            station = stations[key] = self._stations.get(key) or Station(terminal)
            station.terminal = terminal
        for merchant_id, terminal_id, kind, algorithm, wrapped, check_value in keys:
            wrapped_key = WrappedKey(KeyKind(kind), algorithm, wrapped, check_value)
            stations[merchant_id, terminal_id].take(wrapped_key)
        self._merchants = {row[0]: Merchant(*row) for row in merchants}
        self._stations = stations
        self.fees = FeeTable(FeeRate(*row) for row in rates)

    def merchant(self, merchant_id: str) -> Merchant | None:
        """Find a merchant by field 42."""
        return self._merchants.get(merchant_id)

    def station(self, merchant_id: str, terminal_id: str) -> Station | None:
        """Find a terminal of a merchant by field 41."""
        return self._stations.get((merchant_id, terminal_id))

    async def signed_in(
        self,
        station: Station,
        keys: WorkingKeys,
        *,
        operator: str,
        information: str,
        mac_algorithm: str,
        software: str,
        at: datetime,
    ) -> None:
        """Keep a sign-in and its fresh keys, then use them."""
        terminal = station.terminal
        identity = (terminal.merchant_id, terminal.terminal_id)
        handed_out = [key for key in (keys.pin, keys.mac, keys.data) if key is not None]
        async with self._pool.acquire() as connection, connection.transaction():
            wants = await connection.fetchval(
                _QUERIES["sign_in"], *identity, operator, information, at, mac_algorithm, software
            )
            for key in handed_out:
                await connection.execute(_QUERIES["put_key"], *identity, *_stored(key), at)
        for key in handed_out:
            station.take(key)
        station.terminal = replace(
            terminal, signed_in=True, mac_algorithm=mac_algorithm, wants=wants
        )

    async def signed_off(self, station: Station, at: datetime) -> None:
        """Keep that a terminal is signed off."""
        terminal = station.terminal
        identity = (terminal.merchant_id, terminal.terminal_id)
        await self._pool.execute(_QUERIES["sign_off"], *identity, at)
        station.terminal = replace(terminal, signed_in=False)

    async def informed(self, station: Station, information: str, at: datetime) -> None:
        """Keep what a terminal said of its state."""
        identity = (station.terminal.merchant_id, station.terminal.terminal_id)
        await self._pool.execute(_QUERIES["note_information"], *identity, information, at)

    async def want(self, merchant_id: str, terminal_id: str, what: str) -> None:
        """Ask something of a terminal with the next answer (sign_in, parameters, update)."""
        await self._pool.execute(_QUERIES["want"], merchant_id, terminal_id, what)
        station = self.station(merchant_id, terminal_id)
        if station is not None:
            station.terminal = replace(station.terminal, wants=what)

    def in_batch(self, station: Station, batch: str) -> None:
        """Use the batch that the database has begun."""
        station.terminal = replace(station.terminal, batch=batch)


def _terminal(row: asyncpg.Record) -> Terminal:
    values = dict(row)
    kinds = values.pop("kinds")
    return Terminal(**values, kinds=None if kinds is None else frozenset(kinds))


def _stored(key: WrappedKey) -> tuple[str, str, bytes, bytes]:
    return (key.kind, key.algorithm, key.wrapped, key.check_value)
