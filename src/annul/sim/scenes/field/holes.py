"""Lines that take all and give nothing, answers of others, and echoes that say too much."""

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.proxy import Mode

from .play import Play
from .situation import Area, situation

_NOTHING_BACK = ("issuer_link", "issuer_down")


@situation(Area.HOLES, outage=True)
async def line_takes_all_and_gives_nothing(play: Play) -> None:
    """The line to the issuer stays up and carries nothing, for everybody; then it is mended."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.scene.proxy.mode = Mode.HOLE
    await play.others(2)
    await play.void(sale, *_NOTHING_BACK, at_first=(*_NOTHING_BACK, "timeout"), ends=("voided",))
    await play.tried()
    play.scene.proxy.mode = Mode.PASS
    play.scene.proxy.cut()
    await play.scene.up()
    await play.well_again()


@situation(Area.HOLES, outage=True)
async def line_gives_nothing_and_nobody_else_asks(play: Play) -> None:
    """The same with an issuer that nobody else asks."""
    [sale] = await play.sales(1)
    play.scene.proxy.mode = Mode.HOLE
    await play.void(
        sale, *_NOTHING_BACK, at_first=(*_NOTHING_BACK, "timeout", "unknown"), ends=("voided",)
    )
    await play.tried()
    play.scene.proxy.mode = Mode.PASS
    play.scene.proxy.cut()


@situation(Area.HOLES, outage=True)
async def answers_are_lost_for_everybody(play: Play) -> None:
    """Requests come through, and not one answer; what was asked is done all the same."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.scene.proxy.mode = Mode.SWALLOW_ANSWER
    await play.others(2)
    await play.void(sale, *_NOTHING_BACK, at_first=(*_NOTHING_BACK, "timeout"), ends=("voided",))
    await play.tried()
    play.scene.proxy.mode = Mode.PASS
    play.scene.proxy.cut()
    await play.scene.up()
    await play.well_again()


@situation(Area.HOLES, outage=True)
async def echoes_alone_are_answered(play: Play) -> None:
    """The issuer answers tests of the line and nothing that moves money, to anybody."""
    [sale] = await play.sales(1)
    await play.others(6, voids=1)
    play.meets(FaultKind.LOST_REQUEST)
    await play.others(4)
    await play.void(sale, "issuer_down", at_first=("issuer_down", "timeout"), ends=("voided",))
    await play.others(2)
    await play.tried()
    await play.well_again()


@situation(Area.HOLES, outage=True)
async def echoes_alone_and_nobody_else_asks(play: Play) -> None:
    """The same with an issuer that nobody else asks."""
    [sale] = await play.sales(1)
    play.meets(FaultKind.LOST_REQUEST)
    await play.void(
        sale,
        "issuer_down",
        "timeout",
        at_first=("issuer_down", "timeout", "unknown"),
        ends=("voided",),
    )
    await play.tried()
    play.healed()


@situation(Area.HOLES, outage=True)
async def voids_alone_are_not_answered(play: Play) -> None:
    """Sales are answered and no void is, nobody's: the part of the issuer that does them hangs."""
    [sale] = await play.sales(1)
    await play.others(6, voids=2)
    play.meets(FaultKind.LOST_REQUEST, of_kind="void")
    sold = await play.sales(3, till=play.scene.tills[4])
    await play.voids(sold, "issuer_down", "timeout", till=play.scene.tills[4], ends=("voided",))
    await play.void(sale, "issuer_down", "timeout", ends=("voided",))
    await play.others(4)
    await play.tried(1)
    await play.well_again()


async def _copied(play: Play, kind: FaultKind, *causes: str) -> None:
    [sale] = await play.sales(1)
    await play.others(6, voids=2)
    play.meets(kind, of_kind="void", terminal=play.till.ids[0], left=1)
    await play.void(sale, *causes, ends=("voided",))
    await play.others(6, voids=1)


@situation(Area.HOLES)
async def answer_of_another_terminal(play: Play) -> None:
    """The answer to a void bears another terminal's number."""
    await _copied(play, FaultKind.OTHER_TERMINAL, "issuer_error", "timeout")


@situation(Area.HOLES)
async def answer_of_another_trace(play: Play) -> None:
    """The answer to a void bears the trace of another request."""
    await _copied(play, FaultKind.OTHER_TRACE, "issuer_error", "timeout")


@situation(Area.HOLES)
async def answer_of_another_reference(play: Play) -> None:
    """The answer to a void bears the reference of another request."""
    await _copied(play, FaultKind.OTHER_REFERENCE, "issuer_error")


@situation(Area.HOLES)
async def answer_in_another_currency(play: Play) -> None:
    """The answer to a void is about another currency."""
    await _copied(play, FaultKind.OTHER_CURRENCY, "issuer_error")


@situation(Area.HOLES)
async def line_closed_over_each_answer(play: Play) -> None:
    """The issuer does each void, and ends the connection in place of an answer."""
    sales = await play.sales(2)
    await play.others(6, voids=1)
    for sale in sales:
        play.meets(FaultKind.CLOSE_AFTER, of_kind="void", terminal=play.till.ids[0], left=1)
        await play.void(sale, "issuer_link", ends=("voided",))
        await play.scene.up()
    await play.others(4, voids=1)


@situation(Area.HOLES)
async def terminal_hears_nothing_and_nobody_else_asks(play: Play) -> None:
    """The terminal's line takes the answer away; the terminal reverses. Nobody else asks."""
    [sale] = await play.sales(1)
    play.till.proxy.mode = Mode.CUT_ANSWER
    await play.void(sale, "terminal_link")
    play.till.proxy.mode = Mode.PASS
    await play.till.terminal.settle_owed()
