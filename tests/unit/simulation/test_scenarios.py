"""Scenarios name what coverage counts, and fields that a plan has."""

from dataclasses import fields

import pytest

from annul.simulation.coverage import OUT_OF_REACH, never
from annul.simulation.plan import Plan, plan
from annul.simulation.scenarios import SCENARIOS, aimed_at, story
from tests.support.mutants import MUTANTS


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_aims_at_what_is_counted(name: str) -> None:
    scenario = SCENARIOS[name]
    assert set(scenario.aims) <= set(never([]))
    assert not set(scenario.aims) & set(OUT_OF_REACH)
    assert set(scenario.plan) <= {field.name for field in fields(Plan)}
    told = story(1, 60, name)
    assert {field: getattr(told, field) for field in scenario.plan} == scenario.plan


def test_a_story_without_a_scenario_is_as_its_seed_has_drawn_it() -> None:
    assert story(7, 60) == plan(7, 60)


def test_only_what_is_missing_is_aimed_at() -> None:
    always = aimed_at([])
    assert not [name for name in always if SCENARIOS[name].aims]
    assert set(aimed_at(["cause end_of_day"])) - set(always) == {"announced_end_of_day"}


def test_a_scenario_without_aims_is_where_a_mutant_is_hunted() -> None:
    assert {name for name, one in SCENARIOS.items() if not one.aims} == {
        mutant.scenario for mutant in MUTANTS if mutant.scenario
    }
