"""Scores of drills: the table of weights, and teams whose worth is plain."""

from annul.diagnose.causes import CAUSES
from annul.domain.drills import RESPONSES, Contact, Deed, Did, Money, Part, Truth, Wrong, score
from annul.operate.playbooks.reading import builtin
from annul.sim.scenes import faults, field
from annul.sim.scenes.faults.fault import FAULTS

_ENTERED = (faults, field)
DOWN = Truth("issuer_fails", ("issuer_down",), frozenset({"1001", "898"}), 5.0, 15.0)
RULE = Truth("over_the_amount", ("issuer_limit_amount",), frozenset({"1001"}), 5.0, 15.0)


def test_the_weights_are_a_hundred_and_each_cause_has_its_response() -> None:
    assert sum(part.weight for part in Part) == 100
    assert set(CAUSES) <= set(RESPONSES)
    assert len(FAULTS) >= 50
    for name, one in RESPONSES.items():
        for needed in one.right:
            assert needed
            assert not one.second or "refunds_instead" in needed, name
    for one in (*Part, *Contact):
        assert one.text.zh != one.text.en


def test_who_does_all_of_it_at_once_has_a_hundred() -> None:
    deeds = [
        Deed(5.5, Did.SAW, "1001"),
        Deed(6.0, Did.NAMED, "898", "issuer_down"),
        Deed(6.0, Did.ACTED, "1001", "circuit_open"),
        Deed(7.0, Did.TOLD, "1001", "issuer"),
        Deed(7.0, Did.TOLD, "1001", "duty"),
    ]
    found = score([DOWN], deeds, [16.0], Money(1.0, 10.0))
    assert found.total == 100.0
    assert found.wrong == ()


def test_who_does_nothing_has_what_no_harm_and_no_second_person_are_worth() -> None:
    found = score([DOWN], [], [None], Money(20.0, 10.0))
    assert found.total == Part.HARMLESS.weight + Part.SECOND.weight
    assert {one.part for one in found.wrong} == {
        Part.NOTICED, Part.CAUSE, Part.RIGHT, Part.TOLD, Part.ENDED,
    }  # fmt: skip


def test_one_act_alone_may_be_enough_and_a_missing_one_is_named() -> None:
    found = score([DOWN], [Deed(6, Did.ACTED, "1001", "route_around")], [16], Money(1, 1))
    assert found.parts[Part.RIGHT] == 0.5
    assert Wrong(Part.RIGHT, "issuer_fails", "circuit_open|retries_paused") in found.wrong


def test_a_second_person_counts_once_somebody_has_confirmed() -> None:
    acted = Deed(6, Did.ACTED, "1001", "refunds_instead", "olga")
    alone = score([RULE], [acted], [16], Money(1, 1))
    confirmed = Deed(7, Did.CONFIRMED, "1001", "refunds_instead", "otto")
    assert alone.parts[Part.SECOND] == 0
    assert score([RULE], [acted, confirmed], [16], Money(1, 1)).parts[Part.SECOND] == 1


def test_guesses_cost_and_force_where_nothing_is_wrong_is_harm() -> None:
    named = [Deed(6, Did.NAMED, "1001", name) for name in ("timeout", "issuer_down")]
    assert score([DOWN], named, [16], Money(1, 1)).parts[Part.CAUSE] == 0.5
    frozen = [Deed(6, Did.ACTED, "another", "merchant_frozen")]
    found = score([DOWN], frozen, [16], Money(1, 1))
    assert found.parts[Part.HARMLESS] == 0.5
    assert Wrong(Part.HARMLESS, "", "merchant_frozen") in found.wrong


def test_each_playbook_that_a_response_names_is_there() -> None:
    named = {one.playbook for one in RESPONSES.values() if one.playbook}
    assert len(named) >= 8
    assert named <= set(builtin())


def test_each_share_says_after_how_many_minutes_it_was_earned() -> None:
    saw = Deed(5.5, Did.SAW, "1001")
    found = score([DOWN], [saw], [16.0], Money(1.0, 10.0))
    given = {one.part: one for one in found.given}
    assert (given[Part.NOTICED].minutes, given[Part.NOTICED].share) == (0.5, 1.0)
    assert (given[Part.CAUSE].minutes, given[Part.CAUSE].share) == (None, 0.0)
    assert given[Part.ENDED].minutes == 1.0
