"""What the resolver does at issuers and terminals: each action is safe to be done again.

An attempt is a transaction like any other: written before it is sent, holding the amount on the
original, so that of a void and a refund only one can ever pay. Its batch begins with A, since it
is none of the terminal's own and stands in none of its totals.
"""

import asyncio
from typing import Final

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.host.financial import ask
from annul.host.host import Host
from annul.host.outcomes import APPROVED_CODES
from annul.issuers.health import FAULTS
from annul.issuers.message import request_fields
from annul.issuers.routing import Route
from annul.store.database import load_queries
from annul.store.journal import Opening

from .circuits import Circuits
from .plan import Situation

_QUERIES: Final = {
    name: query.sql for name, query in load_queries("annul.resolve", "actions.sql").items()
}
_KEYED: Final = "012"  # entry mode: by hand, no PIN
_REFUNDED: Final = {"sale": "refund", "qr_sale": "qr_refund", "completion": "refund",
                    "completion_advice": "refund"}  # fmt: skip
_VOIDED: Final = {"sale": "void", "qr_sale": "qr_void", "preauth": "preauth_void",
                  "completion": "completion_void"}  # fmt: skip
_TERMINAL_WANTS: Final = frozenset({"sign_in", "parameters", "update"})
_OPEN: Final = "open"


class Actions:
    """Carries a step out and says in a word what came of it."""

    def __init__(self, host: Host, pool: asyncpg.Pool, circuits: Circuits) -> None:
        self._host = host
        self._pool = pool
        self._circuits = circuits

    async def do(self, what: str, situation: Situation) -> str:
        """Do one action; gives the response code, `open` for no outcome yet, or `not_done`."""
        if what in _TERMINAL_WANTS:
            case = situation.case
            await self._host.registry.want(case.merchant_id, case.terminal_id, what)
            return "asked"
        original = situation.picture.original
        assert original is not None, "what is done at an issuer has an original"
        refunding = what == "refund"
        kind = (_REFUNDED if refunding else _VOIDED)[original.kind]
        route = self._host.issuers.route_to(original.issuer_id)
        if what == "other_route":
            route = self._host.issuers.same_bank(original.issuer_id) or route
        now = self._host.clock.now()
        if not self._host.issuers.is_up(route):
            await self._failed(route, situation)
            return "not_done"
        if not await self._circuits.may_try(route.issuer_id, now):
            return "not_done"
        return await self._attempt(situation, original, kind, route)

    async def _attempt(
        self, situation: Situation, original: Transaction, kind: str, route: Route
    ) -> str:
        host = self._host
        transaction = await self._new(original, kind, route)
        under_way = asyncio.get_running_loop().create_future()
        key = (transaction.merchant_id, transaction.terminal_id, transaction.batch,
               transaction.trace)  # fmt: skip
        host.in_flight[key] = under_way  # so that no sweep takes it for a stranded one
        try:
            if not await host.journal.open(Opening(transaction, host.journal.node)):
                return "not_done"
            merchant = host.registry.merchant(original.merchant_id)
            assert merchant is not None, "a merchant with transactions is registered"
            mti, fields = request_fields(
                transaction,
                pan=host.vault.open(original.card_cipher),
                merchant=merchant,
                acquirer_id=host.acquirer_id,
                local=host.local(transaction.received_at),
                original=original,
            )
            result = await ask(host, transaction, route, original, mti, fields)
        finally:
            under_way.cancel()
            del host.in_flight[key]
        return await self._judged(result[0] if result and result[1] else _OPEN, route, situation)

    async def _judged(self, code: str, route: Route, situation: Situation) -> str:
        """Tell the circuit how the issuer did."""
        if code in APPROVED_CODES or (code != _OPEN and code not in FAULTS):
            await self._circuits.worked(route.issuer_id, self._host.clock.now())
        else:
            await self._failed(route, situation)
        return code

    async def _failed(self, route: Route, situation: Situation) -> None:
        failures = len(situation.own_tries) + 1
        now = self._host.clock.now()
        await self._circuits.failed(route.issuer_id, now, failures, situation.random)

    async def _new(self, original: Transaction, kind: str, route: Route) -> Transaction:
        host = self._host
        now = host.clock.now()
        trace = await self._pool.fetchval(
            _QUERIES["free_trace"], original.merchant_id, original.terminal_id
        )
        return Transaction(
            merchant_id=original.merchant_id,
            id=uuid7(),
            kind=kind,
            state=State.SENT,
            sent=Sent.POSSIBLY_SENT,
            terminal_id=original.terminal_id,
            batch=f"A{original.batch[1:]}",
            trace=trace,
            business_date=host.business_date(now),
            amount=original.amount,
            currency=original.currency,
            undone=0,
            original_id=original.id,
            card_hash=original.card_hash,
            card_masked=original.card_masked,
            card_cipher=original.card_cipher,
            card_type=original.card_type,
            issuer_id=route.issuer_id,
            rrn=host.numbers.next(now),
            auth_code="",
            response_code="",
            entry_mode=_KEYED,
            condition=original.condition,
            fee=0,
            received_at=now,
            voucher=original.voucher,
            expiry=original.expiry,
            card_sequence=original.card_sequence,
            holds=original.amount,
        )
