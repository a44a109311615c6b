"""Playbooks and the ways through them: who answers what, what goes on, what is in force then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from annul.domain.incident import Incident
from annul.domain.playbooks import Value
from annul.store.incidents import Ended, closing, opening
from tests.support.playing import ISSUER, Around, Scene
from tests.support.rows import put, put_case


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
    after: frozenset[str] = frozenset()
    meanwhile: frozenset[str] = frozenset()
    wrong: Around = _nothing
    mended: Around = _nothing
    needs: tuple[str, ...] = ()

    def given(self, scene: Scene) -> dict[str, Value]:
        places = {"issuer": scene.issuer, "merchant": scene.merchant, "terminal": scene.terminal}
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


def busy(cpu: float) -> Around:
    """Give what writes how much of a CPU the host has used."""

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
        {"backup": "yes", "report_number": "A-1"},
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
        wrong=busy(0.95),
        mended=busy(0.1),
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
