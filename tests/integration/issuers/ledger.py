"""Rows for the forwarder's tests, and outcomes written as the journal writes them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from annul.domain.states import State
from annul.issuers.message import Answer
from annul.store.journal import Journal, Outcome

MERCHANT = "100000000000001"
ISSUER = "62000000"
CARD = "6200000000000005"


class Table:
    """Writes transactions with what is owed for them, and reads what became of them."""

    def __init__(self, pool: asyncpg.Pool, now: datetime) -> None:
        self.pool = pool
        self._now = now
        self._traces = 0

    async def open(self) -> None:
        """Write the one merchant."""
        await self.pool.execute(
            "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
            " VALUES ($1, '一号店', 'Shop One', '5411')",
            MERCHANT,
        )

    async def owe(self, kind: str = "sale", owed: str = "reversal", **more: Any) -> UUID:
        """Write a transaction whose outcome is unknown, and the row by which it is owed.

        `more`: state, card, age (seconds), issuer, original, due (seconds from now), auth_code,
        response_code.
        """
        self._traces += 1
        identity = uuid4()
        at = self._now - timedelta(seconds=more.get("age", 0))
        card = more.get("card", CARD)
        await self.pool.execute(
            """INSERT INTO transactions (
                merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
                business_date, amount, currency, original_id, card_hash, card_masked,
                card_cipher, card_type, entry_mode, condition, issuer_id, rrn, auth_code,
                received_at, response_code)
            VALUES ($1, $2, $3, $4, $5, 0, '00000001', '000001', $6, $7, 1000, '156', $8, $9,
                    '620000******0005', $10, 'debit', '021', '00', $11, $12, $13, $14, $15)""",
            MERCHANT,
            identity,
            kind,
            more.get("state", "unknown"),
            more.get("sent", "possibly_sent"),
            f"{self._traces:06d}",
            at.date(),
            more.get("original"),
            card.encode()[::-1],
            card.encode(),
            more.get("issuer", ISSUER),
            f"{self._traces:012d}",
            more.get("auth_code", ""),
            at,
            more.get("response_code", ""),
        )
        if owed:
            await self.pool.execute(
                """INSERT INTO outbox (merchant_id, id, transaction_id, kind, issuer_id, card_hash,
                                       reason, next_attempt_at, created_at, original_id)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
                MERCHANT,
                uuid4(),
                identity,
                owed,
                more.get("issuer", ISSUER),
                card.encode()[::-1],
                more.get("reason", "4354"),
                at + timedelta(seconds=more.get("due", 0)),
                at,
                more.get("original") or identity,
            )
        return identity

    async def state(self, identity: UUID) -> str:
        return await self.pool.fetchval("SELECT state FROM transactions WHERE id = $1", identity)

    async def row(self, identity: UUID) -> asyncpg.Record:
        (row,) = await self.pool.fetch("SELECT * FROM outbox WHERE transaction_id = $1", identity)
        return row

    async def incidents(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("SELECT * FROM incidents ORDER BY opened_at")


class Written:
    """Outcomes in the journal, without the money that the host would add."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.codes: list[str] = []
        self.answers: list[Answer] = []

    async def reversed(
        self,
        merchant_id: str,
        transaction_id: UUID,
        code: str,
        at: datetime,
        late_at: datetime | None,
    ) -> bool:
        del late_at
        self.codes.append(code)
        return await self._conclude(merchant_id, transaction_id, State.REVERSED, at)

    async def disputed(
        self, merchant_id: str, transaction_id: UUID, code: str, at: datetime
    ) -> bool:
        self.codes.append(code)
        return await self._conclude(merchant_id, transaction_id, State.DISPUTED, at, settles=False)

    async def advised(
        self, merchant_id: str, transaction_id: UUID, answer: Answer, at: datetime, *, again: bool
    ) -> bool:
        del again
        self.answers.append(answer)
        state = State.APPROVED if answer.response_code == "00" else State.DECLINED
        return await self._conclude(merchant_id, transaction_id, state, at)

    async def _conclude(
        self, merchant_id: str, identity: UUID, state: State, at: datetime, *, settles: bool = True
    ) -> bool:
        return await self._journal.conclude(
            Outcome(merchant_id, identity, None, state, at, settles=settles)
        )
