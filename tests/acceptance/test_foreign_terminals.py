"""Terminals that share no code with annul and lay things out in their own way."""

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import pytest

from annul.security.mac import MacAlgorithm
from tests.support.foreign import SPEC, ForeignTerminal, sale
from tests.support.site import Site

_FORMS = {"unionpay_ecb": "003", "x9_9": "003", "x9_19": "913"}


async def _signed_in(site: Site, algorithm: str) -> ForeignTerminal:
    form = _FORMS[algorithm]
    who = await site.enrol(0, key_form=form, mac=MacAlgorithm(algorithm))
    merchant, terminal, master = who
    key = bytes.fromhex(master)
    own = ForeignTerminal("127.0.0.1", site.port, merchant, terminal, key, algorithm, form)
    assert (await own.sign_in())["39"] == "00"
    return own


def _spec(**rows: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the terminal's layout with other rows, named as f46."""
    changed = copy.deepcopy(SPEC)
    for name, row in rows.items():
        changed[name[1:]] |= row
    return changed


@pytest.mark.parametrize("algorithm", _FORMS)
async def test_every_code_through_sign_in_sale_and_void(site: Site, algorithm: str) -> None:
    """What a terminal is registered with is what it has after it has signed in, and again."""
    terminal = await _signed_in(site, algorithm)
    await terminal.sign_in()
    sold = await terminal.exchange("0200", sale("000002", "000000010000", terminal.batch))
    assert (sold["39"], sold["4"], "64" in sold) == ("00", "000000010000", True)
    void = sale("000003", "000000010000", terminal.batch) | {
        "3": "200000", "37": sold["37"], "38": sold["38"],
        "60": f"23{terminal.batch}000", "61": f"{terminal.batch}000002",
    }  # fmt: skip
    assert (await terminal.exchange("0200", void))["39"] == "00"
    held = sale("000004", "000000000500", terminal.batch) | {
        "3": "030000", "25": "06", "60": f"10{terminal.batch}000",
    }  # fmt: skip
    assert (await terminal.exchange("0100", held))["39"] == "00"
    balance = sale("000005", "0" * 12, terminal.batch) | {
        "3": "310000", "60": f"01{terminal.batch}000",
    }  # fmt: skip
    del balance["4"]
    assert (await terminal.exchange("0200", balance))["39"] == "00"
    assert await site.issuer_net() == 0
    name = site.running.host.registry.station(*_identity(site))
    assert name is not None
    assert name.algorithm.value == algorithm


def _identity(site: Site) -> tuple[str, str]:
    merchant, terminal, _ = site.terminals[0]
    return merchant, terminal


@pytest.mark.parametrize("algorithm", ["unionpay_ecb", "x9_9"])
async def test_odd_digits_are_filled_with_f(site: Site, algorithm: str) -> None:
    """Right of 2, 22, 35 and 60; the same card however it is filled."""
    terminal = await _signed_in(site, algorithm)
    filled = {"right_pad": "F"}
    terminal.spec = _spec(f2=filled, f35=filled, f60=filled, f22=filled)
    card = "62000100000000007"
    said = sale("000002", "000000001000", terminal.batch) | {
        "2": card, "22": "012f", "35": f"{card}d3012101000000000"[:36] + "0",
        "60": f"22{terminal.batch}000",
    }  # fmt: skip
    answer = await terminal.exchange("0200", said)
    assert answer["39"] == "00", answer
    row = await site.pool.fetchrow("SELECT * FROM transactions")
    assert row["entry_mode"] == "012"


@pytest.mark.parametrize("algorithm", ["x9_9", "x9_19"])
@pytest.mark.parametrize(
    ("more", "rows"),
    [
        ({"7": "1126120000", "24": "0900"}, {"f7": "bcd10", "f24": "bcd4"}),
        ({"12": "120000", "13": "1126"}, {}),
        ({"63": "Café"}, {}),
        ({"46": "现金".encode("gbk").decode("latin-1")}, {}),
        ({"60": "22{batch}"}, {}),
    ],
    ids=["7 and 24", "12 and 13", "Latin-1 in 63", "GBK in 46", "60 of eight"],
)
async def test_more_than_the_standard_has(
    site: Site, algorithm: str, more: dict[str, str], rows: dict[str, str]
) -> None:
    terminal = await _signed_in(site, algorithm)
    terminal.spec = _numbers(rows)
    extra = {number: value.format(batch=terminal.batch) for number, value in more.items()}
    said = sale("000002", "000000001000", terminal.batch) | extra
    answer = await terminal.exchange("0200", said)
    assert answer["39"] == "00", answer
    assert await site.issuer_net() == 1_000


async def test_a_field_60_that_is_cut_off_is_refused(site: Site) -> None:
    """Nine digits: a part of 60.3 is no code of the network, and which kind it is stands there."""
    terminal = await _signed_in(site, "x9_19")
    said = sale("000002", "000000001000", terminal.batch) | {"60": f"22{terminal.batch}0"}
    answer = await terminal.exchange("0200", said)
    assert answer["39"] == "30"
    assert "60" in answer["63"]
    assert await site.states() == {}


@pytest.mark.parametrize("number", ["7", "12", "13", "24", "46", "63"])
async def test_where_the_code_can_be_equalised_more_is_refused(site: Site, number: str) -> None:
    """Anything besides is room to make a code fit that was seen with another message: 30, why."""
    terminal = await _signed_in(site, "unionpay_ecb")
    terminal.spec = _numbers({"f7": "bcd10", "f24": "bcd4"})
    more = {"7": "1126120000", "12": "120000", "13": "1126", "24": "0900", "46": "é", "63": "Café"}
    said = sale("000002", "000000001000", terminal.batch) | {number: more[number]}
    answer = await terminal.exchange("0200", said)
    assert answer["39"] == "30"
    assert number in answer["63"]
    assert await site.states() == {}
    assert site.running.figures()["turned_away"]["foreign_field"] == 1


def _numbers(rows: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    packed = {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "len_count": "nibbles"}
    return _spec(**{name: packed | {"max_len": int(row[3:])} for name, row in rows.items()})


@pytest.mark.parametrize("algorithm", ["unionpay_ecb", "x9_19"])
async def test_a_second_bitmap_that_names_nothing(site: Site, algorithm: str) -> None:
    terminal = await _signed_in(site, algorithm)
    raw = terminal.build("0200", sale("000002", "000000001000", terminal.batch))
    body = raw[11:-8]
    body = body[:2] + bytes([body[2] | 0x80]) + body[3:10] + bytes(8) + body[10:]
    answer = await terminal.say(raw[:11] + body + terminal._code(terminal._mac_key, body))
    assert b"00" in answer
    assert list((await site.states()).values()) == ["approved"]


async def test_an_answer_and_a_type_that_nobody_has(site: Site) -> None:
    """An answer is answered by nothing; an unknown request by 30."""
    terminal = await _signed_in(site, "x9_19")
    answer = await terminal.exchange("0302", sale("000002", "000000001000", terminal.batch))
    assert (answer["t"], answer["39"], answer["11"]) == ("0312", "30", "000002")
    with pytest.raises(asyncio.IncompleteReadError):
        await terminal.exchange("0210", sale("000003", "000000001000", terminal.batch))
    turned = site.running.figures()["turned_away"]
    assert (turned["type_unknown"], turned["not_asked"]) == (1, 1)
    assert await site.states() == {}
