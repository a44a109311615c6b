"""The answer to a request that is there already: the stored one, and never a second effect."""

import asyncio
from typing import Final

from annul.domain.records import Transaction
from annul.domain.states import State

from .host import Host
from .owners import NotOwner
from .reply import Reply
from .request import Request
from .told import stored_reply

# Between two looks at what another process is doing: each time longer.
_LOOK_S: Final = 0.05
_LOOK_MOST_S: Final = 0.5


async def repeat(request: Request, host: Host, transaction: Transaction) -> Reply:
    """Answer a request whose key is taken: the stored answer, never a second effect.

    While the first one is still under way its answer is awaited. Raises `NotOwner` when it has left
    no row.
    """
    first = host.in_flight.get(request.key)
    if first is not None:
        await asyncio.wait([first])
    return await ended_elsewhere(request, host, transaction)


async def ended_elsewhere(request: Request, host: Host, transaction: Transaction) -> Reply:
    """Give the stored answer; while another process asks for it, its outcome is waited for."""
    began, monotonic = host.clock.monotonic(), host.clock.monotonic
    wait_s = _LOOK_S
    while True:
        stored = await host.journal.find(request.key)
        if stored is None:  # nothing of the first was written: this one is judged as if it were
            raise NotOwner
        patience_s = host.issuers.timeout(stored.issuer_id).total_seconds()
        if stored.state is not State.SENT or monotonic() - began > patience_s:
            return stored_reply(stored, transaction, host)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _LOOK_MOST_S)
