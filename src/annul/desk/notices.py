"""Whom annul tells of incidents: channels, the rota, escalation, and what was sent.

Each cell has its own: who signs in sets up those of the cell that serves the console. An address
has secrets, so it is written and never read back.
"""

import random
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.heads import HeadScope
from annul.domain.incident import Severity
from annul.domain.notice_pace import PER_MINUTE
from annul.domain.notices import LANGUAGES, ChannelKind
from annul.domain.rota import Days, Duty, beginning_on
from annul.operate.notices.book import duty_of
from annul.operate.notices.sending import Outcome, check
from annul.operate.notices.trying import try_out
from annul.settle.days import works
from annul.store.incidents import Ended, closing
from annul.store.sql import load

from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing, permit, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "notices.sql")
_MOST_PER_MINUTE: Final = 600
_LONGEST_NAME: Final = 60
_STEPS: Final = 20
_MOST_MINUTES: Final = 7 * 24 * 60
_WEEK: Final = 7
DutyDay = tuple[date, list[dict[str, Any]]]  # a day, and the lines that begin on it


class NameTaken(AnnulError):
    """There is a channel of this name already. Nothing was changed."""

    code = "notices.name"
    next_step = "Choose another name, or change the channel that has it."


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel as somebody sets it up. `address` empty: the one that it has, when it is changed.

    Quiet hours are local; the same twice is none. Scopes: none is all. No language: that of the
    installation.
    """

    name: str
    address: str = ""
    language: str = ""
    per_minute: int = PER_MINUTE
    severity: Severity = Severity.WARNING
    scopes: tuple[str, ...] = ()
    quiet_from: time = time()
    quiet_to: time = time()
    by_rota: bool = False

    def check(self) -> None:
        """Raise `NotValid` for what no channel can be."""
        if not (self.name.strip() and self.name.isprintable() and len(self.name) <= _LONGEST_NAME):
            message = f"a channel has a name of one line, up to {_LONGEST_NAME} characters"
            raise NotValid(message)
        if self.language not in ("", *LANGUAGES):
            raise NotValid("a channel's language is zh, en or none")
        if not 1 <= self.per_minute <= _MOST_PER_MINUTE:
            message = f"a channel takes 1 to {_MOST_PER_MINUTE} messages a minute"
            raise NotValid(message)
        if not set(self.scopes) <= set(HeadScope):
            message = f"scopes are {', '.join(HeadScope)}"
            raise NotValid(message)

    def shown(self) -> dict[str, Any]:
        """Give what the audit log keeps: all but the address."""
        said = asdict(self) | {"address": "given" if self.address else "kept"}
        return said | {
            "severity": self.severity.value,
            "scopes": list(self.scopes),
            "quiet_from": f"{self.quiet_from:%H:%M}",
            "quiet_to": f"{self.quiet_to:%H:%M}",
        }


# Channels ---------------------------------------------------------------------------------------


async def channels(desk: Desk, visitor: Visitor, *, also_off: bool = False) -> list[dict[str, Any]]:
    """Give channels, how their last messages went, and how much they are owed; `NotAllowed`."""
    _reads(visitor)
    return [dict(row) for row in await desk.pool.fetch(*_SQL["channels"](also_off=also_off))]


async def add_channel(desk: Desk, visitor: Visitor, new: NewChannel, reason: str) -> UUID:
    """Add a channel. Raises `BadChannel`, `NotValid`, `NameTaken`, `NotAllowed`, `ReasonNeeded`."""
    staff(visitor)
    new.check()
    kind, identity, now = check(new.address), uuid7(), desk.clock.now()
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        columns = _columns(desk, new, visitor, now, kind)
        if await connection.fetchval(*_SQL["add"](id=identity, name=new.name, **columns)) is None:
            raise NameTaken
        await connection.execute(*_SQL["add_state"](id=identity, now=now))
        await audit(connection, visitor, now, "add-channel", _named(new.name), reason, new.shown())
    return identity


async def change_channel(
    desk: Desk, visitor: Visitor, identity: UUID, new: NewChannel, reason: str
) -> None:
    """Change a channel in use; what it is owed is tried at once. Also `NothingThere`."""
    staff(visitor)
    new.check()
    kind, now = check(new.address) if new.address else None, desk.clock.now()
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        columns = _columns(desk, new, visitor, now, kind)
        if await connection.fetchval(*_SQL["change"](id=identity, **columns)) is None:
            raise _no_channel(identity)
        await connection.execute(*_SQL["again"](id=identity, now=now))
        await audit(
            connection, visitor, now, "change-channel", _named(new.name), reason, new.shown()
        )


async def stop_channel(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Use a channel no more, nor for reports; what it was owed is dropped.

    Raises `NothingThere`, `NotAllowed`.
    """
    staff(visitor)
    now = desk.clock.now()
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        name = await connection.fetchval(*_SQL["stop"](id=identity, who=visitor.name, now=now))
        if name is None:
            raise _no_channel(identity)
        await connection.execute(*_SQL["dropped"](id=identity))
        await connection.execute(*closing([Ended("channel_refused", "", name)], now))
        rows = await connection.fetch(*_SQL["unsubscribed"](id=identity))
        reports = sorted({row["name"] for row in rows})
        detail = {"reports": reports} if reports else {}
        await audit(connection, visitor, now, "stop-channel", _named(name), reason, detail)


async def try_channel(desk: Desk, visitor: Visitor, identity: UUID, reason: str = "") -> Outcome:
    """Send a test message now; gives what came of it. `NothingThere`, `ChannelBusy`, `NotAllowed`.

    It counts as one of the channel's minute.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.NOTICES_WRITE, reason or "test")
    row = await desk.pool.fetchrow(*_SQL["find"](id=identity))
    if row is None or not row["active"]:
        raise _no_channel(identity)
    outcome = await try_out(
        desk.pool,
        desk.vault,
        desk.clock,
        identity,
        random=random.random,
        language=desk.notices_language,
    )
    now, said = desk.clock.now(), {"phase": outcome.phase.value, "error": outcome.error}
    await audit(desk.pool, visitor, now, "test-channel", _named(row["name"]), reason, said)
    return outcome


def _columns(
    desk: Desk, new: NewChannel, visitor: Visitor, now: datetime, kind: ChannelKind | None
) -> dict[str, Any]:
    return {
        "kind": kind.value if kind else None,
        "address": desk.vault.seal(new.address) if kind else None,
        "language": new.language,
        "per_minute": new.per_minute,
        "severity": new.severity.value,
        "scopes": list(new.scopes),
        "quiet_from": new.quiet_from,
        "quiet_to": new.quiet_to,
        "by_rota": new.by_rota,
        "who": visitor.name,
        "now": now,
    }


# The rota ---------------------------------------------------------------------------------------


async def rota(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give the lines of the rota, each with its channel's name; `NotAllowed`."""
    _reads(visitor)
    return [dict(row) for row in await desk.pool.fetch(*_SQL["rota"]())]


async def week(desk: Desk, visitor: Visitor, first: date) -> list[DutyDay]:
    """Give seven days from `first` on, each with the lines that begin on it; `NotAllowed`."""
    rows = [(duty_of(row), row) for row in await rota(desk, visitor)]
    days = [first + timedelta(days=place) for place in range(_WEEK)]
    told: list[DutyDay] = []
    for day in days:
        found = beginning_on([duty for duty, _ in rows], day, works)
        told.append((day, [row for duty, row in rows if any(duty is one for one in found)]))
    return told


async def add_duty(desk: Desk, visitor: Visitor, duty: Duty, reason: str) -> UUID:
    """Add a line to the rota; raises `NothingThere` for a channel that is off, `NotAllowed`."""
    staff(visitor)
    identity, now = uuid7(), desk.clock.now()
    columns = {
        "channel": duty.channel,
        "person": duty.person.strip(),
        "weekdays": sorted(duty.weekdays),
        "days": Days(duty.days).value,
        "from_at": duty.begins,
        "to_at": duty.ends,
        "since": duty.since,
        "until": duty.until,
        "only_on": duty.only_on,
    }
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        adding = _SQL["add_duty"](id=identity, who=visitor.name, now=now, **columns)
        if await connection.fetchval(*adding) is None:
            raise _no_channel(duty.channel)
        shown = {name: str(value) for name, value in columns.items() if value}
        await audit(connection, visitor, now, "add-duty", f"duty {identity}", reason, shown)
    return identity


async def end_duty(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Take a line out of the rota; raises `NothingThere`, `NotAllowed`."""
    staff(visitor)
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        row = await connection.fetchrow(*_SQL["end_duty"](id=identity))
        if row is None:
            message = f"there is no duty {identity}"
            raise NothingThere(message)
        shown = {name: str(value) for name, value in dict(row).items()}
        now = desk.clock.now()
        await audit(connection, visitor, now, "end-duty", f"duty {identity}", reason, shown)


# Escalation -------------------------------------------------------------------------------------


async def steps(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give the steps of escalation; an empty channel is all that are told then. `NotAllowed`."""
    _reads(visitor)
    return [dict(row) for row in await desk.pool.fetch(*_SQL["steps"]())]


async def set_step(
    desk: Desk,
    visitor: Visitor,
    step: int,
    after_min: int,
    severity: Severity,
    channel: UUID | None,
    reason: str,
) -> None:
    """Set a step: whom to tell when nobody has acknowledged for so long.

    Raises `NotValid`, `NothingThere`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    if not (1 <= step <= _STEPS and 1 <= after_min <= _MOST_MINUTES):
        message = f"a step is 1 to {_STEPS}, after 1 to {_MOST_MINUTES} minutes"
        raise NotValid(message)
    now = desk.clock.now()
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        if channel is not None:
            row = await connection.fetchrow(*_SQL["find"](id=channel))
            if row is None or not row["active"]:
                raise _no_channel(channel)
        set_to = {"step": step, "after_min": after_min, "severity": severity.value}
        await connection.execute(
            *_SQL["set_step"](**set_to, channel=channel, who=visitor.name, now=now)
        )
        shown = set_to | {"channel": str(channel or "")}
        await audit(connection, visitor, now, "set-step", f"step {step}", reason, shown)


async def end_step(desk: Desk, visitor: Visitor, step: int, reason: str) -> None:
    """Remove a step of escalation; raises `NothingThere`, `NotAllowed`."""
    staff(visitor)
    async with changing(desk, visitor, Scope.NOTICES_WRITE, reason) as connection:
        if await connection.fetchval(*_SQL["end_step"](step=step)) is None:
            message = f"there is no step {step}"
            raise NothingThere(message)
        await audit(connection, visitor, desk.clock.now(), "end-step", f"step {step}", reason)


# What was sent ----------------------------------------------------------------------------------


async def log(
    desk: Desk, visitor: Visitor, limit: int, cursor: str = "", channel: UUID | None = None
) -> Listing:
    """Give what came of messages, the latest first, of one channel or all; `NotAllowed`."""
    _reads(visitor)
    page = {**Cursor.after(cursor), "limit": limit + 1}
    return listing(await desk.pool.fetch(*_SQL["log"](channel=channel, **page)), limit, "at")


async def owed(desk: Desk, visitor: Visitor, limit: int) -> list[dict[str, Any]]:
    """Give what channels are owed and were not told yet; `NotAllowed`."""
    _reads(visitor)
    return [dict(row) for row in await desk.pool.fetch(*_SQL["owed"](limit=limit))]


def _reads(visitor: Visitor) -> None:
    if visitor.merchant_id or not visitor.may(Scope.NOTICES_READ):
        raise NotAllowed


def _named(name: str) -> str:
    return f"channel {name}"


def _no_channel(identity: UUID) -> NothingThere:
    return NothingThere(f"there is no channel {identity} in use")
