"""What is raised finds its head by what it is about; the tables are complete."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.head_kinds import BY_PEOPLE, GATHERED, OUTAGES, gathering_of
from annul.domain.heads import (
    EVENTS,
    OF_CAUSE,
    EventKind,
    HeadScope,
    Place,
    RaisedRow,
    higher,
    place_of,
)
from annul.domain.incidents import INCIDENTS

_SHOP: Final = "898000058120000"
_GUIDE: Final = Path(__file__).parents[3] / "docs" / "differences.md"


def _place(kind: str, **changes: Any) -> Place:
    values: dict[str, Any] = {"merchant_id": _SHOP, "subject": "s", "params": {}}
    return place_of(RaisedRow(kind, **(values | changes)), gathering_of(kind))


def test_each_kind_and_each_cause_is_gathered() -> None:
    assert set(GATHERED) == set(INCIDENTS)
    assert set(OF_CAUSE) == set(CAUSES)
    assert OUTAGES


def test_people_close_just_what_the_guide_says_that_nothing_closes() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|.*\| - \|$", _GUIDE.read_text("utf-8"), re.MULTILINE)
    assert {kind for row in rows for kind in re.findall(r"`(\w+)`", row)} == set(BY_PEOPLE)


@pytest.mark.parametrize(
    ("place", "kind", "row"),
    [
        (Place(HeadScope.ISSUER, "00000101"), "case_late",
         {"issuer": "00000101", "cause": "issuer_down"}),
        (Place(HeadScope.ISSUER, "00000101"), "case_late", {"issuer": "00000101"}),
        (Place(HeadScope.ISSUER, "00000101"), "circuit_open",
         {"merchant_id": "", "params": {"issuer": "00000101"}}),
        (Place(HeadScope.ANSWERS, "00000101"), "escalated",
         {"issuer": "00000101", "cause": "issuer_unsupported"}),
        # One customer's mistake is no outage of anybody.
        (Place(HeadScope.CASE, "c", _SHOP), "escalated",
         {"subject": "c", "issuer": "00000101", "cause": "original_not_found"}),
        (Place(HeadScope.MERCHANT, _SHOP, _SHOP), "case_late",
         {"issuer": "00000101", "cause": "merchant_balance_low"}),
        (Place(HeadScope.TERMINAL, "10000001", _SHOP), "case_late",
         {"terminal": "10000001", "cause": "keys_out_of_step"}),
        (Place(HeadScope.TERMINAL, "10000001", _SHOP), "batch_differs",
         {"subject": "10000001 000003"}),
        (Place(HeadScope.PROCESS, "3"), "loop_stands_still",
         {"merchant_id": "", "subject": "3 forward"}),
        (Place(HeadScope.MERCHANT, "m"), "move_stands_still",
         {"merchant_id": "", "subject": "m"}),
        (Place(HeadScope.WEBHOOK, "w", _SHOP), "webhook_failed",
         {"subject": "d", "params": {"webhook": "w"}}),
        (Place(HeadScope.BOOKS, "audit_entries"), "audit_entries", {}),
        # Without an issuer it stands by itself.
        (Place(HeadScope.CASE, "c", _SHOP), "case_late", {"subject": "c"}),
        (Place(HeadScope.SYSTEM, "of_another_version"), "of_another_version", {}),
    ],
)  # fmt: skip
def test_a_row_finds_its_place(place: Place, kind: str, row: dict[str, Any]) -> None:
    assert _place(kind, **row) == place


def test_the_graver_of_two_counts() -> None:
    assert higher("warning", "critical") == higher("critical", "notice") == "critical"
    assert higher("notice", "notice") == "notice"


def test_each_event_and_scope_is_told_in_both_languages() -> None:
    assert set(EVENTS) == set(EventKind)
    for event in EVENTS.values():
        zh, en = (set(re.findall(r"\{(\w+)\}", said)) for said in event.text)
        assert zh == en <= set(event.params)
    for scope in HeadScope:
        assert re.search(r"[\u4e00-\u9fff]", scope.text.zh)
        assert scope.text.en
