"""The end of a batch on the terminal: totals, upload when they differ, the next batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from annul.domain.batch import BatchBalance, Totals
from annul.wire.subfields import Field48Totals

from . import messages
from .errors import NotPossible
from .journal import Record
from .terminal import SoftTerminal

# Field 48 holds 322 digits: a count of two and eight records of forty.
_RECORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement came to; `uploaded` counts the records sent when totals differed."""

    batch: str
    totals: Totals
    balanced: bool
    uploaded: int


async def settle(terminal: SoftTerminal) -> Settled:
    """Settle what is owed, compare totals with the host, upload if they differ, begin anew."""
    if not terminal.journal.keys:
        await terminal.sign_in()
    await terminal.settle_owed()
    journal = terminal.journal
    batch = journal.batch
    totals, records = journal.counted(batch)
    claim = Field48Totals(
        totals.debit_amount, totals.debit_count, totals.credit_amount, totals.credit_count
    )
    answer = await terminal.manage(
        "settlement",
        network="201",
        batch=batch,
        extra={48: claim.build(), 63: terminal.profile.operator},
    )
    if answer.response_code != "00":
        message = f"the host refused the settlement with {answer.response_code}"
        raise NotPossible(message)
    balanced = Field48Totals.parse(str(answer.fields[48])).result == BatchBalance.BALANCED
    if not balanced:
        await _upload(terminal, batch, records)
    journal.begin_batch(batch)
    return Settled(batch, totals, balanced, 0 if balanced else len(records))


async def _upload(terminal: SoftTerminal, batch: str, records: Sequence[Record]) -> None:
    for start in range(0, len(records), _RECORDS):
        group = records[start : start + _RECORDS]
        digits = f"{len(group):02d}" + "".join(_row(record) for record in group)
        await terminal.manage("batch_upload", network="201", batch=batch, extra={48: digits})
    count = f"{len(records):04d}"
    await terminal.manage("batch_upload_end", network="207", batch=batch, extra={48: count})


def _row(record: Record) -> str:
    """One record: organisation 2, trace 6, card number 20, amount 12."""
    card = str(record.fields.get(2, "")) or messages.scanned_code(record.fields)
    return f"00{record.trace}{card:>020}{record.amount:012d}"
