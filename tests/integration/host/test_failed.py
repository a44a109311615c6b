"""What fails at once becomes a case: what is kept of it, and what the cashier reads."""

import pytest

from annul.diagnose.gather import Gatherer
from annul.diagnose.rank import Finding, rank
from annul.domain.kinds import KINDS
from annul.host import answering
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Request
from annul.store.batcher import StoreUnavailable
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


# Why it was refused -----------------------------------------------------------------------------


async def _cause(inside: Inside, number: str) -> Finding:
    gatherer = Gatherer(inside.pool, inside.host.calendar, inside.clock)
    failed = await gatherer.find(number)
    return rank((await gatherer.picture(failed)).facts)[0]


async def test_a_number_that_was_used_before_is_a_fault_of_the_set_up(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    answer = await till.ask("void", till.undoing("void", sold, f11=sold.trace))
    found = await _cause(inside, str(answer.message[37]))
    assert (answer.code, found.cause.name) == ("94", "terminal_misconfigured")
    assert found.probability > 0.6
    assert "counts from one again" in found.evidence[0].line.en


async def test_of_two_devices_at_once_the_second_hears_that_it_is_done(
    inside: Inside, till: Till
) -> None:
    """The first one was under way when the second came, and through when this was ruled on."""
    sold = await inside.sold(till)
    assert (await till.ask("void", till.undoing("void", sold))).code == "00"
    answer = await till.ask("void", till.undoing("void", sold))
    assert answer.code == "22"
    await inside.pool.execute(
        "UPDATE transactions SET received_at = received_at - interval '1 minute' WHERE rrn = $1",
        answer.message[37],
    )
    found = await _cause(inside, str(answer.message[37]))
    assert (found.cause.name, found.probability > 0.6) == ("already_undone", True)


@pytest.mark.parametrize(
    ("error", "rule"), [(ZeroDivisionError(), "host_failed"), (StoreUnavailable(), "host_busy")]
)
@pytest.mark.parametrize("written", [False, True])
async def test_what_meets_a_fault_of_ours_is_kept_unless_it_has_left_a_row(
    inside: Inside, till: Till, error: Exception, rule: str, *, written: bool
) -> None:
    sold, handle = await inside.sold(till), inside.host.handlers["void"]

    async def fail(request: Request, host: Host) -> Reply:
        if written:
            await handle(request, host)
        raise error

    inside.host.handlers = {**inside.host.handlers, "void": fail}
    answer = await till.ask("void", till.undoing("void", sold))
    assert answer.code == "96"
    await inside.host.evidence.flush(inside.host.issuers)
    rows = await inside.pool.fetch("SELECT rule, rrn FROM refusals")
    assert [row["rule"] for row in rows] == ([] if written else [rule])
    for row in rows:
        found = await _cause(inside, row["rrn"])
        assert (found.cause.name, found.probability > 0.6) == ("acquirer_fault", True)


async def test_what_a_full_host_refuses_is_written_down_later(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    for kind, mti in (("void", "0200"), ("refund", "0220"), ("sale", "0200")):
        asked = till.fields(kind) if kind == "sale" else till.undoing(kind, sold)
        answering.refuse_busy(inside.host, till.line.enter(till.keyed.signed(mti, asked)))
    await inside.host.evidence.flush(inside.host.issuers)
    rows = await inside.pool.fetch("SELECT kind, rule FROM refusals")
    assert [tuple(row) for row in rows] == [("void", "host_busy")], "a refund (98) comes again"


async def test_what_its_reversal_came_before_is_the_line_of_the_terminal(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    void = till.undoing("void", sold)
    assert (await till.say("0400", void | {39: "98"})).code == "25"
    found = await _cause(inside, (await inside.the("void")).rrn)
    assert (found.cause.name, found.probability > 0.6) == ("terminal_link", True)
