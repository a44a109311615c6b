"""What the resolver does at issuers and terminals: each action is safe to be done again.

An attempt at an issuer is a transaction like any other, see `annul.host.ordered`.
"""

from typing import Final

from annul.domain.records import Transaction
from annul.host import ordered
from annul.host.host import Host
from annul.host.outcomes import APPROVED_CODES
from annul.issuers.health import FAULTS
from annul.issuers.routing import Route

from .circuits import Circuits
from .situation import Situation

_TERMINAL_WANTS: Final = frozenset({"sign_in", "parameters", "update"})


class Actions:
    """Carries a step out and says in a word what came of it."""

    def __init__(self, host: Host, circuits: Circuits) -> None:
        self._host = host
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
        kind = (ordered.REFUNDED if refunding else ordered.VOIDED)[original.kind]
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
        attempt = await ordered.attempt(self._host, original, kind, route, ordered.OWN)
        exchange = await ordered.send(self._host, attempt, original, route)
        if exchange is None:
            return "not_done"
        return await self._judged(exchange.code, route, situation)

    async def _judged(self, code: str, route: Route, situation: Situation) -> str:
        """Tell the circuit how the issuer did."""
        if code in APPROVED_CODES or (code != ordered.OPEN and code not in FAULTS):
            await self._circuits.worked(route.issuer_id, self._host.clock.now())
        else:
            await self._failed(route, situation)
        return code

    async def _failed(self, route: Route, situation: Situation) -> None:
        failures = len(situation.own_tries) + 1
        now = self._host.clock.now()
        await self._circuits.failed(route.issuer_id, now, failures, situation.random)
