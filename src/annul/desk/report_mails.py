"""Reports by mail: people ask for them for themselves; who sets notices up has one sent anew.

A person has a mail address of their own, which is sealed. A mail channel's server carries them.
Each cell mails its own.
"""

from typing import Any, Final, NamedTuple

from annul.domain.errors import AnnulError
from annul.domain.letters import mail_address, shown
from annul.operate.reports.mailing import KIND, about
from annul.operate.reports.period import Length, NotClosed, Period
from annul.store.incidents import Ended, closing
from annul.store.sql import load

from .audit import audit
from .desk import Desk
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
    rows = await desk.pool.fetch(*_SQL["every"]())
    return [dict(row) | {"latest": _named(row)} for row in rows]


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
        await connection.execute(*_SQL["end"](name=visitor.name, lengths=others))
        ended = [Ended(KIND, "", about(visitor.name, one)) for one in others]
        await connection.execute(*closing(ended, now))
        detail = {"reports": sorted(lengths)}
        thing = f"user {visitor.name}"
        await audit(connection, visitor, now, "ask-for-reports", thing, reason, detail)


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
