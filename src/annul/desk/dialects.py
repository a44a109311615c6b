"""Dialects: which there are, how each differs from its base, who changed it, why; changing it."""

from asyncio import to_thread
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from annul.issuers.dialects import documents, resolve
from annul.store.clock import Clock
from annul.store.sql import load
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DialectError
from annul.wire.field import Field
from annul.wire.specifications.document import parse

from . import over_cells
from .audit import audit
from .desk import NothingThere
from .permission import NotValid, permit
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "dialects.sql")


class Counter(Protocol):
    """Where dialects are kept: the desk, or the command line."""

    @property
    def pool(self) -> Any:
        """The database."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A dialect, its base if it has one, and its versions (none of our own), the latest first.

    `dialect` is None where what counts is no dialect any more: `fault` says why.
    """

    name: str
    dialect: Dialect | None
    base: Dialect | None
    versions: tuple[Mapping[str, Any], ...]
    fault: str = ""

    @property
    def differs(self) -> dict[int, Field | None]:
        """The rows that are otherwise than in the base, None for one that it lacks."""
        if self.dialect is None or self.base is None:
            return {}
        ours, theirs = self.dialect.fields, self.base.fields
        return {n: ours.get(n) for n in sorted({*ours, *theirs}) if ours.get(n) != theirs.get(n)}


async def listing(counter: Counter) -> list[dict[str, Any]]:
    """Give every dialect: what it extends, who set it, which issuers speak it, what is wrong."""
    rows = {row["name"]: dict(row) for row in await counter.pool.fetch(*_SQL["listing"]())}
    all_ = await to_thread(resolve, {name: row["document"] for name, row in rows.items()})
    speakers: dict[str, list[str]] = {}
    for issuer_id, dialect in await counter.pool.fetch(*_SQL["spoken"]()):
        speakers.setdefault(dialect, []).append(issuer_id)
    found: list[dict[str, Any]] = []
    for name in (*DIALECTS, *rows):
        row, dialect = rows.get(name, {}), all_.dialects.get(name)
        fault = all_.refused.get(name)
        found.append(
            {
                "name": name,
                "extends": _extends(row.get("document", "")),
                "fields": len(dialect.fields) if dialect else 0,
                "version": row.get("version", 0),
                "note": row.get("note", ""),
                "set_by": row.get("set_by", ""),
                "set_at": row.get("set_at"),
                "issuers": speakers.get(name, []),
                "fault": str(fault) if fault else "",
            }
        )
    return found


async def known(counter: Counter) -> Mapping[str, Dialect]:
    """Give every dialect that is one, by name."""
    return (await to_thread(resolve, await documents(counter.pool))).dialects


async def find(counter: Counter, name: str) -> Shown:
    """Find a dialect; raises `NothingThere`."""
    versions = tuple(dict(row) for row in await counter.pool.fetch(*_SQL["versions"](name=name)))
    if name not in DIALECTS and not versions:
        message = f"there is no dialect {name}"
        raise NothingThere(message)
    all_ = await to_thread(resolve, await documents(counter.pool))
    extends = _extends(versions[0]["document"]) if versions else ""
    fault = all_.refused.get(name)
    return Shown(
        name,
        all_.dialects.get(name),
        all_.dialects.get(extends),
        versions,
        str(fault) if fault else "",
    )


@over_cells.everywhere
async def put(counter: Counter, visitor: Visitor, text: str, reason: str) -> int:
    """Keep a document as the version of its dialect that counts; gives its number.

    Running hosts take it up. Raises `DialectError`, `NotValid` when nothing would differ or a
    dialect that extends this one would be none any more, `NotAllowed` and `ReasonNeeded`.
    """
    async with counter.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, Scope.ISSUERS_WRITE, reason)
        name = parse(text).name
        await connection.execute(*_SQL["changed"]())  # first: one after the other
        before = await documents(connection)
        if before.get(name) == text:
            raise NotValid("this is the version that counts already")
        await to_thread(_check, name, before, {**before, name: text})
        now = counter.clock.now()
        version = await connection.fetchval(
            *_SQL["add"](
                name=name, document=text, note=reason.strip(), set_by=visitor.name, set_at=now
            )
        )
        detail = {"version": version, "extends": _extends(text)}
        await audit(connection, visitor, now, "set-dialect", f"dialect {name}", reason, detail)
    return version


async def roll_back(
    counter: Counter, visitor: Visitor, name: str, version: int, reason: str
) -> int:
    """Let an earlier version count again, as a new one; gives its number."""
    await permit(counter.pool, visitor, Scope.ISSUERS_WRITE, reason)
    rows = await counter.pool.fetch(*_SQL["versions"](name=name))
    text = next((row["document"] for row in rows if row["version"] == version), None)
    if text is None:
        message = f"dialect {name} has no version {version}"
        raise NothingThere(message)
    return await put(counter, visitor, text, reason)


def _check(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    then, was = resolve(after).refused, resolve(before).refused
    if name in then:
        raise then[name]
    for other in then.keys() - was.keys():
        message = f"dialect {other} extends it and would be none any more: {then[other]}"
        raise NotValid(message)


def _extends(text: str) -> str:
    try:
        return parse(text).extends or "" if text else ""
    except DialectError:
        return ""
