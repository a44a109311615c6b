"""What the rows of committed files prove is carried out, transaction by transaction; or undone.

The move is written first, with its ledger in one commit; then case and incidents are told; that it
was carried out is written last. Whoever comes after a process that was killed goes on from there.
"""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.incident import Incident
from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.domain.reversal_rules import PROVED
from annul.domain.states import BY_DISCARD, ENDED, STANDING, State, sources
from annul.domain.text import Text
from annul.resolve.book import Book, CaseEntry
from annul.resolve.case import Event
from annul.store.batcher import STORE_LOST
from annul.store.clock import Clock
from annul.store.incidents import opening
from annul.store.loop import Loop, Loops

from .keeping import SQL, Keeping

log = structlog.get_logger(__name__)

_MOST: Final = 500  # proofs at a time
_AT_ONCE: Final = 128  # which share their statements
_EVERY_S: Final = 1.0
_WITHIN_S: Final = 600.0
_AGAIN: Final = timedelta(seconds=30)  # after which one that failed is tried again
_TRIES: Final = 5  # writings of others that an event steps aside for
# From where a discard brings a transaction back to each state.
_BACK: Final = {
    state.value: ",".join(sources(state, BY_DISCARD))
    for state in State
    if sources(state, BY_DISCARD)
}
_STANDS: Final = "clearing_proof_stands"


class Proves(Protocol):
    """What moves a transaction; True when it has moved, with its ledger in one commit."""

    async def proved(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
        """Move it: `done` at the issuer or not."""
        ...


class Proof(NamedTuple):
    """A row of `clearing_proofs`, and the file that it came in."""

    merchant_id: str
    id: UUID
    transaction_id: UUID
    file_id: UUID
    line: int | None
    proves: str
    was: str
    was_code: str
    break_id: UUID | None
    row: dict[str, Any]
    found_at: datetime
    came: str | None
    carried_at: datetime | None
    discarded_at: datetime | None
    file_name: str
    digest: bytes
    settles_on: Any

    def evidence(self) -> dict[str, Any]:
        """Give what the history of a case keeps of it."""
        return {
            "proof": str(self.id),
            "file": self.file_name,
            "sha256": self.digest.hex(),
            "day": str(self.settles_on),
            "line": self.line,
            "row": self.row,
        }


class Proving:
    """Goes through what waits. Several processes may: each move happens once."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        book: Book,
        outcomes: Proves,
        calendar: Calendar,
        clock: Clock,
        loops: Loops | None = None,
    ) -> None:
        self.carried = 0  # since the start of this process, those that are tried again too
        self._pool = pool
        self._book = book
        self._outcomes = outcomes
        self._calendar = calendar
        self._clock = clock
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None
        self._keeping = Keeping(pool)

    def start(self) -> None:
        """Begin: each second what waits."""
        self._loop = self._loops.start(
            "clearing proofs", self._turn, first_s=_EVERY_S, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End; what was not done is found by the next one."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        while carried := await self.run():
            self.carried += carried

    async def run(self) -> int:
        """Carry out or undo the next ones; gives how many there were."""
        now = self._clock.now()
        rows = await self._pool.fetch(*SQL["waiting"](before=now - _AGAIN, most=_MOST))
        proofs = [Proof(*row) for row in rows]
        if not proofs:
            return 0
        of_one: dict[UUID, list[Proof]] = {}
        for proof in proofs:
            of_one.setdefault(proof.transaction_id, []).append(proof)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def each(waiting: list[Proof]) -> None:
            async with gate:
                for proof in waiting:  # of one transaction in their order
                    await self._one(proof)

        await asyncio.gather(*(each(waiting) for waiting in of_one.values()))
        return len(proofs)

    async def _one(self, proof: Proof) -> None:
        try:
            known = await self._keeping.transaction(proof.merchant_id, proof.transaction_id)
            if proof.discarded_at is not None:
                await self._undo(proof, known)
            else:
                await self._carry_out(proof, known)
        except STORE_LOST:
            raise
        except Exception:  # one that can not be carried out holds up no other
            log.exception("clearing_proof_failed", proof=str(proof.id))
            tried = SQL["tried"](merchant=proof.merchant_id, id=proof.id, now=self._clock.now())
            await self._pool.execute(*tried)

    # Carrying out ---------------------------------------------------------------------------

    async def _carry_out(self, proof: Proof, transaction: Transaction) -> None:
        now = self._clock.now()
        if proof.proves == "denied":
            deny = SQL["deny"](merchant=proof.merchant_id, id=proof.id)
            moved = await self._pool.fetchrow(*deny) is not None
            moved = moved or transaction.state is State.DISPUTED  # before it was killed
        else:
            done = proof.proves == "done"
            moved = await self._outcomes.proved(transaction, done=done, at=now)
            transaction = await self._keeping.transaction(proof.merchant_id, transaction.id)
            # Before it was killed; what is disputed has not come to its end by this.
            there = STANDING if done else ENDED
            moved = moved or (transaction.state in there and transaction.why == PROVED)
        await self._told(proof, transaction, _words(proof, transaction, moved=moved), now)
        await self._incidents(proof, transaction, now, moved=moved)
        came = "moved" if moved else "overtaken"
        await self._keeping.carried(proof.merchant_id, proof.id, came, now)

    async def _incidents(
        self, proof: Proof, transaction: Transaction, now: datetime, *, moved: bool
    ) -> None:
        if proof.proves != "denied":
            if moved:
                await self._keeping.close_incidents(proof.merchant_id, transaction.id, now)
            return
        if moved:
            incident = Incident.of_transaction(
                "disputed", transaction, how="after_its_end", code="", state=proof.was
            )
            await self._pool.execute(*opening([incident], now))

    async def _undo(self, proof: Proof, transaction: Transaction) -> None:
        """Undo what a discarded file had proved; what was built upon since stays, and is told."""
        now = self._clock.now()
        key = {"merchant": proof.merchant_id, "id": proof.id}
        if proof.came == "moved":
            names = [(name, kind.makes) for name, kind in KINDS.items() if kind.makes]
            undone = await self._pool.fetchval(
                *SQL["undo"](
                    **key,
                    kinds=[name for name, _ in names],
                    makes=[makes for _, makes in names],
                    befores=list(_BACK),
                    sources=list(_BACK.values()),
                    business_date=self._calendar.business_date(now),
                    now=now,
                )
            )
            if undone is not None and proof.proves == "denied":
                await self._keeping.close_incidents(proof.merchant_id, transaction.id, now)
            if undone is None and transaction.state != proof.was:
                incident = Incident.of_transaction(_STANDS, transaction, state=transaction.state)
                await self._pool.execute(*opening([incident], now))
            transaction = await self._keeping.transaction(proof.merchant_id, transaction.id)
            await self._told(proof, transaction, _undone_words(proof, transaction), now)
        await self._pool.execute(*SQL["undone"](**key, now=now))

    async def _told(
        self, proof: Proof, transaction: Transaction, event: Event, now: datetime
    ) -> None:
        """Write it into the case's history, and let the case be looked at."""
        case = await self._keeping.case_of(transaction)
        if case is None:
            return
        for _ in range(_TRIES):
            if any(_is_of(proof, event, body) for body, _ in await self._book.history(case)):
                break  # before it was killed
            if await self._book.append(case, CaseEntry(case, [event]), now):
                break
            case = await self._book.reread(case)
        case = await self._book.reread(case)
        if not case.ended:
            await self._book.nudge(case, now)
        else:
            await self._book.take_up_again(case, transaction, now)


def _is_of(proof: Proof, event: Event, body: str) -> bool:
    told = json.loads(body)
    return told["what"] == event.what and told["evidence"].get("proof") == str(proof.id)


def _words(proof: Proof, transaction: Transaction, *, moved: bool) -> Event:
    title = KINDS[transaction.kind].title
    at = Text("清算文件", "the clearing file")
    if proof.line is not None:
        at = Text(f"清算文件第{proof.line}行", f"line {proof.line} of the clearing file")
    if not moved:
        why = Text(
            f"{at.zh}有其结果，但已另有结论",
            f"{at.en} tells what became of it, which was known by then",
        )
        return Event("clearing_overtaken", why, evidence=proof.evidence())
    said = {
        "done": Text("已成功", "was done"),
        "not_done": Text("未成功", "was not done"),
        "denied": Text("与其应答不符", "is not as the issuer had answered"),
    }[proof.proves]
    why = Text(
        f"{at.zh}证明：{title.zh}{transaction.rrn}在发卡行{said.zh}",
        f"{at.en} proves: the {title.en} {transaction.rrn} {said.en} at the issuer",
    )
    return Event("proved_by_clearing", why, evidence=proof.evidence())


def _undone_words(proof: Proof, transaction: Transaction) -> Event:
    why = Text(
        f"清算文件已作废：{transaction.rrn}的证明不再成立",
        f"the clearing file was discarded: what it proved of {transaction.rrn} counts no longer",
    )
    return Event("clearing_discarded", why, evidence=proof.evidence())
