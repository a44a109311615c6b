"""Somebody on the line who hears everything and has no key."""

import asyncio
from collections import deque
from random import Random
from typing import TYPE_CHECKING, Final

from annul.domain.kinds import MAC_MTIS
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import TPDU_2, Framer

if TYPE_CHECKING:
    from .cell import Cell

_POS: Final = Codec(DIALECTS["unionpay_pos"])
_HEARD: Final = 50  # of what was said last he remembers so many frames


def _again(frame: bytes, _: Random) -> bytes:
    return frame


def _renumbered(frame: bytes, random: Random) -> bytes:
    """Make another request of one that was overheard: a new number, and a MAC that is guessed."""
    [heard] = Framer(TPDU_2).feed(frame)
    message = _POS.decode(heard.body)
    fields = message.fields() | {11: f"{random.randrange(10**6):06d}", 64: random.randbytes(8)}
    return TPDU_2.pack(_POS.encode(message.mti, fields), heard.head)


def _altered(frame: bytes, random: Random) -> bytes:
    body = bytearray(frame)
    for _ in range(random.choice((1, 3))):
        body[random.randrange(2, len(body))] = random.randrange(256)
    return bytes(body)


def _noise(_: bytes, random: Random) -> bytes:
    return random.randbytes(random.randrange(2, 200))


_FORGERIES: Final = (_again, _again, _renumbered, _renumbered, _altered, _noise)


def _asks_for_money(frame: bytes) -> bool:
    try:
        [heard] = Framer(TPDU_2).feed(frame)
        message = _POS.decode(heard.body)
        message.check()
    except (DecodeError, FrameError, ValueError):
        return False
    return message.mti in MAC_MTIS


async def knock(cell: "Cell") -> None:
    """Send a host what somebody without a key can send: forged, replayed, cut short, at random."""
    random = Random(f"{cell.plan.seed} stranger")
    overheard: deque[bytes] = deque(maxlen=_HEARD)
    cell.network.heard = overheard
    while True:
        await asyncio.sleep(random.expovariate(1 / cell.plan.knock_s))
        frames = [frame for frame in overheard if _asks_for_money(frame)]
        if not frames:
            continue
        forge = random.choice(_FORGERIES)
        body = forge(random.choice(frames), random)
        port = random.choice(cell.hosts).port
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(body)
            await asyncio.sleep(random.uniform(0.0, 2.0))
            writer.close()
        except OSError:
            continue
        cell.say("stranger", f"{forge.__name__[1:]}, {len(body)} bytes to {port}")
