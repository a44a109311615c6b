"""The settings of alarms: shops that fall quiet are told of only if somebody wants it."""

import pytest
from pydantic import ValidationError

from annul.domain.alarm_streams import Scope
from annul.operate.alarms.rules import USUAL_RULES, AlarmRules


def test_shops_may_have_closed_early() -> None:
    assert Scope.MERCHANT not in USUAL_RULES.quiet_scopes()
    shops = AlarmRules(shops=True).quiet_scopes()
    assert shops == USUAL_RULES.quiet_scopes() | {Scope.MERCHANT}


@pytest.mark.parametrize("wrong", [{"per_million": 0}, {"history_days": 1}, {"shop": True}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AlarmRules.model_validate(wrong)
