"""The story of one void as a sequence chart: who said what to whom, and when it was written."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final, NamedTuple

from annul.domain.kinds import REFUNDS, VOIDS
from annul.store.journal_sql import OF_TRANSACTION
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import LENGTH_4, TPDU_2, Framer

from .coverage import NAMES

_LANES: Final = ("terminal", "host", "database", "issuer", "people")
_POS: Final = Codec(DIALECTS["unionpay_pos"])
_CUPS: Final = Codec(DIALECTS["cups"])
_COLUMN: Final = 26  # characters between two lanes of the text
_WIDTH, _ROW, _TOP = 230, 26, 60  # of the picture, in its units
_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
    ' font-family="sans-serif" font-size="12">\n'
    '<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0 0L8 4L0 8z"/></marker></defs>'
)


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
        focus, notes = self._chosen()
        if focus is None:
            return ""
        head = " " * 12 + "".join(f"{lane:<{_COLUMN}}" for lane in _LANES)
        lines = [_title(focus), head]
        for note in notes:
            left, right = sorted((_LANES.index(note.source), _LANES.index(note.target)))
            pad = " " * (_COLUMN * left)
            if left == right:
                lines.append(f"{note.at:10.3f}  {pad}* {note.label}")
                continue
            forward = note.source == _LANES[left]
            length = _COLUMN * (right - left) - 3
            label = f" {note.label[: length - 4]} "
            body = label.center(length, "-")
            lines.append(f"{note.at:10.3f}  {pad}|{body}>" if forward else
                         f"{note.at:10.3f}  {pad}<{body}|")  # fmt: skip
        return "\n".join(lines)

    def svg(self) -> str:
        """Draw it as a picture."""
        focus, notes = self._chosen()
        height = _TOP + _ROW * (len(notes) + 1)
        width = 110 + _WIDTH * (len(_LANES) - 1) + 80
        parts = [
            _HEAD.format(width=width, height=height),
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="10" y="18" font-weight="bold">{escape(_title(focus))}</text>',
        ]
        for number, lane in enumerate(_LANES):
            x = 110 + _WIDTH * number
            parts.append(f'<text x="{x}" y="42" text-anchor="middle">{lane}</text>')
            parts.append(f'<path d="M{x} 48V{height}" stroke="#ccc"/>')
        for row, note in enumerate(notes):
            y = _TOP + _ROW * row + 16
            x1, x2 = (110 + _WIDTH * _LANES.index(end) for end in (note.source, note.target))
            parts.append(f'<text x="6" y="{y}" fill="#666">{note.at:.3f}</text>')
            if x1 == x2:
                parts.append(f'<circle cx="{x1}" cy="{y - 4}" r="4" fill="#c00"/>')
                parts.append(f'<text x="{x1 + 9}" y="{y}">{escape(note.label)}</text>')
                continue
            parts.append(f'<path d="M{x1} {y}H{x2}" stroke="black" marker-end="url(#a)"/>')
            middle = (x1 + x2) // 2
            parts.append(
                f'<text x="{middle}" y="{y - 4}" text-anchor="middle">{escape(note.label)}</text>'
            )
        return "\n".join([*parts, "</svg>", ""])

    def _opened(self, row: dict[str, Any]) -> None:
        known = Known(
            str(row["id"]), row["rrn"], row["kind"], row["amount"], row["terminal_id"],
            row["trace"], str(row["original_id"] or ""),
        )  # fmt: skip
        self._known[known.id] = known

    def _chosen(self) -> tuple[Known | None, list[Note]]:
        """Choose the void or refund of which most is told, with its original and all beside it."""
        back = [one for one in self._known.values() if one.kind in {*VOIDS, *REFUNDS}]
        if not back:
            return None, []
        focus = max(back, key=lambda one: len(self._of([one])))
        family = [
            one for one in self._known.values()
            if focus.original and focus.original in (one.id, one.original)
        ]  # fmt: skip
        notes = self._of(family or [focus])
        if not notes:
            return focus, []
        first, last = notes[0].at, notes[-1].at
        beside = [note for note in self._notes if note.about == "*" and first <= note.at <= last]
        return focus, sorted([*notes, *beside])

    def _of(self, family: Sequence[Known]) -> list[Note]:
        names = [name for one in family
                 for name in (one.id, one.rrn, f"{one.terminal} {one.trace}")]  # fmt: skip
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
