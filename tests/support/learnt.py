"""Learnt rules as tests want them."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from annul.domain.learnt import LearntRule, RuleKind
from tests.support.rows import put

SINCE: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 12:00 in the shop


def learnt(kind: RuleKind, number: int = 0, **changes: Any) -> LearntRule:
    """A rule with fourteen refusals behind it."""
    values: dict[str, Any] = {
        "issuer_id": "00000101", "prefix": "", "role": "void", "kind": kind, "number": number,
        "until": None, "within": None, "beyond": None, "approved_within": 212, "refused_within": 0,
        "refused_beyond": 14, "exceptions": 0, "sure": 0.999, "code": "61", "since": SINCE,
        "changed": False, "id": "1",
    }  # fmt: skip
    return LearntRule(**(values | changes))


async def put_rule(pool: asyncpg.Pool, rule: LearntRule) -> UUID:
    """Keep a rule as a fit keeps it."""
    values = {name: getattr(rule, name) for name in LearntRule.__dataclass_fields__}
    values |= {"rule": values.pop("kind").value, "id": uuid4()}
    values |= {"first_seen": rule.since, "refreshed_at": rule.since}
    await put(pool, "learnt_rules", values)
    return values["id"]
