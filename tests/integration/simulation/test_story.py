"""Stories of the whole cell: they hold, they can be told again, and they find what is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from annul.simulation.chart import Chart
from annul.simulation.plan import plan
from annul.simulation.scenarios import SCENARIOS, story
from annul.simulation.shrink import shrunk, words
from annul.simulation.story import tell
from annul.simulation.world import World, world
from tests.support.mutants import MUTANTS, Mutant
from tests.support.processes import annul

_SEEDS = 50
_ROUNDS = 10
# Mutants that few seeds find; all of them are hunted by `make simulate-mutants`.
_SOON = {
    "silence_is_a_decline": 5,
    "network_codes_decline": 10,
    "macs_are_not_checked": 10,
    "late_answers_only_noted": 15,
    "denied_reversals_end": 3,
    "late_approvals_do_not_guard": 3,
    "returns_count_twice": 4,
    "moves_are_in_two_payouts": 6,
    "what_is_told_twice_is_not_seen": 3,
    "breaks_hold_no_money": 3,
}


@pytest.fixture(scope="module")
def ground() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.mark.timeout(420)
def test_fifty_stories_hold(tmp_path: Path) -> None:
    file = tmp_path / "simulate.json"
    how_much = (f"--seeds={_SEEDS}", "--rounds=6", "--workers=2")
    done = annul("simulate", *how_much, f"--report={file}", within_s=400, logs=True)
    assert done.status == 0, done.out + done.err
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["seeds"] == _SEEDS
    assert report["voids"] > _SEEDS
    assert not report["failed"]
    assert any(name.startswith("state sale ") for name in report["reached"])
    assert any(name.startswith("pair journal.") for name in report["reached"])
    assert not set(report["never"]) & set(report["reached"])


@pytest.mark.parametrize("scenario", ["", "paid_by_a_bank", "files_deny_what_was_said"])
def test_the_same_seed_is_the_same_story_whatever_was_told_before(
    ground: World, scenario: str
) -> None:
    def log(seed: int) -> list[str]:
        lines: list[str] = []
        tell(ground, story(seed, _ROUNDS, scenario), lines.append)
        return lines

    first = log(7)
    log(8)
    assert log(7) == first
    assert len(first) > 100


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.name in _SOON])
def test_what_was_mended_is_found_when_it_is_undone(ground: World, mutant: Mutant) -> None:
    with mutant.alive():
        for seed in range(1, _SOON[mutant.name] + 1):
            if not tell(ground, story(seed, 30, mutant.scenario)).holds:
                return
    pytest.fail(f"{mutant.name} was not found")


@pytest.mark.parametrize("name", ["dies_after_open_undo", "mistaken_cashier", "a_rule_is_new"])
def test_a_scenario_reaches_what_it_aims_at(ground: World, name: str) -> None:
    told = tell(ground, story(1, 60, name))
    assert told.holds, told.complaints()
    assert set(SCENARIOS[name].aims) <= set(told.reached)


def test_a_story_ends_at_the_merchants_account(ground: World) -> None:
    told = [tell(ground, story(seed, 30, "paid_by_a_bank")) for seed in (1, 2, 3)]
    assert [one.complaints() for one in told] == [[], [], []]
    reached = {name for one in told for name in one.reached}
    assert {"payout paid", "bank booked done", "bank booked repeated"} <= reached
    assert any(name.startswith("death after days.") for name in reached)
    assert any(name.startswith("death before payouts.") for name in reached)


def test_a_story_ends_at_the_cardholders_account(ground: World) -> None:
    names = ("only_a_file_can_tell", "files_deny_what_was_said")
    told = [tell(ground, story(seed, 40, name)) for seed in (1, 2) for name in names]
    assert [one.complaints() for one in told] == [[]] * 4
    reached = {name for one in told for name in one.reached}
    assert {"file discarded", "proof done moved", "proof denied moved undone"} <= reached
    assert {"break state", "break twice", "ended resolved theirs_stand"} <= reached
    assert any(name.startswith("death before matching.") for name in reached)


def test_a_story_that_fails_is_shrunk_to_what_it_takes(ground: World) -> None:
    mutant = next(one for one in MUTANTS if one.name == "silence_is_a_decline")
    with mutant.alive():
        whole = next(
            story
            for story in (plan(seed, 9) for seed in range(1, 60))
            if not tell(ground, story).holds
        )
        short = shrunk(whole, lambda story: not tell(ground, story).holds)
        assert not tell(ground, short).holds
    assert len(short.faults) <= 3 < len(whole.faults)
    assert short.tills * short.hosts <= whole.tills * whole.hosts
    # An answer to another trace is silence to who asked.
    silences = ("lost_request", "lost_answer", "other_trace")
    assert any(silence in words(short) for silence in silences), words(short)


def test_a_chart_shows_one_void_from_terminal_to_issuer(ground: World) -> None:
    chart = Chart()
    tell(ground, plan(3, _ROUNDS), chart=chart)
    text, picture = chart.text(), chart.svg()
    for word in ("terminal", "issuer", "open_undo", "conclude", "200000"):
        assert word in text
        assert word in picture
    assert "62000" not in text + picture, "no card number"


def test_the_command_tells_a_story(tmp_path: Path) -> None:
    file = tmp_path / "void.svg"
    done = annul(
        "simulate", "--seed=3", "--rounds=6", "--tell", f"--svg={file}", within_s=120, logs=True
    )
    assert done.status == 0, done.err
    assert '"seed": 3' in done.out
    assert file.read_text(encoding="utf-8").startswith("<svg")
