"""A change tried on what has happened, for whoever asks: sums of all, and the first that differ."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from annul.domain.errors import AnnulError
from annul.domain.policies import PolicyKind
from annul.operate.whatif import alarms, merchants, policies, weights

from .desk import Desk
from .permission import staff
from .roles import Visitor


class WhatIfBusy(AnnulError):
    """Another change is being tried here; one at a time. Nothing was changed."""

    code = "whatif.busy"
    next_step = "Wait until it has ended, and ask again."


class Change(NamedTuple):
    """What is tried: its kind, and what that kind names, over so many days up to now."""

    kind: str
    days: int
    limit: int
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: sums of all, the first that differ, and whether there are more."""

    kind: str
    sums: dict[str, int]
    decisions: list[dict[str, Any]]
    more: bool


_Span = tuple[datetime, datetime]
_Found = AsyncIterator[Mapping[str, Any]]


async def tried(desk: Desk, visitor: Visitor, change: Change) -> Tried:
    """Try a change on what this cell has, for minutes. Raises `NotAllowed`, `WhatIfBusy`."""
    staff(visitor)
    if desk.trials.locked():
        raise WhatIfBusy
    async with desk.trials:
        now = desk.clock.now().astimezone(UTC)
        sums, replay = _KINDS[change.kind]
        counted = sums()
        found: list[dict[str, Any]] = []
        more = False
        span = (now - timedelta(days=change.days), now)
        async for one in replay(desk, span, change.given, counted):
            if len(found) < change.limit:
                found.append(dict(one))
            else:
                more = True
    return Tried(change.kind, asdict(counted), found, more)


async def _policy(desk: Desk, span: _Span, given: Mapping[str, Any], sums: Any) -> _Found:
    issuer = given["issuer"]
    known = await policies.known(desk.pool, issuer)
    after = policies.changed(known, PolicyKind(given["rule"]), given["number"])
    async for one in policies.replay(desk.pool, issuer, span, after, sums):
        yield {
            "number": str(one.id),
            "merchant": one.merchant,
            "at": one.at,
            "kind": "void",
            "amount": one.amount,
            "state": "approved" if one.approved else "refused",
            "before": one.before,
            "after": one.after,
        }


async def _weight(desk: Desk, span: _Span, given: Mapping[str, Any], sums: Any) -> _Found:
    weight = (given["cause"], given["signal"], given["by"])
    async for one in weights.replay(desk.pool, span, weight, sums, processes=1):
        row = {"at": None, "kind": "case", "amount": None, "state": one.confirmed}
        yield row | {
            "number": one.number,
            "merchant": one.merchant,
            "before": one.before,
            "after": one.after,
        }


async def _alarm(desk: Desk, span: _Span, given: Mapping[str, Any], sums: Any) -> _Found:
    rules = (
        desk.alarms,
        alarms.changed(desk.alarms, given["per_million"], given["history_days"]),
    )
    async for one in alarms.replay(desk.pool, desk.zone, span, rules, sums):
        yield {
            "number": f"{one.scope} {one.member}".strip(),
            "merchant": one.member if one.scope == "merchant" else "",
            "at": one.before or one.after,
            "kind": str(one.measure),
            "amount": None,
            "state": f"{one.bad}/{one.total}",
            "before": one.before.isoformat() if one.before else "",
            "after": one.after.isoformat() if one.after else "",
        }


async def _merchant(desk: Desk, span: _Span, given: Mapping[str, Any], sums: Any) -> _Found:
    change = (given["setting"], given["number"])
    async for one in merchants.replay(desk.pool, given["merchant"], span, change, sums):
        yield one._asdict()


_Replay = Callable[[Desk, _Span, Mapping[str, Any], Any], _Found]
_KINDS: Final[Mapping[str, tuple[Callable[[], Any], _Replay]]] = {
    "policy": (policies.Tried, _policy),
    "weight": (weights.Ranked, _weight),
    "alarm": (alarms.Watching, _alarm),
    "merchant": (merchants.Judged, _merchant),
}
