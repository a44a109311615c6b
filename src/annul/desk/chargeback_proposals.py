"""Chargebacks that clearing files tell of: people take each up, or dismiss it.

No money moves before. Who belongs to a merchant neither sees nor does anything here.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from annul.domain.chargebacks import Act, Reason, Stage, move
from annul.settle.chargebacks import proposals
from annul.settle.chargebacks.proposals import NotProposed

from . import over_cells
from .audit import audit
from .chargeback_acts import Wanted, act, open_
from .chargebacks import SQL
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing, staff
from .roles import Scope, Visitor

_OPENS: Final = (Act.REQUEST, Act.CHARGE_BACK)


def _oldest(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return sorted(over_cells.joined(answers), key=lambda row: (row["found_at"], row["line"]))


@over_cells.together(_oldest)
async def proposed(desk: Desk, visitor: Visitor, limit: int = 100) -> list[dict[str, Any]]:
    """Give what waits, the oldest first, each with what `follows`; none to merchants.

    `follows`: `opens` a chargeback, `moves` the live one, or `nothing`: it is dismissed, or people
    enter it otherwise. Raises `NotAllowed`.
    """
    if not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed
    if visitor.merchant_id:
        return []
    rows = [dict(row) for row in await desk.pool.fetch(*SQL["proposed"](limit=limit))]
    return [row | {"follows": follows(row)} for row in rows]


def follows(row: Mapping[str, Any]) -> str:
    """Say what taking one up does."""
    what = Act(row["act"])
    if row["live_id"] is not None:
        return "moves" if move(Stage(row["live_stage"]), what) is not None else "nothing"
    return "opens" if row["transaction_id"] is not None and what in _OPENS else "nothing"


async def take_up(
    desk: Desk,
    visitor: Visitor,
    identity: UUID,
    reason: str,
    number: str = "",
    claims: Reason | None = None,
) -> UUID:
    """Open the chargeback that a row tells of, or move the one that is live; gives its number.

    To open one takes the network's `number` and what it `claims`. As with any chargeback a second
    person may have to let it go on. Raises `NotProposed`, `NotValid`, `NotNext`, `NotAllowed`, and
    what opening and moving one raise.
    """
    there, row = await _decides(desk, visitor, identity)
    what, of = Act(row["act"]), {"file": str(row["file_id"]), "line": row["line"]}

    async def taken(connection: Any, chargeback: UUID) -> None:
        now = there.clock.now()
        await proposals.decided(connection, identity, chargeback, visitor.name, now)
        thing = f"chargeback {chargeback}"
        await audit(connection, visitor, now, "take-up-chargeback", thing, reason, of)

    way = follows(row)
    if way == "nothing":
        raise NotValid("nothing follows from this row: dismiss it, or enter the chargeback by hand")
    if way == "moves":
        await act(desk, visitor, row["live_id"], what, reason, then=taken)
        return row["live_id"]
    if claims is None:
        raise NotValid("say what the issuer claims")
    amount = min(row["amount"], row["of_amount"])
    wanted = Wanted(
        identity, number, str(row["transaction_id"]), claims, amount, what,
        file=row["file_id"], line=row["line"],
    )  # fmt: skip
    return (await open_(desk, visitor, wanted, reason, taken))[0]


async def dismiss(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Let nothing follow from a row; raises `NotProposed`, `NotAllowed`, `ReasonNeeded`."""
    there, row = await _decides(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now = there.clock.now()
        await proposals.decided(connection, identity, None, visitor.name, now)
        detail = {"line": row["line"], "act": row["act"]}
        thing = f"file {row['file_name']}"
        await audit(connection, visitor, now, "dismiss-chargeback", thing, reason, detail)


async def _decides(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    staff(visitor)
    if not visitor.role or not visitor.may(Scope.CLEARING_WRITE):
        raise NotAllowed  # a program decides nothing
    there, row = await _home(desk, visitor, identity)
    if row["state"] != "waiting":
        raise NotProposed
    await over_cells.introduce(desk, there)
    return there, row


@over_cells.the_one_that_knows
async def _home(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    """Give the desk of the cell that has one; raises `NothingThere`."""
    row = await desk.pool.fetchrow(*SQL["proposal_of"](id=identity))
    if row is None or visitor.merchant_id:
        message = f"nothing of the number {identity} is proposed"
        raise NothingThere(message)
    return desk, dict(row)
