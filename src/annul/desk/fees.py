"""What a merchant is charged, what it costs and leaves; new prices, and what was charged wrongly.

What the schemes cost and what is left to us is ours: who is bound to a merchant never sees it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

import asyncpg

from annul.domain.fees import (
    CARD_TYPES,
    FeeRate,
    FeeTable,
    NoFeeRate,
    Price,
    returned,
)
from annul.domain.kinds import GIVING, TAKING
from annul.domain.ledger import OF_TRANSACTIONS
from annul.domain.states import STANDING
from annul.merchants.cut_overs import day_of
from annul.store.sql import listed, load

from . import over_cells
from .audit import audit
from .cut_overs import TAKEN_UP
from .desk import Desk
from .merchants import find
from .permission import NotAllowed, NotValid, changing, staff
from .roles import Scope, Visitor

_SQL: Final = load(
    "annul.desk",
    "fees.sql",
    of_transactions=listed(sorted(OF_TRANSACTIONS)),
    taking=listed(TAKING),
    giving=listed(GIVING),
    standing=listed(sorted(STANDING)),
)
MOST_DAYS: Final = 92  # that a question looks at
_APART: Final = timedelta(hours=1)  # by which the clocks of hosts may differ
_DAY: Final = timedelta(days=1)
_COSTS: Final = ("issuer", "network")


# What is charged --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Contract:
    """Rates of a merchant: its own, and those of its kind of contract."""

    merchant_id: str
    pricing: str
    rates: tuple[FeeRate, ...]
    table: FeeTable

    def rate(self, card_type: str, party: str, on: date) -> dict[str, Any]:
        """Give a rate in force on a day; `own`: this merchant's alone. Raises `NoFeeRate`."""
        rate = self.table.rate(self.pricing, card_type, party, on, self.merchant_id)
        return {
            "valid_from": rate.valid_from,
            "rate_ppm": rate.rate_ppm,
            "cap": rate.cap,
            "own": rate.pricing == self.merchant_id,
        }

    def following(self, card_type: str, today: date) -> list[dict[str, Any]]:
        """Give what the price will be, from each day on from which it is another one."""
        days = {
            one.valid_from
            for one in self.rates
            if (one.card_type, one.party) == (card_type, "merchant") and one.valid_from > today
        }
        every = [self.rate(card_type, "merchant", day) for day in (today, *sorted(days))]
        return [then for before, then in pairwise(every) if _price(then) != _price(before)]

    def sample(self, card_type: str, amount: int, today: date) -> dict[str, int]:
        """Give what a sale of an amount costs, and what is left of it."""
        fee = self.table.charge(self.pricing, card_type, amount, today, self.merchant_id)
        cost = fee.issuer + fee.network
        return {"amount": amount, "fee": fee.merchant, "cost": cost, "margin": fee.margin}


def _price(rate: Mapping[str, Any]) -> tuple[int, int | None]:
    return rate["rate_ppm"], rate["cap"]


@over_cells.the_one_that_knows
async def schedule(
    desk: Desk, visitor: Visitor, merchant_id: str, amount: int = 0
) -> list[dict[str, Any]]:
    """Give what is charged today by kind of card, what comes, and what a sale of an amount costs.

    A kind that has no rate is left out: its sales cannot be booked. Raises `NothingThere`.
    """
    pricing = (await find(desk, visitor, merchant_id))["pricing"]
    rows = await desk.pool.fetch(*_SQL["rates"](merchant=merchant_id, pricing=pricing))
    rates = tuple(FeeRate(*row) for row in rows)
    contract = _Contract(merchant_id, pricing, rates, FeeTable(rates))
    today = await day_of(desk.pool, desk.calendar, merchant_id, desk.clock.now())
    shown: list[dict[str, Any]] = []
    for card_type in CARD_TYPES:
        with suppress(NoFeeRate):
            line = contract.rate(card_type, "merchant", today) | {
                "card_type": card_type,
                "following": contract.following(card_type, today),
                "sample": contract.sample(card_type, amount, today) if amount else None,
                "costs": {one: contract.rate(card_type, one, today) for one in _COSTS},
            }
            shown.append(_without_ours(line) if visitor.merchant_id else line)
    return shown


def _without_ours(line: dict[str, Any]) -> dict[str, Any]:
    """Leave out what it costs and leaves: for who is bound to a merchant."""
    sample = line["sample"] and {**line["sample"], "cost": None, "margin": None}
    return line | {"costs": None, "sample": sample}


@over_cells.in_its_cell
async def set_price(
    desk: Desk, visitor: Visitor, merchant_id: str, new: Price, reason: str
) -> None:
    """Agree on a price from a business day on that has not begun; the same again changes nothing.

    What was sold on a day is charged alike, so that it can be told by its day. Raises `NotValid`,
    `NothingThere`, `NotAllowed` and `ReasonNeeded`.
    """
    staff(visitor)
    await find(desk, visitor, merchant_id)
    said = asdict(new)
    key = {"merchant": merchant_id, "card_type": new.card_type, "valid_from": new.valid_from}
    scope = Scope.MERCHANTS_WRITE
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        at = desk.clock.now()
        if await _known(connection, key, new):
            return
        open_from = await connection.fetchval(*_SQL["open_from"]())
        begun = await day_of(connection, desk.calendar, merchant_id, at + TAKEN_UP)
        if new.valid_from <= begun or new.valid_from < open_from:
            raise NotValid("a price begins on a business day that has not begun")
        if not await connection.fetchval(*_SQL["add"](merchant=merchant_id, **said)):
            if await _known(connection, key, new):
                return
            raise NotValid("the merchant is moving to another cell")
        await connection.execute(*_SQL["changed"]())
        shown = said | {"valid_from": new.valid_from.isoformat()}
        await audit(connection, visitor, at, "set-price", f"merchant {merchant_id}", reason, shown)


async def _known(connection: Any, key: Mapping[str, Any], new: Price) -> bool:
    """Say whether this has been agreed on already; raises `NotValid` for something else."""
    known = await connection.fetchrow(*_SQL["own"](**key))
    if known is not None and (known["rate_ppm"], known["cap"]) != (new.rate_ppm, new.cap):
        raise NotValid("there is another price from that day on already")
    return known is not None


# What is left -----------------------------------------------------------------------------------


@over_cells.the_one_that_knows
async def margin(
    desk: Desk, visitor: Visitor, merchant_id: str, first: date, last: date
) -> list[dict[str, Any]]:
    """Give what is left of each business day by the ledger, per currency, oldest first.

    `fees` of its sales less those given back, `early` for making it available early, `corrected`
    by people on that day; less the `cost` of issuers and network it is the `margin`. Raises
    `NotAllowed` for who is bound to a merchant, `NothingThere` and `NotValid`.
    """
    if visitor.merchant_id:
        raise NotAllowed
    await find(desk, visitor, merchant_id)
    _check_span(first, last)
    today = await day_of(desk.pool, desk.calendar, merchant_id, desk.clock.now())
    query = _SQL["margin"](merchant=merchant_id, first=first, last=last, today=today)
    return [dict(row) for row in await desk.pool.fetch(*query)]


def _check_span(first: date, last: date) -> None:
    if not first <= last < first + MOST_DAYS * _DAY:
        raise NotValid("the days asked for are at most 92, the first one first")


# What was charged wrongly -----------------------------------------------------------------------


@dataclass(slots=True)
class Difference:
    """What sales of a currency were charged, less what went back, and what they ought to have been.

    Minor units; `difference` is what the merchant gets back, below zero what it still owes.
    """

    currency: str
    sales: int = 0
    charged: int = 0
    ought: int = 0

    @property
    def difference(self) -> int:
        """What sets it right, with the sign of an account's move."""
        return self.charged - self.ought


@over_cells.the_one_that_knows
async def difference(
    desk: Desk,
    visitor: Visitor,
    merchant_id: str,
    first: date,
    last: date,
    prices: Iterable[Price],
) -> list[Difference]:
    """Give what sales of closed business days ought to have been charged by other prices.

    Nothing is changed. Kinds of cards without a price are left out, whatever day the prices say.
    What went back of these sales until now counts; what goes back later returns the share of what
    was charged at first, so who asks again then finds that too. Raises `NotAllowed`,
    `NothingThere` and `NotValid`.
    """
    if visitor.merchant_id:
        raise NotAllowed
    await find(desk, visitor, merchant_id)
    _check_span(first, last)
    by_card = {price.card_type: price for price in prices}
    sums: dict[str, Difference] = {}
    async with (
        desk.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if last >= await connection.fetchval(*_SQL["open_from"]()):
            raise NotValid("only business days that are closed can be compared")
        for day in (first + n * _DAY for n in range((last - first).days + 1)):
            since, until = _of_day(desk, day)
            query, *values = _SQL["charged"](
                merchant=merchant_id, day=day, since=since, until=until, card_types=[*by_card]
            )
            async for row in connection.cursor(query, *values, prefetch=1_000):
                _add(sums.setdefault(row["currency"], Difference(row["currency"])), row, by_card)
    return [sums[currency] for currency in sorted(sums)]


def _of_day(desk: Desk, day: date) -> tuple[datetime, datetime]:
    """Give between when its sales came at whatever cut-over, and a little around it."""
    begins = datetime.combine(day - _DAY, time(0), desk.calendar.zone)
    return begins - _APART, begins + 2 * _DAY + _APART


def _add(one: Difference, row: asyncpg.Record, prices: Mapping[str, Price]) -> None:
    """Count sales that are alike."""
    ought, gone = prices[row["card_type"]].of(row["amount"]), row["gone"]
    times = row["sign"] * row["sales"]
    one.sales += row["sales"]
    one.charged += times * (row["fee"] - row["returned"])
    one.ought += times * (ought - returned(ought, row["amount"], 0, gone))
