"""Rules of clearing files in versions: who sets them, and when that takes a second person."""

import asyncpg
import pytest

from annul.desk import breaks, clearing_rules
from annul.desk.clearing_cells import rules_of
from annul.desk.clearing_rules import ASKED, IN_FORCE, RulesNotWaiting, RulesWait
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.breaks import Resolution
from annul.resolve.second_person import SecondPersonNeeded
from annul.settle.clearing.rules import ClearingRules
from tests.support.clearing import tolerates

from .people import audited, person

SHOP = Visitor("shop", "merchant", ROLES["merchant"], "898000058120000")
PROGRAM = Visitor("key writer00", "", frozenset({Scope.CLEARING_READ, Scope.CLEARING_WRITE}))


async def test_the_settings_hold_until_somebody_sets_others(desk: Desk, pool: asyncpg.Pool) -> None:
    li = await person(desk, "operator")
    assert (await clearing_rules.in_force(desk, li)).rules == desk.clearing
    new = desk.clearing.model_copy(update={"carry_days": 2})
    assert await clearing_rules.change(desk, li, new, "they come later") == IN_FORCE
    found = await rules_of(desk)
    assert (found.version, found.rules, found.set_by) == (1, new, "operator")
    assert found.set_at is not None
    assert await clearing_rules.change(desk, li, new, "the same") == IN_FORCE
    told = await clearing_rules.versions(desk, li)
    assert [(one["version"], one["state"]) for one in told] == [(1, IN_FORCE), (0, IN_FORCE)]
    assert [row["action"] for row in await audited(pool)] == ["set-clearing-rules"]


async def test_what_lets_fewer_acts_take_two_people_takes_two_itself(desk: Desk) -> None:
    li, wang = await person(desk, "operator"), await person(desk, "administrator")
    looser = ClearingRules(second_person_from=10**9)
    assert await clearing_rules.change(desk, li, looser, "less work") == ASKED
    assert (await rules_of(desk)).rules == desk.clearing
    with pytest.raises(RulesWait):
        await clearing_rules.change(desk, wang, ClearingRules(carry_days=3), "mine first")
    with pytest.raises(SecondPersonNeeded):
        await clearing_rules.confirm(desk, li, 1, "I say so")
    with pytest.raises(NotAllowed):
        await clearing_rules.confirm(desk, PROGRAM, 1, "I say so")
    with pytest.raises(RulesNotWaiting):
        await clearing_rules.confirm(desk, wang, 2, "which")
    one = {"money": 10**8, "kind": "amount", "of_amount": None}
    assert breaks.two_needed((await rules_of(desk)).rules, one, Resolution.THEIRS_STAND)
    await clearing_rules.confirm(desk, wang, 1, "agreed on")
    found = await rules_of(desk)
    assert (found.version, found.rules) == (1, looser)
    assert not breaks.two_needed(found.rules, one, Resolution.THEIRS_STAND)
    stricter = ClearingRules(second_person_from=0)
    assert await clearing_rules.change(desk, PROGRAM, stricter, "safer") == IN_FORCE
    assert await clearing_rules.change(desk, li, looser, "again") == ASKED
    await clearing_rules.reject(desk, li, 3, "not now")
    assert (await rules_of(desk)).version == 2
    told = [one["state"] for one in await clearing_rules.versions(desk, wang)]
    assert told == ["rejected", "in_force", "in_force", "in_force"]


async def test_of_no_merchant_and_with_a_reason(desk: Desk) -> None:
    li = await person(desk, "operator")
    reads = Visitor("key reader00", "", frozenset({Scope.CLEARING_READ}))
    assert await clearing_rules.versions(desk, SHOP) == []
    with pytest.raises(NotAllowed):
        await clearing_rules.versions(desk, Visitor("none", "", frozenset()))
    with pytest.raises(NotAllowed):
        await clearing_rules.in_force(desk, SHOP)
    for who in (SHOP, reads):
        with pytest.raises(NotAllowed):
            await clearing_rules.change(desk, who, ClearingRules(carry_days=2), "why not")
    with pytest.raises(ReasonNeeded):
        await clearing_rules.change(desk, li, ClearingRules(carry_days=2), "  ")
    assert (await rules_of(desk)).version == 0


async def test_who_accepts_more_differences_takes_a_second_person(desk: Desk) -> None:
    li, wang = await person(desk, "operator"), await person(desk, "administrator")
    some = ClearingRules(tolerances=(tolerates(up_to=5),))
    assert await clearing_rules.change(desk, li, some, "their rounding") == ASKED
    assert (await rules_of(desk)).rules == desk.clearing
    await clearing_rules.confirm(desk, wang, 1, "seen")
    assert (await rules_of(desk)).rules == some
    less = ClearingRules(tolerances=(tolerates(up_to=4),))
    assert await clearing_rules.change(desk, li, less, "less") == IN_FORCE
    none = desk.clearing
    assert await clearing_rules.change(desk, PROGRAM, none, "none") == IN_FORCE
    assert await clearing_rules.change(desk, PROGRAM, some, "again") == ASKED


def test_a_rule_is_said_in_both_languages() -> None:
    said = clearing_rules.said(tolerates(up_to=5, per_mille=2, issuer="00000101"))
    assert said.en == (
        "amount, issuer 00000101: up to CNY 0.05 and 2‰, CNY 10.00 a day, "
        "borne by clearing differences"
    )
    assert said.zh.startswith("发卡行00000101金额差额不超过")
    assert clearing_rules.said(tolerates("fee", per_mille=2)).en.startswith("fee, any issuer")
