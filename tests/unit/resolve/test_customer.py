"""What a customer is told: true as the case stands, without a contradiction, and without blame."""

import re
from itertools import product
from typing import Final

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.kinds import CASED, COMPLETIONS, KINDS, REFUNDS, VOIDS
from annul.resolve.case import ENDS, UNPROVED
from annul.resolve.customer import WITHDRAWN, standing, tell_customer
from annul.resolve.requests import COMPLETED

# What a customer never hears: risk, blame, the shop's money, and the words of the trade.
_NEVER: Final = re.compile(
    r"风险|欺诈|可疑|黑名单|挂失|被盗|没收|余额|冻结原因|资金|故障率|错误|收单|冲正|"
    r"risk|fraud|suspect|stolen|lost|pick|balance|funds|fault|mistake|acquirer|issuer|revers",
    re.IGNORECASE,
)
# What says where the money is: with the shop, on its way back, set aside, never taken, not known.
_WHERE: Final = {
    "stands": re.compile(
        r"仍有效|仍然有效|原消费有效|未退|it stands|payment stands|not .*paid back"
    ),
    "back": re.compile(r"原路退回|goes back|is refunded"),
    "aside": re.compile(
        r"冻结金额|set aside on your card (and|is|stays)|stays set aside|as free|is free"
    ),
    "nothing": re.compile(r"没有被扣款|have not been charged"),
    "unknown": re.compile(r"还没有确认|尚未确定|not confirmed|not known"),
}


def _ends(kind: str) -> tuple[str, ...]:
    if kind in COMPLETIONS:
        return ("", "refused", UNPROVED)
    return ("", *ENDS) if kind in REFUNDS else ("", *ENDS, WITHDRAWN)


_ROWS: Final = [
    (cause, kind, ended) for cause, kind in product(CAUSES.values(), CASED) for ended in _ends(kind)
]


@pytest.mark.parametrize("kind", CASED)
def test_every_way_a_case_stands_has_its_words(kind: str) -> None:
    said = [standing(kind, ended) for ended in _ends(kind)]
    assert len(set(said)) == len(said)
    assert all(one.zh.endswith("。") and one.en.endswith(".") for one in said)


def test_nothing_that_is_said_contradicts_itself() -> None:
    for (cause, kind, ended), language in product(_ROWS, ("zh", "en")):
        said = tell_customer(cause, kind, ended).speak(language)
        where = {name for name, pattern in _WHERE.items() if pattern.search(said)}
        assert len(where) <= 1 or where == {"aside", "unknown"}, (cause.name, kind, ended, said)
        assert ("back" in where) == (
            (ended in {"voided", "refunded"} and KINDS[kind].money == "back") or ended == "refunded"
        ), (cause.name, kind, ended, said)
        if kind in VOIDS and KINDS[kind].money == "back" and ended in {"", WITHDRAWN}:
            assert where == {"stands"}, (cause.name, kind, ended, said)


def test_nobody_is_blamed_and_nothing_is_said_of_risk() -> None:
    for cause, kind, ended in _ROWS:
        said = tell_customer(cause, kind, ended)
        assert not _NEVER.search(said.zh), (cause.name, said.zh)
        assert not _NEVER.search(said.en), (cause.name, said.en)


def test_what_a_cause_proves_is_said_once_it_is_proved() -> None:
    cause = CAUSES["original_declined"]
    assert "not been charged" in tell_customer(cause, "void", "refused").en
    assert "not been charged" not in tell_customer(cause, "void", "").en


def test_a_completion_that_went_through_is_no_failure() -> None:
    said = tell_customer(CAUSES["timeout"], "completion", "refused", COMPLETED)
    assert said == standing("completion", "refused", COMPLETED)
    assert "has been charged" in said.en


def test_no_cause_is_no_word_about_one() -> None:
    assert tell_customer(None, "void", "refused") == standing("void", "refused")
