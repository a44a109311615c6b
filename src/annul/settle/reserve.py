"""Holds back of days that are paid out at once, and gives free what was held long enough.

Each step finds what is left of its work by itself, as those of business days do: what came back is
kept once for each day, what is held back is written once before its day becomes available, and what
is given free is taken off what is held in the statement that moves it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg

from annul.domain.ledger import OF_TRANSACTIONS
from annul.domain.reserve import (
    HIGH,
    KNOWN,
    MOST_AGE,
    WINDOW,
    Later,
    Pattern,
    held_back,
    pattern,
    share,
)
from annul.store.posting import PARTS
from annul.store.sql import listed, load

_SQL: Final = load(
    "annul.settle", "reserve.sql", of_transactions=listed(sorted(OF_TRANSACTIONS)), **PARTS
)
_MOST: Final = 500  # shops that are judged, or given money free, in one statement


class _Kept(NamedTuple):
    """What is held back of a shop's day: a share, an amount, for so many days, and why."""

    merchant: str
    currency: str
    share: int
    amount: int
    horizon: int
    reason: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reserves:
    """What the shops of a cell have held back."""

    pool: asyncpg.Pool

    async def search(self) -> None:
        """Keep what came back later, of each day that was counted since."""
        span = await self.pool.fetchrow(*_SQL["span"](window=WINDOW))
        if span is None:
            return
        after, until = span["after"], span["counted_to"]
        while day := await self.pool.fetchval(*_SQL["to_search"](after=after, until=until)):
            await self.pool.fetchval(*_SQL["search"](day=day))
            await self.pool.execute(*_SQL["searched"](day=day))
            after = day
        await self.pool.execute(*_SQL["searched"](day=until))

    async def hold(self, today: date) -> None:
        """Write down what is held back of the days of shops that are due and wait for it."""
        while (day := await self.pool.fetchval(*_SQL["owed_day"](today=today))) is not None:
            usual = await self._usual(day)
            while rows := await self.pool.fetch(
                *_SQL["owed"](day=day, today=today, window=WINDOW, most=_MOST)
            ):
                columns = zip(*(_kept(row, day, usual) for row in rows), strict=True)
                names = ("merchants", "currencies", "shares", "amounts", "horizons", "reasons")
                values = dict(zip(names, map(list, columns), strict=True))
                await self.pool.execute(*_SQL["keep"](day=day, **values))

    async def free(self, business_date: date, now: datetime) -> int:
        """Give free what was held long enough or is needed; gives how many moves."""
        total = 0
        while done := await self.pool.fetchval(
            *_SQL["free"](business_date=business_date, now=now, most=_MOST)
        ):
            total += done
        return total

    async def _usual(self, day: date) -> Mapping[str, Pattern]:
        """Give how sales come back at all shops up to a day, by currency."""
        when = {"day": day, "window": WINDOW}
        nets = await self.pool.fetch(*_SQL["all_sold"](**when))
        returned = await self.pool.fetch(*_SQL["all_returned"](**when))
        known = await self.pool.fetch(*_SQL["usual"](day=day, high=HIGH, known=KNOWN))
        times = {row["currency"]: (row["times"], row["shops"]) for row in known}
        found = dict[str, Pattern]()
        for currency in {row["currency"] for row in nets}:
            own = {row["business_date"]: row["net"] for row in nets if row["currency"] == currency}
            first = min(own)
            sold, back = _series(own, first, day), [0] * (MOST_AGE + 1)
            for row in returned:
                place = (row["back_on"] - first).days
                if row["currency"] != currency or place < 0:
                    continue
                sold[place] += row["amount"] - row["disputed"]
                if row["age"] <= min(place, MOST_AGE):
                    back[row["age"]] += row["amount"]
            found[currency] = pattern(sold, back, *times.get(currency, (None, 0)))
        return found


def _series(values: Mapping[date, int], first: date, last: date) -> list[int]:
    """Give a value for each day, nought where there is none."""
    return [values.get(first + timedelta(days=n), 0) for n in range((last - first).days + 1)]


def _kept(row: asyncpg.Record, day: date, usual: Mapping[str, Pattern]) -> _Kept:
    """Say what is held back of a shop's day."""
    base, ppm, whole = row["base"], row["reserve_ppm"], usual[row["currency"]]
    shop = row["merchant_id"], row["currency"]
    if ppm is not None:
        return _Kept(*shop, ppm, held_back(base, ppm), whole.horizon, {"contract": ppm})
    first = min(row["days"])
    sold = _series(dict(zip(row["days"], row["nets"], strict=True)), first, day)
    largest = _series(dict(zip(row["days"], row["largest"], strict=True)), first, day)
    later = _later(row, first, sold)
    made = share(sold, largest, later, base, row["held"], whole)
    return _Kept(*shop, made.ppm, made.amount(base), made.horizon, made.reason)


def _later(row: asyncpg.Record, first: date, sold: list[int]) -> Sequence[Later]:
    """Give what came back within the days that are looked at; adds all that did to what was sold.

    A day's net is less what came back on it of days before; what was disputed is not in it.
    """
    found = list[Later]()
    columns = (row[name] or () for name in ("sold_on", "back_on", "amounts", "disputed"))
    for sold_on, back_on, amount, disputed in zip(*columns, strict=True):
        back = (back_on - first).days
        if back < 0:
            continue
        sold[back] += amount - disputed
        if sold_on >= first:
            found.append(Later((sold_on - first).days, back, amount))
    return found
