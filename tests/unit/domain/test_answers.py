"""What an answer proves: only the issuer's plain word on what was asked."""

import pytest

from annul.domain.answers import ECHOED, REPEAT_DENIED, Verdict, judge, reason_of
from annul.domain.response_codes import APPROVED, BOOKED, RESPONSE_CODES, Effect, effect_of
from annul.domain.reversal_reasons import REASONS


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        *((code, Verdict.APPROVED) for code in ("00", "11", "A2", "A4", "A5", "A6")),
        *((code, Verdict.DECLINED) for code in ("05", "12", "25", "40", "51", "55", "61", "92")),
        # Said instead of the issuer, or of another message: it may have booked all the same.
        *((code, Verdict.OPEN) for code in ("06", "09", "20", "68", "91", "94", "96", "98")),
        *((code, Verdict.OPEN) for code in ("Y1", "ZZ", "")),
        ("10", Verdict.CONTRADICTS),
    ],
)
def test_each_code(code: str, verdict: Verdict) -> None:
    assert judge(code, ()) is verdict


@pytest.mark.parametrize("code", ["00", "05", "96", "10"])
def test_what_does_not_repeat_the_request_contradicts_it(code: str) -> None:
    assert judge(code, (37,)) is Verdict.CONTRADICTS
    assert judge(code, (41, 49), in_full=True) is Verdict.CONTRADICTS


@pytest.mark.parametrize(
    ("code", "verdict"), [("00", Verdict.CONTRADICTS), ("51", Verdict.DECLINED)]
)
def test_a_decline_need_not_repeat_the_amount(code: str, verdict: Verdict) -> None:
    assert judge(code, (4, 49)) is verdict


def test_a_part_that_is_the_whole_is_an_approval() -> None:
    assert judge("10", (), in_full=True) is Verdict.APPROVED


def test_each_contradiction_has_its_reason() -> None:
    assert (reason_of("10", ()), reason_of("00", (4,)), reason_of("00", (37,))) == (
        "4004",
        "4005",
        "4020",
    )
    assert {reason_of(code, ()) for code in RESPONSE_CODES} <= set(REASONS)


def test_the_sets_of_codes_come_from_the_one_table() -> None:
    assert {code for code in RESPONSE_CODES if effect_of(code) is Effect.DONE} == APPROVED
    assert {"10"} == BOOKED - APPROVED


@pytest.mark.parametrize("code", sorted(REPEAT_DENIED))
def test_what_may_deny_a_repeat_is_a_decline_by_itself(code: str) -> None:
    """Of a request that was sent before it proves nothing; that is decided by who has asked."""
    assert judge(code, ()) is Verdict.DECLINED


def test_a_plain_refusal_never_denies_a_repeat() -> None:
    assert not {"05", "51", "54", "55", "91"} & REPEAT_DENIED


@pytest.mark.parametrize("field", ECHOED)
def test_each_field_that_must_be_repeated_contradicts_an_approval(field: int) -> None:
    assert judge("00", (field,)) is Verdict.CONTRADICTS
    declined = judge("51", (field,))
    assert declined is (Verdict.CONTRADICTS if field in {37, 41, 42} else Verdict.DECLINED)


def test_a_part_counts_as_such_whatever_else_differs() -> None:
    assert reason_of("10", (4, 37)) == "4004"
    assert judge("10", (4,), in_full=True) is Verdict.CONTRADICTS


def test_in_full_makes_no_approval_of_anything_else() -> None:
    assert judge("51", (), in_full=True) is Verdict.DECLINED
    assert judge("96", (), in_full=True) is Verdict.OPEN
