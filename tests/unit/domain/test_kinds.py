"""The table of kinds: each row is recognised from what it puts on the wire."""

import pytest

from annul.domain.kinds import (
    CASED,
    COMPLETIONS,
    GIVING,
    KINDS,
    REFUNDABLE,
    REFUNDS,
    REVERSIBLE,
    TAKING,
    UNDOING,
    VOIDS,
    Kind,
    Money,
    answer_mti,
    find_kind,
)
from annul.domain.states import State


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_each_kind_is_recognised(kind: Kind) -> None:
    entry_mode = "031" if kind.qr else "021"
    for network in kind.network:
        found = find_kind(
            kind.mti, kind.processing_code, kind.condition, kind.function, network, entry_mode
        )
        assert found is kind


@pytest.mark.parametrize("name", REVERSIBLE)
def test_a_reversal_names_what_it_reverses(name: str) -> None:
    kind = KINDS[name]
    entry_mode = "031" if kind.qr else "021"
    found = find_kind("0400", kind.processing_code, kind.condition, kind.function, "", entry_mode)
    assert found is kind


def test_refunds_and_advices_are_not_reversible() -> None:
    assert not {"refund", "qr_refund", "completion_advice", "balance"} & set(REVERSIBLE)
    assert find_kind("0400", "200000", "00", "25", "", "021") is None


def test_unknown_messages_are_not_recognised() -> None:
    assert find_kind("0200", "990000", "00", "22", "000", "021") is None
    assert find_kind("0800", "", "", "00", "999", "") is None


def test_answer_mti() -> None:
    assert {kind.mti: answer_mti(kind.mti) for kind in KINDS.values()} == {
        "0100": "0110",
        "0200": "0210",
        "0220": "0230",
        "0320": "0330",
        "0500": "0510",
        "0620": "0630",
        "0800": "0810",
        "0820": "0830",
    }
    assert answer_mti("0420") == "0430"
    repeats = {mti: answer_mti(mti) for mti in ("0101", "0201", "0221", "0401", "0421")}
    assert repeats == {
        "0101": "0110",
        "0201": "0210",
        "0221": "0230",
        "0401": "0410",
        "0421": "0430",
    }
    assert answer_mti("0202") == "0212", "an issuer's own request is another one"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_repeat_is_what_it_repeats(kind: Kind) -> None:
    parts = (kind.processing_code, kind.condition, kind.function, kind.network[0])
    mode = "031" if kind.qr else "021"
    assert find_kind(kind.mti[:3] + "1", *parts, mode) is kind
    if kind.reversible:
        for mti in ("0400", "0401", "0420", "0421"):
            assert find_kind(mti, *parts, mode) is kind


def test_what_refers_to_an_original_has_a_role_and_says_of_what() -> None:
    for kind in KINDS.values():
        assert bool(kind.undoes) == (kind.role is not None) == (kind.name in CASED)
        assert all(KINDS[original].money in {Money.TAKE, Money.HOLD} for original in kind.undoes)


def test_what_undoes_a_kind_is_found_from_it() -> None:
    found = {kind.name: (kind.voided_by, kind.refunded_by) for kind in KINDS.values()}
    assert {name: by for name, by in found.items() if any(by)} == {
        "sale": ("void", "refund"),
        "qr_sale": ("qr_void", "qr_refund"),
        "preauth": ("preauth_void", ""),
        "completion": ("completion_void", "refund"),
        "completion_advice": ("", "refund"),
    }
    assert set(REFUNDABLE) == set(TAKING), "all that was taken can be given back"
    for name in UNDOING:
        assert all(KINDS[original].qr == KINDS[name].qr for original in KINDS[name].undoes)


def test_what_an_approved_one_makes_of_its_original() -> None:
    made = {kind.name: kind.makes for kind in KINDS.values() if kind.makes}
    assert made == {
        **dict.fromkeys(VOIDS, State.VOIDED),
        **dict.fromkeys(REFUNDS, State.REFUNDED),
        **dict.fromkeys(COMPLETIONS, State.COMPLETED),
    }


def test_what_an_issuer_is_owed_without_an_outcome() -> None:
    assert {kind.name for kind in KINDS.values() if kind.owed == "reversal"} == set(REVERSIBLE)
    assert {kind.name for kind in KINDS.values() if kind.owed == "advice"} == {
        "refund",
        "qr_refund",
        "completion_advice",
    }


def test_which_way_the_money_of_each_kind_goes() -> None:
    ways = {way: {kind.name for kind in KINDS.values() if kind.money is way} for way in Money}
    assert ways[Money.TAKE] == {"sale", "qr_sale", "completion", "completion_advice"} == {*TAKING}
    assert (
        ways[Money.BACK]
        == {*GIVING}
        == {
            "void",
            "qr_void",
            "completion_void",
            "refund",
            "qr_refund",
        }
    )
    assert ways[Money.HOLD] == {"preauth"}
    assert ways[Money.RELEASE] == {"preauth_void"}


def test_what_takes_a_whole_back_is_reversible_and_a_refund_is_not() -> None:
    assert all(KINDS[name].reversible for name in VOIDS)
    assert not any(KINDS[name].reversible for name in REFUNDS)
    assert {*VOIDS, *REFUNDS, *COMPLETIONS} == {*CASED}


@pytest.mark.parametrize("condition", ["00", "01", "08", "82", ""])
def test_the_circumstances_of_a_sale_make_no_other_kind_of_it(condition: str) -> None:
    assert find_kind("0200", "000000", condition, "22", "000", "021") is KINDS["sale"]
    assert find_kind("0200", "000000", "06", "22", "000", "021") is None


@pytest.mark.parametrize(
    ("mode", "name"), [("031", "qr_sale"), ("032", "qr_sale"), ("013", "sale"), ("", "sale")]
)
def test_a_scanned_code_makes_the_qr_kinds(mode: str, name: str) -> None:
    assert find_kind("0200", "000000", "00", "22", "000", mode) is KINDS[name]


def test_a_pre_authorisation_and_a_sale_differ_by_their_condition() -> None:
    assert find_kind("0200", "000000", "06", "20", "000", "021") is KINDS["completion"]
    assert find_kind("0220", "000000", "06", "24", "000", "021") is KINDS["completion_advice"]
    assert find_kind("0200", "200000", "06", "21", "000", "021") is KINDS["completion_void"]


def test_a_reversal_of_what_can_not_be_reversed_is_of_no_kind() -> None:
    for name in ("refund", "qr_refund", "completion_advice", "balance"):
        kind = KINDS[name]
        mode = "031" if kind.qr else "021"
        parts = (kind.processing_code, kind.condition, kind.function, "", mode)
        assert find_kind("0400", *parts) is None
