"""Merchants, terminals and their keys in memory; the database holds the truth."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import asyncpg

from annul.domain.business_day import CutOvers
from annul.domain.fees import FeeRate, FeeTable
from annul.domain.interventions import NOTHING, InForce
from annul.domain.records import Merchant, Terminal
from annul.store import interventions
from annul.store.clock import Clock, SystemClock
from annul.store.sql import load

from .chips import Aid, CaKey, Chips
from .cut_overs import by_merchant
from .station import Station
from .working_keys import by_kind, profile, refresh, ring

_SQL: Final = load("annul.merchants", "registry.sql")
_READ: Final = (
    "merchants", "terminals", "keys", "pending_keys", "fee_rates", "ca_public_keys",
    "aid_parameters", "cut_overs",
)  # fmt: skip


class Registry:
    """Look-ups never touch the database, so that a lost connection does not stop them."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock | None = None) -> None:
        self._pool = pool
        self._clock = clock or SystemClock()
        self._merchants: dict[str, Merchant] = {}
        self._stations: dict[tuple[str, str], Station] = {}
        self._identities: set[str] = set()
        self.in_force = NOTHING  # interventions
        self.fees = FeeTable(())
        self.chips = Chips()
        self.dialects: tuple[str, ...] = ()  # that terminals speak, besides that of their port
        self.version = -1

    async def load(self) -> None:
        """Read everything anew; stations that stay keep their identity.

        A station that a message has changed while this reads stays as it is and is read once more:
        keys handed out just now hold at every moment. `version` is that of what was read: somebody
        who changes reference data afterwards has a higher one.
        """
        marks = {one: one.mark for one in self._stations.values()}
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            version = await connection.fetchval(*_SQL["version"]())
            merchants, terminals, keys, pending, rates, ca_keys, aids, cut_overs = [
                await connection.fetch(*_SQL[name]()) for name in _READ
            ]
            in_force = InForce(await interventions.in_force(connection, self._clock.now()))
        kept, waiting = _by_terminal(keys), _by_terminal(pending)
        stations: dict[tuple[str, str], Station] = {}
        changed: list[Station] = []
        for row in terminals:
            terminal = Terminal(**profile(row))
            identity = (terminal.merchant_id, terminal.terminal_id)
            station = stations[identity] = self._stations.get(identity) or Station(terminal)
            station.in_force = in_force
            if station.mark != marks.get(station, station.mark):
                changed.append(station)  # what was read of it is older than what it has
                continue
            station.register(terminal)
            station.served_by(row["host"], row["epoch"])
            station.adopt(
                ring(
                    terminal.key_form,
                    by_kind(kept.get(identity, ())),
                    by_kind(waiting.get(identity, ())),
                )
            )
        agreed = by_merchant(cut_overs)
        self._merchants = {
            row[0]: Merchant(*row, cut_overs=agreed.get(row[0], ())) for row in merchants
        }
        self._stations, self.in_force = stations, in_force
        self._identities = {one.terminal.tls_identity for one in stations.values()} - {""}
        self.dialects = tuple(sorted({one.terminal.dialect for one in stations.values()} - {""}))
        self.fees = FeeTable(FeeRate(*row) for row in rates)
        self.chips = Chips((CaKey(*row) for row in ca_keys), (Aid(*row) for row in aids))
        for station in changed:
            await refresh(self._pool, station)
        self.version = version  # last: until all is taken up, it is to be read again

    def knows(self, identity: str) -> bool:
        """Say whether a terminal is registered with this TLS identity."""
        return identity in self._identities

    def merchant(self, merchant_id: str) -> Merchant | None:
        """Find a merchant by field 42."""
        return self._merchants.get(merchant_id)

    def cut_overs(self, merchant_id: str) -> CutOvers:
        """Give when a merchant's business days end by its contract; empty: as the house's do."""
        merchant = self._merchants.get(merchant_id)
        return merchant.cut_overs if merchant else ()

    def station(self, merchant_id: str, terminal_id: str) -> Station | None:
        """Find a terminal of a merchant by field 41."""
        return self._stations.get((merchant_id, terminal_id))

    async def signed_off(self, station: Station, at: datetime) -> None:
        """Keep that a terminal is signed off."""
        await self._pool.execute(*_SQL["sign_off"](**station.by_name, now=at))
        station.register(replace(station.terminal, signed_in=False))

    async def informed(self, station: Station, information: str, at: datetime) -> None:
        """Keep what a terminal said of its state."""
        note = _SQL["note_information"](**station.by_name, information=information, now=at)
        await self._pool.execute(*note)

    async def follow_wants(self) -> None:
        """Take up what is asked of terminals: who asks may be another process."""
        marks = {one: one.mark for one in self._stations.values() if one.terminal.wants}
        wanted: dict[tuple[str, str], str] = {
            (merchant_id, terminal_id): wants
            for merchant_id, terminal_id, wants in await self._pool.fetch(*_SQL["wanted"]())
        }
        done = [
            one for one, mark in marks.items() if one.mark == mark and one.identity not in wanted
        ]
        asked = [(one, wants) for key, wants in wanted.items() if (one := self._stations.get(key))]
        for station, wants in (*asked, *((one, "") for one in done)):
            if station.terminal.wants != wants:
                station.register(replace(station.terminal, wants=wants))

    async def want(self, merchant_id: str, terminal_id: str, what: str) -> None:
        """Ask something of a terminal with the next answer; empty takes it back."""
        want = _SQL["want"](merchant=merchant_id, terminal=terminal_id, wants=what)
        await self._pool.execute(*want)
        station = self.station(merchant_id, terminal_id)
        if station is not None:
            station.register(replace(station.terminal, wants=what))

    def in_batch(self, station: Station, batch: str) -> None:
        """Use the batch that the database has begun."""
        station.register(replace(station.terminal, batch=batch))


def _by_terminal(rows: list[asyncpg.Record]) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for merchant_id, terminal_id, *key in rows:
        found.setdefault((merchant_id, terminal_id), []).append(tuple(key))
    return found
