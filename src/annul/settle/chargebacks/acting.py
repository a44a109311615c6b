"""A chargeback moves from one stage to the next, and its money with it, in one commit."""

from datetime import datetime
from typing import Any, Final

from annul.domain.business_day import Calendar
from annul.domain.chargebacks import ACTS, ENDS, Act, Move, Stage
from annul.domain.text import Text
from annul.resolve.case import Event
from annul.store.incidents import Ended, closing

from . import money
from .book import (
    ENDED,
    OF_DEADLINES,
    OPENED,
    SQL,
    Chargeback,
    Doing,
    Money,
    moved_by,
    say,
    tell,
    written,
)
from .errors import EvidenceNeeded, OutOfTime
from .rules import ChargebackRules

_OPENING: Final = frozenset({Act.REQUEST, Act.CHARGE_BACK})


async def act(
    connection: Any,
    calendar: Calendar,
    rules: ChargebackRules,
    one: Chargeback,
    what: Act,
    doing: Doing,
    due_at: datetime | None = None,
) -> Chargeback:
    """Move a chargeback on, and its money with it, in one commit.

    `due_at` is the network's own deadline for whoever is next; else it is that of the rules.
    Raises `NotNext`, `EvidenceNeeded`, `OutOfTime`, `OriginalMoving`.
    """
    step = moved_by(one, what)
    if step.evidence and not await connection.fetchval(*SQL["documents"](**one.key)):
        raise EvidenceNeeded
    since = one.received_at if what in _OPENING and one.stage is Stage.NOTED else doing.now
    due = due_at or rules.due(step, since)
    if step.target not in ENDS and (due is None or due <= doing.now):
        raise OutOfTime
    after = await money.follow(connection, calendar, rules, one, step.effect, doing)
    evidence = _told(step, doing, after, one)
    said = Text(*(f"{said}：{doing.reason}" if doing.reason else said for said in ACTS[what]))
    event = Event(what.value, said, doing.who, evidence)
    events, head = await say(connection, one, event, doing.now)
    ends = step.target in ENDS
    await written(
        connection,
        "move",
        **one.key,
        source=step.source,
        target=step.target,
        held=after.held,
        fee=after.fee,
        money=after.state,
        due_at=None if ends else due,
        ended_at=doing.now if ends else None,
        seen=one.events,
        events=events,
        head=head,
    )
    over = [Ended(kind, one.merchant_id, str(one.transaction_id)) for kind in OF_DEADLINES]
    await connection.execute(*closing(over, doing.now))
    if ends or one.stage is Stage.NOTED:
        await tell(connection, one, ENDED if ends else OPENED, doing.now)
    return one._replace(
        stage=step.target,
        held=after.held,
        fee=after.fee,
        money=after.state,
        due_at=None if ends else due,
        asked="",
        events=events,
        head=head,
    )


def _told(step: Move, doing: Doing, after: Money, one: Chargeback) -> dict[str, Any]:
    told: dict[str, Any] = {
        "from": step.source.value,
        "to": step.target.value,
        "money": after.state.value,
        "held": after.held,
        "fee": after.fee,
        "currency": one.currency,
    }
    return told | ({"asked_by": doing.asked_by} if doing.asked_by else {})
