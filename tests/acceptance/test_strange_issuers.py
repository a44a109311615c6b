"""Issuers that speak otherwise than annul is configured for, and what an operator makes of it."""

from pathlib import Path
from typing import Any

import pytest

from annul.wire.dialects import ISO93_ASCII, ISO93_BINARY
from annul.wire.framing import FRAMINGS
from tests.support.soft import cashier
from tests.support.strange_peer import open_strange_site, strange


@pytest.mark.parametrize("dialect", [ISO93_ASCII, ISO93_BINARY], ids=lambda one: one.name)
@pytest.mark.parametrize("mac_key", [None, bytes(range(16))], ids=["plain", "mac"])
async def test_the_edition_of_1993(
    database: str, tmp_path: Path, dialect: Any, mac_key: Any
) -> None:
    how = {"dialect": dialect, "framing": FRAMINGS["length_2"], "network": frozenset({"0804"})}
    given = {"dialect": dialect.name, "framing": "length_2", "network_mti": "0804"}
    async with (
        strange(**how, mac_key=mac_key) as peer,
        open_strange_site(database, tmp_path, peer, given) as site,
    ):
        with cashier(site.port, site.terminals[0]) as till:
            sale = await till.take("sale", 10_000)
            assert (sale.state, peer.net) == ("approved", 10_000)
            assert (await till.undo("void", sale)).state == "approved"
            assert peer.net == 0
            other = await till.take("sale", 2_000)
            assert (await till.undo("refund", other, 500)).state == "approved"
            assert peer.net == 1_500
        asked = peer.of("0200")[0].fields()
        assert (asked[24], asked[26]) == ("200", asked[26])
        assert str(asked[12])[2:6] == str(asked[7])[:4]
        original = str(peer.of("0200")[1].fields()[56])
        assert original[:22] == f"1200{asked[11]}{asked[12]}"
        await site.books_agree()
