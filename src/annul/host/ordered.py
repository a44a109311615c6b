"""A void or refund that no terminal has sent: ordered at the desk, or an attempt of annul's own.

It is a transaction like any other: written before it is sent, holding the amount on the original,
so that of a void and a refund only one can ever pay. Its `origin` says who asked for it: attempts
for a case belong to it, and what a program has ordered becomes one when it is not approved. Its
batch is none of the terminal's own and stands in none of its totals: it has a letter in front, so
that its numbers are free, by which nothing is told.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain import admission, refund_rules, void_rules
from annul.domain.errors import AnnulError
from annul.domain.interventions import InterventionKind
from annul.domain.kinds import KINDS, REFUNDS, VOIDS, answer_mti
from annul.domain.money import LARGEST
from annul.domain.orders import Act
from annul.domain.records import Merchant, Origin, Terminal, Transaction
from annul.domain.refund_rules import Terms
from annul.domain.response_codes import APPROVED, NOT_REACHED
from annul.domain.rulings import Ruling
from annul.domain.states import Sent, State
from annul.domain.void_rules import Undoing
from annul.issuers.message import Fields, answered_fields, request_fields
from annul.issuers.routing import Route
from annul.store.journal import Opening
from annul.store.sql import load

from .asking import ask
from .financial import counted, reserve
from .host import Host

OPEN: Final = "open"  # no outcome yet

_SPACES: Final = {Origin.RESOLVER: "A", Origin.PERSON: "A", Origin.PROGRAM: "B"}
_SQL: Final = load("annul.host", "ordered.sql")
_KEYED: Final = "012"  # entry mode: by hand, no PIN
_TRACES: Final = 999_999  # traces of a batch


class OrderRefused(AnnulError):
    """A rule does not allow it. Nothing was sent, no money has moved."""

    code = "rule.refused"
    next_step = "See the rule's text."

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(f"{ruling.said.en}（{ruling.said.zh}）")
        self.ruling = ruling
        self.code = f"rule.{ruling.name}"  # pyright: ignore[reportAttributeAccessIssue]  # of this one
        self.next_step = f"{ruling.todo.en}（{ruling.todo.zh}）"  # pyright: ignore[reportAttributeAccessIssue]  # the same


class OrderExchange(NamedTuple):
    """What came of asking: the issuer's code or `OPEN`, and the messages as they may be kept."""

    code: str
    said: list[tuple[str, str, Fields]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is ordered: `identity` is the transaction's id, whatever becomes of it.

    `amount` in minor units; None is all that there is.
    """

    merchant_id: str
    original: Transaction | None
    identity: UUID
    act: Act
    amount: int | None = None


async def judged(host: Host, order: Order) -> tuple[str, int]:
    """Give kind and amount of what an order comes to now; raises `OrderRefused`."""
    merchant = host.registry.merchant(order.merchant_id)
    if merchant is None:
        raise OrderRefused(admission.MERCHANT_UNKNOWN)
    kind, amount = _asked(order)
    at, terminal_id = host.clock.now(), order.original.terminal_id if order.original else ""
    against = host.registry.in_force.against(merchant.merchant_id, terminal_id, at)
    ruling = await ruled(host, merchant, order.original, kind, amount, against)
    if order.original is None or not ruling.ok:
        raise OrderRefused(ruling)
    return kind, amount


async def sent(host: Host, order: Order, kind: str, amount: int) -> bool:
    """Send what was judged; its row says what came of it. False when it was overtaken."""
    original = order.original
    assert original is not None, "it was judged"
    route = host.issuers.route_to(original.issuer_id)
    changes = {"id": order.identity, "amount": amount, "holds": amount}
    built = await attempt(host, original, kind, route, Origin.PROGRAM, **changes)
    if not host.issuers.is_up(route):
        written = await _not_sent(host, built, route)
    else:
        exchange = await send(host, built, original, route, whole=order.act is Act.VOID)
        written = exchange is not None
        if exchange is not None and (kind in VOIDS or exchange.code not in APPROVED):
            await host.evidence.messages(built, host.clock.now(), exchange.said)
    if written:
        host.failed.set()  # the resolver looks whether it has become a case
    return written


async def attempt(
    host: Host, original: Transaction, kind: str, route: Route, origin: Origin, **changes: Any
) -> Transaction:
    """Build a transaction that gives an original back; `changes` of it, else it takes it whole."""
    now, identity = host.clock.now(), uuid7()
    merchant = host.registry.merchant(original.merchant_id)
    assert merchant is not None, "a merchant with transactions is registered"
    batch = f"{_SPACES[origin]}{original.batch[1:]}"
    trace = await host.pool.fetchval(
        *_SQL["free_trace"](
            merchant=original.merchant_id,
            terminal=original.terminal_id,
            batch=batch,
            beginning=identity.int % _TRACES,
        )
    )
    built = Transaction(
        merchant_id=original.merchant_id,
        id=identity,
        kind=kind,
        state=State.SENT,
        sent=Sent.POSSIBLY_SENT,
        terminal_id=original.terminal_id,
        batch=batch,
        trace=trace,
        business_date=host.business_date(now, original.merchant_id),
        amount=original.amount,
        currency=original.currency,
        undone=0,
        original_id=original.id,
        card_hash=original.card_hash,
        card_masked=original.card_masked,
        card_cipher=original.card_cipher,
        card_type=original.card_type,
        scheme=original.scheme,
        issuer_id=route.issuer_id,
        rrn=host.numbers.next(now),
        auth_code="",
        response_code="",
        entry_mode=_KEYED,
        condition=KINDS[kind].condition,  # a completion is given back by a refund, 00
        fee=0,
        received_at=now,
        voucher=original.voucher,
        expiry=original.expiry,
        card_sequence=original.card_sequence,
        holds=original.amount,
        issuer_trace=host.traces.next(),
        origin=origin,
    )._replace(**changes)
    return built._replace(reserves=reserve(merchant, KINDS[kind], built.amount, original))


async def send(
    host: Host,
    transaction: Transaction,
    original: Transaction,
    route: Route,
    *,
    whole: bool = True,
    probe: bool = False,
) -> OrderExchange | None:
    """Write an attempt, ask the issuer, and write what came of it.

    One that is tried as a `probe` counts as that. None when it could not be written: its number is
    taken, the original can not be held, or the merchant's money does not cover it.
    """
    under_way = asyncio.get_running_loop().create_future()
    host.in_flight[transaction.key] = under_way  # so that no sweep takes it for a stranded one
    try:
        merchant = host.registry.merchant(original.merchant_id)
        assert merchant is not None, "a merchant with transactions is registered"
        covers = merchant.pending_covers
        if not await _written(host, Opening(transaction, host.journal.node, whole, "", covers)):
            return None
        mti, fields = request_fields(
            transaction,
            pan=host.vault.open(original.card_cipher),
            merchant=merchant,
            acquirer_id=host.acquirer_id,
            local=host.local(transaction.received_at),
            original=original,
        )
        said = [("issuer_out", mti, fields)]
        result = await ask(host, transaction, route, original, mti, fields, probe=probe)
    finally:
        under_way.cancel()
        del host.in_flight[transaction.key]
    code, answer = result or (OPEN, None)
    if answer is None:
        return OrderExchange(OPEN, said)
    return OrderExchange(code, [*said, ("issuer_in", answer_mti(mti), answered_fields(answer))])


async def _written(host: Host, opening: Opening) -> bool:
    """Write it; also true when it was written just before the connection was lost."""
    if await host.journal.open(opening):
        return True
    mine = opening.transaction
    stored = await host.journal.find_by_id(mine.merchant_id, mine.id)
    return stored is not None and (stored.trace, stored.state) == (mine.trace, mine.state)


def _asked(order: Order) -> tuple[str, int]:
    """Name kind and amount; where the original fits neither, the rules say what is wrong."""
    refunding, original = order.act is Act.REFUND, order.original
    anyhow = (REFUNDS if refunding else VOIDS)[0]
    if original is None:
        return anyhow, order.amount or 0
    sold = KINDS[original.kind]
    kind = (sold.refunded_by if refunding else sold.voided_by) or anyhow
    if order.amount is not None:
        return kind, order.amount
    stands = original.amount - original.undone - original.charged_back
    left = stands if refunding else original.amount
    return kind, left or original.amount


async def ruled(
    host: Host,
    merchant: Merchant,
    original: Transaction | None,
    kind: str,
    amount: int,
    against: frozenset[InterventionKind] = frozenset(),
) -> Ruling:
    """Judge as for a terminal, but for what concerns the terminal alone: no terminal asks.

    `against`: interventions that count; for what annul itself does for a case there are none.
    """
    asked = KINDS[kind]
    terminal_id = original.terminal_id if original else ""
    station = host.registry.station(merchant.merchant_id, terminal_id)
    undoing = Undoing(
        kind=asked,
        merchant_id=merchant.merchant_id,
        terminal_id=terminal_id,
        batch=station.terminal.batch if station else "",
        business_date=host.business_date(host.clock.now(), merchant.merchant_id),
        amount=amount,
        card_hash=None,
        balance=await counted(host, merchant, asked),
    )
    if kind in VOIDS:
        ruling = void_rules.check(original, undoing)
    else:
        ruling = refund_rules.check(original, undoing, Terms(days=merchant.refund_days))
    if not ruling.ok or original is None:
        return ruling
    nobody = Terminal(merchant.merchant_id, terminal_id, signed_in=True, amount_limit=LARGEST)
    return admission.check(
        merchant,
        nobody,
        kind=asked,
        batch=nobody.batch,
        amount=amount,
        currency=original.currency,
        against=against,
    )


async def _not_sent(host: Host, transaction: Transaction, route: Route) -> bool:
    """Keep what could not be sent, since the issuer's line is down: it becomes a case."""
    declined = transaction._replace(
        state=State.DECLINED,
        sent=Sent.NOT_SENT,
        response_code=NOT_REACHED,
        holds=0,
        reserves=0,
        why=host.issuers.trouble(route),
    )
    return await _written(host, Opening(declined, host.journal.node))
