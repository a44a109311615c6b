"""What a code makes of a request: what may have been sent before is not declined by the way."""

import pytest

from annul.sim.terminal.journal import Record
from annul.sim.terminal.terminal import _outcome


@pytest.mark.parametrize(
    ("sends", "code", "has_reference", "outcome"),
    [
        (0, "00", True, ("approved", "")),
        (0, "51", True, ("declined", "")),
        (3, "51", True, ("declined", "")),
        (0, "A0", False, ("declined", "")),  # nothing of it was taken: it is done anew
        (1, "A0", False, ("unanswered", "repeat")),
        (0, "98", False, ("unanswered", "repeat")),
        (2, "98", True, ("unanswered", "")),  # the host has it, and sees to it
    ],
)
def test_of_what_is_repeated(
    sends: int, code: str, has_reference: bool, outcome: tuple[str, str]
) -> None:
    record = Record(
        batch="000001",
        trace="000002",
        kind="refund",
        amount=1,
        card="",
        fields={},
        owed="repeat",
        sends=sends,
    )
    assert _outcome(record, code, has_reference=has_reference) == outcome


@pytest.mark.parametrize("code", ["96", "98", "A0"])
def test_what_is_reversed_is_declined_by_any_code(code: str) -> None:
    record = Record(
        batch="000001",
        trace="000002",
        kind="sale",
        amount=1,
        card="",
        fields={},
        owed="reversal",
        sends=1,
    )
    assert _outcome(record, code, has_reference=False) == ("declined", "")
