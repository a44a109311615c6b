"""Links to a scripted peer, closed at the end of each test."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from annul.domain.backoff import Backoff
from annul.issuers.key_ring import IssuerKey, KeyRing
from annul.issuers.link import Link, LinkLimits
from annul.security.ciphers import TDES
from annul.security.keys import KeyKind, WrappedKey
from annul.security.mac import MacAlgorithm
from annul.security.software import SoftwareModule
from annul.wire.codec import Message
from annul.wire.mac_block import MacBlock
from tests.support.clock import HeldClock
from tests.support.peer import CODEC, FRAMING, Fields, Peer

MAC = 128

LIMITS = LinkLimits(tick_s=0.005, rest_s=0.05, backoff=Backoff(first_s=0.01, limit_s=0.05))


@dataclass
class Bench:
    """Makes links and remembers them; `late` collects their late answers."""

    clock: HeldClock
    late: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    links: list[Link] = field(default_factory=list)

    async def link(self, peer: Peer, *, wait: bool = True, **settings) -> Link:
        settings = {"limits": LIMITS, "random": random.Random(1).random} | settings
        timeout_ms = settings.pop("timeout_ms", 15_000)
        mac_key = settings.pop("mac_key", None)
        keys = KeyRing(IssuerKey(None, mac_key)) if mac_key else None
        link = Link(
            peer.issuer(timeout_ms=timeout_ms),
            CODEC,
            FRAMING,
            self.clock,
            on_late=self.late.put_nowait,
            keys=keys,
            **settings,
        )
        self.links.append(link)
        link.start()
        if wait:
            await link.wait_up()
        return link


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Bench]:
    bench = Bench(clock)
    yield bench
    for link in bench.links:
        await link.stop()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as peer:
        yield peer


@pytest.fixture(scope="session")
def security() -> SoftwareModule:
    return SoftwareModule(bytes(range(32)))


@pytest.fixture(scope="session")
def mac_key(security: SoftwareModule) -> WrappedKey:
    return security.generate(KeyKind.MAC, TDES)


@pytest.fixture(scope="session")
def seal(security: SoftwareModule, mac_key: WrappedKey) -> Callable[[str, Fields], bytes]:
    """Encode with the MAC of an issuer's answer, unless the message brings one."""

    block = MacBlock(CODEC.dialect)

    def encode(mti: str, fields: Fields) -> bytes:
        if MAC in fields:
            return CODEC.encode(mti, fields)
        unsigned = CODEC.encode_unsigned(mti, fields)
        signed = block.of(mti, fields, unsigned)
        return unsigned + security.mac(mac_key, MacAlgorithm.X9_19, signed)

    return encode
