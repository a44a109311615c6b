"""Whom a trouble is about: of all streams that it touches, the one that explains it.

One issuer that fails is seen in all its kinds and ranges, and in the merchants whose customers have
its cards. For each stream it is worked out how much likelier its counts are with a share of trouble
of their own than with the usual one (the scan statistic of Kulldorff, 1997): too wide a scope is
thinned by what works, too narrow a one leaves trouble outside.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from .alarm_streams import Scope, Stream, Way, summed
from .alarms import Counts, Measure, divergence

# Of those that explain about as much, the first: what somebody can be called about.
_ORDER: Final = (
    Scope.ISSUER, Scope.KIND, Scope.RANGE, Scope.SOFTWARE, Scope.MERCHANT, Scope.ALL,
)  # fmt: skip
_AS_GOOD: Final = 0.95
# What is left outside of a scope is as usual as long as it tells less than this, in nats.
_AS_USUAL: Final = 6.0
_NONE: Final = Counts()
_MOST: Final = 8  # troubles at the same moment; what is beyond speaks for itself in the next turn

Share = Callable[[Stream, Measure], float]


def excess(counts: Counts, measure: Measure, usual: float) -> float:
    """Say how much these counts tell against the usual share of trouble, in nats."""
    count, bad = counts.of(measure)
    if not count or bad <= count * usual:
        return 0.0
    return count * divergence(bad / count, usual)


def explained(
    alarmed: Collection[Stream],
    measure: Measure,
    ways: Mapping[Way, Counts],
    usual: Share,
    known: Iterable[Stream] = (),
) -> dict[Stream, Stream]:
    """Give for each alarmed stream the one that explains it; it may be itself.

    `ways` are the counts since the trouble began; `usual` gives the usual share of trouble; `known`
    are scopes of which the trouble is known, and which are looked at first.
    """
    found: dict[Stream, Stream] = {}
    left, rest, before = list(alarmed), dict(ways), list(known)
    for _ in range(_MOST + len(before)):
        if not left:
            break
        scope = before.pop(0) if before else _best(left, measure, rest, usual)
        outside = _without(scope, rest)
        was, sums = summed(rest), summed(outside)
        # What none of these counts touches began earlier, and nobody else explains it.
        done = [
            one
            for one in left
            if one == scope
            or (
                sums.get(one, _NONE) != was.get(one, _NONE)
                and excess(sums.get(one, _NONE), measure, usual(one, measure)) < _AS_USUAL
            )
        ]
        found |= dict.fromkeys(done, scope)
        left = [one for one in left if one not in found]
        rest = outside
    return found | {one: one for one in left}


def _best(
    alarmed: Collection[Stream], measure: Measure, ways: Mapping[Way, Counts], usual: Share
) -> Stream:
    """Give the stream that explains the most of what is left, at all issuers that it touches."""
    wanted = frozenset(alarmed)
    issuers = {way.issuer_id for way in ways if not wanted.isdisjoint(way.streams())}
    touched = {stream for way in ways if way.issuer_id in issuers for stream in way.streams()}
    whole = summed(ways)
    scores = {one: excess(whole[one], measure, usual(one, measure)) for one in touched}
    scores |= {one: scores.get(one, 0.0) for one in alarmed}
    most = max(scores.values())
    near = [one for one, score in scores.items() if score >= most * _AS_GOOD]
    return min(near, key=lambda one: (_ORDER.index(one.scope), -scores[one], one.member))


def _without(scope: Stream, ways: Mapping[Way, Counts]) -> dict[Way, Counts]:
    """Take out what lies within a scope.

    Counts by merchant know issuer and software, neither kind nor range: with a part of an issuer
    they go as far as the issuer. Of the others a merchant takes its part at each issuer.
    """
    if scope.scope is not Scope.MERCHANT:
        return {way: counts for way, counts in ways.items() if not _inside(scope, way)}
    taken: dict[str, Counts] = {}
    whole: dict[str, Counts] = {}
    for way, counts in ways.items():
        if way.merchant == scope.member:
            taken[way.issuer_id] = taken.get(way.issuer_id, _NONE).plus(counts)
        elif not way.merchant:
            whole[way.issuer_id] = whole.get(way.issuer_id, _NONE).plus(counts)
    return {
        way: counts
        if way.merchant or way.issuer_id not in taken
        else _thinned(counts, taken[way.issuer_id], whole[way.issuer_id])
        for way, counts in ways.items()
        if way.merchant != scope.member
    }


def _thinned(counts: Counts, taken: Counts, whole: Counts) -> Counts:
    return Counts(
        *(
            round(count * max(1 - gone / of, 0.0)) if of else count
            for count, gone, of in zip(counts, taken, whole, strict=True)
        )
    )


def _inside(scope: Stream, way: Way) -> bool:
    if scope.scope is Scope.ALL:
        return True
    if way.merchant and scope.issuer_id:
        return scope.issuer_id == way.issuer_id
    if scope.scope is Scope.SOFTWARE:
        return scope.member == way.software
    return scope in way.streams()
