"""Finds the rules that an issuer's samples say, the likeliest first, and keeps them.

What one rule explains is left out before the next is looked for, so that no refusal makes two.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.learnt import LearntRule, RuleKind, RuleState
from annul.store.sql import load

from .boundaries import (
    FEATURES,
    LEAST,
    OUTAGE,
    REFUSED,
    Behind,
    Boundary,
    boundaries,
    likeliest,
    never,
    of_day,
    proven,
)

_SQL: Final = load("annul.diagnose", "learnt.sql")
DAYS: Final = 42  # that rules are learnt from
LIVE: Final = 5_000  # samples of an issuer that are looked at while others wait
ALL: Final = 1_000_000
_WINDOWS: Final = (
    timedelta(days=DAYS),
    timedelta(days=7),
    timedelta(days=3),
    timedelta(days=1),
    timedelta(hours=3),
)
_DAILY: Final = _WINDOWS[:2]  # hours of the day need several days
# One plan does not suit all issuers, and compiling takes longer than it gives.
_BY_HAND: Final = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off"
_ENOUGH: Final = 10  # on each side, before a rule becomes a policy by itself
_MOST: Final = 4  # rules that are looked for in one fit
_TRIED: Final = 4  # hypotheses that are looked at more closely in each round


class Fitting:
    """Fits issuers. `zone` is that of the business, by its name."""

    def __init__(self, pool: asyncpg.Pool, zone: str) -> None:
        self._pool = pool
        self._zone = zone

    async def fresh(self, most: int) -> list[str]:
        """Name issuers with samples that no fit has seen."""
        return [row["issuer_id"] for row in await self._pool.fetch(*_SQL["fresh"](most=most))]

    async def due(self, day: date, most: int) -> list[str]:
        """Name issuers of which not all samples were looked at on a day."""
        rows = await self._pool.fetch(*_SQL["due"](day=day, most=most))
        return [row["issuer_id"] for row in rows]

    async def rules(self, issuer_id: str) -> tuple[LearntRule, ...]:
        """Give the rules of an issuer that may count."""
        rows = await self._pool.fetch(*_SQL["of_issuer"](issuer=issuer_id))
        return tuple(LearntRule.of(dict(row)) for row in rows)

    async def fit(self, issuer_id: str, now: datetime, most: int = LIVE) -> list[LearntRule]:
        """Find what an issuer's samples say, the newest `most` of them."""
        found: list[LearntRule] = []
        explained: list[Boundary] = []
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(_BY_HAND)
            for _ in range(_MOST):
                asked = _asked(issuer_id, now, most, explained)
                known = {(one.prefix, one.role, one.kind) for one in explained}
                one = await self._next(connection, issuer_id, now, asked, known)
                if one is None:
                    break
                explained.append(one[0])
                found.append(one[1])
        return found

    async def _next(
        self,
        connection: Any,
        issuer_id: str,
        now: datetime,
        asked: dict[str, Any],
        known: set[tuple[str, str, RuleKind]],
    ) -> tuple[Boundary, LearntRule] | None:
        """Give the likeliest rule that holds, None when none does."""
        windows = [now - window for window in _WINDOWS]
        rows = await connection.fetch(*_SQL["totals"](**asked, least=LEAST, windows=windows))
        if not any(row["r"] >= LEAST for row in rows):
            return None
        ranges = len({row["prefix"] for row in rows if row["prefix"]})
        hypotheses = [*never(rows)]
        rows = await connection.fetch(
            *_SQL["boundaries"](**asked, least=LEAST, windows=windows, refused=REFUSED)
        )
        hypotheses += boundaries(rows)
        daily = [now - window for window in _DAILY]
        hypotheses += of_day(
            await connection.fetch(*_SQL["day"](**asked, least=LEAST, windows=daily))
        )
        new = [one for one in hypotheses if (one.prefix, one.role, one.kind) not in known]
        for one in likeliest(new, max(ranges, 1))[:_TRIED]:
            rows = await connection.fetch(
                *_SQL["beyond"](
                    **asked,
                    zone=self._zone,
                    prefix=one.prefix,
                    role=one.role,
                    feature=one.feature,
                    beyond=one.beyond,
                    until=one.until,
                )
            )
            rule = proven(issuer_id, one, [Behind(**row) for row in rows])
            if rule is not None:
                return one, rule
        return None

    async def keep(
        self,
        issuer_id: str,
        found: Sequence[LearntRule],
        now: datetime,
        whole: date | None = None,
    ) -> None:
        """Bring what is kept of an issuer's rules up to date.

        A rule that was found with another boundary is another rule. `whole`: all samples were
        looked at, for that day; then a rule that was not found has ended.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(*_SQL["open"](issuer=issuer_id))
            known = {(row["prefix"], row["role"], row["rule"]): row for row in rows}
            for rule in found:
                row = known.pop((rule.prefix, rule.role, rule.kind), None)
                if row is not None and _same(row, rule):
                    await connection.execute(*_SQL["refresh"](**_values(rule, row["id"], now)))
                    continue
                if row is not None:
                    await self._close(connection, row, now)
                what = {"prefix": rule.prefix, "role": rule.role, "rule": rule.kind.value}
                await connection.execute(*_SQL["add"](**_values(rule, uuid7(), now), **what))
            for row in known.values() if whole else ():
                await self._close(connection, row, now)
            await connection.execute(*_SQL["fitted"](issuer=issuer_id, now=now, day=whole))

    async def _close(self, connection: Any, row: Any, now: datetime) -> None:
        await connection.execute(*_SQL["close"](issuer=row["issuer_id"], id=row["id"], now=now))

    async def adopt_surest(self, issuer_id: str, level: float, now: datetime) -> int:
        """Make policies of rules that are as sure as `level`; gives how many."""
        made = 0
        for rule in () if level > 1 else await self.rules(issuer_id):
            enough = (
                min(rule.refused_beyond, rule.approved_within or rule.refused_beyond) >= _ENOUGH
            )
            if rule.state != RuleState.SUSPECTED or rule.sure < level or not enough:
                continue
            async with self._pool.acquire() as connection, connection.transaction():
                policy = await adopt(connection, rule, "annul", now)
                if policy is not None:
                    made += 1
                    kept = _SQL["adopted"](
                        issuer=issuer_id, id=rule.id, policy=policy, now=now, note=_note(rule)
                    )
                    await connection.execute(*kept)
        return made


async def adopt(connection: Any, rule: LearntRule, who: str, now: datetime) -> UUID | None:
    """Make a policy of a rule; None when no policy says the same, or somebody was faster."""
    if rule.policy is None:
        return None
    return await connection.fetchval(
        *_SQL["adopt"](
            issuer=rule.issuer_id,
            id=UUID(rule.id),
            policy=uuid7(),
            kind=rule.policy.value,
            note=_note(rule),
            who=who,
            now=now,
        )
    )


def _note(rule: LearntRule) -> str:
    return (
        f"learnt: {rule.refused_beyond} refused, {rule.approved_within} approved, "
        f"{rule.sure:.1%} sure"
    )


def _asked(
    issuer_id: str, now: datetime, most: int, explained: Sequence[Boundary]
) -> dict[str, Any]:
    return {
        "issuer": issuer_id,
        "since": now - _WINDOWS[0],
        "most": most,
        "outage": OUTAGE,
        "prefixes": [one.prefix for one in explained],
        "roles": [one.role for one in explained],
        "features": [one.feature for one in explained],
        "beyonds": [one.beyond for one in explained],
        "untils": [one.until for one in explained],
    }


def _same(row: Any, rule: LearntRule) -> bool:
    """Say whether a rule that is kept is the one that was found, seen more exactly by now."""
    if rule.kind in {FEATURES[5], FEATURES[6]}:
        return abs(row["number"] - rule.number) <= 60
    if rule.beyond is None or row["beyond"] is None:
        return True
    mine, theirs = _span(rule.within, rule.beyond), _span(row["within"], row["beyond"])
    return max(mine[0], theirs[0]) <= min(mine[1], theirs[1])


def _span(within: int | None, beyond: int) -> tuple[int, int]:
    """Give between what a boundary lies, the lower one first."""
    other = beyond if within is None else within
    return min(other, beyond), max(other, beyond)


def _values(rule: LearntRule, identity: Any, now: datetime) -> dict[str, Any]:
    kept = {name: getattr(rule, name) for name in _KEPT}
    return {"issuer": rule.issuer_id, "id": identity, "now": now, **kept}


_KEPT: Final[Iterable[str]] = (
    "number", "until", "within", "beyond", "approved_within", "refused_within", "refused_beyond",
    "exceptions", "sure", "code", "since", "changed",
)  # fmt: skip
