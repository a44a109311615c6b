"""As long as a refund is possible its card is there; after that it is refused, with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from annul.domain.orders import Act
from annul.domain.records import Origin, Transaction
from annul.domain.states import State
from annul.host import ordered
from annul.host.forwarded import Forwarded
from annul.host.ordered import Order, OrderRefused
from annul.issuers.forward import Forwarder
from annul.issuers.message import Answer
from annul.store.retention import Retention
from tests.support.hosts import Inside, Till
from tests.support.orders import ordered_at_desk


async def _purged(inside: Inside) -> int:
    """Let go the cards that may go by now."""
    await inside.pool.execute("UPDATE purges SET due_at = '-infinity', reached = NULL")
    host = inside.host
    gone = await Retention(host.pool, inside.clock, host.calendar.business_date, {}).round()
    return gone["card_ciphers"]


async def _days_later(inside: Inside, sold: Transaction, age: int) -> None:
    """Let so many business days pass since a sale, as if nothing else had happened."""
    back = timedelta(days=age)
    await inside.pool.execute(
        "UPDATE transactions SET received_at = received_at - $2::interval,"
        " business_date = business_date - $3::int WHERE id = $1",
        sold.id,
        back,
        age,
    )


async def _refused(doing: Any) -> str:
    with pytest.raises(OrderRefused) as refused:
        await doing
    assert refused.value.next_step
    return refused.value.ruling.name


async def test_a_refund_on_the_last_day_has_its_card(inside: Inside, till: Till) -> None:
    first, second = await inside.sold(till), await inside.sold(till)
    for sold in (first, second):
        await _days_later(inside, sold, 30)
    assert await _purged(inside) == 0
    order = Order(inside.merchant_id, await inside.again(first), uuid7(), Act.REFUND)
    await ordered_at_desk(inside, Act.REFUND, order)
    assert (await inside.again(order.identity)).state is State.APPROVED
    answer = await till.ask("refund", till.undoing("refund", second, f2=None, f35=None))
    assert answer.code == "00"
    assert [asked[2] for asked in inside.rogue.of("refund")] == [
        inside.host.vault.open(sold.card_cipher) for sold in (first, second)
    ]
    assert inside.rogue.net == 0


async def test_a_day_later_it_is_refused_as_too_old_with_or_without_its_card(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    await _days_later(inside, sold, 31)
    for gone in (0, 1):
        assert await _purged(inside) == gone
        old = await inside.again(sold)
        assert (old.card_cipher is None) == bool(gone)
        order = Order(inside.merchant_id, old, uuid7(), Act.REFUND)
        assert await _refused(ordered_at_desk(inside, Act.REFUND, order)) == "original_too_old"
        fields = till.undoing("refund", old, f2=None, f35=None)
        answer = await till.ask("refund", fields)
        assert (answer.code, "超过退货期限" in answer.text) == ("12", True)
        await _days_later(inside, sold, 1)
    assert inside.rogue.of("refund") == []


async def test_without_its_card_nothing_is_sent_until_somebody_presents_it(
    inside: Inside, till: Till
) -> None:
    """Of a contract that lets refunds be made for longer, after the cards have gone."""
    sold = await inside.sold(till)
    await _days_later(inside, sold, 32)
    assert await _purged(inside) == 1
    await inside.set_merchant(refund_days=90)
    old = await inside.again(sold)
    order = Order(inside.merchant_id, old, uuid7(), Act.REFUND)
    assert await _refused(ordered_at_desk(inside, Act.REFUND, order)) == "card_not_kept"
    bare = await till.ask("refund", till.undoing("refund", old, f2=None, f35=None))
    assert (bare.code, "请使用原卡办理" in bare.text) == ("12", True)
    assert (await inside.again(sold)).undone == 0
    assert inside.rogue.of("refund") == []
    presented = await till.ask("refund", till.undoing("refund", old))
    assert presented.code == "00"
    assert (await inside.again(sold)).state is State.REFUNDED


async def test_what_annul_would_try_by_itself_is_judged_alike(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    merchant = inside.host.registry.merchant(inside.merchant_id)
    assert merchant is not None
    for kind in ("void", "refund"):
        gone = (await inside.again(sold))._replace(card_cipher=None)
        ruling = await ordered.ruled(inside.host, merchant, gone, kind, gone.amount)
        assert (ruling.ok, ruling.name) == (False, "card_not_kept")


async def test_a_late_approval_of_what_has_lost_its_card_is_still_reversed(
    inside: Inside, till: Till
) -> None:
    """The network finds it by time, trace and institutions (90)."""
    sold = await inside.sold(till)
    route = inside.host.issuers.route_to(sold.issuer_id)
    built = await ordered.attempt(inside.host, sold, "void", route, Origin.RESOLVER)
    inside.rogue.always("void", "51")
    assert await ordered.send(inside.host, built, sold, route) is not None
    await _days_later(inside, built, 4)
    assert await _purged(inside) == 1
    declined = await inside.again(built)
    assert (declined.state, declined.card_cipher, declined.expiry) == ("declined", None, "")
    now = inside.clock.now()
    assert await inside.host.outcomes.late(declined, Answer("00", "999999"), "4353", now)
    host = inside.host
    forwarder = Forwarder(
        host.pool,
        host.issuers,
        Forwarded(host.journal, host.outcomes),
        inside.clock,
        open_card=host.vault.open,
        acquirer_id=host.acquirer_id,
        local=host.local,
        random=lambda: 0.5,
    )
    inside.rogue.always("reversal", "00")
    [owed] = await forwarder.claim(10)
    await forwarder.work(owed)
    [reversal] = inside.rogue.of("reversal")
    assert (reversal[2], reversal[90][4:10]) == ("", built.issuer_trace)
    assert (await inside.again(built)).state is State.REVERSED
