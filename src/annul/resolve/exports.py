"""The end of the chain of seals, signed and put beside the database, a file for each day.

Who can write to the database can cut the chain off at its end; a file that names a later end shows
it. So the files belong where the database's operator cannot write (docs/SECURITY.md).
"""

import asyncio
import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.security.notary import Notary, signed

from .seals import AT_ONCE, Broken, Seals

_VERSION: Final = 1


class ExportUnreadable(AnnulError):
    """This is no export of seals, or it was changed since it was signed."""

    code = "resolve.export_unreadable"
    next_step = "Give a file that annul audit export has written, and the public key of its annul."


def checked(content: str, public_key: str) -> dict[str, Any]:
    """Give what an export says; raises `ExportUnreadable` unless it was signed with this key."""
    try:
        whole = json.loads(content)
        text, signature = str(whole["signed"]), bytes.fromhex(whole["signature"])
    except (ValueError, TypeError, KeyError):
        raise ExportUnreadable from None
    if not signed(public_key, text.encode(), signature):
        raise ExportUnreadable
    return json.loads(text)


class Exports:
    """Writes and reads them in a folder."""

    def __init__(self, seals: Seals, notary: Notary, folder: Path) -> None:
        self._seals = seals
        self._notary = notary
        self._folder = folder

    async def content(self, now: datetime) -> str:
        """Seal what has come, and give the export as it is at a time."""
        while await self._seals.seal() == AT_ONCE:
            pass
        await self._seals.seal_cases(now)
        head = await self._seals.head()
        said = {
            "annul": "seals",
            "version": _VERSION,
            "made_at": now.isoformat(),
            "number": head.number,
            "head": head.hash.hex(),
        }
        text = json.dumps(said, sort_keys=True)
        signature = self._notary.sign(text.encode()).hex()
        whole = {"signed": text, "signature": signature, "public_key": self._notary.public_key}
        return json.dumps(whole, indent=2) + "\n"

    async def write(self, day: date, now: datetime) -> Path | None:
        """Write the export of a day; None when it is there already."""
        file = self._folder / f"{day.isoformat()}.json"
        if file.exists():
            return None
        content = await self.content(now)
        await asyncio.to_thread(_write, file, content)
        return file

    async def broken(self, now: datetime, limit: int) -> list[Broken]:
        """Hold rows against seals, and seals against the files; gives what does not fit."""
        found = await self._seals.broken(now, limit)
        for file in sorted(self._folder.glob("*.json")):
            how = await self._of_file(file)
            if how:
                found.append(Broken(how, file.name))
        return found[:limit]

    async def _of_file(self, file: Path) -> str:
        try:
            content = await asyncio.to_thread(file.read_text, encoding="utf-8")
            said = checked(content, self._notary.public_key)
        except (ExportUnreadable, OSError, UnicodeDecodeError):
            return "export_forged"
        if not said["number"]:
            return ""
        there = await self._seals.hash_of(said["number"])
        return "" if there is not None and there.hex() == said["head"] else "cut_off"


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}.partial")  # other hosts may share the folder
    partial.write_text(content, encoding="utf-8")
    partial.replace(file)
