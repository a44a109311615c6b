"""Every dialect that issuers may speak: our own, and those that the database holds as documents."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog

from annul.store.sql import load
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DialectError
from annul.wire.specifications.document import Document, parse

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.issuers", "dialects.sql")
_Source = asyncpg.Pool | asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Known:
    """All dialects by name, ours among them, and why a document is none."""

    dialects: Mapping[str, Dialect]
    refused: Mapping[str, DialectError]


async def read(pool: _Source) -> Mapping[str, Dialect]:
    """Read all dialects; a document that is none is reported and left out, and stops nobody."""
    known = await asyncio.to_thread(resolve, await documents(pool))
    for name, error in known.refused.items():
        log.error("dialect_refused", dialect=name, why=str(error))
    return known.dialects


async def documents(connection: _Source) -> dict[str, str]:
    """Give the document that counts of each dialect."""
    rows = await connection.fetch(*_SQL["latest"]())
    return {row["name"]: row["document"] for row in rows}


def resolve(texts: Mapping[str, str]) -> Known:
    """Build every document once that which it extends is there; ours are never replaced."""
    dialects: dict[str, Dialect] = dict(DIALECTS)
    refused: dict[str, DialectError] = {}
    waiting: dict[str, Document] = {}
    for name, text in texts.items():
        try:
            waiting[name] = _named(name, text)
        except DialectError as error:
            refused[name] = error
    while ready := [n for n, one in waiting.items() if one.extends not in waiting]:
        for name in ready:
            try:
                dialects[name] = waiting.pop(name).build(dialects)
            except DialectError as error:
                refused[name] = error
    for name in waiting:
        refused[name] = DialectError(name, "a base that does not extend it in turn", "extends")
    return Known(dialects, refused)


def _named(name: str, text: str) -> Document:
    document = parse(text)
    if document.name != name:
        raise DialectError(name, f"the name {name}, not {document.name}", "name")
    if name in DIALECTS:
        raise DialectError(name, "another name: this dialect is annul's own", "name")
    return document
