"""Whatever is usual and however counts are split: no bet is favourable, and nothing overflows."""

from math import exp, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.domain.alarm_baseline import History, usual
from annul.domain.alarms import EMPTY, MEASURES, Measure, Usual, judged, odds_against

_SHARES = st.floats(0.0, 1.0)


@given(mean=_SHARES, wider=st.floats(1.0, 5.0), seen=_SHARES)
def test_no_bet_is_favourable_up_to_the_usual_bound(mean: float, wider: float, seen: float) -> None:
    bound = min(max(mean * wider, 1e-6), 0.98)
    odds = odds_against(Usual(mean, bound))
    share = seen * bound
    for bad, good in zip(odds.bad, odds.good, strict=True):
        assert share * exp(bad) + (1 - share) * exp(good) <= 1 + 1e-9


@given(
    parts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), min_size=1, max_size=8),
    bound=st.floats(0.001, 0.5),
)
def test_a_batch_is_worth_what_its_transactions_are(
    parts: list[tuple[int, int]], bound: float
) -> None:
    odds = odds_against(Usual(bound / 2, bound))
    begun = judged(EMPTY, 1e-30, 1, 0, odds)
    singly = begun
    for good, bad in parts:
        singly = judged(singly, 0.0, good + bad, bad, odds)
    count, bad = sum(map(sum, parts)), sum(bad for _, bad in parts)
    assert judged(begun, 0.0, count, bad, odds) == pytest.approx(singly, rel=1e-6, abs=1e-300)


@given(count=st.integers(0, 10**7), share=_SHARES, bound=st.floats(1e-9, 1.0))
def test_no_volume_is_too_large(count: int, share: float, bound: float) -> None:
    account = judged(EMPTY, 1e-6, count, round(count * share), odds_against(Usual(0.0, bound)))
    assert all(isfinite(part) and part >= 0.0 for part in account)


@given(
    measure=st.sampled_from(MEASURES),
    total=st.floats(0, 1e8),
    share=_SHARES,
    here=_SHARES,
    within=st.floats(0, 1e6),
    between=st.floats(0, 1e6),
)
def test_what_is_usual_lies_below_its_bound(
    measure: Measure, total: float, share: float, here: float, within: float, between: float
) -> None:
    hours = min(int(total), 1_000)
    mine = total * here
    own = History(
        total,
        total * share,
        hours,
        min(hours, 48),
        within,
        between,
        mine,
        mine * share,
        hours // 48,
    )
    found = usual(measure, own, None)
    assert 0 < found.upper <= 0.98
    assert found.mean <= found.upper or found.mean > 0.98
