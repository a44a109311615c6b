"""The settings of chargebacks, and until when somebody has to act by them."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from annul.domain.chargebacks import MOVES, Act, Deadline, Stage, move
from annul.settle.chargebacks.rules import ChargebackRules

SINCE = datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_a_deadline_is_counted_from_the_act_before() -> None:
    rules = ChargebackRules(represent_days=7)
    first = move(Stage.NOTED, Act.CHARGE_BACK)
    assert first is not None
    assert rules.due(first, SINCE) == SINCE + timedelta(days=7)
    assert [rules.due(one, SINCE) is None for one in MOVES] == [
        one.deadline is Deadline.NONE for one in MOVES
    ]


@pytest.mark.parametrize(
    "wrong", [{"represent_days": 0}, {"answer_days": 731}, {"fee": -1}, {"unknown": 1}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ChargebackRules.model_validate(wrong)
