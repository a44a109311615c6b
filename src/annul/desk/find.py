"""One search over everything: cases, transactions, merchants, terminals, issuers; by role."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from annul.domain import money
from annul.domain.errors import AnnulError
from annul.store.sql import Statement, load

from . import over_cells
from .desk import Desk
from .roles import Scope, Visitor

LATEST: Final = 10_000  # transactions that are looked through where no index leads to them
_VOUCHERS: Final = 2_000  # one number is given by each terminal in each of its batches
_EACH: Final = 5
_SHORTEST, LONGEST = 2, 60  # characters that are looked for
_SQL: Final = load("annul.desk", "find.sql", latest=str(LATEST), vouchers=str(_VOUCHERS))

CASE, TRANSACTION, MERCHANT, TERMINAL, ISSUER = (
    "case",
    "transaction",
    "merchant",
    "terminal",
    "issuer",
)
# What stands between the digits of a number as it is copied, and around an amount.
_APART: Final = re.compile(r"(?<=\d)[ \-\u00a0](?=\d)")
_AROUND_MONEY: Final = re.compile(r"^(?:[¥￥]|CNY)\s*|\s*元$|(?<=\d)[,，](?=\d{3})", re.IGNORECASE)
# Digits of a whole card, with or without gaps. Fifteen are those of a merchant, unless they begin
# as a card of fifteen does. Browsers read it too, so that none is even sent.
CARD: Final = (
    r"(?:^|\D)(?:(?:\d[ \-]?){12,13}\d|(?:\d[ \-]?){15,}\d|3[ \-]?[47](?:[ \-]?\d){13})(?:\D|$)"
)
_CARD: Final = re.compile(CARD)


class WholeCard(AnnulError):
    """This looks like a full card number, so it was neither searched nor stored."""

    code = "desk.whole_card"
    next_step = "Enter its last four digits instead."


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find something: what it finds, how that is spelt, which statement finds it.

    `among`: how many of the latest it looks through, where no index leads to them.
    """

    kind: str
    statement: str
    spelt: re.Pattern[str]
    among: int = 0

    @property
    def takes(self) -> Statement:
        """The statement with its parameters."""
        return _SQL[self.statement]


@dataclass(slots=True)
class Group:
    """What was found of one kind. `among` is set where only the latest were looked through."""

    kind: str
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    among: int = 0


SCOPES: Final[Mapping[str, Scope]] = {
    CASE: Scope.CASES_READ,
    TRANSACTION: Scope.TRANSACTIONS_READ,
    MERCHANT: Scope.MERCHANTS_READ,
    TERMINAL: Scope.MERCHANTS_READ,
    ISSUER: Scope.ISSUERS_READ,
}
_REFERENCE: Final = re.compile(r"\d{12}", re.ASCII)
_FOUR: Final = re.compile(r"\d{4}", re.ASCII)
_VOUCHER: Final = re.compile(r"\d{1,6}", re.ASCII)
_APPROVAL: Final = re.compile(r"[0-9A-Za-z]{6}", re.ASCII)
_AMOUNT: Final = re.compile(r"\d{1,9}(?:\.\d{1,2})?", re.ASCII)
_TERMINAL: Final = re.compile(r"[0-9A-Za-z]{8}", re.ASCII)
_NAME: Final = re.compile(r"\d{6,15}|(?=.*\D).{2,}", re.ASCII)  # few digits are no part of a name
# In the order in which each kind is shown.
WAYS: Final = (
    Way(CASE, "cases_by_number", _REFERENCE),
    Way(CASE, "cases_by_last_four", _FOUR),
    Way(CASE, "cases_by_amount", _AMOUNT),
    Way(TRANSACTION, "transactions_by_rrn", _REFERENCE),
    Way(TRANSACTION, "transactions_by_voucher", _VOUCHER),
    Way(TRANSACTION, "transactions_by_approval", _APPROVAL, LATEST),
    Way(TRANSACTION, "transactions_by_last_four", _FOUR, LATEST),
    Way(TRANSACTION, "transactions_by_amount", _AMOUNT, LATEST),
    Way(MERCHANT, "merchants", _NAME),
    Way(TERMINAL, "terminals", _TERMINAL),
    Way(ISSUER, "issuers", _NAME),
)
# Cases are found by what stands on the slips of their sale and void too.
_OF_SLIPS: Final = frozenset(
    {"transactions_by_rrn", "transactions_by_voucher", "transactions_by_approval"}
)


def searches(visitor: Visitor) -> bool:
    """Say whether somebody has a search at all: whoever may read cases."""
    return visitor.may(Scope.CASES_READ)


def _of_all(answers: list[list["Group"]]) -> list["Group"]:
    """Put what each cell has found together, a few of each kind still."""
    groups: dict[str, list[Group]] = {kind: [] for kind in SCOPES}
    for group in over_cells.joined(answers):
        groups[group.kind].append(group)
    return [
        Group(kind, _merged([one.rows for one in some]), max(one.among for one in some))
        for kind, some in groups.items()
        if some
    ]


@over_cells.together(_of_all)
async def find(desk: Desk, visitor: Visitor, text: str) -> list[Group]:
    """Give what fits, by kind, a few of each; raises `WholeCard`."""
    text = " ".join(text.split())
    if _CARD.search(text):
        raise WholeCard
    if not searches(visitor) or not _SHORTEST <= len(text) <= LONGEST or "\0" in text:
        return []
    found: dict[str, list[list[dict[str, Any]]]] = {kind: [] for kind in SCOPES}
    among: dict[str, int] = {}
    slips: list[Any] = []
    async with desk.pool.acquire() as connection:
        for way, values in _asked(text, visitor):
            rows = [dict(row) for row in await connection.fetch(*way.takes(**values))]
            found[way.kind].append(rows)
            among[way.kind] = max(way.among, among.get(way.kind, 0))
            if way.statement in _OF_SLIPS:
                slips += [row["id"] for row in rows]
        if slips:
            found[CASE].append(await _of_slips(connection, visitor, slips))
    groups = (Group(kind, _merged(lists), among.get(kind, 0)) for kind, lists in found.items())
    return [group for group in groups if group.rows]


async def _of_slips(
    connection: asyncpg.pool.PoolConnectionProxy, visitor: Visitor, ids: list[Any]
) -> list[dict[str, Any]]:
    asked = _SQL["cases_of"](ids=ids, merchant=visitor.merchant_id, limit=_EACH)
    return [dict(row) for row in await connection.fetch(*asked)]


def _asked(text: str, visitor: Visitor) -> Iterable[tuple[Way, dict[str, Any]]]:
    """Give the ways that fit how the text is spelt, of what the visitor may see."""
    number = _APART.sub("", text).upper()
    amount = _AROUND_MONEY.sub("", text)
    for way in WAYS:
        spelt = {_AMOUNT: amount, _NAME: text}.get(way.spelt, number)
        if not visitor.may(SCOPES[way.kind]) or not way.spelt.fullmatch(spelt):
            continue
        values: dict[str, Any] = {"merchant": visitor.merchant_id, "limit": _EACH}
        if way.spelt is _AMOUNT:
            minor = _minor(amount)
            if minor is None:
                continue
            values["amount"] = minor
        else:
            values["text"] = spelt
        yield way, {name: values[name] for name in way.takes.parameters}


def _minor(text: str) -> int | None:
    try:
        return money.parse(text)
    except money.AmountError:
        return None


def _merged(lists: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Take from each list in turn, so that none crowds out another, then in their order."""
    places: dict[Any, tuple[int, int]] = {}
    rows: dict[Any, dict[str, Any]] = {}
    for depth in range(_EACH):
        for place, one in enumerate(lists):
            if depth < len(one) and len(rows) < _EACH:
                row = one[depth]
                key = tuple(
                    row.get(name) for name in ("id", "merchant_id", "terminal_id", "issuer_id")
                )
                if key not in rows:
                    rows[key], places[key] = row, (place, depth)
    return [rows[key] for key in sorted(rows, key=places.__getitem__)]
