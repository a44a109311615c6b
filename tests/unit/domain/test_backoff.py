from annul.domain.backoff import Backoff


def test_doubles_up_to_its_limit():
    backoff = Backoff(first_s=1.0, limit_s=10.0)
    assert [backoff.delay(n, lambda: 1.0) for n in (1, 2, 3, 4, 5, 6)] == [1, 2, 4, 8, 10, 10]


def test_jitter_takes_the_upper_half():
    backoff = Backoff(first_s=4.0, limit_s=60.0)
    assert backoff.delay(1, lambda: 0.0) == 2.0
    assert backoff.delay(1, lambda: 0.5) == 3.0


def test_a_link_may_fail_for_months():
    assert Backoff(first_s=0.5, limit_s=30.0).delay(1_000_000, lambda: 0.0) == 15.0
