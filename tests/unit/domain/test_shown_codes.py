"""No code says at a till that somebody is suspected, or that a card is to be kept."""

import re

import pytest

from annul.domain.response_codes import RESPONSE_CODES
from annul.domain.shown_codes import CONFIDENTIAL, shown

_RISK = re.compile(
    "欺诈|留下此卡|留卡|挂失|被盗|受限制的卡|安全|违反"
    "|fraud|keep|lost card|stolen|restricted card|securi|violat",
    re.IGNORECASE,
)


@pytest.mark.parametrize("code", [*RESPONSE_CODES, "??"])
def test_nobody_reads_of_risk_at_a_till(code: str) -> None:
    said = shown(code)
    for text in (said.title, said.customer, said.cashier):
        assert not _RISK.search(f"{text.zh} {text.en}"), text


def test_what_is_confidential_is_a_code_that_says_so() -> None:
    assert set(RESPONSE_CODES) >= CONFIDENTIAL
    assert shown("51").title.en == "Not enough funds"
