"""Reports by mail: people ask for them for themselves, and who sets notices up for others.

A person has a mail address of their own, which is sealed. A mail channel's server carries them.
Each cell mails its own.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from annul.domain.errors import AnnulError
from annul.domain.letters import mail_address, shown
from annul.operate.reports.mailing import KIND, about
from annul.operate.reports.period import Length, NotClosed, Period
from annul.store.incidents import Ended, closing
from annul.store.sql import load

from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotAllowed, changing, staff
from .roles import ROLES, Scope, Visitor

_SQL: Final = load("annul.desk", "report_mails.sql")
READERS: Final = tuple(role for role, scopes in ROLES.items() if Scope.CASES_READ in scopes)


class NoMailChannel(AnnulError):
    """There is no mail channel that could carry reports. Nothing was changed."""

    code = "reports.no_channel"
    next_step = "Have an operator add a channel of kind mail on the page Notices."


class MailedReports(NamedTuple):
    """What a person asked for: `mail` as it may be shown, `latest` the last one that was owed."""

    length: Length
    mail: str
    channel: str
    latest: str
    state: str
    error: str


async def own(desk: Desk, visitor: Visitor) -> list[MailedReports]:
    """Give what somebody asked for; nothing for programs."""
    if not (visitor.role and visitor.may(Scope.CASES_READ)):
        return []
    return [
        MailedReports(
            Length(row["length"]),
            shown(desk.vault.open(row["mail"])),
            row["channel"],
            _named(row),
            row["state"] or "",
            row["error"] or "",
        )
        for row in await desk.pool.fetch(*_SQL["own"](name=visitor.name))
    ]


async def every(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give who asked for which reports, and how the latest went, as office people see it."""
    if visitor.merchant_id or not visitor.may(Scope.NOTICES_READ):
        raise NotAllowed
    return await _every(desk)


async def _every(desk: Desk, name: str = "") -> list[dict[str, Any]]:
    rows = await desk.pool.fetch(*_SQL["every"](name=name))
    return [dict(row) | {"latest": _named(row), "state": row["state"] or ""} for row in rows]


async def subscribe(
    desk: Desk,
    visitor: Visitor,
    lengths: frozenset[Length],
    mail: str,
    reason: str,
    channel: str = "",
) -> None:
    """Ask for these reports and no others, from the period that goes on now.

    `mail` empty keeps the address. Raises `BadMail`, `NoMailChannel`, `NotAllowed`, `ReasonNeeded`.
    """
    if not visitor.role:
        raise NotAllowed
    now = desk.clock.now()
    today = desk.calendar.business_date(now)
    async with changing(desk, visitor, Scope.CASES_READ, reason, visitor.merchant_id) as connection:
        had = {
            row["length"]: row for row in await connection.fetch(*_SQL["own"](name=visitor.name))
        }
        kept = next((row["mail"] for row in had.values()), None)
        if lengths:
            row = await connection.fetchrow(*_SQL["channel"](name=channel))
            if row is None:
                raise NoMailChannel
            sealed = kept if kept and not mail.strip() else desk.vault.seal(mail_address(mail))
            for length in lengths:
                since = Period.latest(length, today).following.first
                asking = {"length": length.value, "channel": row["id"], "mail": sealed}
                await connection.execute(
                    *_SQL["ask"](name=visitor.name, since=since, now=now, **asking)
                )
        others = sorted(one.value for one in Length if one not in lengths)
        await _end(connection, visitor.name, others, now)
        detail = {"reports": sorted(lengths)}
        thing = f"user {visitor.name}"
        await audit(connection, visitor, now, "ask-for-reports", thing, reason, detail)


async def add(
    desk: Desk,
    visitor: Visitor,
    name: str,
    length: Length,
    mail: str,
    reason: str,
    channel: str = "",
) -> dict[str, Any]:
    """Have a report mailed to somebody who may read it, or to another address than before.

    Gives it as `every` does. Who has it mailed must be allowed to read reports too. Raises
    `NothingThere`, `BadMail`, `NoMailChannel`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    address, now = mail_address(mail), desk.clock.now()
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        if not visitor.may(Scope.CASES_READ):
            raise NotAllowed
        if not await connection.fetchval(*_SQL["reads"](name=name, readers=list(READERS))):
            message = f"there is no user {name} who may read reports"
            raise NothingThere(message)
        carrier = await connection.fetchval(*_SQL["channel"](name=channel))
        if carrier is None:
            raise NoMailChannel
        period = Period.latest(length, desk.calendar.business_date(now)).following
        asking = {"name": name, "length": length.value, "channel": carrier, "now": now}
        sealed = desk.vault.seal(address)
        await connection.execute(*_SQL["ask"](**asking, mail=sealed, since=period.first))
        detail, thing = {"report": length.value}, f"user {name}"
        await audit(connection, visitor, now, "mail-reports", thing, reason, detail)
    return next(row for row in await _every(desk, name) if row["length"] == length)


async def remove(desk: Desk, visitor: Visitor, name: str, length: Length, reason: str) -> None:
    """Have a report mailed to somebody no more; `NothingThere`, `NotAllowed`, `ReasonNeeded`."""
    staff(visitor)
    now = desk.clock.now()
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        if not await _end(connection, name, [length.value], now):
            message = f"no such report is mailed to {name}"
            raise NothingThere(message)
        detail, thing = {"report": length.value}, f"user {name}"
        await audit(connection, visitor, now, "mail-no-reports", thing, reason, detail)


async def _end(connection: Any, name: str, lengths: list[str], now: datetime) -> bool:
    """Mail these reports to somebody no more; gives whether any was."""
    gone = await connection.fetch(*_SQL["end"](name=name, lengths=lengths))
    ended = [Ended(KIND, "", about(name, one)) for one in lengths]
    await connection.execute(*closing(ended, now))
    return bool(gone)


async def send(
    desk: Desk, visitor: Visitor, period: Period, reason: str, name: str = ""
) -> list[str]:
    """Owe a period to all who asked for reports of its length, or to one; gives to whom.

    Also to who had it before. Raises `NotClosed`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    now = desk.clock.now()
    if desk.calendar.ends(period.last) > now:
        raise NotClosed
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        sending = _SQL["send"](
            length=period.length.value,
            first=period.first,
            name=name,
            readers=list(READERS),
            language=desk.notices_language,
            now=now,
        )
        names = sorted(row["name"] for row in await connection.fetch(*sending))
        detail = {"period": period.name, "names": names}
        await audit(connection, visitor, now, "send-reports", "list reports", reason, detail)
    return names


def _named(row: Any) -> str:
    if row["first"] is None:
        return ""
    return Period(Length(row["length"]), row["first"]).name
