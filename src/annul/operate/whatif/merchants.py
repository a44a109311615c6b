"""A changed setting of a merchant, tried on every decision that it was asked about.

What is compared is what was decided, whatever the setting was then, and what the changed setting
would have decided: so nothing has to be known of settings of before. What a shop or a person would
have done after another answer nobody knows; each decision stands by itself.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from annul.diagnose.causes import CAUSES
from annul.domain import admission, refund_rules
from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS, REFUNDS, VOIDS
from annul.domain.money import LARGEST
from annul.domain.records import Merchant, Terminal
from annul.domain.refund_rules import Terms
from annul.domain.text import Text
from annul.store.sql import listed, load

_SQL: Final = load(
    "annul.operate.whatif",
    "merchants.sql",
    within="t.received_at >= :since AND t.received_at < :until"
    " AND :merchant::text IN ('', t.merchant_id)",
    refunds=listed(REFUNDS),
    voids=listed(VOIDS),
    retried=listed(name for name, cause in CAUSES.items() if cause.retry_safe),
)
_ROWS: Final = 20_000  # decisions that are read at once
_ASKED: Final = "person"  # a person decides
_ITSELF: Final = "annul"  # annul does it unasked
_WAITS: Final = "waits"  # nobody does it by itself


class NoSuchSetting(AnnulError):
    """This setting of a merchant cannot be tried on what has happened."""

    code = "whatif.setting"
    next_step = "Name a setting that can be tried, and a number that it may be."


class Otherwise(NamedTuple):
    """A decision that would be another one. `number` is that of the transaction or case.

    `before` and `after` are the rule that refuses, `annul` or `person` for who does it, `waits` for
    what nobody does by itself; empty for what is let in. `amount` in minor units.
    """

    number: str
    merchant: str
    at: datetime
    kind: str
    amount: int
    state: str
    before: str
    after: str


@dataclass(slots=True)
class Judged:
    """How many decisions there were; of those that differ, how many are stricter now, or not.

    `stricter`: refused, or left to a person. `approved` and `amount` are those of the stricter ones
    that had been approved, in minor units whatever the currency.
    """

    decisions: int = 0
    stricter: int = 0
    freed: int = 0
    approved: int = 0
    amount: int = 0

    def add(self, one: Otherwise, *, stricter: bool) -> None:
        """Count one that differs."""
        self.stricter += stricter
        self.freed += not stricter
        if stricter and one.state not in _FAILED:
            self.approved += 1
            self.amount += one.amount


_FAILED: Final = frozenset({"declined", "reversed", "refused", "unknown", "reversing", "sent"})
_NOBODY: Final = Terminal("", "", signed_in=True, amount_limit=LARGEST)


def _over_limit(row: Any, number: int) -> tuple[str, str]:
    shop = Merchant(row["merchant_id"], "", "", "", amount_limit=number)
    ruling = admission.check(
        shop,
        _NOBODY,
        kind=KINDS[row["kind"]],
        batch=_NOBODY.batch,
        amount=row["amount"],
        currency=shop.currency,
    )
    return row["rule"], "" if ruling.ok else ruling.name


def _too_old(row: Any, number: int) -> tuple[str, str]:
    gone = refund_rules.too_old(row["measured"], Terms(days=number))
    return row["rule"], refund_rules.TOO_OLD.name if gone else ""


def _retried(row: Any, number: int) -> tuple[str, str]:
    return (_ITSELF if row["rule"] else _WAITS, _ITSELF if number else _WAITS)


def _instead(row: Any, number: int) -> tuple[str, str]:
    before = _ITSELF if row["rule"] == "unasked" else _ASKED
    return before, _ITSELF if row["measured"] <= number else _ASKED


@dataclass(frozen=True, slots=True)
class Setting:
    """One that can be tried: its title, the largest number that it may be, and what it decides."""

    title: Text
    most: int
    decides: Callable[[Any, int], tuple[str, str]]


# By the column of `merchants`, which is the name of the statement as well.
SETTINGS: Final[Mapping[str, Setting]] = {
    "amount_limit": Setting(Text("单笔限额（分）", "most for one"), LARGEST, _over_limit),
    "refund_days": Setting(Text("退货期限（天）", "days of refunds"), 3_650, _too_old),
    "retry_voids": Setting(
        Text("自动重试撤销（0或1）", "annul tries voids again (0, 1)"), 1, _retried
    ),
    "refund_instead_limit": Setting(
        Text("自动改退货上限（分）", "most that annul refunds instead"), LARGEST, _instead
    ),
}


async def replay(
    pool: asyncpg.Pool,
    merchant: str,
    span: tuple[datetime, datetime],
    change: tuple[str, int],
    judged: Judged,
) -> AsyncIterator[Otherwise]:
    """Give each decision of a time that would be another one, and count in `judged`.

    Of one merchant, or of all where it is empty. Raises `NoSuchSetting`.
    """
    name, number = change
    setting = SETTINGS.get(name)
    if setting is None or not 0 <= number <= setting.most:
        known = ", ".join(f"{name} (0 to {one.most})" for name, one in SETTINGS.items())
        message = f"{name} {number}: these can be tried: {known}"
        raise NoSuchSetting(message)
    since, until = span
    of = {"since": since, "until": until, "merchant": merchant}
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        judged.decisions = await connection.fetchval(*_SQL["looked"](**of))
        cursor = await connection.cursor(*_SQL[name](**of, number=number))
        while rows := await cursor.fetch(_ROWS):
            for row in rows:
                before, after = setting.decides(row, number)
                if before != after:
                    told, merchant_id, at, kind, amount, state = tuple(row)[:6]
                    one = Otherwise(told, merchant_id, at, kind, amount, state, before, after)
                    judged.add(one, stricter=after not in ("", _ITSELF))
                    yield one
