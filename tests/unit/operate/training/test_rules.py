"""The settings of training."""

from typing import get_args

import pytest

from annul.desk.roles import ROLES
from annul.operate.training.required import TERMINAL
from annul.operate.training.rules import USUAL_TRAINING, For, TrainingRules


def test_they_know_every_role_and_terminals() -> None:
    assert set(get_args(For)) == {*ROLES, TERMINAL}
    rules = TrainingRules(required={"operator": ["operator"], "terminal": ["cashier"]})
    assert rules.needs == {"operator": ["operator"], "terminal": ["cashier"]}


def test_usually_nothing_is_required_and_this_is_no_sandbox() -> None:
    assert (USUAL_TRAINING.needs, USUAL_TRAINING.sandbox, USUAL_TRAINING.url) == ({}, False, "")


@pytest.mark.parametrize(
    "wrong", [{"required": {"operator": ["tea"]}}, {"required": {"tea": []}}, {"url": "sandbox"}]
)
def test_what_is_wrong_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        TrainingRules.model_validate(wrong)
