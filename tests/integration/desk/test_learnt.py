"""Rules that issuers have not told: shown with their support, adopted, dismissed."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import issuers, learnt
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid
from annul.desk.roles import Visitor
from annul.domain.learnt import RuleKind
from tests.support.answers import Crowd, answered, put_answers
from tests.support.learnt import SINCE, put_rule
from tests.support.learnt import learnt as rule

from .people import ISSUER, NOW, audited, person

_LIMIT = rule(RuleKind.AMOUNT, 50_000, within=49_900, beyond=50_100)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def _states(desk: Desk) -> list[tuple[str, bool]]:
    return [(row["state"], row["adoptable"]) for row in await learnt.rules(desk, ISSUER)]


async def test_a_rule_is_shown_in_words(desk: Desk, pool: asyncpg.Pool) -> None:
    await put_rule(pool, _LIMIT)
    (row,) = await learnt.rules(desk, ISSUER)
    assert row["said"].en.startswith("Voids above 500.00 were refused 14 of 14 times")
    with pytest.raises(NothingThere):
        await learnt.rules(desk, "99999999")


async def test_adopting_makes_a_policy_that_counts_since_the_rule_does(
    desk: Desk, pool: asyncpg.Pool, operator: Visitor
) -> None:
    identity = await put_rule(pool, _LIMIT)
    await learnt.adopt(desk, operator, ISSUER, identity)
    (policy,) = await issuers.policies(desk, ISSUER)
    assert (policy["kind"], policy["number"], policy["valid_from"]) == (
        "void_amount_limit", 50_000, SINCE,
    )  # fmt: skip
    assert policy["set_by"] == operator.name
    assert "14 refused, 212 approved" in policy["note"]
    assert await _states(desk) == [("policy", False)]
    assert (await audited(pool))[-1]["action"] == "adopt-rule"
    with pytest.raises(NotValid):  # once
        await learnt.adopt(desk, operator, ISSUER, identity)
    assert len(await issuers.policies(desk, ISSUER)) == 1


async def test_what_no_policy_says_is_not_adopted(
    desk: Desk, pool: asyncpg.Pool, operator: Visitor
) -> None:
    identity = await put_rule(pool, rule(RuleKind.DAY_END, 1_320))
    assert await _states(desk) == [("suspected", False)]
    with pytest.raises(NotValid):
        await learnt.adopt(desk, operator, ISSUER, identity)


async def test_what_is_dismissed_counts_for_nothing_until_it_is_suspected_again(
    desk: Desk, pool: asyncpg.Pool, operator: Visitor
) -> None:
    identity = await put_rule(pool, _LIMIT)
    await learnt.dismiss(desk, operator, ISSUER, identity, "the issuer says otherwise")
    assert await _states(desk) == [("dismissed", False)]
    assert await pool.fetchval("SELECT dismissed_with FROM learnt_rules") == 14
    with pytest.raises(NotValid):
        await learnt.adopt(desk, operator, ISSUER, identity)
    await learnt.suspect(desk, operator, ISSUER, identity)
    assert await _states(desk) == [("suspected", True)]
    assert [row["action"] for row in await audited(pool)][-2:] == ["dismiss-rule", "suspect-rule"]


async def test_dismissing_what_was_adopted_ends_its_policy(
    desk: Desk, pool: asyncpg.Pool, operator: Visitor
) -> None:
    identity = await put_rule(pool, _LIMIT)
    await learnt.adopt(desk, operator, ISSUER, identity)
    await learnt.dismiss(desk, operator, ISSUER, identity)
    (policy,) = await issuers.policies(desk, ISSUER)
    assert policy["valid_until"] == NOW


@pytest.mark.parametrize("act", [learnt.adopt, learnt.dismiss, learnt.suspect])
async def test_only_who_may_change_issuers_judges(
    desk: Desk, pool: asyncpg.Pool, operator: Visitor, act
) -> None:
    identity = await put_rule(pool, _LIMIT)
    with pytest.raises(NotAllowed):
        await act(desk, await person(desk, "support"), ISSUER, identity)
    with pytest.raises(NothingThere):
        await act(desk, operator, ISSUER, uuid4())
    assert await _states(desk) == [("suspected", True)]


async def test_a_picture_has_what_the_rule_is_about(desk: Desk, pool: asyncpg.Pool) -> None:
    crowd = Crowd(until=NOW, days=5)
    answers = answered(crowd.ask(60), lambda one: one.amount > 50_000)
    await put_answers(pool, answers, ISSUER)
    await put_rule(pool, rule(RuleKind.AMOUNT, 50_000, prefix="622848"))
    (row,) = await learnt.rules(desk, ISSUER)
    drawn = await learnt.answers(desk, row)
    wanted = [(one.ok, one.amount) for one in answers if one.prefix == "622848"]
    assert [(one["ok"], one["value"]) for one in drawn] == wanted
    times = await learnt.answers(desk, row | {"rule": "interval"})
    assert all(one["value"] is not None for one in times)
    assert min(one["at"] for one in drawn) > NOW - timedelta(days=6)
