"""Drills in virtual time, with a scripted team or none: the same seed is the same score."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from annul.desk import clearing_acts, drills, incident_acts, interventions, merchants
from annul.desk.desk import Desk
from annul.desk.roles import ROLES, Visitor
from annul.diagnose.causes import CAUSES
from annul.diagnose.lessons import Lessons
from annul.domain.drills import BESIDES, Contact, Deed, Money, Score, Truth, score
from annul.domain.interventions import InterventionKind, Whom
from annul.operate.drills.evidence import Span, deeds, ends, money
from annul.operate.drills.record import Alone
from annul.operate.drills.script import Script, script
from annul.operate.drills.striking import Striking, paced
from annul.resolve.book import Book
from annul.resolve.people import People

from .stage import BEGINS, Stage, Staged, bare, staged
from .virtual import VirtualClock
from .world import World, world

SPEED: Final = 40.0  # a minute of a script passes in a second and a half
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_ALONE: Final = "alone"
_LOOKS: Final = 0.25  # minutes between two looks of a team
_USER: Final = """
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES ($1, '', $2, false, now())
"""
_HANDS: Final = (("olga", "operator"), ("otto", "administrator"))
_OPEN: Final = """
SELECT number FROM incident_heads
WHERE closed_at IS NULL AND acknowledged_at IS NULL
  AND (member = ANY ($1) OR merchant_id = ANY ($1)) ORDER BY number
"""
_WHOM: Final = {Whom.ISSUER: "issuer_id", Whom.MERCHANT: "merchant_id"}
_HOUR: Final = 60
_REFUND_TO: Final = 1_000_00  # minor units
_BLIND: Final = "original_not_found"  # what a team names that guesses; where it is right, another
_OTHERWISE: Final = "issuer_down"


@dataclass(frozen=True, slots=True)
class Team:
    """How a team works: so many minutes after something began it sees it, and so on.

    `right`: it names the right cause, does what that calls for and tells whom it must; else it
    guesses, freezes the shop and tells nobody.
    """

    name: str
    sees: float
    names: float
    acts: float
    tells: float
    right: bool = True


TEAMS: Final = {
    team.name: team
    for team in (
        Team("perfect", 0.5, 1.0, 1.5, 2.0),
        Team("slow", 5.0, 7.0, 7.5, 9.0),
        Team("wrong", 6.0, 7.0, 7.5, 9.0, right=False),
    )
}


@dataclass(frozen=True, slots=True)
class Played:
    """A drill that was played: what was true, what was done, and the money in question."""

    truths: tuple[Truth, ...]
    deeds: tuple[Deed, ...]
    ended: tuple[float | None, ...]
    money: float

    def scored(self, alone: "Played") -> Score:
        """Score it against the same seed with annul left alone."""
        return score(self.truths, self.deeds, self.ended, Money(self.money, alone.money))


def played(ground: World, asked: Script, seed: int, team: Team | None = None) -> Staged[Played]:
    """Play a drill with a team, or with annul alone; raises `Stuck`."""
    plan = bare(seed, node_lease_s=60.0, **paced(asked, SPEED, BEGINS.astimezone(_ZONE)))
    return staged(ground, plan, partial(_play, asked, seed, team))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A drill that each team has played, and annul alone: scores and digests by team."""

    drill: str
    scores: dict[str, Score]
    digests: dict[str, str]
    truths: tuple[Truth, ...]
    faults: tuple[str, ...]

    @property
    def totals(self) -> dict[str, float]:
        """What each has of a hundred points."""
        return {name: one.total for name, one in self.scores.items()}


def ranked(ground: World, drill: str, seed: int) -> Ranked:
    """Let each team play a drill, each against annul alone; raises `NoSuchDrill`."""
    asked = script(drill)
    by_itself = played(ground, asked, seed)
    by = {name: played(ground, asked, seed, team) for name, team in TEAMS.items()}
    every = {_ALONE: by_itself, **by}
    return Ranked(
        drill,
        {name: one.found.scored(by_itself.found) for name, one in every.items()},
        {name: one.digest for name, one in every.items()},
        by_itself.found.truths,
        tuple(fault for one in every.values() for fault in one.faults),
    )


def alone(asked: Script, seed: int) -> Alone:
    """Say what comes of a drill with annul left alone, in virtual time."""
    with world() as made:
        found = played(made, asked, seed).found
    return Alone(found.truths, found.ended, found.money)


def unattended(drills_: Sequence[str], seed: int) -> list[Ranked]:
    """Rank all teams in some drills, in a world of their own."""
    with world() as made:
        return [ranked(made, drill, seed) for drill in drills_]


async def _play(asked: Script, seed: int, team: Team | None, stage: Stage) -> Played:
    striking = Striking(stage.place, asked, seed, SPEED)
    for name, role in _HANDS:
        await stage.pool.execute(_USER, name, role)
    async with striking.open():
        began = stage.place.now()
        tasks = [] if team is None else [asyncio.create_task(_Work(stage, striking, team).run())]
        await striking.play()
        for task in tasks:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()
        span = Span(began, stage.place.now(), SPEED)
        assert striking.failed == [], striking.failed
        return Played(
            tuple(striking.truths),
            tuple(await deeds(stage.pool, span)),
            tuple(await ends(stage.pool, span, striking.truths)),
            await money(stage.pool, span),
        )


class _Work:
    """A team at work: it looks again and again at what has been struck."""

    def __init__(self, stage: Stage, striking: Striking, team: Team) -> None:
        self._striking = striking
        self._team = team
        self._pool = stage.pool
        self._desk = desk_of(stage)
        self._hands = [Visitor(name, role, frozenset(ROLES[role])) for name, role in _HANDS]
        self._done: set[tuple[int, str]] = set()
        self._forced: list[tuple[int, UUID]] = []

    async def run(self) -> None:
        """Work until cancelled."""
        steps: tuple[tuple[float, Callable[[Truth, int], Any]], ...] = (
            (self._team.sees, self._see),
            (self._team.names, self._name),
            (self._team.acts, self._act),
            (self._team.tells, self._tell),
        )
        while True:
            for number, struck in enumerate(self._striking.struck):
                truth = struck.truth()
                for after, step in steps:
                    key = (number, step.__name__)
                    if self._striking.minute >= struck.begins + after and key not in self._done:
                        self._done.add(key)
                        await step(truth, number)
                over = struck.ends is not None and (
                    self._striking.minute >= struck.ends + self._team.acts
                )
                if over and (number, "lift") not in self._done:
                    self._done.add((number, "lift"))
                    await self._lift(number)
            await asyncio.sleep(_LOOKS * 60.0 / SPEED)

    async def _see(self, truth: Truth, _: int) -> None:
        for row in await self._pool.fetch(_OPEN, sorted(truth.subjects)):
            await incident_acts.acknowledge(self._desk, self._hands[0], row["number"])

    async def _name(self, truth: Truth, _: int) -> None:
        cause = truth.causes[0]
        if not self._team.right:
            cause = _OTHERWISE if _BLIND in truth.causes else _BLIND
        if cause in _KNOWN:
            await drills.name_cause(self._desk, self._hands[0], _merchant(truth), cause)

    async def _act(self, truth: Truth, number: int) -> None:
        if not self._team.right:
            await self._force(truth, number, InterventionKind.MERCHANT_FROZEN)
            return
        for needed in truth.response.right:
            kinds = [InterventionKind(one) for one in sorted(needed) if one in _FORCED]
            for kind in kinds[:1]:
                await self._force(truth, number, kind)
            if _ASKS in needed:
                await self._ask(truth)
            if _DISCARDS in needed:
                await self._discard(truth)

    async def _force(self, truth: Truth, number: int, kind: InterventionKind) -> None:
        about = kind.about
        name = _issuer(truth) if about.whom is Whom.ISSUER else _merchant(truth)
        amount = _REFUND_TO if about.amount else 0
        wanted = interventions.Wanted(kind, _HOUR, amount=amount, **{_WHOM[about.whom]: name})
        one, other = self._hands
        identity = await interventions.begin(self._desk, one, wanted, "drill")
        if about.dual:
            await interventions.confirm(self._desk, other, identity, "drill")
        self._forced.append((number, identity))

    async def _lift(self, number: int) -> None:
        """End what was put in force about a stroke, once it is over."""
        for of, identity in self._forced:
            if of == number and self._team.right:
                await interventions.end(self._desk, self._hands[0], identity, "over")

    async def _discard(self, truth: Truth) -> None:
        """Discard the files that it is about; a second person confirms where one is asked for."""
        one, other = self._hands
        for file in await self._pool.fetch(_FILES, sorted(truth.subjects)):
            if await clearing_acts.discard(self._desk, one, file["id"], "drill") == "asked":
                await clearing_acts.confirm(self._desk, other, file["id"], "drill")

    async def _ask(self, truth: Truth) -> None:
        """Ask the terminals of the shop to sign in again."""
        for subject in sorted(truth.subjects):
            merchant, _, terminal = subject.partition(" ")
            if terminal:
                await merchants.ask(
                    self._desk, self._hands[0], merchant, terminal, "sign_in", "drill"
                )

    async def _tell(self, truth: Truth, _: int) -> None:
        if self._team.right:
            for contact in truth.response.tell:
                await drills.told(self._desk, self._hands[0], _merchant(truth), Contact(contact))


_ASKS: Final = "ask-terminal"
_DISCARDS: Final = "discard-file"
_FILES: Final = "SELECT id FROM clearing_files WHERE id::text = ANY ($1) AND state = 'committed'"
_FORCED: Final = frozenset(
    kind.value for kind in InterventionKind if kind.about.whom is not Whom.TERMINAL
)
_KNOWN: Final = frozenset((*CAUSES, *BESIDES))


def _issuer(truth: Truth) -> str:
    return min(truth.subjects, key=len)


def _merchant(truth: Truth) -> str:
    return next(one for one in sorted(truth.subjects) if " " not in one and len(one) == 15)


def desk_of(stage: Stage) -> Desk:
    """Give people a desk on a stage."""
    clock = VirtualClock(stage.cell.loop)
    book, lessons = Book(stage.pool, timedelta(minutes=15), 0), Lessons(stage.pool)
    nothing = cast("Any", None)
    return Desk(
        pool=stage.pool,
        access=nothing,
        book=book,
        gatherer=nothing,
        lessons=lessons,
        people=People(book, lessons),
        feed=nothing,
        vault=nothing,
        calendar=stage.place.calendar,
        clock=clock,
        kept=nothing,
        drill="unattended",
    )
