"""Voids, refunds and completions: requests that refer to an approved original."""

from annul.domain import refund_rules, void_rules
from annul.domain.kinds import Money
from annul.domain.records import Transaction
from annul.domain.refund_rules import Terms
from annul.domain.rulings import Ruling
from annul.domain.states import Sent, State
from annul.domain.void_rules import BEING_UNDONE, NOT_FOUND, Undoing
from annul.host.financial import (
    admit,
    counted,
    forward,
    opened,
    record,
    refuse,
    reserve,
)
from annul.host.host import Host
from annul.host.repeats import repeat
from annul.host.reply import Reply
from annul.host.request import Request
from annul.wire.subfields import Field61


async def undo(request: Request, host: Host) -> Reply:
    """Take an original whole: void of a sale or pre-authorisation, completion, its void."""
    admit(request)
    original = await _named(request, host)
    ruling = void_rules.check(original, await _undoing(request, host))
    if original is None or not ruling.ok:
        return await _refuse(request, host, original, ruling)
    held = _record(request, host, original)._replace(
        holds=original.amount,
        reserves=reserve(request.merchant, request.kind, original.amount, original),
    )

    async def judge() -> Ruling:
        again = await host.journal.find_by_id(original.merchant_id, original.id)
        return void_rules.check(again, await _undoing(request, host))

    route = host.issuers.route_to(original.issuer_id)
    return await forward(request, host, held, route, original, judge=judge)


async def refund(request: Request, host: Host) -> Reply:
    """Give back all or a part of a sale; several refunds never add up to more than the sale."""
    admit(request)
    original = await _named(request, host)
    terms = Terms(days=request.merchant.refund_days)
    ruling = refund_rules.check(original, await _undoing(request, host), terms)
    if (
        original
        and original.undone
        and ruling.ok
        and await host.journal.untold(original, request.amount, request.received_at)
    ):
        ruling = refund_rules.UNTOLD
    if original is None or not ruling.ok:
        return await _refuse(request, host, original, ruling)
    held = _record(request, host, original)._replace(
        holds=request.amount,
        reserves=reserve(request.merchant, request.kind, request.amount, original),
    )

    async def judge() -> Ruling:
        again = await host.journal.find_by_id(original.merchant_id, original.id)
        return refund_rules.check(again, await _undoing(request, host), terms)

    route = host.issuers.route_to(original.issuer_id)
    return await forward(request, host, held, route, original, whole=False, judge=judge)


async def advise(request: Request, host: Host) -> Reply:
    """Accept a completion advice: durably owned at once, then sent until the issuer answers it."""
    admit(request)
    original = await _named(request, host)
    ruling = void_rules.check(original, await _undoing(request, host))
    if original is None or not ruling.ok:
        return await _refuse(request, host, original, ruling)
    advised = _record(request, host, original)._replace(
        state=State.RECEIVED,
        sent=Sent.NOT_SENT,
        holds=original.amount,
    )
    if not await opened(request, host, advised, owed="advice"):
        if await host.journal.find(request.key) is None:
            admit(request)  # the batch may have ended meanwhile
            again = await host.journal.find_by_id(original.merchant_id, original.id)
            ruling = void_rules.check(again, await _undoing(request, host))
            return await _refuse(request, host, original, BEING_UNDONE if ruling.ok else ruling)
        return await repeat(request, host, advised)
    host.issuers.wake()
    return Reply("00", {37: advised.rrn, 38: original.auth_code})


async def _named(request: Request, host: Host) -> Transaction | None:
    """Find the original by what the terminal names: batch and trace, reference, authorisation."""
    merchant_id = request.merchant.merchant_id
    named = Field61.parse(str(request.message.get(61, "")))
    rrn = str(request.message.get(37, ""))
    if "preauth" in request.kind.undoes and request.pan:
        auth_code = str(request.message.get(38, ""))
        found = await host.journal.find_by_auth_code(merchant_id, auth_code, request.card_hash)
        if found is not None:
            return found
    by_reference = request.kind.money is Money.BACK and not request.kind.reversible
    if not by_reference and named.trace:
        terminal_id = request.station.terminal.terminal_id
        found = await host.journal.find((merchant_id, terminal_id, named.batch, named.trace))
        if found is not None:
            return found
    return await host.journal.find_by_rrn(merchant_id, rrn) if rrn.strip() else None


async def _undoing(request: Request, host: Host) -> Undoing:
    merchant, terminal = request.merchant, request.station.terminal
    return Undoing(
        kind=request.kind,
        merchant_id=merchant.merchant_id,
        terminal_id=terminal.terminal_id,
        batch=request.field60.batch,
        business_date=request.business_date,
        amount=request.amount,
        card_hash=request.card_hash or None,
        rrn=str(request.message.get(37, "")).strip(),
        auth_code=str(request.message.get(38, "")).strip(),
        balance=await counted(host, merchant, request.kind),
    )


def _record(request: Request, host: Host, original: Transaction | None) -> Transaction:
    return record(request, host, None, original)


async def _refuse(
    request: Request, host: Host, original: Transaction | None, ruling: Ruling
) -> Reply:
    refusal = NOT_FOUND if ruling.ok else ruling
    transaction = _record(request, host, original)
    return await refuse(request, host, transaction, refusal.code, refusal)
