"""How heads and their timelines are written: by the turn that gathers, and by people's acts.

A head is held (`hold`) before it is changed; its events go into the same commit.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.store.sql import load

_SQL: Final = load("annul.operate.incidents", "heads.sql")
COLUMNS: Final = _SQL["columns"].sql  # of `incident_heads h`, in the order of `Head`


class Head(NamedTuple):
    """One incident as people know it, as its row says it."""

    id: UUID
    merchant_id: str
    number: str
    scope: str
    member: str
    severity: str
    opened_at: datetime
    joined_at: datetime
    quiet_since: datetime | None = None
    owner: str = ""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    cause: str = ""
    playbook: str = ""
    ends_at: datetime | None = None
    down_since: datetime | None = None
    up_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    reopened_at: datetime | None = None
    merged_into: UUID | None = None
    learnt: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[UUID, str]:
        """What names it in the database."""
        return (self.id, self.merchant_id)


class HeadEvent(NamedTuple):
    """One event of a head's timeline; `params` as `EVENTS` names them, of values that JSON has."""

    head_id: UUID
    merchant_id: str
    at: datetime
    kind: str
    actor: str = ""  # empty: by itself
    params: Mapping[str, Any] = {}


async def open_heads(connection: Any, heads: Iterable[Head]) -> set[tuple[UUID, str]]:
    """Open heads; gives the keys of those that were not open and whose number was free."""
    rows = list(heads)
    asked = _SQL["open"](
        ids=[one.id for one in rows],
        merchants=[one.merchant_id for one in rows],
        numbers=[one.number for one in rows],
        scopes=[one.scope for one in rows],
        members=[one.member for one in rows],
        severities=[one.severity for one in rows],
        opened_at=[one.opened_at for one in rows],
        playbooks=[one.playbook for one in rows],
    )
    return {(row["id"], row["merchant_id"]) for row in await connection.fetch(*asked)}


async def hold(connection: Any, keys: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], Head]:
    """Hold heads until the commit, and give them as they are."""
    wanted = list(keys)
    ids, merchants = [one[0] for one in wanted], [one[1] for one in wanted]
    rows = await connection.fetch(*_SQL["lock"](ids=ids, merchants=merchants))
    return {head.key: head for head in (Head(**row) for row in rows)}


async def keep(connection: Any, heads: Iterable[Head]) -> None:
    """Write heads as they have become."""
    rows = [_as_json(one) for one in heads]
    if rows:
        await connection.execute(*_SQL["keep"](heads=rows))


async def tell(connection: Any, events: Iterable[HeadEvent]) -> None:
    """Add events to timelines, in their order."""
    rows = list(events)
    if not rows:
        return
    asked = _SQL["tell"](
        heads=[one.head_id for one in rows],
        merchants=[one.merchant_id for one in rows],
        kinds=[one.kind for one in rows],
        actors=[one.actor for one in rows],
        params=[one.params for one in rows],
        ats=[one.at for one in rows],
    )
    await connection.execute(*asked)


def _as_json(head: Head) -> dict[str, Any]:
    return {
        name: value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, UUID)
        else value
        for name, value in head._asdict().items()
    }
