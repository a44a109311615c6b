"""The table of kinds: each row is recognised from what it puts on the wire."""

import pytest

from annul.domain.kinds import KINDS, REVERSIBLE, Kind, find_kind


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


def test_reply_mti() -> None:
    assert {kind.mti: kind.reply_mti for kind in KINDS.values()} == {
        "0100": "0110",
        "0200": "0210",
        "0220": "0230",
        "0320": "0330",
        "0500": "0510",
        "0800": "0810",
        "0820": "0830",
    }
