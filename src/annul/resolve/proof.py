"""The proof of a case: one bundle with everything that was known, done and said, masked.

A zip of `proof.json` for programs and `proof.pdf` for people, in both languages. The events carry
their hash chain, so that a change of any of them is seen.
"""

import io
import json
import zipfile
from datetime import datetime
from typing import Any, Final

import asyncpg

from annul.store.sql import load

from .book import Book
from .case import Case, first_broken
from .proof_pdf import render

_SQL: Final = load("annul.resolve", "proof.sql")
_FIXED: Final = (1980, 1, 1, 0, 0, 0)  # the same proof gives the same bytes


async def gather(pool: asyncpg.Pool, book: Book, case: Case, at: datetime) -> dict[str, Any]:
    """Put everything about a case together."""
    case, history = await book.whole(case)
    key = {"merchant": case.merchant_id, "case": case.id}
    transactions = await pool.fetch(*_SQL["transactions"](**key, original=case.original_id))
    ids = [row["id"] for row in transactions] or [case.id]
    entries = await pool.fetch(*_SQL["entries"](merchant=case.merchant_id, ids=ids))
    messages = await pool.fetch(*_SQL["messages"](merchant=case.merchant_id, ids=ids))
    told = await pool.fetch(*_SQL["told"](**key))
    events = [json.loads(body) | {"hash": hashed.hex()} for body, hashed in history]
    diagnosed = [event for event in events if event["what"] == "diagnosed"]
    shown = case._asdict() | {"head": case.head.hex()}
    return _plain(
        {
            "case": shown,
            "made_at": at,
            "chain": {"broken_at": first_broken(history, case), "head": case.head.hex()},
            "timeline": events,
            # What was hashed, byte for byte: sha256(hash before + body).
            "chained": [{"body": body, "hash": hashed.hex()} for body, hashed in history],
            "transactions": [dict(row) for row in transactions],
            "messages": [dict(row) for row in messages],
            "ledger": [dict(row) for row in entries],
            "diagnosis": diagnosed[-1]["evidence"] if diagnosed else None,
            "told": [dict(row) for row in told],
        }
    )


def bundle(proof: dict[str, Any]) -> bytes:
    """Give the zip."""
    text = json.dumps(proof, ensure_ascii=False, indent=2, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in (("proof.json", text), ("proof.pdf", render(proof))):
            file.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    """Turn what the database gives into what JSON can say."""
    return json.loads(json.dumps(value, default=str, ensure_ascii=False))
