"""Who looks after what merchants are paid: freezes, frees, stops accounts, approves, gives up."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.domain.payouts import MoveKind
from annul.settle import accounts, moves
from annul.settle.payouts import SQL as PAYOUTS
from annul.store.batcher import LOST

from .bank import CURRENCY

if TYPE_CHECKING:
    from .cell import Cell

_EVERY_S: Final = 6.0  # on average
_ONE, _OTHER = "olga", "otto"
_BALANCES: Final = (
    "SELECT merchant_id, available, frozen FROM merchant_balances"
    " WHERE available > 0 OR frozen > 0 ORDER BY merchant_id"
)
_ACCOUNTS: Final = (
    "SELECT merchant_id, id, state FROM payout_accounts WHERE state IN ('used', 'stopped')"
    " ORDER BY merchant_id"
)
_WAITING: Final = (
    "SELECT merchant_id, id, state FROM payouts WHERE state IN ('held', 'ready')"
    " ORDER BY run_on, id"
)


class Treasury:
    """Two people at the acquirer; each of their acts is a row of `ACTS`."""

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._random = Random(f"{cell.plan.seed} treasury")
        self._pool: Any = cell.database.pool()

    async def work(self) -> None:
        """Do one thing after the other."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / _EVERY_S))
            await self.act()

    async def act(self) -> None:
        """Do one thing, whatever it is."""
        name = self._random.choice(tuple(ACTS))
        try:
            said = await ACTS[name](self)
            self._cell.say("treasury", f"{name}: {said}")
        except AnnulError as error:
            self._cell.say("treasury", f"{name} refused: {error.code}")
        except LOST:
            await asyncio.sleep(1.0)

    async def _chosen(self, query: str) -> Any:
        rows = await self._pool.fetch(query)
        return self._random.choice(rows) if rows else None

    async def _moved(self, merchant_id: str, kind: MoveKind, amount: int) -> str:
        """Ask for a move, and carry it out, both or neither; sometimes it is rejected."""
        identity = UUID(int=self._random.getrandbits(128), version=4)
        about = UUID(int=self._random.getrandbits(128), version=4)
        move = moves.Move(merchant_id, identity, kind, amount, CURRENCY, about)
        now, calendar = self._cell.loop.now(), self._cell.calendar
        async with self._pool.acquire() as connection, connection.transaction():
            await moves.ask(connection, move, "why", _ONE, now)
            if self._random.random() < 0.1:
                await moves.reject(connection, merchant_id, identity, _OTHER, now)
                return "rejected"
            await moves.carry_out(connection, calendar, merchant_id, identity, _OTHER, now)
        return f"{merchant_id} {amount}"

    async def freeze(self) -> str:
        """Freeze some of what a shop has."""
        row = await self._chosen(_BALANCES)
        if row is None or row["available"] <= 0:
            return "nothing"
        amount = self._random.randint(1, row["available"])
        return await self._moved(row["merchant_id"], MoveKind.FREEZE, -amount)

    async def release(self) -> str:
        """Give free what was frozen, mostly all of it."""
        row = await self._chosen(_BALANCES)
        if row is None or row["frozen"] <= 0:
            return "nothing"
        amount = self._random.choice((row["frozen"], self._random.randint(1, row["frozen"])))
        return await self._moved(row["merchant_id"], MoveKind.RELEASE, amount)

    async def correct(self) -> str:
        """Set something right, or let the issuer have something back that is disputed."""
        row = await self._chosen(_BALANCES)
        if row is None:
            return "nothing"
        kind = self._random.choice((MoveKind.CORRECTION, MoveKind.CHARGEBACK))
        amount = self._random.randint(1, 5_000)
        gives = kind is MoveKind.CORRECTION and self._random.random() < 0.5
        return await self._moved(row["merchant_id"], kind, amount if gives else -amount)

    async def account(self) -> str:
        """Stop an account, use it again, or let the shop have another one."""
        row = await self._chosen(_ACCOUNTS)
        if row is None:
            return "nothing"
        merchant_id, identity, state = row
        async with self._pool.acquire() as connection:
            if self._random.random() < 0.3:
                await self._cell.bank.give_account(self._pool, merchant_id, "00")
                return f"{merchant_id} has another one"
            if state == "used":
                await accounts.stop(connection, merchant_id, identity, "why")
            else:
                await accounts.use_again(connection, merchant_id, identity, self._cell.loop.now())
        return f"{merchant_id} was {state}"

    async def decide(self) -> str:
        """Approve a payout that waits, as second person, or give one up that is in no file."""
        row = await self._chosen(_WAITING)
        if row is None:
            return "nothing"
        now = self._cell.loop.now()
        key = {"merchant": row["merchant_id"], "id": row["id"], "who": _OTHER, "now": now}
        if row["state"] == "held" and self._random.random() < 0.8:
            done = await self._pool.fetchval(*PAYOUTS["decide"](**key))
            return f"approved {done}"
        day = self._cell.calendar.business_date(now)
        done = await self._pool.fetchval(*PAYOUTS["cancel"](**key, reason="why", business_date=day))
        return f"cancelled {done}"


ACTS: Final[dict[str, Callable[[Treasury], Awaitable[str]]]] = {
    "freeze": Treasury.freeze,
    "release": Treasury.release,
    "correct": Treasury.correct,
    "account": Treasury.account,
    "decide": Treasury.decide,
}
