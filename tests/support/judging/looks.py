"""What annul believed of each case at each of its looks: taken from the resolver itself."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from annul.resolve.case import Case
from annul.resolve.resolver import Resolver
from annul.resolve.situation import Situation

TRIES: Final = 3  # after so many tries of annul's own the second stage is judged


@dataclass(frozen=True, slots=True)
class Look:
    """One look: how often annul had tried by then, and the causes, what is named first."""

    at: datetime
    tries: int
    causes: tuple[tuple[str, float], ...]

    @property
    def named(self) -> str:
        """The cause that was named first."""
        return self.causes[0][0]

    @property
    def probability(self) -> float:
        """How probable it was said to be."""
        return self.causes[0][1]

    def among(self, count: int) -> tuple[str, ...]:
        """Give the first so many causes."""
        return tuple(name for name, _ in self.causes[:count])


class Looks:
    """Notes each look of a resolver, and changes nothing of it."""

    def __init__(self, resolver: Resolver) -> None:
        self._of: defaultdict[UUID, list[Look]] = defaultdict(list)
        self._gather = resolver.situation
        resolver.situation = self._noted  # pyright: ignore[reportAttributeAccessIssue]

    def of(self, case: UUID, since: datetime) -> list[Look]:
        """Give the looks at a case from a time on, the oldest first."""
        return [look for look in self._of[case] if look.at >= since]

    async def _noted(self, case: Case) -> Situation:
        situation = await self._gather(case)
        self._of[case.id].append(look_of(situation))
        return situation


def look_of(s: Situation) -> Look:
    """Give what a situation says: what is named comes first, whatever is more probable."""
    causes = [(one.cause.name, one.probability) for one in s.findings]
    causes.sort(key=lambda one: one[0] != s.named)  # stable: else as they were ranked
    return Look(s.now, len(s.own_tries), tuple(causes))


def flickered(looks: Sequence[Look]) -> bool:
    """Say whether a cause was named again after another one had been."""
    named = [name for name, _ in groupby(look.named for look in looks)]
    return len(named) > len(set(named))


def stages(
    looks: Sequence[Look], tried_at: datetime | None, ended_by: str
) -> tuple[Look, Look, Look]:
    """Give the look at the opening, that after three tries, and the last one.

    Where there were fewer tries it is what was believed at `tried_at`, before anything was put
    right. `ended_by` is the cause that the case has in the end.
    """
    tried = next((look for look in looks if look.tries >= TRIES), None)
    if tried is None:
        known = [look for look in looks if tried_at is None or look.at <= tried_at]
        tried = known[-1] if known else looks[0]
    last = looks[-1]
    causes = sorted(last.causes, key=lambda one: one[0] != ended_by)
    return looks[0], tried, replace(last, causes=tuple(causes))
