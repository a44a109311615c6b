"""What a shop asks of a voucher: voided, refunded, being worked on, or not; and its day.

One entry is one sale: a void, its repeat and a try that was declined are about the same money.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from annul.domain.kinds import REFUNDS, TAKING, UNDOING
from annul.domain.records import OF_SHOPS
from annul.domain.states import UNFINISHED
from annul.merchants.cut_overs import agreed
from annul.resolve.case import UNPROVED
from annul.store.sql import listed, load

from . import over_cells
from .desk import Desk, NothingThere
from .roles import Visitor

_SQL: Final = load("annul.desk", "shop.sql", of_shops=listed(OF_SHOPS))
_UNFINISHED: Final = frozenset(str(state) for state in UNFINISHED)
_REFUSED_SINCE: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_APART: Final = timedelta(hours=2)  # clocks of hosts
_SHOPS: Final = 200
_TODAY: Final = 30
_ASKED: Final = 300  # tries of a day that are put together by sale, the latest

_SLIP: Final = re.compile(r"(\w{15})-(\w{8})-(\d{6})-(\d{6})", re.ASCII)
_CODE: Final = re.compile(r"[?&]code=([\w-]+)", re.ASCII)
_DIGITS: Final = re.compile(r"\d+", re.ASCII)


class Standing(StrEnum):
    """How a sale stands, as a shop sees it."""

    VOIDED = "voided"
    REFUNDED = "refunded"
    PARTLY = "partly"  # refunded in part
    WORKING = "working"  # being worked on
    UNPROVED = "unproved"  # people clear up with the issuer where the money is
    REFUSED = "refused"  # the void was asked for and did not go through
    WITHDRAWN = "withdrawn"  # the shop has taken its void back
    STANDS = "stands"  # nobody has asked for it to be undone
    NOTHING = "nothing"  # no money was taken


@dataclass(frozen=True, slots=True)
class VoucherSearch:
    """What was looked for. `how`: slip, reference, voucher; empty when it cannot be read."""

    how: str = ""
    merchant: str = ""
    terminal: str = ""
    batch: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher (`row`), and how its sale stands: `about` the sale, what undid it, the case."""

    standing: Standing
    row: Mapping[str, Any]
    about: Mapping[str, Any]

    @property
    def open(self) -> bool:
        """Whether there is more to come."""
        return self.standing in {Standing.WORKING, Standing.UNPROVED}

    @property
    def kind(self) -> str:
        """What was asked for: the kind of its case, else of what undoes it, else its own."""
        about = self.about
        return about["case_kind"] or about["undo_kind"] or self.row["kind"]

    @property
    def code(self) -> str:
        """What finds it again, as the slip's code has it; nothing in it is of the card."""
        row = self.row
        return "-".join(row[name] for name in ("merchant_id", "terminal_id", "batch", "trace"))


def asked(text: str) -> VoucherSearch:
    """Read what somebody typed or scanned; a card number is not looked for."""
    wanted = text.strip()
    scanned = _CODE.search(wanted)
    slip = _SLIP.fullmatch(scanned[1] if scanned else wanted)
    if slip is not None:
        return VoucherSearch("slip", slip[1], slip[2], slip[3], slip[4])
    digits = wanted.replace(" ", "")
    if not _DIGITS.fullmatch(digits):
        return VoucherSearch()
    if len(digits) == 12:
        return VoucherSearch("reference", number=digits)
    return VoucherSearch("voucher", number=digits.zfill(6)) if len(digits) <= 6 else VoucherSearch()


async def find(
    desk: Desk, visitor: Visitor, wanted: VoucherSearch, merchant: str = ""
) -> list[Voucher]:
    """Find what was asked for at a merchant that the visitor may know of, the latest first.

    `merchant` is the one that was chosen by somebody who sees all of them.
    """
    shop = visitor.merchant_id or wanted.merchant or merchant
    if not wanted.how or (wanted.merchant and not visitor.sees(wanted.merchant)):
        return []
    if not shop:  # a reference number says nothing of whose it is
        found = await over_cells.each(desk, lambda one: _find(one, wanted, ""))
        rows: list[Voucher] = over_cells.joined(found)
        return sorted(rows, key=lambda one: one.row["received_at"], reverse=True)
    try:
        return await _find(await over_cells.serving(desk, shop), wanted, shop)
    except NothingThere:
        return []


async def _find(desk: Desk, wanted: VoucherSearch, shop: str) -> list[Voucher]:
    pool, since = desk.pool, least_id(desk.clock.now() - _REFUSED_SINCE)
    if wanted.how == "slip":
        key = {"trace": wanted.number, "terminal": wanted.terminal, "batch": wanted.batch}
        rows = await pool.fetch(*_SQL["by_slip"](merchant=shop, **key))
    elif wanted.how == "reference":
        rows = await pool.fetch(*_SQL["by_reference"](merchant=shop, rrn=wanted.number))
        key = {"rrn": wanted.number}
    elif not shop:
        return []
    else:
        rows = await pool.fetch(*_SQL["by_voucher"](merchant=shop, trace=wanted.number))
        key = {"trace": wanted.number}
    asked = dict.fromkeys(("trace", "rrn", "terminal", "batch"), "") | key
    rows += await pool.fetch(*_SQL["refused"](merchant=shop, since_id=since, **asked))
    found = sorted(map(dict, rows), key=lambda row: row["received_at"], reverse=True)
    return await _standing(desk, _by_sale(found))


@dataclass(frozen=True, slots=True)
class Day:
    """The sales that a shop wanted undone on a business day, each once, the latest first.

    `back` is what goes back of them in minor units by currency; None when there are more tries than
    were read, so that no sum is said that is not whole.
    """

    sales: Sequence[Voucher]
    back: Mapping[str, int] | None


async def today(desk: Desk, merchant: str) -> Day:
    """Give what the shop has asked to be undone on this business day; raises `NothingThere`."""
    there = await over_cells.serving(desk, merchant)
    now = desk.clock.now()
    ends = await agreed(there.pool, merchant)
    day = desk.calendar.business_date(now, ends)
    since = desk.calendar.ends(day - _DAY, ends) - _APART
    found = await there.pool.fetch(
        *_SQL["today"](
            merchant=merchant,
            business_date=day,
            since=since,
            since_id=least_id(since),
            kinds=list(UNDOING),
            limit=_ASKED,
        )
    )
    rows = [dict(row) for row in found]
    sales = await _standing(there, _by_sale(rows))
    of_today = [
        one
        for one in sales
        if one.about["undone_at"]
        and desk.calendar.business_date(one.about["undone_at"], ends) == day
    ]
    back = _back(of_today, rows) if len(rows) < _ASKED else None
    return Day(sales[:_TODAY], back)


def _by_sale(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Keep of each sale the first row: one entry for all that was tried with it."""
    kept: dict[UUID, Mapping[str, Any]] = {}
    for row in rows:
        kept.setdefault(_sale(row) or row["id"], row)
    return list(kept.values())


def _back(sales: Sequence[Voucher], rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Add up what goes back of a day's sales, each once: whole, or what was refunded that day."""
    refunded: dict[UUID | None, int] = {}
    for row in rows:
        if row["kind"] in REFUNDS and row["state"] == "approved":
            refunded[_sale(row)] = refunded.get(_sale(row), 0) + row["amount"]
    sums: dict[str, int] = {}
    for one in sales:
        about, undone = one.about, {Standing.VOIDED, Standing.REFUNDED}
        whole = one.standing in undone and about["sale_kind"] in TAKING
        part = refunded.get(about["sale_id"], about["sale_amount"] if whole else 0)
        if part:
            sums[one.row["currency"]] = sums.get(one.row["currency"], 0) + part
    return sums


@over_cells.together(over_cells.of_one("merchant_id", _SHOPS))
async def shops(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give the merchants that a visitor may choose from."""
    rows = await desk.pool.fetch(*_SQL["shops"](merchant=visitor.merchant_id, limit=_SHOPS))
    return [dict(row) for row in rows]


def least_id(at: datetime) -> UUID:
    """Give the least UUIDv7 of a moment."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


# How it stands ----------------------------------------------------------------------------------

# States of a sale that say by themselves how it stands.
_BY_SALE: Final = {
    "voided": Standing.VOIDED,
    "refunded": Standing.REFUNDED,
    "partly_refunded": Standing.PARTLY,
    "declined": Standing.NOTHING,
    "reversed": Standing.NOTHING,
    **dict.fromkeys(_UNFINISHED, Standing.WORKING),
    "disputed": Standing.UNPROVED,
}


def standing(about: Mapping[str, Any], *, undoing: bool) -> Standing:
    """Say how a sale stands. `undoing`: the voucher that was looked for is a void or refund.

    What has a case that is open is worked on, and what has one that nobody could prove is not
    proved, whatever else is known of it.
    """
    if about["ended"] == "":
        return Standing.WORKING
    if about["ended"] == UNPROVED:
        return Standing.UNPROVED
    by_sale = _BY_SALE.get(about["sale_state"] or "")
    if by_sale is not None:
        return by_sale
    if about["undo_state"] is None and about["ended"] is None and not undoing:
        return Standing.STANDS
    # A void that has just failed has no case yet; it is opened in a moment.
    failed = about["ended"] is None and about["undo_kind"] not in REFUNDS
    unfinished = about["undo_state"] in _UNFINISHED
    if failed or unfinished:
        return Standing.WORKING
    return Standing.WITHDRAWN if about["withdrawn"] else Standing.REFUSED


async def _standing(desk: Desk, rows: Sequence[Mapping[str, Any]]) -> list[Voucher]:
    found: dict[UUID, Mapping[str, Any]] = {}
    for merchant in {row["merchant_id"] for row in rows}:
        mine = [row for row in rows if row["merchant_id"] == merchant]
        about = await desk.pool.fetch(
            *_SQL["standing"](
                merchant=merchant,
                ids=[row["id"] for row in mine],
                sales=[_sale(row) for row in mine],
                kinds=list(UNDOING),
            )
        )
        found |= {row["id"]: dict(row) for row in about}
    return [
        Voucher(standing(found[row["id"]], undoing=row["kind"] in UNDOING), row, found[row["id"]])
        for row in rows
    ]


def _sale(row: Mapping[str, Any]) -> UUID | None:
    """Give the sale that a voucher is about: its original, or itself."""
    return row["original_id"] if row["kind"] in UNDOING else row["id"]
