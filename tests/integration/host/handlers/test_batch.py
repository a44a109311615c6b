"""The end of a batch: totals are compared once, and what differs is told line by line."""

import asyncio
from typing import Any

import pytest

from annul.wire.subfields import Field48Totals
from tests.support.hosts import Inside, Line, Till
from tests.support.wire import Answer, managing

Claim = tuple[int, int, int, int]  # debits and their number, credits and their number


async def _settle(
    till: Till,
    totals: Claim = (0, 0, 0, 0),
    *,
    batch: str = "",
    line: Line | None = None,
    **more: Any,
) -> Answer:
    """Settle with totals: debits and their number, credits and their number."""
    said = Field48Totals(*totals).build()
    named: dict[str, Any] = {"f48": said, "batch": batch or till.keyed.batch, **more}
    body = managing("settlement", till.keyed.who, "201", **named)
    return await (line or till.line).told(body)


def _result(answer: Answer) -> str:
    assert answer.code == "00", answer.text
    return Field48Totals.parse(str(answer.message[48])).result


async def _batches(inside: Inside) -> list[Any]:
    return await inside.pool.fetch("SELECT * FROM batches ORDER BY batch")


async def _traded(inside: Inside, till: Till) -> None:
    """Two sales, one of them voided, a refund of the other, and what counts for nothing."""
    first, second = await inside.sold(till), await inside.sold(till, 5_000)
    assert (await till.ask("void", till.undoing("void", first))).code == "00"
    assert (await till.ask("refund", till.undoing("refund", second, 2_000))).code == "00"
    inside.rogue.always("sale", "51")
    await till.ask("sale", till.fields("sale", 7_000))
    inside.rogue.let("sale")
    gone = till.fields("sale", 9_000)
    await till.ask("sale", gone)
    assert (await till.say("0400", gone | {39: "98"})).code == "00"


_TRADED = (15_000, 2, 12_000, 2)


async def test_equal_totals_close_the_batch_and_begin_the_next(inside: Inside, till: Till) -> None:
    """A sale counts also when it was voided; a declined or reversed one does not."""
    await _traded(inside, till)
    answer = await _settle(till, _TRADED)
    assert _result(answer) == "1"
    assert answer.message[60] == "00000001201"
    (row,) = await _batches(inside)
    assert (row["balanced"], row["debit_amount"], row["debit_count"]) == (True, 15_000, 2)
    assert (row["credit_amount"], row["credit_count"]) == (12_000, 2)
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    assert station.terminal.batch == "000002"
    assert (await till.ask("sale", till.fields("sale"))).code == "77", "it is in another batch"
    till.keyed.batch = "000002"
    assert (await till.ask("sale", till.fields("sale"))).code == "00"


async def test_a_repeat_is_told_the_same_and_begins_nothing(inside: Inside, till: Till) -> None:
    await _traded(inside, till)
    assert _result(await _settle(till, _TRADED)) == "1"
    assert _result(await _settle(till, _TRADED)) == "1"
    assert _result(await _settle(till, (1, 1, 1, 1))) == "1", "what was settled stays settled"
    assert len(await _batches(inside)) == 1
    assert await inside.pool.fetchval(
        "SELECT batch FROM terminals WHERE terminal_id = $1", till.keyed.who[1]
    ) == ("000002")


async def test_two_settlements_at_once_close_one_batch(inside: Inside, till: Till) -> None:
    await _traded(inside, till)
    answers = await asyncio.gather(*(_settle(till, _TRADED) for _ in range(4)))
    assert {_result(answer) for answer in answers} == {"1"}
    assert len(await _batches(inside)) == 1


@pytest.mark.parametrize("by", range(4))
async def test_each_total_that_differs_puts_the_batch_out_of_balance(
    inside: Inside, till: Till, by: int
) -> None:
    await _traded(inside, till)
    one, two, three, four = (total + (n == by) for n, total in enumerate(_TRADED))
    totals = (one, two, three, four)
    assert _result(await _settle(till, totals)) == "2"
    (row,) = await _batches(inside)
    assert not row["balanced"]


async def test_a_batch_that_is_none_of_its_own_is_not_settled(inside: Inside, till: Till) -> None:
    await inside.sold(till)
    answer = await _settle(till, (10_000, 1, 0, 0), batch="000009")
    assert (answer.code, "批次号不一致" in answer.text) == ("77", True)
    assert await _batches(inside) == []


@pytest.mark.parametrize("said", ["0" * 60, "0" * 64])
async def test_totals_that_make_no_sense_close_nothing(
    inside: Inside, till: Till, said: str
) -> None:
    await inside.sold(till)
    answer = await _settle(till, f48=said)
    assert (answer.code, "48域" in answer.text) == ("30", True)
    assert await _batches(inside) == []


async def test_who_has_proven_nothing_closes_no_batch_of_which_the_totals_differ(
    inside: Inside, till: Till
) -> None:
    """With equal totals it may, where its profile lets it: that changes nobody's money."""
    await inside.sold(till)
    stranger = Line(inside.host)
    assert (await _settle(till, (1, 1, 0, 0), line=stranger)).code == "58"
    await inside.set_terminal(unbound_management=True)
    refused = await _settle(till, (1, 1, 0, 0), line=stranger)
    assert (refused.code, "总额不符" in refused.text) == ("58", True)
    assert await _batches(inside) == []
    assert _result(await _settle(till, (10_000, 1, 0, 0), line=stranger)) == "1"


# Foreign cards ---------------------------------------------------------------------------------

_FOREIGN = "4000000000000002"


def _halves(answer: Answer) -> tuple[str, str]:
    assert answer.code == "00", answer.text
    said = Field48Totals.parse(str(answer.message[48]))
    return said.result, said.foreign_result


async def _both(inside: Inside, till: Till) -> None:
    """A domestic sale, and two of a foreign card, of which one is voided."""
    await inside.sold(till)
    first = await inside.sold(till, 3_000, f2=_FOREIGN)
    await inside.sold(till, 2_000, f2=_FOREIGN)
    undone = till.undoing("void", first, f2=None, f14=None)
    assert (await till.ask("void", undone)).code == "00"


_BOTH = (10_000, 1, 0, 0, "0", 5_000, 2, 3_000, 1, "0")


async def test_foreign_cards_are_compared_apart(inside: Inside, till: Till) -> None:
    """Also what gives back counts where its original did, whether it names the card or not."""
    await _both(inside, till)
    said = Field48Totals(*_BOTH).build()
    answer = await _settle(till, f48=said)
    assert _halves(answer) == ("1", "1")
    assert str(answer.message[48]) == Field48Totals(*_BOTH[:4], "1", *_BOTH[5:9], "1").build()
    (row,) = await _batches(inside)
    assert (row["balanced"], row["foreign_balanced"]) == (True, True)
    assert (row["debit_amount"], row["debit_count"], row["credit_count"]) == (10_000, 1, 0)
    assert (row["foreign_debit_amount"], row["foreign_debit_count"]) == (5_000, 2)
    assert (row["foreign_credit_amount"], row["foreign_credit_count"]) == (3_000, 1)
    assert row["claimed"] == said


@pytest.mark.parametrize("by", [0, 1, 2, 3, 5, 6, 7, 8])
async def test_a_half_that_differs_puts_that_half_out_of_balance(
    inside: Inside, till: Till, by: int
) -> None:
    await _both(inside, till)
    claim: list[Any] = [*_BOTH]
    claim[by] += 1
    answer = await _settle(till, f48=Field48Totals(*claim).build())
    expected = ("2", "1") if by < 5 else ("1", "2")
    assert _halves(answer) == expected
    again = await _settle(till, f48=Field48Totals(*_BOTH).build())
    assert _halves(again) == expected, "what was settled stays settled"
    (row,) = await _batches(inside)
    assert (row["balanced"], row["foreign_balanced"]) == (by > 5 - 1, by < 5)


async def test_what_counts_in_the_wrong_half_balances_neither(inside: Inside, till: Till) -> None:
    await _both(inside, till)
    assert _halves(await _settle(till, (15_000, 3, 3_000, 1))) == ("2", "2")


async def test_only_who_is_certain_may_differ_in_the_foreign_half(
    inside: Inside, till: Till
) -> None:
    await _both(inside, till)
    await inside.set_terminal(unbound_management=True)
    claim = Field48Totals(*_BOTH[:5], 5_001, *_BOTH[6:]).build()
    assert (await _settle(till, f48=claim, line=Line(inside.host))).code == "58"
    assert await _batches(inside) == []


# Uploads ---------------------------------------------------------------------------------------


def _records(*rows: tuple[str, int]) -> str:
    """Write uploaded records: trace and amount."""
    digits = "".join(f"00{trace}{6200010000000007:020d}{amount:012d}" for trace, amount in rows)
    return f"{len(rows):02d}{digits}"


async def _upload(
    till: Till, said: str, kind: str = "batch_upload", network: str = "201"
) -> Answer:
    return await till.line.told(managing(kind, till.keyed.who, network, f48=said))


async def _end(till: Till) -> Answer:
    return await _upload(till, "0002", "batch_upload_end", "202")


async def test_what_differs_line_by_line_is_told_once(inside: Inside, till: Till) -> None:
    first, second = await inside.sold(till), await inside.sold(till, 5_000)
    assert _result(await _settle(till, (15_000, 3, 0, 0))) == "2"
    said = _records((first.trace, 10_000), (second.trace, 5_001), ("000077", 1))
    for _ in range(2):  # a repeated message changes nothing
        answer = await _upload(till, said)
        assert (answer.code, answer.message[48]) == ("00", "0003")
    assert await inside.pool.fetchval("SELECT count(*) FROM batch_uploads") == 3
    assert [(await _end(till)).code for _ in range(2)] == ["00", "00"]
    assert await inside.incidents() == ["batch_differs"]
    (row, *_) = await inside.pool.fetch("SELECT card_hash FROM batch_uploads")
    assert bytes(row["card_hash"]) == inside.host.vault.hash("6200010000000007")


async def test_an_upload_that_is_the_hosts_own_book_is_no_incident(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    assert _result(await _settle(till, (1, 1, 0, 0))) == "2"
    assert (await _upload(till, _records((sold.trace, sold.amount)))).code == "00"
    assert (await _end(till)).code == "00"
    assert await inside.incidents() == []


async def test_the_end_of_an_upload_needs_a_settlement(inside: Inside, till: Till) -> None:
    await inside.sold(till)
    answer = await _end(till)
    assert (answer.code, "未结算" in answer.text) == ("25", True)


@pytest.mark.parametrize("said", ["02" + "0" * 40, "01" + "0" * 39, "03"])
async def test_records_that_are_not_as_many_as_they_say_are_not_kept(
    inside: Inside, till: Till, said: str
) -> None:
    await inside.sold(till)
    answer = await _upload(till, said)
    assert (answer.code, await inside.pool.fetchval("SELECT count(*) FROM batch_uploads")) == (
        "30",
        0,
    )
