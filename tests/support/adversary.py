"""An adversary: what it forges of what it saw on the wire, and what must stay as it is.

What it builds without a terminal's keys is what anybody builds who read the published layouts and
picked up a slip; `wire.Keyed` is somebody who owns one terminal.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from struct import unpack
from typing import Final

from tests.support.site import Site
from tests.support.soft import CARD
from tests.support.wire import CODEC, WITHIN_S, Fields

# Forging -------------------------------------------------------------------------------------


def folded(body: bytes) -> bytes:
    """Give all that UnionPay's ECB MAC knows of a message: its blocks of eight bytes, XORed."""
    body += bytes(-len(body) % 8)
    value = 0
    for block in unpack(f">{len(body) // 8}Q", body):
        value ^= block
    return value.to_bytes(8, "big")


_ANY: Final = range(256)
_PRINTED: Final = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class Room:
    """A field whose `size` units may take any value of `alphabet` (None: packed digits)."""

    number: int
    size: int
    alphabet: range | None
    make: Callable[[str], str | bytes] = str


def _binary(number: int, size: int, before: bytes = b"") -> Room:
    return Room(number, size, _ANY, lambda text: before + text.encode())


# Sixteen digits hold one digit more in each place: what text or other digits lack is found there.
DIGITS: Final = Room(53, 16, None)
ROOMS: Final[dict[str, tuple[Room, ...]]] = {
    "36 track 3": (Room(36, 104, None),),
    "43": (Room(43, 40, _PRINTED), DIGITS),
    "44": (Room(44, 25, _PRINTED), DIGITS),
    "46": (Room(46, 40, _PRINTED), DIGITS),
    "47": (Room(47, 40, _PRINTED), DIGITS),
    "48": (Room(48, 64, None),),
    "52 PIN block": (_binary(52, 8),),
    "54": (Room(54, 20, _PRINTED), DIGITS),
    "55 chip": (_binary(55, 16, bytes.fromhex("9F1010")),),
    "56": (_binary(56, 16),),
    "57": (Room(57, 40, _PRINTED), DIGITS),
    "58": (Room(58, 40, _PRINTED), DIGITS),
    "62": (_binary(62, 16),),
    "63 long": (Room(63, 40, _PRINTED), DIGITS),
    "59": (_binary(59, 16, b"A9016"),),
    "35 and 53, digits": (Room(35, 20, None, lambda text: f"{CARD}D{text}"), DIGITS),
}


def equalised(mti: str, fields: Fields, rooms: Sequence[Room], seen: bytes) -> bytes | None:
    """Build a message with the MAC of `seen`, a message with its MAC at its end.

    None when the rooms have no values that make the two fold to the same.
    """
    zeros, ones = (
        bytearray(
            CODEC.encode_unsigned(mti, fields | {r.number: r.make(unit * r.size) for r in rooms})
        )
        for unit in "01"
    )
    digits = {room.alphabet for room in rooms}
    target = folded(seen[:-8])
    now = folded(bytes(zeros))
    for lane in range(8):
        # What the lane can fold to, changing one spot after another, and how.
        reached: dict[int, dict[int, int]] = {target[lane] ^ now[lane]: {}}
        for at in range(lane, len(zeros), 8):
            if zeros[at] != ones[at] and 0 not in reached:
                values = tuple(_candidates(zeros[at], zeros[at] ^ ones[at], digits))
                reached |= {
                    lacking ^ zeros[at] ^ value: {**how, at: value}
                    for lacking, how in tuple(reached.items())
                    for value in values
                }
        for at, value in reached.get(0, {}).items():
            zeros[at] = value
    return bytes(zeros) + seen[-8:] if folded(bytes(zeros)) == target else None


def _candidates(base: int, differs: int, alphabets: set[range | None]) -> Iterator[int]:
    """Give the bytes that a spot may be: any of an alphabet, or those of one or two digits.

    A digit packed beside another part leaves that half as it is; a digit as text is 0x30 or 0x31.
    """
    texts = [alphabet for alphabet in alphabets if alphabet is not None]
    if base == 0x30 and texts:
        yield from texts[0]
    elif differs == 0x11:
        yield from (high << 4 | low for high in range(10) for low in range(10))
    else:
        yield from (base | digit << (4 if differs == 0x10 else 0) for digit in range(10))


# What must stay ------------------------------------------------------------------------------

TABLES: Final = (
    "transactions",
    "refusals",
    "cases",
    "case_events",
    "outbox",
    "terminals",
    "terminal_keys",
    "batches",
    "batch_uploads",
    "batch_differences",
    "ic_uploads",
    "script_results",
    "signatures",
    "merchant_balances",
    "entries",
    "incidents",
    "messages",
    "notices",
    "terminal_stats",
)
# One open incident may say that somebody tries wrong MACs: that is news, not an effect.
_BUT: Final = {"incidents": " WHERE kind <> 'wrong_mac'"}
_ALL: Final = " UNION ALL ".join(
    f"SELECT '{table}', to_jsonb(t)::text FROM {table} t{_BUT.get(table, '')}" for table in TABLES
)
Snapshot = frozenset[tuple[str, str]]


async def snapshot(site: Site) -> Snapshot:
    """Give every row that matters, all columns, with what the host still counts written down."""
    await site.running.host.evidence.flush(site.running.host.issuers)
    return frozenset((table, row) for table, row in await site.pool.fetch(_ALL))


def changes(before: Snapshot, after: Snapshot) -> list[str]:
    """Say which rows went and came, to be compared with []."""
    gone, come = sorted(before - after), sorted(after - before)
    return [f"- {t} {row}" for t, row in gone] + [f"+ {t} {row}" for t, row in come]


async def quiet(site: Site) -> None:
    """Wait until nothing is on its way: no transaction, nothing owed, no failed void uncased."""
    async with asyncio.timeout(WITHIN_S):
        while await site.pool.fetchval(
            "SELECT EXISTS (SELECT FROM outbox WHERE pending) OR EXISTS (SELECT FROM transactions"
            " WHERE state IN ('received', 'sent', 'unknown', 'reversing'))"
        ):
            await asyncio.sleep(0.01)


async def resolver_round(site: Site) -> None:
    """Wake the resolver, and wait until it has looked at everything and done what it began.

    A round begins by forgetting that it was woken; so the second beginning ends a whole round.
    """
    failed, resolver = site.running.host.failed, site.running.resolver
    async with asyncio.timeout(WITHIN_S):
        for _ in range(2):
            failed.set()
            while failed.is_set():
                await asyncio.sleep(0.005)
        while working := resolver.worker.under_way:
            await asyncio.wait(working)
