"""What the resolver does at issuers and terminals: each action is safe to be done again.

An attempt at an issuer is a transaction like any other, see `annul.host.ordered`, and passes the
same rules as a terminal's or a program's request.
"""

from typing import Final, NamedTuple

from annul.domain import admission
from annul.domain.kinds import KINDS
from annul.domain.records import Origin, Transaction
from annul.domain.response_codes import APPROVED, FAULTS
from annul.domain.rulings import Ruling
from annul.host import ordered
from annul.host.host import Host
from annul.issuers.routing import Route

from .circuits import Circuits
from .probes import Probes
from .remedies import PROBE
from .situation import Situation

_TERMINAL_WANTS: Final = frozenset({"sign_in", "parameters", "update"})
# What another attempt is the reason for: the next look sees how it stands then.
_PASSING: Final = frozenset({"being_undone", "original_unfinished", "already_undone"})


class ActionResult(NamedTuple):
    """What came of an action: the response code, `open` for no outcome yet, `not_done`, `asked`.

    With `ruling`, a rule of this host does not allow it.
    """

    result: str = ""
    ruling: Ruling | None = None


_NOT_DONE: Final = ActionResult("not_done")
_PROBED: Final = {True: "answered", False: "silent", None: "not_done"}


class Actions:
    """Carries a step out and says in a word what came of it."""

    def __init__(self, host: Host, circuits: Circuits, probes: Probes) -> None:
        self._host = host
        self._circuits = circuits
        self._probes = probes

    async def do(self, what: str, situation: Situation) -> ActionResult:
        """Do one action."""
        if what in _TERMINAL_WANTS:
            case = situation.case
            await self._host.registry.want(case.merchant_id, case.terminal_id, what)
            return ActionResult("asked")
        original = situation.picture.original
        if what == PROBE and original is not None:
            line = self._host.issuers.lines.get(original.issuer_id)
            return ActionResult(_PROBED[await line.link.probe() if line else None])
        assert original is not None, "what is done at an issuer has an original"
        sold = KINDS[original.kind]
        kind = sold.refunded_by if what == "refund" else sold.voided_by
        assert kind, "a step asks for what can be done with its original"
        refused = await self._refused(original, kind)
        if refused is not None:
            return refused
        route = self._host.issuers.route_to(original.issuer_id)
        if what == "other_route":
            route = self._host.issuers.same_bank(original.issuer_id) or route
        now = self._host.clock.now()
        if not self._host.issuers.is_up(route):
            await self._failed(route, situation)
            return _NOT_DONE
        if not await self._circuits.may_try(route.issuer_id, now):
            return _NOT_DONE
        origin = Origin.PERSON if situation.case.ordered == what else Origin.RESOLVER
        return await self._attempt(situation, original, kind, route, origin)

    async def _refused(self, original: Transaction, kind: str) -> ActionResult | None:
        """Judge an attempt as if a program had ordered it; None when it is allowed."""
        merchant = self._host.registry.merchant(original.merchant_id)
        if merchant is None:
            return ActionResult("not_done", admission.MERCHANT_UNKNOWN)
        ruling = await ordered.ruled(self._host, merchant, original, kind, original.amount)
        if ruling.ok:
            return None
        return _NOT_DONE if ruling.name in _PASSING else ActionResult("not_done", ruling)

    async def _attempt(
        self,
        situation: Situation,
        original: Transaction,
        kind: str,
        route: Route,
        origin: Origin,
    ) -> ActionResult:
        attempt = await ordered.attempt(self._host, original, kind, route, origin)
        probe = situation.probing
        exchange = await ordered.send(self._host, attempt, original, route, probe=probe)
        if exchange is None:  # held, or the merchant's money reserved, since it was judged
            return await self._refused(original, kind) or _NOT_DONE
        if probe:
            await self._probes.came(situation.case, attempt, exchange.code, self._host.clock.now())
        return ActionResult(await self._judged(exchange.code, route, situation))

    async def _judged(self, code: str, route: Route, situation: Situation) -> str:
        """Tell the circuit how the issuer did."""
        if code in APPROVED or (code != ordered.OPEN and code not in FAULTS):
            await self._circuits.worked(route.issuer_id, self._host.clock.now())
        else:
            await self._failed(route, situation)
        return code

    async def _failed(self, route: Route, situation: Situation) -> None:
        failures = len(situation.own_tries) + 1
        now = self._host.clock.now()
        await self._circuits.failed(route.issuer_id, now, failures, situation.random)
