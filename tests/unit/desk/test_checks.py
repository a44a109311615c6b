"""The table of checks: complete in both languages, and each place in a text can be filled."""

from datetime import UTC, datetime
from string import Formatter
from typing import Any

import pytest

from annul.desk.checks import CHECKS, Check, Weight, findings, without_void
from annul.desk.merchants import ASKS

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ROW: dict[str, Any] = {
    "merchant_active": True, "active": True, "master_at": NOW, "signed_in": True, "mac_at": NOW,
    "pin_at": NOW, "kinds": None, "wrong_mac": 0, "wanted_software": "", "software": "",
    "serial": "", "information": "", "last_seen_at": NOW, "link_drops": 0, "reversals": 0,
    "balanced": None, "upload_ended": None, "last_batch": None, "batch": "000001",
    "settled_at": NOW, "working_at": NOW, "amount_limit": 1, "merchant_limit": 1, "wants": "",
}  # fmt: skip


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_speaks_both_languages_and_asks_what_can_be_asked(check: Check) -> None:
    assert check.said.zh
    assert check.todo.zh
    assert check.todo.en
    assert _places(check.said.zh) == _places(check.said.en)
    assert _places(check.said.en) <= {*ROW, "days", "missing"}
    assert not _places(check.todo.en), "what to do needs no numbers"
    assert check.ask in {"", *ASKS}
    assert not check.fails(ROW, NOW), "a terminal in order has no findings"


def test_names_of_checks_are_given_once() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_nothing_is_known_of_a_new_terminal_but_what_it_lacks() -> None:
    times = dict.fromkeys(
        ("master_at", "mac_at", "pin_at", "last_seen_at", "settled_at", "working_at")
    )
    found = findings(ROW | times | {"signed_in": False}, NOW)
    assert [one.check.name for one in found] == ["no_master_key", "never_seen"]
    assert [one.check.weight for one in found] == [Weight.STOPS, Weight.MAY_STOP]


@pytest.mark.parametrize(
    ("kinds", "missing"),
    [
        (None, []),
        (["sale", "void"], []),
        (["sale", "refund"], ["sale"]),
        (["sale", "qr_sale", "void", "preauth"], ["qr_sale", "preauth"]),
        (["balance", "completion"], ["completion"]),
    ],
)
def test_kinds_without_their_void_are_found(kinds: list[str] | None, missing: list[str]) -> None:
    assert without_void(kinds) == missing
