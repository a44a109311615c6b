"""The story of one void as a sequence chart: who said what to whom, and when it was written."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from annul.console.frame import sequence
from annul.domain.kinds import UNDOING
from annul.store.journal_sql import OF_TRANSACTION
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import LENGTH_4, TPDU_2, Framer

from .coverage import NAMES

_LANES: Final = {one: one for one in ("terminal", "host", "database", "issuer", "people")}
_POS: Final = Codec(DIALECTS["unionpay_pos"])
_CUPS: Final = Codec(DIALECTS["cups"])


class Note(NamedTuple):
    """One arrow: `about` is what it may be found by."""

    at: float
    source: str
    target: str
    label: str
    about: str


class Known(NamedTuple):
    """A transaction as it was opened."""

    id: str
    rrn: str
    kind: str
    amount: int
    terminal: str
    trace: str
    original: str


class Chart:
    """Collects what happens, and draws what belongs to the void with the most to tell."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._known: dict[str, Known] = {}

    def message(self, at: float, source: str, target: str, data: bytes) -> None:
        """Take what goes over a line."""
        issuer = "issuers" in (source, target)
        framer, codec = Framer(LENGTH_4 if issuer else TPDU_2), _CUPS if issuer else _POS
        try:
            messages = [codec.decode(frame.body) for frame in framer.feed(data)]
        except (DecodeError, FrameError):
            return
        for message in messages:
            self._notes.append(
                Note(at, _lane(source), _lane(target), _label(message), _about(message))
            )

    def statement(self, at: float, who: str, sql: str, args: Sequence[Any], error: object) -> None:
        """Take what a statement was asked to do."""
        name = NAMES.get(sql)
        if name is None:
            return
        if name in {"journal.open", "journal.open_undo"}:
            for row in args[0]:
                self._opened(dict(zip(OF_TRANSACTION, row, strict=False)))
        failed = f" ({type(error).__name__})" if error else ""
        self._notes.append(Note(at, _lane(who), "database", name + failed, str(args)))

    def happened(self, at: float, kind: str, what: str) -> None:
        """Take what happens to somebody: a death, a cut, an order."""
        if kind in {"death", "power", "line", "database"}:
            self._notes.append(Note(at, "host", "host", f"{kind}: {what}", "*"))
        elif kind == "operator":
            self._notes.append(Note(at, "people", "database", what, what))

    def text(self) -> str:
        """Draw it in characters; empty when nothing was given back."""
        return sequence.text(*self._drawn()) if self._known else ""

    def svg(self) -> str:
        """Draw it as a picture."""
        return sequence.svg(*self._drawn())

    def _drawn(self) -> tuple[str, Mapping[str, str], list[sequence.Arrow]]:
        focus, notes = self._chosen()
        arrows = [
            sequence.Arrow(f"{note.at:.3f}", note.source, note.target, note.label) for note in notes
        ]
        return _title(focus), _LANES, arrows

    def _opened(self, row: dict[str, Any]) -> None:
        known = Known(
            str(row["id"]),
            row["rrn"],
            row["kind"],
            row["amount"],
            row["terminal_id"],
            row["trace"],
            str(row["original_id"] or ""),
        )
        self._known[known.id] = known

    def _chosen(self) -> tuple[Known | None, list[Note]]:
        """Choose the void or refund of which most is told, with its original and all beside it."""
        back = [one for one in self._known.values() if one.kind in UNDOING]
        if not back:
            return None, []
        focus = max(back, key=lambda one: len(self._of([one])))
        family = [
            one
            for one in self._known.values()
            if focus.original and focus.original in (one.id, one.original)
        ]
        notes = self._of(family or [focus])
        if not notes:
            return focus, []
        first, last = notes[0].at, notes[-1].at
        beside = [note for note in self._notes if note.about == "*" and first <= note.at <= last]
        return focus, sorted([*notes, *beside])

    def _of(self, family: Sequence[Known]) -> list[Note]:
        names = [
            name for one in family for name in (one.id, one.rrn, f"{one.terminal} {one.trace}")
        ]
        return [note for note in self._notes if any(name in note.about for name in names)]


def _lane(name: str) -> str:
    if name.startswith("till"):
        return "terminal"
    if name == "issuers":
        return "issuer"
    return "host" if name.startswith("host") else "people"


def _label(message: Message) -> str:
    code = message.get(39, "")
    return f"{message.mti} {message.get(3, '')} {code}".strip()


def _about(message: Message) -> str:
    return f"{message.get(37, '')} {message.get(41, '')} {message.get(11, '')}"


def _title(focus: Known | None) -> str:
    if focus is None:
        return "nothing was given back"
    return f"{focus.kind} {focus.rrn} of {focus.amount / 100:.2f} at terminal {focus.terminal}"
