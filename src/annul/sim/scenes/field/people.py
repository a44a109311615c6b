"""Cashiers who err, and people who cheat."""

import asyncio
from dataclasses import replace

from annul.sim.issuer.faults import FaultKind

from .play import Play
from .situation import Area, situation

_MISMATCH = "original_mismatch"
_NOT_FOUND = "original_not_found"


@situation(Area.PEOPLE)
async def voucher_of_another_sale(play: Play) -> None:
    """The cashier keys the voucher of the sale before, with card and amount of this one."""
    first, second = await play.sales(2)
    keyed = {"card": play.scene.pan(second), "amount": second.amount}
    await play.void(first, _MISMATCH, ends=("refused",), **keyed)


@situation(Area.PEOPLE)
async def amount_wrong_then_right(play: Play) -> None:
    """One fen too much is keyed, and then the right amount."""
    [sale] = await play.sales(1)
    await play.void(sale, _MISMATCH, amount=sale.amount + 1)
    await play.void(sale)


@situation(Area.PEOPLE)
async def card_wrong(play: Play) -> None:
    """The customer presents another card of theirs."""
    sales = await play.sales(2)
    await play.others(4, voids=1)
    for sale in sales:
        await play.void(sale, _MISMATCH, ends=("refused",), card=play.card())


@situation(Area.PEOPLE)
async def voucher_that_never_was(play: Play) -> None:
    """A digit of the voucher is wrong, and so is the reference."""
    [sale] = await play.sales(1)
    ghost = replace(sale, trace=f"7{sale.trace[1:]}", rrn="888888888888")
    await play.void(ghost, _NOT_FOUND, ends=("refused",))


@situation(Area.PEOPLE)
async def void_of_a_void(play: Play) -> None:
    """The cashier wants a void undone, and keys the void's own voucher."""
    [sale] = await play.sales(1)
    await play.void(sale)
    undone = play.till.journal.records()[-1]
    card = play.scene.pan(sale)
    await play.void(undone, _MISMATCH, ends=("refused",), card=card, amount=sale.amount)


@situation(Area.PEOPLE)
async def voided_twice(play: Play) -> None:
    """The cashier voids a sale again, since the first slip was lost."""
    sales = await play.sales(2)
    for sale in sales:
        await play.void(sale)
        await play.void(sale, "already_undone", ends=("refused",))


@situation(Area.PEOPLE)
async def pressed_again_while_it_hangs(play: Play) -> None:
    """The void hangs, and the cashier presses again before it is known what became of it."""
    [sale] = await play.sales(1)
    await play.others(4, voids=1)
    terminal = play.till.ids[0]
    held = play.meets(FaultKind.LOST_REQUEST, of_kind="reversal", terminal=terminal)
    play.meets(FaultKind.LOST_ANSWER, of_kind="void", terminal=terminal, left=1)
    both = ("timeout", "repeated_too_soon")
    await play.void(sale, "timeout", at_first=both, ends=("voided",))
    await play.void(sale, *both, ends=("voided",))
    held.left = 0


@situation(Area.PEOPLE, "05", "51")
async def sale_that_was_declined(play: Play) -> None:
    """The customer shows the slip of a sale that was declined."""
    play.refuses(of_kind="sale", terminal=play.till.ids[0], left=2)
    declined = [await play.scene.sale(play.till) for _ in range(2)]
    for sale in declined:
        if sale is not None:
            await play.void(sale, "original_declined", ends=("refused",))


@situation(Area.PEOPLE)
async def slip_of_another_till(play: Play) -> None:
    """The sale was made at another till of the shop."""
    sales = await play.sales(2, till=play.scene.elsewhere)
    for sale in sales:
        elsewhere = replace(sale, trace="000000")
        card = play.scene.pan(sale)
        await play.void(elsewhere, _MISMATCH, ends=("refused",), card=card)


@situation(Area.PEOPLE)
async def refunded_and_then_voided(play: Play) -> None:
    """One colleague refunds it, whole or in part, and another one voids it."""
    sales = await play.sales(2)
    for sale, part in zip(sales, (1, 2), strict=True):
        await play.till.do("refund", sale.amount // part, play.scene.pan(sale), sale)
        await play.void(sale, "already_undone", ends=("refused",))


@situation(Area.PEOPLE)
async def guessed_vouchers(play: Play) -> None:
    """Somebody tries one voucher after the other, with a card of theirs."""
    sales = await play.sales(2)
    card = play.card()
    for number in range(8):
        ghost = replace(sales[0], trace=f"{500_000 + number:06d}", rrn=f"{number:012d}")
        await play.void(ghost, _NOT_FOUND, ends=("refused",), card=card)
    for sale in sales:  # and finds two that are there
        await play.void(sale, _MISMATCH, ends=("refused",), card=card)


@situation(Area.PEOPLE)
async def voids_to_a_card_of_ones_own(play: Play) -> None:
    """A cashier voids what strangers bought, to one card."""
    sales = await play.sales(5)
    card = play.card()
    for sale in sales:
        await play.void(sale, _MISMATCH, ends=("refused",), card=card)
        await asyncio.sleep(0.1)


@situation(Area.PEOPLE)
async def wrong_amount_while_the_issuer_is_down(play: Play) -> None:
    """A wrong amount is keyed while the issuer is down: it is the amount."""
    [sale] = await play.sales(1)
    await play.others(4, voids=1)
    play.scene.issuer.server.maintenance = True
    await play.others(4)
    await play.void(sale, _MISMATCH, ends=("refused",), amount=sale.amount - 1)
    play.healed()


@situation(Area.PEOPLE)
async def kind_switched_off_at_the_terminal(play: Play) -> None:
    """Voids were switched off at this terminal; then they are switched on again."""
    [sale] = await play.sales(1)
    await play.scene.terminal(play.till, "terminal_sells_alone")
    await play.void(sale, "terminal_misconfigured", ends=("voided", "refused"))
    await play.tried(1)
    await play.scene.terminal(play.till, "terminal_does_all")
