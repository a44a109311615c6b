"""Fields that no honest terminal sends: answered 30, whoever asks, never a fault of the host."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from annul.sim.terminal.journal import Record
from tests.support.adversary import changes, snapshot
from tests.support.site import Site
from tests.support.soft import CODE
from tests.support.wire import (
    Credentials,
    Fields,
    Keyed,
    badly_signed,
    dial,
    sale,
    sign_in,
    undoing,
    unsigned,
)

_ORIGINAL: Final = Record(
    batch="000001", trace="000001", kind="sale", amount=10_000, card="", fields={}
)
_QR: Final = f"A3{len(CODE):03d}{CODE}".encode()


def _of(kind: str, number: int, value: str | bytes) -> Callable[[Credentials, str], Fields]:
    def build(who: Credentials, rrn: str) -> Fields:
        named = replace(_ORIGINAL, rrn=rrn)
        fields = sale(who, "000900") if kind == "sale" else undoing("void", who, "000900", named)
        if number == 59:
            del fields[2], fields[14]
            fields[22] = "032"
        return fields | {number: value}

    return build


_ODD: Final = {
    "NUL in 37": _of("void", 37, "12345\x00789012"),
    "NULs in 37": _of("void", 37, "\x00" * 12),
    "NUL in 38": _of("void", 38, "12\x00456"),
    "NUL in 41": _of("sale", 41, "1000\x00001"),
    "NUL in 49": _of("sale", 49, "15\x00"),
    "NUL in 63": _of("sale", 63, "\x0001"),
    "NUL in 63 of a void": _of("void", 63, "00\x00"),
    "13 digits in 61": _of("void", 61, "0000010000011"),
    "3 digits in 61": _of("void", 61, "000"),
    "8 digits in 61": _of("void", 61, "00000100"),
    "15 digits in 61": _of("void", 61, "000001000001010"),
    "17 digits in 61": _of("void", 61, "00000100000101010"),
    "9 digits in 60": _of("sale", 60, "220000010"),
    "9 digits in 60 of a void": _of("void", 60, "230000010"),
    "3 digits in 60": _of("sale", 60, "220"),
    "garbage in 59": _of("sale", 59, b"\xff\x00garbage"),
    "59 shorter than it says": _of("sale", 59, b"A3999" + CODE.encode()),
    "59 with a code of bytes": _of("sale", 59, b"A3005\xff\xfe\x00\x01\x02"),
    "59 with a NUL": _of("sale", 59, _QR[:-1] + b"\x00"),
}


async def _sold(site: Site) -> tuple[Keyed, str]:
    """Have the terminal sell something; give it and the sale's reference number."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        answer = await owner.sell(wire, "000001")
    return owner, str(answer.message[37])


async def _goes_on(site: Site, owner: Keyed) -> None:
    async with dial(site.port) as wire:
        assert (await owner.sell(wire, "000002", 500)).code == "00"
    assert await site.issuer_net() == 10_500
    assert site.running.figures()["failed"] == 0


async def test_with_a_good_mac_it_is_answered_30(site: Site) -> None:
    owner, rrn = await _sold(site)
    codes: dict[str, str] = {}
    for odd, build in _ODD.items():
        async with dial(site.port) as wire:
            answer = await wire.ask(owner.signed("0200", build(owner.who, rrn)))
            codes[odd] = answer.code if answer else "closed"
    # Nobody can say whose MAC it is when the terminal's own number is odd.
    assert codes.pop("NUL in 41") in {"30", "97"}
    assert codes == dict.fromkeys(codes, "30")
    await _goes_on(site, owner)


@pytest.mark.parametrize("signed", [False, True])
async def test_without_one_it_changes_nothing(site: Site, signed: bool) -> None:
    owner, rrn = await _sold(site)
    before = await snapshot(site)
    wrong: dict[str, str] = {}
    for odd, build in _ODD.items():
        fields = build(owner.who, rrn)
        body = badly_signed("0200", fields) if signed else unsigned("0200", fields)
        async with dial(site.port) as wire:
            answer = await wire.ask(body)
        if answer is not None and (answer.has_mac or answer.code not in {"A0", "30", "97"}):
            wrong[odd] = answer.code
    assert wrong == {}
    assert changes(before, await snapshot(site)) == []
    await _goes_on(site, owner)


async def test_a_sign_in_with_a_nul(site: Site) -> None:
    owner, _ = await _sold(site)
    before = await snapshot(site)
    good = sign_in(owner.who)
    for operator in (b"\x00\x00\x00", b"00\x00", b"\x0001"):
        odd = good.replace(b"\x00\x03001", b"\x00\x03" + operator)
        assert odd != good
        async with dial(site.port) as wire:
            answer = await wire.ask(odd)
        assert answer is None or answer.code == "30"
    assert changes(before, await snapshot(site)) == []
    await _goes_on(site, owner)


@pytest.mark.parametrize("reversed_with", ["\x00\x00", "9\x00", "  "])
async def test_a_reversal_with_an_odd_reason(site: Site, reversed_with: str) -> None:
    """Refused, or taken as a reversal without a reason; never a fault."""
    owner, _ = await _sold(site)
    fields = sale(owner.who, "000001") | {39: reversed_with}
    async with dial(site.port) as wire:
        answer = await wire.told(owner.signed("0400", fields))
    assert answer.code == ("30" if "\x00" in reversed_with else answer.code)
    assert answer.code != "96"
    assert site.running.figures()["failed"] == 0
