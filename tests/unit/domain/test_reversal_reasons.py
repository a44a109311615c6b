"""Why something is reversed, in the words of the terminal and of the banks."""

import pytest

from annul.domain.reversal_reasons import BAD_MAC, LATE_ANSWER, REASONS, TIMED_OUT, interbank_reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("98", "4021"),  # no answer
        ("A0", "4355"),  # wrong MAC
        ("96", "4007"),  # the terminal could not finish
        ("06", "4351"),  # it wants it back
        ("", "4351"),
        ("??", "4351"),
    ],
)
def test_what_a_terminal_says_is_a_reason_of_the_banks(said: str, reason: str) -> None:
    assert interbank_reason(said) == reason
    assert reason in REASONS


def test_annuls_own_reasons_say_what_happened_here() -> None:
    assert [REASONS[code][1] for code in (TIMED_OUT, LATE_ANSWER, BAD_MAC)] == [
        "the acquirer's time ran out",
        "the acquirer received a late answer",
        "the acquirer found a wrong MAC in the answer",
    ]


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_has_four_digits_and_two_texts(code: str) -> None:
    zh, en = REASONS[code]
    assert (len(code), code.isdigit()) == (4, True)
    assert en.isascii()
    assert not zh.isascii()
