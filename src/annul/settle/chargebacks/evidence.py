"""Documents of a chargeback: judged by what is in them, encrypted, each kept once.

What annul knows of the transaction (the slip's data, messages, clearing rows, what gave it back)
is put together by itself.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from annul.domain.chargebacks import EvidenceKind
from annul.domain.text import Text
from annul.resolve.case import Event
from annul.resolve.conclusion import file_name
from annul.security.vault import Vault
from annul.store.sql import load

from .book import CLOCK, Chargeback, note
from .errors import EvidenceRefused

SQL: Final = load("annul.settle.chargebacks", "evidence.sql")
LARGEST: Final = 5_000_000  # bytes
MOST: Final = 20  # documents of a chargeback
ZIP: Final = "application/zip"
_TEXT: Final = "text/plain"
# How documents begin.
_BEGINS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_LAYOUT: Final = frozenset("\t\n\r")
_SPACE: Final = UUID("b1a6f0a6-6c8e-4a38-9a63-2ef6a8c2b7d1")


class Document(NamedTuple):
    """A document as it is given, or as annul made it; an id makes a repeat the same one."""

    kind: EvidenceKind
    name: str
    content: bytes
    media_type: str
    id: UUID


class Known(NamedTuple):
    """What annul knows of a transaction, as a document; `case_number`: empty without a case."""

    document: Document
    given_back: bool
    case_number: str


def media_type(content: bytes) -> str:
    """Say what a document is by its content; raises `EvidenceRefused`."""
    if not 0 < len(content) <= LARGEST:
        raise EvidenceRefused
    for begins, name in _BEGINS:
        if content.startswith(begins):
            return name
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise EvidenceRefused from None
    if any(not letter.isprintable() and letter not in _LAYOUT for letter in text):
        raise EvidenceRefused
    return _TEXT


async def add(
    connection: Any, vault: Vault, one: Chargeback, documents: Iterable[Document], who: str,
    now: datetime,
) -> Chargeback:  # fmt: skip
    """Keep documents; the same content once. Raises `EvidenceRefused` above `MOST`."""
    for document in documents:
        have = await connection.fetchval(*SQL["count"](**one.key))
        if have >= MOST and who != CLOCK:
            raise EvidenceRefused
        digest = sha256(document.content).digest()
        written = SQL["add"](
            merchant=one.merchant_id,
            id=document.id,
            chargeback=one.id,
            kind=document.kind,
            name=file_name(document.name),
            media_type=document.media_type,
            size=len(document.content),
            digest=digest,
            sealed=vault.seal_file(document.content, document.id.bytes),
            who=who,
            now=now,
        )
        if await connection.fetchval(*written) is None:
            continue
        said = {"document": str(document.id), "kind": document.kind.value, "sha256": digest.hex()}
        event = Event("evidence", Text("添加证据", "evidence added"), who, said)
        one = await note(connection, one, event, now)
    return one


async def read(
    connection: Any, vault: Vault, merchant_id: str, chargeback: UUID, identity: UUID
) -> tuple[str, str, bytes] | None:
    """Give a document's name, type and content; None where there is none. Its hash is checked."""
    asked = SQL["sealed"](merchant=merchant_id, chargeback=chargeback, id=identity)
    row = await connection.fetchrow(*asked)
    if row is None:
        return None
    content = vault.open_file(row["sealed"], identity.bytes)
    assert sha256(content).digest() == row["digest"], "sealed as it came"
    return row["name"], row["media_type"], content


async def known(connection: Any, merchant_id: str, chargeback: UUID, transaction: UUID) -> Known:
    """Put together what annul knows; the same again as long as nothing has changed."""
    row = await connection.fetchrow(*SQL["known"](merchant=merchant_id, transaction=transaction))
    told = {name: row[name] for name in ("transactions", "messages", "cleared", "entries")}
    content = json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True, default=str).encode()
    kind = EvidenceKind.GIVEN_BACK if row["given_back"] else EvidenceKind.WIRE
    identity = uuid5(_SPACE, f"{chargeback} {sha256(content).hexdigest()}")
    document = Document(kind, f"annul-{kind}.json", content, "application/json", identity)
    return Known(document, row["given_back"], row["case_number"] or "")


def of_case(chargeback: UUID, number: str, content: bytes) -> Document:
    """Give the signed proof of a case as a document."""
    identity = uuid5(_SPACE, f"{chargeback} {sha256(content).hexdigest()}")
    return Document(EvidenceKind.CASE, f"annul-case-{number}.zip", content, ZIP, identity)
