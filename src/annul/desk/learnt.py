"""Rules of issuers that their answers say: what is known, and what people make of it."""

from datetime import tzinfo
from typing import Any, Final, Protocol
from uuid import UUID

from annul.diagnose.fitting import adopt as adopt_rule
from annul.domain.learnt import LearntRule, RuleState
from annul.domain.learnt_words import said
from annul.store.sql import load

from . import issuers
from .audit import audit
from .desk import NothingThere
from .issuer_keys import Keeper
from .permission import NotValid, changing
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "learnt.sql")
_PAST: Final = 20  # rules that have ended
_DOTS: Final = 400  # in a picture, of what was approved and of what was refused


class Learner(Keeper, Protocol):
    """What reads and judges rules: a desk, or a command's reach."""

    @property
    def zone(self) -> tzinfo:
        """The zone in which people read times."""
        ...


async def rules(desk: Learner, issuer_id: str) -> list[dict[str, Any]]:
    """Give the rules of an issuer, those that count first; raises `NothingThere`.

    Each with `said`, its words, and `adoptable`, whether a policy could say the same.
    """
    await issuers.find(desk, issuer_id)
    rows = await desk.pool.fetch(*_SQL["rules"](issuer=issuer_id, past=_PAST))
    return [_shown(desk, dict(row)) for row in rows]


def _shown(desk: Learner, row: dict[str, Any]) -> dict[str, Any]:
    rule = LearntRule.of(row)
    counts = row["state"] == RuleState.SUSPECTED and row["ended_at"] is None
    return row | {
        "said": said(rule, desk.zone),
        "adoptable": counts and rule.policy is not None,
    }


async def answers(desk: Learner, rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the latest answers that a rule is about, oldest first: when, approved or not, value."""
    asked = _SQL["answers"](
        issuer=rule["issuer_id"],
        rule=rule["rule"],
        prefix=rule["prefix"],
        role=rule["role"],
        most=_DOTS,
    )
    return [dict(row) for row in await desk.pool.fetch(*asked)]


async def adopt(
    desk: Learner, visitor: Visitor, issuer_id: str, identity: UUID, reason: str = ""
) -> UUID:
    """Make a policy of a rule, in force since the rule is; without a reason its words are that."""
    now = desk.clock.now()
    rule = await _found(desk, issuer_id, identity)
    why = reason.strip() or said(rule, desk.zone).en
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, why) as connection:
        policy = await adopt_rule(connection, rule, visitor.name, now)
        if policy is None:
            raise NotValid("no policy says the same, or the rule is none that is suspected")
        detail = {"id": str(identity), "policy": str(policy), "rule": said(rule, desk.zone).en}
        await audit(connection, visitor, now, "adopt-rule", f"issuer {issuer_id}", why, detail)
    return policy


async def dismiss(
    desk: Learner, visitor: Visitor, issuer_id: str, identity: UUID, reason: str = ""
) -> None:
    """Let a rule count for nothing until twice as many refusals say it; its policy ends too."""
    statement = _SQL["dismiss"](issuer=issuer_id, id=identity, now=desk.clock.now())
    await _judge(desk, visitor, "dismiss-rule", issuer_id, identity, reason, statement)


async def suspect(
    desk: Learner, visitor: Visitor, issuer_id: str, identity: UUID, reason: str = ""
) -> None:
    """Let a rule count again that was dismissed."""
    statement = _SQL["suspect"](issuer=issuer_id, id=identity)
    await _judge(desk, visitor, "suspect-rule", issuer_id, identity, reason, statement)


async def _judge(
    desk: Learner,
    visitor: Visitor,
    act: str,
    issuer_id: str,
    identity: UUID,
    reason: str,
    statement: tuple[Any, ...],
) -> None:
    now = desk.clock.now()
    rule = await _found(desk, issuer_id, identity)
    words = said(rule, desk.zone).en
    why = reason.strip() or words
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, why) as connection:
        if await connection.fetchval(*statement) is None:
            raise NotValid("the rule is no longer as it was shown")
        detail = {"id": str(identity), "rule": words}
        await audit(connection, visitor, now, act, f"issuer {issuer_id}", why, detail)


async def _found(desk: Learner, issuer_id: str, identity: UUID) -> LearntRule:
    row = await desk.pool.fetchrow(*_SQL["rule"](issuer=issuer_id, id=identity))
    if row is None:
        raise NothingThere("there is no such rule, or it has ended")
    return LearntRule.of(dict(row))
