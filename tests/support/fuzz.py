"""Answers to sales that an issuer has booked, each spoilt in one way, and what becomes of them.

Whatever such an answer says, each sale ends as the issuer's books say it, and each terminal hears
something. A seed gives the same mutations in the same order for each trace.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from annul.domain.response_codes import Effect, effect_of
from annul.wire.codec import Codec
from annul.wire.dialects import CUPS
from annul.wire.mac_block import MacBlock
from tests.support.foreign import x9_19
from tests.support.languages import LANGUAGES
from tests.support.rogue_issuer import Asked, Fields, Key
from tests.support.site import RogueSite, open_rogue_site
from tests.support.wire import Credentials, Keyed, Wire, dial

_KEY: Final = bytes(range(16, 32))
_CODEC: Final = Codec(CUPS)
_BLOCK: Final = MacBlock(CUPS)
_FOREIGN: Final = LANGUAGES["cups", "starkbank"]
# What an issuer that says little leaves out.
_SPARED: Final = frozenset({2, 18, 25, 32, 33, 41, 42, 49})
_BITMAPS: Final = slice(4, 20)
_BOTH: Final = ("00000101", "00000202")  # the issuer of the card, and the way round it
_TYPES: Final = ("0200", "0211", "0230", "0430", "0830", "1210", "0810", "02X0", "0220", "9999")
_LENGTHS: Final = 2_000  # of so many answers one has a frame that says a wrong length
_TIMEOUT_MS: Final = 250
Said = dict[str, tuple[Key, bytes]]  # by reference number: the issuer's key of it, and the frame


def sealed(mti: str, fields: Fields) -> bytes:
    """Encode with a MAC by X9.19 in field 128."""
    unsigned = _CODEC.encode_unsigned(mti, fields)
    return _CODEC.sign(unsigned, x9_19(_KEY, _BLOCK.of(mti, fields, unsigned)))


# Mutations of a body -----------------------------------------------------------------------------


def _flip(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body))
    return body[:at] + bytes([body[at] ^ random.randint(1, 255)]) + body[at + 1 :]


def _bit(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body))
    return body[:at] + bytes([body[at] ^ 1 << random.randrange(8)]) + body[at + 1 :]


def _bitmap(body: bytes, random: Random) -> bytes:
    at = random.randrange(_BITMAPS.start, _BITMAPS.stop)
    return body[:at] + bytes([body[at] ^ 1 << random.randrange(8)]) + body[at + 1 :]


def _cut(body: bytes, random: Random) -> bytes:
    return body[: random.randrange(1, len(body))]


def _without(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body))
    return body[:at] + body[at + random.randint(1, 8) :]


def _doubled(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body))
    return body[: at + random.randint(1, 8)] + body[at:]


def _inserted(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body))
    return body[:at] + random.randbytes(random.randint(1, 4)) + body[at:]


def _type(body: bytes, random: Random) -> bytes:
    return random.choice(_TYPES).encode() + body[4:]


_BODY: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    _flip, _bit, _bitmap, _cut, _without, _doubled, _inserted, _type,
)  # fmt: skip


def mutated(asked: Asked, random: Random) -> bytes:
    """Give an answer that is spoilt in one way, in its frame; one in four says little."""
    fields = asked.said() | {38: f"{random.randrange(1_000_000):06d}"}
    if not random.randrange(4):
        fields = {n: value for n, value in fields.items() if n not in _SPARED}
    body = asked.issuer.encoded(asked.answers_as, fields)
    frame = asked.issuer.pack(body)
    if not random.randrange(_LENGTHS):
        at = random.randrange(4)
        return frame[:at] + random.randbytes(1) + frame[at + 1 :]
    way = random.randrange(len(_BODY) + 2)
    if way < len(_BODY):
        return asked.issuer.pack(_BODY[way](body, random))
    if way == len(_BODY):
        return frame * 2
    number = random.choice([*fields])
    kept = {n: value for n, value in fields.items() if n != number}
    if random.randrange(2):
        kept[number] = "".join(random.choice("0123456789") for _ in str(fields[number]))
    return asked.issuer.pack(asked.issuer.encoded(asked.answers_as, kept))


def reads_as_a_decline(frame: bytes) -> bool:
    """Say whether what came is a plain decline to whoever reads it by the standard.

    Without a MAC no host can tell an approval of which 39 has become a decline's, and 38 and all
    that names the sale behind it was lost, from a decline that the issuer meant. One bit does that:
    of 38 in the bitmap, where 41 and 42 are not repeated, so that 39 is read from the
    authorisation. A library of others reads it here; bytes behind the end are nothing to it.
    """
    try:
        said = _FOREIGN.decode(frame[4:])
    except Exception:  # noqa: BLE001 - whatever it raises, it is nothing to read
        return False
    if effect_of(said.get(39, "")) is not Effect.NOT_DONE or said.get(38, "").strip(" 0"):
        return False
    return not (said.get(41, "") or said.get(42, ""))


# The run ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Fuzzed:
    """What was asked, said, and became of it."""

    sales: int = 0
    answers: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    silences: int = 0
    states: Counter[str] = field(default_factory=Counter)
    indistinguishable: int = 0
    differences: list[str] = field(default_factory=list)
    redialled: int = 0
    least_gap_s: float = 0.0  # between two connections of the link
    took_s: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, and nothing met with silence."""
        return not self.differences and not self.silences

    def figures(self) -> dict[str, Any]:
        """Give all of it as a document."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        counted = {"codes": dict(self.codes), "states": dict(self.states)}
        return plain | counted | {"differences": self.differences[:50]}


async def fuzz(
    database: str, folder: Path, *, sales: int, seed: int, mac: bool, tills: int = 40
) -> Fuzzed:
    """Sell so often against an issuer whose every answer is spoilt; `mac` says whether with one."""
    keys = {"mac_key": _KEY} if mac else {}
    speaking = {"seal": sealed} if mac else {}
    async with open_rogue_site(
        database,
        folder,
        timeout_ms=_TIMEOUT_MS,
        terminals_each=-(-tills // 4),
        issuers=3,
        speaking=speaking,
        keys=keys,
    ) as site:
        began = time.monotonic()
        found, said = Fuzzed(), Said()
        _spoil(site, said, seed)
        await asyncio.gather(
            *(_sell(site, own, said, sales, found) for own in site.terminals[:tills])
        )
        found.answers = len(said)
        await _settled(site)
        await _judge(site, said, found, mac=mac)
        dialled = site.rogue.dialled
        found.redialled = len(dialled) - 1
        gaps = [later - one for one, later in pairwise(dialled)]
        found.least_gap_s = min(gaps, default=0.0)
        found.took_s = time.monotonic() - began
    return found


def _spoil(site: RogueSite, said: Said, seed: int) -> None:
    def rule(asked: Asked) -> None:
        asked.book()
        frame = mutated(asked, Random(f"{seed} {asked[41]} {asked[37]}"))
        said[asked[37]] = (asked.key, frame)
        asked.say(frame)

    for one in site.rogues:
        one.rules["sale"] = rule


async def _sell(site: RogueSite, who: Credentials, said: Said, sales: int, found: Fuzzed) -> None:
    """Sell until enough was answered; while no issuer can be reached, wait."""
    first, second = (site.running.host.issuers.lines[name].link for name in _BOTH)
    async with dial(site.port) as wire:
        keyed = Keyed(who)
        await keyed.sign_in(wire)
        for number in count(2):
            if len(said) >= sales:
                return
            answer = await _asked(wire, keyed, f"{number:06d}", number)
            found.sales += 1
            if answer is None:
                found.silences += 1
                return
            found.codes[answer] += 1
            if answer == "A0":
                await keyed.sign_in(wire)
            elif not first.up and not second.up:
                await first.wait_up()


async def _asked(wire: Wire, keyed: Keyed, trace: str, amount: int) -> str | None:
    try:
        return (await keyed.sell(wire, trace, amount)).code or None
    except (TimeoutError, AssertionError):
        return None


async def _settled(site: RogueSite) -> None:
    """Let what is owed be sent until nothing is."""
    open_ones = (
        "SELECT count(*) FROM transactions"
        " WHERE state IN ('received', 'sent', 'unknown', 'reversing')"
    )
    async with asyncio.timeout(600):
        while await site.pool.fetchval(open_ones):
            await site.pool.execute(
                "UPDATE outbox SET next_attempt_at = created_at WHERE pending"
                " AND leased_until <= now()"
            )
            site.running.host.issuers.wake()
            await asyncio.sleep(0.2)


async def _judge(site: RogueSite, said: Said, found: Fuzzed, *, mac: bool) -> None:
    """Compare each sale with the issuer's books."""
    books = {key: amount for one in site.rogues for key, amount in one.books.items()}
    rows: list[Any] = await site.pool.fetch("SELECT rrn, state, amount FROM transactions")
    excused = 0
    for row in rows:
        found.states[row["state"]] += 1
        key, frame = said.get(row["rrn"], (("", "", "", ""), b""))
        there = books.get(key, 0)
        here = row["amount"] if row["state"] == "approved" else 0
        if there == here:
            continue
        if not mac and row["state"] == "declined" and reads_as_a_decline(frame):
            found.indistinguishable += 1
            excused += there
            continue
        found.differences.append(
            f"{row['rrn']}: {row['state']} here, {there} there, said {frame!r}"
        )
    issuer, host, ledger = await site.books()
    if not issuer - excused == host == ledger:
        found.differences.append(f"books: issuer {issuer - excused}, host {host}, ledger {ledger}")
