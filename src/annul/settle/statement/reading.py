"""Reads a statement: all but its transactions at once, of one moment; these a day at a time."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from typing import Final

import asyncpg

from annul.domain.business_day import CutOvers
from annul.domain.ledger import MERCHANT_PENDING, OF_TRANSACTIONS
from annul.domain.text import Text
from annul.merchants.cut_overs import agreed
from annul.store.sql import listed, load

from .model import (
    FEES,
    GIVEN_BACK,
    MOVEMENTS,
    TAKEN,
    Account,
    Day,
    DoesNotAddUp,
    Line,
    Move,
    NoMerchant,
    NotClosed,
    Payout,
    Period,
    Statement,
    Sums,
)

_SQL: Final = load("annul.settle.statement", "reading.sql", of_transactions=listed(OF_TRANSACTIONS))
_PIECE: Final = 1_000  # transactions at a time
_DAY_S: Final = 600.0  # in which a day of a large cell is found


async def read(pool: asyncpg.Pool, merchant_id: str, period: Period, now: datetime) -> Statement:
    """Read all but the transactions.

    Raises `NoMerchant`, `NotClosed`, and `DoesNotAddUp` where items and balances differ.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        ready = await connection.fetchrow(*_SQL["ready"](merchant=merchant_id, last=period.last))
        if ready is None:
            message = f"there is no merchant {merchant_id}"
            raise NoMerchant(message)
        until = ready["until"]
        if not period.first <= until:
            message = f"no day of {period} is closed"
            raise NotClosed(message)
        span = {"merchant": merchant_id, "first": period.first, "until": until}
        before = await connection.fetch(
            *_SQL["days_before"](merchant=merchant_id, first=period.first)
        )
        days = tuple(Day(*row) for row in await connection.fetch(*_SQL["days"](**span)))
        posted = await connection.fetch(*_SQL["posted"](**span))
        balances = await connection.fetch(*_SQL["balances"](merchant=merchant_id))
        payouts = await connection.fetch(*_SQL["payouts"](**span))
        moves = await connection.fetch(*_SQL["moves"](**span))
        ends = _in_force(await agreed(connection, merchant_id), period.first, until)
    _hold(posted, balances)
    return Statement(
        merchant_id,
        Text(ready["name_zh"], ready["name_en"]),
        period,
        until,
        now,
        tuple(_accounts(before, days, posted)),
        days,
        tuple(Payout(*row) for row in payouts),
        tuple(Move(*row) for row in moves),
        ends,
    )


def _in_force(agreed: CutOvers, first: date, until: date) -> CutOvers:
    """Give what held on some day of a span, the oldest first."""
    begun = [one for one in agreed if one.valid_from <= first][:1]
    return (*begun, *(one for one in reversed(agreed) if first < one.valid_from <= until))


async def lines(pool: asyncpg.Pool, merchant_id: str, day: date) -> AsyncIterator[list[Line]]:
    """Give the transactions of a closed business day, some at a time, in order of time."""
    sql, *values = _SQL["lines"](merchant=merchant_id, day=day)
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(sql, *values, timeout=_DAY_S)
        while rows := await cursor.fetch(_PIECE, timeout=_DAY_S):
            yield [Line(*row) for row in rows]


def _hold(posted: Iterable[asyncpg.Record], balances: Iterable[asyncpg.Record]) -> None:
    """Raise `DoesNotAddUp` unless what all items moved is what stands on the accounts now."""
    sums: dict[tuple[str, str], int] = {}
    for row in posted:
        key = (row["currency"], row["account"])
        if row["account"] != MERCHANT_PENDING:
            sums[key] = sums.get(key, 0) + row["amount"]
    stands = {
        (row["currency"], account): amount
        for row in balances
        for account, amount in row.items()
        if account != "currency"
    }
    wrong = [key for key in sums.keys() | stands.keys() if sums.get(key, 0) != stands.get(key, 0)]
    if wrong:
        told = "; ".join(
            f"{account} {currency}: {sums.get((currency, account), 0)} of items, "
            f"{stands.get((currency, account), 0)} stand"
            for currency, account in sorted(wrong)
        )
        raise DoesNotAddUp(told)


def _accounts(
    before: Iterable[asyncpg.Record], days: Iterable[Day], posted: Iterable[asyncpg.Record]
) -> Iterable[Account]:
    opening: dict[str, Sums] = {}
    moved: dict[str, dict[str, Sums]] = {}
    for row in before:
        opening.setdefault(row["currency"], {})[MERCHANT_PENDING] = row["net"]
    for day in days:
        of = moved.setdefault(day.currency, {})
        for name, amount in (
            (TAKEN, day.taken),
            (GIVEN_BACK, -day.given_back),
            (FEES, -day.fees),
        ):
            sums = of.setdefault(name, {MERCHANT_PENDING: 0})
            sums[MERCHANT_PENDING] += amount
    for row in posted:
        place, account = row["place"], row["account"]
        if place == "before":
            sums = opening.setdefault(row["currency"], {})
        elif place == "within":
            sums = moved.setdefault(row["currency"], {}).setdefault(row["movement"], {})
        else:
            continue
        sums[account] = sums.get(account, 0) + row["amount"]
    for currency in sorted(opening.keys() | moved.keys()):
        of = moved.get(currency, {})
        told = {name: of[name] for name in MOVEMENTS if name in of}
        yield Account(currency, opening.get(currency, {}), told)
