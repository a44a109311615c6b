"""What a rule says, to a terminal and to people."""

import pytest

from annul.domain import admission, refund_rules, reversal_rules, void_rules
from annul.domain.response_codes import Effect, effect_of
from annul.domain.rulings import ALLOWED, Ruling, refusal
from annul.domain.text import Text

_REFUSALS = [
    *(row for _, row in admission.RULES),
    admission.MERCHANT_UNKNOWN,
    admission.TERMINAL_UNKNOWN,
    *(row for _, row in void_rules.RULES),
    void_rules.NOT_FOUND,
    *(row for _, row in refund_rules.RULES),
    refund_rules.TOO_OLD,
    refund_rules.SAME_DAY,
]


def test_what_is_allowed_says_so() -> None:
    assert (ALLOWED.ok, ALLOWED.code, ALLOWED.note) == (True, "00", "")


def test_a_refusal_names_what_is_wrong_and_what_to_do() -> None:
    ruling = refusal("58", "other_terminal", "不是原终端", "another one", "请在原终端撤销", "there")
    assert not ruling.ok
    assert ruling.note == "不是原终端,请在原终端撤销"
    assert Ruling(ok=False, code="58", name="x", said=Text("不是原终端", "")).note == "不是原终端"


@pytest.mark.parametrize("ruling", _REFUSALS, ids=lambda ruling: ruling.name)
def test_each_refusal_has_both_languages_and_fits_field_63(ruling: Ruling) -> None:
    assert all((*ruling.said, *ruling.todo))
    assert (ruling.said.en + ruling.todo.en).isascii()
    assert len(f"CUP{ruling.note}".encode("gbk")) <= 163


@pytest.mark.parametrize("ruling", _REFUSALS, ids=lambda ruling: ruling.name)
def test_no_refusal_sounds_like_an_approval(ruling: Ruling) -> None:
    assert effect_of(ruling.code) in {Effect.NOT_DONE, Effect.UNKNOWN}
    assert not ruling.ok


def test_one_code_and_one_text_for_one_name() -> None:
    """A case and its proof go by the name: the tables may not mean different things by it."""
    codes: dict[str, set[str]] = {}
    for ruling in (*_REFUSALS, reversal_rules.OTHER, reversal_rules.AMOUNT):
        codes.setdefault(ruling.name, set()).add(ruling.code)
    assert {name: found for name, found in codes.items() if len(found) > 1} == {}
