"""The table of a chargeback's moves: each stage ends, and each end has let the money go."""

import pytest

from annul.domain.chargebacks import (
    ACTS,
    ADDED,
    ANSWERS,
    DAYS,
    ENDS,
    EVIDENCE,
    MONEY,
    MOVES,
    OURS,
    REASONS,
    STAGES,
    TIMED,
    Act,
    By,
    Deadline,
    Effect,
    EvidenceKind,
    MoneyState,
    Reason,
    Stage,
    acts,
    move,
    suggested,
)
from annul.settle.chargebacks.rules import ChargebackRules


def test_everything_has_its_name_in_both_languages() -> None:
    for words, all_of in (
        (STAGES, Stage), (ACTS, Act), (MONEY, MoneyState), (EVIDENCE, EvidenceKind),
        (REASONS, Reason),
    ):  # fmt: skip
        assert set(words) == set(all_of)
        assert all(text.zh and text.en for text in words.values())


def test_each_act_makes_one_move_from_a_stage_and_none_from_an_end() -> None:
    assert len({(one.source, one.act) for one in MOVES}) == len(MOVES)
    assert not any(acts(end) for end in ENDS)
    assert {one.source for one in MOVES} == set(Stage) - ENDS
    assert move(Stage.WON, Act.LOSE) is None


def test_each_stage_leads_to_an_end_and_each_is_reached() -> None:
    reached, new = {Stage.NOTED}, {Stage.NOTED}
    while new:
        new = {one.target for one in MOVES if one.source in new} - reached
        reached |= new
    assert reached == set(Stage)
    ending = set(ENDS)
    while more := {one.source for one in MOVES if one.target in ending} - ending:
        ending |= more
    assert ending == set(Stage)


def test_who_is_next_has_a_deadline_and_nobody_after_an_end() -> None:
    for one in MOVES:
        assert (one.deadline is Deadline.NONE) is (one.target in ENDS), one


def test_what_is_held_is_let_go_by_each_end() -> None:
    held = {Stage.FIRST, Stage.REPRESENTED, Stage.SECOND, Stage.ARBITRATION}
    for one in MOVES:
        if one.source in held and one.target in ENDS:
            assert one.effect in {Effect.RETURN, Effect.PAY}, one
        elif one.target in held and one.source not in held:
            assert one.effect is Effect.HOLD, one
        elif one.source not in held:
            assert one.effect is Effect.NOTHING, one
    lost = {Stage.LOST, Stage.ACCEPTED, Stage.EXPIRED}
    assert {one.target for one in MOVES if one.effect is Effect.PAY} == lost


def test_the_clock_moves_all_but_what_waits_for_a_person_or_the_network() -> None:
    assert set(Stage) - ENDS - TIMED == {Stage.NOTED, Stage.ARBITRATION}
    assert {Stage.RETRIEVAL, Stage.FIRST, Stage.SECOND} == OURS


def test_what_we_send_takes_evidence_and_what_we_accept_none() -> None:
    for one in MOVES:
        assert one.evidence is (one.by is By.US and one.act is not Act.ACCEPT), one


def test_each_reason_is_answered_by_something_and_annul_adds_a_part() -> None:
    assert set(ANSWERS) == set(Reason)
    assert all(ANSWERS.values())
    assert set(ADDED) < set(EvidenceKind)


@pytest.mark.parametrize("deadline", [one for one in Deadline if one is not Deadline.NONE])
def test_each_deadline_is_a_setting_with_the_tables_days(deadline: Deadline) -> None:
    assert getattr(ChargebackRules(), deadline) == DAYS[deadline]


@pytest.mark.parametrize(
    ("stage", "claimed", "given_back", "act"),
    [
        (Stage.FIRST, 10_000, 10_000, Act.REPRESENT),
        (Stage.FIRST, 10_000, 1, Act.REPRESENT),
        (Stage.FIRST, 10_000, 0, None),
        (Stage.RETRIEVAL, 10_000, 10_000, Act.ANSWER),
        (Stage.SECOND, 10_000, 10_000, Act.ARBITRATE),
        (Stage.REPRESENTED, 10_000, 10_000, None),
        (Stage.WON, 10_000, 10_000, None),
    ],
)
def test_what_went_back_before_is_answered_by_its_proof(
    stage: Stage, claimed: int, given_back: int, act: Act | None
) -> None:
    assert suggested(stage, claimed, given_back) is act
