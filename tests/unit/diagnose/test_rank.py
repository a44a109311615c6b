"""The ranking: probabilities whatever the facts, the issuer's word only where it is one."""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.diagnose.causes import CAUSES
from annul.diagnose.codes import SPEAKS
from annul.diagnose.facts import FACTS, Fact, Facts
from annul.diagnose.rank import (
    CODE_SIGNAL,
    SERIES_SIGNAL,
    Look,
    Shifts,
    heard,
    limits,
    rank,
    rank_series,
)
from annul.diagnose.signals import SIGNALS
from annul.domain import admission, refund_rules, void_rules
from annul.domain.response_codes import RESPONSE_CODES
from annul.domain.states import Sent, State
from annul.domain.text import Text
from annul.host.answering import HOST_BUSY, HOST_FAILED
from annul.host.failed import NUMBER_USED
from tests.support.builders import transaction


def _facts(known: Mapping[str, Any]) -> Facts:
    return Facts({name: Fact(value, f"row of {name}") for name, value in known.items()})


_RULES = [ruling.name for _, ruling in (*void_rules.RULES, *admission.RULES)]
_SOURCE = Path(__file__).parents[3] / "src" / "annul"
# Whose requests are none that ask for something back: batches, uploads, sign-in, a reversal itself.
_OTHERS = {"batch", "uploads", "later", "network"}
_OF_OTHERS = {"reversal_contended", "line_not_bound"}
_WORDS: Mapping[str, list[str]] = {
    "void.code": sorted(RESPONSE_CODES),
    "void.sent": [sent.value for sent in Sent],
    "void.why": [*_RULES, "timed_out", "broken", "garbled", "link_lost", "mac_wrong", ""],
    "void.late_code": ["", "00", "05"],
    "void.reversed_by": ["host", "terminal"],
    "original.state": [state.value for state in State],
    "card.other_decline_code": ["41", "59", "51"],
    "issuer.rule_broken": ["", "void_amount_limit", "voids_per_day", "void_supported"],
    "issuer.code_means": [*CAUSES, "nonsense"],
}
_NUMBERS = st.booleans() | st.integers(-1, 10**12) | st.floats(0, 1) | st.floats(0, 10**6)
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(_WORDS[name]) if name in _WORDS else _NUMBERS for name in FACTS
    },
).map(_facts)
_SHIFTS = st.dictionaries(
    st.tuples(st.sampled_from(sorted(CAUSES)), st.sampled_from([*SIGNALS, "code:05", "code:96"])),
    st.floats(-2, 2),
    max_size=6,
)


def _first(known: Mapping[str, Any], shifts: Shifts | None = None) -> str:
    return rank(_facts(known), shifts)[0].cause.name


def _code_line(known: Mapping[str, Any]) -> Text:
    evidence = (one for finding in rank(_facts(known)) for one in finding.evidence)
    return next(one.line for one in evidence if one.signal == CODE_SIGNAL)


def _codes_heard(known: Mapping[str, Any]) -> list[str]:
    return [name for name in heard(_facts(known)) if name not in SIGNALS]


def _codes(known: Mapping[str, Any], shifts: Shifts | None = None) -> dict[str, float]:
    """Give what a response code adds to each cause."""
    return {
        finding.cause.name: one.weight
        for finding in rank(_facts(known), shifts)
        for one in finding.evidence
        if one.signal == CODE_SIGNAL
    }


@given(_FACTS, _SHIFTS)
def test_whatever_is_known_every_cause_has_a_probability(facts: Facts, shifts: Shifts) -> None:
    findings = rank(facts, shifts)
    assert sorted(finding.cause.name for finding in findings) == sorted(CAUSES)
    probabilities = [finding.probability for finding in findings]
    assert isclose(sum(probabilities), 1.0)
    assert probabilities == sorted(probabilities, reverse=True)
    for finding in findings:
        sizes = [abs(one.weight) for one in finding.evidence]
        assert sizes == sorted(sizes, reverse=True)
        assert all(0 < size <= 12 for size in sizes)
        assert all(one.sources for one in finding.evidence)
        assert set(CAUSES[finding.cause.name].speaks) | {name for _, name in shifts} >= {
            one.signal for one in finding.evidence if one.signal != CODE_SIGNAL
        }
    for name, missing in limits(facts).items():
        assert name in CAUSES
        assert missing
        assert set(missing) <= set(facts.missing())


@given(_FACTS, _SHIFTS)
def test_of_what_speaks_nothing_is_left_out(facts: Facts, shifts: Shifts) -> None:
    speaking = {name for name in heard(facts) if name in SIGNALS}
    for finding in rank(facts, shifts):
        named = {one.signal for one in finding.evidence}
        assert named >= {
            name
            for name in speaking & set(finding.cause.speaks)
            if finding.cause.speaks[name] + shifts.get((finding.cause.name, name), 0.0)
        }


def test_without_facts_common_causes_come_first() -> None:
    priors = [finding.cause.prior for finding in rank(Facts({}))]
    assert priors == sorted(priors, reverse=True)


# Whose word the code is ----------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["not_sent", "possibly_sent"])
def test_the_code_of_this_host_is_no_evidence(sent: str) -> None:
    known = {"void.code": "40", "void.sent": sent, "issuer.code_means": "risk_refusal"}
    taught = {("issuer_error", "code:40"): 2.0}
    assert _codes(known, taught) == {}
    assert _codes_heard(known) == []


def test_the_code_of_the_issuer_is_evidence() -> None:
    known = {"void.code": "40", "void.sent": "answered"}
    assert _codes(known) == SPEAKS["40"]
    assert _codes_heard(known) == ["code:40"]
    assert _code_line(known).en.startswith("the issuer answered 40")


def test_a_code_of_nobody_known_speaks_for_more_and_claims_less() -> None:
    answered = _codes({"void.code": "25", "void.sent": "answered"})
    nobodys = _codes({"void.code": "25"})
    assert set(answered) < set(nobodys)
    assert max(nobodys, key=lambda name: nobodys[name]) == "original_not_found"
    line = _code_line({"void.code": "25"})
    assert "issuer" not in line.en
    assert "发卡行" not in line.zh


def test_what_an_issuer_means_by_a_code_overrides_its_standard_meaning() -> None:
    known = {"void.code": "96", "void.sent": "answered"}
    assert _first(known | {"issuer.code_means": "issuer_limit_count"}) == "issuer_limit_count"
    assert _first(known) != "issuer_limit_count"


def test_a_code_that_no_table_has_can_be_taught() -> None:
    known = {"void.code": "Q7", "void.sent": "answered"}
    assert _codes_heard(known) == ["code:Q7"]
    assert _codes(known) == {}
    assert _codes(known, {("card_problem", "code:Q7"): 1.0}) == {"card_problem": 1.0}


# Facts against codes -------------------------------------------------------------------------

_STANDS: dict[str, Any] = {
    "void.sent": "answered",
    "original.found": True,
    "original.state": "approved",
    "original.same_card": True,
    "original.same_amount": True,
    "original.same_terminal": True,
    "original.same_day": True,
    "original.same_batch": True,
    "void.amount": 60_000,
}
_OLD_RULE = {"issuer.rule_changed": 10**7, "issuer.allowed_before_change": True}
_AMOUNT = {"issuer.rule_broken": "void_amount_limit", "issuer.void_amount_limit": 50_000}


@pytest.mark.parametrize(
    ("code", "told", "cause"),
    [
        ("05", {**_AMOUNT, **_OLD_RULE}, "issuer_limit_amount"),
        ("59", {**_AMOUNT, **_OLD_RULE}, "issuer_limit_amount"),
        ("05", {**_AMOUNT, **_OLD_RULE, "issuer.rule_changed": 60}, "policy_changed"),
        ("61", {"issuer.rule_broken": "void_supported", **_OLD_RULE}, "issuer_unsupported"),
        (
            "91",
            {
                "issuer.rule_broken": "voids_per_day",
                "issuer.voids_per_day": 2,
                "card.voids_today": 2,
                **_OLD_RULE,
            },
            "issuer_limit_count",
        ),
        ("05", {"issuer.maintenance": True}, "issuer_maintenance"),
        ("96", {"issuer.end_of_day": True}, "end_of_day"),
        (
            "05",
            {"issuer.requests_recent": 20, "issuer.fault_share_recent": 1.0},
            "issuer_down",
        ),
        ("05", {"card.other_decline_code": "41", "card.other_declines": 2}, "card_problem"),
        ("05", {"card.other_decline_code": "59", "card.other_declines": 2}, "risk_refusal"),
        ("91", {"original.undone_before": True, "original.state": "voided"}, "already_undone"),
    ],
)
def test_a_strong_fact_beats_a_misleading_code(code: str, told: dict[str, Any], cause: str) -> None:
    assert _first(_STANDS | {"void.code": code} | told) == cause


# What annul gathers when it refuses a void itself, by rule.
_REFUSED: dict[str, Any] = {
    **_STANDS,
    "void.sent": "not_sent",
    "host.refused": True,
    "void.code": "96",
}
# Each way in which this host refuses what asks for something back, and the one cause behind it.
_BY_RULE: dict[str, str] = {
    "other_terminal": "original_mismatch",
    "original_is_advice": "already_settled",
    "original_is_no_sale": "original_mismatch",
    "original_of_other_kind": "original_mismatch",
    "original_declined": "original_declined",
    "original_unfinished": "original_unfinished",
    "original_not_found": "original_not_found",
    "already_undone": "already_undone",
    "refund_just_done": "already_undone",
    "being_undone": "repeated_too_soon",
    "charged_back": "already_undone",
    "card_not_kept": "already_settled",
    "card_differs": "original_mismatch",
    "amount_differs": "original_mismatch",
    "over_the_original": "original_mismatch",
    "same_day": "original_mismatch",
    "reference_differs": "original_mismatch",
    "auth_code_differs": "original_mismatch",
    "original_settled": "already_settled",
    "original_of_other_day": "already_settled",
    "original_too_old": "already_settled",
    "merchant_balance_low": "merchant_balance_low",
    "merchant_inactive": "not_registered",
    "terminal_inactive": "not_registered",
    "merchant_stopped": "not_registered",
    "terminal_stopped": "not_registered",
    "not_signed_in": "keys_out_of_step",
    "batch_differs": "keys_out_of_step",
    "keys_replaced": "keys_out_of_step",
    "pin_block": "keys_out_of_step",
    "pin_key_missing": "keys_out_of_step",
    "kind_not_enabled": "terminal_misconfigured",
    "amount_invalid": "terminal_misconfigured",
    "currency_differs": "terminal_misconfigured",
    "over_terminal_limit": "terminal_misconfigured",
    "over_merchant_limit": "terminal_misconfigured",
    NUMBER_USED: "terminal_misconfigured",
    "format": "terminal_misconfigured",
    "missing_60": "terminal_misconfigured",
    "missing_61": "terminal_misconfigured",
    "reversal_came_first": "terminal_link",
    HOST_BUSY: "acquirer_fault",
    HOST_FAILED: "acquirer_fault",
    "numbers_taken": "acquirer_fault",
    "no_route": "acquirer_fault",
}
# What is known beside the rule when nothing has changed since it was ruled on.
_AS_RULED: dict[str, dict[str, Any]] = {
    "other_terminal": {"original.same_terminal": False},
    "original_declined": {"original.state": "declined"},
    "original_unfinished": {"original.state": "unknown"},
    "already_undone": {"original.state": "voided", "original.undone_before": True},
    "card_not_kept": {"original.same_day": False},
    "card_differs": {"original.same_card": False},
    "amount_differs": {"original.same_amount": False},
    "over_the_original": {"original.same_amount": False},
    "original_settled": {"original.same_batch": False},
    "original_of_other_day": {"original.same_day": False, "original.same_batch": False},
}


def _refused(rule: str) -> dict[str, Any]:
    missing = {"void.missing_field": int(rule[8:])} if rule.startswith("missing_") else {}
    return _REFUSED | {"void.why": rule} | missing


def _rules_of(file: Path) -> Iterator[str]:
    """Name the rules that a handler refuses by, without those of the tables."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refusal":
            for word in node.keywords:
                if word.arg == "rule" and isinstance(word.value, ast.Constant):
                    yield str(word.value.value)


def test_each_way_to_refuse_has_a_cause() -> None:
    tables = (*void_rules.RULES, *refund_rules.RULES, *admission.RULES)
    single = (
        *(void_rules.NOT_FOUND, void_rules.BEING_UNDONE, void_rules.CARD_GONE),
        *(refund_rules.UNTOLD, refund_rules.TOO_OLD, refund_rules.SAME_DAY),
    )
    known = {one.name for one in (*(ruling for _, ruling in tables), *single)}
    said = {
        rule
        for file in (_SOURCE / "host").rglob("*.py")
        if file.stem not in _OTHERS
        for rule in _rules_of(file)
    }
    assert len(said) > 5, "the sources are understood"
    assert known | said - _OF_OTHERS <= set(_BY_RULE)


@pytest.mark.parametrize("rule", _BY_RULE)
@pytest.mark.parametrize("moved_on", [False, True])
def test_a_refusal_of_this_host_has_the_cause_of_its_rule(rule: str, *, moved_on: bool) -> None:
    """Also when what is known of the original is not what it was ruled on: two came at once."""
    found = rank(_facts(_refused(rule) | ({} if moved_on else _AS_RULED.get(rule, {}))))[0]
    assert found.cause.name == _BY_RULE[rule]
    assert found.probability > 0.6


def test_old_software_is_behind_what_makes_no_sense() -> None:
    for rule in ("format", "missing_61"):
        found = rank(_facts(_refused(rule) | {"terminal.software_current": False}))[0]
        assert (found.cause.name, found.probability > 0.6) == ("terminal_outdated", True)


@pytest.mark.parametrize(
    ("money", "cause"),
    [
        ({"merchant.frozen": 60_000, "merchant.pending": 0}, "funds_frozen"),
        ({"merchant.frozen": 0, "merchant.pending": 60_000}, "funds_not_arrived"),
        ({"merchant.frozen": 0, "merchant.pending": 0}, "merchant_balance_low"),
    ],
)
def test_the_money_that_is_missing_tells_why(money: dict[str, int], cause: str) -> None:
    short = {"void.why": "merchant_balance_low", "merchant.counted": 1, "merchant.available": 1}
    short |= {"void.takes": 59_700}
    assert _first(_REFUSED | short | money) == cause


# Lessons, and what could not be told ---------------------------------------------------------


def test_shifts_move_the_ranking_and_are_seen_in_the_evidence() -> None:
    known = _STANDS | {"void.code": "05"}
    second = rank(_facts(known))[1].cause.name
    shifts = {(second, "code:05"): 2.0, (second, "matches"): 0.5}
    assert _first(known, shifts) == second
    assert _codes(known, shifts)[second] - _codes(known).get(second, 0.0) == pytest.approx(2.0)
    assert _first(known | {"void.code": "12"}, shifts) != second


def test_what_could_not_be_told_is_named_with_the_missing_facts() -> None:
    untold = limits(Facts({}))
    assert untold["original_declined"] == ["original.state"]
    assert {"original.same_card", "original.same_amount"} <= set(untold["original_mismatch"])
    told = limits(_facts({"original.state": "approved", "original.undone_before": False}))
    assert not {"original_declined", "already_undone"} & set(told)
    assert "issuer.rule_broken" in told["issuer_limit_amount"]


_MONEY = Text("在此", "here")


def test_programs_read_it_in_one_language_or_both() -> None:
    finding = rank(_facts(_STANDS | {"void.code": "40"}))[0]
    both, english = finding.as_json(_MONEY), finding.as_json(_MONEY, "en")
    assert set(both["title"]) == set(both["next_step"]["system"]) == {"zh", "en"}
    assert english["title"] == finding.cause.title.en
    assert english["evidence"][0]["text"] == finding.evidence[0].line.en
    assert (both["money"], english["money"]) == (_MONEY._asdict(), "here")
    assert both["probability"] == round(finding.probability, 4)


# A series of attempts -------------------------------------------------------------------------

_AT = datetime(2026, 11, 27, 4, tzinfo=UTC)
_ALL_FAIL = {"issuer.requests_recent": 12, "issuer.fault_share_recent": 1.0}
_OTHERS_FINE = {"issuer.requests_recent": 12, "issuer.approval_share_recent": 1.0}


def _look(after_s: float, known: Mapping[str, Any]) -> Look:
    void = transaction(received_at=_AT + timedelta(seconds=after_s), rrn=f"{after_s:012.0f}")
    return Look(void, _facts({**_STANDS, **known}))


def _of_series(*looks: Look) -> str:
    return rank_series(looks)[0].cause.name


def test_one_attempt_is_ranked_as_it_is_alone() -> None:
    look = _look(0, {"void.code": "96"} | _ALL_FAIL)
    assert rank_series([look]) == rank(look.facts)


def test_the_last_code_of_an_outage_does_not_decide() -> None:
    """An issuer that came back said 14 once more: the case ended refused for a card problem."""
    outage = [_look(15.0 * number, {"void.code": "14"} | _ALL_FAIL) for number in range(3)]
    last = _look(45, {"void.code": "14"} | _OTHERS_FINE)
    assert _of_series(last) == "card_problem"
    assert _of_series(*outage, last) == "issuer_down"
    finding = rank_series([*outage, last])[0]
    series = next(one for one in finding.evidence if one.signal == SERIES_SIGNAL)
    assert series.weight > 0
    assert series.sources == tuple(f"transactions {one.void.rrn}" for one in outage)


def test_what_was_long_ago_says_little() -> None:
    outage = [_look(15.0 * number, {"void.code": "96"} | _ALL_FAIL) for number in range(3)]
    later = _look(6 * 3600, {"void.code": "41"} | _OTHERS_FINE)
    assert _of_series(*outage, later) == "card_problem"


def test_a_wrong_key_says_nothing_of_the_next_request() -> None:
    first = _look(0, {"void.sent": "not_sent", "original.same_amount": False})
    second = _look(5, {"void.code": "40"} | _OTHERS_FINE)
    assert _of_series(first) == "original_mismatch"
    assert _of_series(first, second) == "issuer_unsupported"


@given(_FACTS, st.integers(1, 5))
def test_the_same_thing_over_again_adds_up_to_one_and_keeps_its_mind(
    facts: Facts, times: int
) -> None:
    looks = [Look(_look(20.0 * number, {}).void, facts) for number in range(times)]
    findings = rank_series(looks)
    assert isclose(sum(one.probability for one in findings), 1.0)
    first = rank(facts)[0]
    if first.probability > 0.9 and first.cause.lasts_s > 3_600:
        assert findings[0].cause is first.cause
