"""New keys are asked for: at sign-on where the issuer wants it so, or as somebody wishes them."""

import asyncio
from typing import Final

import structlog

from annul.domain.errors import AnnulError
from annul.security.keys import KeyKind
from annul.store.batcher import StoreUnavailable

from .errors import NoAnswer, NotSent
from .key_exchange import KeyExchange
from .lines import IssuerLine, Issuers

log = structlog.get_logger(__name__)

# The MAC key last: under it the other one is asked for and answered.
_ASKED: Final = (KeyKind.PIN, KeyKind.MAC)


class KeyAsking:
    """Looks, turn by turn, whose keys are wanted, and asks those issuers for them."""

    def __init__(self, issuers: Issuers, exchange: KeyExchange) -> None:
        self._issuers = issuers
        self._exchange = exchange
        self._asked_at: dict[str, int] = {}  # by issuer: which of its sign-ons

    async def turn(self) -> None:
        """Ask once for what is due. Raises what a lost database raises."""
        up = self._issuers.up()
        wanted = set(await self._exchange.wanted(up)) if up else set[str]()
        known = self._issuers.lines  # now: reference data may have changed meanwhile
        lines = [known[issuer_id] for issuer_id in up if issuer_id in known]
        due = [line for line in lines if line.link.issuer.issuer_id in wanted or self._due(line)]
        for line in due:
            self._asked_at[line.link.issuer.issuer_id] = line.link.counts.connects
        await asyncio.gather(*(self.ask(line) for line in due))

    async def ask(self, line: IssuerLine) -> None:
        """Ask for a new key of every kind that there is one of."""
        issuer, link = line.link.issuer, line.link
        ring = self._exchange.ring(issuer)
        for kind in _ASKED:
            if ring.in_force(kind) is None and ring.key(KeyKind.ZONE) is None:
                continue
            try:
                code = await self._exchange.ask(issuer, link.codec, kind, link.ask_network)
                log.info("key_asked_for", issuer=issuer.issuer_id, kind=kind.value, code=code)
            except (NotSent, NoAnswer, StoreUnavailable) as error:
                why = error.code if isinstance(error, AnnulError) else type(error).__name__
                log.warning("key_not_asked_for", issuer=issuer.issuer_id, kind=kind.value, why=why)

    def _due(self, line: IssuerLine) -> bool:
        """Whether its profile asks for keys at this sign-on, or a key has waited since a crash."""
        issuer = line.link.issuer
        if self._asked_at.get(issuer.issuer_id) == line.link.counts.connects:
            return False
        return issuer.keys_at_sign_on or bool(self._exchange.ring(issuer).waits)
