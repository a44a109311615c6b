"""An issuer is asked for what is written, and what came of it is written."""

from datetime import datetime
from typing import Final

from annul.domain.records import Transaction
from annul.domain.response_codes import FAULT, NOT_REACHED, SENSELESS
from annul.domain.states import ENDED, State
from annul.issuers.errors import NoAnswer, NotSent
from annul.issuers.limits import leaves_within
from annul.issuers.message import Answer, Fields
from annul.issuers.routing import Route

from .host import Host
from .passage import note, since
from .recovery import too_late
from .told import told_code

STALE: Final = "host_interrupted"  # it stood still between the writing and the sending


async def ask(
    host: Host,
    transaction: Transaction,
    route: Route,
    original: Transaction | None,
    mti: str,
    fields: Fields,
    *,
    probe: bool = False,
) -> tuple[str, Answer | None] | None:
    """Ask the issuer for a transaction that is written, and write what came of it.

    Gives the response code with the answer, if there was one; None when the state moved meanwhile:
    then the answer came too late, and what it approved is taken back.
    """
    now = host.clock.now()
    if now - transaction.received_at > leaves_within(host.issuers.timeout(route.issuer_id)):
        await host.outcomes.not_sent(transaction, FAULT, now, STALE)
        return FAULT, None
    began = since() if host.tracer is not None else 0
    try:
        answer = await host.issuers.ask(route, mti, fields, probe=probe)
    except (NotSent, NoAnswer) as error:
        answer = error
    if not began:
        return await _concluded(host, transaction, route, original, answer)
    note("ask", began)
    began = since()
    try:
        return await _concluded(host, transaction, route, original, answer)
    finally:
        note("conclude", began)


async def _concluded(
    host: Host,
    transaction: Transaction,
    route: Route,
    original: Transaction | None,
    answer: Answer | NotSent | NoAnswer,
) -> tuple[str, Answer | None] | None:
    """Write what came of asking; gives what `ask` gives."""
    if isinstance(answer, NotSent):
        why = host.issuers.trouble(route)
        await host.outcomes.not_sent(transaction, NOT_REACHED, host.clock.now(), why)
        return NOT_REACHED, None
    if isinstance(answer, NoAnswer):
        return await _silent(host, transaction, answer), None
    now = host.clock.now()
    told = (told_code(host, transaction, answer), answer)
    if await host.outcomes.answered(transaction, answer, now, original=original):
        return told
    return await _overtaken(host, transaction, told, answer, now)


async def _overtaken(
    host: Host, transaction: Transaction, told: tuple[str, Answer], answer: Answer, now: datetime
) -> tuple[str, Answer] | None:
    """Act on an answer that could not be written, as the state has moved meanwhile."""
    stored = await host.journal.find_by_id(transaction.merchant_id, transaction.id)
    if stored is None or stored.answered_at == now:  # written before a connection was lost
        return told
    if stored.state is State.SENT:  # declined, and approved meanwhile: one of both is wrong
        contradiction = answer._replace(response_code=stored.late_code)
        if await host.outcomes.contradicted(stored, contradiction, now):
            host.issuers.wake()
            return SENSELESS, answer
    await too_late(host, stored, answer)
    return None


async def _silent(host: Host, transaction: Transaction, silence: NoAnswer) -> str:
    """Write that the issuer is silent, and wake who is owed something; gives the code to tell."""
    code, now = host.issuers.silent_code(transaction.issuer_id), host.clock.now()
    written = await host.outcomes.unknown(transaction, code, silence.reason, now, silence.silence)
    if not written:
        stored = await host.journal.find_by_id(transaction.merchant_id, transaction.id)
        if stored is not None and stored.state in ENDED:  # and this may be booked after that
            await too_late(host, stored, Answer(code, differs=(39,)))
    host.issuers.wake()
    return code
