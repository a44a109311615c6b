"""Incidents: one for each outage, what people do with it; and issuers' downtimes."""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Header, Path, Query
from pydantic import Field

from annul.client.models.incidents import (
    Downtime,
    Incident,
    IncidentSeverity,
    LinkKind,
    SplitIncident,
    WholeIncident,
)
from annul.client.models.parts import Page
from annul.desk import incident_acts as acts
from annul.desk import incidents as views
from annul.desk.desk import Desk
from annul.desk.incident_acts import Lesson
from annul.desk.incidents import IncidentSearch
from annul.desk.roles import Scope, Visitor
from annul.domain.heads import HeadScope

from .asked import After, Asked, Because, Limit, OneOf, Reason, Words, page
from .needs import AtDesk, needs, problems

router = APIRouter(tags=["incidents"])
Reader = Annotated[Visitor, needs(Scope.INCIDENTS_READ)]
Writer = Annotated[Visitor, needs(Scope.INCIDENTS_WRITE)]
# Whoever sends transactions, or sees them, may know which issuers have trouble.
Outside = Annotated[
    Visitor,
    needs(
        *(Scope.INCIDENTS_READ, Scope.TRANSACTIONS_READ, Scope.SHOP),
        *(Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE),
    ),
]
LARGER: Final = {r"/incidents/[^/]+/split": 1_000_000}  # up to 10,000 ids
_ACTS: Final = UUID("6d1f0c0e-5a3b-5c39-9c0a-7c1a6f0f5b11")  # under which keys become ids of acts
Number = Annotated[str, Path(pattern=r"^E[0-9]{6}-[0-9]{6}$", examples=["E261127-482913"])]
Scoped = Annotated[str, OneOf(scope.value for scope in HeadScope)]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{0,200}$",
        description="Your own name for this act: the same one under the same key is done once.",
    ),
]
Text_ = Annotated[Words, Field(min_length=1, max_length=2000)]


class NewOwner(Asked):
    """Who works on it."""

    owner: Annotated[Words, Field(max_length=64)] = Field(
        description="Empty: nobody.", examples=["li"]
    )


class NewNote(Asked):
    """What somebody has to say."""

    text: Text_ = Field(examples=["their duty desk says: back at 14:00"])


class NewLink(Asked):
    """What a lesson leads to."""

    kind: LinkKind = Field(examples=["policy"])
    ref: Annotated[Words, Field(min_length=1, max_length=100)] = Field(examples=["00000101"])


class NewLesson(Asked):
    """What was learnt."""

    text: Text_ = Field(examples=["their window begins at 23:30"])
    links: Annotated[list[NewLink], Field(max_length=20)] = Field(default_factory=list[NewLink])

    def lesson(self) -> Lesson:
        """Give it as the desk takes it."""
        return Lesson(self.text, [one.model_dump() for one in self.links])


class NewClose(Because):
    """Why it is closed, and what was learnt."""

    learnt: NewLesson | None = None


class NewMerge(Because):
    """Where it goes."""

    into: Annotated[str, Field(pattern=r"^E[0-9]{6}-[0-9]{6}$", examples=["E261127-482914"])]


class NewSplit(Asked):
    """What is split off: by ids, or all of some kinds."""

    items: Annotated[list[UUID], Field(max_length=10_000)] = Field(default_factory=list[UUID])
    kinds: Annotated[list[Words], Field(max_length=50)] = Field(
        default_factory=list[str], examples=[["case_late"]]
    )
    reason: Reason = Field(examples=["another matter"])


@router.get("/incidents", responses=problems())
async def every(
    desk: AtDesk,
    visitor: Reader,
    state: Literal["open", "closed"] | None = None,
    severity: IncidentSeverity | None = None,
    scope: Scoped | None = None,
    member: Annotated[str, Query(max_length=100, description="Which one of the scope.")] = "",
    owner: Annotated[str, Query(max_length=64)] = "",
    limit: Limit = 50,
    cursor: After = "",
    *,
    unacknowledged: bool = False,
) -> Page[Incident]:
    """List incidents, the latest first."""
    wanted = IncidentSearch(
        state or "", severity or "", scope or "", member, owner, unacknowledged=unacknowledged
    )
    found = await views.found(desk, visitor, wanted, limit, cursor)
    return page(Incident, [views.shown(row) for row in found.rows], found.following)


@router.get("/incidents/{incident}", responses=problems(404))
async def one(incident: Number, desk: AtDesk, visitor: Reader) -> WholeIncident:
    """Read an incident with its timeline and whom it touches."""
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/acknowledge", responses=problems(404, 409))
async def acknowledge(
    incident: Number, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Acknowledge an incident. Who is first counts."""
    await acts.acknowledge(desk, visitor, incident, _act(visitor, key, "ack", incident))
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/owner", responses=problems(404, 409, 413))
async def own(
    incident: Number, asked: NewOwner, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Change who works on an incident."""
    await acts.own(desk, visitor, incident, asked.owner, _act(visitor, key, "own", incident, asked))
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/notes", responses=problems(404, 413))
async def note(
    incident: Number, asked: NewNote, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Add a note to an incident's timeline."""
    await acts.note(
        desk, visitor, incident, asked.text, _act(visitor, key, "note", incident, asked)
    )
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/close", responses=problems(404, 409, 413))
async def close(
    incident: Number, asked: NewClose, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Close an incident. What annul sees the end of must be over.

    What was raised that nothing else closes is closed with it.
    """
    learnt = asked.learnt.lesson() if asked.learnt else None
    act = _act(visitor, key, "close", incident, asked)
    await acts.close(desk, visitor, incident, asked.reason, learnt, act)
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/learnt", responses=problems(404, 413))
async def learn(
    incident: Number, asked: NewLesson, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Keep what an incident has taught. It takes the place of what was kept before."""
    act = _act(visitor, key, "learn", incident, asked)
    await acts.learn(desk, visitor, incident, asked.lesson(), act)
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/reopen", responses=problems(404, 409, 413))
async def reopen(
    incident: Number, asked: Because, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Reopen an incident within a week. From then on only people close it."""
    act = _act(visitor, key, "reopen", incident, asked)
    await acts.reopen(desk, visitor, incident, asked.reason, act)
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/merge", responses=problems(404, 409, 413))
async def merge(
    incident: Number, asked: NewMerge, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholeIncident:
    """Merge an incident into another one. Both are open, and of one cell."""
    act = _act(visitor, key, "merge", incident, asked)
    await acts.merge(desk, visitor, incident, asked.into, asked.reason, act)
    return await _whole(desk, visitor, incident)


@router.post("/incidents/{incident}/split", responses=problems(404, 409, 413))
async def split(
    incident: Number, asked: NewSplit, desk: AtDesk, visitor: Writer, key: Key = ""
) -> SplitIncident:
    """Split some of what an incident has gathered off into a new one."""
    new = await acts.split(
        desk,
        visitor,
        incident,
        asked.reason,
        ids=asked.items,
        kinds=asked.kinds,
        act=_act(visitor, key, "split", incident, asked),
    )
    return SplitIncident(number=new)


@router.get("/downtimes", responses=problems())
async def downtimes(
    desk: AtDesk,
    visitor: Outside,
    hours: Annotated[
        float, Query(ge=0, le=24 * 31, description="Also those that ended within these.")
    ] = 24,
) -> Page[Downtime]:
    """List issuers whose cards have trouble, or had it lately."""
    del visitor  # whoever may send transactions sees the same
    found = await views.downtimes(desk, timedelta(hours=hours))
    return page(Downtime, [one._asdict() for one in found], "")


async def _whole(desk: Desk, visitor: Visitor, incident: str) -> WholeIncident:
    found: dict[str, Any] = views.shown(await views.find(desk, visitor, incident))
    return WholeIncident.model_validate(found)


def _act(visitor: Visitor, key: str, *about: object) -> UUID | None:
    """Give the id of an act under a key; another request under the same key is another act."""
    if not key:
        return None
    told = [one.model_dump_json() if isinstance(one, Asked) else str(one) for one in about]
    return uuid5(_ACTS, "\n".join((visitor.name, key, *told)))
