"""A break is ended by people, in one transaction of the database with the money that follows.

Where the issuer is right about what became of a transaction, that follows, and its entries with it;
where it is right about an amount, the merchant's account does. Where our books are right nothing
moves but suspense: the issuer corrects its own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from annul.domain.breaks import BreakKind, BreakState, Resolution
from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.payouts import MoveKind
from annul.domain.states import BY_PROOF, ENDED, STANDING, State
from annul.settle import moves
from annul.settle.moves import Move
from annul.store.incidents import CLOSE_ENDED
from annul.store.sql import listed, load

from . import telling
from .breaks import SQL as _BREAKS
from .keeping import SQL as _PROOFS

SQL: Final = load(
    "annul.settle.clearing",
    "ending.sql",
    close_ended=CLOSE_ENDED,
    standing=listed(STANDING),
    ended=listed(ENDED),
    put_right=_BREAKS["put_right"].sql,
)
_MOVES: Final = UUID("6e2f4c0d-6f0f-4a5e-9d5b-0a4b5f1f9c36")  # the names of breaks' moves
# Breaks of which the transaction itself follows the issuer.
_OF_STATE: Final = frozenset({BreakKind.STATE, BreakKind.MISSING_THERE})


class NotWaiting(AnnulError):
    """No break of this number waits for that. Nothing has changed."""

    code = "clearing.break_not_waiting"
    next_step = "Look at the break for how it stands."


class UnderWay(AnnulError):
    """What is proved of this break's transaction is just being carried out. Nothing has changed."""

    code = "clearing.under_way"
    next_step = "Look at the break again in some seconds: how it can end depends on it."


class NobodyHere(AnnulError):
    """This break is of no merchant here, so no account can follow it. Nothing has changed."""

    code = "clearing.nobody_here"
    next_step = "Let our books stand, and have the issuer correct its own."


class Break(NamedTuple):
    """A break that waits, as it is locked.

    `told` says that files tell its transaction as done, `beside` that this has nothing of its
    original in its hold: what is done then is done beside what gave that back. `under_way` says
    that what is proved of it is not carried out yet.
    """

    merchant_id: str
    id: UUID
    kind: BreakKind
    file_id: UUID
    line: int | None
    transaction_id: UUID | None
    money: int
    currency: str
    cause: str
    state: BreakState
    resolved_as: str
    reason: str
    asked_by: str
    transaction_state: str | None
    beside: bool | None
    told: bool
    under_way: bool

    @property
    def agrees(self) -> bool:
        """Whether its transaction has come to what the file tells: nothing is left to move."""
        if self.kind not in _OF_STATE or self.transaction_state is None:
            return False
        state = State(self.transaction_state)
        return state in STANDING | ENDED and self.told is (state in STANDING)


async def locked(connection: Any, identity: UUID) -> Break:
    """Give a break that waits, held for the caller's transaction; raises `NotWaiting`."""
    return _break(await connection.fetchrow(*SQL["lock"](id=identity)))


async def looked_at(connection: Any, identity: UUID) -> Break:
    """Give a break as it stands, not held; raises `NotWaiting` where there is none."""
    return _break(await connection.fetchrow(*SQL["look"](id=identity)))


def _break(row: Any) -> Break:
    if row is None:
        raise NotWaiting
    values = {**row, "kind": BreakKind(row["kind"]), "state": BreakState(row["state"])}
    return Break(**values)


async def ask(
    connection: Any, one: Break, resolution: Resolution, reason: str, who: str, now: datetime
) -> None:
    """Keep how a break is to end; raises `NotWaiting`, `UnderWay` and `NobodyHere`."""
    if one.kind in _OF_STATE and one.under_way:
        raise UnderWay
    if resolution is Resolution.THEIRS_STAND and not one.merchant_id and one.money:
        raise NobodyHere
    asked = SQL["ask"](id=one.id, **{"as": resolution}, reason=reason, who=who, now=now)
    if await connection.fetchval(*asked) is None:
        raise NotWaiting


async def reject(connection: Any, one: Break, who: str, now: datetime) -> None:
    """Open a break again of which the end was not confirmed; raises `NotWaiting`."""
    if await connection.fetchval(*SQL["reject"](id=one.id, who=who, now=now)) is None:
        raise NotWaiting


async def carry_out(
    connection: Any, calendar: Calendar, one: Break, who: str, now: datetime
) -> None:
    """End a break as it was asked for, and let the money follow; raises `NotWaiting`."""
    resolution = Resolution(one.resolved_as)
    told = proves(one, resolution)
    day = calendar.business_date(now)
    if told:
        await connection.execute(*_PROOFS["by_people"](id=one.id, proves=told, now=now))
    follows = resolution is Resolution.THEIRS_STAND and not told and not one.agrees
    if follows and one.money and one.merchant_id:
        await _follow(
            connection,
            calendar,
            _move(one.merchant_id, one.id, one.currency, one.transaction_id, one.money),
            one.id,
            one.reason,
            (one.asked_by, who),
            now,
        )
    else:
        await connection.execute(*_BREAKS["free_money"](ids=[one.id], business_date=day, now=now))
    if await connection.fetchval(*SQL["resolve"](id=one.id, who=who, now=now)) is None:
        raise NotWaiting
    await telling.of_breaks(connection, telling.RESOLVED, [one.id], now)


async def agree(pool: Any, calendar: Calendar, now: datetime) -> int:
    """End breaks of which the transaction has come to what the file tells; gives how many.

    People may conclude it, or the issuer acknowledge its reversal: its entries say it then.
    """
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(*SQL["agree"](now=now))
        if not rows:
            return 0
        ids = [row["id"] for row in rows]
        day = calendar.business_date(now)
        await connection.execute(*_BREAKS["free_money"](ids=ids, business_date=day, now=now))
        await telling.of_breaks(connection, telling.RESOLVED, ids, now)
        files = [row["file_id"] for row in rows]
        await connection.execute(*SQL["close_incidents"](files=files, now=now))
    return len(rows)


async def own(connection: Any, ids: list[UUID], owner: str) -> int:
    """Say who works on breaks; gives of how many that still wait."""
    return len(await connection.fetch(*SQL["own"](ids=ids, owner=owner)))


def proves(one: Break, resolution: Resolution) -> str:
    """Say what ending a break says of its transaction; empty: nothing, or it cannot follow."""
    if one.kind not in _OF_STATE or one.transaction_state is None or one.agrees:
        return ""
    state, disputed = State(one.transaction_state), one.transaction_state == State.DISPUTED
    if resolution is Resolution.EXPLAINED or (resolution is Resolution.OURS_STAND and not disputed):
        return ""
    done = one.told is (resolution is Resolution.THEIRS_STAND)
    if done:
        return "" if one.beside or State.APPROVED not in BY_PROOF.get(state, ()) else "done"
    return "not_done" if BY_PROOF.get(state, frozenset()) & ENDED else ""


def _move(
    merchant_id: str, of_break: UUID, currency: str, transaction: UUID | None, amount: int
) -> Move:
    """Give the move between suspense and what a merchant has available, numbered by its break."""
    identity = uuid5(_MOVES, f"{of_break} {amount}")
    return Move(merchant_id, identity, MoveKind.CLEARING, amount, currency, transaction)


async def _follow(
    connection: Any,
    calendar: Calendar,
    move: Move,
    of_break: UUID,
    reason: str,
    people: tuple[str, str],
    now: datetime,
) -> None:
    """Let a merchant's account follow a break, by who asked for it and who confirmed it."""
    asked_by, decided_by = people
    await moves.ask(connection, move, reason, asked_by, now)
    await moves.carry_out(connection, calendar, move.merchant_id, move.id, decided_by, now)
    key = {"merchant": move.merchant_id, "id": of_break}
    await connection.execute(*SQL["followed"](**key, move=move.id))


async def withdraw(
    connection: Any,
    calendar: Calendar,
    file: UUID,
    by: tuple[str, str],
    now: datetime,
    stay: Sequence[UUID] = (),
) -> list[UUID]:
    """Withdraw the breaks of a file but for some that stay, and what had followed; gives which.

    `by`: who does it, and why.
    """
    who, reason = by
    ended = await connection.fetch(*SQL["ends"](file=file, stay=list(stay), now=now))
    for row in ended:
        key = (row["merchant_id"], row["id"], row["currency"], row["transaction_id"])
        moved = await connection.fetchval(*SQL["moved"](merchant=row["merchant_id"], id=row["id"]))
        if moved:
            back = _move(*key, -moved)
            await _follow(connection, calendar, back, row["id"], reason, (who, who), now)
    ids = [row["id"] for row in ended]
    day = calendar.business_date(now)
    await connection.execute(*_BREAKS["free_money"](ids=ids, business_date=day, now=now))
    await telling.of_breaks(connection, telling.RESOLVED, ids, now)
    return ids


async def open_again(connection: Any, calendar: Calendar, file: UUID, now: datetime) -> int:
    """Open again the breaks that a file had ended and puts right no longer; gives how many."""
    ids = [row["id"] for row in await connection.fetch(*SQL["opens"](file=file))]
    day = calendar.business_date(now)
    await connection.execute(*_BREAKS["hold_money"](ids=ids, business_date=day, now=now))
    await telling.of_breaks(connection, telling.OPENED, ids, now)
    return len(ids)
