"""The way of a financial request: refuse, or write it, ask the issuer, conclude, answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import structlog
from uuid_utils.compat import uuid7

from annul.domain import admission
from annul.domain.answers import Verdict
from annul.domain.cover import taken
from annul.domain.guesses import GUESSES
from annul.domain.kinds import Kind, Money, answer_mti
from annul.domain.records import Merchant, Scheme, Transaction
from annul.domain.response_codes import BOOKED, FAULT, NOT_REACHED
from annul.domain.rulings import ALLOWED, Ruling
from annul.domain.states import Sent, State
from annul.domain.void_rules import BEING_UNDONE
from annul.issuers.message import answered_fields, request_fields
from annul.issuers.routing import Route
from annul.security.errors import PinBlockError
from annul.security.pin import PinFormat
from annul.store.batcher import STORE_LOST
from annul.store.journal import Opening
from annul.wire.subfields import Field53

from . import failed
from .asking import ask
from .host import Host
from .passage import note, since
from .repeats import ended_elsewhere, repeat
from .reply import Reply
from .request import Refusal, Request
from .told import answer_fields

log = structlog.get_logger(__name__)

_TRIES: Final = 3  # reference numbers that a request steps aside for
Judge = Callable[[], Awaitable[Ruling]]  # rules once more on an original that could not be held


def admit(request: Request) -> None:
    """Check merchant, terminal, batch and amount; raises `Refusal` with the rule's code."""
    ruling = admission.check(
        request.merchant,
        request.station.terminal,
        kind=request.kind,
        batch=request.field60.batch,
        amount=request.amount,
        currency=str(request.message.get(49, request.merchant.currency)),
        against=request.station.against(request.received_at),
    )
    if not ruling.ok:
        raise Refusal(ruling.code, ruling.note, rule=ruling.name)


async def counted(host: Host, merchant: Merchant, kind: Kind) -> int | None:
    """Give the merchant's money that must cover what is given back and that nothing has reserved.

    None when the contract does not ask for it.
    """
    if not merchant.void_needs_balance or kind.money is not Money.BACK:
        return None
    pending, available, reserved = await host.journal.balance(
        merchant.merchant_id, merchant.currency
    )
    return available + (pending if merchant.pending_covers else 0) - reserved


def reserve(merchant: Merchant, kind: Kind, amount: int, original: Transaction) -> int:
    """Say what of the merchant's money is set aside for what gives `amount` back."""
    return taken(kind, amount, original) if merchant.void_needs_balance else 0


async def take(request: Request, host: Host) -> Reply:
    """Serve a request that refers to no other: sale, QR sale, pre-authorisation, balance."""
    admit(request)
    route = host.issuers.route(request.pan)
    transaction = record(request, host, route)
    if route is None:
        return await refuse(request, host, transaction, "15")
    return await forward(request, host, transaction, route)


async def forward(
    request: Request,
    host: Host,
    transaction: Transaction,
    route: Route,
    original: Transaction | None = None,
    *,
    whole: bool = True,
    judge: Judge | None = None,
) -> Reply:
    """Write the transaction, ask the issuer, write what came of it, and answer the terminal.

    `judge` says why, when the original could not be held.
    """
    if not host.issuers.is_up(route):
        why = host.issuers.trouble(route)
        host.issuers.not_reached(transaction)
        reply = await refuse(request, host, transaction._replace(why=why), NOT_REACHED)
        return replace(reply, issuer=transaction.issuer_id)
    under_way: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    if host.in_flight.setdefault(request.key, under_way) is not under_way:
        return await repeat(request, host, transaction)
    try:
        pin = _pin(request, host, route)  # refuses before anything is written
        written = await _written(request, host, transaction, judge, whole=whole)
        if isinstance(written, Transaction):
            written = await _heard(request, host, written, route, original, pin)
        reply = written
        under_way.set_result(reply)
        return reply
    finally:
        under_way.cancel()
        del host.in_flight[request.key]


async def _written(
    request: Request,
    host: Host,
    transaction: Transaction,
    judge: Judge | None,
    *,
    whole: bool,
) -> Transaction | Reply:
    """Write the transaction; gives it as it stands there, or the answer when it does not.

    Its reference number may be taken, as numbers come again after ten days; its original may have
    been held since it was ruled on, or its merchant's money reserved.
    """
    for _ in range(_TRIES):
        if await opened(request, host, transaction, whole=whole):
            return transaction
        stored = await host.journal.find(request.key)
        if stored is not None:  # ours, when it was written before the connection was lost
            mine = stored.id == transaction.id and stored.state is State.SENT
            return transaction if mine else await ended_elsewhere(request, host, transaction)
        admit(request)  # the batch may have ended meanwhile
        ruling = await judge() if judge else ALLOWED
        if not ruling.ok:
            return await refuse(request, host, transaction, ruling.code, ruling)
        transaction = transaction._replace(rrn=host.numbers.next(request.received_at))
    return await refuse(request, host, transaction, BEING_UNDONE.code, BEING_UNDONE)


async def _heard(
    request: Request,
    host: Host,
    transaction: Transaction,
    route: Route,
    original: Transaction | None,
    pin: bytes | None,
) -> Reply:
    """Ask the issuer; whatever goes wrong once it may have been asked, the outcome is open (98).

    Told 96, a terminal would hold for refused what may be approved already.
    """
    try:
        reply = await _sent(request, host, transaction, route, original, pin)
        return replace(reply, issuer=transaction.issuer_id)
    except Exception as error:
        host.doubtful[transaction.id] = transaction
        if isinstance(error, STORE_LOST):
            host.counts.busy += 1
            log.warning("outcome_not_written", rrn=transaction.rrn, why=type(error).__name__)
        else:
            host.counts.failed += 1
            log.exception("outcome_not_written", rrn=transaction.rrn)
        code = host.issuers.silent_code(transaction.issuer_id)
        return Reply(code, {37: transaction.rrn}, transaction.issuer_id)


async def _sent(
    request: Request,
    host: Host,
    transaction: Transaction,
    route: Route,
    original: Transaction | None,
    pin: bytes | None,
) -> Reply:
    mti, fields = request_fields(
        transaction,
        pan=request.pan or host.vault.open(transaction.card_cipher),
        merchant=request.merchant,
        acquirer_id=host.acquirer_id,
        local=host.local(transaction.received_at),
        original=original,
        message=request.message,
        pin=pin,
        pin_has_pan=route.pin_format is not PinFormat.ISO_1,
        passed_on=host.issuers.profile(transaction.issuer_id).passed_on,
    )
    asked = ("issuer_out", mti, fields)
    result = await ask(host, transaction, route, original, mti, fields)
    if result is None:  # reversed while the issuer was asked
        return Reply(host.issuers.silent_code(transaction.issuer_id), {37: transaction.rrn})
    code, answer = result
    if answer is None:
        reply = Reply(code, {37: transaction.rrn})
        return await failed.keep(request, host, transaction, reply, [asked])
    if code in BOOKED:
        return Reply(code, answer_fields(transaction, answer))
    proved = answer.verdict is Verdict.DECLINED
    reply = Reply(code, answer_fields(transaction, answer) if proved else {37: transaction.rrn})
    said = ("issuer_in", answer_mti(mti), answered_fields(answer))
    return await failed.keep(request, host, transaction, reply, [asked, said])


async def opened(
    request: Request, host: Host, transaction: Transaction, *, whole: bool = True, owed: str = ""
) -> bool:
    """Write a request's row; False when its key is taken or its original can not be held.

    A request that is new and whose MAC held binds its connection to the terminal. What is refused
    anyhow any host may write; for anything else this one claims the terminal, and raises `NotOwner`
    when another has since. A repeat claims nothing: anybody who has seen it may send it again.
    """
    covers, station, epoch = request.merchant.pending_covers, request.station, None
    if transaction.state is not State.DECLINED:
        if station.owner is None:
            if await host.journal.find(request.key) is not None:
                return False
            await host.owners.claim(station)
        assert station.owner is not None, "it was claimed"
        _, epoch = station.owner
    opening = Opening(transaction, host.journal.node, whole, owed, covers, epoch)
    began = since() if host.tracer is not None else 0
    written = await host.journal.open(opening)
    if began:
        note(
            "open", began, kind=transaction.kind, issuer=transaction.issuer_id, rrn=transaction.rrn
        )
    if not written:
        if epoch is not None:
            await host.owners.check(station)
        return False
    request.entry.peer.bind(request.station, request.entry.key)
    if transaction.why in GUESSES or (transaction.original_id and epoch is not None):
        right = transaction.why not in GUESSES
        host.evidence.named(*station.identity, right=right)
    return True


async def refuse(
    request: Request, host: Host, transaction: Transaction, code: str, ruling: Ruling | None = None
) -> Reply:
    """Keep a refused request as evidence and answer it; a repeat gets its stored answer."""
    declined = transaction._replace(
        state=State.DECLINED,
        sent=Sent.NOT_SENT,
        response_code=code,
        holds=0,
        reserves=0,
        why=ruling.name if ruling else transaction.why,
    )
    for _ in range(_TRIES):
        if await opened(request, host, declined):
            break
        if await host.journal.find(request.key) is not None:
            return await repeat(request, host, transaction)
        declined = declined._replace(rrn=host.numbers.next(request.received_at))
    else:
        raise Refusal(FAULT, rule="numbers_taken")
    note = f"CUP{ruling.note}" if ruling else ""
    fields: dict[int, str | bytes] = {37: declined.rrn}
    reply = Reply(code, fields | {63: note} if note else fields)
    return await failed.keep(request, host, declined, reply)


def record(
    request: Request, host: Host, route: Route | None, original: Transaction | None = None
) -> Transaction:
    """Build the row of a request; what the terminal does not send is taken from the original."""
    pan = request.pan
    if pan or original is None:
        card_hash, card_masked = request.card_hash, host.vault.mask(pan)
        card_cipher = host.vault.seal(pan)
    else:
        card_hash, card_masked = original.card_hash, original.card_masked
        card_cipher = original.card_cipher
    message = request.message
    terminal = request.station.terminal
    return Transaction(
        merchant_id=terminal.merchant_id,
        id=uuid7(),
        kind=request.kind.name,
        state=State.SENT,
        sent=Sent.POSSIBLY_SENT,
        terminal_id=terminal.terminal_id,
        batch=request.field60.batch,
        trace=request.trace,
        business_date=request.business_date,
        amount=request.amount,
        currency=str(message.get(49, request.merchant.currency)),
        undone=0,
        original_id=original.id if original else None,
        card_hash=card_hash,
        card_masked=card_masked,
        card_cipher=card_cipher,
        card_type=original.card_type if original else route.card_type if route else "debit",
        scheme=original.scheme if original else route.scheme if route else Scheme.DOMESTIC,
        issuer_id=original.issuer_id if original else route.issuer_id if route else "",
        rrn=host.numbers.next(request.received_at),
        auth_code="",
        response_code="",
        entry_mode=request.entry_mode,
        condition=str(message.get(25, "")),
        fee=0,
        received_at=request.received_at,
        issuer_trace=host.traces.next(),
        voucher=original.voucher if original else "",
        expiry=request.expiry or (original.expiry if original else ""),
        card_sequence=str(message.get(23, "")),
    )


def _pin(request: Request, host: Host, route: Route) -> bytes | None:
    """Re-encrypt the PIN block from the terminal's key to the issuer's; raises `Refusal` 99."""
    block = request.message.get(52)
    if not isinstance(block, bytes) or not any(block):
        return None
    station = request.station
    if station.pin_key is None or route.pin_key is None:
        raise Refusal("99", rule="pin_key_missing")
    form = Field53.parse(str(request.message.get(53, "2600000000000000"))).pin_format
    try:
        return host.security.translate_pin(
            block,
            request.pan,
            station.pin_key,
            route.pin_key,
            source_format=PinFormat.ISO_0 if form == "2" else PinFormat.BARE,
            target_format=route.pin_format,
        )
    except PinBlockError as error:
        raise Refusal("99", rule="pin_block") from error
