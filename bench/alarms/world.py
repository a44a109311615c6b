"""Honest traffic of a thousand streams: hours, weekends, days that differ, customers who try again.

Forty issuers of very different size with three kinds and four card ranges each, 667 merchants,
twelve versions of terminal software. Shares of declines differ by issuer, kind, hour and merchant,
and from day to day and hour to hour beyond chance; so does the volume. A customer who is declined
tries again three times in ten, over and over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import cos, exp, pi
from random import Random
from typing import Final, NamedTuple

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream
from annul.domain.kinds import KINDS
from annul.issuers.health import Asked

ISSUERS: Final = 40
_KINDS: Final = (("sale", 0.88, 1.0), ("void", 0.04, 1.6), ("refund", 0.08, 0.6))
_RANGES: Final = (0.4, 0.3, 0.2, 0.1)
_MERCHANTS: Final = 667
_SOFTWARE: Final = 12
STREAMS: Final = 1 + ISSUERS * (1 + len(_KINDS) + len(_RANGES)) + _MERCHANTS + _SOFTWARE

_DECLINED: Final = (0.02, 0.12)  # of issuers
_FAULTS: Final = 0.004
_SILENT: Final = 0.003
_SLOW: Final = 0.01
# Standard deviations of logarithms, from day to day and from hour to hour.
_ISSUER_DAY: Final = 0.10
_ISSUER_HOUR: Final = 0.06
_MERCHANT_DAY: Final = 0.15
_VOLUME_DAY: Final = 0.08
_TRIES_AGAIN: Final = 0.3
_FAILS_AGAIN: Final = 0.8


class Cell(NamedTuple):
    """One issuer, kind and card range."""

    issuer: int
    issuer_id: str
    kind: str
    mti: str
    code: str
    card_range: str


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a day as it turned out: transactions, shares of declines."""

    day: int
    hour: int
    volume: float
    declined: tuple[float, ...]  # by cell
    factors: tuple[float, ...]  # by merchant


class World:
    """What does not change. `daily` is how many transactions a day has on average."""

    def __init__(self, seed: int, daily: float) -> None:
        random = Random(seed)
        self.seed, self.daily = seed, daily
        self.cells: list[Cell] = []
        weights: list[float] = []
        shares: list[float] = []
        for issuer in range(ISSUERS):
            issuer_id = f"{issuer + 1:08d}"
            share = random.uniform(*_DECLINED) if issuer % 2 else random.uniform(0.045, 0.055)
            for kind, often, worse in _KINDS:
                row = KINDS[kind]
                for at, part in enumerate(_RANGES):
                    cards = f"62{issuer:02d}{at:02d}"
                    self.cells.append(
                        Cell(issuer, issuer_id, kind, row.mti, row.processing_code, cards)
                    )
                    weights.append(often * part / (issuer + 1))
                    shares.append(share * worse)
        self.cell_weights = list(accumulate(weights))
        self.cell_parts = [one / sum(weights) for one in weights]
        self.shares = shares
        self.merchants = [f"10458{at:010d}" for at in range(_MERCHANTS)]
        shops = [1 / (at + 3) for at in range(_MERCHANTS)]
        self.merchant_weights = list(accumulate(shops))
        self.merchant_parts = [one / sum(shops) for one in shops]
        self.factors = [exp(random.gauss(0, 0.2)) for _ in range(_MERCHANTS)]
        self.software = {
            (merchant, "10000001"): f"{min(int(random.expovariate(0.4)), _SOFTWARE - 1):08d}"
            for merchant in self.merchants
        }
        self.phases = [random.uniform(-1, 1) for _ in range(ISSUERS)]

    def hours(self, day: int) -> Iterator[Hour]:
        """Give the hours of a day; the same day is the same each time."""
        random = Random(f"{self.seed} {day}")
        busy = exp(random.gauss(0, _VOLUME_DAY)) * (1.25 if day % 7 >= 5 else 0.9)
        issuers = [random.gauss(0, _ISSUER_DAY) for _ in range(ISSUERS)]
        merchants = tuple(
            factor * exp(random.gauss(0, _MERCHANT_DAY) - _MERCHANT_DAY**2 / 2)
            for factor in self.factors
        )
        for hour in range(24):
            shocks = [
                one + random.gauss(0, _ISSUER_HOUR) + 0.15 * phase * cos(2 * pi * hour / 24)
                for one, phase in zip(issuers, self.phases, strict=True)
            ]
            declined = tuple(
                share * exp(shocks[cell.issuer])
                for cell, share in zip(self.cells, self.shares, strict=True)
            )
            shape = 0.06 + max(0.0, 1 - cos(2 * pi * (hour - 3) / 24)) / 2
            volume = self.daily * busy * shape / (24 * 0.56)
            yield Hour(day, hour, volume, declined, merchants)


class Sale(NamedTuple):
    """One transaction: when within the hour in seconds, and what the issuer said."""

    at: float
    cell: Cell
    asked: Asked
    answer: str  # response code, empty for silence
    slow: bool


def sales(world: World, hour: Hour) -> Iterator[Sale]:
    """Play an hour, in the order of time; repeats of customers follow what they repeat."""
    random = Random(f"{world.seed} {hour.day} {hour.hour}")
    count = max(round(random.gauss(hour.volume, hour.volume**0.5)), 0)
    places = random.choices(range(len(world.cells)), cum_weights=world.cell_weights, k=count)
    shops = random.choices(range(_MERCHANTS), cum_weights=world.merchant_weights, k=count)
    at, draw = 0.0, random.random
    for number, (place, shop) in enumerate(zip(places, shops, strict=True)):
        at += 3600 / count
        share = hour.declined[place] * hour.factors[shop]
        cell, merchant = world.cells[place], world.merchants[shop]
        asked = Asked("plain", cell.card_range, merchant, "10000001", f"{number:x}")
        answer, slow = _said(draw(), share)
        yield Sale(at, cell, asked, answer, slow)
        if answer == "51" and draw() < _TRIES_AGAIN:
            again = answer
            while again == "51" and draw() < _FAILS_AGAIN:
                again = "51" if draw() < _FAILS_AGAIN else "00"
                yield Sale(at, cell, asked, again, slow=False)


def _said(drawn: float, declined: float) -> tuple[str, bool]:
    if drawn < declined:
        return "51", False
    if drawn < declined + _FAULTS:
        return "96", False
    if drawn < declined + _FAULTS + _SILENT:
        return "", False
    return "00", drawn > 1 - _SLOW


def counted(world: World, hour: Hour) -> dict[Stream, list[int]]:
    """Give what an hour comes to by stream, each customer once, without playing it.

    Merchants are drawn apart from issuers: each stream is what it would be, not their sum.
    """
    random = Random(f"{world.seed} {hour.day} {hour.hour} whole")
    busy = max(random.gauss(hour.volume, hour.volume**0.5), 0.0)
    cells = {
        cell: _drawn(busy * part, share, random)
        for cell, part, share in zip(world.cells, world.cell_parts, hour.declined, strict=True)
    }
    mean = sum(part * share for part, share in zip(world.cell_parts, hour.declined, strict=True))
    shops = {
        merchant: _drawn(busy * part, mean * factor, random)
        for merchant, part, factor in zip(
            world.merchants, world.merchant_parts, hour.factors, strict=True
        )
    }
    return _by_stream(world, cells, shops)


def _drawn(volume: float, declined: float, random: Random) -> list[int]:
    """Draw the counts of one cell or merchant."""
    count = _poisson(volume, random)
    if not count:
        return [0] * 5
    counts = [0, *(_binomial(count, part, random) for part in (declined, _FAULTS, _SILENT)), 0]
    counts[0] = max(count - sum(counts), 0)
    counts[4] = _binomial(counts[0], _SLOW, random)
    return counts


def _poisson(mean: float, random: Random) -> int:
    if mean > 30:
        return max(round(random.gauss(mean, mean**0.5)), 0)
    left, count = exp(-mean), 0
    drawn = random.random()
    while drawn > left:
        drawn *= random.random()
        count += 1
    return count


def _binomial(count: int, share: float, random: Random) -> int:
    if count * share > 30:
        return round(random.gauss(count * share, (count * share * (1 - share)) ** 0.5))
    if share < 0.05:
        return min(_poisson(count * share, random), count)
    return sum(random.random() < share for _ in range(count))


def _by_stream(
    world: World, cells: Mapping[Cell, list[int]], shops: Mapping[str, list[int]]
) -> dict[Stream, list[int]]:
    found: dict[Stream, list[int]] = {}

    def add(stream: Stream, counts: list[int]) -> None:
        if not any(counts):
            return
        mine = found.setdefault(stream, [0] * 5)
        for at, count in enumerate(counts):
            mine[at] += count

    for cell, counts in cells.items():
        add(EVERYTHING, counts)
        add(Stream(Scope.ISSUER, cell.issuer_id), counts)
        add(Stream(Scope.KIND, f"{cell.issuer_id} {cell.kind}"), counts)
        add(Stream(Scope.RANGE, f"{cell.issuer_id} {cell.card_range}"), counts)
    for merchant, counts in shops.items():
        add(Stream(Scope.MERCHANT, merchant), counts)
        add(Stream(Scope.SOFTWARE, world.software[merchant, "10000001"]), counts)
    return found
