"""The journal: every financial request, written before it is sent, and its outcome with the ledger.

All statements run through group commit (`batcher`). After a lost connection a statement is run
again: opening is idempotent by the request's key, concluding by its guard on the state.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import asyncpg

from annul.domain.ledger import Transfer
from annul.domain.records import Transaction
from annul.domain.states import State, sources

from .batcher import LOST, Batcher, StoreUnavailable
from .database import load_queries

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
_QUERIES: Final = {
    name: query.sql.replace("{columns}", _COLUMNS)
    for name, query in load_queries("annul.store", "journal.sql").items()
}
_SOURCES: Final = {state: ",".join(sources(state)) for state in State}

RETRY_S: Final = 20.0  # how long a statement waits for a database that went away
_RETRY_STEP_S: Final = 0.1
# Plans are made once for a connection's life, also while the tables are new and look small; the
# journal's statements always touch few rows by their keys.
_ONLY_BY_INDEX: Final = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
)
_ANY_PLAN: Final = "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin"


class Opening(NamedTuple):
    """A transaction to write, and for an undoing one what it holds on its original.

    `whole` asks that nothing of the original is undone yet; `owed` puts a message for the issuer
    into the outbox in the same commit.
    """

    transaction: Transaction
    node: int
    whole: bool = True
    owed: str = ""


class Outcome(NamedTuple):
    """A move of one transaction to `state`, and all that is written with it in one commit.

    `release` (minor units) frees what the transaction held on its original; `original_state` is
    the original's new state; `owed` and `reason` put a reversal or an advice into the outbox;
    `settles` ends the outbox row. An empty text keeps the stored value.
    """

    merchant_id: str
    id: UUID
    original_id: UUID | None
    state: State
    at: datetime
    sent: str = ""
    response_code: str = ""
    auth_code: str = ""
    settlement_date: str = ""
    fee: int = 0
    icc_answer: bytes | None = None
    voucher: str = ""
    late_code: str = ""
    original_state: str = ""
    release: int = 0
    owed: str = ""
    reason: str = ""
    settles: bool = False
    transfers: tuple[Transfer, ...] = ()
    why: str = ""


Key = tuple[str, str, str, str]  # merchant, terminal, batch, trace
Purse = tuple[str, str]  # merchant, currency
Balance = tuple[int, int, int]  # pending, available, frozen


class Lane:
    """One connection that runs one statement at a time and comes back after a loss."""

    def __init__(self, pool: asyncpg.Pool, retry_s: float = RETRY_S) -> None:
        self._pool = pool
        self._retry_s = retry_s
        self._connection: Any = None
        self._closed = False
        self._turn = asyncio.Lock()

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run `sql`; raise `StoreUnavailable` when the database stays away for `retry_s`."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._retry_s
        while True:
            try:
                async with self._turn:
                    if self._connection is None:
                        self._connection = await self._pool.acquire(timeout=self._retry_s)
                        await self._connection.execute(_ONLY_BY_INDEX)
                    return await self._connection.fetch(sql, *arguments)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                continue
            except LOST as error:
                await self.release()
                if self._closed or loop.time() >= give_up:
                    raise StoreUnavailable from error
                await asyncio.sleep(_RETRY_STEP_S)

    async def release(self) -> None:
        """Give the connection back to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.execute(_ANY_PLAN)
                await self._pool.release(connection)
            except LOST:
                with suppress(*LOST):  # it may have been given back on the way
                    connection.terminate()

    async def close(self) -> None:
        """Give the connection back and stop retrying."""
        self._closed = True
        await self.release()


class Journal:
    """The one way to read and write transactions. See the module for what it promises."""

    def __init__(self, pool: asyncpg.Pool, node: int = 0) -> None:
        self.node = node
        self._pool = pool
        self._lanes = {
            name: Lane(pool)
            for name in ("open", "open_undo", "conclude", "find", "balance", "read")
        }
        self._open: Batcher[Opening, bool] = Batcher(self._run_open)
        self._open_undo: Batcher[Opening, bool] = Batcher(self._run_open_undo, _undo_touches)
        self._conclude: Batcher[Outcome, bool] = Batcher(self._run_conclude, _outcome_touches)
        self._find: Batcher[Key, Transaction | None] = Batcher(self._run_find)
        self._balance: Batcher[Purse, Balance] = Batcher(self._run_balance)

    async def open(self, opening: Opening) -> bool:
        """Write a transaction; False when its request key is taken or its original can not be held.

        Raises `StoreUnavailable` or `StoreOverloaded`; then nothing may be sent.
        """
        if opening.transaction.holds:
            try:
                return await self._open_undo.submit(opening)
            except asyncpg.IntegrityConstraintViolationError:
                return False
        return await self._open.submit(opening)

    async def conclude(self, outcome: Outcome) -> bool:
        """Write an outcome; False when the transaction is not in a state that may move there."""
        return await self._conclude.submit(outcome)

    async def find(self, key: Key) -> Transaction | None:
        """Find a transaction by merchant, terminal, batch and trace."""
        return await self._find.submit(key)

    async def find_by_rrn(self, merchant_id: str, rrn: str) -> Transaction | None:
        """Find a transaction by the reference number that the host gave it (field 37)."""
        return await self._one("find_by_rrn", merchant_id, rrn)

    async def find_by_auth_code(
        self, merchant_id: str, auth_code: str, card_hash: bytes
    ) -> Transaction | None:
        """Find the latest pre-authorisation of a card by its authorisation code (field 38)."""
        return await self._one("find_by_auth_code", merchant_id, auth_code, card_hash)

    async def find_by_id(self, merchant_id: str, identity: UUID) -> Transaction | None:
        """Find a transaction by its id."""
        return await self._one("find_by_id", merchant_id, identity)

    async def find_late(self, merchant_id: str, terminal_id: str, trace: str) -> Transaction | None:
        """Find the latest transaction that an answer with this terminal and trace may belong to."""
        return await self._one("find_late", merchant_id, terminal_id, trace)

    async def balance(self, merchant_id: str, currency: str) -> tuple[int, int, int]:
        """Give pending, available and frozen money of a merchant in minor units."""
        return await self._balance.submit((merchant_id, currency))

    async def note_late(self, transaction: Transaction, code: str, at: datetime) -> None:
        """Keep the code of an answer that came after the time-out and changes nothing."""
        key = (transaction.merchant_id, transaction.id)
        await self._lanes["read"].fetch(_QUERIES["note_late"], *key, code, at)

    async def owe(self, transaction: Transaction, kind: str, reason: str, at: datetime) -> None:
        """Put a reversal or an advice of a transaction into the outbox, due now."""
        await self._lanes["read"].fetch(
            _QUERIES["owe"], transaction.merchant_id, transaction.id, kind, reason, at
        )

    async def claw_back(
        self, void: Transaction, reason: str, code: str, at: datetime
    ) -> Literal["", "held", "beside"]:
        """Reverse a void that is proved approved after it had ended as declined or reversed.

        `held`: nothing else can pay until it is reversed; `beside`: another void or refund took
        its place, so somebody is told; empty: it has not ended, so the approval is only kept.
        """
        key = (void.merchant_id, void.id)
        async with self._pool.acquire() as connection, connection.transaction():
            state = await connection.fetchval(_QUERIES["claw_lock"], *key)
            if state not in {State.DECLINED, State.REVERSED}:
                await connection.execute(_QUERIES["note_late"], *key, code, at)
                return ""
            held = None
            if void.original_id is not None:
                held = await connection.fetchval(
                    _QUERIES["claw_hold"], void.merchant_id, void.original_id, void.amount
                )
            holds = void.amount if held else 0
            await connection.execute(_QUERIES["claw_move"], *key, holds, code, at, reason)
            await connection.execute(_QUERIES["owe"], *key, "reversal", reason, at)
            if not held:
                await connection.execute(_QUERIES["claw_incident"], *key, at)
        return "held" if held else "beside"

    async def stranded(self, before: datetime) -> list[Transaction]:
        """Give this node's unfinished transactions received before `before` that nobody drives."""
        rows = await self._lanes["read"].fetch(_QUERIES["strand"], self.node, before)
        return [Transaction.of(row) for row in rows]

    def figures(self) -> dict[str, tuple[int, int]]:
        """Give (statements, rows) of each batcher, to see how well group commit groups."""
        batchers = {
            "open": self._open,
            "open_undo": self._open_undo,
            "conclude": self._conclude,
            "find": self._find,
            "balance": self._balance,
        }
        return {name: (batcher.statements, batcher.items) for name, batcher in batchers.items()}

    async def close(self) -> None:
        """Finish what is queued and give the connections back."""
        for batcher in (self._open, self._open_undo, self._conclude, self._find, self._balance):
            await batcher.drain()
        for lane in self._lanes.values():
            await lane.close()

    async def _one(self, query: str, *arguments: object) -> Transaction | None:
        rows = await self._lanes["read"].fetch(_QUERIES[query], *arguments)
        return Transaction.of(rows[0]) if rows else None

    async def _run_open(self, items: list[Opening]) -> list[bool]:
        rows = await self._lanes["open"].fetch(_QUERIES["open"], *_opening_arrays(items))
        return _happened(items, rows)

    async def _run_open_undo(self, items: list[Opening]) -> list[bool]:
        rows = await self._lanes["open_undo"].fetch(
            _QUERIES["open_undo"],
            *_opening_arrays(items),
            [item.transaction.holds for item in items],
            [item.whole for item in items],
            [item.owed for item in items],
        )
        return _happened(items, rows)

    async def _run_conclude(self, items: list[Outcome]) -> list[bool]:
        lines = [
            (item.id, number, transfer.debit, transfer.credit, transfer.amount)
            for item in items
            for number, transfer in enumerate(item.transfers)
        ]
        columns = zip(
            *(
                (
                    o.merchant_id, o.id, o.state, _SOURCES[o.state], o.sent, o.response_code,
                    o.auth_code, o.settlement_date, o.fee, o.icc_answer, o.voucher, o.late_code,
                    o.original_state, o.release, o.owed, o.reason, o.settles, o.at,
                )
                for o in items
            ),
            strict=True,
        )  # fmt: skip
        why = [item.why for item in items]
        postings: Sequence[Sequence[object]] = (
            list(zip(*lines, strict=True)) if lines else [[], [], [], [], []]
        )
        rows = await self._lanes["conclude"].fetch(_QUERIES["conclude"], *columns, *postings, why)
        done = {row[0] for row in rows}
        return [item.id in done for item in items]

    async def _run_find(self, keys: list[Key]) -> list[Transaction | None]:
        columns = list(zip(*keys, strict=True))
        rows = await self._lanes["find"].fetch(_QUERIES["find_by_trace"], *columns)
        found: dict[Key, Transaction] = {}
        for row in rows:
            transaction = Transaction.of(row)
            key = (
                transaction.merchant_id,
                transaction.terminal_id,
                transaction.batch,
                transaction.trace,
            )
            found[key] = transaction
        return [found.get(key) for key in keys]

    async def _run_balance(self, purses: list[Purse]) -> list[Balance]:
        columns = zip(*purses, strict=True)
        rows = await self._lanes["balance"].fetch(_QUERIES["balance"], *columns)
        found: dict[Purse, Balance] = {
            (merchant_id, currency): (pending, available, frozen)
            for merchant_id, currency, pending, available, frozen in rows
        }
        return [found.get(purse, (0, 0, 0)) for purse in purses]


def _opening_arrays(items: list[Opening]) -> list[tuple[object, ...]]:
    rows = (
        (
            t.merchant_id, t.id, t.kind, t.state, t.sent, item.node, t.terminal_id, t.batch,
            t.trace, t.business_date, t.amount, t.currency, t.original_id, t.card_hash,
            t.card_masked, t.card_cipher, t.card_type, t.expiry, t.card_sequence, t.entry_mode,
            t.condition, t.issuer_id, t.rrn, t.voucher, t.response_code, t.received_at, t.why,
        )
        for item in items
        for t in (item.transaction,)
    )  # fmt: skip
    return list(zip(*rows, strict=True))


def _happened(items: list[Opening], rows: list[asyncpg.Record]) -> list[bool]:
    done = {row[0] for row in rows}
    return [item.transaction.id in done for item in items]


def _undo_touches(opening: Opening) -> tuple[UUID, ...]:
    transaction = opening.transaction
    return (transaction.id, transaction.original_id or transaction.id)


def _outcome_touches(outcome: Outcome) -> tuple[UUID, ...]:
    return (outcome.id, outcome.original_id or outcome.id)
