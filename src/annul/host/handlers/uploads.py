"""What a terminal uploads after a settlement: its records where totals differ, and what chips gave.

Source: UnionPay-style POS batch upload (0320). Records of magnetic stripes come eight at a time in
field 48 (60.3 = 201), those of chips one by one with field 55, under the number of the transaction
itself (field 11): after totals that balance 203 with the certificate of an approval (TC) and 204 of
what the chip refused (AAC) or where the issuer's answer failed on the chip (ARPC), else 205, 206.
The end is 207 after totals that balance, else 202. Terminals upload one half alone, if only that
one differs; those of some vendors upload nothing of chips.
"""

from typing import Final

from annul.domain.kinds import GIVING, TAKING
from annul.host.host import Host
from annul.host.recognised import bytes_of
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.wire.shown import show

from .batch import SQL, of_batch

# One uploaded record in field 48: card organisation 2, trace 6, card number 20, amount 12.
_RECORD: Final = 40
_COUNT: Final = 2
_APPROVED: Final = frozenset({"203", "205"})  # by the chip
_INSERTED: Final = "05"  # field 22: a chip's contacts. Not all terminals upload what had none
_CHIP: Final = 55


async def batch_upload(request: Request, host: Host) -> Reply:
    """Keep the records of an unbalanced batch; a repeated message changes nothing."""
    digits = str(request.message[48])
    count = int(digits[:_COUNT] or 0)
    if len(digits) != _COUNT + count * _RECORD:
        raise Refusal("30", f"48域应有{count}笔", rule="upload_malformed")
    records = [digits[at : at + _RECORD] for at in range(_COUNT, len(digits), _RECORD)]
    await host.pool.execute(
        *SQL["upload"](
            **of_batch(request),
            now=request.received_at,
            traces=[record[2:8] for record in records],
            card_hashes=[host.vault.hash(record[8:28].lstrip("0")) for record in records],
            amounts=[int(record[28:40]) for record in records],
        )
    )
    return Reply("00", {48: digits[:_COUNT].rjust(4, "0")})


async def ic_upload(request: Request, host: Host) -> Reply:
    """Keep what a chip gave at the end of a transaction; a repeated message changes nothing."""
    await host.pool.execute(
        *SQL["ic_upload"](
            **of_batch(request),
            now=request.received_at,
            trace=request.trace,
            approved=request.field60.network in _APPROVED,
            card_hash=request.card_hash,
            amount=request.amount,
            chip=show(_CHIP, bytes_of(request.message, _CHIP)),
        )
    )
    return Reply("00")


async def batch_upload_end(request: Request, host: Host) -> Reply:
    """Close the upload; what differs from the host's own is kept and opens an incident, once."""
    end = SQL["end_upload"](
        **of_batch(request),
        debits=list(TAKING),
        kinds=[*TAKING, *GIVING],
        inserted=_INSERTED,
        now=request.received_at,
    )
    if await host.pool.fetchrow(*end) is None:
        raise Refusal("25", "该批次未结算", rule="batch_not_settled")
    return Reply("00", {48: str(request.message[48])})
