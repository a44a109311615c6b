"""Several faults at once, and faults that end just before a void or just after it."""

import asyncio
from dataclasses import replace

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.proxy import Mode

from .play import Play
from .situation import Area, situation

_DOWN = "issuer_down"


@situation(Area.SEVERAL, "54", "41", "05")
async def three_troubles_at_three_tills(play: Play) -> None:
    """A spoilt card, a wrong voucher and a lost answer, all at one moment."""
    tills = play.scene.tills
    sales = [(await play.sales(1, till=till))[0] for till in tills[:3]]
    await play.others(4, voids=1)
    play.refuses(bin=play.scene.pan(sales[0]))
    await play.scene.sale(tills[0], card=play.scene.pan(sales[0]))
    play.meets(FaultKind.LOST_ANSWER, of_kind="void", terminal=tills[2].ids[0], left=1)
    ghost = replace(sales[1], trace="912345", rrn="999999999999")
    card = ("card_problem", "risk_refusal")
    await asyncio.gather(
        play.void(sales[0], *card, at_first=(*card, "unknown"), ends=("refused", "")),
        play.void(ghost, "original_not_found", till=tills[1]),
        play.void(sales[2], "timeout", till=tills[2], ends=("voided",)),
    )
    await play.others(4, voids=1)
    await play.tried()


@situation(Area.SEVERAL, "91", "96", outage=True)
async def one_trouble_after_the_other(play: Play) -> None:
    """The line breaks, the issuer fails, then it is slow, then well: one void meets all of it."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.scene.proxy.mode = Mode.CUT_ANSWER
    all_of_it = ("issuer_link", _DOWN, "late_answer")
    await play.void(sale, *all_of_it, at_first=("issuer_link",), ends=("voided",))
    play.scene.proxy.mode = Mode.PASS
    play.down()
    await play.others(4)
    await play.tried(2)
    play.healed()
    low = play.scene.place.timeout_ms + 100
    play.meets(FaultKind.DELAY, low_ms=low, high_ms=low + 200)
    await play.others(2)
    await play.well_again()


@situation(Area.SEVERAL, "54", "41", "62")
async def outage_over_before_a_spoilt_card(play: Play) -> None:
    """An outage has ended, others do well again, and this card is refused for itself."""
    [sale] = await play.sales(1)
    await play.others(4, voids=1)
    play.scene.issuer.server.maintenance = True
    await play.others(8)
    play.healed()
    await play.others(4, voids=1)
    play.refuses(bin=play.scene.pan(sale))
    await play.void(sale, "card_problem", ends=("refused",))
    await play.others(4, voids=1)
    await play.tried(1)


@situation(Area.SEVERAL, "91", "96", "05", outage=True)
async def outage_over_right_after(play: Play) -> None:
    """The void is the last that an outage fails."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.down()
    await play.others(6)
    await play.void(sale, _DOWN, ends=("voided",))
    play.healed()
    await play.others(8, voids=2)


@situation(Area.SEVERAL, "14", "54", "41", outage=True)
async def outage_ends_with_a_word_about_the_card(play: Play) -> None:
    """An outage; as it ends, one of annul's own tries is refused as if the card were spoilt."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.scene.issuer.server.maintenance = True
    await play.others(6)
    await play.void(sale, _DOWN, ends=("voided",))
    await play.tried(1)
    play.refuses(of_kind="void", left=1)
    play.scene.issuer.server.maintenance = False
    await play.others(6, voids=2)
    await play.tried()


@situation(Area.SEVERAL, "61", "57", outage=True)
async def limit_behind_an_outage(play: Play) -> None:
    """Behind an outage there is a limit that is known, which the void is over as well."""
    await play.scene.policy("void_amount_limit", 500_00, 30 * 86_400.0)
    large = await play.scene.sale(play.till, 800_00)
    assert large is not None, "nothing is in the way of a sale"
    await play.others(4, voids=1)
    play.policy.void_amount_limit, play.policy.codes["void_amount"] = 500_00, play.code
    play.scene.issuer.server.maintenance = True
    await play.others(6)
    both = (_DOWN, "issuer_limit_amount")
    await play.void(large, *both, ends=("refunded", "refused"))
    await play.tried(2)
    play.healed()
    await play.others(6, voids=1)


@situation(Area.SEVERAL, "51", "05", "55")
async def declined_before_it_was_sold(play: Play) -> None:
    """The card was declined and then approved: that says nothing of why its void is lost."""
    card = play.card()
    await play.others(4, voids=1)
    play.refuses(of_kind="sale", bin=card, left=2)
    for _ in range(2):
        await play.scene.sale(play.till, card=card)
    [sale] = await play.sales(1, card=card)
    play.meets(FaultKind.LOST_REQUEST, of_kind="void", terminal=play.till.ids[0], left=1)
    await play.void(sale, "timeout", ends=("voided",))
    await play.others(4, voids=1)


@situation(Area.SEVERAL, "59", "41", "51")
async def others_are_declined_for_their_own_cards(play: Play) -> None:
    """Cards of others are refused all around, and this void is lost on its way."""
    [sale] = await play.sales(1)
    await play.others(4, voids=1)
    for _ in range(4):
        play.refuses(of_kind="sale", terminal=play.scene.tills[2].ids[0], left=1)
        await play.others(4)
    play.meets(FaultKind.LOST_REQUEST, of_kind="void", terminal=play.till.ids[0], left=1)
    await play.void(sale, "timeout", ends=("voided",))
    await play.others(4, voids=1)


@situation(Area.SEVERAL, outage=True)
async def both_lines_are_bad(play: Play) -> None:
    """The terminal hears nothing, and the issuer does not answer either."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.down(silent=True)
    await play.others(2)
    play.till.proxy.mode = Mode.CUT_ANSWER
    await play.void(sale, _DOWN, "terminal_link", "timeout")
    play.till.proxy.mode = Mode.PASS
    await play.others(4)
    play.healed()
    await play.till.terminal.settle_owed()
    await play.tried(1)


@situation(Area.SEVERAL, "41", "54")
async def maintenance_is_over(play: Play) -> None:
    """A maintenance that was announced has ended a minute ago; this card is spoilt."""
    [sale] = await play.sales(1)
    await play.scene.policy("maintenance", 0, age_s=3_600, lasts_s=-60)
    await play.others(6, voids=2)
    play.refuses(bin=play.scene.pan(sale))
    await play.void(sale, "card_problem", ends=("refused",))
    await play.others(4, voids=1)
    await play.tried(1)


@situation(Area.SEVERAL, "91", outage=True)
async def no_money_and_no_issuer(play: Play) -> None:
    """The shop's money does not cover it, and the issuer is down besides."""
    [sale] = await play.sales(1)
    await play.others(4)
    play.down()
    await play.others(4)
    await play.scene.money(pending=0, available=100)
    await play.void(
        sale,
        "merchant_balance_low",
        _DOWN,
        at_first=("merchant_balance_low",),
        ends=("voided",),
    )
    await play.scene.money(pending=0, available=9_000_00)
    await play.tried(1)
    await play.well_again()
