"""Script results and signatures: kept with a transaction of the terminal's own."""

import asyncio
from hashlib import sha256
from typing import Any

from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from tests.support.hosts import Inside, Line, Till
from tests.support.soft import CARD
from tests.support.wire import Answer, Fields, badly_signed, unsigned

_RESULTS = bytes.fromhex("9F3303E0F8C89505000004E000DF310520000000005A08") + bytes.fromhex(CARD)
_PICTURE = b"\x00\x00\x01\x00" + bytes(range(200))


# Script results ------------------------------------------------------------------------------


def _result(till: Till, of: Transaction, trace: str = "000801", **more: Any) -> Fields:
    who = till.keyed.who
    fields: Fields = {
        2: CARD, 4: f"{of.amount:012d}", 11: trace, 22: "051", 37: of.rrn, 41: who[1], 42: who[0],
        49: "156", 55: _RESULTS, 60: f"00{till.keyed.batch}951", 61: of.batch + of.trace,
    }  # fmt: skip
    for name, value in more.items():
        fields.pop(int(name[1:]), None)
        if value is not None:
            fields[int(name[1:])] = value
    return dict(sorted(fields.items()))


async def _results(inside: Inside) -> list[Any]:
    return await inside.pool.fetch("SELECT * FROM script_results")


async def test_what_became_of_scripts_is_kept_with_its_transaction(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    for _ in range(2):  # a repeat changes nothing
        answer = await till.say("0620", _result(till, sold))
        assert (answer.code, answer.message.mti, answer.message[37]) == ("00", "0630", sold.rrn)
        assert answer.has_mac
    (row,) = await _results(inside)
    assert (row["transaction_id"], row["trace"]) == (sold.id, "000801")
    assert row["chip"] == "9F33=E0F8C8 95=000004E000 DF31=2000000000 5A=<8 bytes>"
    assert await inside.again(sold) == sold
    assert inside.rogue.net == 10_000


async def test_it_is_found_by_either_name_and_repeated_as_0621(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    assert (await till.say("0620", _result(till, sold, f37=None))).code == "00"
    by_reference = _result(till, sold, f61="000001000999")
    assert (await till.say("0621", by_reference)).code == "00"
    again = _result(till, sold, "000802")
    assert (await till.say("0620", again)).code == "00"
    assert len(await _results(inside)) == 1, "it says nothing new"
    other = _result(till, sold, "000803", f55=bytes.fromhex("DF31051100000000"))
    assert (await till.say("0620", other)).code == "00"
    assert len(await _results(inside)) == 2


async def test_it_needs_a_mac_and_a_transaction_of_its_own(inside: Inside, till: Till) -> None:
    other = await inside.till(1)
    sold, theirs = await inside.sold(till), await inside.sold(other)
    for body in (unsigned("0620", _result(till, sold)), badly_signed("0620", _result(till, sold))):
        assert (await till.line.told(body)).code == "A0"
    for number, (code, changes) in enumerate(
        (
            ("25", {"f37": None, "f61": "000001000999"}),
            ("25", {"f37": theirs.rrn}),
            ("25", {"f37": "399999999999", "f61": "000009000001"}),
            ("14", {"f2": "6200010000000015"}),
            ("30", {"f55": None}),
            ("30", {"f61": None}),
            ("30", {"f61": "00000100"}),
        )
    ):
        fields = _result(till, sold, f"{810 + number:06d}", **changes)
        assert (await till.say("0620", fields)).code == code, changes
    assert await _results(inside) == []


async def test_under_a_mac_that_could_be_made_to_fit_the_line_has_to_be_proven(
    inside: Inside, till: Till
) -> None:
    """It is told to come again, and then it is taken: nothing says that it was refused for good."""
    sold = await inside.sold(till)
    body = till.keyed.signed("0620", _result(till, sold))
    line = Line(inside.host)
    for _ in range(2):
        assert (await line.told(body)).code == "98"
    assert await _results(inside) == []
    assert (await line.told(till.keyed.signed("0200", till.fields("sale", 300)))).code == "00"
    assert (await line.told(body)).code == "00"
    assert len(await _results(inside)) == 1


# Signatures ----------------------------------------------------------------------------------


def _part(till: Till, of: Transaction, part: int = 0, **more: Any) -> bytes:
    who = till.keyed.who
    fields: Fields = {
        11: of.trace, 37: of.rrn, 41: who[1], 42: who[0], 60: f"07{of.batch}{800 + part}",
        62: _PICTURE,
    }  # fmt: skip
    for name, value in more.items():
        fields.pop(int(name[1:]), None)
        if value is not None:
            fields[int(name[1:])] = value
    return unsigned("0820", dict(sorted(fields.items())))


async def _sign(till: Till, of: Transaction, part: int = 0, **more: Any) -> Answer:
    return await till.line.told(_part(till, of, part, **more))


async def _parts(inside: Inside) -> list[Any]:
    return await inside.pool.fetch("SELECT * FROM signatures ORDER BY part")


async def test_a_signature_is_kept_sealed_part_by_part(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    pictures = [b"first", b"second", b"last"]
    for part, picture in enumerate(pictures):
        answer = await _sign(till, sold, part, f62=picture)
        assert (answer.code, answer.message.mti, answer.message[37]) == ("00", "0830", sold.rrn)
    rows = await _parts(inside)
    assert [row["part"] for row in rows] == [0, 1, 2]
    for row, picture in zip(rows, pictures, strict=True):
        assert (row["transaction_id"], row["size"]) == (sold.id, len(picture))
        assert bytes(row["digest"]) == sha256(picture).digest()
        assert picture not in bytes(row["sealed"])
        about = sold.id.bytes + bytes((row["part"],))
        assert inside.host.vault.open_file(bytes(row["sealed"]), about) == picture


async def test_a_repeat_changes_nothing_and_another_picture_is_refused(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    assert (await _sign(till, sold)).code == "00"
    before = await _parts(inside)
    assert (await _sign(till, sold)).code == "00"
    refused = await _sign(till, sold, f62=b"another one")
    assert (refused.code, "签名已上送" in refused.text) == ("94", True)
    assert await _parts(inside) == before


async def test_of_two_pictures_at_once_one_is_kept(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    answers = await asyncio.gather(*(_sign(till, sold, f62=bytes((n,))) for n in range(1, 5)))
    assert sorted(answer.code for answer in answers) == ["00", "94", "94", "94"]
    (row,) = await _parts(inside)
    kept = next(n for n, one in enumerate(answers, 1) if one.code == "00")
    assert bytes(row["digest"]) == sha256(bytes((kept,))).digest()


async def test_a_picture_has_an_end(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    assert (await _sign(till, sold, f62=b"")).code == "30"
    assert (await _sign(till, sold, 16)).code == "40", "no such part"
    assert len(KINDS["signature"].network) == 16
    assert (await _sign(till, sold, 15)).code == "00"
    assert [row["part"] for row in await _parts(inside)] == [15]


async def test_it_needs_a_proven_line_and_a_transaction_of_its_own(
    inside: Inside, till: Till
) -> None:
    other = await inside.till(1)
    sold, theirs = await inside.sold(till), await inside.sold(other, 700)
    assert (await Line(inside.host).told(_part(till, sold))).code == "58"
    assert (await _sign(till, sold, f37=theirs.rrn)).code == "25"
    assert (await _sign(till, sold, f37=None, f11="000999")).code == "25"
    assert (await _sign(till, sold, f2="6200010000000015")).code == "14"
    assert await _parts(inside) == []
    assert (await _sign(till, sold, f37=None, f2=CARD)).code == "00"


async def test_a_mac_that_could_be_made_to_fit_is_not_enough(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    fields = till.line.enter(_part(till, sold)).message.fields()
    assert (await Line(inside.host).told(till.keyed.signed("0820", fields))).code == "58"
    assert await _parts(inside) == []
