"""Settlement, upload, sign-off and their like carry no MAC: the connection has to be proven."""

from collections.abc import Mapping

from annul.wire.subfields import Field48Totals
from tests.support.adversary import changes, snapshot
from tests.support.site import Site
from tests.support.soft import CARD, cashier
from tests.support.wire import Credentials, Keyed, dial, managing, sale, tap


def _totals(amount: int = 0, count: int = 0) -> str:
    return Field48Totals(amount, count).build()


_ZEROS = _totals()


def _messages(who: Credentials) -> Mapping[str, bytes]:
    """Give every message of management that would change something."""
    record = f"00000001{CARD:>020}{10_000:012d}"
    return {
        "settlement of nothing": managing("settlement", who, "201", f48=_ZEROS, f63="001"),
        "settlement that is right": managing("settlement", who, "201", f48=_totals(10_000, 1)),
        "settlement of another batch": managing(
            "settlement", who, "201", batch="000002", f48=_ZEROS
        ),
        "upload": managing("batch_upload", who, "201", f48=f"01{record}"),
        "end of upload": managing("batch_upload_end", who, "207", f48="0001"),
        "end of upload, other form": managing("batch_upload_end", who, "202", f48="0001"),
        "sign-off": managing("sign_off", who, "002"),
        "status": managing("status", who, "362", f62=b"burnt down"),
        "parameters taken": managing("parameters", who, "361"),
    }


async def test_it_needs_a_proven_connection(site: Site) -> None:
    who = site.terminals[0]
    with cashier(site.port, who) as till:
        await till.take("sale", 10_000)
        await site.running.host.registry.want(who[0], who[1], "parameters")
        before = await snapshot(site)
        acted: dict[str, str] = {}
        for name, body in _messages(who).items():
            async with dial(site.port) as stranger:
                answer = await stranger.told(body)
            if answer.code == "00" or answer.has_mac or answer.requirement:
                acted[name] = answer.code
        assert acted == {}
        assert changes(before, await snapshot(site)) == []


async def test_nor_does_a_sign_in_prove_anything(site: Site) -> None:
    who = site.terminals[0]
    with cashier(site.port, who) as till:
        await till.take("sale", 10_000)
        before = await snapshot(site)
        async with dial(site.port) as stranger:
            owner = Keyed(who)
            await owner.sign_in(stranger)
            for body in _messages(who).values():
                assert (await stranger.told(body)).code != "00"
        assert changes(before, await snapshot(site)) == []


async def test_a_fresh_mac_proves_a_connection(site: Site) -> None:
    who = site.terminals[0]
    owner = Keyed(who)
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        assert (await owner.sell(wire, "000001")).code == "00"
        for name, expected in (
            ("status", "00"),
            ("settlement that is right", "00"),
            ("sign-off", "00"),
        ):
            assert (await wire.told(_messages(who)[name])).code == expected
    row = await site.pool.fetchrow(
        "SELECT batch, signed_in, information FROM terminals WHERE terminal_id = $1", who[1]
    )
    assert row is not None
    assert tuple(row) == ("000002", False, "burnt down")
    assert await site.pool.fetchval("SELECT balanced FROM batches") is True


async def test_a_replayed_mac_proves_nothing(site: Site) -> None:
    """Neither on a connection of its own, nor behind the whole of what the terminal ever said."""
    who = site.terminals[0]
    async with tap(site.port) as tapped:
        with cashier(tapped.port, who) as till:
            sold = await till.take("sale", 10_000)
            await till.undo("void", sold)
            await till.take("sale", 500)
            before = await snapshot(site)
            async with dial(site.port) as thief:
                for body in (tapped.bodies()[-1], *tapped.bodies()):
                    await thief.ask(body)
                    answer = await thief.ask(_messages(who)["settlement of nothing"])
                    assert answer is None or answer.code != "00"
                answer = await thief.ask(_messages(who)["sign-off"])
                assert answer is None or answer.code != "00"
            assert changes(before, await snapshot(site)) == []
            assert (await till.take("sale", 600)).response_code == "00"


async def test_a_connection_is_proven_for_one_terminal(site: Site) -> None:
    """Somebody owns one terminal, keys and all; the other one of the shop is none of his."""
    mine, other = site.terminals[:2]
    assert mine[0] == other[0]
    with cashier(site.port, other) as till:
        await till.take("sale", 10_000)
        owner = Keyed(mine)
        async with dial(site.port) as wire:
            await owner.sign_in(wire)
            assert (await owner.sell(wire, "000001")).code == "00"
            before = await snapshot(site)
            for body in _messages(other).values():
                assert (await wire.told(body)).code != "00"
            signed = owner.signed("0200", sale(other, "000902"))
            assert (await wire.told(signed)).code == "A0"
            assert changes(before, await snapshot(site)) == []
            settled = await wire.told(_messages(mine)["settlement that is right"])
            assert settled.code == "00"  # its own it may
        assert (await till.take("sale", 500)).batch == "000001"


async def _unbound(site: Site) -> None:
    await site.pool.execute("UPDATE terminals SET unbound_management = true")
    await site.running.host.registry.load()


async def test_a_profile_may_settle_equal_totals_unproven(site: Site) -> None:
    who = site.terminals[0]
    await _unbound(site)
    with cashier(site.port, who) as till:
        await till.take("sale", 10_000)
    async with dial(site.port) as wire:
        answer = await wire.told(_messages(who)["settlement that is right"])
    assert answer.code == "00"
    batch = "SELECT batch FROM terminals WHERE terminal_id = $1"
    assert await site.pool.fetchval(batch, who[1]) == "000002"


async def test_but_never_unequal_ones_nor_a_sign_off(site: Site) -> None:
    who = site.terminals[0]
    await _unbound(site)
    with cashier(site.port, who) as till:
        await till.take("sale", 10_000)
        before = await snapshot(site)
        acted: list[str] = []
        for name in ("settlement of nothing", "sign-off", "upload", "end of upload"):
            async with dial(site.port) as wire:
                if (await wire.told(_messages(who)[name])).code == "00":
                    acted.append(name)
        assert acted == []
        assert changes(before, await snapshot(site)) == []
