"""A case as it is stored, and the events of which its history consists."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.text import Text

RESOLVER: Final = "annul"  # who acts when nobody has to be asked
UNPROVED: Final = "unproved"  # nobody could prove its money by its last time: it goes on
ENDS: Final = ("voided", "refunded", "refused", UNPROVED)


class Case(NamedTuple):
    """One row of `cases`.

    `first_due_at` is the due time of its first cause, by which it is late or not; `due_at` that of
    the cause it goes by now, since `named_at`. While somebody has it, annul does nothing to it
    unasked: `assigned_to` until `assigned_until`.
    """

    merchant_id: str
    id: UUID
    number: str
    terminal_id: str
    original_id: UUID | None
    kind: str
    amount: int
    currency: str
    card_masked: str
    issuer_id: str
    opened_at: datetime
    due_at: datetime
    first_due_at: datetime
    next_action_at: datetime
    step: str
    tries: int
    cause: str
    probability: float
    named_at: datetime | None
    confirmed: str
    task: str
    ordered: str
    proposed: str
    proposed_by: str
    assigned_to: str
    assigned_until: datetime | None
    ended: str
    ended_at: datetime | None
    events: int
    head: bytes

    @classmethod
    def of(cls, columns: Iterable[Any]) -> "Case":
        """Build one from stored values in the order of the fields."""
        return cls(*columns)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a case: who did what, why, and on which evidence."""

    what: str
    why: Text
    who: str = RESOLVER
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def body(self, at: datetime) -> str:
        """Give the event as it is kept and hashed: JSON with sorted names."""
        return json.dumps(
            {
                "at": at.isoformat(),
                "who": self.who,
                "what": self.what,
                "why": self.why._asdict(),
                "evidence": self.evidence,
            },
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
            default=str,
        )


def chained(head: bytes, body: str) -> bytes:
    """Give the hash of an event that follows another one with the hash `head`."""
    return hashlib.sha256(head + body.encode()).digest()


def first_broken(bodies: Iterable[tuple[str, bytes]], case: Case | None = None) -> int | None:
    """Give the number of the first event that was changed, None when the chain is whole.

    With its `case`, read at the same moment (`Book.whole`), also when the end is missing, when
    more stands behind the head that the case has kept, or when all of it was written anew.
    """
    head, line = b"", 0
    for line, (body, hashed) in enumerate(bodies, 1):
        head = chained(head, body)
        if head != hashed or (case is not None and not _kept(case, line, head)):
            return line
    return line + 1 if case is not None and line < case.events else None


def _kept(case: Case, line: int, head: bytes) -> bool:
    return line < case.events or (line == case.events and head == case.head)
