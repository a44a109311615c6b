"""Issuers: their lines, their rules, whom to call."""

from pydantic import Field

from .parts import Id, Model, Said, Time


class IssuerSummary(Model, frozen=True):
    """An issuer, its line as the hosts see it, and its last five minutes."""

    id: str = Field(validation_alias="issuer_id", examples=["00000101"])
    name_zh: str = Field(examples=["示例银行"])
    name_en: str = Field(examples=["Example Bank"])
    bank: str = Field(description="Issuers with the same bank share their books.", examples=[""])
    active: bool
    timeout_ms: int = Field(examples=[15_000])
    up: bool | None = Field(description="Null when no host has said so lately.")
    trouble: str | None = Field(description="Why the line is not up.", examples=[None])
    health: str | None = Field(description="up, degraded or down.", examples=["up"])
    seen_at: Time | None
    requests: int = Field(examples=[120])
    approvals: int = Field(examples=[118])
    silent: int = Field(examples=[0])
    faults: int = Field(examples=[0])
    voids: int = Field(examples=[3])
    void_approvals: int = Field(examples=[3])


class Policy(Model, frozen=True):
    """A rule of an issuer. `number` by kind: minor units, seconds, a count, or 0 and 1."""

    id: Id
    kind: str = Field(examples=["void_window"])
    number: int = Field(examples=[86_400])
    valid_from: Time
    valid_until: Time | None
    note: str = Field(examples=[""])
    standing: str = Field(
        description="in force, coming, overtaken, past or withdrawn.", examples=["in force"]
    )


class Meaning(Model, frozen=True):
    """What an issuer means by a code, where that is not what the standard says."""

    response_code: str = Field(examples=["05"])
    cause: str = Field(examples=["issuer_unsupported"])


class Contact(Model, frozen=True):
    """Whom to call, and what for."""

    duty: str = Field(examples=["switch"])
    name: str = Field(examples=["Operations"])
    phone: str = Field(examples=["+86 10 0000 0000"])
    mail: str = Field(examples=["ops@bank.example"])
    hours: str = Field(examples=["24 h"])


class Issuer(IssuerSummary, frozen=True):
    """An issuer with its rules, the meanings of its codes, and whom to call."""

    policies: tuple[Policy, ...]
    meanings: tuple[Meaning, ...]
    contacts: tuple[Contact, ...]


class LearntRule(Model, frozen=True):
    """A rule that an issuer has not told, as its answers say it, until `ended_at`.

    `number` by rule: minor units, a count, seconds, or a minute of the day, to `until`. The
    boundary lies between `within`, the last approved before it, and `beyond`, the first refused.
    """

    id: Id
    rule: str = Field(
        description="never, amount, count, interval, age, hours, day_end or whole.",
        examples=["amount"],
    )
    role: str = Field(description="void, release or refund.", examples=["void"])
    prefix: str = Field(description="Of the cards that it is about; empty: all.", examples=[""])
    number: int = Field(examples=[50_000])
    until: int | None = Field(examples=[None])
    within: int | None = Field(examples=[49_900])
    beyond: int | None = Field(examples=[50_100])
    approved_within: int = Field(examples=[212])
    refused_within: int = Field(examples=[0])
    refused_beyond: int = Field(examples=[14])
    exceptions: int = Field(description="Approved behind the boundary.", examples=[0])
    sure: float = Field(description="How probable it is, 0 to 1.", examples=[0.999])
    code: str = Field(description="What was answered most.", examples=["61"])
    since: Time
    changed: bool = Field(description="Before `since` it was allowed.")
    state: str = Field(description="suspected, policy or dismissed.", examples=["suspected"])
    said: Said = Field(description="The rule in words, with its support.")
    ended_at: Time | None
