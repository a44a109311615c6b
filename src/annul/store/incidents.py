"""How incidents are written: one statement opens them, one closes them.

`OPEN_RAISED` and `CLOSE_ENDED` are these as parts of statements that write something else in the
same commit. Each function gives a statement with its values, for whoever runs it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.incident import Incident

from .sql import load

_STATEMENTS: Final = load("annul.store", "incidents.sql")
OPEN_RAISED: Final = _STATEMENTS["open_raised"].sql
CLOSE_ENDED: Final = _STATEMENTS["close_ended"].sql


class Ended(NamedTuple):
    """What is over: the kind, and about what of which merchant."""

    kind: str
    merchant_id: str
    subject: str


def opening(incidents: Iterable[Incident], at: datetime) -> tuple[Any, ...]:
    """Open incidents; the statement gives the ids of those that were not open."""
    rows = list(incidents)
    return _STATEMENTS["open"](
        kinds=[one.kind for one in rows],
        merchants=[one.merchant_id for one in rows],
        subjects=[one.subject for one in rows],
        params=[one.params for one in rows],
        transactions=[one.transaction_id for one in rows],
        at=at,
    )


def closing(ended: Iterable[Ended], at: datetime) -> tuple[Any, ...]:
    """Close incidents; the statement gives the ids of those that were open."""
    rows = list(ended)
    return _STATEMENTS["close"](
        kinds=[one.kind for one in rows],
        merchants=[one.merchant_id for one in rows],
        subjects=[one.subject for one in rows],
        at=at,
    )


def retelling(incident: Incident) -> tuple[Any, ...]:
    """Say anew what one says that is open, as what it is about goes on."""
    return _STATEMENTS["retell"](
        kind=incident.kind,
        subject=incident.subject,
        merchant=incident.merchant_id,
        params=incident.params,
    )


def open_of(kind: str) -> tuple[Any, ...]:
    """Ask what is open of a kind: `merchant_id` and `subject`."""
    return _STATEMENTS["are_open"](kind=kind)


def joining(rows: Iterable[tuple[UUID, str, UUID]]) -> tuple[Any, ...]:
    """Put rows under heads: the id and merchant of each, and the id of its head."""
    known = list(rows)
    return _STATEMENTS["join"](
        ids=[one[0] for one in known],
        merchants=[one[1] for one in known],
        heads=[one[2] for one in known],
    )


def moving(head: UUID, into: UUID) -> tuple[Any, ...]:
    """Put all that is under a head under another one."""
    return _STATEMENTS["move"](head=head, into=into)


def closing_of(head: UUID, kinds: Iterable[str], at: datetime) -> tuple[Any, ...]:
    """Close what is open of a head, of some kinds."""
    return _STATEMENTS["close_of"](head=head, kinds=list(kinds), at=at)


def loosening(merchant_id: str) -> tuple[Any, ...]:
    """Let what is open of a merchant be gathered anew, where its head stayed in another cell."""
    return _STATEMENTS["loosen"](merchant=merchant_id)
