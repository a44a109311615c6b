"""Reversals (0400): owned durably, answered 00 at once, sent to the issuer until acknowledged."""

from annul.domain import reversal_rules
from annul.domain.incident import Incident
from annul.domain.kinds import CASED
from annul.domain.records import Transaction
from annul.domain.response_codes import FAULT, NO_ANSWER
from annul.domain.reversal_reasons import interbank_reason
from annul.domain.reversal_rules import STANDS
from annul.domain.rulings import ALLOWED
from annul.domain.states import Sent, State
from annul.host.financial import opened, record
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Refusal, Request

# A move that another message wins is ruled once more on what it left.
_TRIES = 3
# Why a request is declined that its own reversal came before: the terminal was not heard.
_CAME_FIRST = "reversal_came_first"


async def reverse(request: Request, host: Host) -> Reply:
    """Undo the transaction with the same batch and trace; a repeat changes nothing and gets 00.

    What is not there is written down as declined, so that it can not go through should it still
    come. Raises `Refusal` 96 when others keep winning: 00 is only said once the reversal is owned.
    """
    for _ in range(_TRIES):
        original = await host.journal.find(request.key)
        age = (request.business_date - original.business_date).days if original else 0
        ruling = reversal_rules.check(
            original, request.kind, request.amount, request.card_hash, age
        )
        if original is None:
            if await _forestalled(request, host, ruling.code):
                return Reply(ruling.code)
            continue
        if ruling.ok and original.kind in CASED:
            await host.journal.taken_back(original)
        if ruling is not ALLOWED:
            if ruling is STANDS:
                await _told_otherwise(host, original)
            return Reply(ruling.code, {37: original.rrn})
        reason = interbank_reason(str(request.message.get(39, NO_ANSWER)))
        if await host.outcomes.reversing(original, reason, host.clock.now()):
            host.issuers.wake()
            terminal = request.station.terminal
            host.evidence.trouble(terminal.merchant_id, terminal.terminal_id, "reversals")
            if original.kind in CASED:
                host.failed.set()
            return Reply(ruling.code, {37: original.rrn})
    raise Refusal(FAULT, rule="reversal_contended")


async def _told_otherwise(host: Host, original: Transaction) -> None:
    """Tell somebody that a terminal goes on as if what stands had been reversed."""
    incident = Incident.of_transaction(
        STANDS.name, original, terminal=original.terminal_id, state=original.state
    )
    await host.journal.tell(incident, host.clock.now())


async def _forestalled(request: Request, host: Host, code: str) -> bool:
    """Take the request's key for a declined row; False when the request itself was first."""
    declined = record(request, host, host.issuers.route(request.pan))._replace(
        state=State.DECLINED, sent=Sent.NOT_SENT, response_code=code, why=_CAME_FIRST
    )
    return await opened(request, host, declined)
