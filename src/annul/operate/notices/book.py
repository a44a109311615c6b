"""What is set up for notices: channels, the rota, the steps of escalation, as a turn reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from annul.domain.incident import Severity
from annul.domain.notices import Channel, ChannelKind, reached
from annul.domain.rota import Days, Duty, Quiet, on_duty
from annul.settle.days import works
from annul.store.sql import load

_SQL: Final = load("annul.operate.notices", "book.sql")


def duty_of(row: Mapping[str, Any]) -> Duty:
    """Give a row of the rota as what it means."""
    return Duty(
        row["channel_id"],
        row["from_at"],
        row["to_at"],
        frozenset(row["weekdays"]),
        Days(row["days"]),
        row["only_on"],
        row["since"],
        row["until"],
        row["person"],
    )


def channel_of(row: Mapping[str, Any]) -> Channel:
    """Give a row of a channel as what it means."""
    return Channel(
        row["id"],
        row["name"],
        ChannelKind(row["kind"]),
        row["language"],
        row["per_minute"],
        Severity(row["severity"]),
        frozenset(row["scopes"]),
        Quiet(row["quiet_from"], row["quiet_to"]),
        row["by_rota"],
    )


@dataclass(frozen=True, slots=True)
class NoticeBook:
    """All of it. `steps` name the channel of each step of escalation, None for whoever is told."""

    channels: Mapping[UUID, Channel]
    rota: tuple[Duty, ...]
    steps: Mapping[int, UUID | None]
    zone: ZoneInfo

    def local(self, at: datetime) -> datetime:
        """Give a moment as people read it."""
        return at.astimezone(self.zone)

    def duty(self, at: datetime) -> frozenset[UUID]:
        """Give the channels on which somebody is on duty."""
        now = self.local(at).replace(tzinfo=None)
        return frozenset(one.channel for one in on_duty(self.rota, now, works))

    def told(
        self, severity: Severity, scope: str, member: str, at: datetime, step: int = 0
    ) -> list[Channel]:
        """Give the channels that are told of a head, by the steps of escalation if it is one."""
        of_step = self.steps.get(step)
        if of_step is not None and of_step in self.channels:
            return [self.channels[of_step]]
        return reached(self.channels.values(), self.duty(at), severity, scope, member)


async def read(connection: Any, zone: ZoneInfo) -> NoticeBook:
    """Read what is in force."""
    channels = [channel_of(row) for row in await connection.fetch(*_SQL["channels"]())]
    return NoticeBook(
        {one.id: one for one in channels},
        tuple(duty_of(row) for row in await connection.fetch(*_SQL["rota"]())),
        {row["step"]: row["channel_id"] for row in await connection.fetch(*_SQL["steps"]())},
        zone,
    )
