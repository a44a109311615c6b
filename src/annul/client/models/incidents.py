"""Incidents: one for each outage, with its timeline; and downtimes of issuers."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, Id, Model, Said, Time

NUMBER = "E261127-482913"
IncidentSeverity = Literal["critical", "warning", "notice"]
LinkKind = Literal["case", "lesson", "policy", "playbook", "incident", "act"]
_CURRENCY = Field(description="ISO 4217, numeric.", examples=["156"])
_WHO = Field(examples=["li"])


class Incident(Model, frozen=True):
    """One outage or other trouble, with all that was raised about it."""

    id: Id
    number: str = Field(examples=[NUMBER])
    title: Said
    scope: str = Field(description="What it is about.", examples=["issuer"])
    member: str = Field(description="Which one of these.", examples=["00000101"])
    merchant: str = Field(
        validation_alias="merchant_id",
        description="Empty unless it is about one merchant.",
        examples=[""],
    )
    severity: Annotated[IncidentSeverity, NEWER] = Field(examples=["warning"])
    items: int = Field(description="What it has gathered.", examples=[10_001])
    open_items: int = Field(description="Of these what is not over.", examples=[12])
    opened_at: Time
    joined_at: Time = Field(description="When something joined it last.")
    quiet_since: Time | None = Field(description="Since when nothing of it is open.")
    owner: str = _WHO
    acknowledged_by: str = _WHO
    acknowledged_at: Time | None
    cause: str = Field(description="Empty: none is known.", examples=["issuer_down"])
    cause_text: Said
    ends_at: Time | None = Field(description="Where a window is announced.")
    closed_at: Time | None
    closed_by: str = Field(description="Empty: by itself.", examples=[""])


class IncidentEvent(Model, frozen=True):
    """What happened to an incident."""

    seq: int = Field(examples=[1])
    at: Time
    kind: str = Field(examples=["opened"])
    actor: str = Field(description="Empty: by itself.", examples=[""])
    text: Said
    params: dict[str, Any]


class RaisedItem(Model, frozen=True):
    """Something that an incident has gathered."""

    id: Id
    kind: str = Field(examples=["case_late"])
    text: Said
    advice: Said | None
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    case: str | None = Field(validation_alias="number", examples=["300000000002"])
    many: int = Field(description="How many of the kind there are in all.", examples=[10_000])
    still: int = Field(description="Of these what is open.", examples=[12])
    opened_at: Time
    closed_at: Time | None


class AffectedMerchant(Model, frozen=True):
    """What a merchant has in an incident, of one currency."""

    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    currency: str = _CURRENCY
    cases: int = Field(examples=[3])
    open: int = Field(examples=[1])
    amount: int = Field(description="Of its cases, in minor units.", examples=[30_000])


class IncidentMoney(Model, frozen=True):
    """Money of cases in an incident, of one currency, in minor units."""

    currency: str = _CURRENCY
    open: int = Field(description="Of cases that have not ended.", examples=[10_000])
    all: int = Field(examples=[30_000])


class IncidentCase(Model, frozen=True):
    """A case that an incident is about."""

    number: str = Field(examples=["300000000002"])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    amount: int = Field(examples=[10_000])
    currency: str = _CURRENCY
    cause: str = Field(examples=["issuer_down"])
    ended: str = Field(description="Empty: it is open.", examples=[""])
    opened_at: Time


class LearntLink(Model, frozen=True):
    """What a lesson leads to."""

    kind: Annotated[LinkKind, NEWER] = Field(examples=["policy"])
    ref: str = Field(examples=["00000101"])


class Learnt(Model, frozen=True):
    """What an incident has taught."""

    text: str = Field(examples=["Their window begins at 23:30; it is entered as a rule now."])
    links: list[LearntLink]


class WholeIncident(Incident, frozen=True):
    """An incident with all that is known of it."""

    merged_into: str | None = Field(
        validation_alias="merged_into_number", description="Its number.", examples=[None]
    )
    playbook: str = Field(
        description="The playbook that meets it; empty: none does.", examples=["issuer_down"]
    )
    case_count: int = Field(examples=[3])
    merchant_count: int = Field(examples=[1])
    money: list[IncidentMoney]
    merchants: list[AffectedMerchant] = Field(description="The first 50.")
    cases: list[IncidentCase] = Field(description="The first 50, open ones before others.")
    raised: list[RaisedItem] = Field(description="Of each kind the first 20.")
    events: list[IncidentEvent]
    told: list[IncidentEvent] = Field(description="Of these what was told to whom.")
    learnt: Learnt | None


class SplitIncident(Model, frozen=True):
    """What was split off."""

    number: str = Field(description="Of the new incident.", examples=[NUMBER])


class Downtime(Model, frozen=True):
    """An issuer whose cards have trouble, or had."""

    number: str = Field(examples=[NUMBER])
    issuer: str = Field(examples=["00000101"])
    name: Said
    severity: Annotated[IncidentSeverity, NEWER] = Field(examples=["warning"])
    started_at: Time
    ends_at: Time | None = Field(description="When it is expected to end, where known.")
    ended_at: Time | None = Field(description="Null: it goes on.")
    what: Said
