"""A playbook is played through by two people, on a held clock; a test may kill who does a step."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import uuid4

import asyncpg

from annul.desk import playbook_acts as acts
from annul.desk import playbooks
from annul.desk.desk import Desk
from annul.desk.roles import ROLES, Visitor
from annul.domain.playbooks import Value
from annul.operate.playbooks.running import Runner
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import HeldClock
from tests.support.desks import make_desk

ISSUER: Final = "00000101"
_TURNS: Final = 60


# By which a test may kill who does something.
Hand = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@dataclass(slots=True)
class Scene:
    """Where a play is played: the desk with its clock, and a terminal of a merchant there."""

    desk: Desk
    merchant: str
    terminal: str
    issuer: str = ISSUER

    async def carried(self, hand: Hand) -> None:
        """Let another process carry on what is due, once leases have ended."""
        self.clock.forward(seconds=31)
        runner = Runner(self.pool, self.clock)
        for key in await runner.claim(8):
            await hand(lambda key=key: runner.work(key))

    @property
    def pool(self) -> asyncpg.Pool:
        return self.desk.pool

    @property
    def clock(self) -> HeldClock:
        assert isinstance(self.desk.clock, HeldClock)
        return self.desk.clock


async def a_scene(pool: asyncpg.Pool) -> Scene:
    """Give demo issuers, merchants and terminals, on a held clock."""
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=2))
    place = "SELECT merchant_id, terminal_id FROM terminals ORDER BY 1, 2 LIMIT 1"
    row = await pool.fetchrow(place)
    assert row is not None, "the demo has terminals"
    return Scene(make_desk(pool, clock=HeldClock()), row["merchant_id"], row["terminal_id"])


async def somebody(scene: Scene, role: str) -> Visitor:
    """Add somebody who is let in."""
    await scene.desk.access.add(role, "a longer one of their own", role, "")
    return Visitor(role, role, ROLES[role])


Around = Callable[[Any], Awaitable[None]]  # of the kind of scene on which it is played


class Played(Protocol):
    """What a team has to know of a play."""

    @property
    def playbook(self) -> str: ...
    @property
    def answers(self) -> Mapping[str, Value]: ...
    @property
    def wrong(self) -> Around: ...
    @property
    def mended(self) -> Around: ...

    def given(self, scene: Scene) -> dict[str, Value]: ...


# In force -----------------------------------------------------------------------------------------

_IN_FORCE: Final = """
SELECT concat_ws(' ', kind, nullif(issuer_id, ''), CASE WHEN merchant_id <> '' THEN 'merchant' END,
                 CASE WHEN terminal_id <> '' THEN 'terminal' END, nullif(amount, 0)) AS told
FROM interventions WHERE ended_at IS NULL AND valid_from <= $1 AND valid_until > $1
UNION ALL SELECT 'window ' || issuer_id FROM policies
WHERE set_by <> 'demo' AND kind = 'maintenance' AND valid_from <= $1 AND valid_until > $1
UNION ALL SELECT DISTINCT 'wants ' || wants FROM terminals WHERE wants <> ''
UNION ALL SELECT DISTINCT 'software ' || wanted_software FROM terminals WHERE wanted_software <> ''
UNION ALL SELECT 'released ' || count(*) FROM cases
WHERE step = 'wait_health' AND next_action_at < $1::timestamptz + interval '1 day'
HAVING count(*) > 0
"""


async def in_force(scene: Scene) -> frozenset[str]:
    """Say what acts have brought about, as far as it counts now."""
    rows = await scene.pool.fetch(_IN_FORCE, scene.clock.now())
    return frozenset(row["told"] for row in rows)


# Played -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Team:
    """Two people who do what a play says; `seen` is what was in force after each of their acts.

    Each act goes through `hand`, by which a test may kill who does it.
    """

    scene: Scene
    first: Visitor
    second: Visitor
    play: Played
    hand: Hand
    seen: set[str] = field(default_factory=set[str])

    async def start(self, incident: str = "") -> str:
        """Let it go wrong, and start the playbook; gives the run's number."""
        await self.play.wrong(self.scene)
        return await self.begin(incident)

    async def begin(self, incident: str = "") -> str:
        given, act = self.play.given(self.scene), uuid4()
        desk, name = self.scene.desk, self.play.playbook
        number: str = await self.hand(
            lambda: acts.start(desk, self.first, name, given, "it is so", incident, act)
        )
        return number

    async def look(self) -> None:
        """Take note of what is in force."""
        self.seen |= await in_force(self.scene)

    async def to_the_end(self, number: str) -> dict[str, Any]:
        """Play until the run is done; gives it."""
        for _ in range(_TURNS):
            run = await playbooks.run(self.scene.desk, self.first, number)
            await self.look()
            if run["ended_at"] is not None:
                return run
            if run["state"] == "running":
                await self._wait()
            else:
                [step] = [one for one in run["steps"] if one["id"] == run["here"]]
                await self._act(number, step)
        message = f"{number} does not end"
        raise AssertionError(message)

    async def undone(self, number: str) -> dict[str, Any]:
        await self.hand(lambda: acts.undo(self.scene.desk, self.first, number, "all is well"))
        for _ in range(_TURNS):
            run = await playbooks.run(self.scene.desk, self.first, number)
            if run["state"] == "undone":
                return run
            await self.scene.carried(self.hand)
        message = f"{number} is not undone"
        raise AssertionError(message)

    async def _wait(self) -> None:
        await self.play.mended(self.scene)
        await self.scene.carried(self.hand)

    async def _act(self, number: str, step: Mapping[str, Any]) -> None:
        desk, name = self.scene.desk, step["id"]
        if step["kind"] == "ask":
            said = self.play.answers[name]
            await self.hand(lambda: acts.answer(desk, self.first, number, name, said))
        elif step["dual"]:
            await self.hand(lambda: acts.propose(desk, self.first, number, name, "needed"))
            await self.hand(lambda: acts.confirm(desk, self.second, number, name))
        else:
            await self.hand(lambda: acts.do(desk, self.first, number, name))
