"""What is usual is learnt from the right hours, and wide where little is known."""

import pytest

from annul.domain.alarm_baseline import History, differs, usual
from annul.domain.alarms import Measure, odds_against

_M = Measure.APPROVALS


def _known(
    total: float, share: float, *, rho: float = 0.0, apart: float = 0.0, here: float = 0.04
) -> History:
    """Give a history whose hours differ beyond chance by `rho`, those of the day by `apart`."""
    hours = 1_000
    within = share * (1 - share) * ((hours - 48) + rho * (total - hours))
    between = share * (1 - share) * (47 + apart * (total - 48))
    mine = total * here
    return History(total, total * share, hours, 48, within, between, mine, mine * share, 30)


def test_nothing_known_is_wide_and_a_part_leans_on_its_whole() -> None:
    alone = usual(_M, History(), None)
    assert alone.upper > 2 * alone.mean
    of_issuer = usual(_M, History(), _known(100_000, 0.02))
    assert of_issuer.mean == pytest.approx(0.02, abs=0.001)
    assert of_issuer.upper > usual(_M, _known(100_000, 0.02), None).upper


def test_the_same_hour_counts_more_than_the_whole_the_more_it_has_seen() -> None:
    few = _known(50_000, 0.05, apart=0.01)._replace(here=30, here_bad=9)
    many = few._replace(here=10_000, here_bad=3_000)
    assert usual(_M, few, None).mean == pytest.approx((9 + 100 * 0.05) / 130, abs=0.002)
    assert usual(_M, many, None).mean == pytest.approx(0.297, abs=0.002)
    alike = _known(50_000, 0.05)._replace(here=30, here_bad=9)
    assert usual(_M, alike, None).mean == pytest.approx(0.05, abs=0.001), "hours do not differ"


@pytest.mark.parametrize("rho", [0.0005, 0.003, 0.02])
def test_how_much_honest_hours_differ_is_measured(rho: float) -> None:
    found = differs(_known(500_000, 0.05, rho=rho))
    assert found == pytest.approx(rho, rel=0.1)
    calm, rough = (
        usual(_M, _known(500_000, 0.05), None),
        usual(_M, _known(500_000, 0.05, rho=rho), None),
    )
    assert rough.upper > calm.upper


def test_the_bound_is_never_below_the_mean_nor_certain() -> None:
    for share in (0.0, 1e-6, 0.01, 0.5, 0.99, 1.0):
        for total in (0, 1, 100, 1_000_000):
            found = usual(_M, _known(total, share), None)
            assert 0 < found.mean <= found.upper <= 0.98 or found.mean > 0.98
            odds = odds_against(found)
            assert all(map(float.__lt__, odds.good, odds.bad))
