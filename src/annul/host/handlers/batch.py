"""The end of a batch: settlement, and the upload of its records when the totals differ.

What counts on a terminal's slip: an approved sale or completion is a debit, also when it was voided
later; an approved void or refund is a credit. Reversed and declined ones do not count.
"""

from dataclasses import asdict
from typing import Final

from annul.domain.batch import BatchBalance, Totals, compare, next_batch
from annul.domain.incident import Incident
from annul.domain.kinds import GIVING, TAKING
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.store.incidents import opening
from annul.store.sql import load
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field48Totals, Field60

_SQL: Final = load("annul.host.handlers", "batch.sql")
_DEBITS: Final = list(TAKING)
_CREDITS: Final = list(GIVING)
# One uploaded record in field 48: card organisation 2, trace 6, card number 20, amount 12.
_RECORD: Final = 40
_COUNT: Final = 2


async def settlement(request: Request, host: Host) -> Reply:
    """Compare the terminal's totals with the host's and begin the next batch; once per batch."""
    batch = request.field60.batch
    claimed = _claimed(request)
    balanced = await _settled(request, host)
    if balanced is None:
        if batch != request.station.terminal.batch:
            raise Refusal("77", "批次号不一致,请重新签到", rule="batch_differs")
        balanced = await _settle(request, host, claimed)
    result = BatchBalance.BALANCED if balanced else BatchBalance.UNBALANCED
    answer = Field48Totals(
        claimed.debit_amount,
        claimed.debit_count,
        claimed.credit_amount,
        claimed.credit_count,
        result,
        foreign_result=BatchBalance.BALANCED,
    )
    return Reply(
        "00",
        {
            37: host.numbers.next(request.received_at),
            48: answer.build(),
            60: Field60("00", batch, "201").build(),
        },
    )


async def batch_upload(request: Request, host: Host) -> Reply:
    """Keep the records of an unbalanced batch; a repeated message changes nothing."""
    digits = str(request.message[48])
    count = int(digits[:_COUNT] or 0)
    if len(digits) != _COUNT + count * _RECORD:
        raise Refusal("30", f"48域应有{count}笔", rule="upload_malformed")
    records = [digits[at : at + _RECORD] for at in range(_COUNT, len(digits), _RECORD)]
    await host.pool.execute(
        *_SQL["upload"](
            **_of_batch(request),
            now=request.received_at,
            traces=[record[2:8] for record in records],
            card_hashes=[host.vault.hash(record[8:28].lstrip("0")) for record in records],
            amounts=[int(record[28:40]) for record in records],
        )
    )
    return Reply("00", {48: digits[:_COUNT].rjust(4, "0")})


async def batch_upload_end(request: Request, host: Host) -> Reply:
    """Close the upload; what differs from the host's own transactions opens an incident."""
    end = _SQL["end_upload"](**_of_batch(request), kinds=[*_DEBITS, *_CREDITS])
    row = await host.pool.fetchrow(*end)
    assert row is not None, "one row of counts"
    if row["balanced"] is None:
        raise Refusal("25", "该批次未结算", rule="batch_not_settled")
    if row["first"] and not row["balanced"] and row["differing"]:
        terminal = request.station.terminal
        batch = request.field60.batch
        incident = Incident.of(
            "batch_differs",
            terminal.merchant_id,
            f"{terminal.terminal_id} {batch}",
            terminal=terminal.terminal_id,
            batch=batch,
            count=row["differing"],
        )
        await host.pool.execute(*opening([incident], request.received_at))
    return Reply("00", {48: str(request.message[48])})


async def _settle(request: Request, host: Host, claimed: Totals) -> bool:
    whose = _of_batch(request)
    row = await host.pool.fetchrow(*_SQL["totals"](**whose, debits=_DEBITS, credits=_CREDITS))
    assert row is not None, "sums give one row"
    totals = Totals(*row)
    balanced = compare(totals, claimed) is BatchBalance.BALANCED
    if not balanced and not request.certain:
        raise Refusal("58", "总额不符,请先做一笔联机交易再结算", rule="line_not_bound")
    began = await host.pool.fetchval(
        *_SQL["settle"](
            **whose,
            now=request.received_at,
            balanced=balanced,
            **asdict(totals),
            claimed=str(request.message[48]),
            next_batch=next_batch(request.field60.batch),
        )
    )
    if began is None:  # another message of the same terminal was first
        stored = await _settled(request, host)
        return balanced if stored is None else stored
    host.registry.in_batch(request.station, began)
    return balanced


async def _settled(request: Request, host: Host) -> bool | None:
    return await host.pool.fetchval(*_SQL["settled"](**_of_batch(request)))


def _claimed(request: Request) -> Totals:
    try:
        field48 = Field48Totals.parse(str(request.message[48]))
    except DecodeError as error:
        raise Refusal("30", "48域格式错误", rule="totals_malformed") from error
    return Totals(
        field48.debit_amount,
        field48.debit_count,
        field48.credit_amount,
        field48.credit_count,
    )


def _of_batch(request: Request) -> dict[str, str]:
    return {**request.station.by_name, "batch": request.field60.batch}
