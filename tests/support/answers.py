"""What an issuer answers to many voids, by a rule that nobody knows: as samples."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

NOW: Final = datetime(2026, 11, 20, 6, tzinfo=UTC)  # 14:00 in the zone
ZONE: Final = ZoneInfo("Asia/Shanghai")
ISSUER: Final = "00000101"
_COLUMNS: Final = (
    "merchant_id", "id", "issuer_id", "prefix", "role", "at", "original_id", "amount", "age_s",
    "place", "since_s", "minute", "sale_minute", "whole", "same_day", "ok", "code", "amid", "card",
)  # fmt: skip


@dataclass
class Asked:
    """One void or refund before it is answered."""

    at: datetime
    amount: int
    age_s: int
    place: int | None
    since_s: int | None
    prefix: str
    role: str = "void"
    whole: bool = True
    amid: float | None = 0.0
    ok: bool = True
    code: str = "00"
    card: int | None = None

    @property
    def minute(self) -> int:
        return _minute(self.at)

    @property
    def sale_minute(self) -> int:
        return _minute(self.at - timedelta(seconds=self.age_s))


def _minute(at: datetime) -> int:
    local = at.astimezone(ZONE)
    return local.hour * 60 + local.minute


@dataclass
class Crowd:
    """Voids as shops ask for them, from a seed."""

    seed: int = 1
    days: float = 30.0
    prefixes: Sequence[str] = ("622848", "622200", "621700")
    until: datetime = NOW
    role: str = "void"
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def ask(self, count: int) -> list[Asked]:
        """Make so many, over the days before `until`, oldest first."""
        return sorted((self._one() for _ in range(count)), key=lambda one: one.at)

    def _one(self) -> Asked:
        draw = self.draw
        place = 1 + min(int(draw.expovariate(1.2)), 6)
        again = None if place == 1 else int(draw.lognormvariate(6.5, 1.2)) + 5
        return Asked(
            at=self.until - timedelta(seconds=draw.uniform(0, self.days * 86_400)),
            amount=max(int(draw.lognormvariate(10.2, 1.0)), 100),
            age_s=min(int(draw.lognormvariate(7.0, 1.5)), 80_000),
            place=None if self.role == "refund" else place,
            since_s=None if self.role == "refund" else again,
            prefix=draw.choice(self.prefixes),
            role=self.role,
            whole=self.role != "refund" or draw.random() < 0.5,
        )


def answered(
    asked: Iterable[Asked],
    refused: Callable[[Asked], bool],
    *,
    code: str = "61",
    noise: float = 0.0,
    seed: int = 2,
) -> list[Asked]:
    """Answer by a rule; besides, so many are refused for reasons of their own."""
    draw = random.Random(seed)
    every = list(asked)
    for one in every:
        if refused(one):
            one.ok, one.code = False, code
        elif draw.random() < noise:
            one.ok, one.code = False, draw.choice(("05", "51", "62", "14"))
    return every


async def put_answers(
    pool: asyncpg.Pool, answers: Iterable[Asked], issuer: str = ISSUER, seed: int = 3
) -> None:
    """Keep them as samples of an issuer."""
    draw = random.Random(f"{issuer} {seed}")
    records = [
        (
            "898000058120000", UUID(int=draw.getrandbits(128)), issuer, one.prefix, one.role,
            one.at, UUID(int=draw.getrandbits(128)), one.amount, one.age_s, one.place, one.since_s,
            one.minute, one.sale_minute, one.whole, True, one.ok, one.code, one.amid,
            draw.getrandbits(60) if one.card is None else one.card,
        )
        for one in answers
    ]  # fmt: skip
    async with pool.acquire() as connection:
        await connection.copy_records_to_table("void_samples", records=records, columns=_COLUMNS)
        await connection.execute(
            "INSERT INTO learning (issuer_id, fresh) VALUES ($1, true) "
            "ON CONFLICT (issuer_id) DO UPDATE SET fresh = true",
            issuer,
        )


def sides(answers: Iterable[Asked], beyond: Callable[[Asked], bool]) -> tuple[int, int]:
    """Count how many lie before a boundary and behind it."""
    found: list[Any] = [beyond(one) for one in answers]
    return found.count(False), found.count(True)
