"""A repeat (origin digit 1) is the message that it repeats: same key, one effect, one answer."""

import pytest

from tests.support.hosts import Inside, Till
from tests.support.wire import badly_signed, unsigned


async def test_a_refund_that_is_repeated_as_0221_is_given_once(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    fields = till.undoing("refund", sold, 4_000)
    first = await till.say("0220", fields)
    again = await till.say("0221", fields)
    assert (first.code, first.message.mti) == ("00", "0230")
    assert (again.code, again.message.mti) == ("00", "0230")
    assert first.message[37] == again.message[37]
    assert (await inside.again(sold)).undone == 4_000


async def test_a_repeat_that_comes_without_its_first_is_the_first(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    fields = till.undoing("refund", sold, 4_000)
    assert (await till.say("0221", fields)).code == "00"
    assert (await till.say("0220", fields)).code == "00"
    assert (await inside.again(sold)).undone == 4_000


@pytest.mark.parametrize(("mti", "answer"), [("0401", "0410"), ("0420", "0430"), ("0421", "0430")])
async def test_a_reversal_that_is_repeated_reverses_once(
    inside: Inside, till: Till, mti: str, answer: str
) -> None:
    fields = till.fields("sale")
    assert (await till.ask("sale", fields)).code == "00"
    for said, expected in (("0400", "0410"), (mti, answer), (mti, answer)):
        told = await till.say(said, fields | {39: "98"})
        assert (told.code, told.message.mti) == ("00", expected)
    assert (await inside.the("sale")).state in {"reversing", "reversed"}


async def test_a_sale_that_is_repeated_as_0201_is_taken_once(inside: Inside, till: Till) -> None:
    fields = till.fields("sale")
    first, again = await till.say("0200", fields), await till.say("0201", fields)
    assert (again.code, again.message.mti) == ("00", "0210")
    assert first.message[37] == again.message[37]
    assert await inside.pool.fetchval("SELECT count(*) FROM transactions") == 1


@pytest.mark.parametrize("mti", ["0221", "0401", "0421"])
async def test_a_repeat_needs_the_mac_of_its_first(inside: Inside, till: Till, mti: str) -> None:
    sold = await inside.sold(till)
    fields = till.undoing("refund", sold) if mti == "0221" else till.fields("sale") | {39: "98"}
    for body in (unsigned(mti, fields), badly_signed(mti, fields)):
        answer = await till.line.told(body)
        assert (answer.code, answer.has_mac) == ("A0", False)
    assert (await inside.again(sold)).undone == 0
