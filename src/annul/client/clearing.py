"""What can be asked of annul about clearing files and the breaks that they show."""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import BinaryIO, Final
from uuid import uuid4

from .models.breaks import (
    AssignedBreaks,
    Break,
    ImportedBreaks,
    ManyBreaks,
    Resolution,
    WaitingBreaks,
    WholeBreak,
)
from .models.clearing import (
    AcceptedDifference,
    BadLine,
    ClearingFile,
    ClearingResult,
    ClearingRules,
    ColumnMap,
    ExpectedFile,
    FileLook,
    MatchedAgain,
    ReadClearingFile,
    RulesVersion,
    SavedMap,
    WholeFile,
)
from .transport import Content, Transport

_PAGE: Final = 100
_PIECE: Final = 1024 * 1024
_LONG_S: Final = 3_600.0  # until a file of any size is read, or counted


class ClearingFiles:
    """Clearing files of issuers: read, looked at, committed, discarded."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[ClearingFile]:
        """Give files, the latest first."""
        return self._transport.pages(ClearingFile, "clearing", "files", limit=_PAGE)

    def get(self, file: str) -> WholeFile:
        """Give a file with its breaks and first bad lines."""
        return self._transport.get(WholeFile, "clearing", "files", file)

    def bad_lines(self, file: str) -> Iterator[BadLine]:
        """Give lines that are no rows."""
        return self._transport.pages(BadLine, "clearing", "files", file, "bad-lines", limit=_PAGE)

    def differences(self, file: str) -> Iterator[AcceptedDifference]:
        """Give differences of money that rules accept, in the order of the rows."""
        path = ("clearing", "files", file, "differences")
        return self._transport.pages(AcceptedDifference, *path, limit=_PAGE)

    def look(self, file: BinaryIO, name: str) -> FileLook:
        """Say what a file looks like; nothing of it is kept."""
        path = ("clearing", "files", "look")
        more = {"harmless": True, "timeout_s": _LONG_S}
        return self._transport.call(
            FileLook, "POST", *path, query={"name": name}, content=pieces(file), **more
        )

    def read(
        self,
        file: BinaryIO,
        name: str,
        *,
        layout: str | None = None,
        map: str | None = None,  # noqa: A002 - the field's own name
        day: date | None = None,
        issuers: Sequence[str] = (),
        again: bool = False,
        key: str = "",
        told: Callable[[int], object] | None = None,
    ) -> ReadClearingFile:
        """Send a file of any size; it counts once it is committed.

        With the same `key` once only; `told` is called with bytes as they are sent.
        """
        query = {
            "name": name,
            "layout": layout,
            "map": map,
            "day": day and day.isoformat(),
            "issuer": tuple(issuers) or None,
            "again": "true" if again else None,
        }
        return self._transport.call(
            ReadClearingFile,
            "POST",
            "clearing",
            "files",
            query=query,
            content=pieces(file, told),
            key=key or str(uuid4()),
            timeout_s=_LONG_S,
        )

    def preview(self, file: str) -> ClearingResult:
        """Say what a commit would do."""
        path = ("clearing", "files", file, "preview")
        return self._transport.call(ClearingResult, "POST", *path, harmless=True, timeout_s=_LONG_S)

    def commit(self, file: str, reason: str = "") -> ClearingResult:
        """Let a file count."""
        path, body = ("clearing", "files", file, "commit"), {"reason": reason}
        return self._transport.call(ClearingResult, "POST", *path, body=body, timeout_s=_LONG_S)

    def drop(self, file: str, reason: str = "") -> WholeFile:
        """Forget a file that does not count."""
        path = ("clearing", "files", file, "drop")
        return self._transport.call(WholeFile, "POST", *path, body={"reason": reason})

    def discard(self, file: str, reason: str) -> WholeFile:
        """Let a file count no longer; what it proved is undone."""
        path, body = ("clearing", "files", file, "discard"), {"reason": reason}
        return self._transport.call(WholeFile, "POST", *path, body=body, timeout_s=_LONG_S)

    def preview_again(self, file: str, rules: ClearingRules | None = None) -> MatchedAgain:
        """Say what would differ if a file were matched anew; by some rules, or those in force."""
        path, body = ("clearing", "files", file, "again", "preview"), {"rules": _rules(rules)}
        more = {"harmless": True, "timeout_s": _LONG_S}
        return self._transport.call(MatchedAgain, "POST", *path, body=body, **more)

    def again(self, file: str, reason: str) -> WholeFile:
        """Match a file anew by the rules in force; it may wait for a second person."""
        path, body = ("clearing", "files", file, "again"), {"reason": reason}
        return self._transport.call(WholeFile, "POST", *path, body=body, timeout_s=_LONG_S)

    def rules(self) -> Iterator[RulesVersion]:
        """Give the rules by which files are judged, the latest version first."""
        return self._transport.pages(RulesVersion, "clearing", "rules")

    def set_rules(self, rules: ClearingRules, reason: str) -> Iterator[RulesVersion]:
        """Set the rules by which files are judged; they may wait for a second person."""
        body = {**rules.model_dump(mode="json"), "reason": reason}
        self._transport.send("PUT", "clearing", "rules", body=body)
        return self.rules()

    def expected(self) -> Iterator[ExpectedFile]:
        """Give files that are expected, the earliest due first."""
        return self._transport.pages(ExpectedFile, "clearing", "expected")

    def maps(self) -> Iterator[SavedMap]:
        """Give maps of columns that were saved."""
        return self._transport.pages(SavedMap, "clearing", "maps")

    def save_map(self, name: str, columns: ColumnMap) -> SavedMap:
        """Save a map of columns under a name."""
        path = ("clearing", "maps", name)
        return self._transport.call(SavedMap, "PUT", *path, body=columns.model_dump(mode="json"))

    def forget_map(self, name: str) -> None:
        """Remove a map of columns."""
        self._transport.send("DELETE", "clearing", "maps", name)


class Breaks:
    """Where clearing files and the books differ, and how that ends."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **wanted: str | bool | None) -> Iterator[Break]:
        """Give breaks, the latest first; by merchant, kind, cause, state, owner, file, ..."""
        asked = {name: _plain(value) for name, value in wanted.items()}
        return self._transport.pages(Break, "breaks", limit=_PAGE, **asked)

    def get(self, identity: str) -> WholeBreak:
        """Give a break with all that is known of it."""
        return self._transport.get(WholeBreak, "breaks", identity)

    def sums(self) -> Iterator[WaitingBreaks]:
        """Give what waits, by kind and cause."""
        return self._transport.pages(WaitingBreaks, "breaks", "sums")

    def assign(self, ids: Sequence[str], owner: str) -> int:
        """Say who works on breaks; gives on how many."""
        body = {"ids": list(ids), "owner": owner}
        path = ("breaks", "assign")
        return self._transport.call(AssignedBreaks, "POST", *path, body=body).assigned

    def resolve(self, identity: str, resolution: Resolution, reason: str) -> WholeBreak:
        """Say how a break ends; it may wait for a second person."""
        body = {"resolution": resolution, "reason": reason}
        return self._transport.call(WholeBreak, "POST", "breaks", identity, "resolve", body=body)

    def resolve_many(
        self, ids: Sequence[str], reason: str, resolution: Resolution | None = None
    ) -> ManyBreaks:
        """End breaks each by itself; without a resolution as the cause of each suggests."""
        body = {"ids": list(ids), "reason": reason, "resolution": resolution}
        path = ("breaks", "resolve")
        return self._transport.call(ManyBreaks, "POST", *path, body=body, timeout_s=_LONG_S)

    def workbook(self, *, state: str | None = None, lang: str = "zh") -> bytes:
        """Give breaks as a workbook with columns to decide in."""
        query = {"state": state, "lang": lang}
        return self._transport.send("GET", "breaks", "workbook", query=query).content

    def decide(self, content: bytes, *, apply: bool = False) -> ImportedBreaks:
        """Let the decisions of a workbook be looked at, and carried out if told to."""
        body = {"content": base64.b64encode(content).decode(), "apply": apply}
        path = ("breaks", "workbook")
        return self._transport.call(ImportedBreaks, "POST", *path, body=body, timeout_s=_LONG_S)


def pieces(file: BinaryIO, told: Callable[[int], object] | None = None) -> Content:
    """Give a file's content, from its beginning each time."""
    begin = file.tell()

    def again() -> Iterable[bytes]:
        file.seek(begin)
        while piece := file.read(_PIECE):
            yield piece
            if told is not None:
                told(len(piece))

    return again


def _rules(rules: ClearingRules | None) -> dict[str, object] | None:
    return None if rules is None else rules.model_dump(mode="json")


def _plain(value: str | bool | None) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value
