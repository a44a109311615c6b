"""The one way from a request's bytes to the bytes of its answer."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from annul.domain.cells import Lives
from annul.domain.kinds import MAC_MTIS, REVERSAL_MTIS, answer_mti
from annul.domain.response_codes import FAULT, NO_ANSWER, SENSELESS
from annul.merchants.station import PendingKeys
from annul.merchants.working_keys import TerminalSays, take_up
from annul.security.keys import KeyKind
from annul.store.batcher import STORE_LOST, StoreUnavailable
from annul.wire.errors import DecodeError, EncodeError
from annul.wire.framing import software_of

from .door import BELOW_PROFILE, Admitted
from .failed import later, refused
from .host import Host
from .owners import NotOwner
from .recognised import kind_of
from .reply import Reply, note, reply_fields
from .request import Refusal, Request, attribute

log = structlog.get_logger(__name__)

HOST_FAILED: Final = "host_failed"  # a fault of ours
HOST_BUSY: Final = "host_busy"  # more than the host takes, or no database
_CLAIMS: Final = 3  # in a row, of one terminal for one message
_CODE: Final = 39
_NOTE: Final = 63
# What a terminal knows its answer by, and what it says: all of it the host's own, or repeated.
_LEAST: Final = frozenset({3, 11, _CODE, 41, 42})


async def handle(host: Host, entry: Admitted) -> bytes:
    """Turn what the door has let in into the bytes of its answer."""
    host.counts.requests += 1
    now = host.clock.now()
    try:
        reply = await _served(host, entry, now)
    except STORE_LOST as error:  # of the journal, or of a statement that a handler ran itself
        host.counts.busy += 1
        log.warning("store_refused", why=type(error).__name__)
        reply = _too_busy(host, entry, now)
    except Exception:
        # One request that meets a fault of ours must not disturb any other.
        host.counts.failed += 1
        log.exception("handler_failed", mti=entry.message.mti, fields=entry.message.numbers)
        reply = _failed(host, entry, now)
    told = await _noticed(host, reply, entry, now)
    return _answer(host, entry, host.troubles.noted(told))


def _failed(host: Host, entry: Admitted, now: datetime) -> Reply:
    """Refuse what met a fault of ours; that is written down, unless it has left a row."""
    refusal = Refusal(_fault_code(entry), rule=HOST_FAILED)
    later(entry, host, refusal, now)
    return _refused_for_good(entry, Reply(refusal.response_code), refusal.rule)


async def _served(host: Host, entry: Admitted, now: datetime) -> Reply:
    """Serve a message, anew when its terminal was claimed by another host meanwhile."""
    for _ in range(_CLAIMS):
        try:
            return await _judged(host, entry, now)
        except NotOwner:
            log.info("terminal_claimed_elsewhere", terminal=entry.station.identity)
            await host.owners.look(entry.station)
    raise StoreUnavailable  # two hosts take it from each other all the time


async def _judged(host: Host, entry: Admitted, now: datetime) -> Reply:
    """Hand a message to who serves its kind, or keep why it is refused.

    Raises `NotOwner` when it was judged by what is not so any more, as another host has claimed the
    terminal meanwhile.
    """
    request: Request | None = None
    try:
        if entry.merchant.lives != Lives.HERE:  # on its way to another cell, for some seconds
            raise StoreUnavailable
        if entry.proves is not None:
            await _take_up(host, entry, entry.proves, now)
        day = host.business_date(now, entry.merchant.merchant_id)
        request = attribute(entry, host.vault, now, day)
        request.check_proof()
        handler = host.handlers["reversal" if request.reversal else request.kind.name]
        return await handler(request, host)
    except DecodeError as error:
        text = f"field {error.field} wrong {error.field}域格式错误"
        refusal = Refusal("30", text, rule="format")
    except Refusal as error:
        if entry.proven:
            await host.owners.check(entry.station)
        refusal = error
    return await _refused(host, entry, request, refusal, now)


def refuse_busy(host: Host, entry: Admitted) -> bytes:
    """Answer at once, without work: more is in flight than the host will take."""
    host.counts.busy += 1
    return _answer(host, entry, _too_busy(host, entry, host.clock.now()))


def _too_busy(host: Host, entry: Admitted, now: datetime) -> Reply:
    """Refuse what can not be looked at now; that it was refused is written down later."""
    refusal = Refusal(_fault_code(entry), rule=HOST_BUSY)
    later(entry, host, refusal, now)
    return _refused_for_good(entry, Reply(refusal.response_code), refusal.rule)


async def _take_up(host: Host, entry: Admitted, proven: PendingKeys, now: datetime) -> None:
    """Make pending keys current, under which the message's MAC has held.

    Raises `Refusal` A0 when another process has handed out newer ones meanwhile.
    """
    said = entry.peer.said(entry.station) or TerminalSays(software=software_of(entry.head))
    if not await take_up(host.pool, entry.station, proven, said, now):
        raise Refusal("A0", rule="keys_replaced")


async def _refused(
    host: Host, entry: Admitted, request: Request | None, refusal: Refusal, now: datetime
) -> Reply:
    if not entry.proven or refusal.rule == BELOW_PROFILE:
        host.door.refused(entry.peer, refusal.rule or "refused")
    plain = Reply(refusal.response_code, note(refusal.text))
    try:
        kept = await refused(entry, request, host, refusal, now)
    except Exception:
        # Nothing of it is kept, but it is answered all the same.
        log.exception("refusal_not_kept", rule=refusal.rule)
        kept = None
    return _refused_for_good(entry, kept or plain, refusal.rule)


def _refused_for_good(entry: Admitted, reply: Reply, rule: str) -> Reply:
    """Let a request that its terminal holds for refused have no effect when it is repeated.

    A reversal, and what may have an outcome (98), is sent by the terminal until it is heard.
    """
    mti, code = entry.message.mti, reply.response_code
    if entry.key is not None and mti in MAC_MTIS and mti not in REVERSAL_MTIS and code != NO_ANSWER:
        entry.station.refused.keep(entry.message.raw, code, rule)
    return reply


async def _noticed(host: Host, reply: Reply, entry: Admitted, now: datetime) -> Reply:
    """Add what the terminal is to be told, when it is the one and the answer has room.

    A message that repeats another may come from anybody: its MAC does not say who hears this.
    """
    whose = entry.station.identity
    waiting = host.notices.wait_for(whose) and _NOTE not in reply.fields
    if not waiting or not entry.peer.bound_to(entry.station):
        return reply
    text = await host.notices.take(whose, entry, now)
    return replace(reply, fields={**reply.fields, **note(text)}) if text else reply


def _answer(host: Host, entry: Admitted, reply: Reply) -> bytes:
    """Encode an answer, if need be without what can not be encoded: there is always one.

    Money may have moved for it, and what an issuer adds must not keep that from the terminal.
    """
    counts = host.counts.replies
    counts[reply.response_code] = counts.get(reply.response_code, 0) + 1
    local = host.calendar.local(host.clock.now())
    fields = reply_fields(entry.message, reply, host.acquirer_id, local)
    while True:
        try:
            return _sealed(host, entry, fields)
        except EncodeError as error:
            _reduce(fields, error.field)
            log.warning("answer_reduced", field=error.field, mti=entry.message.mti)
            host.counts.reduced += 1
            if error.field == _NOTE:
                host.notices.written(entry, None)  # it goes without


def _reduce(fields: dict[int, str | bytes], wrong: int | None) -> None:
    """Take out what can not be encoded; when it has no name, all but the least."""
    if wrong == _CODE:
        fields[_CODE] = SENSELESS
        return
    if wrong in fields and wrong not in _LEAST:
        del fields[wrong]
        return
    assert set(fields) - _LEAST, "the least that a terminal needs is always encoded"
    for number in set(fields) - _LEAST:
        del fields[number]


def _sealed(host: Host, entry: Admitted, fields: dict[int, str | bytes]) -> bytes:
    """Encode an answer; it is sealed only when the MAC of its request has held."""
    message, key = entry.message, entry.seal
    if key is None:
        return entry.codec.encode(answer_mti(message.mti), fields, keep=False)
    body = entry.codec.encode_unsigned(answer_mti(message.mti), fields)
    code = host.security.mac(key, entry.station.algorithm, body)
    if key.kind is KeyKind.MAC and entry.station.equalisable:
        entry.station.codes.takes(code, body)
    return entry.codec.sign(body, code)


def _fault_code(entry: Admitted) -> str:
    """Say 96 to what was not looked at, or met a fault of ours, where that leaves nothing behind.

    What may be written is reversed later. What can not be reversed (refund, advice) is repeated by
    its terminal, and may be written or done since it was sent first: its outcome is open, 98.
    """
    kind = entry.sort[0] if entry.sort else kind_of(entry.message)
    if kind is None or kind.owed != "advice":
        return FAULT
    return NO_ANSWER
