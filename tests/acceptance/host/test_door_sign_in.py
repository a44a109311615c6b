"""Anybody can ask for a terminal's keys; only the terminal can open them, and only use counts."""

import asyncio

from annul.sim.terminal.terminal import SoftTerminal
from tests.support.adversary import changes, snapshot
from tests.support.site import Site
from tests.support.soft import cashier
from tests.support.wire import Keyed, burst, dial, sale, sign_in, tap

_KEYS = "SELECT to_jsonb(t)::text FROM terminal_keys t ORDER BY 1"


async def _keys(site: Site) -> list[str]:
    return [row[0] for row in await site.pool.fetch(_KEYS)]


def _codes(terminal: SoftTerminal) -> list[str]:
    return [record.response_code for record in terminal.journal.records()]


async def test_a_stranger_does_not_disturb_a_terminal(site: Site) -> None:
    who = site.terminals[0]
    async with tap(site.port) as tapped:
        with cashier(tapped.port, who) as till:
            sold = await till.take("sale", 10_000)
            before = await snapshot(site)
            async with dial(site.port) as stranger:
                answer = await stranger.told(sign_in(who))
                assert (answer.code, answer.has_mac) == ("00", False)
                assert len(answer.message[62]) == 40  # under a master key that it lacks
                assert changes(before, await snapshot(site)) == []
                assert (await till.take("sale", 2_000)).state == "approved"
                await stranger.told(sign_in(who))
            assert (await till.undo("void", sold)).state == "approved"
            assert _codes(till.terminal) == ["00", "00", "00"]
    asked = [body[:2] for body in tapped.bodies()]
    assert asked.count(b"\x08\x00") == 1  # it signed in once, before everything
    await site.books_agree()


async def test_no_other_form_of_keys_than_the_registered_one(site: Site) -> None:
    who = site.terminals[0]
    with cashier(site.port, who) as till:
        await till.take("sale", 10_000)
        before = await snapshot(site)
        handed_out: list[str] = []
        for form in ("001", "004", "005", "006", "002", "999", ""):
            async with dial(site.port) as stranger:
                answer = await stranger.told(sign_in(who, form))
            if answer.code == "00" or 62 in answer.message:
                handed_out.append(form)
        assert handed_out == []
        assert changes(before, await snapshot(site)) == []
        assert (await till.take("sale", 2_000)).state == "approved"
        assert _codes(till.terminal) == ["00", "00"]


async def test_new_keys_count_from_the_first_good_mac(site: Site) -> None:
    who = site.terminals[0]
    first, second = Keyed(who), Keyed(who)
    async with dial(site.port) as wire, dial(site.port) as other:
        await first.sign_in(wire)
        assert (await first.sell(wire, "000001")).code == "00"
        held, before = await _keys(site), await snapshot(site)
        await second.sign_in(other)
        assert changes(before, await snapshot(site)) == []
        assert (await first.sell(wire, "000002")).code == "00"  # still the terminal's own
        assert await _keys(site) == held
        assert (await second.sell(other, "000003")).code == "00"
        assert await _keys(site) != held
        old = await first.sell(other, "000004")
        assert (old.code, old.has_mac) == ("A0", False)
        assert (await second.sell(wire, "000005")).code == "00"
    await site.books_agree()


async def test_a_repeated_sign_in_hands_out_the_same_keys(site: Site) -> None:
    who = site.terminals[0]
    owner = Keyed(who)
    async with dial(site.port) as wire, dial(site.port) as other:
        first = await owner.sign_in(wire)
        assert await Keyed(who).sign_in(other) == first
        assert (await owner.sell(wire, "000001")).code == "00"
        again = await owner.sign_in(wire)
        assert again != first  # those are in use
        assert await Keyed(who).sign_in(other) == again


async def test_fifty_strangers_do_not_keep_a_terminal_out(site: Site) -> None:
    who = site.terminals[0]
    with cashier(site.port, who) as till:
        await till.take("sale", 1_000)
        for _ in range(50):
            await burst(site.port, [sign_in(who)])
        await till.terminal.sign_in()
        assert (await till.take("sale", 2_000)).state == "approved"
        await asyncio.gather(*(burst(site.port, [sign_in(who)]) for _ in range(50)))
        await till.terminal.sign_in()
        assert (await till.take("sale", 3_000)).state == "approved"
        assert _codes(till.terminal) == ["00", "00", "00"]


async def test_a_stranger_before_the_first_sign_in(site: Site) -> None:
    who = site.terminals[1]
    before = await snapshot(site)
    await burst(site.port, [sign_in(who)] * 3)
    assert changes(before, await snapshot(site)) == []
    async with dial(site.port) as wire:
        owner = Keyed(who)
        await owner.sign_in(wire)
        assert (await wire.told(owner.signed("0200", sale(who, "000001")))).code == "00"


async def test_keys_that_were_handed_out_outlive_the_host_of_their_asking(site: Site) -> None:
    """A changed reference row makes a host read everything anew: what waits must still be there."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        await site.running.host.registry.load()
        assert (await owner.sell(wire, "000001")).code == "00"
        await site.running.host.registry.load()
        assert (await owner.sell(wire, "000002")).code == "00"
