"""The proof of a case: one bundle with everything that was known, done and said, masked.

A zip of `proof.json` for programs and `proof.pdf` for people, in both languages. The events carry
their hash chain, so that a change of any of them is seen; `signature.json` is annul's signature
over both files, which anybody checks who has the public key (`annul audit verify`).
"""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg

from annul.domain.errors import AnnulError
from annul.security.notary import Notary, signed
from annul.store.sql import load

from . import words
from .book import CaseUnknown, identity_of
from .case import Case, first_broken
from .proof_pdf import Print, render
from .proof_words import standing_in

# What is shown of each row that belongs to a case.
_SHOWN: Final = {
    "history": ("body", "hash"),
    "transactions": (
        *("id", "kind", "origin", "state", "sent", "rrn", "trace", "issuer_trace", "batch"),
        *("amount", "currency", "response_code", "auth_code", "why", "late_code"),
        *("reversal_reason", "card_masked", "issuer_id", "received_at", "answered_at", "ended_at"),
    ),
    "messages": ("transaction_id", "line", "direction", "at", "mti", "fields"),
    "ledger": (
        *("transaction_id", "cause", "line", "debit", "credit", "amount", "currency"),
        *("business_date", "posted_at"),
    ),
    # What clearing files and people have proved; a file by its name and its SHA-256.
    "proved": (
        *("transaction_id", "file", "digest", "settles_on", "line", "proves", "was", "by_people"),
        *("row", "found_at", "came", "carried_at", "discarded_at", "undone_at"),
    ),
    "told": ("whom", "said", "created_at", "delivered_at"),
}
_SQL: Final = load(
    "annul.resolve",
    "proof.sql",
    columns=", ".join(f"t.{name}" for name in Case._fields),
    **{what: ", ".join(names) for what, names in _SHOWN.items()},
)
_SIGNATURE: Final = "signature.json"
_FIXED: Final = (1980, 1, 1, 0, 0, 0)  # the same proof gives the same bytes


async def gather(pool: asyncpg.Pool, number: str, at: datetime) -> tuple[Case, dict[str, Any]]:
    """Read a case by number or id, and put everything about it together, as of one moment.

    Raises `CaseUnknown`.
    """
    row = await pool.fetchrow(*_SQL["whole"](number=number, id=identity_of(number)))
    if row is None:
        raise CaseUnknown(number)
    case = Case.of(tuple(row)[: len(Case._fields)])
    found = {
        what: [dict(zip(names, one, strict=True)) for one in row[what]]
        for what, names in _SHOWN.items()
    }
    history = [(one["body"], one["hash"]) for one in found.pop("history")]
    events = [json.loads(body) | {"hash": hashed.hex()} for body, hashed in history]
    diagnosed = [event for event in events if event["what"] == "diagnosed"]
    shown = case._asdict() | {"head": case.head.hex()}
    whole = {
        "case": shown,
        "made_at": at,
        "chain": {"broken_at": first_broken(history, case), "head": case.head.hex()},
        "timeline": events,
        # What was hashed, byte for byte: sha256(hash before + body).
        "chained": [{"body": body, "hash": hashed.hex()} for body, hashed in history],
        "names": {
            what: list(row[what]) for what in ("merchant", "issuer") if row[what] is not None
        },
        "diagnosis": diagnosed[-1]["evidence"] if diagnosed else None,
        **found,
    }
    return case, _with_money(_plain(whole))


def _with_money(whole: dict[str, Any]) -> dict[str, Any]:
    """Add where the money is by these rows; what an event said of it then stays in its event."""
    case, diagnosis = whole["case"], whole["diagnosis"]
    money = words.money(case["ended"], case["kind"], standing_in(whole))._asdict()
    if diagnosis is not None:
        causes = [found | {"money": money} for found in diagnosis["causes"]]
        diagnosis = diagnosis | {"causes": causes}
    return whole | {"money": money, "diagnosis": diagnosis}


class ProofUnsound(AnnulError):
    """This proof was not signed with this key, or was changed since. Do not rely on it."""

    code = "resolve.proof_unsound"
    next_step = "Take it anew from the case's page, and compare the two."


def bundle(proof: dict[str, Any], notary: Notary | None, how: Print | None = None) -> bytes:
    """Give the zip; without a notary it is not signed."""
    text = json.dumps(proof, ensure_ascii=False, indent=2, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        parts = {"proof.json": text, "proof.pdf": render(proof, how)}
        if notary is not None:
            parts[_SIGNATURE] = _signature(parts, notary)
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _hashes(parts: Mapping[str, bytes]) -> str:
    """Give what is signed: each file's SHA-256, by name."""
    return json.dumps({name: sha256(content).hexdigest() for name, content in parts.items()})


def _signature(parts: Mapping[str, bytes], notary: Notary) -> bytes:
    files = _hashes(parts)
    said = {
        "algorithm": "Ed25519",
        "signed": files,
        "signature": notary.sign(files.encode()).hex(),
        "public_key": notary.public_key,
    }
    return json.dumps(said, indent=2).encode()


def sound(content: bytes, public_key: str) -> dict[str, Any]:
    """Give a proof whose signature holds under a key; raises `ProofUnsound`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            parts = {name: file.read(name) for name in file.namelist() if name != _SIGNATURE}
            said = json.loads(file.read(_SIGNATURE))
        whole = said["signed"] == _hashes(parts)
        if whole and signed(public_key, said["signed"].encode(), bytes.fromhex(said["signature"])):
            return json.loads(parts["proof.json"])
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError):
        pass
    raise ProofUnsound


def _plain(value: Any) -> Any:
    """Turn what the database gives into what JSON can say."""
    return json.loads(json.dumps(value, default=str, ensure_ascii=False))
