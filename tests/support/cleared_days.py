"""Days with faults and lies, over real sockets, and the clearing files that tell of them.

Each transaction has a card of its own, so that what was played with it is the truth of its break.
Nothing here looks at how annul foretells or explains.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from annul.domain.breaks import BreakKind, Cause
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.foretell import Foretelling
from annul.settle.clearing.load import Described, Loader
from annul.settle.clearing.read import chunks
from annul.settle.clearing.rows import Chunk
from annul.settle.clearing.rules import ClearingRules
from annul.sim.issuer.clearing import ClearingFiles
from annul.sim.issuer.clearing_faults import ClearingFault, FaultRow
from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.scene import Scene
from tests.support.world import World, world

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_SETTLES_S: Final = 40.0
_PACE: Final[dict[str, Any]] = {"void_time_scale": 0.02, "reversal_tries": 3}
# Nothing is carried: a file comes when all that can be decided is.
_RULES: Final = ClearingRules(carry_minutes=0)
_SETTLED: Final = """
SELECT NOT EXISTS (SELECT FROM transactions WHERE merchant_id = $1
                   AND state IN ('received', 'sent'))
   AND NOT EXISTS (SELECT FROM outbox WHERE merchant_id = $1 AND pending AND attempts < 3)
"""
_BREAKS: Final = """
SELECT coalesce(t.card_hash, r.card_hash) AS card, b.kind, b.cause, b.foretold, b.facts, t.state,
       t.kind AS of_kind, t.sent, t.response_code, t.late_code, t.why
FROM breaks b
LEFT JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
LEFT JOIN clearing_rows r ON r.file_id = b.file_id AND r.line = b.line
WHERE b.file_id = $1
"""
_FLAGS: Final = """
SELECT t.card_hash AS card, f.why, t.id, t.kind AS of_kind, t.state FROM foretold f
JOIN transactions t ON t.merchant_id = f.merchant_id AND t.id = f.transaction_id
WHERE f.merchant_id = $1 AND f.gone_at IS NULL
"""
_BROKEN: Final = "SELECT DISTINCT transaction_id FROM breaks WHERE file_id = $1"


class Wire(NamedTuple):
    """What the issuer does with one request of a card, or with its reversals."""

    kind: FaultKind
    of_kind: str
    code: str = "96"
    left: int | None = 1
    low_ms: int = 0
    high_ms: int = 0


class Row(NamedTuple):
    """Something that is played: with a sale, or with what gives it back.

    `causes` are those that are right for the break that comes of it, any of them; none: no break.
    `signs` says whether the wire has shown it before a file tells, if a state differs.
    """

    kind: str
    wire: tuple[Wire, ...] = ()
    file: ClearingFault | None = None
    causes: tuple[Cause, ...] = ()
    signs: bool = True


_REFUSED, _OPEN, _NOTHING = "94", "96", "25"


def _lost(of_kind: str, *more: Wire) -> tuple[Wire, ...]:
    return (Wire(FaultKind.LOST_ANSWER, of_kind), *more)


def _reversal(code: str) -> Wire:
    return Wire(FaultKind.CODE, "reversal", code, left=None)


_SILENT: Final = Wire(FaultKind.LOST_REQUEST, "reversal", left=None)
_TOLD: Final[Mapping[ClearingFault, tuple[str, tuple[Wire, ...], Cause]]] = MappingProxyType(
    {
        ClearingFault.ROW_MISSING: ("sale", (), Cause.APPROVED_NOT_BOOKED),
        ClearingFault.ROW_TWICE: ("sale", (), Cause.BOOKED_TWICE),
        ClearingFault.OTHER_AMOUNT: ("sale", (), Cause.OTHER_AMOUNT),
        ClearingFault.OTHER_FEE: ("sale", (), Cause.FEE_TABLE),
        ClearingFault.OTHER_DAY: ("sale", (), Cause.LATE_PRESENTED),
        ClearingFault.OTHER_CURRENCY: ("sale", (), Cause.OTHER_CURRENCY),
        ClearingFault.VOID_LEFT_OUT: ("void", (), Cause.APPROVED_NOT_BOOKED),
        ClearingFault.DONE_ALTHOUGH_NOT: (
            "sale",
            (Wire(FaultKind.CODE, "sale", "51"),),
            Cause.DECLINED_AND_BOOKED,
        ),
        ClearingFault.REVERSAL_LEFT_OUT: ("sale", _lost("sale"), Cause.REVERSAL_NOT_BOOKED),
    }
)
ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        # Nothing comes of these: trouble that ends well.
        "plain sale": Row("sale"),
        "plain void": Row("void"),
        "plain refund": Row("refund"),
        "declined": Row("sale", (Wire(FaultKind.CODE, "sale", "51"),)),
        "void declined": Row("void", (Wire(FaultKind.CODE, "void", "57"),)),
        "sale lost": Row("sale", (Wire(FaultKind.LOST_REQUEST, "sale"),)),
        "sale unheard": Row("sale", _lost("sale")),
        "void lost": Row("void", (Wire(FaultKind.LOST_REQUEST, "void"),)),
        "void unheard": Row("void", _lost("void")),
        "refund unheard": Row("refund", _lost("refund")),
        "answered late": Row(
            "sale", (Wire(FaultKind.DELAY, "sale", low_ms=900, high_ms=1_400),)
        ),
        "said twice": Row("sale", (Wire(FaultKind.DUPLICATE, "sale"),)),
        "booked, said 96": Row("sale", (Wire(FaultKind.BOOKED_CODE, "sale", "96"),)),
        # What the wire shows.
        **{
            f"{kind} unheard, reversal {name}": Row(
                kind, _lost(kind, wire), causes=(cause,)
            )
            for kind in ("sale", "void")
            for name, wire, cause in (
                ("refused", _reversal(_REFUSED), Cause.REVERSAL_OPEN),
                ("not decided", _reversal(_OPEN), Cause.REVERSAL_OPEN),
                ("unheard", _SILENT, Cause.REVERSAL_OPEN),
            )
        },
        # It never came, and nobody will say so: told by no row.
        "sale lost, reversal refused": Row(
            "sale",
            (Wire(FaultKind.LOST_REQUEST, "sale"), _reversal(_REFUSED)),
            causes=(Cause.NEVER_ARRIVED,),
        ),
        "sale lost, reversal unheard": Row(
            "sale", (Wire(FaultKind.LOST_REQUEST, "sale"), _SILENT), causes=(Cause.NEVER_ARRIVED,)
        ),
        "wavers": Row(
            "sale",
            (Wire(FaultKind.WAVERS, "sale"), _reversal(_REFUSED)),
            causes=(Cause.LATE_ANSWER, Cause.REVERSAL_OPEN),
        ),
        "late, reversal refused": Row(
            "sale",
            (
                Wire(FaultKind.BOOKS_LATE, "sale", low_ms=900, high_ms=1_200),
                _reversal(_REFUSED),
            ),
            causes=(Cause.LATE_ANSWER, Cause.REVERSAL_OPEN),
        ),
        # What it does not.
        "declined and booked": Row(
            "sale",
            (Wire(FaultKind.BOOKED_CODE, "sale", "51"),),
            causes=(Cause.DECLINED_AND_BOOKED,),
            signs=False,
        ),
        "booked, reversal finds nothing": Row(
            "sale",
            _lost("sale", _reversal(_NOTHING)),
            causes=(Cause.REVERSAL_FOUND_NOTHING,),
            signs=False,
        ),
        "wavers, reversal finds nothing": Row(
            "sale", (Wire(FaultKind.WAVERS, "sale"), _reversal(_NOTHING))
        ),
        "booked after its reversal": Row(
            "sale",
            (Wire(FaultKind.BOOKS_LATE_SILENTLY, "sale", low_ms=8_000, high_ms=9_000),),
            causes=(Cause.REVERSAL_FOUND_NOTHING,),
            signs=False,
        ),
        "booked twice": Row(
            "sale", (Wire(FaultKind.TWICE, "sale"),), causes=(Cause.BOOKED_TWICE,)
        ),
        # What the file alone has otherwise.
        **{
            f"file: {kind}": Row(of, wire, kind, (cause,), signs=False)
            for kind, (of, wire, cause) in _TOLD.items()
        },
    }
)  # fmt: skip


class _Broken(NamedTuple):
    """A break that came, and what was played with its card."""

    name: str
    kind: str
    cause: str
    foretold: bool
    facts: str


@dataclass(slots=True)
class Played:
    """What came of days: breaks, flags, and what should have broken and did not."""

    breaks: list[_Broken] = field(default_factory=list)
    flags: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    agreed: list[str] = field(default_factory=list)
    transactions: int = 0

    def figures(self) -> dict[str, Any]:
        """Give the claims as they are written down."""
        state = [one for one in self.breaks if one.kind == BreakKind.STATE]
        shown = [one for one in state if one.name in ROWS and ROWS[one.name].signs]
        right = [one for one in self.breaks if one.cause in _right(one.name)]
        flags = sum(self.flags.values())
        good = sum(count for (*_, right), count in self.flags.items() if right)
        return {
            "transactions": self.transactions,
            "breaks": len(self.breaks),
            "state_breaks": len(state),
            "foretold": _share(sum(one.foretold for one in shown), len(shown)),
            "foretold_of_all": _share(sum(one.foretold for one in state), len(state)),
            "flags": flags,
            "flags_right": _share(good, flags),
            "causes_right": _share(len(right), len(self.breaks)),
        }

    def wrong(self) -> list[str]:
        """Say what was not as it should have been."""
        found = Counter(
            f"{one.name}: {one.kind}, cause {one.cause} {one.facts}"
            for one in self.breaks
            if one.cause not in _right(one.name)
        )
        found.update(
            f"{one.name}: not foretold"
            for one in self.breaks
            if one.kind == BreakKind.STATE and not one.foretold and ROWS[one.name].signs
        )
        found.update(
            {f"{name}: flag {why} wrong": n for (name, why, ok), n in self.flags.items() if not ok}
        )
        found.update(f"{name}: nothing broke" for name in self.agreed)
        return [f"{count} x {what}" for what, count in sorted(found.items())]


def _right(name: str) -> tuple[str, ...]:
    return tuple(ROWS[name].causes) if name in ROWS else ()


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


async def claims(folder: Path, seed: int, shops: int = 4, times: int = 2) -> Played:
    """Play a day in so many shops, everything so many times in each; gives what came of it."""
    played = Played()
    async with world(folder, **_PACE) as running:

        async def shop(number: int) -> None:
            random = Random(f"{seed} {number}")
            async with running.scene(random) as scene:
                await _Day(running, scene, random, played).play(times)

        await asyncio.gather(*(shop(number) for number in range(shops)))
    return played


class _Day:
    """A shop's day, and the file of its issuer."""

    def __init__(self, running: World, scene: Scene, random: Random, played: Played) -> None:
        self._world = running
        self._scene = scene
        self._random = random
        self._played = played
        base = running.running.ground
        self._pool, self._clock, self._vault = base.pool, base.clock, base.vault
        self._calendar = running.running.host.calendar
        self._cards: dict[bytes, str] = {}
        books = scene.issuer.server.books
        self._files = ClearingFiles(books, self._calendar, 1, f"{scene.issuer_id}-")

    async def play(self, times: int) -> None:
        rows = list(ROWS.items()) * times
        self._random.shuffle(rows)
        tills = self._scene.tills[:4]
        await asyncio.gather(*(self._at(till, rows[n::4]) for n, till in enumerate(tills)))
        await asyncio.sleep(9.5)  # what is booked late silently is booked by then
        with suppress(TimeoutError):
            await self._world.until(_SETTLED, self._scene.merchant, within_s=_SETTLES_S)
        await self._judge(await self._told())

    async def _at(self, till: Any, rows: Iterable[tuple[str, Row]]) -> None:
        for name, row in rows:
            card = self._scene.card()
            self._cards[self._vault.hash(card)] = name
            self._played.transactions += 1
            if row.kind == "sale":
                self._meets(row, card)
                await till.do("sale", self._random.randrange(10_00, 400_00), card)
                continue
            sale = await self._scene.sale(till, card=card)
            assert sale is not None, "nothing is wrong with it yet"
            self._meets(row, card)
            await till.do(row.kind, sale.amount, card, sale)
            self._played.transactions += 1

    def _meets(self, row: Row, card: str) -> None:
        for wire in row.wire:
            self._scene.meets(
                wire.kind,
                left=wire.left,
                bin=card,
                of_kind=wire.of_kind,
                code=wire.code,
                low_ms=wire.low_ms,
                high_ms=wire.high_ms,
            )
        if row.file is not None:
            self._files.faults.rows.append(FaultRow(row.file, of_kind=row.kind, rrn=card))

    async def _told(self) -> Any:
        """Let it be foretold, then let the file come; gives its id."""
        books = self._scene.issuer.server.books
        by_card = {entry.pan + entry.kind: entry.rrn for entry in books.entries.values()}
        for fault in self._files.faults.rows:
            fault.rrn = by_card.get(fault.rrn + fault.of_kind, "none")
        loader = Loader(self._pool, self._vault, self._clock)
        await Foretelling(self._pool, loader, self._calendar, self._clock).run()
        day = self._calendar.business_date(datetime.now(_ZONE))
        [file] = self._files.of(day)
        digest = hashlib.sha256(file.content).digest()

        async def pieces() -> AsyncIterator[Chunk]:
            for chunk in chunks(BytesIO(file.content), file.form, day):
                yield chunk

        described = Described(file.name, file.form, day, (self._scene.issuer_id,))
        staged = await loader.stage(described, pieces(), lambda: digest, "li")
        clearing = Clearing(self._pool, self._calendar, self._clock, _RULES)
        self._flags = await self._pool.fetch(_FLAGS, self._scene.merchant)
        async with self._pool.acquire() as connection, connection.transaction():
            await clearing.commit(connection, staged.id, "wang")
        return staged.id

    async def _judge(self, file: Any) -> None:
        broken: set[str] = set()
        for row in await self._pool.fetch(_BREAKS, file):
            name = self._cards.get(row["card"], "a stranger")
            broken.add(name)
            facts = " ".join(
                str(row[one]) for one in ("of_kind", "state", "sent", "response_code", "late_code")
            )
            one = _Broken(name, row["kind"], row["cause"], row["foretold"], facts)
            self._played.breaks.append(one)
        came = {one for (one,) in await self._pool.fetch(_BROKEN, file)}
        for flag in self._flags:
            name = self._cards.get(flag["card"], "a stranger")
            what = f"{flag['why']} {flag['of_kind']} {flag['state']}"
            self._played.flags[(name, what, flag["id"] in came)] += 1
        wanted = {name for name, row in ROWS.items() if row.causes}
        self._played.agreed += sorted(wanted - broken)
