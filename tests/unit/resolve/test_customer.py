"""What a customer is told: true as the case stands, without a contradiction, and without blame."""

import re
from itertools import product
from typing import Final

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.kinds import CASED, COMPLETIONS, KINDS, REFUNDS, VOIDS
from annul.domain.standing import Standing
from annul.resolve.case import ENDS, UNPROVED
from annul.resolve.customer import WITHDRAWN, stands, tell_customer

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


# Where the money is by the rows once a case has ended; a void that is open may be anywhere.
_ENDED_AS: Final = {
    "voided": Standing.BACK,
    "refunded": Standing.BACK,
    WITHDRAWN: Standing.STANDS,
    UNPROVED: Standing.OPEN,
}


def _places(kind: str, ended: str) -> tuple[Standing, ...]:
    if ended in _ENDED_AS:
        return (_ENDED_AS[ended],)
    return tuple(one for one in Standing if one is not Standing.CHARGED or kind in COMPLETIONS)


_ROWS: Final = [
    (cause, kind, ended, where)
    for cause, kind in product(CAUSES.values(), CASED)
    for ended in _ends(kind)
    for where in _places(kind, ended)
]


@pytest.mark.parametrize("kind", CASED)
def test_every_way_a_case_stands_has_its_words(kind: str) -> None:
    said = [stands(kind, ended, where) for ended in _ends(kind) for where in Standing]
    assert all(one.zh.endswith("。") and one.en.endswith(".") for one in said)
    assert len({stands(kind, "refused", where) for where in Standing}) == len(Standing)


def test_nothing_that_is_said_contradicts_itself() -> None:
    for (cause, kind, ended, place), language in product(_ROWS, ("zh", "en")):
        said = tell_customer(cause, kind, ended, place).speak(language)
        where = {name for name, pattern in _WHERE.items() if pattern.search(said)}
        both = [{"aside", "unknown"}] + [{"back", "stands"}] * (place is Standing.PART_BACK)
        assert len(where) <= 1 or where in both, (cause.name, kind, ended, said)
        back = KINDS[kind].money == "back" and place in {Standing.BACK, Standing.PART_BACK}
        if kind in REFUNDS or KINDS[kind].money == "back":
            assert ("back" in where) is (bool(ended) and back), (cause.name, kind, ended, said)
        if kind in VOIDS and KINDS[kind].money == "back" and ended in {"", WITHDRAWN}:
            assert where == {"stands"}, (cause.name, kind, ended, said)


def test_nobody_is_blamed_and_nothing_is_said_of_risk() -> None:
    for cause, kind, ended, where in _ROWS:
        said = tell_customer(cause, kind, ended, where)
        assert not _NEVER.search(said.zh), (cause.name, said.zh)
        assert not _NEVER.search(said.en), (cause.name, said.en)


def test_where_the_money_is_is_no_matter_of_the_cause() -> None:
    """A case went by `original_declined`, and its customer was told nothing had been charged."""
    said = tell_customer(CAUSES["original_declined"], "void", "refused", Standing.STANDS)
    assert said == stands("void", "refused", Standing.STANDS)
    said = tell_customer(CAUSES["timeout"], "void", "refused", Standing.NEVER_TAKEN)
    assert said.en.startswith("You have not been charged.")


def test_what_a_cause_proves_is_said_once_it_is_proved() -> None:
    cause = CAUSES["original_declined"]
    proved = tell_customer(cause, "void", "refused", Standing.NEVER_TAKEN)
    assert cause.customer.en in proved.en
    assert cause.customer.en not in tell_customer(cause, "void", "", Standing.OPEN).en


def test_what_opened_again_after_the_end_is_not_known() -> None:
    for ended in ("voided", "refunded", "refused"):
        said = tell_customer(None, "void", ended, Standing.OPEN)
        assert said == stands("void", UNPROVED, Standing.OPEN)
    assert "goes back" not in stands("void", "voided", Standing.STANDS).en


def test_a_completion_that_went_through_is_no_failure() -> None:
    said = tell_customer(CAUSES["timeout"], "completion", "refused", Standing.CHARGED)
    assert said == stands("completion", "refused", Standing.CHARGED)
    assert "has been charged" in said.en


def test_no_cause_is_no_word_about_one() -> None:
    refused = ("void", "refused", Standing.STANDS)
    assert tell_customer(None, *refused) == stands(*refused)
