"""A void, refund or completion that fails at once: what is kept, and what the cashier is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeVar

import structlog
from uuid_utils.compat import uuid7

from annul.domain import terminal_notes
from annul.domain.cells import Lives
from annul.domain.kinds import CASED, REVERSAL_MTIS, answer_mti
from annul.domain.records import Transaction
from annul.domain.response_codes import NO_ANSWER, effect_of
from annul.wire.codec import Value
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field60, Field61

from .door import Admitted
from .evidence import DoorRefusal
from .host import Host
from .recognised import kind_of
from .reply import Reply
from .request import Refusal, Request

log = structlog.get_logger(__name__)

NUMBER_USED: Final = "number_used"


async def keep(
    request: Request,
    host: Host,
    transaction: Transaction,
    reply: Reply,
    exchanged: Sequence[tuple[str, str, Mapping[int, Value]]] = (),
) -> Reply:
    """Keep what was said of what failed, wake the resolver, and add the case's number."""
    if transaction.kind not in CASED:
        return reply
    number, said = transaction.rrn, reply.fields.get(63)
    first = terminal_notes.first(transaction.kind, effect_of(reply.response_code))
    note = terminal_notes.with_case(str(said)[3:] if said else first.zh, number, host.support_phone)
    told = Reply(reply.response_code, {**reply.fields, 63: note})
    message = request.message
    await host.evidence.messages(
        transaction,
        host.clock.now(),
        [
            ("terminal_in", message.mti, message.kept()),
            *exchanged,
            ("terminal_out", answer_mti(request.kind.mti), {39: told.response_code, **told.fields}),
        ],
    )
    host.failed.set()
    return told


async def refused(
    entry: Admitted, request: Request | None, host: Host, refusal: Refusal, now: datetime
) -> Reply | None:
    """Keep what was refused before it became a transaction; None when nothing is kept.

    Only its own MAC makes it worth keeping. The same bytes are kept once, and what has become a
    transaction before is none of these: both are seen when somebody repeats a message.
    """
    row = _row(entry, host, refusal, now)
    if row is None:
        return None
    another = refusal.rule == NUMBER_USED  # its number is that of something else
    if request is not None and not another and await host.journal.find(request.key) is not None:
        return None
    number = await host.evidence.refused(row)
    if not number:
        return None
    host.failed.set()
    text = refusal.text or terminal_notes.AGAIN.zh
    note = terminal_notes.with_case(text, number, host.support_phone)
    return Reply(refusal.response_code, {37: number, 63: note})


def later(entry: Admitted, host: Host, refusal: Refusal, now: datetime) -> None:
    """Keep a refusal once there is time and a database for it; raises nothing.

    What its terminal holds for open (98) comes again until it is heard.
    """
    if refusal.response_code == NO_ANSWER or entry.merchant.lives != Lives.HERE:
        return
    try:
        row = _row(entry, host, refusal, now)
    except Exception:
        log.exception("refusal_not_kept", rule=refusal.rule)
        return
    if row is not None:
        host.evidence.postpone(row)


def _row(entry: Admitted, host: Host, refusal: Refusal, now: datetime) -> DoorRefusal | None:
    """Give what is kept of a refusal; None where its own MAC does not make it worth keeping."""
    message = entry.message
    kind = kind_of(message)
    if entry.key is None or kind is None or kind.name not in CASED or message.mti in REVERSAL_MTIS:
        return None
    get = message.readable().get
    named = _parsed(Field61, str(get(61, "")))
    pan = str(get(2, "")) or str(get(35, "")).partition("D")[0]
    merchant_id, terminal_id = entry.station.identity
    return DoorRefusal(
        merchant_id=merchant_id,
        id=uuid7(),
        terminal_id=terminal_id,
        kind=kind.name,
        batch=_parsed(Field60, str(get(60, ""))).batch,
        trace=str(get(11, "")),
        rrn=host.numbers.next(now),
        amount=int(str(get(4, "0"))),
        card_masked=host.vault.mask(pan) if pan else "",
        card_hash=host.vault.hash(pan) if pan else b"",
        response_code=refusal.response_code,
        rule=refusal.rule,
        original_batch=named.batch,
        original_trace=named.trace,
        received_at=now,
        business_date=host.business_date(now, merchant_id),
        digest=sha256(message.raw).digest(),
    )


Layout = TypeVar("Layout", Field60, Field61)


def _parsed(layout: type[Layout], text: str) -> Layout:
    try:
        return layout.parse(text)
    except DecodeError:
        return layout()
