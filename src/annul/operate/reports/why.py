"""Why the share of failed voids changed: which part of it comes from where.

The share of all is the sum over groups (issuer, software) of how much of the traffic is theirs,
times how often each cause strikes there. Both change. The change of a sum of products falls
apart, with nothing left over, into what came of each cause in each group at the mean of both
periods' traffic, and what came of traffic that moved between groups, at the mean of both rates.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from .counts import NONE, Counts

MIX: Final = ""  # in the place of a cause: more or less of the traffic is this group's


class Group(NamedTuple):
    """Voids that share an issuer and the software of their terminals."""

    issuer: str
    software: str


class Part(NamedTuple):
    """What a group and cause add to the change, as a share of all voids; `MIX` for traffic."""

    group: Group
    cause: str
    adds: float
    before: int
    now: int


def parts(
    asked: Mapping[Group, tuple[int, int]], failed: Mapping[tuple[Group, str], tuple[int, int]]
) -> list[Part]:
    """Take the change apart, largest parts first; their sum is the change. Each is (before, now).

    Of a group without voids in one period the rate there is taken as in the other: its coming or
    going is a change of traffic.
    """
    whole = (sum(a for a, _ in asked.values()), sum(b for _, b in asked.values()))
    if not all(whole):
        return []
    of_group: dict[Group, list[tuple[str, int, int]]] = {}
    for (group, cause), (before, now) in failed.items():
        of_group.setdefault(group, []).append((cause, before, now))
    middle = sum(sum(n[place] for n in failed.values()) / whole[place] for place in (0, 1)) / 2
    found: list[Part] = []
    for group, counts in asked.items():
        causes = of_group.get(group, [])
        weight = [counts[place] / whole[place] for place in (0, 1)]
        rates = {cause: _rates(counts, before, now) for cause, before, now in causes}
        rate = sum(a + b for a, b in rates.values()) / 2
        moved = (weight[1] - weight[0]) * (rate - middle)
        found.append(Part(group, MIX, moved, *counts))
        found += [
            Part(group, cause, sum(weight) / 2 * (rates[cause][1] - rates[cause][0]), before, now)
            for cause, before, now in causes
        ]
    return sorted((one for one in found if one.adds), key=lambda one: -abs(one.adds))


def _rates(asked: tuple[int, int], before: int, now: int) -> tuple[float, float]:
    first = before / asked[0] if asked[0] else now / asked[1] if asked[1] else 0.0
    return first, now / asked[1] if asked[1] else first


def counted(
    rows: Iterable[tuple[Group, str, Counts, Counts]],
) -> tuple[dict[Group, tuple[int, int]], dict[tuple[Group, str], tuple[int, int]]]:
    """Give what `parts` takes of counts by group and cause; `MIX` is what went through at once."""
    asked: dict[Group, tuple[Counts, Counts]] = {}
    failed: dict[tuple[Group, str], tuple[int, int]] = {}
    for group, cause, before, now in rows:
        had = asked.get(group, (NONE, NONE))
        asked[group] = (had[0] + before, had[1] + now)
        if before.failed or now.failed:
            failed[group, cause] = (before.failed, now.failed)
    return {group: (a.asked, b.asked) for group, (a, b) in asked.items()}, failed
