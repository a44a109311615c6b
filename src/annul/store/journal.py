"""The journal: every financial request, written before it is sent, and its outcome with the ledger.

All statements run through group commit (`batcher`). After a lost connection a statement is run
again: opening is idempotent by the request's key, concluding by its guard on the state.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from annul.domain.incident import Incident
from annul.domain.ledger import Transfer
from annul.domain.records import Key, Transaction
from annul.domain.response_codes import BOOKED, Effect, effect_of
from annul.domain.states import BY_HAND, State, sources

from .batcher import LOST, Batcher, StoreUnavailable
from .histogram import Histogram
from .incidents import opening
from .journal_sql import OF_OPENING, OF_OUTCOME, OF_TRANSACTION, SQL
from .lane import Lane, Lanes
from .late import LateAnswer, decide
from .witness import Witness

_NOT_DONE: Final = Effect.NOT_DONE
_SOURCES: Final = {state: ",".join(sources(state)) for state in State}
_SOURCES_BY_HAND: Final = {state: ",".join(sources(state, BY_HAND)) for state in State}

_transaction_row: Final = attrgetter(*OF_TRANSACTION)
_READS: Final = 4  # statements at once that each caller asks for itself
_opening_row: Final = attrgetter(*OF_OPENING)
_outcome_row: Final = attrgetter(*OF_OUTCOME)


class Opening(NamedTuple):
    """A transaction to write, and for an undoing one what it holds on its original.

    `whole` asks that nothing of the original is undone yet; `owed` puts a message for the issuer
    into the outbox in the same commit. What the transaction `reserves` of the merchant's balance
    must be there; `pending_covers` lets money count that is not paid out yet. With an `epoch` its
    terminal must be served by this node since that claim, and be in its batch.
    """

    transaction: Transaction
    node: int
    whole: bool = True
    owed: str = ""
    pending_covers: bool = True
    epoch: int | None = None


class Outcome(NamedTuple):
    """A move of one transaction to `state`, and all that is written with it in one commit.

    `release` (minor units) frees what the transaction held on its original; `undoing` changes what
    is on its way there; `unreserve` gives back what it had set aside of the merchant's balance;
    `original_state` is the original's new state; `owed` and `reason` put a reversal or an advice
    into the outbox; `settles` ends the outbox row; `posted_on` is the business day of the entries.
    An empty text keeps the stored value. `came_from` narrows the states that it may come from;
    `by_hand` lets it come from those that only people conclude. `seen_at` is when the late answer
    came that the writer knows of: what denies a later one does not end it. `incident` tells
    somebody of what this state may not stand without, with its `params`.
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
    incident: str = ""
    params: Mapping[str, object] | None = None

    @property
    def sources(self) -> str:
        """Name the states that it may come from, as the statement takes them."""
        return self.came_from or (_SOURCES_BY_HAND if self.by_hand else _SOURCES)[self.state]


Purse = tuple[str, str]  # merchant, currency
Balance = tuple[int, int, int]  # pending, available, reserved


class Journal:
    """The one way to read and write transactions. See the module for what it promises."""

    def __init__(self, pool: asyncpg.Pool, node: int = 0, witness: Witness | None = None) -> None:
        """`witness` keeps, outside of the database, what that has confirmed."""
        self.node = node
        self._witness = witness
        self._pool = pool
        self._lanes = {
            name: Lane(pool) for name in ("open", "open_undo", "conclude", "find", "balance")
        }
        self._read = Lanes(pool, _READS)
        self._open: Batcher[Opening, bool] = Batcher(self._run_open)
        self._open_undo: Batcher[Opening, bool] = Batcher(self._run_open_undo, _undo_touches)
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
            return await self._open_undo.submit(opening)
        except asyncpg.IntegrityConstraintViolationError:
            return False

    async def conclude(self, outcome: Outcome) -> bool:
        """Write an outcome; False when the transaction is not in a state that may move there."""
        return await self._conclude.submit(outcome)

    async def tell(self, incident: Incident, at: datetime) -> None:
        """Tell somebody; once while the incident is open."""
        await self._read.fetch(*opening([incident], at))

    async def untold(self, original: Transaction, amount: int, now: datetime) -> bool:
        """Say whether an equal refund went through of which its terminal still holds for open.

        Once its case has ended and the notice is delivered, or a day has gone, it counts as told.
        """
        key = {"merchant": original.merchant_id, "original": original.id}
        query = SQL["untold"](**key, amount=amount, since=now - timedelta(days=1))
        return bool(await self._read.fetch(*query))

    async def taken_back(self, transaction: Transaction) -> None:
        """Keep that the terminal itself took a void or its like back (0400)."""
        key = {"merchant": transaction.merchant_id, "id": transaction.id}
        await self._read.fetch(*SQL["taken_back"](**key))

    async def find(self, key: Key) -> Transaction | None:
        """Find a transaction by merchant, terminal, batch and trace."""
        return await self._find.submit(key)

    async def find_by_rrn(self, merchant_id: str, rrn: str) -> Transaction | None:
        """Find a transaction by the reference number that the host gave it (field 37)."""
        return await self._one(SQL["find_by_rrn"](merchant=merchant_id, rrn=rrn))

    async def find_by_auth_code(
        self, merchant_id: str, auth_code: str, card_hash: bytes
    ) -> Transaction | None:
        """Find the latest pre-authorisation of a card by its authorisation code (field 38)."""
        query = SQL["find_by_auth_code"](merchant=merchant_id, auth_code=auth_code, card=card_hash)
        return await self._one(query)

    async def find_by_issuer_trace(self, trace: str, sent: datetime) -> Transaction | None:
        """Find what went to an issuer with fields 7 and 11; `sent` is the second of field 7."""
        return await self._one(SQL["find_by_issuer_trace"](trace=trace, sent=sent))

    async def find_by_id(self, merchant_id: str, identity: UUID) -> Transaction | None:
        """Find a transaction by its id."""
        return await self._one(SQL["find_by_id"](merchant=merchant_id, id=identity))

    async def cost(self, transaction: Transaction) -> int:
        """Give what the schemes were booked for it, in minor units."""
        key = {"merchant": transaction.merchant_id, "id": transaction.id}
        ((cost,),) = await self._read.fetch(*SQL["cost"](**key))
        return cost

    async def tried(self, transaction: Transaction, now: datetime) -> bool:
        """Say whether a reversal of it has left before, and its time is over."""
        key = {"merchant": transaction.merchant_id, "id": transaction.id}
        return bool(await self._pool.fetchval(*SQL["tried"](**key, now=now)))

    async def balance(self, merchant_id: str, currency: str) -> Balance:
        """Give pending, available and reserved money of a merchant in minor units."""
        return await self._balance.submit((merchant_id, currency))

    async def late(self, late: LateAnswer) -> str:
        """Decide on an answer that came when nobody awaited it, see `annul.store.late`."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await decide(connection, late)

    async def owe(self, transaction: Transaction, kind: str, reason: str, at: datetime) -> None:
        """Put a reversal or an advice of a transaction into the outbox, due now."""
        key = {"merchant": transaction.merchant_id, "id": transaction.id}
        await self._read.fetch(*SQL["owe"](**key, kind=kind, reason=reason, at=at))

    async def stranded(self, before: datetime, boot: UUID, *, others: bool) -> list[Transaction]:
        """Give unfinished transactions received before `before` that nobody drives.

        Those of this node as long as it is not another process's (`boot` is this one's); with
        `others` also those of nodes without a process.
        """
        query = SQL["strand"](node=self.node, before=before, boot=boot, others=others)
        rows = await self._read.fetch(*query)
        return [Transaction.of(row) for row in rows]

    @property
    def batchers(self) -> dict[str, Batcher[Any, Any]]:
        """What groups commits, by statement, for metrics."""
        return {
            "open": self._open,
            "open_undo": self._open_undo,
            "conclude": self._conclude,
            "find": self._find,
            "balance": self._balance,
        }

    @property
    def lanes(self) -> dict[str, Lane | Lanes]:
        """The connections that are its own, by statement, for metrics."""
        return {**self._lanes, "read": self._read}

    def figures(self) -> dict[str, tuple[int, int]]:
        """Give (statements, rows) of each batcher, to see how well group commit groups."""
        return {name: (one.rows.count, int(one.rows.sum)) for name, one in self.batchers.items()}

    def times(self) -> dict[str, Histogram]:
        """Give how long the database took for the statements of each batcher."""
        return {name: lane.took for name, lane in self._lanes.items()}

    async def close(self) -> None:
        """Finish what is queued and give the connections back."""
        for batcher in self.batchers.values():
            await batcher.drain()
        for lane in self.lanes.values():
            await lane.close()

    async def _one(self, query: tuple[Any, ...]) -> Transaction | None:
        rows = await self._read.fetch(*query)
        return Transaction.of(rows[0]) if rows else None

    async def _run_open(self, items: list[Opening]) -> list[bool]:
        rows = await self._lanes["open"].fetch(*SQL["open"](**_rows(items)))
        return self._witnessed(items, _happened(items, rows))

    async def _run_open_undo(self, items: list[Opening]) -> list[bool]:
        rows = await self._lanes["open_undo"].fetch(*SQL["open_undo"](**_rows(items)))
        done = self._witnessed(items, _happened(items, rows))
        if len(items) > 1:
            # What is not covered beside others of its merchant may be so alone.
            for number in _beside_others(items, done):
                [done[number]] = await self._run_open_undo([items[number]])
        return done

    async def _run_conclude(self, items: list[Outcome]) -> list[bool]:
        postings = [
            (item.id, line, transfer.debit, transfer.credit, transfer.amount)
            for item in items
            for line, transfer in enumerate(item.transfers)
        ]
        outcomes = list(map(_outcome_row, items))
        query = SQL["conclude"](outcomes=outcomes, postings=postings)
        rows = await self._lanes["conclude"].fetch(*query)
        done = {row["id"]: row for row in rows}
        if self._witness is not None and done:
            self._witness.concluded(
                (item.id, item.merchant_id, item.at, item.state)
                for item in items
                if item.id in done
            )
        for item in items:
            if item.state is State.APPROVED and item.id in done and done[item.id]["late_code"]:
                await self._compared(item, *done[item.id])
        return [item.id in done for item in items]

    def _witnessed(self, items: list[Opening], done: list[bool]) -> list[bool]:
        if self._witness is not None and any(done):
            self._witness.opened(
                item.transaction for item, did in zip(items, done, strict=True) if did
            )
        return done

    async def _compared(self, approved: Outcome, _: UUID, late: str, late_auth: str) -> None:
        """Tell somebody of an approval that another answer denied, or gave once more, before it.

        That answer came while this one was awaited.
        """
        denied = effect_of(late) is _NOT_DONE
        again = late in BOOKED and late_auth and approved.auth_code not in {"", late_auth}
        if not denied and not again:
            return
        with suppress(*LOST, StoreUnavailable):  # it is written; the sweep tells of it too
            transaction = await self.find_by_id(approved.merchant_id, approved.id)
            assert transaction is not None, "it is written"
            if denied:
                told = Incident.of_transaction(
                    "answers_contradict",
                    transaction,
                    code=approved.response_code,
                    how="declined",
                    late_code=late,
                )
            else:
                told = Incident.of_transaction(
                    "approved_twice",
                    transaction,
                    auth_code=approved.auth_code,
                    late_auth_code=late_auth,
                )
            await self.tell(told, approved.at)

    async def _run_find(self, keys: list[Key]) -> list[Transaction | None]:
        merchants, terminals, batches, traces = zip(*keys, strict=True)
        query = SQL["find_by_trace"](
            merchants=merchants, terminals=terminals, batches=batches, traces=traces
        )
        rows = await self._lanes["find"].fetch(*query)
        found = {one.key: one for one in map(Transaction.of, rows)}
        return [found.get(key) for key in keys]

    async def _run_balance(self, purses: list[Purse]) -> list[Balance]:
        merchants, currencies = zip(*purses, strict=True)
        query = SQL["balance"](merchants=merchants, currencies=currencies)
        rows = await self._lanes["balance"].fetch(*query)
        found: dict[Purse, Balance] = {
            (merchant_id, currency): (pending, available, reserved)
            for merchant_id, currency, pending, available, reserved in rows
        }
        return [found.get(purse, (0, 0, 0)) for purse in purses]


def _rows(items: list[Opening]) -> dict[str, list[Any]]:
    return {
        "rows": [(*_transaction_row(item.transaction), *_opening_row(item)) for item in items],
        "epochs": [item.epoch for item in items],
    }


def _happened(items: list[Opening], rows: list[asyncpg.Record]) -> list[bool]:
    done = {row[0] for row in rows}
    return [item.transaction.id in done for item in items]


def _undo_touches(opening: Opening) -> tuple[UUID, ...]:
    transaction = opening.transaction
    return (transaction.id, transaction.original_id or transaction.id)


def _beside_others(items: list[Opening], done: list[bool]) -> list[int]:
    """Give the places of what was not opened where another reserves of the same purse."""
    purses = [
        (item.transaction.merchant_id, item.transaction.currency)
        for item in items
        if item.transaction.reserves
    ]
    return [
        number
        for number, (item, did) in enumerate(zip(items, done, strict=True))
        if not did
        and item.transaction.reserves
        and purses.count((item.transaction.merchant_id, item.transaction.currency)) > 1
    ]


def _outcome_touches(outcome: Outcome) -> tuple[UUID, ...]:
    return (outcome.id, outcome.original_id or outcome.id)
