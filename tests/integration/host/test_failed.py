"""What fails at once becomes a case: what is kept of it, and what the cashier reads."""

import pytest

from annul.domain.kinds import KINDS
from tests.support.hosts import Inside, Line, Till


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("void", "51", "原消费暂有效,结果随后告知,勿重复"),
        ("void", "96", "撤销结果未定,随后告知,勿重复"),
        ("refund", "51", "退货未成功,原因随后告知"),
        ("refund", "96", "退货结果未定,随后告知,勿重复"),
    ],
)
async def test_what_an_issuer_does_not_approve_is_told_with_its_number(
    inside: Inside, till: Till, kind: str, code: str, said: str
) -> None:
    sold = await inside.sold(till)
    inside.host.failed.clear()
    inside.rogue.always(kind, code)
    answer = await till.ask(kind, till.undoing(kind, sold))
    row = await inside.the(kind)
    assert answer.text == f"CUP{said} 案件号{row.rrn}"
    assert answer.message[37] == row.rrn
    assert inside.host.failed.is_set()


async def test_a_sale_that_is_declined_is_no_case(inside: Inside, till: Till) -> None:
    inside.rogue.always("sale", "51")
    answer = await till.ask("sale", till.fields("sale"))
    assert (answer.text, inside.host.failed.is_set()) == ("", False)
    assert await inside.pool.fetchval("SELECT count(*) FROM messages") == 0


async def test_what_is_refused_before_it_is_written_is_kept_with_what_it_asked_for(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    fields = till.undoing("void", sold, f49="840")
    answer = await till.ask("void", fields)
    (row,) = await inside.pool.fetch("SELECT * FROM refusals")
    assert (answer.code, row["response_code"], row["rule"]) == ("13", "13", "currency_differs")
    assert answer.text == f"CUP币种不符,请核对币种 案件号{row['rrn']}"
    assert (row["original_batch"], row["original_trace"]) == (sold.batch, sold.trace)
    assert (row["amount"], row["card_masked"]) == (10_000, "620001******0007")
    assert bytes(row["card_hash"]) == sold.card_hash
    assert (row["kind"], row["trace"]) == ("void", fields[11])


async def test_the_same_refused_bytes_are_one_row_and_one_number(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    body = till.keyed.signed("0200", till.undoing("void", sold, f49="840"))
    first, second = [await till.line.told(body) for _ in range(2)]
    assert (first.code, first.message[37]) == (second.code, second.message[37])
    assert await inside.pool.fetchval("SELECT count(*) FROM refusals") == 1


@pytest.mark.parametrize("kind", ["sale", "preauth"])
async def test_what_asks_for_nothing_back_is_not_kept(
    inside: Inside, till: Till, kind: str
) -> None:
    answer = await till.ask(kind, till.fields(kind, f49="840"))
    assert answer.code == "13"
    assert await inside.pool.fetchval("SELECT count(*) FROM refusals") == 0


async def test_of_a_stranger_nothing_is_kept(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    signed = till.keyed.signed(KINDS["void"].mti, till.undoing("void", sold, f49="840"))
    answer = await Line(inside.host).told(signed[:-8] + b"0BADC0DE")
    assert answer.code == "A0"
    assert await inside.pool.fetchval("SELECT count(*) FROM refusals") == 0


async def test_what_has_become_a_transaction_before_is_no_refusal(
    inside: Inside, till: Till
) -> None:
    """It is a repeat, and was answered as what it is."""
    sold = await inside.sold(till)
    void = till.undoing("void", sold)
    assert (await till.ask("void", void)).code == "00"
    await inside.set_terminal(active=False)
    assert (await till.ask("void", void | {63: "001"})).code == "58"
    assert await inside.pool.fetchval("SELECT count(*) FROM refusals") == 0


async def test_another_one_under_a_used_number_is_kept(inside: Inside, till: Till) -> None:
    first, second = await inside.sold(till), await inside.sold(till)
    void = till.undoing("void", first)
    assert (await till.ask("void", void)).code == "00"
    other = till.undoing("void", second, f11=void[11])
    answer = await till.ask("void", other)
    assert (answer.code, "凭证号重复" in answer.text) == ("94", True)
    (row,) = await inside.pool.fetch("SELECT rule, original_trace FROM refusals")
    assert tuple(row) == ("number_used", second.trace)
    assert (await inside.again(second)).state == "approved"
