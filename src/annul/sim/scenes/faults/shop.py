"""Faults at the shop and at the acquirer: what is refused before any issuer is asked."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.faults.fault import Reach, fault
from annul.sim.scenes.scene import Scene
from annul.sim.scenes.till import Till
from annul.sim.terminal.batch import settle

Steps = AsyncGenerator[None, None]
_VOIDS = 5


@fault(Reach.DOOR)
async def wrong_voucher(scene: Scene, till: Till, _: str) -> Steps:
    """A voucher number that was never used."""
    sales = await scene.sales(till, _VOIDS)
    yield
    for sale in sales:
        trace = f"{900_000 + scene.random.randrange(99_999):06d}"
        ghost = replace(sale, trace=trace, rrn=f"{scene.random.randrange(10**12):012d}")
        await scene.void(till, ghost, "original_not_found")


@fault(Reach.DOOR)
async def wrong_amount(scene: Scene, till: Till, _: str) -> Steps:
    """Another amount is keyed."""
    sales = await scene.sales(till, _VOIDS)
    yield
    for sale in sales:
        wrong = sale.amount + scene.random.choice((-1, 1, 100, 900))
        await scene.void(till, sale, "original_mismatch", amount=wrong)


@fault(Reach.DOOR)
async def wrong_card(scene: Scene, till: Till, _: str) -> Steps:
    """Another card of the customer is keyed."""
    sales = await scene.sales(till, _VOIDS)
    yield
    for sale in sales:
        await scene.void(till, sale, "original_mismatch", card=scene.card())


@fault(Reach.DOOR)
async def voucher_of_a_refund(scene: Scene, till: Till, _: str) -> Steps:
    """The voucher number is that of a refund."""
    sales = await scene.sales(till, _VOIDS)
    refunds = [await till.do("refund", 100, scene.pan(sale), sale) for sale in sales]
    yield
    for refund, sale in zip(refunds, sales, strict=True):
        if refund is not None:
            await scene.void(till, refund, "original_mismatch", amount=100, card=scene.pan(sale))


@fault(Reach.DOOR)
async def sold_on_another_terminal(scene: Scene, till: Till, _: str) -> Steps:
    """The slip comes from another terminal of the shop; found by its reference number."""
    sales = await scene.sales(scene.elsewhere, _VOIDS)
    yield
    for sale in sales:
        elsewhere = replace(sale, trace="000000")
        await scene.void(till, elsewhere, "original_mismatch", card=scene.pan(sale))


@fault(Reach.DOOR, "05", "51", "61")
async def sale_was_declined(scene: Scene, till: Till, code: str) -> Steps:
    """The customer holds the slip of a sale that was declined."""
    scene.meets(FaultKind.CODE, of_kind="sale", terminal=till.ids[0], code=code, left=_VOIDS)
    declined = [await scene.sale(till) for _ in range(_VOIDS)]
    yield
    for sale in declined:
        if sale is not None:
            await scene.void(till, sale, "original_declined")


@fault(Reach.DOOR)
async def sale_still_open(scene: Scene, till: Till, _: str) -> Steps:
    """The sale had no answer, and its reversal has not been acknowledged yet."""
    terminal = till.ids[0]
    lost = scene.meets(FaultKind.LOST_ANSWER, of_kind="sale", left=3, terminal=terminal)
    held = scene.meets(FaultKind.LOST_REQUEST, of_kind="reversal", left=None, terminal=terminal)
    silent = [await scene.sale(till) for _ in range(3)]
    yield
    for sale in silent:
        if sale is not None:
            await scene.void(till, sale, "original_unfinished")
    lost.left = held.left = 0


@fault(Reach.DOOR, voids_first=True)
async def voided_before(scene: Scene, till: Till, _: str) -> Steps:
    """The same sale is voided once more."""
    sales = await scene.sales(till, _VOIDS)
    for sale in sales:
        await scene.void(till, sale, "")
    yield
    for sale in sales:
        await scene.void(till, sale, "already_undone")


@fault(Reach.DOOR)
async def refunded_before(scene: Scene, till: Till, _: str) -> Steps:
    """The sale was refunded, whole or in part."""
    sales = await scene.sales(till, _VOIDS)
    for sale in sales:
        part = sale.amount if scene.random.random() < 0.5 else sale.amount // 2
        await till.do("refund", part, scene.pan(sale), sale)
    yield
    for sale in sales:
        await scene.void(till, sale, "already_undone")


@fault(Reach.DOOR)
async def batch_was_settled(scene: Scene, till: Till, _: str) -> Steps:
    """The terminal has settled its batch since the sale."""
    sales = await scene.sales(till, _VOIDS)
    await settle(till.terminal)
    yield
    for sale in sales:
        await scene.void(till, sale, "already_settled")


@fault(Reach.DOOR)
async def sold_yesterday(scene: Scene, till: Till, _: str) -> Steps:
    """The business day has changed since the sale."""
    sales = await scene.sales(till, _VOIDS)
    await scene.sold_before(till, sales, timedelta(hours=20))
    yield
    for sale in sales:
        await scene.void(till, sale, "already_settled")


# The merchant's money --------------------------------------------------------------------------


@fault(Reach.MERCHANT)
async def paid_out(scene: Scene, till: Till, _: str) -> Steps:
    """Everything was paid out, so nothing covers the void."""
    sales = await scene.sales(till, _VOIDS)
    await scene.money(pending=-9_000_00, available=100)
    yield
    for sale in sales:
        await scene.void(till, sale, "merchant_balance_low")


@fault(Reach.MERCHANT)
async def frozen(scene: Scene, till: Till, _: str) -> Steps:
    """There is enough, but it is frozen."""
    sales = await scene.sales(till, _VOIDS)
    await scene.money(pending=0, available=20_000_00, frozen=29_000_00)
    yield
    for sale in sales:
        await scene.void(till, sale, "funds_frozen")


@fault(Reach.MERCHANT)
async def not_arrived(scene: Scene, till: Till, _: str) -> Steps:
    """The money of the day is on its way, and the contract does not count it."""
    sales = await scene.sales(till, _VOIDS)
    await scene.change("shop_pending_covers_nothing")
    await scene.money(pending=9_000_00, available=50)
    yield
    for sale in sales:
        await scene.void(till, sale, "funds_not_arrived")


# The set-up ------------------------------------------------------------------------------------


@fault(Reach.DOOR)
async def void_not_enabled(scene: Scene, till: Till, _: str) -> Steps:
    """The terminal is set up for sales alone."""
    sales = await scene.sales(till, _VOIDS)
    await scene.terminal(till, "terminal_sells_alone")
    yield
    for sale in sales:
        await scene.void(till, sale, "terminal_misconfigured")
    await scene.terminal(till, "terminal_does_all")


@fault(Reach.DOOR)
async def terminal_limit_lowered(scene: Scene, till: Till, _: str) -> Steps:
    """Somebody has lowered the terminal's limit below the sale."""
    sales = await scene.sales(till, _VOIDS)
    await scene.terminal(till, "terminal_limit", amount=500)
    yield
    for sale in sales:
        await scene.void(till, sale, "terminal_misconfigured")
    await scene.terminal(till, "terminal_limit", amount=5_000_000_00)


@fault(Reach.DOOR)
async def old_software_leaves_a_field_out(scene: Scene, till: Till, _: str) -> Steps:
    """A terminal that was never updated does not send what is asked for today."""
    sales = await scene.sales(till, _VOIDS)
    await scene.terminal(till, "terminal_outdated")
    yield
    for sale in sales:
        await scene.bare_void(till, sale, "terminal_outdated")


@fault(Reach.VOID, "30", "12", "96")
async def old_software_at_the_issuer(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer refuses what an old terminal sends."""
    sales = await scene.sales(till, _VOIDS)
    await scene.terminal(till, "terminal_outdated")
    scene.meets(FaultKind.CODE, of_kind="void", terminal=till.ids[0], code=code, left=None)
    yield
    for sale in sales:
        await scene.void(till, sale, "terminal_outdated")


@fault(Reach.DOOR)
async def signed_off_by_the_host(scene: Scene, till: Till, _: str) -> Steps:
    """The host does not hold the terminal for signed in any more."""
    sales = await scene.sales(till, 1)
    yield
    for sale in sales:
        await scene.terminal(till, "terminal_signed_off")
        await scene.void(till, sale, "keys_out_of_step")


@fault(Reach.DOOR)
async def terminal_switched_off(scene: Scene, till: Till, _: str) -> Steps:
    """The terminal's registration was ended."""
    sales = await scene.sales(till, _VOIDS)
    await scene.terminal(till, "terminal_switched_off")
    yield
    for sale in sales:
        await scene.void(till, sale, "not_registered")


@fault(Reach.ALONE)
async def merchant_switched_off(scene: Scene, till: Till, _: str) -> Steps:
    """The merchant's contract was ended."""
    sales = await scene.sales(till, _VOIDS)
    await scene.change("shop_switched_off")
    yield
    for sale in sales:
        await scene.void(till, sale, "not_registered")


# The host --------------------------------------------------------------------------------------


@fault(Reach.ISSUER)
async def route_taken_away(scene: Scene, till: Till, _: str) -> Steps:
    """The acquirer has switched the issuer's line off by mistake."""
    sales = await scene.sales(till, _VOIDS)
    yield
    await scene.route(on=False)
    for sale in sales:
        await scene.void(till, sale, "acquirer_fault")
    await scene.route(on=True)


@fault(Reach.VOID)
async def host_interrupted(scene: Scene, till: Till, _: str) -> Steps:
    """The host ends between sending the void and hearing its answer."""
    sales = await scene.sales(till, 2)
    yield
    for sale in sales:
        scene.meets(FaultKind.LOST_ANSWER, of_kind="void", terminal=till.ids[0])
        await scene.interrupted_void(till, sale, "acquirer_fault")
