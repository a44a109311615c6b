"""Requests at the same instant: the database lets one effect through, never two."""

import asyncio
from contextlib import ExitStack

from tests.support.foreign import ForeignTerminal
from tests.support.foreign import sale as foreign_sale
from tests.support.site import Site
from tests.support.soft import CARD, Cashier, cashier


def _same_merchant(site: Site, stack: ExitStack, count: int) -> list[Cashier]:
    merchant = site.terminals[0][0]
    own = [terminal for terminal in site.terminals if terminal[0] == merchant]
    return [stack.enter_context(cashier(site.port, own[i % len(own)])) for i in range(count)]


async def test_refunds_at_once_never_exceed_the_sale(site: Site) -> None:
    with ExitStack() as stack:
        first, second = _same_merchant(site, stack, 2)
        sale = await first.take("sale", 10_000)
        await second.terminal.sign_in()
        done = await asyncio.gather(
            first.undo("refund", sale, 6_000), second.undo("refund", sale, 6_000)
        )
        assert sorted(record.state for record in done) == ["approved", "declined"]
        refused = next(record for record in done if record.state == "declined")
        assert refused.response_code in {"61", "22"}
    assert await site.issuer_net() == 4_000
    await site.books_agree()


async def test_void_and_refund_at_once_pay_once(site: Site) -> None:
    with ExitStack() as stack:
        first, second = _same_merchant(site, stack, 2)
        await second.terminal.sign_in()
        for _ in range(5):
            sale = await first.take("sale", 10_000)
            done = await asyncio.gather(
                first.undo("void", sale), second.undo("refund", sale, 10_000)
            )
            assert sorted(record.state for record in done) == ["approved", "declined"], done
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_the_same_request_twice_has_one_effect_and_one_answer(site: Site) -> None:
    merchant, terminal, master = site.terminals[0]
    foreign = ForeignTerminal("127.0.0.1", site.port, merchant, terminal, bytes.fromhex(master))
    await foreign.sign_in()
    request = foreign_sale("000002", "000000010000", foreign.batch)
    answers = await asyncio.gather(*(foreign.exchange("0200", request) for _ in range(8)))
    answers.append(await foreign.exchange("0200", request))
    assert {answer["39"] for answer in answers} == {"00"}
    assert len({(answer["37"], answer["38"]) for answer in answers}) == 1
    assert site.issuer.server.books.totals()["requests"] == 1
    assert await site.issuer_net() == 10_000
    other = foreign_sale("000002", "000000010001", foreign.batch)
    assert (await foreign.exchange("0200", other))["39"] == "94"


async def test_two_terminals_with_the_same_trace_are_not_confused(site: Site) -> None:
    with ExitStack() as stack:
        tills = [stack.enter_context(cashier(site.port, one)) for one in site.terminals]
        done = await asyncio.gather(
            *(till.take("sale", 1_000 + index, CARD) for index, till in enumerate(tills))
        )
    assert {record.trace for record in done} == {"000002"}
    stored = await site.pool.fetch("SELECT amount, rrn FROM transactions ORDER BY amount")
    assert [(record.amount, record.rrn) for record in done] == [tuple(row) for row in stored]


async def test_a_reversal_beside_its_sale_leaves_nothing(site: Site) -> None:
    """Whichever the host sees first: the sale does not stand, or the reversal says so."""
    merchant, terminal, master = site.terminals[0]
    foreign = ForeignTerminal("127.0.0.1", site.port, merchant, terminal, bytes.fromhex(master))
    await foreign.sign_in()
    for number in range(2, 12):
        sale = foreign_sale(f"{number:06d}", "000000010000", foreign.batch)
        _, reversal = await asyncio.gather(
            foreign.exchange("0200", sale), foreign.exchange("0400", sale | {"39": "98"})
        )
        assert reversal["39"] in {"00", "25"}
    await site.settled()
    assert set((await site.states()).values()) <= {"reversed", "declined"}
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_a_sale_that_comes_after_its_reversal_is_refused(site: Site) -> None:
    merchant, terminal, master = site.terminals[0]
    foreign = ForeignTerminal("127.0.0.1", site.port, merchant, terminal, bytes.fromhex(master))
    await foreign.sign_in()
    sale = foreign_sale("000002", "000000010000", foreign.batch)
    for _ in range(2):
        assert (await foreign.exchange("0400", sale | {"39": "98"}))["39"] == "25"
    assert (await foreign.exchange("0200", sale))["39"] != "00"
    assert await site.issuer_net() == 0
    assert await site.states() == {"000002": "declined"}
