"""The end of a batch: settlement, for domestic and for foreign cards apart.

What counts on a terminal's slip: an approved sale or completion is a debit, also when it was voided
later; an approved void or refund is a credit. Reversed and declined ones do not count. The
half in which a card counts is a fact of its route (`bins.scheme`); what refers to an original
counts where that does.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from annul.domain.batch import BatchBalance, Totals, compare, next_batch
from annul.domain.kinds import GIVING, TAKING
from annul.domain.records import Scheme
from annul.host.host import Host
from annul.host.owners import NotOwner
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.store.incidents import OPEN_RAISED
from annul.store.sql import load
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field48Totals, Field60

SQL: Final = load("annul.host.handlers", "batch.sql", open_raised=OPEN_RAISED)
_DEBITS: Final = list(TAKING)
_CREDITS: Final = list(GIVING)
# What stands before the names of a half, in field 48 as typed and in the columns of `batches`.
_HALVES: Final = {Scheme.DOMESTIC: "", Scheme.FOREIGN: "foreign_"}

Balanced = Mapping[Scheme, bool]


async def settlement(request: Request, host: Host) -> Reply:
    """Compare the terminal's totals with the host's and begin the next batch; once per batch."""
    batch = request.field60.batch
    claimed = _claimed(request)
    balanced = await _settled(request, host)
    if balanced is None:
        # By another message, where it has ended since that was read.
        balanced = await _settle(request, host, claimed) or await _settled(request, host)
    if balanced is None:
        raise Refusal("77", "批次号不一致,请重新签到", rule="batch_differs")
    results: dict[str, Any] = {
        f"{half}result": BatchBalance.BALANCED if balanced[scheme] else BatchBalance.UNBALANCED
        for scheme, half in _HALVES.items()
    }
    return Reply(
        "00",
        {
            37: host.numbers.next(request.received_at),
            48: replace(claimed, **results).build(),
            60: Field60("00", batch, "201").build(),
        },
    )


async def _settle(request: Request, host: Host, claimed: Field48Totals) -> Balanced | None:
    """Add up and begin the next batch, while nothing is opened in this one; None when it has ended.

    Raises `NotOwner` when another host has claimed the terminal.
    """
    station = request.station
    await host.owners.claim(station)  # one may be registered to settle without proof
    if station.owner is None:
        raise NotOwner
    node, epoch = station.owner
    async with host.pool.acquire() as connection, connection.transaction():
        hold = SQL["hold"](**of_batch(request), node=node, epoch=epoch)
        held = await connection.fetchrow(*hold) is not None
        ended = await _ended(connection, request, claimed) if held else None
    if ended is None:
        await host.owners.check(station)
        return None
    balanced, began = ended
    host.registry.in_batch(station, began)  # once that is written
    return balanced


async def _ended(connection: Any, request: Request, claimed: Field48Totals) -> tuple[Balanced, str]:
    """End a batch that is held: what balanced of it, and the batch that begins."""
    whose = of_batch(request)
    rows = await connection.fetch(*SQL["totals"](**whose, debits=_DEBITS, credits=_CREDITS))
    kept = {Scheme(scheme): Totals(*totals) for scheme, *totals in rows}
    balanced = {
        scheme: compare(kept.get(scheme, Totals()), _half(claimed, half)) is BatchBalance.BALANCED
        for scheme, half in _HALVES.items()
    }
    if not all(balanced.values()) and not request.certain:
        raise Refusal("58", "总额不符,请先做一笔联机交易再结算", rule="line_not_bound")
    began = next_batch(request.field60.batch)
    await connection.execute(
        *SQL["settle"](
            **whose,
            **{f"{half}balanced": balanced[scheme] for scheme, half in _HALVES.items()},
            **{
                f"{half}{name}": value
                for scheme, half in _HALVES.items()
                for name, value in asdict(kept.get(scheme, Totals())).items()
            },
            now=request.received_at,
            claimed=str(request.message[48]),
            next_batch=began,
        )
    )
    return balanced, began


async def _settled(request: Request, host: Host) -> Balanced | None:
    row = await host.pool.fetchrow(*SQL["settled"](**of_batch(request)))
    if row is None:
        return None
    return {scheme: row[f"{half}balanced"] for scheme, half in _HALVES.items()}


def _claimed(request: Request) -> Field48Totals:
    try:
        return Field48Totals.parse(str(request.message[48]))
    except DecodeError as error:
        raise Refusal("30", "48域格式错误", rule="totals_malformed") from error


def _half(claimed: Field48Totals, half: str) -> Totals:
    return Totals(**{name: getattr(claimed, half + name) for name in asdict(Totals())})


def of_batch(request: Request) -> dict[str, str]:
    """Name the batch of a request as statements do."""
    return {**request.station.by_name, "batch": request.field60.batch}
