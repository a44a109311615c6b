"""Issuers with hardly any other traffic: annul's own tries are the only witnesses."""

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.proxy import Mode

from .play import Play
from .situation import Area, situation

_DOWN = "issuer_down"


@situation(Area.QUIET, "91", "96", "98", outage=True)
async def quiet_issuer_down(play: Play) -> None:
    """The issuer fails with a code that says so, and nobody else asks it; then it is back."""
    [sale] = await play.sales(1)
    play.down()
    await play.void(sale, _DOWN, at_first=(_DOWN, "unknown"), ends=("voided",))
    await play.tried()
    play.healed()


@situation(Area.QUIET, "05", "57", "12", outage=True)
async def quiet_issuer_down_under_another_name(play: Play) -> None:
    """The issuer fails and says something of the card; whatever it is asked, it says that."""
    [sale, other] = await play.sales(2)
    play.down()
    await play.void(sale, _DOWN, "unknown", ends=("voided",))
    await play.sales(1)
    await play.void(other, _DOWN, "unknown", ends=("voided",))
    await play.tried()
    play.healed()


@situation(Area.QUIET, outage=True)
async def quiet_issuer_silent(play: Play) -> None:
    """Nothing comes back from an issuer that nobody else asks; then it is back."""
    [sale] = await play.sales(1)
    play.down(silent=True)
    await play.void(sale, _DOWN, at_first=(_DOWN, "timeout", "unknown"), ends=("voided",))
    await play.tried()
    play.healed()


@situation(Area.QUIET, outage=True)
async def quiet_issuer_gone(play: Play) -> None:
    """Nothing listens at the issuer's address any more."""
    [sale] = await play.sales(1)
    await play.scene.proxy.stop()
    await play.scene.down("refused")
    await play.void(sale, _DOWN)
    await play.tried()


@situation(Area.QUIET, outage=True)
async def quiet_line_cut(play: Play) -> None:
    """What connects to the issuer is cut off at once; then the line is back."""
    [sale] = await play.sales(1)
    play.scene.proxy.mode = Mode.REFUSE
    play.scene.proxy.cut()
    await play.scene.down()
    await play.void(sale, "issuer_link", ends=("voided",))
    await play.tried()
    play.scene.proxy.mode = Mode.PASS


@situation(Area.QUIET, outage=True)
async def quiet_issuer_slow(play: Play) -> None:
    """Each answer comes after its time."""
    [sale] = await play.sales(1)
    low = play.scene.place.timeout_ms + 150
    play.meets(FaultKind.DELAY, low_ms=low, high_ms=low + 300)
    await play.void(sale, "late_answer", at_first=("late_answer", "timeout", "unknown"))
    await play.tried()
    play.healed()


@situation(Area.QUIET)
async def quiet_one_request_lost(play: Play) -> None:
    """One void is lost on its way to the issuer; the next one would go through."""
    [sale] = await play.sales(1)
    play.meets(FaultKind.LOST_REQUEST, of_kind="void", left=1)
    await play.void(sale, "timeout", at_first=("timeout", "unknown"), ends=("voided",))


@situation(Area.QUIET)
async def quiet_one_answer_lost(play: Play) -> None:
    """One void is done by the issuer and its answer is lost."""
    [sale] = await play.sales(1)
    play.meets(FaultKind.LOST_ANSWER, of_kind="void", left=1)
    await play.void(sale, "timeout", at_first=("timeout", "unknown"), ends=("voided",))


@situation(Area.QUIET, "41", "43", "54", "62", "14")
async def quiet_card_spoilt(play: Play) -> None:
    """The card was lost or closed since the sale, and the issuer says so in the usual way."""
    [sale, other] = await play.sales(2)
    play.refuses(bin=play.scene.pan(sale))
    await play.void(sale, "card_problem", ends=("refused",))
    await play.void(other)


@situation(Area.QUIET, "05", "57")
async def quiet_card_spoilt_under_another_name(play: Play) -> None:
    """The same with a code that may mean anything; another card is voided all the same."""
    [sale, other] = await play.sales(2)
    play.refuses(bin=play.scene.pan(sale))
    await play.void(sale, "unknown", "card_problem", "risk_refusal", ends=("refused", ""))
    await play.void(other)


@situation(Area.QUIET, "59", "04", "63")
async def quiet_risk(play: Play) -> None:
    """The issuer suspects fraud, and says so."""
    [sale, other] = await play.sales(2)
    play.refuses(bin=play.scene.pan(sale))
    await play.void(other)
    await play.void(sale, "risk_refusal", ends=("refused",))


@situation(Area.QUIET, "40", "57", "12")
async def quiet_no_voids(play: Play) -> None:
    """The issuer does no voids, and nobody has ever tried one."""
    sales = await play.sales(2)
    play.policy.void_supported, play.policy.codes["unsupported"] = False, play.code
    told = play.code == "40"
    at_first = ("issuer_unsupported",) if told else ("issuer_unsupported", "unknown")
    await play.void(sales[0], "issuer_unsupported", "unknown", at_first=at_first)
    await play.sales(2)
    await play.void(sales[1], "issuer_unsupported", *(() if told else ("unknown",)))
    await play.tried()


@situation(Area.QUIET, "61", "13")
async def quiet_limit(play: Play) -> None:
    """A large void is refused by an amount that nobody knows; a small one goes through."""
    small = await play.scene.sale(play.till, 20_00)
    large = await play.scene.sale(play.till, 900_00)
    play.policy.void_amount_limit, play.policy.codes["void_amount"] = 500_00, play.code
    assert small is not None, "nothing is in the way of a sale"
    assert large is not None, "nothing is in the way of a sale"
    await play.void(small)
    told = play.code == "61"
    await play.void(
        large, "issuer_limit_amount", *(() if told else ("unknown",)), ends=("refunded", "refused")
    )


@situation(Area.QUIET, "91", "96", "05")
async def quiet_announced_maintenance(play: Play) -> None:
    """The issuer is in a maintenance that it has announced, by night."""
    [sale] = await play.sales(1)
    await play.scene.policy("maintenance", 0, age_s=600, lasts_s=3_600)
    play.down()
    await play.void(sale, "issuer_maintenance", ends=("voided", ""))
    await play.tried()
    play.healed()
    await play.scene.end_windows()


@situation(Area.QUIET, "06", "20", "96")
async def quiet_refused_once(play: Play) -> None:
    """The issuer refuses one void for no reason; the next one would go through."""
    [sale] = await play.sales(1)
    play.refuses(of_kind="void", left=1)
    await play.void(sale, "issuer_error", "unknown", ends=("voided",))
    await play.sales(1)
