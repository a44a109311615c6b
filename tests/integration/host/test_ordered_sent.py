"""What programs order and annul attempts itself: by the rules, held, and paid once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from annul.domain.orders import Act
from annul.domain.records import Origin, Transaction
from annul.domain.states import State
from annul.host import ordered
from annul.host.ordered import Order, OrderRefused
from tests.support.hosts import Inside, Till
from tests.support.orders import ordered_at_desk


def _order(inside: Inside, original: Transaction | None, amount: int | None = None) -> Order:
    identity: UUID = uuid7()
    return Order(inside.merchant_id, original, identity, Act.VOID, amount)


async def _refused(doing: Any) -> str:
    with pytest.raises(OrderRefused) as refused:
        await doing
    assert refused.value.code == f"rule.{refused.value.ruling.name}"
    assert refused.value.next_step
    return refused.value.ruling.name


# Orders ----------------------------------------------------------------------------------------


async def test_a_program_voids_a_sale_in_a_batch_of_its_own(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    order = _order(inside, sold)
    await ordered_at_desk(inside, Act.VOID, order)
    void = await inside.again(order.identity)
    assert (void.kind, void.state, void.origin) == ("void", State.APPROVED, Origin.PROGRAM)
    assert (void.batch[1:], void.terminal_id) == (sold.batch[1:], sold.terminal_id)
    assert not void.batch[0].isdigit(), "it stands in none of the terminal's totals"
    assert (await inside.again(sold)).state is State.VOIDED
    assert (inside.rogue.net, await inside.entries()) == (0, {})
    assert inside.host.failed.is_set()


async def test_a_program_refunds_a_part_and_then_all_that_is_left(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    first = _order(inside, sold, 4_000)
    await ordered_at_desk(inside, Act.REFUND, first)
    rest = _order(inside, await inside.again(sold))
    await ordered_at_desk(inside, Act.REFUND, rest)
    amounts = [(await inside.again(one.identity)).amount for one in (first, rest)]
    assert amounts == [4_000, 6_000]
    assert (await inside.again(sold)).state is State.REFUNDED
    assert await _refused(
        ordered_at_desk(inside, Act.REFUND, _order(inside, await inside.again(sold)))
    )


@pytest.mark.parametrize("kind", ["preauth", "completion"])
async def test_each_kind_is_taken_back_by_its_own(inside: Inside, till: Till, kind: str) -> None:
    assert (await till.ask("preauth", till.fields("preauth"))).code == "00"
    original = await inside.the("preauth")
    if kind == "completion":
        done = till.undoing("completion", original, 8_000, f37=None)
        assert (await till.ask("completion", done)).code == "00"
        original = await inside.the("completion")
    order = _order(inside, original)
    await ordered_at_desk(inside, Act.VOID, order)
    assert (await inside.again(order.identity)).kind == f"{kind}_void"
    assert await inside.entries() == {}


@pytest.mark.parametrize(
    ("columns", "ruling"),
    [
        ({"active": False}, "merchant_inactive"),
        ({"amount_limit": 9_999}, "over_merchant_limit"),
        ({"currency": "840"}, "currency_differs"),
    ],
)
async def test_an_order_passes_the_shops_rules_but_no_terminals(
    inside: Inside, till: Till, columns: dict[str, Any], ruling: str
) -> None:
    sold = await inside.sold(till)
    await inside.set_terminal(active=False, amount_limit=1, signed_in=False)
    await inside.set_merchant(**columns)
    assert await _refused(ordered_at_desk(inside, Act.VOID, _order(inside, sold))) == ruling
    assert len(inside.rogue.seen) == 1


async def test_an_order_is_refused_by_the_same_table_as_a_terminals(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    found = [
        await _refused(ordered_at_desk(inside, Act.VOID, _order(inside, None))),
        await _refused(ordered_at_desk(inside, Act.REFUND, _order(inside, None))),
        await _refused(ordered_at_desk(inside, Act.VOID, _order(inside, sold, 9_999))),
        await _refused(ordered_at_desk(inside, Act.REFUND, _order(inside, sold, 10_001))),
        await _refused(
            ordered_at_desk(inside, Act.VOID, Order("898000000000000", sold, uuid7(), Act.VOID))
        ),
    ]
    assert found == [
        "original_not_found",
        "original_not_found",
        "amount_differs",
        "over_the_original",
        "merchant_unknown",
    ]


async def test_an_order_waits_for_cover_like_a_terminals(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    await inside.set_merchant(void_needs_balance=True)
    await inside.pool.execute("UPDATE merchant_balances SET pending = 9949")
    refused = _refused(ordered_at_desk(inside, Act.VOID, _order(inside, sold)))
    assert await refused == "merchant_balance_low"


async def test_an_order_over_a_line_that_is_down_is_kept_as_not_sent(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    await inside.rogue.close()
    async with asyncio.timeout(5):
        while inside.host.issuers.lines[sold.issuer_id].link.up:
            await asyncio.sleep(0.01)
    order = _order(inside, sold)
    await ordered_at_desk(inside, Act.VOID, order)
    void = await inside.again(order.identity)
    assert (void.state, void.sent, void.response_code) == ("declined", "not_sent", "91")
    assert (await inside.again(sold)).undone == 0


async def test_an_order_that_is_declined_keeps_what_was_said(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    inside.rogue.always("refund", "51")
    order = _order(inside, sold, 4_000)
    await ordered_at_desk(inside, Act.REFUND, order)
    assert (await inside.again(order.identity)).state is State.DECLINED
    rows = await inside.pool.fetch("SELECT direction FROM messages ORDER BY line")
    assert [row["direction"] for row in rows] == ["issuer_out", "issuer_in"]
    assert (await inside.again(sold)).undone == 0


async def test_of_an_order_and_a_terminals_void_one_is_sent(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    inside.rogue.hold("void")
    asking = asyncio.create_task(till.ask("void", till.undoing("void", sold)))
    asked = await inside.rogue.next("void")
    assert await _refused(ordered_at_desk(inside, Act.VOID, _order(inside, sold))) == "being_undone"
    assert (
        await _refused(ordered_at_desk(inside, Act.REFUND, _order(inside, sold, 1)))
        == "being_undone"
    )
    asked.approve()
    assert (await asking).code == "00"
    assert inside.rogue.net == 0


# Attempts --------------------------------------------------------------------------------------


async def test_an_attempt_repeats_the_original_and_holds_it(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    route = inside.host.issuers.route_to(sold.issuer_id)
    built = await ordered.attempt(inside.host, sold, "void", route, Origin.RESOLVER)
    assert (built.original_id, built.holds, built.amount) == (sold.id, 10_000, 10_000)
    assert (built.card_hash, built.card_cipher) == (sold.card_hash, sold.card_cipher)
    assert built.batch[0] not in "0123456789"
    program = await ordered.attempt(inside.host, sold, "void", route, Origin.PROGRAM)
    assert built.batch != program.batch, "each has numbers of its own"
    await inside.set_merchant(void_needs_balance=True)
    covered = await ordered.attempt(inside.host, sold, "void", route, Origin.RESOLVER)
    assert (built.reserves, covered.reserves) == (0, 9_950)


async def test_an_attempt_that_can_not_be_held_is_not_sent(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    route = inside.host.issuers.route_to(sold.issuer_id)
    first, second = [
        await ordered.attempt(inside.host, sold, "void", route, Origin.RESOLVER) for _ in range(2)
    ]
    inside.rogue.hold("void")
    sending = asyncio.create_task(ordered.send(inside.host, first, sold, route))
    asked = await inside.rogue.next("void")
    assert await ordered.send(inside.host, second, sold, route) is None
    assert len(inside.host.in_flight) == 1, "no sweep takes the first for stranded"
    asked.answer("51")
    exchange = await sending
    assert exchange is not None
    assert (exchange.code, [direction for direction, *_ in exchange.said]) == (
        "51",
        ["issuer_out", "issuer_in"],
    )
    assert inside.host.in_flight == {}


async def test_an_attempt_without_an_answer_is_open(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    route = inside.host.issuers.route_to(sold.issuer_id)
    built = await ordered.attempt(inside.host, sold, "void", route, Origin.RESOLVER)
    inside.rogue.hold("void")
    sending = asyncio.create_task(ordered.send(inside.host, built, sold, route))
    await inside.rogue.next("void")
    inside.clock.forward(seconds=16)
    exchange = await sending
    assert exchange is not None
    assert exchange.code == ordered.OPEN
    assert (await inside.again(built)).state is State.UNKNOWN
    assert await inside.owed() == [("reversal", "4354")]
