"""The tables of causes and codes hang together and can be read in both languages."""

import re

import pytest

from annul.diagnose.causes import CAUSES, UNKNOWN, Cause
from annul.diagnose.codes import ANYBODY, SPEAKS
from annul.diagnose.signals import SIGNALS
from annul.domain.response_codes import RESPONSE_CODES
from annul.resolve.pace import PATIENCE
from tests.support.judging.claims import claims

# The design's table, none merged.
_DESIGN = [
    "original_unfinished",
    "original_declined",
    "original_not_found",
    "original_mismatch",
    "already_undone",
    "already_settled",
    "merchant_balance_low",
    "funds_frozen",
    "funds_not_arrived",
    "terminal_link",
    "issuer_link",
    "timeout",
    "late_answer",
    "issuer_maintenance",
    "end_of_day",
    "issuer_down",
    "issuer_limit_amount",
    "issuer_limit_count",
    "repeated_too_soon",
    "outside_void_window",
    "policy_changed",
    "issuer_unsupported",
    "risk_refusal",
    "card_problem",
    "terminal_misconfigured",
    "terminal_outdated",
    "keys_out_of_step",
    "not_registered",
    "acquirer_fault",
    "issuer_error",
    UNKNOWN,
]
# Of these the design says: refuse, never retry, or something else must happen first.
_NEVER_BY_ITSELF = {
    "original_declined",
    "original_not_found",
    "original_mismatch",
    "already_undone",
    "already_settled",
    "issuer_unsupported",
    "risk_refusal",
    "card_problem",
}
_EACH = pytest.mark.parametrize("cause", CAUSES.values(), ids=lambda cause: cause.name)
_CODES = [
    pytest.param(code, weights, id=f"{table}-{code}")
    for table, rows in (("speaks", SPEAKS), ("anybody", ANYBODY))
    for code, weights in rows.items()
]


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_every_cause_of_the_design_has_its_own_row() -> None:
    assert sorted(CAUSES) == sorted(_DESIGN)
    assert len({cause.title for cause in CAUSES.values()}) == len(_DESIGN)
    assert all(name == cause.name for name, cause in CAUSES.items())


@_EACH
def test_what_speaks_is_a_signal_and_something_speaks_for_it(cause: Cause) -> None:
    assert set(cause.speaks) <= set(SIGNALS)
    assert 0 not in cause.speaks.values()
    # What is not known yet is what is left: nearly all that speaks, speaks against it.
    assert (max(cause.speaks.values()) > 0.5) is (cause.name != UNKNOWN)


def test_no_two_causes_are_told_by_the_same_signals() -> None:
    told = [
        frozenset((name, weight) for name, weight in cause.speaks.items() if weight > 0)
        for cause in CAUSES.values()
    ]
    assert len(set(told)) == len(told)


def test_every_signal_speaks_of_some_cause() -> None:
    assert set(SIGNALS) == {name for cause in CAUSES.values() for name in cause.speaks}


@_EACH
@pytest.mark.parametrize("part", ["title", "cashier", "support", "system", "customer"])
def test_texts_are_there_in_both_languages(cause: Cause, part: str) -> None:
    text = getattr(cause, part)
    assert _is_chinese(text.zh)
    assert text.en.isascii()
    assert any(letter.isalpha() for letter in text.en)
    if part != "title":
        assert text.zh.endswith("。")
        assert text.en.endswith(".")


@_EACH
@pytest.mark.parametrize("part", ["cashier", "support", "system", "customer"])
def test_a_cause_says_nothing_of_where_the_money_is(cause: Cause, part: str) -> None:
    """Only the rows tell it: "no money was taken" was said of a sale that stood."""
    text = getattr(cause, part)
    assert claims(text.en) == set()
    assert not re.search(r"扣款|退回|未退|仍有效|账目|动账|冻结金额", text.zh), text.zh
    assert not re.search(r"\b(charged|moved|paid back|given back|stands)\b", text.en), text.en


@_EACH
def test_its_patience_is_one_that_the_resolver_has(cause: Cause) -> None:
    assert cause.patience in PATIENCE


def test_what_must_not_be_tried_again_says_so() -> None:
    unsafe = {cause.name for cause in CAUSES.values() if not cause.retry_safe}
    assert unsafe >= _NEVER_BY_ITSELF


def test_every_patience_is_some_causes() -> None:
    assert {cause.patience for cause in CAUSES.values()} == set(PATIENCE)


@pytest.mark.parametrize(("code", "weights"), _CODES)
def test_a_code_speaks_for_known_causes(code: str, weights: dict[str, float]) -> None:
    assert code in RESPONSE_CODES
    assert set(weights) <= set(CAUSES)
    assert all(0 < weight <= 5 for weight in weights.values())
