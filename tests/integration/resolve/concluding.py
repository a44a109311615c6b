"""A shop whose open transactions people conclude."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.host.outcomes import Outcomes
from annul.resolve.book import Book
from annul.resolve.case import Case, first_broken
from annul.resolve.conclusion import Conclusion, Person
from annul.resolve.conclusions import Conclusions
from annul.security.vault import Vault
from tests.support.clock import NOON, HeldClock
from tests.support.rows import put, put_transaction
from tests.support.situations import case as a_case

NOW = NOON
OLD = NOW - timedelta(minutes=10)
OLGA, OTTO = Person("olga", "operator"), Person("otto", "administrator")
LETTER = b"%PDF of the issuer: not in our books"


@dataclass
class Counting:
    """The host's outcomes, counted; `broken` ends the process just before or after the move."""

    outcomes: Outcomes
    moved: list[UUID] = field(default_factory=list)
    broken: str = ""

    async def concluded(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
        if self.broken == "before":
            raise ConnectionError
        moved = await self.outcomes.concluded(transaction, done=done, at=at)
        self.moved += [transaction.id] * moved
        if self.broken == "after":
            raise ConnectionError
        return moved


@dataclass
class Site:
    """A database with a shop, and conclusions over it."""

    pool: asyncpg.Pool
    outcomes: Counting
    clock: HeldClock
    book: Book

    @property
    def conclusions(self) -> Conclusions:
        return Conclusions(self.pool, self.book, Vault(bytes(32)), self.outcomes, self.clock)

    async def propose(self, named: Any, person: Person = OLGA, **more: Any) -> Conclusion:
        given: dict[str, Any] = {
            "done": False,
            "reason": "发卡行来函",
            "evidence": LETTER,
            "evidence_name": "letter.pdf",
        }
        return await self.conclusions.propose(str(named), person, **(given | more))

    async def confirm(self, found: Conclusion, person: Person = OTTO) -> Conclusion:
        return await self.conclusions.confirm(
            str(found.transaction_id), found.id, person, reason="看过来函"
        )

    async def state(self, transaction: Transaction) -> str:
        return await self.pool.fetchval(
            "SELECT state FROM transactions WHERE id = $1", transaction.id
        )

    async def audited(self) -> list[tuple[str, str]]:
        rows = await self.pool.fetch("SELECT who, action FROM audit ORDER BY at, id")
        return [(row["who"], row["action"]) for row in rows]

    async def posted(self, transaction: Transaction) -> int:
        return await self.pool.fetchval(
            "SELECT count(*) FROM entries WHERE subject = $1", transaction.id
        )

    async def open_incidents(self) -> set[str]:
        rows = await self.pool.fetch("SELECT kind FROM incidents WHERE closed_at IS NULL")
        return {row["kind"] for row in rows}


async def open_sale(
    site: Site, trace: int = 1, state: State = State.UNKNOWN, **more: Any
) -> Transaction:
    given: dict[str, Any] = {
        "state": state,
        "received_at": OLD,
        "response_code": "",
        "auth_code": "",
        "fee": 0,
        "sent": "possibly_sent",
    }
    return await put_transaction(site.pool, trace, **(given | more))


async def open_void(site: Site, state: State = State.UNKNOWN) -> tuple[Transaction, Transaction]:
    """Put a sale in, and a void of it that is not decided and holds it."""
    sale = await put_transaction(
        site.pool, 1, undone=10_000, undoing=10_000, received_at=OLD - timedelta(minutes=5)
    )
    void = await open_sale(site, 2, state, kind="void", original_id=sale.id, holds=10_000)
    await put(
        site.pool,
        "outbox",
        {
            "merchant_id": void.merchant_id,
            "id": void.id,
            "transaction_id": void.id,
            "kind": "reversal",
            "issuer_id": void.issuer_id,
            "card_hash": void.card_hash,
            "reason": "",
            "next_attempt_at": OLD,
            "created_at": OLD,
            "original_id": sale.id,
        },
    )
    return sale, void


async def case_of(site: Site, void: Transaction, **changes: Any) -> Case:
    values = {"id": void.id, "number": void.rrn, "original_id": void.original_id}
    row = a_case(**(values | {"first_due_at": NOW} | changes))
    await put(site.pool, "cases", row._asdict())
    return row


async def history_of(site: Site, case: Case) -> list[dict[str, Any]]:
    now = await site.book.reread(case)
    history = await site.book.history(now)
    assert first_broken(history, now) is None
    return [json.loads(body) for body, _ in history]
