"""The scoring of the field: stages, calibration, ends and contradictions are told as they are."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from annul.sim.scenes.field.play import Truth
from annul.sim.scenes.field.situation import SITUATIONS, Area
from tests.support.judging.claims import apart, claims, denied, money
from tests.support.judging.judge import GIVE_UP_S, wrong_end
from tests.support.judging.looks import Look, flickered, stages
from tests.support.judging.playing import turns
from tests.support.judging.score import FieldVoid, calibration, field_report, met

BEGAN = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
DOWN = Truth(("issuer_down",), at_first=("issuer_down", "unknown"), ends=("voided",))


def look(*causes: tuple[str, float], at: float = 0.0, tries: int = 0) -> Look:
    return Look(BEGAN + timedelta(seconds=at), tries, causes)


def failed(*looks: Look, truth: Truth = DOWN, **more: Any) -> FieldVoid:
    first, tried, last = looks if len(looks) == 3 else (looks[0],) * 3
    return FieldVoid("one", "quiet", True, "91", truth, (first, tried, last), **more)


# The situations -----------------------------------------------------------------------------


def test_there_are_situations_of_every_area_and_half_of_the_turns_is_measured_only() -> None:
    assert len(SITUATIONS) >= 60
    assert {one.area for one in SITUATIONS.values()} == set(Area)
    every = turns(lambda _: True)
    assert 0.35 < sum(turn.seen for turn in every) / len(every) < 0.65


def test_each_rule_that_nobody_wrote_down_has_its_usual_code_an_odd_one_and_a_private_one() -> None:
    usual = {"05", "12", "57", "91", "96"}
    for one in SITUATIONS.values():
        if one.area is Area.UNDECLARED:
            assert len(one.codes) == 4, one.name
            assert usual & set(one.codes[1:]), one.name
            assert not one.codes[-1].isdigit(), one.name


# Stages -------------------------------------------------------------------------------------


def test_the_second_stage_is_the_look_after_three_tries() -> None:
    looks = [look(("a", 0.5), at=n, tries=n) for n in range(6)]
    assert [one.tries for one in stages(looks, None, "a")] == [0, 3, 5]


def test_with_fewer_tries_it_is_what_was_believed_before_anything_was_put_right() -> None:
    looks = [look((name, 0.5), at=n) for n, name in enumerate("abc")]
    first, tried, last = stages(looks, BEGAN + timedelta(seconds=1.5), "c")
    assert (first.named, tried.named, last.named) == ("a", "b", "c")


def test_in_the_end_the_cause_counts_that_the_case_has() -> None:
    looks = [look(("issuer_error", 0.6), ("timeout", 0.3))]
    first, _, last = stages(looks, None, "timeout")
    assert (first.named, last.named, last.probability) == ("issuer_error", "timeout", 0.3)


def test_a_cause_that_is_named_again_after_another_one_flickers() -> None:
    assert not flickered([look((name, 0.5)) for name in "aabbc"])
    assert flickered([look((name, 0.5)) for name in "aba"])


# Shares -------------------------------------------------------------------------------------


def test_not_known_yet_is_right_at_first_only_where_it_is_said_so() -> None:
    unknown = failed(look(("unknown", 0.5), ("issuer_down", 0.4)))
    assert [unknown.right(stage) for stage in range(3)] == [True, False, False]
    assert unknown.right(2, 3)


def test_the_report_has_each_stage_and_each_class_apart() -> None:
    right, wrong = look(("issuer_down", 0.9)), look(("issuer_error", 0.9))
    figures = field_report([failed(wrong, wrong, right), failed(right)])
    assert [figures[name]["top1"] for name in ("opening", "after3", "end")] == [0.5, 0.5, 1.0]
    assert figures["per_class"]["quiet"]["end"] == {"voids": 2, "top1": 1.0, "top3": 1.0}


@pytest.mark.parametrize(
    ("more", "figure"),
    [
        ({"spurious": ("issuer_errs",)}, "spurious"),
        ({"contradictions": ("page says stands, it is open",)}, "contradictions"),
        ({"wrong_end": "the money went back twice"}, "wrong ends"),
    ],
)
def test_what_must_not_happen_is_missed_when_it_happens_once(
    more: dict[str, Any], figure: str
) -> None:
    good = failed(look(("issuer_down", 0.99)))
    assert all(met(field_report([good])).values())
    assert not met(field_report([good, failed(look(("issuer_down", 0.99)), **more)]))[figure]


# Calibration --------------------------------------------------------------------------------


def test_a_probability_is_held_against_how_often_it_was_so() -> None:
    half = [failed(look((name, 0.9))) for name in ("issuer_down", "timeout") for _ in range(15)]
    found = calibration(half)
    assert found["bins"] == [{"from": 0.9, "looks": 90, "stated": 0.9, "right": 0.5}]
    assert found["largest_gap"] == 0.4


def test_a_bin_of_few_looks_has_no_gap_and_not_known_states_nothing() -> None:
    assert calibration([failed(look(("timeout", 0.9)))])["largest_gap"] == 0.0
    assert calibration([failed(look(("unknown", 0.9)))] * 30)["bins"] == []


# Ends ---------------------------------------------------------------------------------------


def ended(how: str, *, undone: int, after_s: float = 5.0, truth: Truth = DOWN) -> tuple[str, bool]:
    entry = SimpleNamespace(kind="sale", rrn="1", asked=100, undone=undone, reversed=False)
    server = SimpleNamespace(books=SimpleNamespace(entries={1: entry}))
    play: Any = SimpleNamespace(scene=SimpleNamespace(issuer=SimpleNamespace(server=server)))
    sent: Any = SimpleNamespace(sale=SimpleNamespace(rrn="1", amount=100), truth=truth)
    over = BEGAN + timedelta(seconds=after_s)
    case = {"ended": how, "cause": "issuer_down", "opened_at": BEGAN, "ended_at": over}
    return wrong_end(play, sent, case)


def test_an_end_is_held_against_the_issuers_own_books() -> None:
    assert ended("voided", undone=100) == ("", False)
    assert ended("voided", undone=0) == ("voided, and no money went back", False)
    assert ended("voided", undone=200) == ("the money went back twice", False)
    assert ended("refused", undone=100) == ("refused, and the money went back", False)


def test_what_could_have_been_voided_is_not_refused_unless_its_time_is_over() -> None:
    assert ended("refused", undone=0) == ("refused, where it could be voided", False)
    assert ended("refused", undone=0, after_s=GIVE_UP_S) == ("", True)
    assert ended("refunded", undone=100)[0] == "refunded, where it could be voided"
    assert ended("", undone=0) == ("", False)


# Contradictions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("original", "attempts", "where"),
    [
        (None, [], "no original"),
        ("approved", ["declined"], "stands"),
        ("approved", ["declined", "sent"], "open"),
        ("unknown", [], "open"),
        ("voided", ["approved"], "given back"),
        ("declined", [], "never taken"),
    ],
)
def test_where_the_money_is_comes_from_the_rows(
    original: str | None, attempts: list[str], where: str
) -> None:
    assert money(original, attempts) == where


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("The sale stands; nothing has been given back.", {"stands"}),
        ("The outcome is unknown; it is being reversed. Until then the sale counts.", {"open"}),
        ("The money went back before; it will not twice.", {"given back"}),
        ("voided, reference 300000000002", {"given back"}),
        ("No money was taken, so none is owed back.", {"never taken"}),
        ("凭证000001撤销未成功,原消费仍有效,款项未退:卡片", {"stands"}),
        ("waiting before retry 2", set()),
    ],
)
def test_what_a_text_claims_is_read_from_its_phrases(text: str, claim: set[str]) -> None:
    assert claims(text) == claim


def test_a_text_that_denies_the_rows_is_found_and_one_that_agrees_is_not() -> None:
    stands = [("page", "The sale stands; nothing has been given back.")]
    assert denied(stands, "stands", "timeout", ended=True) == []
    assert denied(stands, "open", "timeout", ended=False) != []
    assert denied(stands, "given back", "timeout", ended=True) != []
    goes_on = [("customer", "The cancellation is being dealt with; until it is settled it stands.")]
    assert denied(goes_on, "open", "timeout", ended=False) == []
    assert denied(goes_on, "stands", "timeout", ended=True) != []


def test_a_cause_by_which_a_case_ended_is_held_against_the_rows_too() -> None:
    assert denied([], "stands", "already_undone", ended=True) != []
    assert denied([], "stands", "already_undone", ended=False) == []
    assert denied([], "given back", "already_undone", ended=True) == []


def test_two_events_of_one_moment_that_deny_each_other_are_found() -> None:
    back: dict[str, Any] = {"what": "ended", "why": {"en": "given back before, reference 1"}}
    stands: dict[str, Any] = {"what": "diagnosed", "why": {"en": "The sale stands."}}
    assert apart([back | {"at": 1}, stands | {"at": 1}]) != []
    assert apart([stands | {"at": 1}, back | {"at": 2}]) == []
