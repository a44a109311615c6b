"""The table of kinds and what must prove each: key forms, message types with a MAC, fields."""

import pytest

from annul.domain.kinds import (
    KINDS,
    KNOWN,
    MAC_FIELD,
    MAC_MTIS,
    REQUEST_MTIS,
    REVERSAL_MTIS,
    Kind,
    Money,
    Proof,
    answer_mti,
    fields_of,
    find_kind,
)
from annul.security.keys import FORMS

_EVERY = list(KINDS.values())


def _id(kind: Kind) -> str:
    return kind.name


def test_a_terminal_signs_in_with_every_key_form_and_with_nothing_else() -> None:
    assert sorted(KINDS["sign_in"].network) == sorted(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_form_is_recognised_as_a_sign_in(form: str) -> None:
    assert find_kind("0800", "", "", "00", form, "") is KINDS["sign_in"]


def test_what_a_terminal_may_ask_with() -> None:
    firsts = {"0100", "0200", "0220", "0320", "0400", "0420", "0500", "0620", "0800", "0820"}
    assert firsts | {mti[:3] + "1" for mti in firsts} == REQUEST_MTIS
    assert not {answer_mti(kind.mti) for kind in _EVERY} & REQUEST_MTIS


def test_what_carries_a_mac_by_the_standard() -> None:
    firsts = {"0100", "0200", "0220", "0400", "0420", "0620"}
    assert firsts | {mti[:3] + "1" for mti in firsts} == MAC_MTIS
    assert {"0400", "0401", "0420", "0421"} == REVERSAL_MTIS
    assert MAC_MTIS < REQUEST_MTIS


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_the_message_type_says_whether_there_is_a_mac(kind: Kind) -> None:
    """The door knows only the type: one with kinds of both sorts would let one in without."""
    assert (kind.mti in MAC_MTIS) is (kind.proof is Proof.MAC)


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_what_moves_money_needs_a_mac_of_its_own(kind: Kind) -> None:
    if kind.money is not Money.NONE or kind.reversible or kind.undoes:
        assert kind.proof is Proof.MAC


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_only_what_needs_a_line_may_be_let_off_it(kind: Kind) -> None:
    if kind.unbound:
        assert kind.proof in {Proof.LINE, Proof.EITHER}


def test_what_needs_no_proof_is_known_by_name() -> None:
    names = {kind.name for kind in _EVERY if kind.proof is Proof.NOTHING}
    downloads = {"parameters", "ca_keys", "ca_key", "aids", "aid", "card_lists"}
    assert names == {"sign_in", "echo", *downloads}


def test_who_may_be_let_off_is_known_by_name() -> None:
    names = {kind.name for kind in _EVERY if kind.unbound}
    taken = {"parameters_taken", "ca_keys_taken", "aids_taken", "card_lists_taken"}
    assert names == {*taken, "status", "settlement"}


@pytest.mark.parametrize("kind", _EVERY, ids=_id)
def test_every_kind_knows_its_fields_and_the_mac(kind: Kind) -> None:
    assert KNOWN[kind.name, False] == {*kind.required, *kind.optional, MAC_FIELD}
    assert KNOWN[kind.name, False] == fields_of(kind)
    assert KNOWN[kind.name, True] == fields_of(kind, reversal=True)
    assert MAC_FIELD in KNOWN[kind.name, True]


@pytest.mark.parametrize("kind", [kind for kind in _EVERY if kind.reversible], ids=_id)
def test_a_reversal_may_repeat_what_its_original_needed(kind: Kind) -> None:
    assert {*kind.required, 39} <= KNOWN[kind.name, True]


def test_each_management_message_has_one_meaning() -> None:
    named = [
        (kind.mti, each) for kind in _EVERY if not kind.processing_code for each in kind.network
    ]
    assert len(named) == len(set(named))
