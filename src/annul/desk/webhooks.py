"""Webhooks as their owners set them up: whom to tell, what was sent, and sending it again."""

from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.resolve.notify import outbound
from annul.resolve.notify.webhooks import event_name, new_secret
from annul.store.incidents import CLOSE_ENDED
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .roles import Visitor

_SQL: Final = load("annul.desk", "webhooks.sql", close_ended=CLOSE_ENDED)


class DeliveryUnderWay(AnnulError):
    """This delivery is just being sent, so it was not sent again."""

    code = "webhooks.under_way"
    next_step = "Look at its log in a minute, and ask again if you still want it."


class SwitchedOff(AnnulError):
    """This webhook is off; nothing is sent to it."""

    code = "webhooks.off"
    next_step = "Add it anew; it gets a new secret."


async def add(desk: Desk, visitor: Visitor, url: str, merchant: str) -> tuple[dict[str, Any], str]:
    """Add a webhook; gives it and its secret, which is shown only here.

    Whoever is bound to one merchant may not point into the operator's network. Raises
    `AddressRefused` and `NothingThere`.
    """
    of_merchant = merchant or visitor.merchant_id
    if not visitor.sees(of_merchant):
        raise _no_merchant(of_merchant)
    inside = not visitor.merchant_id
    outbound.checked(url, inside=inside)
    there: Desk = await over_cells.serving(desk, of_merchant)
    identity, secret, now = uuid7(), new_secret(), desk.clock.now()
    async with there.pool.acquire() as connection, connection.transaction():
        added = await connection.fetchval(
            *_SQL["add"](
                merchant=of_merchant,
                id=identity,
                url=url,
                secret=desk.vault.seal(secret),
                inside=inside,
                by=visitor.name,
                now=now,
            )
        )
        if added is None:
            raise _no_merchant(of_merchant)
        detail = {"merchant": of_merchant, "url": url}
        await audit(connection, visitor, now, "add-webhook", _named(identity), "", detail)
    return await find(there, visitor, identity), secret


async def every(desk: Desk, visitor: Visitor, limit: int, cursor: str = "") -> Listing:
    """Give webhooks, the latest first."""
    pages = await over_cells.each(desk, lambda one: _page(one, visitor, limit, cursor))
    return over_cells.paged(pages, limit, ("created_at",), falling=True)


async def _page(desk: Desk, visitor: Visitor, limit: int, cursor: str) -> Listing:
    page = {**Cursor.after(cursor), "limit": limit + 1}
    rows = await desk.pool.fetch(*_SQL["every"](merchant=visitor.merchant_id, **page))
    return listing(rows, limit, "created_at")


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give one webhook; raises `NothingThere`."""
    row = await desk.pool.fetchrow(*_SQL["find"](merchant=visitor.merchant_id, id=identity))
    if row is None:
        message = f"there is no webhook {identity}"
        raise NothingThere(message)
    return dict(row)


@over_cells.the_one_that_knows
async def end(desk: Desk, visitor: Visitor, identity: UUID) -> None:
    """Send nothing more to a webhook, once or again; raises `NothingThere`."""
    found = await find(desk, visitor, identity)
    key = {"merchant": found["merchant_id"], "id": identity}
    now, detail = desk.clock.now(), {"merchant": found["merchant_id"], "url": found["url"]}
    async with desk.pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(*_SQL["end"](**key)) is None:
            return
        await connection.execute(*_SQL["close_of_webhook"](**key, now=now))
        await audit(connection, visitor, now, "end-webhook", _named(identity), "", detail)


@over_cells.the_one_that_knows
async def attempts(
    desk: Desk, visitor: Visitor, identity: UUID, limit: int, cursor: str = ""
) -> Listing:
    """Give the log of a webhook, the latest attempt first; raises `NothingThere`."""
    found = await find(desk, visitor, identity)
    of_webhook = {"merchant": found["merchant_id"], "webhook": identity}
    rows = await desk.pool.fetch(
        *_SQL["log"](**of_webhook, **Cursor.after(cursor), limit=limit + 1)
    )
    page = listing(rows, limit, "at")
    for row in page.rows:
        row["event"] = event_name(row["event"])
        row["case"] = str(row.pop("payload").get("case") or row["case_id"])
    return page


@over_cells.the_one_that_knows
async def replay(desk: Desk, visitor: Visitor, identity: UUID, delivery: UUID) -> None:
    """Send a delivery again; raises `NothingThere`, `SwitchedOff`, `DeliveryUnderWay`."""
    found = await find(desk, visitor, identity)
    if not found["active"]:
        raise SwitchedOff
    key = {"merchant": found["merchant_id"], "webhook": identity, "id": delivery}
    now, detail = desk.clock.now(), {"merchant": found["merchant_id"], "delivery": str(delivery)}
    async with desk.pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(*_SQL["replay"](**key, now=now)) is None:
            if await connection.fetchval(*_SQL["owed_of"](**key)):
                raise DeliveryUnderWay
            message = f"webhook {identity} has no delivery {delivery}"
            raise NothingThere(message)
        await audit(connection, visitor, now, "replay-webhook", _named(identity), "", detail)


def _named(identity: UUID) -> str:
    return f"webhook {identity}"


def _no_merchant(merchant_id: str) -> NothingThere:
    return NothingThere(f"there is no merchant {merchant_id}")
