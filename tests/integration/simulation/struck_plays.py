"""Playbooks against what really goes wrong: at the issuer, on the line, at tills and in files."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from annul.security.vault import Vault
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.load import Described, Loader
from annul.settle.clearing.rules import USUAL
from annul.sim.issuer.clearing import ClearingFiles, pieces
from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.proxy import Mode
from annul.sim.terminal.batch import settle
from annul.sim.terminal.journal import Record
from annul.sim.terminal.line import TerminalLine
from annul.simulation.virtual import VirtualClock
from annul.simulation.world import MASTER_KEY
from tests.support.playing import Around
from tests.support.plays import Play, busy

from .on_stage import BACKUP, OnStage, nothing

FIRST: Final = "00001001"  # the issuer of the first scene of a stage
_WRITTEN_S: Final = 65.0  # until what went wrong at terminals is written
_WRONG, _RIGHT = "31311001", "31311002"


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
class StruckPlay(Play):
    """A play whose tokens name kinds alone; `ends` is how its cases have ended at the end."""

    wrong: Around = nothing
    mended: Around = nothing
    ends: frozenset[str] = frozenset()
    backup: str = ""


_ISSUER: Final = ("issuer",)
_TERMINAL: Final = ("merchant", "terminal")

STRUCK: Final[Mapping[str, StruckPlay]] = {
    "issuer_down, a fault": StruckPlay(
        "issuer_down",
        {"why": "fault", "refunds": "no"},
        wrong=_silent,
        mended=_answers,
        meanwhile=frozenset({"circuit_open"}),
        needs=_ISSUER,
        ends=frozenset({"voided"}),
    ),
    "issuer_down, refunded instead": StruckPlay(
        "issuer_down",
        {"why": "fault", "refunds": "yes", "ceiling": 500_00},
        wrong=_silent,
        mended=_answers,
        meanwhile=frozenset({"circuit_open"}),
        after=frozenset({"refunds_instead"}),
        needs=_ISSUER,
        ends=frozenset({"voided"}),
    ),
    "issuer_down, in maintenance": StruckPlay(
        "issuer_down",
        {"why": "maintenance", "minutes": 10, "refunds": "no"},
        wrong=_silent,
        mended=_answers,
        meanwhile=frozenset({"window"}),
        needs=_ISSUER,
    ),
    "voids_fail": StruckPlay(
        "voids_fail",
        {"cause": "fault", "refunds": "no"},
        wrong=_fails_voids,
        mended=_does_voids,
        meanwhile=frozenset({"retries_paused"}),
        needs=_ISSUER,
        ends=frozenset({"voided"}),
    ),
    "line_down": StruckPlay(
        "line_down",
        {"backup": "yes", "report_number": "A-1"},
        wrong=_cut,
        mended=_whole,
        backup=BACKUP,
        after=frozenset({"route_around"}),
        needs=_ISSUER,
    ),
    "rules_changed": StruckPlay(
        "rules_changed",
        {"confirmed": "error"},
        wrong=_fails_voids,
        mended=_does_voids,
        meanwhile=frozenset({"retries_paused"}),
        needs=_ISSUER,
    ),
    "batches_differ": StruckPlay(
        "batches_differ",
        {"resolve": "terminal"},
        wrong=_batch_differs,
        mended=_batch_agrees,
        meanwhile=frozenset({"wants"}),
        needs=_TERMINAL,
    ),
    "clearing_file_wrong": StruckPlay(
        "clearing_file_wrong", {"what": "late"}, wrong=_no_file_comes, mended=_file_comes
    ),
    "balance_low": StruckPlay(
        "balance_low",
        {"reach": "gone"},
        wrong=_poor,
        mended=_paid_in,
        after=frozenset({"merchant_frozen"}),
        needs=("merchant",),
    ),
    "terminal_suspected": StruckPlay(
        "terminal_suspected",
        {"grave": "stop", "found": "merchant"},
        wrong=_guessed,
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
        "keys_out_of_step",
        {"cause": "step"},
        wrong=_out_of_step,
        mended=_an_hour,
        after=frozenset({"wants"}),
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
        wrong=_lost_its_database,
        after=frozenset({"wants"}),
    ),
    # A stage is never short of CPU: what it has used is written, what is real is the retries.
    "host_overloaded": StruckPlay(
        "host_overloaded",
        {"cause": "retries", "issuer": FIRST},
        wrong=_busy_with_retries,
        mended=_calm,
        after=frozenset({"retries_paused"}),
    ),
    "wrong_software": StruckPlay(
        "wrong_software",
        {"stopped": "yes", "wrong": _WRONG, "right": _RIGHT, "check": "clean"},
        wrong=_wrong_software,
        mended=_installed,
        after=frozenset({"software"}),
    ),
}
