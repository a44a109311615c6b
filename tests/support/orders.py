"""An order as the desk writes it, without a desk."""

from dataclasses import replace

from annul.domain.orders import Act
from annul.host import orders
from annul.host.ordered import Order, judged

from .hosts import Inside


async def ordered_at_desk(inside: Inside, act: Act, wanted: Order, who: str = "olga") -> None:
    """Judge, write and carry out; raises what each of these does."""
    order = replace(wanted, act=act)
    _, amount = await judged(inside.host, order)
    assert order.original is not None, "it was judged"
    write = orders.SQL["write"](
        merchant=order.merchant_id,
        id=order.identity,
        act=act,
        original=order.original.id,
        amount=amount,
        reason="",
        who=who,
        now=inside.host.clock.now(),
    )
    await inside.pool.execute(*write)
    await orders.carry_out(inside.host, order.merchant_id, order.identity)
