"""Days that end in between, clocks that are wrong, and terminals that were installed anew."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

from annul.sim.issuer.faults import FaultKind
from annul.sim.terminal.batch import settle
from annul.sim.terminal.journal import Record

from .play import Play
from .situation import Area, situation

_ZONE = ZoneInfo("Asia/Shanghai")
_BY_THE_ISSUER = ("already_settled", "end_of_day", "outside_void_window")


async def _sold_the_day_before(play: Play, sales: list[Record], ago: timedelta) -> None:
    """Let sales belong to the business day before, sold so long ago."""
    await play.scene.sold_before(play.till, sales, ago)


@situation(Area.CLOCKS)
async def cut_over_in_between(play: Play) -> None:
    """Sold before the cut-over and voided after it, hours later or at the second."""
    sales = await play.sales(3)
    await play.others(4, voids=1)
    await _sold_the_day_before(play, sales[:1], timedelta(hours=20))
    await _sold_the_day_before(play, sales[1:2], timedelta(seconds=1))
    await play.voids(sales[:2], "already_settled", ends=("refunded", "refused"))
    await play.void(sales[2])
    await play.tried(1)


@situation(Area.CLOCKS)
async def cut_over_and_a_lost_answer(play: Play) -> None:
    """The sale is of the day before and the issuer is silent besides: it is never asked."""
    [sale] = await play.sales(1)
    await play.others(4, voids=1)
    await _sold_the_day_before(play, [sale], timedelta(minutes=5))
    play.down(silent=True)
    await play.void(sale, "already_settled", ends=("refunded", "refused"))
    play.healed()
    await play.tried(1)


@situation(Area.CLOCKS, "12", "05", "25")
async def the_issuers_day_has_ended(play: Play) -> None:
    """The issuer's day has ended, the acquirer's has not: only what was sold before is refused."""
    sales, other = await play.sales(2), play.scene.tills[2]
    [before] = await play.sales(1, till=other)
    for sale in (*sales, before):
        play.refuses(of_kind="void", bin=play.scene.pan(sale))
    await play.others(6, voids=3)
    await play.void(before, *_BY_THE_ISSUER, "unknown", till=other)
    await play.others(2, voids=1)
    await play.voids(sales, *_BY_THE_ISSUER, "unknown")
    await play.tried()


@situation(Area.CLOCKS)
async def clock_a_day_wrong(play: Play) -> None:
    """The terminal's clock is a day slow; what is in its way is a lost answer, not its clock."""
    play.now_of(play.till, lambda: play.scene.place.now() - timedelta(days=1))
    sales = await play.sales(2)
    await play.others(4, voids=1)
    await play.void(sales[0])
    play.meets(FaultKind.LOST_ANSWER, of_kind="void", terminal=play.till.ids[0], left=1)
    await play.void(sales[1], "timeout", ends=("voided",))
    await play.others(4, voids=1)


@situation(Area.CLOCKS)
async def clock_hours_fast(play: Play) -> None:
    """The terminal's clock is past the cut-over already, the host's is not."""
    play.now_of(play.till, lambda: play.scene.place.now() + timedelta(hours=9))
    sales = await play.sales(2)
    await play.others(4, voids=1)
    await play.voids(sales)


@situation(Area.CLOCKS)
async def voucher_numbers_start_anew(play: Play) -> None:
    """A terminal installed anew counts from one again, in the batch in which it has sold."""
    sales = await play.sales(3)
    await play.others(4, voids=1)
    fresh = await play.reinstalled(play.till)
    await play.voids(sales[1:], "voucher_reused", "terminal_misconfigured", till=fresh)
    await play.tried(1)


@situation(Area.CLOCKS)
async def two_devices_with_one_number(play: Play) -> None:
    """Two devices with one number void one sale at once: one of them goes through."""
    sales = await play.sales(2)
    await play.others(4, voids=1)
    other = await play.cloned(play.till)
    for sale in sales:
        causes = ("repeated_too_soon", "already_undone")
        await asyncio.gather(play.void(sale, *causes), play.void(sale, *causes, till=other))
    await play.tried(1)


@situation(Area.CLOCKS)
async def settled_by_the_other_device(play: Play) -> None:
    """One of two devices with one number has settled; the other voids what was sold before."""
    sales = await play.sales(2)
    await play.others(4, voids=1)
    other = await play.cloned(play.till)
    await settle(play.till.terminal)
    await play.voids(sales, "already_settled", "keys_out_of_step", till=other)
    await play.tried(1)


@situation(Area.CLOCKS)
async def settled_since_the_sale(play: Play) -> None:
    """The batch was settled since the sale, and the cashier finds an old slip."""
    sales = await play.sales(2)
    await settle(play.till.terminal)
    await play.sales(2)
    await play.voids(sales, "already_settled", ends=("refunded", "refused"))
    await play.tried(1)
