"""Codes that are misused, or that are an issuer's own."""

from annul.sim.issuer.faults import FaultKind

from .play import Play
from .situation import Area, situation

_DOWN = "issuer_down"


@situation(Area.CODES, "14", "54", "05", "57", "51", "94", outage=True)
async def something_else_is_said_when_down(play: Play) -> None:
    """The issuer fails and says something of the card, to everybody."""
    sales = await play.sales(3)
    await play.others(8, voids=1)
    play.down()
    await play.others(8)
    await play.voids(sales, _DOWN, ends=("voided",))
    await play.others(6)
    await play.tried()
    await play.well_again()


@situation(Area.CODES, "Q1", "ZZ", "x7", outage=True)
async def private_code_when_down(play: Play) -> None:
    """The issuer fails, and says so in a way of its own, to everybody."""
    sales = await play.sales(3)
    await play.others(8, voids=1)
    play.down()
    await play.others(8)
    await play.voids(sales, _DOWN, ends=("voided",))
    await play.others(6)
    await play.tried()
    await play.well_again()


@situation(Area.CODES, "Q1", "ZZ", "n4")
async def private_code_of_a_card(play: Play) -> None:
    """The issuer has its own code for a card that is not good any more, and others do well."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.refuses(bin=play.scene.pan(sale))
    await play.scene.sale(play.till, card=play.scene.pan(sale))
    await play.others(4, voids=1)
    await play.void(
        sale, "card_problem", "risk_refusal", at_first=("card_problem", "risk_refusal", "unknown")
    )
    await play.others(4, voids=1)
    await play.tried()


@situation(Area.CODES, "Q1", "ZZ", "8K")
async def private_code_once(play: Play) -> None:
    """One void is refused with a code that nobody knows; the next one would go through."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.refuses(of_kind="void", terminal=play.till.ids[0], left=1)
    await play.void(sale, "unknown", "issuer_error", ends=("voided",))
    await play.others(6, voids=1)


@situation(Area.CODES, "25")
async def the_issuer_forgot_the_sale(play: Play) -> None:
    """The issuer says that there is no such sale, though it has approved it."""
    play.meets(FaultKind.FORGETS, of_kind="sale", terminal=play.till.ids[0])
    sales = await play.sales(2)
    await play.others(6, voids=1)
    await play.voids(sales, "issuer_error", ends=("refused", ""))
    await play.others(6, voids=1)
    await play.tried()


@situation(Area.CODES, "03", "99", "97")
async def said_of_what_is_right_here(play: Play) -> None:
    """The issuer doubts the shop or its keys, which have just been proved to be right."""
    sales = await play.sales(3)
    await play.others(6, voids=1)
    for sale in sales:
        play.refuses(of_kind="void", terminal=play.till.ids[0], left=1)
        await play.void(sale, "issuer_error", "unknown", ends=("voided",))
        await play.others(4, voids=1)


@situation(Area.CODES, "05", "12", "57")
async def busy_now_and_then(play: Play) -> None:
    """The issuer says something of the card to half of everybody when it is busy."""
    sales = await play.sales(4)
    await play.others(8, voids=2)
    play.refuses(rate=0.5)
    await play.others(12)
    await play.voids(sales, _DOWN, "unknown", at_first=(_DOWN, "unknown"), ends=("voided",))
    await play.others(12)
    await play.tried(2)
    await play.well_again()


@situation(Area.CODES, "55", "75", "38")
async def pin_that_was_not_asked_for(play: Play) -> None:
    """The issuer refuses a PIN that a void does not have; sales of the card go through."""
    [sale] = await play.sales(1)
    await play.others(4, voids=1)
    play.refuses(of_kind="void", bin=play.scene.pan(sale))
    await play.scene.sale(play.till, card=play.scene.pan(sale))
    await play.void(sale, "issuer_error", "unknown", "issuer_unsupported", "card_problem")
    await play.scene.sale(play.till, card=play.scene.pan(sale))
    await play.others(4, voids=1)
    await play.tried()
