"""The journal: every financial request, written before it is sent, and its outcome with the ledger.

All statements run through group commit (`batcher`). After a lost connection a statement is run
again: opening is idempotent by the request's key, concluding by its guard on the state.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from annul.domain.ledger import Transfer
from annul.domain.records import Transaction
from annul.domain.response_codes import Effect, effect_of
from annul.domain.states import BY_HAND, State, sources

from .batcher import LOST, Batcher, StoreUnavailable
from .journal_sql import QUERIES
from .lane import RETRY_S, Lane
from .late import Late, decide

_NOT_DONE: Final = Effect.NOT_DONE
_SOURCES: Final = {state: ",".join(sources(state)) for state in State}
_SOURCES_BY_HAND: Final = {state: ",".join(sources(state, BY_HAND)) for state in State}


class Opening(NamedTuple):
    """A transaction to write, and for an undoing one what it holds on its original.

    `whole` asks that nothing of the original is undone yet; `owed` puts a message for the issuer
    into the outbox in the same commit. What the transaction `reserves` of the merchant's balance
    must be there; `pending_covers` lets money count that is not paid out yet.
    """

    transaction: Transaction
    node: int
    whole: bool = True
    owed: str = ""
    pending_covers: bool = True


class Outcome(NamedTuple):
    """A move of one transaction to `state`, and all that is written with it in one commit.

    `release` (minor units) frees what the transaction held on its original; `undoing` changes what
    is on its way there; `unreserve` gives back what it had set aside of the merchant's balance;
    `original_state` is the original's new state; `owed` and `reason` put a reversal or an advice
    into the outbox; `settles` ends the outbox row; `posted_on` is the business day of the entries.
    An empty text keeps the stored value. `came_from` narrows the states that it may come from;
    `by_hand` lets it come from those that only people conclude. `seen_at` is when the late answer
    came that the writer knows of: what denies a later one does not end it.
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
    undoing: int = 0
    unreserve: int = 0
    posted_on: date | None = None
    came_from: State | None = None
    by_hand: bool = False
    seen_at: datetime | None = None

    @property
    def sources(self) -> str:
        """Name the states that it may come from, as the statement takes them."""
        return self.came_from or (_SOURCES_BY_HAND if self.by_hand else _SOURCES)[self.state]


Key = tuple[str, str, str, str]  # merchant, terminal, batch, trace
Purse = tuple[str, str]  # merchant, currency
Balance = tuple[int, int, int]  # pending, available, reserved


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
        self._open_covered: Batcher[Opening, bool] = Batcher(
            self._run_open_covered, _covered_touches
        )
        self._conclude: Batcher[Outcome, bool] = Batcher(self._run_conclude, _outcome_touches)
        self._find: Batcher[Key, Transaction | None] = Batcher(self._run_find)
        self._balance: Batcher[Purse, Balance] = Batcher(self._run_balance)

    async def open(self, opening: Opening) -> bool:
        """Write a transaction; False when its request key is taken or its original can not be held.

        Raises `StoreUnavailable` or `StoreOverloaded`; then nothing may be sent.
        """
        if not opening.transaction.holds:
            return await self._open.submit(opening)
        try:
            if opening.transaction.reserves:
                return await self._open_covered.submit(opening)
            return await self._open_undo.submit(opening)
        except asyncpg.IntegrityConstraintViolationError:
            return False

    async def conclude(self, outcome: Outcome) -> bool:
        """Write an outcome; False when the transaction is not in a state that may move there."""
        return await self._conclude.submit(outcome)

    async def incident(
        self, transaction: Transaction, kind: str, detail: str, at: datetime
    ) -> None:
        """Tell somebody of a transaction; once while the incident is open."""
        key = (transaction.merchant_id, transaction.id)
        await self._lanes["read"].fetch(QUERIES["incident"], *key, kind, detail, at)

    async def untold(self, original: Transaction, amount: int, now: datetime) -> bool:
        """Say whether an equal refund went through of which its terminal still holds for open.

        Once its case has ended and the notice is delivered, or a day has gone, it counts as told.
        """
        rows = await self._lanes["read"].fetch(
            QUERIES["untold"], original.merchant_id, original.id, amount, now - timedelta(days=1)
        )
        return bool(rows)

    async def taken_back(self, transaction: Transaction) -> None:
        """Keep that the terminal itself took a void or its like back (0400)."""
        key = (transaction.merchant_id, transaction.id)
        await self._lanes["read"].fetch(QUERIES["taken_back"], *key)

    async def announce(self, merchant_id: str, kind: str, detail: str, at: datetime) -> None:
        """Tell somebody of what belongs to no transaction; once while it is open."""
        await self._lanes["read"].fetch(QUERIES["announce"], merchant_id, kind, detail, at)

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

    async def find_by_issuer_trace(self, trace: str, sent: datetime) -> Transaction | None:
        """Find what went to an issuer with fields 7 and 11; `sent` is the second of field 7."""
        return await self._one("find_by_issuer_trace", trace, sent)

    async def find_by_id(self, merchant_id: str, identity: UUID) -> Transaction | None:
        """Find a transaction by its id."""
        return await self._one("find_by_id", merchant_id, identity)

    async def balance(self, merchant_id: str, currency: str) -> Balance:
        """Give pending, available and reserved money of a merchant in minor units."""
        return await self._balance.submit((merchant_id, currency))

    async def late(self, late: Late) -> str:
        """Decide on an answer that came when nobody awaited it, see `annul.store.late`."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await decide(connection, late)

    async def owe(self, transaction: Transaction, kind: str, reason: str, at: datetime) -> None:
        """Put a reversal or an advice of a transaction into the outbox, due now."""
        await self._lanes["read"].fetch(
            QUERIES["owe"], transaction.merchant_id, transaction.id, kind, reason, at
        )

    async def stranded(self, before: datetime, boot: UUID, *, others: bool) -> list[Transaction]:
        """Give unfinished transactions received before `before` that nobody drives.

        Those of this node as long as it is not another process's (`boot` is this one's); with
        `others` also those of nodes without a process.
        """
        rows = await self._lanes["read"].fetch(QUERIES["strand"], self.node, before, boot, others)
        return [Transaction.of(row) for row in rows]

    def figures(self) -> dict[str, tuple[int, int]]:
        """Give (statements, rows) of each batcher, to see how well group commit groups."""
        batchers = {
            "open": self._open,
            "open_undo": self._open_undo,
            "open_covered": self._open_covered,
            "conclude": self._conclude,
            "find": self._find,
            "balance": self._balance,
        }
        return {name: (batcher.statements, batcher.items) for name, batcher in batchers.items()}

    async def close(self) -> None:
        """Finish what is queued and give the connections back."""
        for batcher in (
            self._open, self._open_undo, self._open_covered, self._conclude, self._find,
            self._balance,
        ):  # fmt: skip
            await batcher.drain()
        for lane in self._lanes.values():
            await lane.close()

    async def _one(self, query: str, *arguments: object) -> Transaction | None:
        rows = await self._lanes["read"].fetch(QUERIES[query], *arguments)
        return Transaction.of(rows[0]) if rows else None

    async def _run_open(self, items: list[Opening]) -> list[bool]:
        rows = await self._lanes["open"].fetch(QUERIES["open"], *_opening_arrays(items))
        return _happened(items, rows)

    async def _run_open_undo(self, items: list[Opening]) -> list[bool]:
        rows = await self._lanes["open_undo"].fetch(QUERIES["open_undo"], *_undo_arrays(items))
        return _happened(items, rows)

    async def _run_open_covered(self, items: list[Opening]) -> list[bool]:
        """Open what must be covered: held and reserved together, or neither.

        No two of a group have one purse. If one is not covered the group is undone, and each is
        opened for itself. Originals are locked before balances, as everywhere.
        """
        try:
            async with self._pool.acquire(timeout=RETRY_S) as connection:
                block = connection.transaction()
                await block.start()
                rows = await connection.fetch(QUERIES["open_undo"], *_undo_arrays(items))
                done = _happened(items, rows)
                purses = [_purse(item) for item, did in zip(items, done, strict=True) if did]
                columns = zip(*purses, strict=True)
                covered = await connection.fetch(QUERIES["reserve"], *columns) if purses else []
                if len(covered) == len(purses):
                    await block.commit()
                    return done
                await block.rollback()
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            return await self._run_open_covered(items)
        except LOST as error:
            raise StoreUnavailable from error
        if len(items) == 1:
            return [False]
        return [did for item in items for did in await self._run_open_covered([item])]

    async def _run_conclude(self, items: list[Outcome]) -> list[bool]:
        lines = [
            (item.id, number, transfer.debit, transfer.credit, transfer.amount)
            for item in items
            for number, transfer in enumerate(item.transfers)
        ]
        columns = zip(
            *(
                (
                    o.merchant_id, o.id, o.state, o.sources, o.sent, o.response_code,
                    o.auth_code, o.settlement_date, o.fee, o.icc_answer, o.voucher, o.late_code,
                    o.original_state, o.release, o.owed, o.reason, o.settles, o.at,
                )
                for o in items
            ),
            strict=True,
        )  # fmt: skip
        more = zip(
            *((o.why, o.undoing, o.unreserve, o.posted_on, o.seen_at) for o in items), strict=True
        )
        postings: Sequence[Sequence[object]] = (
            list(zip(*lines, strict=True)) if lines else [[], [], [], [], []]
        )
        rows = await self._lanes["conclude"].fetch(QUERIES["conclude"], *columns, *postings, *more)
        done: dict[UUID, str] = {row[0]: row[1] for row in rows}
        for item in items:
            late_code = done.get(item.id)
            if late_code and item.state is State.APPROVED and effect_of(late_code) is _NOT_DONE:
                await self._denied(item, late_code)
        return [item.id in done for item in items]

    async def _denied(self, approved: Outcome, code: str) -> None:
        """Tell somebody of an approval whose denial came before it was written."""
        detail = f"approved with {approved.response_code}, and declined with {code} beside it."
        with suppress(*LOST, StoreUnavailable):  # it is written; the sweep tells of it too
            await self._lanes["read"].fetch(
                QUERIES["incident"], approved.merchant_id, approved.id, "answers_contradict",
                f"The transaction was {detail}", approved.at,
            )  # fmt: skip

    async def _run_find(self, keys: list[Key]) -> list[Transaction | None]:
        columns = list(zip(*keys, strict=True))
        rows = await self._lanes["find"].fetch(QUERIES["find_by_trace"], *columns)
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
        rows = await self._lanes["balance"].fetch(QUERIES["balance"], *columns)
        found: dict[Purse, Balance] = {
            (merchant_id, currency): (pending, available, reserved)
            for merchant_id, currency, pending, available, reserved in rows
        }
        return [found.get(purse, (0, 0, 0)) for purse in purses]


def _opening_arrays(items: list[Opening]) -> list[tuple[object, ...]]:
    rows = (
        (
            t.merchant_id, t.id, t.kind, t.state, t.sent, item.node, t.terminal_id, t.batch,
            t.trace, t.business_date, t.amount, t.currency, t.original_id, t.card_hash,
            t.card_masked, t.card_cipher, t.card_type, t.expiry, t.card_sequence, t.entry_mode,
            t.condition, t.issuer_id, t.rrn, t.voucher, t.response_code, t.received_at, t.why,
            t.issuer_trace,
        )
        for item in items
        for t in (item.transaction,)
    )  # fmt: skip
    return list(zip(*rows, strict=True))


def _undo_arrays(items: list[Opening]) -> list[Sequence[object]]:
    return [
        *_opening_arrays(items),
        [item.transaction.holds for item in items],
        [item.whole for item in items],
        [item.owed for item in items],
        [item.transaction.reserves for item in items],
    ]


def _happened(items: list[Opening], rows: list[asyncpg.Record]) -> list[bool]:
    done = {row[0] for row in rows}
    return [item.transaction.id in done for item in items]


def _undo_touches(opening: Opening) -> tuple[UUID, ...]:
    transaction = opening.transaction
    return (transaction.id, transaction.original_id or transaction.id)


def _covered_touches(opening: Opening) -> tuple[object, ...]:
    transaction = opening.transaction
    return (*_undo_touches(opening), transaction.merchant_id)


def _purse(opening: Opening) -> tuple[str, str, int, bool]:
    """Give whose money must be there: merchant, currency, amount, whether pending money counts."""
    mine = opening.transaction
    return (mine.merchant_id, mine.currency, mine.reserves, opening.pending_covers)


def _outcome_touches(outcome: Outcome) -> tuple[UUID, ...]:
    return (outcome.id, outcome.original_id or outcome.id)
