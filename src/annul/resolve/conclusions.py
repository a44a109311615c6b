"""Conclusions by hand: two people say, with evidence, what has become of a transaction's money.

A confirmation is written first; `carrying_out` moves what it moves.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from annul.domain.records import Transaction
from annul.domain.states import BY_HAND
from annul.security.vault import Vault
from annul.store.clock import Clock
from annul.wire.masking import scan

from .book import Book
from .carrying_out import SQL as _SQL
from .carrying_out import CarryingOut, Concludes
from .conclusion import (
    LARGEST_EVIDENCE,
    ROLES,
    AlreadyProposed,
    Conclusion,
    EvidenceGone,
    EvidenceRefused,
    NotConcludable,
    NothingProposed,
    Person,
    PlaceTaken,
    ReasonMissing,
    RoleConcludesNothing,
    SomethingCameSince,
    StillWorkedOn,
    TransactionUnknown,
    file_name,
)
from .second_person import second_person

log = structlog.get_logger(__name__)

_TIMEOUT_MS: Final = 30_000  # of an issuer that is not known any more


class Conclusions:
    """Proposes, confirms and carries out. Without `outcomes` that last is left to the hosts."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        book: Book,
        vault: Vault,
        outcomes: Concludes | None,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._carrying_out = CarryingOut(pool, book, outcomes, clock)

    # Reading --------------------------------------------------------------------------------

    async def find(self, named: str, merchant_id: str = "") -> Transaction:
        """Find a transaction by id or reference number; raises `TransactionUnknown`."""
        try:
            rows = await self._pool.fetch(*_SQL["by_id"](id=UUID(named), merchant=merchant_id))
        except ValueError:
            rows = await self._pool.fetch(*_SQL["by_rrn"](rrn=named, merchant=merchant_id))
        if len(rows) != 1:
            said = "is not the number of one transaction alone" if rows else "is no transaction"
            message = f"{named} {said}"
            raise TransactionUnknown(message)
        return Transaction.of(rows[0])

    async def of(self, transaction: Transaction) -> list[Conclusion]:
        """Give the conclusions of a transaction, the latest first."""
        asked = _SQL["of_transaction"](merchant=transaction.merchant_id, transaction=transaction.id)
        rows = await self._pool.fetch(*asked)
        return [Conclusion(*row) for row in rows]

    async def concludable(self, transaction: Transaction, *, done: bool = False) -> None:
        """Raise `NotConcludable`, `StillWorkedOn` or `PlaceTaken` where people can not (yet)."""
        if transaction.state not in BY_HAND:
            message = f"transaction {transaction.rrn} is {transaction.state}: nothing to conclude"
            raise NotConcludable(message)
        timeout_ms = await self._pool.fetchval(*_SQL["timeout"](issuer=transaction.issuer_id))
        patience = timedelta(milliseconds=2 * (timeout_ms or _TIMEOUT_MS))
        if self._clock.now() < transaction.received_at + patience:
            raise StillWorkedOn
        if done and transaction.original_id is not None and not transaction.holds:
            raise PlaceTaken

    async def read_evidence(self, conclusion: Conclusion) -> bytes:
        """Give the file that was attached; its hash is checked. Raises `EvidenceGone`."""
        sealed = await self._pool.fetchval(*_SQL["evidence"](**_key(conclusion)))
        if not sealed:
            raise EvidenceGone
        content = self._vault.open_file(sealed, conclusion.id.bytes)
        assert hashlib.sha256(content).digest() == conclusion.evidence_hash, "sealed as it came"
        return content

    async def in_question(
        self, merchant_id: str, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> list[dict[str, Any]]:
        """Give money in question of a merchant or all, oldest first, after a row's time and id."""
        at, identity = after or (None, None)
        asked = _SQL["in_question"](
            merchant=merchant_id,
            now=self._clock.now(),
            after_at=at,
            after_id=identity,
            limit=limit,
        )
        rows = await self._pool.fetch(*asked)
        return [dict(row) for row in rows]

    async def sums(self, merchant_id: str = "") -> list[dict[str, Any]]:
        """Give how many movements are in question and how much, by currency."""
        rows = await self._pool.fetch(*_SQL["sums"](merchant=merchant_id, now=self._clock.now()))
        return [dict(row) for row in rows]

    # What people do -------------------------------------------------------------------------

    async def propose(
        self,
        named: str,
        person: Person,
        *,
        done: bool,
        reason: str,
        evidence: bytes,
        evidence_name: str,
    ) -> Conclusion:
        """Propose what has become of a transaction; a second person has to confirm it.

        Raises `RoleConcludesNothing`, `ReasonMissing`, `EvidenceRefused`, `TransactionUnknown`,
        `NotConcludable`, `StillWorkedOn`, `PlaceTaken` and `AlreadyProposed`.
        """
        reason = _checked(person, reason)
        transaction = await self.find(named)
        await self.concludable(transaction, done=done)
        if not 0 < len(evidence) <= LARGEST_EVIDENCE:
            raise EvidenceRefused
        now, identity = self._clock.now(), uuid7()
        name, hashed = file_name(evidence_name), hashlib.sha256(evidence).digest()
        async with self._pool.acquire() as connection, connection.transaction():
            made = await connection.fetchval(
                *_SQL["propose"](
                    merchant=transaction.merchant_id,
                    id=identity,
                    transaction=transaction.id,
                    done=done,
                    reason=reason,
                    evidence_name=name,
                    evidence_hash=hashed,
                    evidence=self._vault.seal_file(evidence, identity.bytes),
                    who=person.answers,
                    now=now,
                )
            )
            if made is None:
                raise AlreadyProposed
            detail = {
                "conclusion": str(identity),
                "done": done,
                "evidence": name,
                "sha256": hashed.hex(),
            }
            await _audit(connection, person, "propose-conclusion", transaction, reason, detail, now)
        return await self._one(transaction, identity)

    async def confirm(
        self, named: str, identity: UUID, person: Person, *, reason: str
    ) -> Conclusion:
        """Confirm what somebody else has proposed, and carry it out; once more does no harm.

        Raises `RoleConcludesNothing`, `ReasonMissing`, `TransactionUnknown`, `NothingProposed`,
        `SecondPersonNeeded`, `NotConcludable`, `PlaceTaken` and `SomethingCameSince`.
        """
        reason = _checked(person, reason)
        transaction = await self.find(named)
        found = await self._one(transaction, identity)
        if found.confirmed_at is None:
            await self._may_confirm(transaction, found, person)
            await self._confirmed(transaction, found, person, reason)
            found = await self._one(transaction, identity)
        if found.carried_at is None:
            await self._carrying_out.carry_out(found)
        return await self._one(transaction, identity)

    async def withdraw(
        self, named: str, identity: UUID, person: Person, *, reason: str
    ) -> Conclusion:
        """Take a proposal back, one's own or another's; raises as `confirm` does."""
        reason = _checked(person, reason)
        transaction = await self.find(named)
        found = await self._one(transaction, identity)
        now = self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(*_SQL["withdraw"](**_key(found), now=now)) is None:
                raise NothingProposed
            await _audit(
                connection,
                person,
                "withdraw-conclusion",
                transaction,
                reason,
                {**found.evidence(), "confirmed_by": ""},
                now,
            )
        return await self._one(transaction, identity)

    async def finish(self, now: datetime) -> int:
        """Carry out what is confirmed and not carried out yet; gives how many were."""
        return await self._carrying_out.finish(now)

    # Inside ---------------------------------------------------------------------------------

    async def _one(self, transaction: Transaction, identity: UUID) -> Conclusion:
        key = {"merchant": transaction.merchant_id, "transaction": transaction.id}
        row = await self._pool.fetchrow(*_SQL["one"](**key, id=identity))
        if row is None:
            raise NothingProposed
        return Conclusion(*row)

    async def _may_confirm(
        self, transaction: Transaction, found: Conclusion, person: Person
    ) -> None:
        if not found.open:
            raise NothingProposed
        await second_person(self._pool, found.proposed_by, person.name)
        await self.concludable(transaction, done=found.done)
        _, heard = await self._carrying_out.look(found, found.proposed_at)
        if heard:
            raise SomethingCameSince

    async def _confirmed(
        self, transaction: Transaction, found: Conclusion, person: Person, reason: str
    ) -> None:
        now = self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            confirm = _SQL["confirm"](**_key(found), who=person.answers, now=now)
            if await connection.fetchval(*confirm) is None:
                raise NothingProposed  # somebody was quicker, or has withdrawn it
            detail = found._replace(confirmed_by=person.answers).evidence()
            await _audit(connection, person, "confirm-conclusion", transaction, reason, detail, now)


def _checked(person: Person, reason: str) -> str:
    """Give the reason as it may be kept; raises for those who conclude nothing, or say nothing."""
    if person.role not in ROLES:
        raise RoleConcludesNothing
    kept = scan(reason.strip())
    if not kept:
        raise ReasonMissing
    return kept


def _key(conclusion: Conclusion) -> dict[str, Any]:
    return {"merchant": conclusion.merchant_id, "id": conclusion.id}


async def _audit(
    connection: Any,
    person: Person,
    action: str,
    transaction: Transaction,
    reason: str,
    detail: dict[str, Any],
    at: datetime,
) -> None:
    more = {"person": person.behind} if person.behind else {}
    await connection.execute(
        *_SQL["audit"](
            id=uuid7(),
            now=at,
            who=person.name,
            role=person.role,
            action=action,
            object=f"transaction {transaction.rrn}",
            reason=reason,
            detail={**detail, **more, "transaction": str(transaction.id)},
        )
    )
