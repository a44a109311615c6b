"""Reversals (0400): owned durably, answered 00 at once, sent to the issuer until acknowledged."""

import asyncio

from annul.domain import reversal_rules
from annul.domain.records import Transaction
from annul.domain.reversal_reasons import interbank_reason
from annul.domain.rulings import Ruling
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Refusal, Request

# A move that another message wins is ruled once more on what it left.
_TRIES = 3


async def reverse(request: Request, host: Host) -> Reply:
    """Undo the transaction with the same batch and trace; a repeat changes nothing and gets 00.

    Raises `Refusal` 96 when others keep winning: 00 is only said once the reversal is owned.
    """
    for _ in range(_TRIES):
        ruling, original = await _rule(request, host)
        if original is None or not ruling.ok or ruling.name == "already_reversed":
            return Reply(ruling.code, {37: original.rrn} if original else {})
        reason = interbank_reason(str(request.message.get(39, "98")))
        if await host.outcomes.reversing(original, reason, host.clock.now()):
            host.issuers.wake()
            return Reply(ruling.code, {37: original.rrn})
    raise Refusal("96", rule="reversal_contended")


async def _rule(request: Request, host: Host) -> tuple[Ruling, Transaction | None]:
    original = await host.journal.find(request.key)
    under_way = host.in_flight.get(request.key)
    if original is None and under_way is not None:
        # Received but not written yet: a reversal that found nothing would let it go through.
        await asyncio.wait([under_way])
        original = await host.journal.find(request.key)
    return reversal_rules.check(original, request.kind, request.amount), original
