"""Whatever changed: the parts of a change are the change, and what did not change is no part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.operate.reports.why import MIX, Group, parts

_GROUPS = st.builds(Group, st.sampled_from("ABC"), st.sampled_from("12"))
_COUNTS = st.tuples(st.integers(0, 10_000), st.integers(0, 10_000))


@st.composite
def _traffic(draw: st.DrawFn):
    asked = draw(st.dictionaries(_GROUPS, _COUNTS, min_size=1))
    failed: dict[tuple[Group, str], tuple[int, int]] = {}
    for group, counts in asked.items():
        left = list(counts)
        for cause in "xyz":
            took = draw(st.integers(0, left[0])), draw(st.integers(0, left[1]))
            left = [n - t for n, t in zip(left, took, strict=True)]
            failed[group, cause] = took
    return asked, failed


@given(_traffic())
def test_the_parts_are_the_change(traffic: tuple[dict, dict]) -> None:
    asked, failed = traffic
    whole = [sum(n[place] for n in asked.values()) for place in (0, 1)]
    found = parts(asked, failed)
    if not all(whole):
        assert found == []
        return
    before, now = (sum(n[p] for n in failed.values()) / whole[p] for p in (0, 1))
    assert sum(one.adds for one in found) == pytest.approx(now - before, abs=1e-12)


@given(_traffic())
def test_what_stays_the_same_adds_nothing(traffic: tuple[dict, dict]) -> None:
    asked, failed = traffic
    same = {key: (n[1], n[1]) for key, n in asked.items()}
    alike = {key: (n[1], n[1]) for key, n in failed.items()}
    assert all(abs(one.adds) < 1e-12 for one in parts(same, alike))


def test_a_cause_at_one_issuer_is_named_and_traffic_that_moved_is() -> None:
    a, b = Group("A", "1"), Group("B", "1")
    first, *rest = parts({a: (100, 100), b: (100, 100)}, {(a, "down"): (1, 21), (b, "x"): (5, 5)})
    assert (first.group, first.cause, first.before, first.now) == (a, "down", 1, 21)
    assert first.adds == pytest.approx(0.1)
    assert rest == []
    moved = parts({a: (100, 300), b: (300, 100)}, {(a, "down"): (20, 60), (b, "x"): (3, 1)})
    assert {one.cause for one in moved} == {MIX}
    assert sum(one.adds for one in moved) == pytest.approx(61 / 400 - 23 / 400)
