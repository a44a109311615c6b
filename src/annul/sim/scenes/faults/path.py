"""Faults of the network between terminal, host and issuer."""

from collections.abc import AsyncGenerator

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.faults.fault import Reach, fault
from annul.sim.scenes.proxy import Mode
from annul.sim.scenes.scene import SQL, Scene
from annul.sim.scenes.till import Till

Steps = AsyncGenerator[None, None]


@fault(Reach.VOID)
async def terminal_never_hears(scene: Scene, till: Till, _: str) -> Steps:
    """The answer is lost between host and terminal, which reverses."""
    sales = await scene.sales(till, 4)
    yield
    for sale in sales:
        till.proxy.mode = Mode.CUT_ANSWER
        await scene.void(till, sale, "terminal_link")
        till.proxy.mode = Mode.PASS
        await till.terminal.settle_owed()


@fault(Reach.VOID)
async def terminal_line_hangs(scene: Scene, till: Till, _: str) -> Steps:
    """The line stays up and carries nothing back; the terminal waits, hangs up and reverses."""
    sales = await scene.sales(till, 2)
    yield
    for sale in sales:
        till.proxy.mode = Mode.SWALLOW_ANSWER
        await scene.unheard_void(till, sale, "terminal_link")
        till.proxy.mode = Mode.PASS
        await till.terminal.settle_owed()


@fault(Reach.PATH)
async def issuer_line_breaks(scene: Scene, till: Till, _: str) -> Steps:
    """The line to the issuer breaks while the void is under way."""
    sales = await scene.sales(till, 3)
    yield
    for sale in sales:
        await scene.up()
        scene.proxy.mode = Mode.CUT_ANSWER
        await scene.void(till, sale, "issuer_link")
        scene.proxy.mode = Mode.PASS
    await scene.up()


@fault(Reach.ISSUER)
async def issuer_line_is_cut(scene: Scene, till: Till, _: str) -> Steps:
    """There is no line to the issuer: what connects is cut off again."""
    sales = await scene.sales(till, 5)
    yield
    scene.proxy.mode = Mode.REFUSE
    scene.proxy.cut()
    await scene.down()
    for sale in sales:
        await scene.void(till, sale, "issuer_link")
    scene.proxy.mode = Mode.PASS


@fault(Reach.VOID)
async def request_lost(scene: Scene, till: Till, _: str) -> Steps:
    """One void never reaches the issuer's books, and nothing comes back."""
    sales = await scene.sales(till, 3)
    yield
    for sale in sales:
        scene.meets(FaultKind.LOST_REQUEST, of_kind="void", terminal=till.ids[0])
        await scene.void(till, sale, "timeout")


@fault(Reach.VOID)
async def answer_lost(scene: Scene, till: Till, _: str) -> Steps:
    """The issuer has done the void, and nothing comes back."""
    sales = await scene.sales(till, 3)
    yield
    for sale in sales:
        scene.meets(FaultKind.LOST_ANSWER, of_kind="void", terminal=till.ids[0])
        await scene.void(till, sale, "timeout")


@fault(Reach.VOID)
async def answer_late(scene: Scene, till: Till, _: str) -> Steps:
    """The issuer answers after the time is over."""
    sales = await scene.sales(till, 3)
    yield
    for sale in sales:
        low = scene.place.timeout_ms + 150
        scene.meets(
            FaultKind.DELAY, of_kind="void", terminal=till.ids[0], low_ms=low, high_ms=low + 400
        )
        await scene.void(till, sale, "late_answer")
    terminal, merchant = till.ids
    late = SQL["voids_answered_late"](merchant=merchant, terminal=terminal, voids=len(sales))
    await scene.place.until(*late)
