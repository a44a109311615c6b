"""What the end of a case proves about its cause: the wait that ended it well, or the evidence."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from annul.diagnose.facts import Facts

_FUNDS: Final = frozenset({"merchant_balance_low", "funds_frozen", "funds_not_arrived"})

# A case that waited for this and was then voided at the next try had one of these causes. Only
# waits for something that can be seen: that an issuer was thought to be down proves nothing.
_WAITED_FOR: Final[Mapping[str, frozenset[str]]] = {
    "wait_funds": _FUNDS,
    "wait_window": frozenset({"issuer_maintenance", "end_of_day"}),
    "wait_rule": frozenset({"repeated_too_soon"}),
    "wait_set_up": frozenset({"terminal_misconfigured"}),
    "await_original": frozenset({"original_unfinished"}),
}
_ATTEMPTS: Final = frozenset({"retry", "other_route"})


def proven(events: Sequence[Mapping[str, Any]], ended: str, named: str, cause: str) -> str:
    """Give the proven cause of a case, empty when its end proves none.

    `events` are its history; `named` is the cause that the end itself names as proof; `cause` is
    the one that the case went by. A cause is proved by its own wait when one attempt after it was
    enough: of two attempts the second may have gone through for any reason.
    """
    if ended == "refused":
        return named if named == "already_undone" else ""
    if ended != "voided":
        return ""
    steps = [str(event["what"]) for event in events]
    waits = [number for number, step in enumerate(steps) if step in _WAITED_FOR]
    if not waits:
        return ""
    tries = sum(step in _ATTEMPTS for step in steps[waits[-1] :])
    return cause if tries <= 1 and cause in _WAITED_FOR[steps[waits[-1]]] else ""


def diagnoses(events: Sequence[Mapping[str, Any]]) -> list[tuple[str, Facts]]:
    """Give what the case was diagnosed as, oldest first, with the facts of each."""
    return [
        (event["evidence"]["causes"][0]["cause"], Facts.from_json(event["evidence"]["facts"]))
        for event in events
        if event["what"] == "diagnosed"
    ]


def told(history: Sequence[tuple[str, bytes]]) -> list[dict[str, Any]]:
    """Read the events of a history."""
    return [json.loads(body) for body, _ in history]
