"""Whether the shop's money covers a void, to the fen."""

import asyncio

from annul.sim.terminal.journal import Record

from .play import Play
from .situation import Area, situation


async def _short(play: Play, sale: Record, fen: int) -> int:
    """Give what would cover a void but for so much: its fee comes back, so it is not needed."""
    return sale.amount - await play.scene.fee(sale) - fen


@situation(Area.MONEY)
async def one_fen_short(play: Play) -> None:
    """One fen is missing, counting the fee that comes back; with all of it, it goes through."""
    sales = [sale for sale in await play.sales(4) if sale.amount > 1]
    for sale in sales[:2]:
        await play.scene.money(pending=0, available=await _short(play, sale, 1))
        await play.void(sale, "merchant_balance_low")
    await play.scene.money(pending=0, available=await _short(play, sales[2], 0))
    await play.void(sales[2])
    await play.tried(1)


@situation(Area.MONEY)
async def one_fen_of_the_fee(play: Play) -> None:
    """All but a part of the fee is there: the fee comes back, so it goes through."""
    sales = await play.sales(2)
    for sale in sales:
        fee = await play.scene.fee(sale)
        await play.scene.money(
            pending=0, available=sale.amount - max(1, fee // 2) if fee else 10**7
        )
        await play.void(sale)


@situation(Area.MONEY)
async def money_arrives_right_after(play: Play) -> None:
    """One fen is missing, and arrives while annul waits for it."""
    [sale] = await play.sales(1)
    await play.scene.money(pending=0, available=await _short(play, sale, 1))
    await play.void(sale, "merchant_balance_low", ends=("voided",))
    await asyncio.sleep(2)
    await play.scene.money(pending=0, available=await _short(play, sale, 0))


@situation(Area.MONEY)
async def plenty_arrives_right_after(play: Play) -> None:
    """The shop was paid out; the sales of the next hours cover it."""
    [sale] = await play.sales(1)
    await play.scene.money(pending=-50_00, available=0)
    await play.void(sale, "merchant_balance_low", ends=("voided",))
    await play.others(8)
    await asyncio.sleep(1)
    await play.scene.money(pending=9_000_00, available=0)


@situation(Area.MONEY)
async def frozen_but_for_one_fen(play: Play) -> None:
    """There is enough, and so much of it is frozen that one fen is missing."""
    [sale] = await play.sales(1)
    need = await _short(play, sale, 0)
    await play.scene.money(pending=0, available=need - 1, frozen=500_00)
    await play.void(sale, "funds_frozen", ends=("voided",))
    await play.tried(1)
    await play.scene.money(pending=0, available=need + 500_00)


@situation(Area.MONEY)
async def on_its_way_but_for_one_fen(play: Play) -> None:
    """The money of the day is on its way and does not count; with it there would be enough."""
    [sale] = await play.sales(1)
    await play.scene.change("shop_pending_covers_nothing")
    need = await _short(play, sale, 0)
    await play.scene.money(pending=need, available=need - 1)
    await play.void(sale, "funds_not_arrived", ends=("voided",))
    await play.tried(1)
    await play.scene.money(pending=0, available=need)


@situation(Area.MONEY)
async def money_for_one_of_two(play: Play) -> None:
    """The money covers one void and not the next one."""
    first, second = await play.sales(2)
    need = await _short(play, first, 0)
    await play.scene.money(pending=0, available=need + await _short(play, second, 1))
    await play.void(first)
    await play.void(second, "merchant_balance_low")
    await play.tried(1)


@situation(Area.MONEY)
async def a_shop_without_fees(play: Play) -> None:
    """A shop that pays no fees: one fen is missing of the whole amount."""
    await play.scene.pays_no_fees()
    first, second = await play.sales(2)
    await play.scene.money(pending=0, available=first.amount - 1)
    await play.void(first, "merchant_balance_low")
    await play.scene.money(pending=0, available=second.amount)
    await play.void(second)
    await play.tried(1)
