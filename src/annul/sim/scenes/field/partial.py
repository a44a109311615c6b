"""A slice of an issuer is out of order, or a share of what it is asked."""

import asyncio

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.proxy import Mode

from .play import Play
from .situation import Area, situation

_DOWN = "issuer_down"
_RANGE = "7"  # the cards of one product begin so, behind the issuer's prefix


@situation(Area.PARTIAL, "91", "96", "05", outage=True)
async def one_range_down(play: Play) -> None:
    """One of the issuer's ranges fails, whatever it is asked; the others do well."""
    sales = await play.sales(3, of_range=_RANGE)
    await play.others(8, voids=2)
    play.refuses(bin=f"{play.scene.prefix}{_RANGE}")
    await play.others(8, of_range=_RANGE)
    await play.others(4, of_range="3")
    await play.voids(sales, _DOWN, ends=("voided",))
    await play.others(4, of_range=_RANGE)
    await play.others(4, of_range="3")
    await play.tried()
    await play.well_again()


@situation(Area.PARTIAL, outage=True)
async def one_range_silent(play: Play) -> None:
    """The same, and nothing comes back for its cards."""
    sales = await play.sales(2, of_range=_RANGE)
    await play.others(8, voids=2)
    play.meets(FaultKind.LOST_REQUEST, bin=f"{play.scene.prefix}{_RANGE}")
    await asyncio.gather(play.others(4, of_range=_RANGE), play.sales(6, till=play.scene.tills[4]))
    await play.voids(sales, _DOWN, ends=("voided",))
    await play.tried()
    await play.well_again()


@situation(Area.PARTIAL, "03", "58", "05", "57")
async def one_shop_blocked(play: Play) -> None:
    """The issuer takes nothing from this shop any more; another shop does well."""
    sales = await play.sales(3)
    other = await play.another_shop()
    await play.sales(6, till=other)
    play.refuses(merchant=play.scene.merchant)
    await play.others(6)
    sold = await play.sales(6, till=other)
    await play.voids(sold[:3], till=other)
    await play.voids(sales, "shop_blocked", "not_registered")
    await play.sales(4, till=other)
    await play.others(4)
    await play.tried()


@situation(Area.PARTIAL, "58", "03")
async def one_terminal_blocked(play: Play) -> None:
    """The issuer takes nothing from this terminal; the others of the shop do well."""
    sales = await play.sales(3)
    await play.others(6, voids=1)
    play.refuses(terminal=play.till.ids[0])
    await play.sales(4)
    await play.others(6, voids=1)
    await play.voids(sales, "shop_blocked", "not_registered", "terminal_misconfigured")
    await play.others(4, voids=1)
    await play.tried()


@situation(Area.PARTIAL, "40", "57", "12", "91")
async def one_kind_not_done(play: Play) -> None:
    """The issuer does no voids and does everything else, also when it is asked often."""
    sales = await play.sales(4)
    play.policy.void_supported, play.policy.codes["unsupported"] = False, play.code
    await play.others(10)
    for sale in sales:
        await play.void(sale, "issuer_unsupported", at_first=("issuer_unsupported", "unknown"))
        await play.others(4)
    await play.tried()


@situation(Area.PARTIAL, "40", "57", "12")
async def one_range_does_no_voids(play: Play) -> None:
    """Of one range no voids are done; of the others they are."""
    sales = await play.sales(4, of_range=_RANGE)
    others = await play.sales(8, till=play.scene.tills[4], of_range="3")
    play.refuses(of_kind="void", bin=f"{play.scene.prefix}{_RANGE}")
    for sale, other in zip(sales, others, strict=False):
        await play.void(other, till=play.scene.tills[4])
        await play.others(2, of_range=_RANGE)
        await play.void(sale, "issuer_unsupported", at_first=("issuer_unsupported", "unknown"))
    await play.voids(others[4:], till=play.scene.tills[4])
    await play.tried()


@situation(Area.PARTIAL, "91", "96", outage=True)
async def sixty_of_a_hundred_fail(play: Play) -> None:
    """Most of what the issuer is asked fails, by chance; then all is well."""
    sales = await play.sales(5)
    await play.others(8, voids=2)
    play.refuses(rate=0.6)
    await play.others(10)
    await play.voids(sales, _DOWN, ends=("voided",))
    await play.others(10)
    await play.tried(2)
    await play.well_again()


@situation(Area.PARTIAL)
async def each_third_void_is_lost(play: Play) -> None:
    """Each third void is lost on its way; everything else does well."""
    sales = await play.sales(6)
    await play.others(6, voids=1)
    for number, sale in enumerate(sales):
        if number % 3 == 2:
            play.meets(FaultKind.LOST_REQUEST, of_kind="void", terminal=play.till.ids[0], left=1)
            await play.void(sale, "timeout", ends=("voided",))
        else:
            await play.void(sale)
        await play.others(2)


@situation(Area.PARTIAL, outage=True)
async def slower_and_slower(play: Play) -> None:
    """The issuer gets slower from request to request, until its answers come too late."""
    sales = await play.sales(2)
    limit = play.scene.place.timeout_ms
    slow = play.meets(FaultKind.DELAY)
    for share in (0.1, 0.2, 0.4, 0.6, 0.8):
        slow.low_ms = slow.high_ms = int(limit * share)
        await play.others(4)
    slow.low_ms, slow.high_ms = limit + 150, limit + 500
    await play.others(4)
    await play.voids(sales, "late_answer", _DOWN, at_first=("late_answer", "timeout", _DOWN))
    await play.tried()
    await play.well_again()


@situation(Area.PARTIAL, "91", "96", outage=True)
async def up_and_down(play: Play) -> None:
    """The issuer fails for a second, does well for one, and so on; then it does well."""
    sales = await play.sales(6)

    async def flap() -> None:
        while True:
            play.down()
            await asyncio.sleep(1.0)
            play.healed()
            await asyncio.sleep(0.7)

    async def busy() -> None:
        while True:
            await play.others(4)
            await asyncio.sleep(0.2)

    both = [asyncio.create_task(flap()), asyncio.create_task(busy())]
    for sale in sales:
        await play.void(sale, _DOWN, ends=("voided",))
        await asyncio.sleep(0.5)
    for task in both:  # who is busy uses the tills that find out that all is well
        task.cancel()
    await asyncio.wait(both)
    await play.well_again()


@situation(Area.PARTIAL, outage=True)
async def line_up_and_down(play: Play) -> None:
    """The line to the issuer breaks whenever something is asked, comes back, and breaks again."""
    sales = await play.sales(3)
    await play.others(6)
    for sale in sales:
        await play.scene.up()
        play.scene.proxy.mode = Mode.CUT_REQUEST
        await play.void(sale, "issuer_link", ends=("voided",))
        play.scene.proxy.mode = Mode.PASS
    await play.scene.up()
