"""UnionPay's ECB MAC knows a message by the XOR of its blocks: what can be forged with that."""

from collections.abc import AsyncIterator

import pytest

from annul.sim.terminal.journal import Record
from tests.support.adversary import ROOMS, changes, equalised, quiet, resolver_round, snapshot
from tests.support.site import Site
from tests.support.soft import CARD, Cashier, cashier
from tests.support.wire import (
    WRONG_MAC,
    Answer,
    Fields,
    Keyed,
    Tap,
    badly_signed,
    dial,
    sale,
    tap,
    undoing,
)

# What a kind knows and what still has room for anything, so that only the bytes themselves tell:
# asserted on its own below.
_KNOWN = {("sale", "36 track 3"), ("sale", "55 chip"), ("reversal", "55 chip")}
_DIGITS = "35 and 53, digits"
_UNKNOWN = {
    kind: [
        room
        for room in ROOMS
        if (kind, room) not in _KNOWN and room not in {_DIGITS, "52 PIN block"}
    ]
    for kind in ("refund", "void", "reversal", "sale")
}


@pytest.fixture
async def seen(site: Site) -> AsyncIterator[tuple[Tap, Cashier]]:
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            yield tapped, till


def _forgery(kind: str, site: Site, of: Record) -> tuple[str, Fields]:
    """Give what an adversary would like: the sale's money back, or another sale."""
    who = site.terminals[0]
    if kind == "sale":
        return "0200", sale(who, "000901", 77_700)
    if kind == "reversal":
        return "0400", sale(who, of.trace, of.amount) | {22: "021", 39: "98"}
    return ("0200" if kind == "void" else "0220"), undoing(kind, who, "000901", of)


async def _try(site: Site, kind: str, room: str, *, of: Record, whose: bytes) -> Answer | None:
    """Send a forgery with the MAC of a message that was seen; nothing may come of it.

    A case neither: what is refused with 30 would be voided by the resolver instead.
    """
    before, net = await snapshot(site), await site.issuer_net()
    body = equalised(*_forgery(kind, site, of), ROOMS[room], whose)
    assert body is not None, "there is room to equalise in"
    async with dial(site.port) as wire:
        answer = await wire.ask(body)
    await quiet(site)
    await resolver_round(site)
    assert await site.issuer_net() == net
    assert changes(before, await snapshot(site)) == []
    return answer


async def test_no_answer_lends_its_mac_to_an_adversary(
    site: Site, seen: tuple[Tap, Cashier]
) -> None:
    """Junk is answered without a MAC; else that MAC makes a refund."""
    _, till = seen
    sold = await till.take("sale", 10_000)
    who = site.terminals[0]
    async with dial(site.port) as wire:
        for junk in (
            badly_signed("0200", sale(who, "000900")),
            badly_signed("0200", undoing("void", who, "000900", sold)),
            badly_signed("0220", undoing("refund", who, "000900", sold)),
            badly_signed("0400", sale(who, sold.trace) | {39: "98"}),
            badly_signed("0820", {11: "000900", 41: who[1], 42: who[0], 60: "00000001301"}),
        ):
            answer = await wire.told(junk)
            if answer.has_mac:
                refund = undoing("refund", who, "000901", sold)
                forged = equalised("0220", refund, ROOMS["62"], answer.frame.body)
                assert forged is not None
                refunded = await wire.told(forged)
                assert refunded.code != "00"
            assert not answer.has_mac
    assert await site.issuer_net() == 10_000


@pytest.mark.parametrize("kind", _UNKNOWN)
async def test_a_field_that_a_kind_lacks_is_no_room_to_forge_in(
    site: Site, seen: tuple[Tap, Cashier], kind: str
) -> None:
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    whose = tapped.requests[-1].body
    codes: dict[str, str] = {}
    for room in _UNKNOWN[kind]:
        answer = await _try(site, kind, room, of=sold, whose=whose)
        codes[room] = answer.code if answer else "closed"
    # A0: the code was for another message. Whether its field is known is then not asked any more.
    assert set(codes.values()) <= {"30", "A0"}


async def test_a_field_that_a_kind_lacks_is_refused_under_a_good_mac(site: Site) -> None:
    """And the code of such a message serves no other one."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        assert (await wire.told(owner.signed("0200", sale(owner.who, "000900")))).code == "00"
        foreign = owner.signed("0200", sale(owner.who, "000901") | {46: "of a vendor"})
        answer = await wire.told(foreign)
        assert (answer.code, answer.has_mac) == ("30", False)
    forged = equalised("0200", sale(owner.who, "000902", 77_700), ROOMS["62"], foreign)
    assert forged is not None
    async with dial(site.port) as other:
        assert (await other.told(forged)).code == "A0"
    assert await site.issuer_net() == 10_000


@pytest.mark.parametrize("kind", ["refund", "void", "reversal"])
async def test_nor_with_the_mac_of_an_answer(
    site: Site, seen: tuple[Tap, Cashier], kind: str
) -> None:
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    answer = await _try(site, kind, "62", of=sold, whose=tapped.answers[-1].body)
    assert answer is not None
    assert answer.code in {"30", "A0"}


@pytest.mark.parametrize("kind", ["refund", "void", "sale"])
async def test_a_pin_block_is_no_room_to_forge_in(
    site: Site, seen: tuple[Tap, Cashier], kind: str
) -> None:
    """It has to open under the PIN key. That a void failed so may become a case; no money moves."""
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    whose = tapped.requests[-1].body
    body = equalised(*_forgery(kind, site, sold), ROOMS["52 PIN block"], whose)
    assert body is not None
    async with dial(site.port) as wire:
        answer = await wire.ask(body)
    await quiet(site)
    await resolver_round(site)
    assert answer is None or answer.code != "00"
    assert await site.issuer_net() == 10_000
    assert (await site.states())[sold.trace] == "approved"


async def test_a_chip_is_no_room_to_forge_a_reversal_in(
    site: Site, seen: tuple[Tap, Cashier]
) -> None:
    """A reversal gives money back, so that it may carry no more than a void."""
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    answer = await _try(site, "reversal", "55 chip", of=sold, whose=tapped.requests[-1].body)
    assert answer is None or answer.code != "00"


@pytest.mark.parametrize("kind", ["refund", "void"])
async def test_digits_are_no_room_to_forge_in(
    site: Site, seen: tuple[Tap, Cashier], kind: str
) -> None:
    """A track's end and the form of a PIN hold digits enough for any fold."""
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    answer = await _try(site, kind, _DIGITS, of=sold, whose=tapped.requests[-1].body)
    assert answer is None or answer.code != "00"


@pytest.mark.parametrize("room", ["36 track 3", "55 chip"])
async def test_what_a_chip_says_is_no_room_to_forge_a_sale_in(
    site: Site, seen: tuple[Tap, Cashier], room: str
) -> None:
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    answer = await _try(site, "sale", room, of=sold, whose=tapped.requests[-1].body)
    assert answer is None or answer.code != "00"


async def test_an_operator_has_three_characters(site: Site) -> None:
    """A longer field 63 is refused though its MAC is good: it would be room to forge in."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        good = owner.signed("0200", sale(owner.who, "000900") | {63: "001"})
        long = owner.signed("0200", sale(owner.who, "000901") | {63: "0012"})
        assert (await wire.told(good)).code == "00"
        assert (await wire.told(long)).code == "30"
    assert await site.issuer_net() == 10_000


async def test_a_mac_without_its_message_proves_nothing(
    site: Site, seen: tuple[Tap, Cashier]
) -> None:
    """The MAC of one message under another, a part of it, and none at all."""
    tapped, till = seen
    sold = await till.take("sale", 10_000)
    who = site.terminals[0]
    whose = tapped.requests[-1].body
    before = await snapshot(site)
    async with dial(site.port) as wire:
        for code in (whose[-8:], whose[-8:-4] + bytes(4), bytes(8), WRONG_MAC, b"\xff" * 8):
            answer = await wire.told(
                badly_signed("0220", undoing("refund", who, "000901", sold), code)
            )
            assert (answer.code, answer.has_mac) == ("A0", False)
    assert changes(before, await snapshot(site)) == []
    assert CARD not in str(before)
