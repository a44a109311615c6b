"""What many proofs ask and write at once goes to the database as one statement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from annul.domain.kinds import REFUNDS
from annul.domain.records import Transaction
from annul.domain.reversal_rules import PROVED
from annul.resolve.case import Case
from annul.store.batcher import Batcher
from annul.store.incidents import CLOSE_ENDED
from annul.store.journal_sql import MOVES as MOVED
from annul.store.posting import PARTS
from annul.store.sql import listed, load

from . import standing
from .standing import Before, By


def _load(stand: Mapping[str, str]) -> By:
    return load(
        "annul.settle.clearing",
        "proofs.sql",
        refunds=listed(REFUNDS),
        proved=PROVED,
        moves=MOVED,
        columns=", ".join(f"t.{name}" for name in Transaction._fields),
        case=", ".join(f"t.{name}" for name in Case._fields),
        close_ended=CLOSE_ENDED,
        **PARTS,
        **stand,
    )


SQL: Final = _load(standing.NOW)
BEFORE: Final = Before(_load(standing.BEFORE))


async def prove(connection: Any, by: By, file: UUID, now: datetime) -> int:
    """Keep what the rows of a file prove that was not proved before; gives how much."""
    return int((await connection.execute(*by["prove"](file=file, now=now))).rsplit(" ", 1)[1])


class Of(NamedTuple):
    """What something is about, by its key, and the moment of it; `came` is what came of a proof."""

    merchant_id: str
    id: UUID
    at: datetime | None = None
    came: str = ""


class Keeping:
    """Each method is about one, and shares its statement with all that wait at the same time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._read: Batcher[Of, Transaction | None] = Batcher(self._run_read)
        self._cases: Batcher[Transaction, Case | None] = Batcher(self._run_cases)
        self._closing: Batcher[Of, None] = Batcher(self._run_closing)
        self._carrying: Batcher[Of, None] = Batcher(self._run_carrying)

    async def transaction(self, merchant: str, identity: UUID) -> Transaction:
        """Give a transaction as it stands; raises `LookupError` where there is none."""
        found = await self._read.submit(Of(merchant, identity))
        if found is None:
            raise LookupError(identity)
        return found

    async def case_of(self, transaction: Transaction) -> Case | None:
        """Give the case of a transaction, of its original or of what refers to it."""
        return await self._cases.submit(transaction)

    async def close_incidents(self, merchant: str, transaction: UUID, at: datetime) -> None:
        """Close what was opened about a transaction's money."""
        await self._closing.submit(Of(merchant, transaction, at))

    async def carried(self, merchant: str, proof: UUID, came: str, at: datetime) -> None:
        """Keep that a proof was carried out, or that something else was faster."""
        await self._carrying.submit(Of(merchant, proof, at, came))

    async def _run_read(self, asked: list[Of]) -> list[Transaction | None]:
        rows = await self._pool.fetch(
            *SQL["transactions"](
                merchants=[one.merchant_id for one in asked], ids=[one.id for one in asked]
            )
        )
        found = {one.id: one for one in map(Transaction.of, rows)}
        return [found.get(one.id) for one in asked]

    async def _run_cases(self, asked: list[Transaction]) -> list[Case | None]:
        rows = await self._pool.fetch(
            *SQL["cases_of"](
                merchants=[one.merchant_id for one in asked],
                ids=[one.id for one in asked],
                originals=[one.original_id for one in asked],
            )
        )
        found = {row["place"]: Case.of(tuple(row)[1:]) for row in rows}
        return [found.get(place) for place in range(1, len(asked) + 1)]

    async def _run_closing(self, asked: list[Of]) -> list[None]:
        await self._pool.execute(
            *SQL["close_incidents"](
                merchants=[one.merchant_id for one in asked],
                subjects=[str(one.id) for one in asked],
                times=[one.at for one in asked],
            )
        )
        return [None] * len(asked)

    async def _run_carrying(self, asked: list[Of]) -> list[None]:
        values: dict[str, list[Any]] = {
            "merchants": [one.merchant_id for one in asked],
            "ids": [one.id for one in asked],
            "cames": [one.came for one in asked],
            "times": [one.at for one in asked],
        }
        await self._pool.execute(*SQL["carried"](**values))
        return [None] * len(asked)
