"""Progress and certificates of people, as the database has them."""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from annul.domain.courses import Certificate, Course, Part, Progress, progress
from annul.store.sql import load

_SQL: Final = load("annul.operate.training", "keeping.sql")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
# Of a number: without letters and digits that are taken for each other.
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_PLACES: Final = 10


class Trainee(NamedTuple):
    """Somebody who has begun a course; no role: no user here."""

    name: str
    role: str


async def standing(
    connection: Any, person: str, courses: Mapping[str, Course], now: datetime
) -> dict[str, Progress]:
    """Say how far a person is with each course."""
    parts: dict[tuple[str, int], list[Part]] = defaultdict(list)
    for row in await connection.fetch(*_SQL["parts"](person=person)):
        parts[row["course"], row["version"]].append(_part(row))
    held = await certificates(connection, person)
    return {
        name: progress(
            course, parts[name, course.version], [one for one in held if one.course == name], now
        )
        for name, course in courses.items()
    }


async def certificates(connection: Any, person: str) -> list[Certificate]:
    """Give a person's certificates, the latest first."""
    return [
        Certificate(**row) for row in await connection.fetch(*_SQL["certificates"](person=person))
    ]


async def certificate(connection: Any, number: str) -> tuple[Certificate, str] | None:
    """Give a certificate by its number, and the merchant of whom it was given to, if any."""
    row = await connection.fetchrow(*_SQL["certificate"](number=number.strip().upper()))
    if row is None:
        return None
    *held, merchant = row
    return Certificate(*held), merchant


async def people(connection: Any, merchant: str = "") -> list[Trainee]:
    """Give everybody who has begun a course; of a merchant alone if one is named."""
    return [Trainee(*row) for row in await connection.fetch(*_SQL["people"](merchant=merchant))]


async def begin(connection: Any, person: str, far: Progress, part: str, now: datetime) -> None:
    """Begin a task or question; what has begun already, for this certificate, goes on."""
    await connection.execute(
        *_SQL["begin"](
            person=person,
            course=far.course.name,
            version=far.course.version,
            task=part,
            now=now,
            after=far.certificate.at if far.certificate else _NEVER,
        )
    )


async def done(
    connection: Any,
    person: str,
    course: Course,
    part: str,
    evidence: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Keep what proved a task; False when it was proved already, or not begun."""
    whose = {"person": person, "course": course.name, "version": course.version}
    kept = {name: _plain(value) for name, value in evidence.items()}
    return bool(
        await connection.fetchval(*_SQL["done"](**whose, task=part, now=now, evidence=kept))
    )


async def certify(
    connection: Any, person: str, course: Course, now: datetime
) -> Certificate | None:
    """Give a certificate when all is done, in the transaction of `connection`; else None.

    Of two who ask at once the second one finds that there is one.
    """
    whose = {"person": person, "course": course.name, "version": course.version}
    rows = await connection.fetch(*_SQL["locked"](**whose))
    held = [one for one in await certificates(connection, person) if one.course == course.name]
    far = progress(course, map(_part, rows), held, now)
    if not far.complete:
        return None
    until = now + timedelta(days=course.valid_days)
    made = Certificate(_number(), person, course.name, course.version, now, until)
    await connection.execute(*_SQL["certify"](**made._asdict()))
    return made


def _number() -> str:
    return "T" + "".join(secrets.choice(_LETTERS) for _ in range(_PLACES))


def _part(row: Any) -> Part:
    return Part(row["task"], row["begun_at"], row["done_at"], row["evidence"])


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
