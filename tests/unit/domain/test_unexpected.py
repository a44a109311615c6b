"""What is done about message types that nobody serves."""

import pytest

from annul.domain.kinds import REQUEST_MTIS
from annul.domain.unexpected import Act, unexpected


@pytest.mark.parametrize(
    ("mti", "act"),
    [
        ("0210", Act.CLOSE),
        ("0230", Act.CLOSE),
        ("0810", Act.CLOSE),
        ("0640", Act.IGNORE),
        ("0650", Act.IGNORE),
        ("0302", Act.ANSWER),
        ("0620", Act.ANSWER),
        ("1200", Act.ANSWER),
        ("0290", Act.CLOSE),
        ("", Act.CLOSE),
    ],
)
def test_each_function_of_a_message_has_its_row(mti: str, act: Act) -> None:
    assert unexpected(mti).act is act


def test_no_answer_is_ever_answered() -> None:
    answers = {f"{mti[:2]}{function}{mti[3]}" for mti in REQUEST_MTIS for function in "137"}
    assert {unexpected(mti).act for mti in answers} == {Act.CLOSE}
