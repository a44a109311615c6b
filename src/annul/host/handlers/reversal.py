"""Reversals (0400): owned durably, answered 00 at once, sent to the issuer until acknowledged."""

from annul.domain import reversal_rules
from annul.domain.records import Transaction
from annul.domain.reversal_reasons import interbank_reason
from annul.domain.rulings import Ruling
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Request

# A move that another message wins is ruled once more on what it left.
_TRIES = 3


async def reverse(request: Request, host: Host) -> Reply:
    """Undo the transaction with the same batch and trace; a repeat changes nothing and gets 00."""
    ruling, original = await _rule(request, host)
    for _ in range(_TRIES):
        if not ruling.ok or original is None or ruling.name == "already_reversed":
            break
        reason = interbank_reason(str(request.message.get(39, "98")))
        if await host.outcomes.reversing(original, reason, host.clock.now()):
            host.issuers.wake()
            break
        ruling, original = await _rule(request, host)
    return Reply(ruling.code, {37: original.rrn} if original else {})


async def _rule(request: Request, host: Host) -> tuple[Ruling, Transaction | None]:
    original = await host.journal.find(request.key)
    return reversal_rules.check(original, request.kind, request.amount), original
