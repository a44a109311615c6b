"""The life of working keys: handed out at sign-in, pending, current with the first good MAC.

A sign-in has no MAC, so anybody may send one. It makes keys once; until a message has proven that
the terminal has opened them it is handed the same ones again, and the ones before stay valid.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from annul.domain.errors import AnnulError
from annul.security.keys import KeyKind, WrappedKey
from annul.security.module import SecurityModule
from annul.store.batcher import LOST, StoreUnavailable
from annul.store.sql import load

from .station import PendingKeys, Ring, Station

_SQL: Final = load("annul.merchants", "working_keys.sql")
_OWNER: Final = frozenset({"host", "epoch"})


class TerminalSays(NamedTuple):
    """What a terminal says of itself at sign-in; taken down once it has proven to be the one."""

    operator: str = ""
    serial: str = ""
    software: str = ""


class MasterKeyMissing(AnnulError):
    """The terminal has no master key, so it cannot be handed working keys. No money has moved."""

    code = "merchants.master_key_missing"
    next_step = "Enrol the terminal: annul terminal enrol."


class MerchantLeft(StoreUnavailable):
    """The merchant is on its way to another cell, so nothing was accepted for it here."""

    code = "merchants.left"
    next_step = "Send again in some seconds; annul cells where says where it is."


async def hand_out(
    pool: asyncpg.Pool, station: Station, security: SecurityModule, at: datetime
) -> bytes:
    """Give field 62 for a sign-in: the keys that are pending, made now if there are none.

    Raises `MasterKeyMissing`, `UnusableKey` when the master key does not open, `StoreUnavailable`.
    """
    form = station.terminal.key_form
    if station.pending is None or station.pending.form != form:
        async with _held(pool, station) as connection:
            pending, master = station.pending, station.master_key
            if master is None:
                raise MasterKeyMissing
            form = station.terminal.key_form
            if pending is None:
                fresh = security.issue_working_keys(master, form).every
                pending = PendingKeys(form, {key.kind: key for key in fresh})
                await connection.execute(*_SQL["drop_pending"](**station.by_name))
                put = _SQL["put_pending"]
                rows = [
                    put.arguments(**station.by_name, **asdict(key), form=form, now=at)
                    for key in fresh
                ]
                await connection.executemany(put.sql, rows)
        station.pending = pending
    pending, master = station.pending, station.master_key
    if pending is None or master is None:  # another process has ended them just now
        raise MasterKeyMissing
    return security.field62(pending.keys, master, form)


async def take_up(
    pool: asyncpg.Pool, station: Station, pending: PendingKeys, said: TerminalSays, at: datetime
) -> bool:
    """Make keys current that a good MAC has proven, and the terminal signed in.

    False when others are in force by now: the terminal was enrolled anew, or another process has
    handed out newer ones. Raises `StoreUnavailable`; then nothing has changed.
    """
    if _same(station.keys.get(KeyKind.MAC), pending) and station.pending is None:
        return True  # another message was first
    async with _held(pool, station) as connection:
        waiting = station.pending
        if waiting is None or not _same(waiting.mac, pending):
            return _same(station.mac_key, pending)
        whose = station.by_name
        await connection.execute(*_SQL["end_keys"](**whose))
        await connection.execute(*_SQL["take_up"](**whose, now=at))
        await connection.execute(*_SQL["drop_pending"](**whose))
        wants = await connection.fetchval(*_SQL["sign_in"](**whose, **said._asdict(), now=at))
    master = station.keys.get(KeyKind.MASTER)
    station.adopt(Ring({**pending.keys, **({KeyKind.MASTER: master} if master else {})}))
    station.codes.renewed()
    station.register(replace(station.terminal, signed_in=True, wants=wants))
    return True


async def refresh(pool: asyncpg.Pool, station: Station) -> None:
    """Read a terminal's keys and state anew. Raises `StoreUnavailable`."""
    async with _held(pool, station):
        pass


async def claim(pool: asyncpg.Pool, station: Station, node: int) -> None:
    """Serve a terminal from now on, knowing of it what stands there. Raises `StoreUnavailable`.

    Whoever served it can open nothing for it any more, and hears of it by that.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            query = _SQL["claim"](**station.by_name, node=node)
            epoch = await _read(connection, station, query)
    except LOST as error:
        raise StoreUnavailable from error
    station.owner = (node, epoch)


async def served_elsewhere(pool: asyncpg.Pool, station: Station) -> bool:
    """Say whether another process has claimed a terminal. Raises `StoreUnavailable`."""
    try:
        row = await pool.fetchrow(*_SQL["owner"](**station.by_name))
    except LOST as error:
        raise StoreUnavailable from error
    assert row is not None, "a terminal is never deleted"
    station.served_by(*row)
    return station.owner is None


async def look(pool: asyncpg.Pool, stations: Iterable[Station]) -> None:
    """Bring terminals that others may serve to what stands there, all of one moment.

    What a message changes meanwhile is newer and stays. Raises `StoreUnavailable`.
    """
    marks = {station.identity: (station, station.mark) for station in stations}
    whose = {
        "merchants": [merchant for merchant, _ in marks],
        "terminals": [terminal for _, terminal in marks],
    }
    try:
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            rows = await connection.fetch(*_SQL["look"](**whose))
            found = await connection.fetch(*_SQL["look_at_keys"](**whose))
    except LOST as error:
        raise StoreUnavailable from error
    keys: dict[tuple[str, str, bool], list[tuple[Any, ...]]] = {}
    for merchant_id, terminal_id, waiting, *key in found:
        keys.setdefault((merchant_id, terminal_id, waiting), []).append(tuple(key))
    for row in rows:
        identity = (row["merchant_id"], row["terminal_id"])
        station, mark = marks[identity]
        if station.mark == mark:
            now, waiting = (by_kind(keys.get((*identity, one), ())) for one in (False, True))
            _bring(station, row, now, waiting)


@asynccontextmanager
async def _held(pool: asyncpg.Pool, station: Station) -> AsyncIterator[Any]:
    """Hold a terminal's row, so that no other sign-in, proof or enrolment comes between.

    The station is brought to what stands there first. Gives the connection; raises
    `StoreUnavailable`.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            await _read(connection, station, _SQL["hold"](**station.by_name))
            yield connection
    except LOST as error:
        raise StoreUnavailable from error


async def _read(connection: Any, station: Station, hold: tuple[Any, ...]) -> int:
    """Hold a terminal's row by a statement, and bring the station to it; gives its epoch."""
    row = await connection.fetchrow(*hold)
    if row is None:
        raise MerchantLeft
    keys = by_kind(await connection.fetch(*_SQL["keys"](**station.by_name)))
    handed_out = by_kind(await connection.fetch(*_SQL["pending"](**station.by_name)))
    _bring(station, row, keys, handed_out)
    return row["epoch"]


def _bring(
    station: Station,
    row: asyncpg.Record,
    keys: Mapping[KeyKind, WrappedKey],
    handed_out: Mapping[KeyKind, WrappedKey],
) -> None:
    station.register(replace(station.terminal, **profile(row)))
    station.adopt(ring(row["key_form"], keys, handed_out))
    station.served_by(row["host"], row["epoch"])


def ring(
    form: str,
    keys: Mapping[KeyKind, WrappedKey],
    handed_out: Mapping[KeyKind, WrappedKey],
) -> Ring:
    """Put the keys of one moment together."""
    if not handed_out or _same(keys.get(KeyKind.MAC), PendingKeys(form, handed_out)):
        return Ring(keys)
    return Ring(keys, PendingKeys(form, handed_out))


def profile(row: asyncpg.Record) -> dict[str, Any]:
    """Give what a row of `terminals` says as values of a `Terminal`; who serves it is none."""
    values = {name: value for name, value in row.items() if name not in _OWNER}
    kinds = values["kinds"]
    return {**values, "kinds": None if kinds is None else frozenset(kinds)}


def by_kind(rows: Iterable[Any]) -> dict[KeyKind, WrappedKey]:
    """Give stored keys by what they are for."""
    return {
        KeyKind(kind): WrappedKey(KeyKind(kind), algorithm, wrapped, check_value)
        for kind, algorithm, wrapped, check_value in rows
    }


def _same(key: WrappedKey | None, pending: PendingKeys) -> bool:
    return key is not None and key.wrapped == pending.mac.wrapped
