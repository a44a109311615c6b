"""Playbooks against what really goes wrong: on a stage with a host, an issuer, tills and a backup.

What an act brings about is asserted on the traffic: who is refused, what is tried, where it goes.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from annul.domain.playbooks import Value
from annul.security.vault import Vault
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.load import Described, Loader
from annul.settle.clearing.rules import USUAL
from annul.sim.issuer.clearing import ClearingFiles
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.scenes import scene as scenes
from annul.sim.scenes.proxy import Mode
from annul.sim.terminal.batch import settle
from annul.sim.terminal.journal import Record
from annul.sim.terminal.line import TerminalLine
from annul.simulation.clearing import pieces
from annul.simulation.stage import Stage
from annul.simulation.virtual import VirtualClock
from annul.simulation.world import MASTER_KEY
from annul.store.clock import Clock
from tests.support.playing import Hand, Scene
from tests.support.plays import busy

BACKUP: Final = "00000101"
FIRST: Final = "00001001"  # the issuer of the first scene of a stage
_TURN_S: Final = 31.0
_DIES_AFTER_S: Final = 1.0
_WRITTEN_S: Final = 65.0  # until what went wrong at terminals is written
_WRONG, _RIGHT = "31311001", "31311002"
HEEDED_S: Final = 1.5  # hosts heed what people decide within a second
_RETRIES: Final = """
SELECT count(*)::integer FROM transactions
WHERE merchant_id = $1 AND kind = 'void' AND origin <> 'terminal' AND sent <> 'not_sent'
"""
_SENT: Final = """
SELECT count(*)::integer FROM transactions
WHERE merchant_id = $1 AND kind = 'sale' AND sent <> 'not_sent'
"""
_LAST_TO: Final = """
SELECT issuer_id FROM transactions
WHERE merchant_id = $1 AND kind = 'sale' ORDER BY received_at DESC LIMIT 1
"""


@dataclass(slots=True)
class OnStage(Scene):
    """A desk at a stage; `struck` is where something goes wrong."""

    stage: Stage = field(kw_only=True)
    struck: scenes.Scene = field(kw_only=True)
    died: bool = False
    fault: Fault | None = None

    @property
    def clock(self) -> Clock:  # type: ignore[override]
        return self.desk.clock

    async def carried(self, hand: Hand) -> None:
        """Let time pass in which the host carries on; the first one dies meanwhile."""
        del hand
        await asyncio.sleep(_DIES_AFTER_S)
        await self.die()
        await asyncio.sleep(_TURN_S)

    async def die(self) -> None:
        """Let the host die, once in each play."""
        if not self.died:
            self.died = True
            await self.stage.another_life()

    async def sent(self) -> int:
        """Count the sales that an issuer may have heard of."""
        return await self.pool.fetchval(_SENT, self.merchant)

    async def retries(self) -> int:
        """Count the voids that annul has sent by itself."""
        return await self.pool.fetchval(_RETRIES, self.merchant)


Happens = Callable[[Any], Awaitable[None]]  # of an `OnStage`: a team knows its scene as any


# What acts bring about ----------------------------------------------------------------------------


def _refused(code: str) -> Happens:
    async def holds(scene: OnStage) -> None:
        sent = await scene.sent()
        record = await scene.struck.sale(scene.struck.tills[0])
        assert record is not None
        assert record.response_code == code, record
        assert await scene.sent() == sent

    return holds


async def _sells(scene: OnStage) -> None:
    record = await scene.struck.sale(scene.struck.tills[0])
    assert record is not None
    assert record.state == "approved", record


async def _elsewhere(scene: OnStage) -> None:
    await _sells(scene)
    assert await scene.pool.fetchval(_LAST_TO, scene.merchant) == BACKUP


async def _nothing_is_tried(scene: OnStage) -> None:
    before = await scene.retries()
    await asyncio.sleep(60.0)
    assert await scene.retries() == before


async def _nothing(_: OnStage) -> None:
    """It is seen in what is in force alone."""


# By the kind of what is in force: what is so then, and what is so again once it is undone.
EFFECTS: Final[Mapping[str, tuple[Happens, Happens]]] = {
    "circuit_open": (_refused("91"), _sells),
    "retries_paused": (_nothing_is_tried, _nothing),
    "route_around": (_elsewhere, _sells),
    "merchant_frozen": (_refused("03"), _sells),
    "terminal_blocked": (_refused("58"), _sells),
    "refunds_instead": (_nothing, _nothing),
    "window": (_nothing_is_tried, _nothing),
    "wants": (_nothing, _nothing),
    "software": (_nothing, _nothing),
    "released": (_nothing, _nothing),
}


# What goes wrong ----------------------------------------------------------------------------------


async def _voids(scene: OnStage, sales: list[Record]) -> None:
    for sale in sales:
        await scene.struck.void(scene.struck.tills[0], sale, "")


async def _silent(scene: OnStage) -> None:
    sales = await scene.struck.sales(scene.struck.tills[0], 3)
    scene.struck.issuer.server.silent = True
    await scene.struck.traffic(8)
    await _voids(scene, sales)


async def _answers(scene: OnStage) -> None:
    scene.struck.issuer.server.silent = False
    await scene.struck.traffic(4)


async def _fails_voids(scene: OnStage) -> None:
    sales = await scene.struck.sales(scene.struck.tills[0], 12)
    await scene.struck.traffic(8, voids=4)
    scene.fault = scene.struck.meets(FaultKind.CODE, left=None, of_kind="void", code="96")
    await _voids(scene, sales)


async def _does_voids(scene: OnStage) -> None:
    assert scene.fault is not None
    scene.fault.left = 0
    await scene.struck.traffic(20, voids=10)


async def _busy_with_retries(scene: OnStage) -> None:
    await _fails_voids(scene)
    await busy(0.95)(scene)


async def _calm(scene: OnStage) -> None:
    await _does_voids(scene)
    await busy(0.1)(scene)


async def _cut(scene: OnStage) -> None:
    scene.struck.proxy.mode = Mode.REFUSE
    scene.struck.proxy.cut()
    await scene.struck.down()


async def _whole(scene: OnStage) -> None:
    scene.struck.proxy.mode = Mode.PASS
    await scene.struck.up()


async def _batch_differs(scene: OnStage) -> None:
    till = scene.struck.tills[0]
    sold = await scene.struck.sales(till, 2)
    till.journal.change(sold[0], state="declined")  # the terminal has lost it
    settled = await settle(till.terminal)
    assert not settled.agrees


async def _batch_agrees(scene: OnStage) -> None:
    till = scene.struck.tills[0]
    await scene.struck.sales(till, 2)
    assert (await settle(till.terminal)).agrees


async def _poor(scene: OnStage) -> None:
    sales = await scene.struck.sales(scene.struck.tills[0], 2)
    await scene.struck.money(pending=-9_000_00, available=100)
    await _voids(scene, sales)


async def _paid_in(scene: OnStage) -> None:
    await scene.struck.change("shop_money", pending=0, available=90_000_00, frozen=0)


async def _guessed(scene: OnStage) -> None:
    from annul.sim.scenes.faults.shop import wrong_voucher

    async for _ in wrong_voucher(scene.struck, scene.struck.tills[0], ""):
        pass


async def _out_of_step(scene: OnStage) -> None:
    """Keys are changed behind the terminals' backs, again and again."""
    for till in scene.struck.tills:
        for _ in range(4):
            old = till.terminal._keys
            await till.terminal.sign_in()
            await scene.struck.sale(till)  # until then the old ones serve as well
            till.terminal._keys = old
            await scene.struck.sale(till)
    await asyncio.sleep(_WRITTEN_S)


async def _an_hour(scene: OnStage) -> None:
    scene.stage.cell.loop.leap(timedelta(hours=1))


async def _lost_its_database(scene: OnStage) -> None:
    """It is gone and comes back older than the keys of the terminals."""
    scene.stage.cell.database.restart()
    await asyncio.sleep(_WRITTEN_S)
    await _out_of_step(scene)


async def _runs(scene: OnStage, software: str) -> None:
    for till in scene.struck.tills:
        profile = till.terminal.profile
        till.terminal._line.close()
        till.terminal._line = TerminalLine(profile.host, profile.port, software)
        await till.terminal.sign_in()  # as after each installation; with the first use it counts
        await scene.struck.sale(till)


async def _wrong_software(scene: OnStage) -> None:
    await _runs(scene, _WRONG)


async def _installed(scene: OnStage) -> None:
    await _runs(scene, _RIGHT)


async def _no_file_comes(scene: OnStage) -> None:
    await scene.struck.sales(scene.struck.tills[0], 3)
    scene.stage.cell.loop.leap(timedelta(days=1))


async def _file_comes(scene: OnStage) -> None:
    calendar, clock = scene.desk.calendar, VirtualClock(scene.stage.cell.loop)
    day = calendar.business_date(clock.now()) - timedelta(days=1)
    books = scene.struck.issuer.server.books
    for file in ClearingFiles(books, calendar, seed=1, name=f"{scene.issuer}-").of(day):
        told = Described(file.name, file.form, file.day, (scene.issuer,))
        digest = hashlib.sha256(file.content).digest()
        loader = Loader(scene.pool, Vault(MASTER_KEY), clock)
        read = await loader.stage(told, pieces(file), lambda digest=digest: digest, "olga")
        clearing = Clearing(scene.pool, calendar, clock, USUAL)
        async with scene.pool.acquire() as connection, connection.transaction():
            result = await clearing.commit(connection, read.id, "otto")
        assert (result.rows, result.kinds) == (3, [])


@dataclass(frozen=True, slots=True)
class StruckPlay:
    """As `tests.support.plays.Play`; `ends` is how each case has ended at the end."""

    playbook: str
    answers: Mapping[str, Value]
    wrong: Happens = _nothing
    mended: Happens = _nothing
    meanwhile: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset()
    backup: str = ""

    def given(self, scene: Scene) -> dict[str, Value]:
        places = {"issuer": scene.issuer, "merchant": scene.merchant, "terminal": scene.terminal}
        return {name: places[name] for name in self.needs}


_ISSUER: Final = ("issuer",)
_TERMINAL: Final = ("merchant", "terminal")

STRUCK: Final[Mapping[str, StruckPlay]] = {
    "issuer_down, a fault": StruckPlay(
        "issuer_down",
        {"why": "fault", "refunds": "no"},
        _silent,
        _answers,
        meanwhile=frozenset({"circuit_open"}),
        needs=_ISSUER,
        ends=frozenset({"voided"}),
    ),
    "issuer_down, refunded instead": StruckPlay(
        "issuer_down",
        {"why": "fault", "refunds": "yes", "ceiling": 500_00},
        _silent,
        _answers,
        meanwhile=frozenset({"circuit_open"}),
        after=frozenset({"refunds_instead"}),
        needs=_ISSUER,
        ends=frozenset({"voided"}),
    ),
    "issuer_down, in maintenance": StruckPlay(
        "issuer_down",
        {"why": "maintenance", "minutes": 10, "refunds": "no"},
        _silent,
        _answers,
        meanwhile=frozenset({"window"}),
        needs=_ISSUER,
    ),
    "voids_fail": StruckPlay(
        "voids_fail",
        {"cause": "fault", "refunds": "no"},
        _fails_voids,
        _does_voids,
        meanwhile=frozenset({"retries_paused"}),
        needs=_ISSUER,
        ends=frozenset({"voided"}),
    ),
    "line_down": StruckPlay(
        "line_down",
        {"backup": "yes", "report_number": "A-1"},
        _cut,
        _whole,
        backup=BACKUP,
        after=frozenset({"route_around"}),
        needs=_ISSUER,
    ),
    "rules_changed": StruckPlay(
        "rules_changed",
        {"confirmed": "error"},
        _fails_voids,
        _does_voids,
        meanwhile=frozenset({"retries_paused"}),
        needs=_ISSUER,
    ),
    "batches_differ": StruckPlay(
        "batches_differ",
        {"resolve": "terminal"},
        _batch_differs,
        _batch_agrees,
        meanwhile=frozenset({"wants"}),
        needs=_TERMINAL,
    ),
    "clearing_file_wrong": StruckPlay(
        "clearing_file_wrong", {"what": "late"}, _no_file_comes, _file_comes
    ),
    "balance_low": StruckPlay(
        "balance_low",
        {"reach": "gone"},
        _poor,
        _paid_in,
        after=frozenset({"merchant_frozen"}),
        needs=("merchant",),
    ),
    "terminal_suspected": StruckPlay(
        "terminal_suspected",
        {"grave": "stop", "found": "merchant"},
        _guessed,
        after=frozenset({"terminal_blocked", "merchant_frozen"}),
        needs=_TERMINAL,
    ),
    "terminal_lost": StruckPlay(
        "terminal_lost",
        {"misused": "no", "found": "found"},
        after=frozenset({"terminal_blocked", "wants"}),
        needs=_TERMINAL,
    ),
    "keys_out_of_step": StruckPlay(
        "keys_out_of_step", {"cause": "step"}, _out_of_step, _an_hour, after=frozenset({"wants"})
    ),
    "key_known": StruckPlay(
        "key_known",
        {"which": "issuer", "changed": "yes"},
        meanwhile=frozenset({"circuit_open"}),
        needs=_ISSUER,
    ),
    "database_lost": StruckPlay(
        "database_lost",
        {"fenced": "yes", "how": "backup"},
        _lost_its_database,
        after=frozenset({"wants"}),
    ),
    # A stage is never short of CPU: what it has used is written, what is real is the retries.
    "host_overloaded": StruckPlay(
        "host_overloaded",
        {"cause": "retries", "issuer": FIRST},
        _busy_with_retries,
        _calm,
        after=frozenset({"retries_paused"}),
    ),
    "wrong_software": StruckPlay(
        "wrong_software",
        {"stopped": "yes", "wrong": _WRONG, "right": _RIGHT, "check": "clean"},
        _wrong_software,
        _installed,
        after=frozenset({"software"}),
    ),
}
