"""Reports that channels are owed: what one message carries, and what came of it.

They go when a channel is owed nothing of incidents, within the same limit. What a mail server
refuses of one person's is put off for that person alone: it holds up no notice.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.backoff import Backoff
from annul.domain.incident import Incident
from annul.domain.letters import AGAIN, Attachment, Letter
from annul.operate.reports.mailing import KIND, about
from annul.store.incidents import Ended, closing, opening
from annul.store.sql import listed, load

from .sending import MAYBE

_SQL: Final = load("annul.operate.notices", "mails.sql", maybe=listed(MAYBE))
_BACKOFF: Final = Backoff(first_s=60.0, limit_s=4 * 3600.0)


class OwedMail(NamedTuple):
    """A report that is owed to a person: `to` is sealed, `tries` those before."""

    name: str
    length: str
    first: date
    tries: int
    to: bytes
    letter: Letter

    @property
    def key(self) -> dict[str, Any]:
        """By what it is found."""
        return {"name": self.name, "length": self.length, "first": self.first}


async def next_mail(connection: Any, channel: UUID, now: datetime) -> OwedMail | None:
    """Give the report that a channel is owed next; None when there is none."""
    row = await connection.fetchrow(*_SQL["next"](channel=channel, now=now))
    if row is None:
        return None
    files = zip(row["names"], row["media"], row["contents"], strict=True)
    first = AGAIN.speak(row["language"]) + "\n" if row["again"] else ""
    letter = Letter(row["subject"], first + row["body"], tuple(Attachment(*one) for one in files))
    return OwedMail(row["name"], row["length"], row["first"], row["tries"], row["mail"], letter)


async def carried(connection: Any, mail: OwedMail, message: UUID) -> None:
    """Write down that a message carries it."""
    await connection.execute(*_SQL["carry"](**mail.key, message=message))


async def told(connection: Any, mail: OwedMail, message: UUID, now: datetime) -> None:
    """Owe it no more."""
    await connection.execute(*_SQL["told"](**mail.key, message=message))
    ended = Ended(KIND, "", about(mail.name, mail.length))
    await connection.execute(*closing([ended], now))


async def not_told(
    connection: Any,
    mail: OwedMail,
    message: UUID,
    error: str,
    now: datetime,
    *,
    incident_from: int,
    random: Callable[[], float],
) -> None:
    """Try it again later; from so many tries on somebody is told."""
    tries = mail.tries + 1
    due_at = now + timedelta(seconds=_BACKOFF.delay(tries, random))
    await connection.execute(
        *_SQL["later"](**mail.key, message=message, due_at=due_at, error=error)
    )
    if tries >= incident_from:
        incident = Incident.of(
            KIND, "", about(mail.name, mail.length), name=mail.name, tries=tries, error=error
        )
        await connection.execute(*opening([incident], now))
