"""Channels over which people are told of incidents."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Id, Model, Time


class NoticeChannel(Model, frozen=True):
    """A channel for notices. Its address is never given."""

    id: Id
    name: str = Field(examples=["duty group"])
    kind: str = Field(examples=["dingtalk"])
    language: Annotated[Literal["zh", "en", ""], NEWER] = Field(
        description="Empty: that of the installation (`notices_language`)."
    )
    per_minute: int = Field(description="Messages that it takes in any minute.", examples=[20])
    severity: Annotated[Literal["critical", "warning", "notice"], NEWER] = Field(
        description="From which severity on it is told."
    )
    scopes: list[str] = Field(description="Of what it is told; none: of all.", examples=[[]])
    by_rota: bool = Field(description="Only while somebody is on duty there.")
    owed: int = Field(description="What it is owed and was not told yet.", examples=[0])
    failures: int = Field(description="In a row, up to now.", examples=[0])
    error: str = Field(description="Of the last message; empty when it was taken.", examples=[""])
    told_at: Time | None = Field(description="When it last took a message.")


class TriedChannel(Model, frozen=True):
    """What came of a test message."""

    outcome: Annotated[Literal["told", "limited", "refused", "unreached", "unanswered"], NEWER] = (
        Field(
            description="`limited`: too many in a minute; `unreached`: nobody was there, it did not"
            " arrive; `unanswered`: it may have arrived."
        )
    )
    error: str = Field(description="What the channel said.", examples=[""])
