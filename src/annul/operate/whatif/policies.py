"""A changed rule of an issuer, tried on every void that it has answered.

What is compared is what annul takes a void to break, by the code that names causes: none, or which
rule. A rule that an approved void breaks is contradicted by the issuer itself.
"""

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from annul.domain.policies import Circumstances, Policy, PolicyKind, broken, current
from annul.store.sql import load

_SQL: Final = load("annul.operate.whatif", "policies.sql")
_ROWS: Final = 20_000  # voids that are read at once
_EVER: Final = datetime.min.replace(tzinfo=UTC)

Rules = dict[PolicyKind, Policy]


class Differs(NamedTuple):
    """A void of which something else is said: the rule that it breaks, before and after; or none.

    `approved` is what the issuer answered.
    """

    id: UUID
    merchant: str
    at: datetime
    amount: int
    approved: bool
    code: str
    before: str
    after: str


@dataclass(slots=True)
class Tried:
    """How many voids were looked at, and of how many something else is said, by their answer.

    `caught` break a rule now, `freed` break none any more.
    """

    voids: int = 0
    caught_approved: int = 0
    caught_refused: int = 0
    freed_approved: int = 0
    freed_refused: int = 0
    others: int = 0

    def add(self, one: Differs) -> None:
        """Count one of which something else is said."""
        if one.before and one.after:
            self.others += 1
        elif one.after:
            self.caught_approved += one.approved
            self.caught_refused += not one.approved
        else:
            self.freed_approved += one.approved
            self.freed_refused += not one.approved


def changed(policies: Sequence[Policy], kind: PolicyKind, number: int | None) -> list[Policy]:
    """Put one rule in the place of all of its kind, for all time; without a number: none."""
    others = [one for one in policies if one.kind is not kind]
    if number is None:
        return others
    return [*others, Policy(kind, number, _EVER, None, "changed")]


async def known(pool: asyncpg.Pool, issuer_id: str) -> list[Policy]:
    """Give every rule of an issuer that there ever was."""
    return [
        Policy(PolicyKind(row["kind"]), row["number"] or 0, *row[2:])
        for row in await pool.fetch(*_SQL["policies"](issuer=issuer_id))
    ]


async def replay(
    pool: asyncpg.Pool,
    issuer_id: str,
    span: tuple[datetime, datetime],
    after: Sequence[Policy],
    tried: Tried,
) -> AsyncIterator[Differs]:
    """Give each void of a time of which something else would be said, and count in `tried`."""
    before_at = _timed(await known(pool, issuer_id))
    after_at = _timed(after)
    since, until = span
    asked = _SQL["voids"](issuer=issuer_id, since=since, until=until)
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(*asked)
        while rows := await cursor.fetch(_ROWS):
            tried.voids += len(rows)
            for row in rows:
                one = _differs(row, before_at, after_at)
                if one is not None:
                    tried.add(one)
                    yield one


def _differs(
    row: Any, before_at: Callable[[datetime], Rules], after_at: Callable[[datetime], Rules]
) -> Differs | None:
    identity, merchant, at, amount, age_s, place, since_s, ok, code = row
    void = Circumstances(amount, age_s, None if place is None else place - 1, since_s)
    first, second = broken(before_at(at), void), broken(after_at(at), void)
    if (first and first.kind) == (second and second.kind):
        return None
    names = (one.kind.value if one else "" for one in (first, second))
    return Differs(identity, merchant, at, amount, ok, code, *names)


def _timed(policies: Sequence[Policy]) -> Callable[[datetime], Rules]:
    """Give what says which rules count at a moment: they change only where one begins or ends."""
    moments = {moment for one in policies for moment in (one.valid_from, one.valid_until) if moment}
    turns = sorted(moments)
    rules = [current(policies, turn) for turn in turns]

    def at(moment: datetime) -> Rules:
        place = bisect_right(turns, moment)
        return rules[place - 1] if place else {}

    return at
