"""Facts from another host's export: a CSV of transactions, without annul in the path.

Columns by name, in any order; others are ignored. Needed: `time` (ISO 8601), `terminal`, `trace`,
`kind`, `amount` (yuan or fen with `amount_unit=fen`), `code`. Used when there: `merchant`, `batch`,
`card` (masked or hashed, the same text for the same card), `issuer`, `rrn`, `original_trace`,
`original_rrn`, `auth_code`, `answer_ms`.
"""

import csv
import uuid
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS, REFUNDS, VOIDS
from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED, NO_ANSWER
from annul.domain.states import Sent, State

from .facts import Fact, Facts
from .observe import (
    IssuerCounts,
    Known,
    issuer_facts,
    original_facts,
    void_facts,
    void_splits,
)
from .splits import MOST, PAST, Asked, of_cards
from .surroundings import AFTER
from .witnesses import NEAR, Witness

NEEDED: Final = ("time", "terminal", "trace", "kind", "amount", "code")
_SILENT: Final = frozenset({"", NO_ANSWER, "68"})
REVERSAL: Final = "reversal"  # a line that undoes the one with its trace; no kind of its own
# How others call the kinds.
_NAMES: Final[Mapping[str, str]] = {
    **{kind.name: kind.name for kind in KINDS.values()},
    **{kind.title.zh: kind.name for kind in KINDS.values()},
    "purchase": "sale",
    "撤销": "void",
    "消费": "sale",
    "退款": "refund",
    REVERSAL: REVERSAL,
    "冲正": REVERSAL,
    "自动冲正": REVERSAL,
}
# What no export can tell: who refused, and the state of the host's own things.
_NOT_TOLD: Final = ("void.why", "void.sent", "host.refused", "host.interrupted", "void.late_code")
_SPACE: Final = uuid.UUID("6f8b0c52-6f0e-4a52-9c39-0d8a3f5f2a11")


class BadExport(AnnulError):
    """The file cannot be read as an export of transactions."""

    code = "diagnose.export"
    next_step = "See the columns in the guide: time, terminal, trace, kind, amount, code at least."


@dataclass(frozen=True, slots=True)
class FailedVoid:
    """One failed void of the file: its line, what names it, and its facts."""

    line: int
    trace: str
    rrn: str
    terminal: str
    facts: Facts


class Export:
    """A file read whole, so that each void is seen among its neighbours."""

    def __init__(self, lines: Iterable[str], *, fen: bool = False) -> None:
        reader = csv.DictReader(lines)
        self.columns = frozenset(reader.fieldnames or ())
        lacking = [name for name in NEEDED if name not in self.columns]
        if lacking:
            message = f"the export has no column {', '.join(lacking)}"
            raise BadExport(message)
        self.left_out: Counter[str] = Counter()  # kinds that annul does not know, and how often
        self._lines = _reversed(self._read(reader, fen=fen))
        self._times = [line.row.received_at for line in self._lines]
        self._by_trace: dict[tuple[str, str], list[Transaction]] = {}
        self._by_rrn: dict[str, Transaction] = {}
        self._by_card: dict[bytes, list[Transaction]] = {}
        self._by_terminal: dict[str, list[Transaction]] = {}
        self._asked: dict[str, list[Witness]] = {}  # by issuer
        self._undoing: dict[tuple[str, str], list[_Line]] = {}  # by what it names
        for line in self._lines:
            self._enter(line)
        self._voids = self._asked_back()

    def _read(self, reader: "csv.DictReader[str]", *, fen: bool) -> "list[_Line]":
        """Read the lines, oldest first; raises `BadExport`."""
        found: list[_Line] = []
        try:
            for row in reader:
                kind = (row.get("kind") or "").strip()
                if kind.lower() in _NAMES:
                    found.append(_line(reader.line_num, row, fen=fen))
                else:
                    self.left_out[kind] += 1
        except csv.Error as error:
            message = f"line {reader.line_num}: {error}"
            raise BadExport(message) from error
        return sorted(found, key=lambda line: line.row.received_at)

    def _enter(self, line: "_Line") -> None:
        row = line.row
        self._by_trace.setdefault((row.terminal_id, row.trace), []).append(row)
        self._by_terminal.setdefault(row.terminal_id, []).append(row)
        if row.card_hash:
            self._by_card.setdefault(row.card_hash, []).append(row)
        if row.rrn and row.kind not in VOIDS:  # some voids carry that of their original
            self._by_rrn.setdefault(row.rrn, row)
        self._asked.setdefault(row.issuer_id, []).append(_witness(row))
        if not KINDS[row.kind].undoes:
            return
        for named in {(row.terminal_id, line.original_trace), ("", line.original_rrn)}:
            if named[1]:
                self._undoing.setdefault(named, []).append(line)

    def failed(self) -> Iterator[FailedVoid]:
        """Give every void that was not approved, oldest first."""
        for line in self._lines:
            row = line.row
            if row.kind in VOIDS and row.state is not State.APPROVED:
                facts = self._facts(line)
                yield FailedVoid(line.number, row.trace, row.rrn, row.terminal_id, facts)

    def _facts(self, line: "_Line") -> Facts:
        void, place = line.row, f"line {line.number}"
        original = self._original(line)
        attempts = self._attempts(original) if original else []
        void = void._replace(original_id=original.id if original else None)
        known = void_facts(void, attempts, place)
        for name in _NOT_TOLD:
            known.pop(name, None)
        if void.response_code in _SILENT:
            known["void.why"] = Fact("timed_out", place)
            known.pop("void.code", None)
        if original is not None or self._would_be_here(line):
            facts = original_facts(void, original, attempts)
            known |= {name: Fact(fact.value, _placed(fact.source)) for name, fact in facts.items()}
        if not void.batch:
            known.pop("original.same_batch", None)
        known |= self._card(void)
        five, hour = (self._counts(void, seconds) for seconds in (300, 3600))
        counted = issuer_facts(void, self._witnesses(void), five, hour)
        for name in ("issuer.link_drops", "issuer.slow_share_recent", "issuer.garbled_5m"):
            counted.pop(name, None)
        known |= {
            name: Fact(fact.value, fact.source.replace("issuer_stats", "export"))
            for name, fact in counted.items()
        }
        known |= self._splits(void, known)
        return Facts(known)

    def _original(self, line: "_Line") -> Transaction | None:
        void = line.row
        found = self._by_rrn.get(line.original_rrn)
        if found is not None:
            return found
        before = [
            row
            for row in self._by_trace.get((void.terminal_id, line.original_trace), ())
            if row.received_at < void.received_at and row.kind not in VOIDS
        ]
        return before[-1] if before else None

    def _would_be_here(self, line: "_Line") -> bool:
        """Say whether the file reaches back far enough to hold the original that a void names."""
        void = line.row
        before = [
            row for row in self._by_terminal[void.terminal_id] if row.received_at < void.received_at
        ]
        if line.original_trace:
            return any(row.trace < line.original_trace for row in before)
        return bool(line.original_rrn and "rrn" in self.columns and before)

    def _attempts(self, original: Transaction) -> list[Transaction]:
        named = [(original.terminal_id, original.trace), ("", original.rrn)]
        lines = {line.number: line for name in named for line in self._undoing.get(name, ())}
        return [
            line.row._replace(original_id=original.id)
            for _, line in sorted(lines.items())
            if line.row.received_at > original.received_at  # traces come again
        ]

    def _card(self, void: Transaction) -> Known:
        if not void.card_hash:
            return {}
        day = [
            row
            for row in self._by_card[void.card_hash]
            if row.business_date == void.business_date and row.id != void.id
        ]
        voids = [row for row in day if row.kind in VOIDS and row.state is State.APPROVED]
        voids = [row for row in voids if row.received_at < void.received_at]
        others = [row for row in day if row.kind not in VOIDS]
        declined = [row for row in others if row.state is State.DECLINED]
        source = "export, same card and day"
        known: Known = {
            "card.voids_today": Fact(len(voids), source),
            "card.other_declines": Fact(len(declined), source),
            "card.approved_after": Fact(
                any(
                    row.state is State.APPROVED and row.received_at > void.received_at
                    for row in others
                ),
                source,
            ),
        }
        if declined:
            known["card.other_decline_code"] = Fact(declined[-1].response_code, source)
        return known

    def _within(self, void: Transaction, seconds: int) -> list[Transaction]:
        first = bisect_left(self._times, void.received_at - timedelta(seconds=seconds))
        last = bisect_right(self._times, void.received_at)
        return [line.row for line in self._lines[first:last]]

    def _asked_back(self) -> dict[str, list[Asked]]:
        """Give the voids that each issuer has answered, oldest first."""
        found: dict[str, list[Asked]] = {}
        for line in self._lines:
            row = line.row
            if row.kind not in VOIDS or row.sent is not Sent.ANSWERED:
                continue
            original = self._original(line)
            age = (row.received_at - original.received_at).total_seconds() if original else None
            prefix = row.card_masked[:6] if row.card_masked[:6].isdigit() else ""
            found.setdefault(row.issuer_id, []).append(
                Asked(
                    row.received_at,
                    row.response_code,
                    row.state is State.APPROVED,
                    row.amount,
                    prefix,
                    str(original.id) if original else _named(row),
                    row.card_masked or None,
                    age,
                )
            )
        return {issuer: of_cards(voids) for issuer, voids in found.items()}

    def _splits(self, void: Transaction, known: Known) -> Known:
        """Compare it with other voids of its issuer up to shortly after it."""
        voids = self._voids.get(void.issuer_id, [])
        mine = str(void.original_id) if void.original_id else _named(void)
        last = bisect_right(voids, void.received_at + AFTER, key=lambda one: one.at)
        asked = next(
            (one for one in voids if one.original == mine and one.at == void.received_at), None
        )
        if asked is None:
            return {}
        others = [one for one in voids[:last] if one.at >= void.received_at - PAST]
        return void_splits(void, asked, others[-2 * MOST :], known)

    def _counts(self, void: Transaction, seconds: int) -> IssuerCounts:
        """Count what the same issuer answered; without that column, what everybody did."""
        rows = [row for row in self._within(void, seconds) if row.issuer_id == void.issuer_id]
        codes = Counter(row.response_code for row in rows if row.response_code not in _SILENT)
        return IssuerCounts(
            seconds,
            requests=len(rows),
            silent=sum(row.response_code in _SILENT for row in rows),
            codes=codes,
        )

    def _witnesses(self, void: Transaction) -> list[Witness]:
        asked, at = self._asked.get(void.issuer_id, []), void.received_at
        first, last = (
            bisect_left(asked, at + far, key=lambda one: one.at) for far in (-NEAR, NEAR)
        )
        return asked[first:last]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file, with what it says of its original."""

    number: int
    row: Transaction
    original_trace: str
    original_rrn: str
    reversal: bool = False


def _reversed(lines: "list[_Line]") -> "list[_Line]":
    """Take out reversals, and let what they name be reversed."""
    latest: dict[tuple[str, str], int] = {}
    kept: list[_Line] = []
    for line in lines:
        row = line.row
        key = (row.terminal_id, line.original_trace or row.trace)
        if not line.reversal:
            latest[row.terminal_id, row.trace] = len(kept)
            kept.append(line)
        elif key in latest:
            named = kept[latest[key]]
            undone = named.row._replace(state=State.REVERSED, reversal_reason=REVERSAL)
            kept[latest[key]] = replace(named, row=undone)
    return kept


def _named(row: Transaction) -> str:
    """Name the sale that a void means, as far as it tells itself."""
    return f"{row.card_masked} {row.amount}"


def _witness(row: Transaction) -> Witness:
    role = "void" if row.kind in VOIDS else "refund" if row.kind in REFUNDS else "plain"
    code = "" if row.response_code in _SILENT else row.response_code
    card = row.card_masked[:6] if row.card_masked[:6].isdigit() else ""
    return Witness(row.received_at, code, role, card, row.merchant_id, row.terminal_id)


def _placed(source: str) -> str:
    return source.replace("transactions", "export")


def _line(number: int, row: Mapping[str, str | None], *, fen: bool) -> _Line:
    """Read one line; raises `BadExport` with its number."""

    def get(name: str) -> str:
        return (row.get(name) or "").strip()

    kind = _NAMES[get("kind").lower()]
    try:
        at = datetime.fromisoformat(get("time"))
        amount = abs(int(Decimal(get("amount")) * (1 if fen else 100)))  # voids may be negative
        spent = timedelta(milliseconds=float(get("answer_ms"))) if get("answer_ms") else None
    except (ValueError, ArithmeticError) as error:
        given = ", ".join(f"{name} {get(name)!r}" for name in ("time", "amount", "answer_ms"))
        message = f"line {number}: one of these cannot be read: {given}"
        raise BadExport(message) from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    code = get("code")
    silent = code in _SILENT
    state = State.APPROVED if code in BOOKED else State.UNKNOWN if silent else State.DECLINED
    sent = Sent.POSSIBLY_SENT if silent else Sent.ANSWERED
    transaction = Transaction(
        merchant_id=get("merchant"), id=uuid.uuid5(_SPACE, str(number)),
        kind="sale" if kind == REVERSAL else kind, state=state,
        sent=sent, terminal_id=get("terminal"), batch=get("batch"), trace=get("trace").zfill(6),
        business_date=at.date(), amount=amount, currency="156",
        undone=0, original_id=None, card_hash=get("card").encode(), card_masked=get("card"),
        card_cipher=b"", card_type="debit", issuer_id=get("issuer"), rrn=get("rrn"),
        auth_code=get("auth_code"), response_code=code, entry_mode="", condition="", fee=0,
        received_at=at, answered_at=at + spent if spent is not None else None,
    )  # fmt: skip
    named = get("original_trace")
    trace = named.zfill(6) if named else ""
    return _Line(number, transaction, trace, get("original_rrn"), reversal=kind == REVERSAL)
