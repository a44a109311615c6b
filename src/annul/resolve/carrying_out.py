"""Conclusions by hand carried out: what two people have confirmed moves the transaction, once.

After a crash in between, whoever calls `finish` next goes on. Case and incidents are told first;
that it is done is written last, so that an old conclusion never moves what comes open again later.
"""

import json
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg
import structlog

from annul.domain.incident import Incident
from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.domain.response_codes import Effect, effect_of
from annul.domain.states import BY_HAND, STANDING, UNFINISHED
from annul.store.batcher import STORE_LOST
from annul.store.clock import Clock
from annul.store.incidents import CLOSE_ENDED, opening
from annul.store.sql import load

from .book import Book, CaseEntry
from .case import Case
from .conclusion import CARRIED_OUT, COLUMNS, OVERTAKEN, Conclusion
from .conclusion_words import event

log = structlog.get_logger(__name__)

_TRIES: Final = 5  # writings of others that an event steps aside for
_STUCK: Final = timedelta(minutes=1)
SQL: Final = load(
    "annul.resolve",
    "conclusions.sql",
    columns=", ".join(f"t.{name}" for name in Transaction._fields),
    case=", ".join(f"t.{name}" for name in Case._fields),
    shown=COLUMNS,
    close_ended=CLOSE_ENDED,
)


class Concludes(Protocol):
    """What moves a transaction by hand; True when it has moved, with its ledger in one commit."""

    async def concluded(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
        """Move it: `done` at the issuer or not."""
        ...


class CarryingOut:
    """Carries out what is confirmed. Without `outcomes` that is left to the hosts."""

    def __init__(
        self, pool: asyncpg.Pool, book: Book, outcomes: Concludes | None, clock: Clock
    ) -> None:
        self._pool = pool
        self._book = book
        self._outcomes = outcomes
        self._clock = clock

    async def finish(self, now: datetime) -> int:
        """Carry out what is confirmed and not carried out yet; gives how many were."""
        carried = 0
        for row in await self._pool.fetch(*SQL["waiting"]()):
            waiting = Conclusion(*row)
            try:
                carried += await self.carry_out(waiting)
            except STORE_LOST:
                raise
            except Exception:  # one that can not be carried out holds up no other
                log.exception("conclusion_failed", conclusion=str(waiting.id))
                transaction, _ = await self.look(waiting, now)
                await self._say_stuck(waiting, transaction, now)
        return carried

    async def look(self, conclusion: Conclusion, since: datetime) -> tuple[Transaction, bool]:
        """Give the transaction, and whether anything was heard of its money since a moment."""
        key = {"merchant": conclusion.merchant_id, "id": conclusion.transaction_id}
        row = await self._pool.fetchrow(*SQL["look"](**key, since=since))
        assert row is not None, "transactions are never deleted"
        *columns, heard = row
        return Transaction.of(columns), heard

    async def carry_out(self, conclusion: Conclusion) -> bool:
        """Move what is to be moved, then tell case and incidents, then write that it is done."""
        if self._outcomes is None:
            return False
        assert conclusion.confirmed_at is not None, "only what two have said is carried out"
        now = self._clock.now()
        transaction, heard = await self.look(conclusion, conclusion.confirmed_at)
        if transaction.state in BY_HAND and not heard:
            await self._outcomes.concluded(transaction, done=conclusion.done, at=now)
            transaction, heard = await self.look(conclusion, conclusion.confirmed_at)
        if transaction.state in BY_HAND and not heard:
            # Something holds it; it is tried again.
            await self._say_stuck(conclusion, transaction, now)
            return False
        stands = transaction.state in STANDING
        came = (
            OVERTAKEN if transaction.state in BY_HAND or stands != conclusion.done else CARRIED_OUT
        )
        return await self._followed(conclusion, transaction, came, now)

    async def _followed(
        self, conclusion: Conclusion, transaction: Transaction, came: str, now: datetime
    ) -> bool:
        case, told = await self._told(conclusion, transaction, came, now)
        if not told:
            return False  # others are writing it; `finish` comes again
        async with self._pool.acquire() as connection, connection.transaction():
            if came == CARRIED_OUT:
                close = SQL["close_incidents"](
                    merchant=conclusion.merchant_id,
                    transaction=transaction.id,
                    case=case.id if case else None,
                    now=now,
                    unfinished=[str(state) for state in UNFINISHED],
                )
                await connection.execute(*close)
                if conclusion.done and _told_otherwise(transaction):
                    incident = Incident.of_transaction(
                        "concluded_as_done", transaction, terminal=transaction.terminal_id
                    )
                    await connection.execute(*opening([incident], now))
            else:
                incident = Incident.of_transaction(
                    "conclusion_overtaken",
                    transaction,
                    concluded="done" if conclusion.done else "not_done",
                    code=transaction.late_code or transaction.response_code,
                    state=transaction.state,
                )
                await connection.execute(*opening([incident], now))
            marked = await connection.fetchval(
                *SQL["audit"](
                    id=conclusion.id,
                    now=now,
                    who="annul",
                    role="",
                    action=came,
                    object=f"transaction {transaction.rrn}",
                    reason=conclusion.reason,
                    detail={
                        **conclusion.evidence(),
                        "state": str(transaction.state),
                        "transaction": str(transaction.id),
                    },
                )
            )
        if case is not None and not case.ended:
            await self._book.nudge(case, now)
        return bool(marked)

    async def _told(
        self, conclusion: Conclusion, transaction: Transaction, came: str, now: datetime
    ) -> tuple[Case | None, bool]:
        """Write it into the case's history, once; gives the case, and whether it stands there."""
        key = {"merchant": transaction.merchant_id, "id": transaction.id}
        case_of = SQL["case_of"](**key, original=transaction.original_id)
        row = await self._pool.fetchrow(*case_of)
        if row is None:
            return None, True
        case = Case.of(row)
        for _ in range(_TRIES):
            if any(_is_of(conclusion, body) for body, _ in await self._book.history(case)):
                return case, True
            happened = event(conclusion, transaction, came)
            if await self._book.append(case, CaseEntry(case, [happened]), now):
                return case, True
            case = await self._book.reread(case)
        return case, False

    async def _say_stuck(
        self, conclusion: Conclusion, transaction: Transaction, now: datetime
    ) -> None:
        """Tell somebody when a confirmed conclusion can not be carried out for long."""
        assert conclusion.confirmed_at is not None, "it is confirmed"
        if now < conclusion.confirmed_at + _STUCK:
            return
        incident = Incident.of_transaction("conclusion_waits", transaction)
        await self._pool.execute(*opening([incident], now))


def _told_otherwise(done: Transaction) -> bool:
    """Whether a terminal holds for not done what is.

    What it asks for in vain it reverses. A refund or advice it holds for open, unless it was told
    of a decline before the approval came.
    """
    return KINDS[done.kind].reversible or effect_of(done.late_code) is Effect.DONE


def _is_of(conclusion: Conclusion, body: str) -> bool:
    return json.loads(body)["evidence"].get("conclusion") == str(conclusion.id)
