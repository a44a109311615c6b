"""Issuers that speak otherwise than annul is configured for, and what an operator makes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from annul.domain.records import Issuer
from annul.issuers import directory
from annul.issuers.trial.talk import TrialLimits
from annul.issuers.trial.tongues import tongues
from annul.issuers.trial.trial import Trial
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.wire.dialects import CUPS, DIALECTS, ISO87_ASCII, ISO87_BINARY, ISO93_ASCII, ISO93_BINARY
from annul.wire.framing import FRAMINGS, framing_of
from annul.wire.specifications.document import read
from tests.support.soft import cashier
from tests.support.strange_peer import ISSUER, StrangePeer, open_strange_site, strange


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


_LIMITS: Final = TrialLimits(answer_s=0.15, rest_s=0.02, pause_s=0.001, listen_s=0.05)
_EBCDIC: Final = next(
    one.dialect for one in tongues(DIALECTS, "cups") if one.dialect.name == "iso87_ascii_ebcdic"
)
_THREE: Final = replace(CUPS.override([replace(CUPS.fields[39], size=3)]), name="cups_code_3")
_PLAIN: Final = framing_of("length_4")
# What a peer does otherwise than it is set, and what its link has to have.
_STRANGE: Final[dict[str, tuple[dict[str, Any], dict[str, str]]]] = {
    "as it is set": ({}, {}),
    "0800 only": ({"network": frozenset({"0800"})}, {"network_mti": "0800"}),
    "its own time": ({"own_time": True}, {}),
    "a length that counts itself": (
        {"framing": replace(_PLAIN, counts_itself=True)},
        {"framing.counts_itself": "true"},
    ),
    "a trailer": ({"framing": replace(_PLAIN, trailer=b"\x03")}, {"framing.trailer": "03"}),
    "two bytes of length": ({"framing": framing_of("length_2")}, {"framing": "length_2"}),
    "two bytes and a trailer": (
        {"framing": framing_of("length_2_etx")},
        {"framing": "length_2_etx"},
    ),
    "a gap": ({"framing": framing_of("length_2_gap")}, {"framing": "length_2_gap"}),
    "addresses": ({"framing": framing_of("tpdu_only")}, {"framing": "tpdu_only"}),
    "packed length": ({"framing": framing_of("length_2_packed")}, {"framing": "length_2_packed"}),
    "interbank heads": ({"framing": framing_of("cups_46")}, {"framing": "cups_46"}),
    "hexadecimal bitmaps": ({"dialect": ISO87_ASCII}, {"dialect": "iso87_ascii"}),
    "lower case": ({"dialect": ISO87_ASCII, "lower": True}, {"dialect": "iso87_ascii"}),
    "packed digits": (
        {"dialect": ISO87_BINARY, "framing": framing_of("length_2")},
        {"dialect": "iso87_binary", "framing": "length_2"},
    ),
    "EBCDIC": (
        {"dialect": _EBCDIC, "framing": framing_of("length_2")},
        {"dialect": "iso87_ascii_ebcdic", "framing": "length_2"},
    ),
    "codes of three digits": (
        {"dialect": _THREE, "codes": {"00": "X00"}},
        {"dialect": "cups_code_3", "codes.X00": "00"},
    ),
    "1993": (
        {
            "dialect": ISO93_BINARY,
            "framing": framing_of("length_2"),
            "network": frozenset({"0804"}),
        },
        {"dialect": "iso93_binary", "framing": "length_2", "network_mti": "0804"},
    ),
}


def _issuer(peer: StrangePeer, **row: Any) -> Issuer:
    return Issuer(ISSUER, "测试行", "Test bank", "127.0.0.1", peer.port, **row)


@pytest.mark.parametrize("how", _STRANGE)
async def test_what_is_proposed_makes_the_link_work(
    database: str, tmp_path: Path, how: str
) -> None:
    strangeness, expected = _STRANGE[how]
    async with strange(**strangeness) as peer:
        report = await Trial(_issuer(peer), DIALECTS, SystemClock(), None, _LIMITS).run()
        assert report.settings == expected, [one.text.en for one in report.findings]
        assert all(one.text.zh and one.text.en for one in report.findings)
        assert not peer.books
        documents = [report.document] if report.document else []
        async with open_strange_site(database, tmp_path, peer, report.settings, documents) as site:
            with cashier(site.port, site.terminals[0]) as till:
                sale = await till.take("sale", 10_000)
                assert sale.state == "approved"
                assert (await till.undo("void", sale)).state == "approved"
            await site.books_agree()
        again = await Trial(
            await _as_stored(database),
            {**DIALECTS, **_own(documents)},
            SystemClock(),
            None,
            _LIMITS,
        ).run()
        assert again.settings == {}
        assert again.works, [one.text.en for one in again.findings]


def _own(documents: list[str]) -> dict[str, Any]:
    return {one.name: one for one in map(read, documents)}


async def _as_stored(database: str) -> Issuer:
    pool = await connect(database)
    try:
        rows = (await directory.read(pool)).issuers
        return next(row for row in rows if row.issuer_id == ISSUER)
    finally:
        await pool.close()
