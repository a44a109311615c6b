"""Faults of the issuer as a whole, of the card, and of one void at the issuer."""

from collections.abc import AsyncGenerator

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.faults.fault import Reach, fault
from annul.sim.scenes.scene import Scene
from annul.sim.scenes.till import Till

Steps = AsyncGenerator[None, None]


@fault(Reach.ISSUER, "91", "96", "05", "12", "90")
async def announced_maintenance(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer is in a maintenance that it has announced."""
    sales = await scene.sales(till, 5)
    scene.issuer.server.books.policy.codes["maintenance"] = code
    yield
    await scene.policy("maintenance", 0, age_s=600, lasts_s=3_600)
    scene.issuer.server.maintenance = True
    await scene.traffic(8)
    for sale in sales:
        await scene.void(till, sale, "issuer_maintenance")
    await scene.traffic(8)
    scene.issuer.server.maintenance = False
    await scene.end_windows()


@fault(Reach.ISSUER)
async def silent_maintenance(scene: Scene, till: Till, _: str) -> Steps:
    """The same, and nothing answers meanwhile."""
    sales = await scene.sales(till, 3)
    yield
    await scene.policy("maintenance", 0, age_s=600, lasts_s=3_600)
    scene.issuer.server.silent = True
    await scene.traffic(8)
    for sale in sales:
        await scene.void(till, sale, "issuer_maintenance")
    await scene.traffic(8)
    scene.issuer.server.silent = False
    await scene.end_windows()


@fault(Reach.ISSUER, "90", "91", "12", "05", "96")
async def end_of_day_at_the_issuer(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer closes its day at its usual time."""
    sales = await scene.sales(till, 5)
    policy = scene.issuer.server.books.policy
    policy.codes["end_of_day"] = code
    yield
    await scene.policy("end_of_day", 0, age_s=300, lasts_s=1_200)
    policy.end_of_day = True
    await scene.traffic(8)
    for sale in sales:
        await scene.void(till, sale, "end_of_day")
    await scene.traffic(8)
    policy.end_of_day = False
    await scene.end_windows()


@fault(Reach.ISSUER, "91", "96", "98", "05")
async def issuer_fails(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer's system fails without a word of warning, and says so."""
    sales = await scene.sales(till, 5)
    scene.issuer.server.books.policy.codes["maintenance"] = code
    yield
    scene.issuer.server.maintenance = True
    await scene.traffic(8)
    for sale in sales:
        await scene.void(till, sale, "issuer_down")
    await scene.traffic(8)
    scene.issuer.server.maintenance = False


@fault(Reach.ISSUER)
async def issuer_silent(scene: Scene, till: Till, _: str) -> Steps:
    """The issuer's system hangs: nobody gets an answer."""
    sales = await scene.sales(till, 3)
    yield
    scene.issuer.server.silent = True
    await scene.traffic(8)
    for sale in sales:
        await scene.void(till, sale, "issuer_down")
    await scene.traffic(8)
    scene.issuer.server.silent = False


@fault(Reach.ISSUER)
async def issuer_gone(scene: Scene, till: Till, _: str) -> Steps:
    """Nothing listens at the issuer's address."""
    sales = await scene.sales(till, 5)
    yield
    await scene.proxy.stop()
    await scene.down("refused")
    for sale in sales:
        await scene.void(till, sale, "issuer_down")


# The card --------------------------------------------------------------------------------------


@fault(Reach.VOID, "59", "04", "05", "63", "57")
async def card_suspected(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer suspects fraud, says so to purchases, and has its own code for voids."""
    sales = await scene.sales(till, 5)
    yield
    for sale in sales:
        await scene.spoilt_card(till, sale, "suspected", code, "risk_refusal")


@fault(Reach.VOID, "41", "54", "62", "05", "57", "14")
async def card_lost_or_closed(scene: Scene, till: Till, code: str) -> Steps:
    """The card was lost, has expired or is closed since the sale."""
    sales = await scene.sales(till, 5)
    yield
    for sale in sales:
        state = scene.random.choice(("lost", "expired", "closed", "frozen"))
        await scene.spoilt_card(till, sale, state, code, "card_problem")


# One void --------------------------------------------------------------------------------------


@fault(Reach.VOID, "06", "96", "20", "25", "22", "64", "12", "91")
async def wrongly_refused(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer refuses a void for which there is no reason; others go through."""
    sales = await scene.sales(till, 4)
    yield
    for sale in sales:
        scene.meets(FaultKind.CODE, of_kind="void", terminal=till.ids[0], code=code)
        await scene.void(till, sale, "issuer_error")
        await scene.traffic(2, voids=1)


@fault(Reach.VOID)
async def answer_garbled(scene: Scene, till: Till, _: str) -> Steps:
    """The issuer's answer makes no sense."""
    sales = await scene.sales(till, 3)
    yield
    for sale in sales:
        scene.meets(FaultKind.GARBLED, of_kind="void", terminal=till.ids[0])
        await scene.void(till, sale, "issuer_error")


@fault(Reach.ISSUER, "05", "12", "57", "40")
async def known_misuse_of_a_code(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer says a suspicion by a code of its own, which the acquirer has written down."""
    sales = await scene.sales(till, 4)
    await scene.meaning(code, "risk_refusal")
    yield
    for sale in sales:
        scene.meets(FaultKind.CODE, of_kind="void", terminal=till.ids[0], code=code)
        await scene.void(till, sale, "risk_refusal")
