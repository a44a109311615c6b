"""Playbooks played through: who answers what, what goes on around them, what is in force then."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import asyncpg

from annul.desk import playbook_acts as acts
from annul.desk import playbooks
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.domain.incident import Incident
from annul.domain.playbooks import Value
from annul.operate.playbooks.running import Runner
from annul.store.incidents import Ended, closing, opening
from tests.support.clock import HeldClock
from tests.support.rows import put, put_case

ISSUER: Final = "00000101"
_TURNS: Final = 60


@dataclass(slots=True)
class Scene:
    """Where a play is played: the desk with its clock, and a terminal of a merchant there."""

    desk: Desk
    merchant: str
    terminal: str

    @property
    def pool(self) -> asyncpg.Pool:
        return self.desk.pool

    @property
    def clock(self) -> HeldClock:
        assert isinstance(self.desk.clock, HeldClock)
        return self.desk.clock


Around = Callable[[Scene], Awaitable[None]]


async def _nothing(_scene: Scene) -> None:
    """Nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Play:
    """One way through a playbook: `wrong` is what goes on, `mended` what ends it.

    `meanwhile` is what is in force at some time, `after` what is so at the end; undone, all is as
    before.
    """

    playbook: str
    answers: Mapping[str, Value]
    after: frozenset[str]
    meanwhile: frozenset[str] = frozenset()
    wrong: Around = _nothing
    mended: Around = _nothing
    needs: tuple[str, ...] = ()
    skipped: tuple[str, ...] = field(default=())

    def given(self, scene: Scene) -> dict[str, Value]:
        places = {"issuer": ISSUER, "merchant": scene.merchant, "terminal": scene.terminal}
        return {name: places[name] for name in self.needs}


# What goes on -------------------------------------------------------------------------------------


def _line(*, up: bool, health: str) -> Around:
    async def set_to(scene: Scene) -> None:
        await scene.pool.execute(
            "INSERT INTO issuer_links (issuer_id, node, up, trouble, health, at) "
            "VALUES ($1, 1, $2, '', $3, $4) ON CONFLICT (issuer_id, node) "
            "DO UPDATE SET up = excluded.up, health = excluded.health, at = excluded.at",
            *(ISSUER, up, health, scene.clock.now()),
        )

    return set_to


async def _voids_fail(scene: Scene) -> None:
    await _line(up=True, health="up")(scene)
    counts = ("requests", "approvals", "silent", "not_sent", "late", "faults", "link_drops")
    await put(
        scene.pool,
        "issuer_stats",
        {
            **dict.fromkeys((*counts, "garbled", "void_approvals"), 0),
            "issuer_id": ISSUER,
            "node": 1,
            "slot": scene.clock.now(),
            "codes": {},
            "voids": 10,
            "latencies": [],
            "tail": [],
        },
    )
    await put_case(scene.pool, merchant_id=scene.merchant, issuer_id=ISSUER, step="wait_health",
                   next_action_at=scene.clock.now().replace(year=2030))  # fmt: skip


async def _voids_work(scene: Scene) -> None:
    await scene.pool.execute("UPDATE issuer_stats SET void_approvals = voids")


async def _batch_differs(scene: Scene) -> None:
    place = {"merchant_id": scene.merchant, "terminal_id": scene.terminal, "batch": "000001"}
    counts = ("debit_amount", "debit_count", "credit_amount", "credit_count")
    batch = dict.fromkeys(counts, 0) | {"claimed": "", "balanced": False}
    await put(scene.pool, "batches", {**place, **batch, "settled_at": scene.clock.now()})
    found = {"trace": "000001", "claimed": 100, "kept": None, "found_at": scene.clock.now()}
    await put(scene.pool, "batch_differences", {**place, **found})


async def _batch_resolved(scene: Scene) -> None:
    await scene.pool.execute(
        "UPDATE batch_differences SET resolved_as = 'host_stands', resolved_at = $1",
        scene.clock.now(),
    )


async def _file_comes(scene: Scene) -> None:
    values = {"name": "a", "layout": "a", "digest": b"a", "issuers": [], "state": "committed"}
    day = {"settles_on": scene.clock.now().date(), "read_by": "", "read_at": scene.clock.now()}
    await put(scene.pool, "clearing_files", {"id": uuid4(), **values, **day})


async def _balance_low(scene: Scene) -> None:
    await scene.pool.execute(
        "INSERT INTO merchant_balances (merchant_id, currency, available) VALUES ($1, '156', 0) "
        "ON CONFLICT (merchant_id, currency) DO UPDATE SET available = 0",
        scene.merchant,
    )
    await put_case(scene.pool, merchant_id=scene.merchant, issuer_id=ISSUER, currency="156")


async def _paid_in(scene: Scene) -> None:
    await scene.pool.execute("UPDATE merchant_balances SET available = 1000000000")


async def _wrong_macs(scene: Scene) -> None:
    place = {"merchant_id": scene.merchant, "terminal_id": scene.terminal}
    counts = {"minute": scene.clock.now(), "wrong_mac": 5, "guessed": 9}
    await put(scene.pool, "terminal_stats", {**place, **counts})


async def _right_macs(scene: Scene) -> None:
    await scene.pool.execute("UPDATE terminal_stats SET wrong_mac = 0, guessed = 0")


async def _lost(scene: Scene) -> None:
    await _wrong_macs(scene)
    lost = Incident.of("audit_lost", "", "one")
    await scene.pool.execute(*opening([lost], scene.clock.now()))


async def _explained(scene: Scene) -> None:
    over = Ended("audit_lost", "", "one")
    await scene.pool.execute(*closing([over], scene.clock.now()))


def _load(cpu: float) -> Around:
    async def measured(scene: Scene) -> None:
        await scene.pool.execute("DELETE FROM host_samples")
        counts = ("transactions", "statements", "db_commits", "db_read", "db_hit", "db_bytes")
        values = dict.fromkeys((*counts, "db_connections", "db_allowed", "db_active_s"), 0)
        kept = {"answers": [], "lanes": {}, "db_tables": {}}
        at = {"node": 1, "at": scene.clock.now(), "seconds": 60.0, "cpu_s": cpu * 60.0}
        await put(scene.pool, "host_samples", {**values, **kept, **at})

    return measured


async def _wrong_software(scene: Scene) -> None:
    await scene.pool.execute("UPDATE terminals SET software = '2.0', wanted_software = '2.0'")


async def _updated(scene: Scene) -> None:
    await scene.pool.execute("UPDATE terminals SET software = wanted_software, wants = ''")


_DOWN: Final = _line(up=True, health="down")
_UP: Final = _line(up=True, health="up")
_CUT: Final = _line(up=False, health="down")

PLAYS: Final[Mapping[str, Play]] = {
    "issuer_down, a fault": Play(
        "issuer_down",
        {"why": "fault", "refunds": "yes", "ceiling": 50_000},
        frozenset({f"refunds_instead {ISSUER} 50000"}),
        frozenset({f"circuit_open {ISSUER}"}),
        _DOWN,
        _UP,
        ("issuer",),
    ),
    "issuer_down, in maintenance": Play(
        "issuer_down",
        {"why": "maintenance", "minutes": 600, "refunds": "no"},
        frozenset({f"window {ISSUER}"}),
        wrong=_DOWN,
        mended=_UP,
        needs=("issuer",),
    ),
    "voids_fail": Play(
        "voids_fail",
        {"cause": "fault", "refunds": "yes", "ceiling": 1_000},
        frozenset({f"refunds_instead {ISSUER} 1000", "released 1"}),
        frozenset({f"retries_paused {ISSUER}"}),
        _voids_fail,
        _voids_work,
        ("issuer",),
    ),
    "line_down": Play(
        "line_down",
        {"backup": "yes", "ticket": "A-1"},
        frozenset({f"route_around {ISSUER}"}),
        wrong=_CUT,
        mended=_UP,
        needs=("issuer",),
    ),
    "rules_changed": Play(
        "rules_changed",
        {"confirmed": "error"},
        frozenset(),
        frozenset({f"retries_paused {ISSUER}"}),
        wrong=_DOWN,
        mended=_UP,
        needs=("issuer",),
    ),
    "batches_differ": Play(
        "batches_differ",
        {"resolve": "terminal"},
        frozenset({"wants parameters"}),
        wrong=_batch_differs,
        mended=_batch_resolved,
        needs=("merchant", "terminal"),
    ),
    "clearing_file_wrong": Play(
        "clearing_file_wrong", {"what": "late"}, frozenset(), mended=_file_comes
    ),
    "balance_low": Play(
        "balance_low",
        {"reach": "gone"},
        frozenset({"merchant_frozen merchant"}),
        wrong=_balance_low,
        mended=_paid_in,
        needs=("merchant",),
    ),
    "terminal_suspected": Play(
        "terminal_suspected",
        {"grave": "stop", "found": "merchant"},
        frozenset({"merchant_frozen merchant", "terminal_blocked merchant terminal"}),
        wrong=_wrong_macs,
        needs=("merchant", "terminal"),
    ),
    "terminal_lost": Play(
        "terminal_lost",
        {"misused": "no", "found": "found"},
        frozenset({"terminal_blocked merchant terminal", "wants sign_in"}),
        needs=("merchant", "terminal"),
    ),
    "keys_out_of_step": Play(
        "keys_out_of_step",
        {"cause": "step"},
        frozenset({"wants sign_in"}),
        wrong=_wrong_macs,
        mended=_right_macs,
    ),
    "key_known": Play(
        "key_known",
        {"which": "issuer", "changed": "yes"},
        frozenset(),
        frozenset({f"circuit_open {ISSUER}"}),
        needs=("issuer",),
    ),
    "database_lost": Play(
        "database_lost",
        {"fenced": "yes", "how": "backup"},
        frozenset({"wants sign_in"}),
        wrong=_lost,
        mended=_explained,
    ),
    "host_overloaded": Play(
        "host_overloaded",
        {"cause": "retries", "issuer": ISSUER},
        frozenset({f"retries_paused {ISSUER}"}),
        wrong=_load(0.95),
        mended=_load(0.1),
    ),
    "wrong_software": Play(
        "wrong_software",
        {"stopped": "yes", "wrong": "2.0", "right": "2.1", "check": "clean"},
        frozenset({"software 2.1"}),
        frozenset({"wants update"}),
        _wrong_software,
        _updated,
    ),
}

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
    play: Play
    hand: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
    seen: set[str] = field(default_factory=set[str])

    async def start(self, incident: str = "") -> str:
        await self.play.wrong(self.scene)
        given, act = self.play.given(self.scene), uuid4()
        desk, name = self.scene.desk, self.play.playbook
        number: str = await self.hand(
            lambda: acts.start(desk, self.first, name, given, "it is so", incident, act)
        )
        return number

    async def to_the_end(self, number: str) -> dict[str, Any]:
        """Play until the run is done; gives it."""
        for _ in range(_TURNS):
            run = await playbooks.run(self.scene.desk, self.first, number)
            self.seen |= await in_force(self.scene)
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
            await self._carry()
        message = f"{number} is not undone"
        raise AssertionError(message)

    async def _wait(self) -> None:
        await self.play.mended(self.scene)
        await self._carry()

    async def _carry(self) -> None:
        """Let another process carry on what is due, once leases have ended."""
        self.scene.clock.forward(seconds=31)
        runner = Runner(self.scene.pool, self.scene.clock)
        for key in await runner.claim(8):
            await self.hand(lambda key=key: runner.work(key))

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
