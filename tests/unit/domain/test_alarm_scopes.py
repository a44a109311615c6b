"""One trouble is told of once, for whom it is about."""

from annul.domain.alarm_scopes import explained
from annul.domain.alarm_streams import EVERYTHING, Scope, Stream, Way
from annul.domain.alarms import Counts, Measure

_M = Measure.FAULTS
_BANK, _OTHER = "00000101", "00000202"
_WELL, _ILL = Counts(approved=98, declined=1, faults=1), Counts(approved=30, faults=70)


def _issuer(issuer: str) -> Stream:
    return Stream(Scope.ISSUER, issuer)


def _ways(
    ill: set[tuple[str, str, str, str]], shops: dict[tuple[str, str], Counts]
) -> dict[Way, Counts]:
    """Give counts of two issuers, kinds, ranges and versions, of which some are ill."""
    ways = {
        Way(issuer, kind, f"62{issuer[-1]}{at}00", software): (
            _ILL if (issuer, kind, f"62{issuer[-1]}{at}00", software) in ill else _WELL
        )
        for issuer in (_BANK, _OTHER)
        for kind in ("sale", "void")
        for at in "12"
        for software in ("A", "B")
    }
    return ways | {
        Way(issuer, "", "", "A", shop): counts for (issuer, shop), counts in shops.items()
    }


def _all_of(ways: dict[Way, Counts]) -> list[Stream]:
    return sorted({stream for way in ways for stream in way.streams()})


def _usual(_stream: Stream, _measure: Measure) -> float:
    return 0.01


def _ill(which: dict[Way, Counts]) -> list[Stream]:
    from annul.domain.alarm_streams import summed

    sums = summed(which)
    return [one for one in _all_of(which) if sums[one].faults > 0.05 * sums[one].asked]


def _told(ways: dict[Way, Counts], known: tuple[Stream, ...] = ()) -> set[Stream]:
    return set(explained(_ill(ways), _M, ways, _usual, known).values())


_EVERY = [
    (issuer, kind, f"62{issuer[-1]}{at}00", software)
    for issuer in (_BANK, _OTHER)
    for kind in ("sale", "void")
    for at in "12"
    for software in ("A", "B")
]


def test_an_issuer_that_fails_explains_its_kinds_ranges_and_shops() -> None:
    ill = {one for one in _EVERY if one[0] == _BANK}
    ways = _ways(ill, {(_BANK, "tea"): _ILL, (_OTHER, "tea"): _WELL, (_BANK, "bar"): _ILL})
    assert len(_ill(ways)) > 5
    assert _told(ways) == {_issuer(_BANK)}


def test_a_kind_a_range_and_a_version_are_told_apart() -> None:
    kind = _ways({one for one in _EVERY if one[:2] == (_BANK, "void")}, {})
    assert _told(kind) == {Stream(Scope.KIND, f"{_BANK} void")}
    cards = _ways({one for one in _EVERY if one[2] == "621100"}, {})
    assert _told(cards) == {Stream(Scope.RANGE, f"{_BANK} 621100")}
    version = _ways({one for one in _EVERY if one[3] == "B"}, {})
    assert _told(version) == {Stream(Scope.SOFTWARE, "B")}


def test_a_shop_of_its_own_is_not_the_issuer() -> None:
    """All that fails at both issuers is of one shop, which does a seventh of the business."""
    sick = Counts(approved=20, faults=40)
    some = Counts(approved=93, declined=1, faults=6)
    ways = dict.fromkeys(_ways(set(), {}), some)
    ways |= {Way(one, "", "", "A", "tea"): sick for one in (_BANK, _OTHER)}
    assert Stream(Scope.MERCHANT, "tea") in _ill(ways)
    assert _told(ways) == {Stream(Scope.MERCHANT, "tea")}


def test_everything_and_two_troubles_at_once() -> None:
    assert _told(_ways(set(_EVERY), {})) == {EVERYTHING}
    both = {one for one in _EVERY if one[0] == _BANK or one[:3] == (_OTHER, "void", "622100")}
    told = _told(_ways(both, {}))
    assert _issuer(_BANK) in told
    assert len(told) == 2


def test_what_is_known_explains_first_and_what_lies_outside_is_told() -> None:
    ill = {one for one in _EVERY if one[0] == _BANK}
    ways = _ways(ill, {})
    alarmed = [Stream(Scope.KIND, f"{_BANK} void"), Stream(Scope.SOFTWARE, "A")]
    assert explained(alarmed, _M, ways, _usual, [_issuer(_BANK)]) == dict.fromkeys(
        alarmed, _issuer(_BANK)
    )
    other = Stream(Scope.KIND, f"{_OTHER} void")
    more = _ways(ill | {one for one in _EVERY if one[:2] == (_OTHER, "void")}, {})
    assert explained([other], _M, more, _usual, [_issuer(_BANK)]) == {other: other}


def test_a_shop_that_is_the_first_to_alarm_is_no_scope_of_its_own() -> None:
    """The issuer has not been found yet, but it explains what is seen of the shop."""
    ill = {one for one in _EVERY if one[0] == _BANK}
    ways = _ways(ill, {(_BANK, "tea"): _ILL, (_BANK, "bar"): _ILL, (_OTHER, "tea"): _WELL})
    shop = Stream(Scope.MERCHANT, "tea")
    assert explained([shop], _M, ways, _usual) == {shop: _issuer(_BANK)}


def test_what_no_count_of_the_time_touches_speaks_for_itself() -> None:
    gone = Stream(Scope.MERCHANT, "gone")
    assert explained([gone], _M, _ways(set(), {}), _usual) == {gone: gone}
