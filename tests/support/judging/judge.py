"""Judges what annul made of a situation: from its looks, its rows, and the issuer's own books."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.diagnose.gather import Gatherer
from annul.diagnose.rank import rank
from annul.sim.scenes.field.play import Play, Sent
from annul.sim.scenes.field.situation import Situation
from tests.support.world import World

from .looks import Look, Looks, flickered, stages
from .score import FieldVoid
from .told import Told

GIVE_UP_S: Final = 24.0  # when a case ends at the latest
_EARLY: Final = timedelta(seconds=GIVE_UP_S - 0.5)
_FIND: Final = """
WITH sent AS (
    SELECT id, state, response_code, received_at, original_id FROM transactions
    WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3 AND trace = $4 AND kind = 'void'
    UNION ALL
    SELECT r.id, 'refused', r.response_code, r.received_at, o.id FROM refusals r
    LEFT JOIN transactions o ON o.merchant_id = r.merchant_id AND o.terminal_id = r.terminal_id
         AND o.batch = r.original_batch AND o.trace = r.original_trace
    WHERE r.merchant_id = $1 AND r.terminal_id = $2 AND r.batch = $3 AND r.trace = $4
    ORDER BY received_at DESC LIMIT 1
)
SELECT * FROM sent
"""
_CASE: Final = """
SELECT * FROM cases WHERE merchant_id = $1 AND (id = $2 OR original_id = $3)
ORDER BY id = $2 DESC, opened_at DESC LIMIT 1
"""
_CASES: Final = "SELECT id FROM cases WHERE merchant_id = $1"
# Incidents that claim something of the cause, and the causes that call for them.
_CALLED_FOR: Final[Mapping[str, frozenset[str]]] = {
    "issuer_errs": frozenset({"issuer_error"}),
    "case_acquirer_fault": frozenset({"acquirer_fault"}),
}
_OF_OUTAGES: Final = "issuer_"  # kinds that say an issuer is out of order begin so
_KEYS: Final = "issuer_key"


class FieldJudge:
    """Judges the plays of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pool = world.pool
        self._looks = Looks(world.running.resolver)
        self._told = Told(world.pool)
        self._denied: defaultdict[UUID, set[str]] = defaultdict(set)
        self.voids: list[FieldVoid] = []
        self.went_through: list[tuple[str, bool]] = []  # what, and whether it is seen

    async def judge(self, situation: Situation, play: Play, *, seen: bool) -> None:
        """Judge each void of a play."""
        await self.inspect(play)
        for sent in play.sent:
            row = await self._pool.fetchrow(
                _FIND, sent.merchant, sent.terminal, sent.batch, sent.trace
            )
            if row is None:
                self._without_a_trace(situation, play, sent, seen=seen)
                continue
            case = await self._pool.fetchrow(_CASE, sent.merchant, row["id"], row["original_id"])
            own = case is not None and case["id"] == row["id"]
            if row["state"] in {"approved", "voided"} and not own:
                if sent.truth.causes != ("none",):
                    self.went_through.append((f"{situation.name} {play.code}", seen))
                continue
            self.voids.append(await self._judged(situation, play, sent, row, case, seen=seen))

    def _without_a_trace(self, situation: Situation, play: Play, sent: Sent, *, seen: bool) -> None:
        """Count what was refused and left nothing, but for its MAC: that has no effect at all."""
        if sent.said in {"", "00", "A0"}:
            self.went_through.append((f"{situation.name} {play.code}: no row", seen))
            return
        nothing = Look(self._world.running.host.clock.now(), 0, (("nothing", 0.0),))
        of = (situation.name, situation.area.value, seen, sent.said, sent.truth)
        self.voids.append(FieldVoid(*of, (nothing, nothing, nothing), has_case=False))

    async def _judged(
        self,
        situation: Situation,
        play: Play,
        sent: Sent,
        row: asyncpg.Record,
        case: asyncpg.Record | None,
        *,
        seen: bool,
    ) -> FieldVoid:
        of = (situation.name, situation.area.value, seen, row["response_code"], sent.truth)
        looks = self._looks.of(case["id"], row["received_at"]) if case is not None else []
        if case is None or not looks:
            look = await self._asked(row["id"])
            return FieldVoid(*of, (look, look, look), has_case=case is not None)
        wrong, gave_up = wrong_end(play, sent, dict(case))
        return FieldVoid(
            *of,
            stages(looks, play.tried_at, case["confirmed"] or case["cause"]),
            ended=case["ended"],
            wrong_end=wrong,
            gave_up=gave_up,
            flickered=flickered(looks),
            spurious=tuple(await self._spurious(situation, sent, case, play.scene.issuer_id)),
            contradictions=tuple(sorted(self._denied[case["id"]])),
        )

    async def _asked(self, void: UUID) -> Look:
        """Ask for the causes of what has no case, as `annul diagnose` does."""
        host = self._world.running.host
        await host.evidence.flush(host.issuers)
        gatherer = Gatherer(host.pool, host.calendar, host.clock)
        failed = await gatherer.find(str(void))
        found = rank((await gatherer.picture(failed)).facts)
        return Look(host.clock.now(), 0, tuple((one.cause.name, one.probability) for one in found))

    async def _spurious(
        self, situation: Situation, sent: Sent, case: asyncpg.Record, issuer_id: str
    ) -> list[str]:
        """Give the incidents that the truth does not call for; of an outage one does."""
        rows = await self._pool.fetch(
            "SELECT kind, subject FROM incidents WHERE subject = ANY ($1)",
            [str(case["id"]), issuer_id],
        )
        kinds = [row["kind"] for row in rows]
        found = [
            kind
            for kind, causes in _CALLED_FOR.items()
            if kind in kinds and not causes & {*sent.truth.causes, *sent.truth.at_first}
        ]
        outages = [
            kind
            for kind in kinds
            if kind.startswith(_OF_OUTAGES)
            and not kind.startswith(_KEYS)
            and kind not in _CALLED_FOR
        ]
        return found + outages[situation.outage :]

    async def inspect(self, play: Play) -> None:
        """Hold what is said of each case of a play against its rows, as they are at this moment."""
        for row in await self._pool.fetch(_CASES, play.scene.merchant):
            self._denied[row["id"]].update(
                await self._told.contradictions(play.scene.merchant, row["id"])
            )


def wrong_end(play: Play, sent: Sent, case: Mapping[str, Any]) -> tuple[str, bool]:
    """Say what is wrong with how a case has ended, and whether it only ran out of its time.

    The issuer's books know what became of the money, whatever annul was told.
    """
    ended, undone = case["ended"], _undone(play, sent)
    if undone > sent.sale.amount:
        return "the money went back twice", False
    if ended == "refused" and undone and case["cause"] != "already_undone":
        return "refused, and the money went back", False
    if ended in {"voided", "refunded"} and undone == 0:
        return f"{ended}, and no money went back", False
    if ended in sent.truth.ends or ended not in {"refused", "refunded"}:
        return "", False
    if ended == "refused" and case["ended_at"] - case["opened_at"] >= _EARLY:
        return "", True
    return f"{ended}, where it could be {' or '.join(sent.truth.ends)}", False


def _undone(play: Play, sent: Sent) -> int:
    """Give what the issuer has given back of a sale; all of one that was reversed."""
    entries: Sequence[Any] = [
        entry
        for entry in play.scene.issuer.server.books.entries.values()
        if entry.kind == "sale" and entry.rrn == sent.sale.rrn and sent.sale.rrn
    ]
    return sum(entry.asked if entry.reversed else entry.undone for entry in entries)
