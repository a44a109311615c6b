"""An issuer that is played: what it has really booked, and what it says of it, which may differ."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from annul.domain.link_profile import USUAL, LinkProfile
from annul.domain.response_codes import BOOKED, Effect, effect_of
from annul.issuers.errors import NotSent
from annul.issuers.message import REVERSAL, Answer, Fields
from annul.issuers.routing import Route
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS

ISSUER: Final = "00000101"
TIMEOUT: Final = timedelta(seconds=15)


class Said(NamedTuple):
    """One answer as it is given: code, authorisation code, and the share of the amount it names."""

    code: str
    auth_code: str = ""
    share: float = 1


class Way(NamedTuple):
    """A way to take a message: answers in their order, and what is booked then, as a share.

    With None the books stay as they are.
    """

    said: tuple[Said, ...]
    books: float | None = None


_APPROVED: Final = Said("00", "A00001")
POLITE: Final = Way((_APPROVED,), 1)
DECLINED: Final = Way((Said("51"),))
RUDE: Final[Mapping[str, Way]] = {
    "booked, but 96 said": Way((Said("96"),), 1),
    "not booked, and 91 said": Way((Said("91"),)),
    "taken for a duplicate": Way((Said("94"),)),
    "booked in part": Way((Said("10", "A00001", 0.5),), 0.5),
    "booked in full as a part": Way((Said("10", "A00001"),), 1),
    "booked twofold": Way((Said("00", "A00001", 2),), 2),
    "booked, but 51 said": Way((Said("51"),), 1),
    "declined, then approved": Way((Said("51"), _APPROVED), 1),
    "approved, then declined": Way((_APPROVED, Said("51")), 1),
    "approved, then dropped": Way((_APPROVED, Said("51")), 0),
    "approved twice": Way((_APPROVED, Said("00", "A00002")), 2),
}
UNDONE: Final = Way((Said("00"),), 0)
NOTHING: Final = Way((Said("25"),))
RUDE_REVERSALS: Final[Mapping[str, Way]] = {
    "denied": NOTHING,
    "refused with 12": Way((Said("12"),)),
    "answered 94": Way((Said("94"),)),
    "undone, but 96 said": Way((Said("96"),), 0),
    "acknowledged in vain": Way((Said("00"),)),
}
STUBBORN: Final = "denied for good"
FORGOTTEN: Final = "forgotten"  # yesterday's books are restored: it was never there


@dataclass(eq=False)
class Exchange:
    """One message to the issuer: on its way, then read (`said`), then answered in time or late."""

    name: str
    mti: str
    fields: Fields
    answer: asyncio.Future[Answer]
    said: tuple[Said, ...] = ()
    arrivals: int = 0

    @property
    def rrn(self) -> str:
        return str(self.fields[37])

    @property
    def awaited(self) -> bool:
        return not self.answer.done()

    @property
    def due(self) -> int:
        """How many answers have not arrived."""
        return max(len(self.said) - self.arrivals, 0)

    @property
    def next(self) -> Said:
        """The answer that arrives next; from the last one on it is that one again."""
        return self.said[min(self.arrivals, len(self.said) - 1)]

    @property
    def says_booked(self) -> bool:
        return self.mti != REVERSAL and self.next.code in BOOKED


@dataclass
class Issuer:
    """What is really booked, by reference number. The host asks it as it asks `Issuers`."""

    names: dict[str, str] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    last: dict[str, Said] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)  # by an answer: that it is booked as it is now
    stubborn: set[str] = field(default_factory=set)  # whose reversals are denied, come what may
    exchanges: list[Exchange] = field(default_factory=list)
    owed: asyncio.Event = field(default_factory=asyncio.Event)
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    longest_timeout_s: float = TIMEOUT.total_seconds()
    dialects: Mapping[str, Dialect] = field(default_factory=lambda: DIALECTS)

    async def read(self, one: Exchange, way: Way | None = None) -> None:
        """Take a message in a way; politely unless one is given."""
        rrn, sign = one.rrn, -1 if one.fields[3] == "200000" else 1
        way = way or self._polite(one)
        one.said = way.said
        self.told.discard(rrn)
        if way.books is not None:
            self.moved[rrn] = sign * int(int(str(one.fields[4])) * way.books)
        if one.mti != REVERSAL:
            self.last[rrn] = way.said[-1]

    async def forget(self, one: Exchange) -> None:
        """Take a reversal of what is no longer in the books."""
        self.moved.pop(one.rrn, None)
        await self.read(one, NOTHING)

    async def deny(self, one: Exchange) -> None:
        """Take a reversal, and every one that comes after it, for one of nothing."""
        self.stubborn.add(one.rrn)
        await self.read(one)

    def denies(self, rrn: str) -> bool:
        """Say whether a reversal is answered as one of nothing."""
        return rrn not in self.moved or rrn in self.stubborn

    def _polite(self, one: Exchange) -> Way:
        """Answer a repeat as before, where that said something; believe everything else."""
        if one.mti == REVERSAL:
            return NOTHING if self.denies(one.rrn) else UNDONE
        last = self.last.get(one.rrn)
        if last is None:
            return POLITE
        if effect_of(last.code) is not Effect.UNKNOWN:
            return Way((last,))
        return POLITE if not self.moved.get(one.rrn) else Way((_APPROVED,))

    async def ask(self, _route: Route, mti: str, fields: Fields, **_: bool) -> Answer:
        rrn = str(fields[37])
        same = [one for one in self.exchanges if (one.mti, one.rrn) == (mti, rrn)]
        if any(one.awaited for one in same):
            raise NotSent
        kind = "refund" if mti == "0220" else "void" if fields[3] == "200000" else "sale"
        name = self.names.setdefault(rrn, f"{kind} {len(self.names)}")
        name = f"reversal of {name}" if mti == REVERSAL else name
        name = f"{name} again ({len(same)})" if same else name
        exchange = Exchange(name, mti, fields, asyncio.get_running_loop().create_future())
        self.exchanges.append(exchange)
        self.arrival.set()
        return await exchange.answer

    def up(self) -> list[str]:
        return [ISSUER]

    def route_to(self, issuer_id: str) -> Route:
        return Route(issuer_id, None, None, "debit")

    def trouble(self, _route: Route) -> str:
        return "link_closed"

    def silent_code(self, _issuer_id: str) -> str:
        return "98"

    def profile(self, _issuer_id: str) -> LinkProfile:
        return USUAL

    def timeout(self, _issuer_id: str) -> timedelta:
        return TIMEOUT

    def wake(self) -> None:
        self.owed.set()
