"""What the host wants of a terminal, and what it has to tell it, is nobody else's to hear."""

from uuid import uuid4

from tests.support.adversary import changes, snapshot
from tests.support.site import Site
from tests.support.wire import Keyed, badly_signed, dial, managing, sale, sign_in, unsigned

_TOLD = "凭证000001已撤销"


async def test_a_stranger_hears_neither_wish_nor_notice(site: Site) -> None:
    who = site.terminals[0]
    host = site.running.host
    owner = Keyed(who)
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        assert (await owner.sell(wire, "000001")).code == "00"
        await host.registry.want(who[0], who[1], "parameters")
        await site.pool.execute(
            "INSERT INTO notices (merchant_id, id, terminal_id, case_id, text, created_at)"
            " VALUES ($1, $2, $3, $2, $4, now())",
            who[0],
            uuid4(),
            who[1],
            _TOLD,
        )
        await host.notices.refresh()
        before = await snapshot(site)
        async with dial(site.port) as stranger:
            for body in (
                managing("echo", who, "301"),
                managing("parameters", who, "360"),
                managing("parameters", who, "361"),
                sign_in(who),
                managing("sign_off", who, "002"),
                unsigned("0200", sale(who, "000900")),
                badly_signed("0200", sale(who, "000900")),
                unsigned("0200", {n: v for n, v in sale(who, "000900").items() if n != 49}),
            ):
                answer = await stranger.told(body)
                assert answer.requirement == 0
                assert _TOLD not in answer.text
        await host.notices.close()
        assert changes(before, await snapshot(site)) == []
        mine = await owner.sell(wire, "000002")
    assert (mine.code, mine.requirement) == ("00", 1)
    assert _TOLD in mine.text
