"""A void that fails at once: what is kept of it, and what the cashier is told."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from uuid_utils.compat import uuid7

from annul.domain.kinds import REVERSAL_MTI, VOIDS
from annul.domain.records import Transaction
from annul.wire.codec import Message, Value
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field60, Field61

from .evidence import DoorRefusal
from .reply import Reply
from .request import Refusal, Request, kind_of

if TYPE_CHECKING:
    from .host import Host

GOES_ON: Final = "系统继续处理,勿重复操作"  # short enough for a display beside the number


def case_note(number: str, text: str = GOES_ON) -> str:
    """Give field 63 of a void that becomes a case: the case's number and what happens next."""
    return f"CUP{text} 编号{number}"


async def keep(
    request: Request,
    host: "Host",
    transaction: Transaction,
    reply: Reply,
    exchanged: Sequence[tuple[str, str, Mapping[int, Value]]] = (),
) -> Reply:
    """Keep what was said of a void that failed, wake the resolver, and add the case's number."""
    if transaction.kind not in VOIDS:
        return reply
    number = transaction.rrn
    said = reply.fields.get(63)
    note = case_note(number, str(said)[3:]) if said else case_note(number)
    told = Reply(reply.response_code, {**reply.fields, 63: note})
    message = request.message
    await host.evidence.messages(
        transaction,
        host.clock.now(),
        [
            ("terminal_in", message.mti, message.fields()),
            *exchanged,
            ("terminal_out", request.kind.reply_mti, {39: told.response_code, **told.fields}),
        ],
    )
    host.failed.set()
    return told


async def refused_at_the_door(message: Message, host: "Host", refusal: Refusal) -> Reply | None:
    """Keep a void that was refused before it became a transaction; None when it is no void.

    Nothing of the message is trusted: it may lack fields, or its MAC may be wrong.
    """
    kind = kind_of(message)
    if kind is None or kind.name not in VOIDS or message.mti == REVERSAL_MTI:
        return None
    now = host.clock.now()
    get = message.get
    number = host.numbers.next(now)
    named = _parsed(Field61, str(get(61, "")))
    pan = str(get(2, "")) or str(get(35, "")).partition("D")[0]
    kept = await host.evidence.refused(
        DoorRefusal(
            merchant_id=str(get(42, "")),
            id=uuid7(),
            terminal_id=str(get(41, "")),
            kind=kind.name,
            batch=_parsed(Field60, str(get(60, ""))).batch,
            trace=str(get(11, "")),
            rrn=number,
            amount=int(str(get(4, "0"))),
            card_masked=host.vault.mask(pan) if pan else "",
            card_hash=host.vault.hash(pan) if pan else b"",
            response_code=refusal.response_code,
            rule=refusal.rule,
            original_batch=named.batch,
            original_trace=named.trace,
            received_at=now,
            business_date=host.business_date(now),
        )
    )
    if not kept:
        return None
    host.failed.set()
    text = refusal.text or "请按提示处理后重做撤销"
    return Reply(refusal.response_code, {37: number, 63: case_note(number, text)})


Layout = TypeVar("Layout", Field60, Field61)


def _parsed(layout: type[Layout], text: str) -> Layout:
    try:
        return layout.parse(text)
    except DecodeError:
        return layout()
