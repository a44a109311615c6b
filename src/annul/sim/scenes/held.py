"""What goes wrong for as long as somebody holds it, while a shop's traffic goes on.

A kind is an asynchronous generator over a scene: up to its first `yield` it begins, each `asend`
tells how much of its time is over (0 to 1), and `aclose` puts everything right again. Faults and
situations strike once and know which voids they fail; what is held fails whoever comes by.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from annul.sim.issuer.clearing import ClearingFiles
from annul.sim.issuer.clearing_faults import ClearingFault, FaultRow
from annul.sim.issuer.faults import FaultKind

from .proxy import Mode
from .scene import SQL, Scene

Holding = Callable[[Scene], AsyncGenerator[None, float]]
_VOIDS_UP_TO: Final = 50_00  # minor units
_LOOKS_S: Final = 0.5  # whether the day is over
_WRONG_ROWS: Final = 0.6  # of a wrong file
_OLD: Final = "30"  # format error: what an issuer says to a terminal's old or broken software


@dataclass(frozen=True, slots=True)
class Held:
    """One kind. Any of `causes` is right for what it fails.

    `again`: only the shop can end it, so customers come back for their voids once it is over;
    `after_cut_over`: it is about a business day that is over.
    """

    name: str
    causes: tuple[str, ...]
    holding: Holding
    again: bool = False
    after_cut_over: bool = False


HELD: Final[dict[str, Held]] = {}


def held(
    *causes: str, again: bool = False, after_cut_over: bool = False
) -> Callable[[Holding], Holding]:
    """Enter a kind under its function's name."""

    def enter(holding: Holding) -> Holding:
        name = getattr(holding, "__name__", "")
        HELD[name] = Held(name, causes, holding, again, after_cut_over)
        return holding

    return enter


@held("issuer_down")
async def issuer_is_down(scene: Scene) -> AsyncGenerator[None, float]:
    """The issuer says that it is out of order."""
    scene.issuer.server.maintenance = True
    try:
        while True:
            yield
    finally:
        scene.issuer.server.maintenance = False


@held("issuer_down", "timeout")
async def issuer_is_silent(scene: Scene) -> AsyncGenerator[None, float]:
    """The issuer says nothing."""
    scene.issuer.server.silent = True
    try:
        while True:
            yield
    finally:
        scene.issuer.server.silent = False


@held("issuer_down", "late_answer", "timeout")
async def issuer_slowly_dies(scene: Scene) -> AsyncGenerator[None, float]:
    """The issuer loses more and more of what it is asked, until it answers nothing."""
    lost = scene.meets(FaultKind.LOST_REQUEST, left=None, rate=0.05)
    try:
        while True:
            share = yield
            lost.rate = max(lost.rate, share)
    finally:
        scene.issuer.server.faults.rows.remove(lost)


@held("issuer_link", "issuer_down", "timeout")
async def line_takes_all_and_gives_nothing(scene: Scene) -> AsyncGenerator[None, float]:
    """The line to the issuer stays up and carries nothing."""
    scene.proxy.mode = Mode.HOLE
    try:
        while True:
            yield
    finally:
        scene.proxy.mode = Mode.PASS
        scene.proxy.cut()


@held("policy_changed", "issuer_unsupported")
async def voids_are_not_done_any_more(scene: Scene) -> AsyncGenerator[None, float]:
    """The issuer has stopped to do voids, which it did all the time."""
    policy = scene.issuer.server.books.policy
    policy.void_supported = False
    try:
        while True:
            yield
    finally:
        policy.void_supported = True


@held("issuer_limit_amount", "policy_changed")
async def limit_is_lowered(scene: Scene) -> AsyncGenerator[None, float]:
    """The issuer voids small amounts alone from now on."""
    policy = scene.issuer.server.books.policy
    before, policy.void_amount_limit = policy.void_amount_limit, _VOIDS_UP_TO
    try:
        while True:
            yield
    finally:
        policy.void_amount_limit = before


@held("terminal_outdated", again=True)
async def update_breaks_voids(scene: Scene) -> AsyncGenerator[None, float]:
    """New software was sent to the shop's terminals; the issuer refuses the voids that it makes."""
    for till in scene.tills:
        await scene.terminal(till, "terminal_outdated")
    refused = scene.meets(FaultKind.CODE, of_kind="void", code=_OLD, left=None)
    try:
        while True:
            yield
    finally:
        scene.issuer.server.faults.rows.remove(refused)
        for till in scene.tills:
            await scene.terminal(till, "terminal_as_it_is")


@held("clearing_file_wrong", after_cut_over=True)
async def clearing_file_is_wrong(scene: Scene) -> AsyncGenerator[None, float]:
    """The issuer's file of the day that is over has other amounts than the issuer has booked.

    It counts before anybody looks. Once people have discarded it the issuer sends the right one.
    """
    files = ClearingFiles(
        scene.issuer.server.books,
        scene.place.calendar,
        scene.random.randrange(2**32),
        f"{scene.issuer_id}-",
    )
    files.faults.rows.append(FaultRow(ClearingFault.OTHER_AMOUNT, _WRONG_ROWS))
    while not (told := files.of(_yesterday(scene))):
        await asyncio.sleep(_LOOKS_S)
    wrong = told[0]
    file = await scene.place.counts(wrong, scene.issuer_id)
    scene.things |= {str(file), wrong.name}
    files.faults.rows.clear()
    discarded = False
    while True:
        yield
        if not discarded and not await scene.place.pool.fetchval(*SQL["file_counts"](file=file)):
            discarded = True
            await scene.place.counts(files.of(wrong.day, turn=1)[0], scene.issuer_id)


def _yesterday(scene: Scene) -> date:
    """Give the last business day that is over."""
    return scene.place.calendar.business_date(scene.place.now()) - timedelta(days=1)
