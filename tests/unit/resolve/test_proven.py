import pytest

from annul.resolve.proven import proven


def _events(*whats: str) -> list[dict[str, object]]:
    return [{"what": what, "evidence": {}} for what in whats]


@pytest.mark.parametrize(
    ("whats", "ended", "cause", "expected"),
    [
        (["opened", "diagnosed", "wait_funds", "retry"], "voided", "funds_frozen", "funds_frozen"),
        (["wait_window", "retry"], "voided", "end_of_day", "end_of_day"),
        (["wait_health", "other_route"], "voided", "issuer_down", ""),  # nobody has seen it
        (["wait_rule", "other_route"], "voided", "repeated_too_soon", "repeated_too_soon"),
        (["wait_window", "retry"], "voided", "issuer_error", ""),  # it waited for something else
        (["wait_funds", "retry", "back_off", "retry"], "voided", "funds_frozen", ""),
        (["retry"], "voided", "timeout", ""),
        (["wait_funds"], "refunded", "funds_frozen", ""),
    ],
)
def test_a_wait_that_one_attempt_was_enough_after_proves_its_cause(
    whats: list[str], ended: str, cause: str, expected: str
) -> None:
    assert proven(_events(*whats), ended, "", cause) == expected


def test_a_refusal_proves_only_what_its_evidence_shows() -> None:
    assert proven([], "refused", "already_undone", "timeout") == "already_undone"
    assert proven([], "refused", "risk_refusal", "risk_refusal") == ""
