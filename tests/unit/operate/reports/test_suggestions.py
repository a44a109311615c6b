"""What is suggested: each cause has a pattern, and a pattern speaks only where there is enough."""

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.text import Text
from annul.operate.reports.counts import Counts
from annul.operate.reports.reading import Key, Pair
from annul.operate.reports.suggestions import NOTHING_TO_CHANGE, PATTERNS, named, suggested

_NAMES = {("issuer", "00000101"): Text("示例银行", "Demo Bank")}


def _pair(now: int, before: int = 0) -> Pair:
    return Pair(Counts(refused=before), Counts(refused=now))


def test_every_cause_points_somewhere_and_nothing_else_does() -> None:
    named_causes = {cause for pattern in PATTERNS for cause in pattern.causes}
    assert named_causes | NOTHING_TO_CHANGE == set(CAUSES)
    assert not named_causes & NOTHING_TO_CHANGE


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda one: one.name)
def test_each_pattern_speaks_from_its_least_on(pattern) -> None:
    member = Key(**dict.fromkeys(pattern.scope, "00000101"))
    cause = min(pattern.causes)

    def found(now: int, before: int, others: int) -> list[str]:
        groups = {
            member._replace(cause=cause): _pair(now, before),
            member._replace(cause="risk_refusal"): _pair(others),
        }
        return [one.pattern.name for one in suggested(groups, _NAMES)]

    name, least = pattern.name, pattern.least
    assert name in found(least, 1, 0)
    assert name not in found(least - 1, 1, 0)
    assert (name in found(least, 0, 0)) is not pattern.again
    few = round(least / pattern.share) if pattern.share else 0
    assert (name in found(least, 1, few * 2)) is not bool(pattern.share)
    [one] = [
        one
        for one in suggested({member._replace(cause=cause): _pair(least, 1)}, _NAMES)
        if one.pattern is pattern
    ]
    assert "{" not in "".join((*one.change, one.there))
    assert str(least) in one.evidence.en
    assert str(least) in one.effect.zh


def test_what_saves_most_comes_first_and_says_of_how_many() -> None:
    groups = {
        Key(issuer="00000101"): Pair(Counts(), Counts(at_once=80, refused=20)),
        Key(issuer="00000101", cause="issuer_limit_amount"): _pair(12, 3),
        Key(issuer="00000101", cause="issuer_error"): _pair(8),
    }
    first, second = suggested(groups, _NAMES)
    assert (first.pattern.name, second.pattern.name) == ("issuer_rule", "issuer_mistake")
    assert (first.failed, first.before, first.saves) == ((12, 20), 3, (12, 100))
    assert first.interval[0] < 0.12 < first.interval[1]
    assert "Demo Bank" in first.change.en
    assert "示例银行" in first.change.zh
    assert first.there == "/issuers/00000101"


def test_who_has_no_name_is_called_by_the_number() -> None:
    assert named(Key(merchant="898"), {}) == ("898", "898")
    assert named(Key(merchant="898", terminal="10000001"), {}).en == "10000001"
    assert named(Key(software="3110"), {}).zh == "3110"
