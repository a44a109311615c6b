"""What merchants are paid: payouts and what is in each, files to and from the bank."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.resolve.second_person import second_person
from annul.settle import answers as answering
from annul.settle import files as outgoing
from annul.settle import payouts as settling
from annul.settle.answers import Answers, ReadFile
from annul.settle.bank import values
from annul.settle.payouts import Made, Payouts
from annul.store.sql import Statement, load

from . import over_cells
from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, changing, permit, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "payouts.sql", conditions="true")
_LIST: Final = 200
LARGEST_FILE: Final = 50_000_000  # bytes of a file of the bank; larger ones are read from the inbox
_DAY: Final = timedelta(days=1)


class NoBank(AnnulError):
    """No bank is set up, so nobody is paid. Nothing was changed."""

    code = "payouts.no_bank"
    next_step = "Set the table [bank] in annul's settings, and start it again."


class Busy(AnnulError):
    """Another process is just making payouts. Nothing was changed by this."""

    code = "payouts.busy"
    next_step = "Look at the list of payouts in a minute."


class NotHeld(NothingThere):
    """No payout of this number waits, or it stands in a file already."""

    code = "payouts.not_waiting"
    next_step = "Look at the payout for how it stands."


# Questions --------------------------------------------------------------------------------------


async def search(
    desk: Desk,
    visitor: Visitor,
    *,
    merchant_id: str = "",
    state: str = "",
    day: date | None = None,
    limit: int = 50,
    cursor: str = "",
) -> Listing:
    """Give payouts, the latest first, of the visitor's merchant or all; raises `NotAllowed`."""
    _reads(visitor)
    if visitor.merchant_id and merchant_id not in {"", visitor.merchant_id}:
        return Listing([], "")
    wanted = {"merchant": visitor.merchant_id or merchant_id, "state": state, "day": day}
    values: dict[str, Any] = {name: value for name, value in wanted.items() if value}
    conditions = tuple(values)
    after = Cursor.parse(cursor)
    if after is not None:
        conditions += ("after",)
        on = desk.calendar.local(after.at).date()
        values |= {"after_on": on, "after_at": after.at, "after_id": after.id}
    asked = statement(conditions)(**values, limit=limit + 1)

    async def page(one: Desk) -> Listing:
        return listing(await one.pool.fetch(*asked), limit, "made_at")

    pages = await over_cells.each(desk, page)
    return over_cells.paged(pages, limit, ("made_at",), falling=True)


@cache
def statement(conditions: tuple[str, ...]) -> Statement:
    """Put a search together from its named conditions, so that each is planned by itself."""
    wanted = " AND ".join(f"{{{name}}}" for name in conditions) or "true"
    return load("annul.desk", "payouts.sql", conditions=wanted)["search"]


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give a payout with the business days and moves in it; raises `NothingThere`."""
    _reads(visitor)
    row = await desk.pool.fetchrow(*_SQL["find"](id=identity))
    if row is None or not visitor.sees(row["merchant_id"]):
        message = f"there is no payout {identity}"
        raise NothingThere(message)
    key = {"merchant": row["merchant_id"], "id": identity}
    days = await desk.pool.fetch(*_SQL["days"](**key))
    moves = await desk.pool.fetch(*_SQL["moves"](**key))
    return {**row, "days": [dict(one) for one in days], "moves": [dict(one) for one in moves]}


def _oldest_first(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = over_cells.joined(answers)
    return sorted(rows, key=lambda row: (row["made_at"], row["id"]))[:_LIST]


@over_cells.together(_oldest_first)
async def waiting(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give payouts that wait for a second person, the oldest first; nothing to merchants."""
    if not _of_all(visitor):
        return []
    return [dict(row) for row in await desk.pool.fetch(*_SQL["waiting"](limit=_LIST))]


def _by_currency(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for row in over_cells.joined(answers):
        had = sums.get(row["currency"])
        sums[row["currency"]] = row if had is None else over_cells.added([had, row])
        sums[row["currency"]]["currency"] = row["currency"]
    return [sums[currency] for currency in sorted(sums)]


@over_cells.together(_by_currency)
async def glance(desk: Desk, visitor: Visitor, day: date) -> list[dict[str, Any]]:
    """Give sums of a day by currency, in minor units, with what is held back now; no merchant's."""
    if not _of_all(visitor):
        return []
    since = datetime.combine(day, datetime.min.time(), desk.zone)
    asked = {"day": day, "since": since, "until": since + _DAY}
    rows = await desk.pool.fetch(*_SQL["glance"](**asked))
    return [dict(row) for row in rows]


async def sent_files(desk: Desk, visitor: Visitor, limit: int, cursor: str = "") -> Listing:
    """Give files for the bank, the latest first; none to merchants."""
    if not _of_all(visitor):
        return Listing([], "")
    asked = _SQL["files"](limit=limit + 1, **Cursor.after(cursor))
    return listing(await desk.pool.fetch(*asked), limit, "made_at")


async def read_files(desk: Desk, visitor: Visitor, limit: int, cursor: str = "") -> Listing:
    """Give files of the bank, the latest first; none to merchants."""
    if not _of_all(visitor):
        return Listing([], "")
    asked = _SQL["bank_files"](limit=limit + 1, **Cursor.after(cursor))
    return listing(await desk.pool.fetch(*asked), limit, "read_at")


def _reads(visitor: Visitor) -> None:
    if not visitor.may(Scope.PAYOUTS_READ):
        raise NotAllowed


def _of_all(visitor: Visitor) -> bool:
    return visitor.may(Scope.PAYOUTS_READ) and not visitor.merchant_id


# Acts -------------------------------------------------------------------------------------------


async def run(desk: Desk, visitor: Visitor, reason: str) -> Made:
    """Make payouts and files right now; raises `NoBank`, `Busy`, `NotAllowed`, `ReasonNeeded`."""
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason) as connection:
        if desk.house_bank is None:
            raise NoBank
        await audit(connection, visitor, desk.clock.now(), "run-payouts", "payouts", reason)
    places = (desk.pool, desk.calendar, desk.clock)
    payouts = Payouts(*places, desk.house_bank, desk.vault, desk.cell)
    made = await payouts.run(visitor.name)
    if made is None:
        raise Busy
    return made


async def approve(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Let a payout that waits go out with the next file, as second person.

    Raises `NotHeld`, `SecondPersonNeeded`, `NotAllowed` and `ReasonNeeded`.
    """
    staff(visitor)
    there, found = await _whose(desk, visitor, identity)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    scope, merchant = Scope.PAYOUTS_WRITE, found["merchant_id"]
    async with changing(there, visitor, scope, reason, merchant) as connection:
        if found["made_by"]:
            await second_person(connection, found["made_by"], visitor.name)
        now = there.clock.now()
        decide = {"merchant": merchant, "id": identity, "who": visitor.name, "now": now}
        if await connection.fetchval(*settling.SQL["decide"](**decide)) is None:
            raise NotHeld
        await _audited(connection, visitor, now, "approve-payout", found, reason)


async def cancel(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Give up a payout that is in no file yet: its money is available again; raises as above."""
    staff(visitor)
    there, found = await _whose(desk, visitor, identity)
    scope, merchant = Scope.PAYOUTS_WRITE, found["merchant_id"]
    async with changing(there, visitor, scope, reason, merchant) as connection:
        now = there.clock.now()
        cancelled = settling.SQL["cancel"](
            merchant=merchant,
            id=identity,
            who=visitor.name,
            reason=reason,
            business_date=there.calendar.business_date(now),
            now=now,
        )
        if not await connection.fetchval(*cancelled):
            raise NotHeld
        await _audited(connection, visitor, now, "cancel-payout", found, reason)


async def _whose(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    found = await find(desk, visitor, identity)
    return await over_cells.acting(desk, found["merchant_id"]), found


async def take_file(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> tuple[str, bytes]:
    """Give a payout file to who brings it to the bank: name, content, with accounts in clear.

    It is nobody else's from then on. Raises `NoFile`, `NotYours`, `NotAllowed`, `ReasonNeeded`.
    """
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason) as connection:
        now = desk.clock.now()
        name, content = await outgoing.take(connection, desk.vault, identity, visitor.name, now)
        await audit(connection, visitor, now, "take-payout-file", f"file {name}", reason)
    return name, content


async def read(
    desk: Desk,
    visitor: Visitor,
    content: bytes,
    name: str,
    reason: str,
    told: Callable[[int], None] | None = None,
) -> ReadFile:
    """Read a file of the bank; `told` is called with lines as they are done.

    Raises `FileUnreadable`, `AlreadyRead`, `NotAllowed` and `ReasonNeeded`.
    """
    await permit(desk.pool, visitor, Scope.PAYOUTS_WRITE, reason)
    house = desk.house_bank.number if desk.house_bank else None
    answers = Answers(desk.pool, desk.calendar, desk.clock, desk.cell, house)
    done = await answers.read(content, name, visitor.name, told, by_person=True)
    now = desk.clock.now()
    detail = {"lines": done.lines, **done.outcomes}
    what = f"file {values.told(name)}"
    await audit(desk.pool, visitor, now, "read-bank-file", what, reason, detail)
    return done


async def confirm_file(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> ReadFile:
    """Let what a file says of money that came back have its effect, as second person.

    Raises `NotHeld`, `SecondPersonNeeded`, `NotAllowed` and `ReasonNeeded`.
    """
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    async with changing(desk, visitor, Scope.PAYOUTS_WRITE, reason) as connection:
        row = await connection.fetchrow(*answering.SQL["reader"](file=identity))
        if row is None:
            raise NotHeld
        await second_person(connection, row["read_by"], visitor.name)
        now = desk.clock.now()
        confirm = answering.SQL["confirm"](file=identity, who=visitor.name, now=now)
        await connection.fetchval(*confirm)
        thing = f"file {row['name']}"
        await audit(connection, visitor, now, "confirm-bank-file", thing, reason)
    answers = Answers(desk.pool, desk.calendar, desk.clock, desk.cell)
    return await answers.go_on(identity)


async def _audited(
    connection: Any, visitor: Visitor, now: datetime, act: str, found: dict[str, Any], reason: str
) -> None:
    detail = {"merchant": found["merchant_id"], "amount": found["amount"]}
    await audit(connection, visitor, now, act, f"payout {found['id']}", reason, detail)
