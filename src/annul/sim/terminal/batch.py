"""The end of a batch on the terminal: totals, what is uploaded after them, the next batch.

When totals agree the records of chips are uploaded alone; of a half that differs all its records.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from annul.domain.batch import BatchBalance, Totals
from annul.domain.kinds import KINDS, Money
from annul.wire.subfields import Field48Totals

from . import chip, messages
from .errors import NotPossible
from .journal import Fields, Record, totals_of
from .terminal import SoftTerminal

# Field 48 holds 322 digits: a count of two and eight records of forty.
_RECORDS: Final = 8
# Of a record: whose scheme the card is of.
_DOMESTIC, _FOREIGN = "00", "01"
_OF_CARD: Final = (2, 22, 23)
_CHIP: Final = 55


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement came to: `totals` and `balanced` of domestic cards, `foreign` of others.

    `uploaded` counts the records that were sent after it.
    """

    batch: str
    totals: Totals
    balanced: bool
    uploaded: int
    foreign: Totals = field(default_factory=Totals)
    foreign_balanced: bool = True

    @property
    def agrees(self) -> bool:
        """Whether the host has the same of both."""
        return self.balanced and self.foreign_balanced


@dataclass(frozen=True, slots=True)
class _Networks:
    """Field 60.3 of what is uploaded: of chips that approved, of those that did not, the end."""

    approved: str
    failed: str
    end: str


_BALANCED: Final = _Networks("203", "204", "207")
_UNBALANCED: Final = _Networks("205", "206", "202")


async def settle(terminal: SoftTerminal) -> Settled:
    """Settle what is owed, compare totals with the host, upload what is asked for, begin anew."""
    if not terminal.journal.keys:
        await terminal.sign_in()
    await terminal.settle_owed()
    journal = terminal.journal
    batch = journal.batch
    _, counted = journal.counted(batch)
    foreign = [record for record in counted if terminal.profile.is_foreign(record.card)]
    domestic = [record for record in counted if record not in foreign]
    ours, theirs = totals_of(domestic), totals_of(foreign)
    answer = await terminal.manage(
        "settlement",
        network="201",
        batch=batch,
        extra={48: _claim(ours, theirs).build(), 63: terminal.profile.operator},
    )
    if answer.response_code != "00":
        message = f"the host refused the settlement with {answer.response_code}"
        raise NotPossible(message)
    said = Field48Totals.parse(str(answer.fields[48]))
    balanced = said.result == BatchBalance.BALANCED
    foreign_balanced = said.foreign_result == BatchBalance.BALANCED
    wanted = [*([] if balanced else domestic), *([] if foreign_balanced else foreign)]
    if balanced and foreign_balanced:
        chips = [record for record in counted if _has_chip(record)]
        uploaded = await _upload(terminal, batch, chips, _failed(terminal, batch), _BALANCED)
    else:
        uploaded = await _upload(terminal, batch, wanted, _failed(terminal, batch), _UNBALANCED)
    journal.begin_batch(batch)
    return Settled(batch, ours, balanced, uploaded, theirs, foreign_balanced)


def _claim(ours: Totals, theirs: Totals) -> Field48Totals:
    return Field48Totals(
        ours.debit_amount,
        ours.debit_count,
        ours.credit_amount,
        ours.credit_count,
        foreign_debit_amount=theirs.debit_amount,
        foreign_debit_count=theirs.debit_count,
        foreign_credit_amount=theirs.credit_amount,
        foreign_credit_count=theirs.credit_count,
    )


def _has_chip(record: Record) -> bool:
    """Say whether it is uploaded by itself: what a chip gives it gives when it pays."""
    return _CHIP in record.fields and KINDS[record.kind].money is Money.TAKE


def _failed(terminal: SoftTerminal, batch: str) -> list[Record]:
    """Give what a chip refused in the end, or its issuer: there is no money in it."""
    records = terminal.journal.records(batch)
    return [r for r in records if _has_chip(r) and r.state in {"declined", "reversed"}]


async def _upload(
    terminal: SoftTerminal,
    batch: str,
    records: Sequence[Record],
    failed: Sequence[Record],
    networks: _Networks,
) -> int:
    """Upload records, chips one by one, and say that it is all; gives how many, maybe none."""
    chips = [record for record in records if _has_chip(record)]
    stripes = [record for record in records if record not in chips]
    for start in range(0, len(stripes), _RECORDS):
        group = stripes[start : start + _RECORDS]
        digits = f"{len(group):02d}" + "".join(_row(terminal, record) for record in group)
        await _sent(terminal, "batch_upload", "201", batch, {48: digits})
    for record in (*chips, *failed):
        approved = record not in failed
        network = networks.approved if approved else networks.failed
        fields = _of_chip(record, approved=approved)
        await _sent(
            terminal, "ic_upload", network, batch, fields, function=KINDS[record.kind].function
        )
    count = len(records) + len(failed)
    if count or networks is _UNBALANCED:
        await _sent(terminal, "batch_upload_end", networks.end, batch, {48: f"{count:04d}"})
    return count


async def _sent(
    terminal: SoftTerminal, name: str, network: str, batch: str, extra: Fields, function: str = ""
) -> None:
    answer = await terminal.manage(
        name, network=network, batch=batch, extra=extra, function=function
    )
    if answer.response_code != "00":
        message = f"the host refused the {KINDS[name].title.en} with {answer.response_code}"
        raise NotPossible(message)


def _row(terminal: SoftTerminal, record: Record) -> str:
    """One record: organisation 2, trace 6, card number 20, amount 12."""
    card = str(record.fields.get(2, "")) or messages.scanned_code(record.fields)
    scheme = _FOREIGN if terminal.profile.is_foreign(record.card) else _DOMESTIC
    return f"{scheme}{record.trace}{card:>020}{record.amount:012d}"


def _of_chip(record: Record, *, approved: bool) -> Fields:
    """Give what is uploaded of a chip, under the number of its transaction."""
    asked = record.fields[_CHIP]
    assert isinstance(asked, bytes)
    fields: Fields = {n: record.fields[n] for n in _OF_CARD if n in record.fields}
    fields |= {4: f"{record.amount:012d}", 11: record.trace}
    return dict(sorted((fields | {_CHIP: chip.ends(asked, approved=approved)}).items()))
