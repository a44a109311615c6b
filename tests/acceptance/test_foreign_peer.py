"""A foreign ISO 8583 library talks with the host: sign-in, sale, void, reversal."""

from tests.support.foreign import ForeignTerminal, sale
from tests.support.site import Site


async def _signed_in(site: Site) -> ForeignTerminal:
    merchant, terminal, master = site.terminals[0]
    foreign = ForeignTerminal("127.0.0.1", site.port, merchant, terminal, bytes.fromhex(master))
    assert (await foreign.sign_in())["39"] == "00"
    return foreign


async def test_sale_and_its_void(site: Site) -> None:
    terminal = await _signed_in(site)
    sold = await terminal.exchange("0200", sale("000002", "000000010000", terminal.batch))
    assert (sold["t"], sold["39"], sold["4"]) == ("0210", "00", "000000010000")
    void = await terminal.exchange(
        "0200",
        sale("000003", "000000010000", terminal.batch)
        | {
            "3": "200000",
            "37": sold["37"],
            "38": sold["38"],
            "60": f"23{terminal.batch}000",
            "61": f"{terminal.batch}000002",
        },
    )
    assert void["39"] == "00"
    assert await site.states() == {"000002": "voided", "000003": "approved"}
    assert await site.issuer_net() == 0


async def test_reversal_of_a_sale(site: Site) -> None:
    terminal = await _signed_in(site)
    sold = sale("000002", "000000012345", terminal.batch)
    assert (await terminal.exchange("0200", sold))["39"] == "00"
    reversal = sold | {"39": "98"}
    for _ in range(2):  # a repeat changes nothing
        answer = await terminal.exchange("0400", reversal)
        assert (answer["t"], answer["39"]) == ("0410", "00")
    await site.settled()
    assert await site.states() == {"000002": "reversed"}
    assert await site.issuer_net() == 0


async def test_reversal_of_nothing(site: Site) -> None:
    terminal = await _signed_in(site)
    unknown = sale("000009", "000000012345", terminal.batch) | {"39": "98"}
    assert (await terminal.exchange("0400", unknown))["39"] == "25"


async def test_wrong_mac_is_refused_and_nothing_moves(site: Site) -> None:
    terminal = await _signed_in(site)
    terminal._mac_key = bytes(range(8))
    answer = await terminal.exchange("0200", sale("000002", "000000010000", terminal.batch))
    assert answer["39"] == "A0"
    assert await site.states() == {}
