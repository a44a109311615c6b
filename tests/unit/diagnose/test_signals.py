"""Each signal: what makes it speak, what makes it say nothing, and its sentence."""

import re
from typing import Any

import pytest

from annul.diagnose.facts import FACTS, Fact, Facts
from annul.diagnose.signals import _SOON, SIGNALS, Signal
from annul.domain import admission, void_rules
from annul.domain.states import State
from annul.issuers.errors import Silence

_EACH = pytest.mark.parametrize("signal", SIGNALS.values(), ids=lambda signal: signal.name)


def _facts(known: dict[str, Any]) -> Facts:
    return Facts({name: Fact(value, "test") for name, value in known.items()})


def _spoken(known: dict[str, Any]) -> set[str]:
    facts = _facts(known)
    return {name for name, signal in SIGNALS.items() if signal.speaks(facts)}


@_EACH
def test_it_needs_declared_facts_and_shows_only_these(signal: Signal) -> None:
    assert signal.needs
    assert set(signal.needs) <= set(FACTS)
    for text in signal.said:
        numbers = {int(number) for number in re.findall(r"{(\d+)}", text)}
        assert numbers <= set(range(len(signal.needs)))


@_EACH
def test_without_one_of_its_facts_it_says_nothing(signal: Signal) -> None:
    assert signal.speaks(Facts({})) is None
    whole = {need: Fact(1, "test") for need in signal.needs}
    for left_out in signal.needs:
        part = {need: fact for need, fact in whole.items() if need != left_out}
        assert signal.speaks(Facts(part)) is None


@_EACH
def test_its_sentence_is_whole_in_both_languages(signal: Signal) -> None:
    zh, en = signal.line(Facts({need: Fact(7, "test") for need in signal.needs}))
    assert zh
    assert not zh.isascii()
    assert en.isascii()
    assert not set("{}") & set(zh + en)


_COVER: dict[str, Any] = {"merchant.counted": 4_000, "void.takes": 10_000}
_SHORT: dict[str, Any] = {
    "void.amount": 10_000,
    "void.takes": 9_950,
    "merchant.counted": 9_949,
    "merchant.available": 9_949,
}
_PAID: dict[str, Any] = {**_COVER, "merchant.available": 4_000}


def _rule(ago: int, *, allowed_before: bool) -> dict[str, Any]:
    return {"issuer.rule_changed": ago, "issuer.allowed_before_change": allowed_before}


@pytest.mark.parametrize(
    ("name", "facts", "speaks"),
    [
        ("frozen_would_do", {**_COVER, "merchant.frozen": 6_000}, True),
        ("frozen_would_do", {**_COVER, "merchant.frozen": 5_999}, False),
        ("frozen_would_do", {**_COVER, "merchant.frozen": 0}, False),
        ("frozen_would_do", {**_COVER, "void.takes": 4_000, "merchant.frozen": 6_000}, False),
        ("pending_would_do", {**_PAID, "merchant.pending": 6_000}, True),
        ("pending_would_do", {**_PAID, "merchant.pending": 5_999}, False),
        # Pending money counted already, so it is not what is missing.
        (
            "pending_would_do",
            {**_PAID, "merchant.available": 1_000, "merchant.pending": 6_000},
            False,
        ),
        # To the fen, with the fee that comes back with a void.
        ("frozen_would_do", {**_SHORT, "merchant.frozen": 1}, True),
        ("pending_would_do", {**_SHORT, "merchant.pending": 1}, True),
        ("late_often", {"issuer.slow_share_recent": 0.04}, False),
        ("late_often", {"issuer.slow_share_recent": 0.06}, True),
        ("rule_new", _rule(_SOON, allowed_before=True), True),
        ("rule_new", _rule(_SOON + 1, allowed_before=True), False),
        ("rule_new", _rule(_SOON, allowed_before=False), False),
        ("rule_old", _rule(_SOON + 1, allowed_before=True), True),
        ("rule_old", _rule(_SOON, allowed_before=False), True),
        ("rule_old", _rule(_SOON, allowed_before=True), False),
        ("repeated", {"void.since_last_attempt": 59.9}, True),
        ("repeated", {"void.since_last_attempt": 60.0}, False),
        ("terminal_reverses", {"terminal.reversals": 1}, False),
        ("terminal_reverses", {"terminal.reversals": 2}, True),
        ("terminal_drops", {"terminal.link_drops": 0}, False),
        ("link_steady", {"issuer.link_drops": 0}, True),
        ("drops_often", {"issuer.link_drops": 0}, False),
        ("answered_unheard", {"void.answer_ms": 80, "void.reversed_by": "terminal"}, True),
        ("answered_unheard", {"void.answer_ms": 80, "void.reversed_by": "host"}, False),
        ("answered_unheard", {"void.answer_ms": 9_000, "void.reversed_by": "terminal"}, False),
    ],
)
def test_thresholds(name: str, facts: dict[str, Any], speaks: bool) -> None:
    assert SIGNALS[name].speaks(_facts(facts)) == speaks


# name -> the share of others that it is about, and a share that speaks for it.
_SHARES = {
    "all_silent": ("silent", 1.0, "witnesses"),
    "all_fail": ("fault", 1.0, "requests"),
    "others_fine": ("approval", 1.0, "requests"),
    "none_approved": ("approval", 0.0, "requests"),
    "others_same": ("same_code", 1.0, "requests"),
    "alone": ("same_code", 0.0, "requests"),
}


@pytest.mark.parametrize("name", _SHARES)
def test_what_others_say_counts_by_how_many_they_are(name: str) -> None:
    """No step at four of them: one says a little, a dozen nearly all."""
    what, share, among = _SHARES[name]

    def strength(count: int, share: float = share) -> float:
        known = {f"issuer.{what}_share_recent": share, f"issuer.{among}_recent": count}
        found = SIGNALS[name].speaks(_facts(known))
        assert found is not None
        return found

    by_number = [strength(count) for count in range(13)]
    assert by_number == sorted(by_number)
    assert by_number[0] == 0.0 < by_number[1] < 0.5
    assert by_number[12] > 0.9
    assert strength(12, 1 - share) == 0.0
    assert 0.0 <= strength(12, 0.5) < 0.4


def test_every_state_of_an_original_is_heard_in_one_way() -> None:
    ways = {"original_declined", "original_open", "original_undone", "original_stands"}
    for state in State:
        assert len(_spoken({"original.state": state.value}) & ways) == 1


# Rules that are heard through facts of the original instead of their name.
_SEEN_OTHERWISE = {
    "other_terminal",
    "original_declined",
    "original_unfinished",
    "already_undone",
    "card_differs",
    "amount_differs",
    "original_settled",
    "original_of_other_day",
}
_LINKS = ("refused", "unreachable", "lost", "sign_on", "not_connected")


_WHYS = {
    *(ruling.name for _, ruling in (*void_rules.RULES, *admission.RULES)),
    admission.MERCHANT_UNKNOWN.name,
    admission.TERMINAL_UNKNOWN.name,
    *(silence.value for silence in Silence),
    *(f"link_{trouble}" for trouble in _LINKS),
    "no_route",
    "host_interrupted",
    "mac_wrong",
    "mac_missing",
    "pin_block",
    "pin_key_missing",
}


@pytest.mark.parametrize("why", sorted(_WHYS - _SEEN_OTHERWISE))
def test_no_reason_of_this_host_goes_unheard(why: str) -> None:
    assert _spoken({"void.why": why})


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        ("rule_interval", {"card.since_last_void": 0.4}, "0 s after the last void"),
        (
            "rule_amount",
            {"issuer.void_amount_limit": 50_000, "void.amount": 60_050},
            "CNY 600.50 is over the issuer's limit CNY 500.00",
        ),
        ("rule_new", {"issuer.rule_changed": 1.0}, "changed 1 s ago"),
        ("late_often", {"issuer.slow_share_recent": 1}, "100% of the answers"),
        ("frozen_would_do", {"merchant.frozen": 12_345}, "123.45 are frozen"),
    ],
)
def test_shares_seconds_and_money_are_shown_as_what_they_are(
    name: str, facts: dict[str, Any], words: str
) -> None:
    signal = SIGNALS[name]
    assert words in signal.line(_facts(dict.fromkeys(signal.needs, 0) | facts))[1]
