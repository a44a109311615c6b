"""A merchant's account: where it is paid to, and what people freeze, free or correct there."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.money import LARGEST
from annul.domain.payouts import GIVES, OTHER_SIDE, TAKES, MoveKind
from annul.resolve.second_person import second_person
from annul.settle import accounts as paid_to
from annul.settle import moves as moving
from annul.settle.accounts import Account
from annul.settle.moves import Move
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .merchants import find
from .permission import NotAllowed, NotValid, changing, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "accounts.sql")
_LIST: Final = 200
_DAY: Final = timedelta(days=1)
# What people may ask for; the other kinds are annul's own.
ASKED: Final = (MoveKind.FREEZE, MoveKind.RELEASE, MoveKind.CORRECTION, MoveKind.CHARGEBACK)
assert set(ASKED) <= set(OTHER_SIDE)


class Wanted(NamedTuple):
    """A move that is asked for; `amount` in minor units, its sign counts for corrections only."""

    id: UUID
    kind: MoveKind
    amount: int
    about: UUID | None = None


# Questions --------------------------------------------------------------------------------------


@over_cells.the_one_that_knows
async def accounts(desk: Desk, visitor: Visitor, merchant_id: str) -> list[dict[str, Any]]:
    """Give accounts in use, stopped or asked for, the latest first; raises `NothingThere`."""
    await find(desk, visitor, merchant_id)
    rows = await desk.pool.fetch(*paid_to.SQL["of_merchant"](merchant=merchant_id))
    return [dict(row) for row in rows]


@over_cells.the_one_that_knows
async def moves(
    desk: Desk, visitor: Visitor, merchant_id: str, limit: int, cursor: str = ""
) -> Listing:
    """Give what changed what is available, the latest first; raises `NothingThere`."""
    await find(desk, visitor, merchant_id)
    asked = {"merchant": merchant_id, "limit": limit + 1, **Cursor.after(cursor)}
    return listing(await desk.pool.fetch(*_SQL["moves"](**asked)), limit, "asked_at")


@over_cells.the_one_that_knows
async def one_move(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID
) -> dict[str, Any]:
    """Give one of them; raises `NothingThere`."""
    await find(desk, visitor, merchant_id)
    row = await desk.pool.fetchrow(*moving.SQL["one"](merchant=merchant_id, id=identity))
    if row is None:
        message = f"there is no move {identity}"
        raise NothingThere(message)
    return dict(row)


def _oldest_first(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = over_cells.joined(answers)
    return sorted(rows, key=lambda row: (row["asked_at"], row["id"]))[:_LIST]


@over_cells.together(_oldest_first)
async def waiting_moves(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give moves that wait for a second person; nothing to merchants."""
    return await _waiting(desk, visitor, "moves_waiting")


@over_cells.together(_oldest_first)
async def waiting_accounts(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give accounts that wait for a second person; nothing to merchants."""
    return await _waiting(desk, visitor, "accounts_waiting")


async def _waiting(desk: Desk, visitor: Visitor, statement: str) -> list[dict[str, Any]]:
    if visitor.merchant_id or not visitor.may(Scope.PAYOUTS_READ):
        return []
    return [dict(row) for row in await desk.pool.fetch(*_SQL[statement](limit=_LIST))]


# What is paid to --------------------------------------------------------------------------------


@over_cells.in_its_cell
async def ask_account(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, account: Account, reason: str
) -> None:
    """Ask for an account; a second person takes it into use.

    Raises `NothingThere`, `NotAllowed`, `ReasonNeeded`.
    """
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        contract = await _contract(connection, merchant_id)
        now = desk.clock.now()
        if await paid_to.ask(
            connection,
            desk.vault,
            merchant_id,
            identity,
            account,
            contract["currency"],
            reason=reason,
            who=visitor.name,
            now=now,
        ):
            detail = {"holder": account.holder, "bank": account.bank, "ends": account.shown}
            about = f"merchant {merchant_id}"
            await audit(connection, visitor, now, "ask-account", about, reason, detail)


@over_cells.in_its_cell
async def use_account(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str
) -> None:
    """Take an account into use, as second person.

    Raises `NotWaiting`, `SecondPersonNeeded`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        asked_by = await paid_to.asked_by(connection, merchant_id, identity)
        await second_person(connection, asked_by, visitor.name)
        now = desk.clock.now()
        await paid_to.use(connection, merchant_id, identity, visitor.name, now)
        await _audited(connection, visitor, now, "use-account", merchant_id, identity, reason)


@over_cells.in_its_cell
async def reject_account(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str
) -> None:
    """Do not take an account into use; raises as `use_account` does."""
    staff(visitor)
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        now = desk.clock.now()
        await paid_to.reject(connection, merchant_id, identity, visitor.name, now)
        await _audited(connection, visitor, now, "reject-account", merchant_id, identity, reason)


@over_cells.in_its_cell
async def stop_account(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str
) -> None:
    """Pay nothing more to the account in use; raises as `use_account` does."""
    staff(visitor)
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        await paid_to.stop(connection, merchant_id, identity, reason)
        now = desk.clock.now()
        await _audited(connection, visitor, now, "stop-account", merchant_id, identity, reason)


@over_cells.in_its_cell
async def use_account_again(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str
) -> None:
    """Pay again to an account that was stopped; raises as `use_account` does."""
    staff(visitor)
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        now = desk.clock.now()
        await paid_to.use_again(connection, merchant_id, identity, now)
        await _audited(connection, visitor, now, "use-account-again", merchant_id, identity, reason)


# Moves ------------------------------------------------------------------------------------------


@over_cells.in_its_cell
async def move(desk: Desk, visitor: Visitor, merchant_id: str, wanted: Wanted, reason: str) -> bool:
    """Freeze, release, correct or charge back; False when it waits for a second person.

    To freeze takes one, as it can be undone; a correction always takes two, the others from the
    amount in the merchant's contract, with what one person alone moved within a day. Of one id it
    is done once. Raises `NotCovered`, `NotValid`, `NothingThere`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    amount = _signed(wanted)
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        contract = await _contract(connection, merchant_id)
        now = desk.clock.now()
        asked = Move(
            merchant_id, wanted.id, wanted.kind, amount, contract["currency"], wanted.about
        )
        if wanted.kind is MoveKind.CHARGEBACK and wanted.about is not None:
            claimed = _SQL["claimed"](merchant=merchant_id, transaction=wanted.about)
            if await connection.fetchval(*claimed):
                raise NotValid("this transaction has a chargeback, which moves its money")
        if not await moving.ask(connection, asked, reason, visitor.name, now):
            return await _before(connection, asked)
        detail = {"kind": wanted.kind, "amount": amount, "about": str(wanted.about or "")}
        about = f"merchant {merchant_id}"
        await audit(connection, visitor, now, "move-money", about, reason, detail)
        two = wanted.kind is MoveKind.CORRECTION
        if not two and wanted.kind is not MoveKind.FREEZE:
            asked_alone = _SQL["alone"](merchant=merchant_id, since=now - _DAY)
            alone = await connection.fetchval(*asked_alone)
            two = alone + abs(amount) >= contract["second_person_from"]
        if not two:
            await moving.carry_out(
                connection, desk.calendar, merchant_id, wanted.id, visitor.name, now
            )
        return not two


@over_cells.in_its_cell
async def approve_move(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str
) -> None:
    """Carry out what another person has asked for.

    Raises `NotAsked`, `NotCovered`, `SecondPersonNeeded`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        key = {"merchant": merchant_id, "id": identity}
        row = await connection.fetchrow(*moving.SQL["lock"](**key))
        if row is None:
            raise moving.NotAsked
        await second_person(connection, row["asked_by"], visitor.name)
        now, who = desk.clock.now(), visitor.name
        await moving.carry_out(connection, desk.calendar, merchant_id, identity, who, now)
        await _audited(connection, visitor, now, "approve-move", merchant_id, identity, reason)


@over_cells.in_its_cell
async def reject_move(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str
) -> None:
    """Let what is asked for come to nothing; raises as `approve_move` does."""
    staff(visitor)
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason, merchant_id) as connection:
        now = desk.clock.now()
        await moving.reject(connection, merchant_id, identity, visitor.name, now)
        await _audited(connection, visitor, now, "reject-move", merchant_id, identity, reason)


async def _before(connection: Any, asked: Move) -> bool:
    """Say whether it was carried out when it was asked for first; raises `NotValid`."""
    key = {"merchant": asked.merchant_id, "id": asked.id}
    row = await connection.fetchrow(*moving.SQL["one"](**key))
    if row is None or (row["kind"], row["amount"], row["about"]) != (
        asked.kind, asked.amount, asked.about,
    ):  # fmt: skip
        raise NotValid("something else was asked for by this id")
    return row["state"] == "done"


def _signed(wanted: Wanted) -> int:
    if wanted.kind not in ASKED:
        raise NotValid("people freeze, release, correct or charge back")
    if not 0 < abs(wanted.amount) <= LARGEST:
        raise NotValid("the amount must be above zero")
    if wanted.kind in TAKES:
        return -abs(wanted.amount)
    return abs(wanted.amount) if wanted.kind in GIVES else wanted.amount


async def _contract(connection: Any, merchant_id: str) -> Any:
    row = await connection.fetchrow(*_SQL["contract"](merchant=merchant_id))
    if row is None:
        message = f"there is no merchant {merchant_id}"
        raise NothingThere(message)
    return row


async def _audited(
    connection: Any,
    visitor: Visitor,
    now: datetime,
    act: str,
    merchant_id: str,
    identity: UUID,
    reason: str,
) -> None:
    about, detail = f"merchant {merchant_id}", {"id": str(identity)}
    await audit(connection, visitor, now, act, about, reason, detail)
