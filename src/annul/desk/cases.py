"""Cases as people look for them, and one case with all that belongs to it."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from annul.resolve import proof
from annul.resolve.book import CaseUnknown
from annul.resolve.case import Case
from annul.resolve.proof_pdf import Print, render
from annul.store.sql import load

from .audit import audit, audit_read
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .roles import Visitor

_SQL: Final = load("annul.desk", "cases.sql")
STATES: Final = ("open", "asked", "late", "voided", "refunded", "refused", "unproved", "all")


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """What to look for; empty means any. `search`: voucher, RRN, number, amount or last four."""

    state: str = "open"
    cause: str = ""
    issuer: str = ""
    merchant: str = ""
    search: str = ""
    since: datetime | None = None

    def query(self) -> dict[str, str]:
        """Give what stands in an address."""
        return {name: str(value) for name, value in asdict(self).items() if value}


async def search(
    desk: Desk, visitor: Visitor, wanted: CaseSearch, limit: int, cursor: str = ""
) -> Listing:
    """Give cases, the latest first."""
    text = wanted.search.strip()
    rows = await desk.pool.fetch(
        *_SQL["search"](
            state=wanted.state or "all",
            cause=wanted.cause,
            issuer=wanted.issuer,
            merchant=visitor.merchant_id or wanted.merchant,
            text=text,
            amount=_amount(text),
            since=wanted.since,
            **Cursor.after(cursor),
            now=desk.clock.now(),
            limit=limit + 1,
        )
    )
    return listing(rows, limit, "opened_at")


async def counts(desk: Desk, visitor: Visitor) -> dict[str, int]:
    """Count open cases by what they wait for."""
    asked = _SQL["counts"](merchant=visitor.merchant_id, now=desk.clock.now())
    row = await desk.pool.fetchrow(*asked)
    return dict(row or {})


async def find(desk: Desk, visitor: Visitor, number: str) -> Case:
    """Find a case that the visitor may know of, looked at anew; raises `NothingThere`."""
    try:
        case = await desk.book.find(number)
    except CaseUnknown as error:
        raise NothingThere(str(error)) from None
    await _looked_at(desk, visitor, number, case)
    return case


async def whole(desk: Desk, visitor: Visitor, number: str) -> tuple[Case, dict[str, Any]]:
    """Find a case, as `find` does, with everything about it as its proof has it, of one moment."""
    try:
        case, gathered = await proof.gather(desk.pool, number, desk.clock.now())
    except CaseUnknown as error:
        raise NothingThere(str(error)) from None
    if await _looked_at(desk, visitor, number, case):
        return await proof.gather(desk.pool, number, desk.clock.now())
    return case, gathered


async def opened(desk: Desk, visitor: Visitor, number: str) -> tuple[Case, dict[str, Any]]:
    """Give a case whole to somebody who has opened it, and keep that they have."""
    case, gathered = await whole(desk, visitor, number)
    await audit_read(desk, visitor, "read-case", f"case {case.number}")
    return case, gathered


async def proved(desk: Desk, visitor: Visitor, number: str) -> tuple[Case, bytes]:
    """Give the proof of a case as a signed zip, and keep who has taken it."""
    case, gathered = await whole(desk, visitor, number)
    await audit(desk.pool, visitor, desk.clock.now(), "read-proof", f"case {case.number}", "")
    return case, await asyncio.to_thread(proof.bundle, gathered, desk.notary, _print(desk))


async def printed(
    desk: Desk, visitor: Visitor, number: str, *, notes: bool = False
) -> tuple[Case, bytes]:
    """Give the printable proof of a case alone, and keep who has taken it.

    With `notes` also what people wrote for each other, and who they are.
    """
    case, gathered = await whole(desk, visitor, number)
    at, thing = desk.clock.now(), f"case {case.number}"
    await audit(desk.pool, visitor, at, "read-proof", thing, "", {"pdf": True, "notes": notes})
    return case, await asyncio.to_thread(render, gathered, _print(desk, notes=notes))


def _print(desk: Desk, *, notes: bool = False) -> Print:
    return Print(desk.zone, desk.support_phone, notes)


async def _looked_at(desk: Desk, visitor: Visitor, number: str, case: Case) -> bool:
    """Let a case whose world has moved on be looked at anew; give whether that changed it."""
    if not visitor.sees(case.merchant_id):
        raise NothingThere(str(CaseUnknown(number)))
    now = desk.clock.now()
    waits = not case.ended and case.next_action_at > now
    return waits and await desk.book.repair(case, now)


def _amount(text: str) -> int | None:
    """Read a search as an amount in minor units, None when it is none."""
    from annul.domain import money
    from annul.domain.errors import AnnulError

    try:
        return money.parse(text) if text else None
    except AnnulError:
        return None
