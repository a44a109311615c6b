"""Reversals of terminals: owned before they are answered, and never with a second effect."""

import asyncio
from typing import Any

import pytest

from annul.domain.states import State
from tests.support.hosts import Inside, Till
from tests.support.wire import Fields


async def _reverse(till: Till, fields: Fields, reason: str = "98", **changes: Any) -> str:
    named = {int(name[1:]): value for name, value in changes.items()}
    return (await till.say("0400", fields | {39: reason} | named)).code


async def test_a_reversal_is_owned_before_it_is_answered(inside: Inside, till: Till) -> None:
    fields = till.fields("sale")
    assert (await till.ask("sale", fields)).code == "00"
    answer = await till.say("0400", fields | {39: "98"})
    row = await inside.the("sale")
    assert (answer.code, answer.message[37]) == ("00", row.rrn)
    assert row.state is State.REVERSING
    assert await inside.owed() == [("reversal", "4021")]
    assert inside.host.issuers.owed.is_set()
    await inside.host.evidence.flush(inside.host.issuers)
    assert await inside.pool.fetchval("SELECT sum(reversals) FROM terminal_stats") == 1


async def test_a_repeat_changes_nothing_and_ends_it(inside: Inside, till: Till) -> None:
    fields = till.fields("sale")
    await till.ask("sale", fields)
    codes = [await _reverse(till, fields) for _ in range(3)]
    assert codes == ["00", "00", "00"]
    assert len(await inside.owed()) == 1
    sale = await inside.the("sale")
    assert await inside.host.outcomes.reversed(sale, "00", inside.clock.now())
    assert await _reverse(till, fields) == "00"
    assert (await inside.again(sale)).state is State.REVERSED


@pytest.mark.parametrize(
    ("said", "reason"), [("98", "4021"), ("A0", "4355"), ("96", "4007"), ("06", "4351")]
)
async def test_the_terminals_reason_is_passed_on(
    inside: Inside, till: Till, said: str, reason: str
) -> None:
    fields = till.fields("sale")
    await till.ask("sale", fields)
    assert await _reverse(till, fields, said) == "00"
    assert (await inside.the("sale")).reversal_reason == reason


async def test_what_comes_after_its_own_reversal_is_not_done(inside: Inside, till: Till) -> None:
    fields = till.fields("sale")
    assert await _reverse(till, fields) == "25"
    row = await inside.the("sale")
    assert (row.state, row.response_code) == (State.DECLINED, "25")
    assert (await till.ask("sale", fields)).code == "25"
    assert inside.rogue.seen == []
    assert await _reverse(till, fields) == "25"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"f4": "000000009999"}, "64"),
        ({"f3": "200000", "f60": "23000001000", "f37": "300000000001"}, "12"),
        ({"f2": "6200010000000015"}, "25"),
    ],
)
async def test_what_is_not_the_transaction_is_left_alone(
    inside: Inside, till: Till, change: dict[str, str], code: str
) -> None:
    fields = till.fields("sale")
    await till.ask("sale", fields)
    assert await _reverse(till, fields, **change) == code
    assert (await inside.the("sale")).state is State.APPROVED
    assert await inside.owed() == []


async def test_a_sale_that_was_given_back_needs_no_reversal(inside: Inside, till: Till) -> None:
    fields = till.fields("sale")
    await till.ask("sale", fields)
    sold = await inside.the("sale")
    assert (await till.ask("void", till.undoing("void", sold))).code == "00"
    assert await _reverse(till, fields) == "00"
    assert (await inside.again(sold)).state is State.VOIDED
    assert await inside.incidents() == []


async def test_a_terminal_that_reverses_what_stands_is_told_of(inside: Inside, till: Till) -> None:
    """It goes on as if it had not sold, and a part was given back: they differ by the rest."""
    fields = till.fields("sale")
    await till.ask("sale", fields)
    sold = await inside.the("sale")
    assert (await till.ask("refund", till.undoing("refund", sold, 4_000))).code == "00"
    assert [await _reverse(till, fields) for _ in range(2)] == ["12", "12"]
    assert await inside.incidents() == ["reversal_not_possible"]


async def test_a_void_that_its_terminal_takes_back_is_noted_and_wakes_the_resolver(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    fields = till.undoing("void", sold)
    await till.ask("void", fields)
    inside.host.failed.clear()
    assert await _reverse(till, {n: v for n, v in fields.items() if n != 61}) == "00"
    void = await inside.the("void")
    assert (void.state, void.taken_back) == (State.REVERSING, True)
    assert inside.host.failed.is_set()
    assert (await inside.again(sold)).undone == 10_000, "nothing else may be given back yet"


async def test_a_reversal_meets_a_sale_that_is_being_answered(inside: Inside, till: Till) -> None:
    inside.rogue.hold("sale")
    fields = till.fields("sale")
    asking = asyncio.create_task(till.ask("sale", fields))
    asked = await inside.rogue.next("sale")
    assert await _reverse(till, fields) == "00"
    asked.answer("51")
    await asking
    assert (await inside.the("sale")).state is State.REVERSING, "it was told as reversed"
    assert await inside.owed() == [("reversal", "4021")]


async def test_what_others_keep_winning_is_not_said_to_be_owned(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = till.fields("sale")
    await till.ask("sale", fields)

    async def lost(*_: object) -> bool:
        return False

    monkeypatch.setattr(inside.host.outcomes, "reversing", lost)
    assert await _reverse(till, fields) == "96"
    monkeypatch.undo()
    assert await _reverse(till, fields) == "00", "it is sent until it is heard"
