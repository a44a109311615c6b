"""What each way to end a break would do to the money, before anybody chooses one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from annul.domain.breaks import Resolution
from annul.settle.clearing.ending import Break, NotWaiting, looked_at, proves
from annul.settle.clearing.rules import ClearingRules

from . import over_cells
from .breaks import two_needed
from .clearing_cells import rules_of
from .desk import Desk, NothingThere
from .permission import NotAllowed
from .roles import Scope, Visitor


class End(NamedTuple):
    """What a resolution does. `proves`: what it says of the transaction, `done`, `not_done` or "".

    `moves`: what the merchant's account follows by, in minor units of the break's currency;
    `frees`: what leaves suspense instead. `two`: it takes a second person. `possible`: whether
    there is an account that could follow.
    """

    resolution: Resolution
    proves: str
    moves: int
    frees: int
    two: bool
    possible: bool


@over_cells.the_one_that_knows
async def ends(desk: Desk, visitor: Visitor, found: Mapping[str, Any]) -> list[End]:
    """Give the ends of a break, as `breaks.find` has given it; raises `NothingThere`."""
    try:
        one = await looked_at(desk.pool, found["id"])
    except NotWaiting as error:
        message = f"there is no break {found['id']}"
        raise NothingThere(message) from error
    if not visitor.may(Scope.CLEARING_READ) or not visitor.sees(one.merchant_id):
        raise NotAllowed
    rules = (await rules_of(desk)).rules
    return [_end(rules, found, one, resolution) for resolution in Resolution]


def _end(rules: ClearingRules, found: Mapping[str, Any], one: Break, resolution: Resolution) -> End:
    said = proves(one, resolution)
    follows = resolution is Resolution.THEIRS_STAND and not said
    moves = one.money if follows and one.merchant_id else 0
    return End(
        resolution,
        said,
        moves,
        one.money - moves,
        two_needed(rules, dict(found), resolution),
        not follows or bool(one.merchant_id) or not one.money,
    )
