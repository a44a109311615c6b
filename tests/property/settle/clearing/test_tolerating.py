"""Whatever rules accept and files tell: what is borne is what is accepted, and goes again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.domain.tolerances import BEARERS, Difference
from annul.settle.clearing.rows import ClearingRow
from annul.settle.clearing.rules import ClearingRules, Tolerance
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of

ISSUERS = ("00000101", "00000102")
COST = 25  # of each approval that the cell puts in
_traces, _days = count(1), count(1)


class Told(NamedTuple):
    """What a file tells of a transaction: how far it is off, and how it stands here."""

    amount: int
    off: int
    fee_off: int | None
    issuer: str
    state: State = State.APPROVED


class Accepted(NamedTuple):
    """A difference that a rule accepts."""

    line: int
    kind: str
    money: int
    account: str


_BOUND = st.none() | st.integers(3, 60)


@st.composite
def _tolerance(draw: st.DrawFn) -> Tolerance:
    kind = draw(st.sampled_from(Difference))
    up_to, per_mille = draw(st.tuples(_BOUND, _BOUND).filter(any))
    return Tolerance(
        kind=kind,
        issuer=draw(st.sampled_from(("", "", *ISSUERS))),
        up_to=up_to,
        per_mille=per_mille,
        per_day=draw(st.integers(1, 15)),
        account=draw(st.sampled_from(BEARERS[kind])),
    )


RULES = st.lists(_tolerance(), max_size=5, unique_by=lambda one: one.key).map(
    lambda some: ClearingRules(tolerances=tuple(some))
)
TOLD = st.lists(
    st.builds(
        Told,
        amount=st.sampled_from((500, 3_000, 10_000)),
        off=st.integers(-5, 5),
        fee_off=st.none() | st.integers(-4, 4),
        issuer=st.sampled_from(ISSUERS),
        state=st.sampled_from((*[State.APPROVED] * 6, State.DECLINED, State.UNKNOWN)),
    ),
    min_size=4,
    max_size=12,
)


def accepts(rules: ClearingRules, told: Sequence[Told]) -> list[Accepted]:
    """Work out by hand what is accepted of a file that is alone on its day."""
    by_key = {one.key: one for one in rules.tolerances}
    found: list[tuple[Tolerance, int, Accepted]] = []
    for line, one in enumerate(told, 1):
        if one.state is not State.APPROVED:
            continue
        offs = {Difference.AMOUNT: (one.off, one.off, one.amount)}
        if one.fee_off is not None:
            offs[Difference.FEE] = (one.fee_off, -one.fee_off, COST)
        for kind, (off, money, ours) in offs.items():
            rule = by_key.get((kind, one.issuer, "156")) or by_key.get((kind, "", "156"))
            if not off or rule is None:
                continue
            within = min(
                rule.up_to or abs(off),
                ours * rule.per_mille // 1_000 if rule.per_mille is not None else abs(off),
            )
            if abs(off) <= within:
                found.append((rule, line, Accepted(line, kind, money, rule.account)))
    accepted: list[Accepted] = []
    # A fee is looked at where the amount agrees, or differs within tolerance.
    for kind in Difference:
        borne: dict[Any, int] = {}
        for rule, line, one in sorted(found, key=lambda each: (abs(each[2].money), each[1])):
            if one.kind != kind or (kind is Difference.FEE and not _agrees(line, told, accepted)):
                continue
            borne[rule.key] = borne.get(rule.key, 0) + abs(one.money)
            if borne[rule.key] <= rule.per_day:
                accepted.append(one)
    return sorted(accepted)


def _agrees(line: int, told: Sequence[Told], accepted: Sequence[Accepted]) -> bool:
    amounts = {one.line for one in accepted if one.kind == Difference.AMOUNT}
    return not told[line - 1].off or line in amounts


async def stands(cell: Cleared) -> dict[str, list[tuple[Any, ...]]]:
    """Give each account by its entries, balances, and what is accepted."""
    accounts = (
        "SELECT account, sum(amount)::bigint FROM ("
        " SELECT debit AS account, -amount AS amount FROM entries UNION ALL"
        " SELECT credit, amount FROM entries) moved GROUP BY account HAVING sum(amount) <> 0"
    )
    queries = {
        "accounts": accounts,
        "balances": "SELECT merchant_id, pending, available FROM merchant_balances"
        " WHERE (pending, available) <> (0, 0)",
        "accepted": "SELECT line, kind, money, account FROM clearing_differences WHERE counts",
        "rows": "SELECT line, outcome, transaction_id FROM clearing_rows",
        "breaks": "SELECT kind, line, money FROM breaks WHERE state <> 'withdrawn'",
    }
    return {
        name: sorted(map(tuple, await cell.pool.fetch(query))) for name, query in queries.items()
    }


async def _put(cell: Cleared, told: Sequence[Told], day: date) -> list[ClearingRow]:
    noon = datetime.combine(day, time(4), UTC)
    rows: list[ClearingRow] = []
    for line, one in enumerate(told, 1):
        more: dict[str, Any] = {"state": one.state, "response_code": "05"}
        if one.state is State.APPROVED:
            more = {}
        elif one.state is State.UNKNOWN:
            more = UNKNOWN
        of: Transaction = await cell.put(
            next(_traces),
            business_date=day,
            received_at=noon,
            amount=one.amount,
            issuer_id=one.issuer,
            **more,
        )
        fee = None if one.fee_off is None else COST + one.fee_off
        rows.append(row_of(of, line, amount=one.amount + one.off, fee=fee))
    return rows


async def _count(cell: Cleared, rows: list[ClearingRow], day: date) -> UUID:
    file = (await cell.stage(rows, day=day)).id
    await cell.commit(file)
    await cell.clearing.unstage(file)
    return file


@pytest.mark.timeout(600)
@settings(
    max_examples=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each has a day of its own
)
@given(before=RULES, after=RULES, told=TOLD)
async def test_what_is_borne_is_what_is_accepted_and_goes_again(
    cell: Cleared, before: ClearingRules, after: ClearingRules, told: list[Told]
) -> None:
    day = DAY + timedelta(days=20 * next(_days))
    rows = await _put(cell, told, day)
    clean = await stands(cell)
    by_new, by_old = replace(cell, rules=after), replace(cell, rules=before)
    fresh = await _count(by_new, rows, day)
    there = await stands(cell)
    expected = accepts(after, told)
    assert there["accepted"] == expected
    assert {line for line, outcome, _ in there["rows"] if outcome == "tolerated"} <= {
        one.line for one in expected
    }
    came, was = dict(there["accounts"]), dict(clean["accounts"])
    borne = {
        name: sum(one.money for one in expected if one.account == name)
        for names in BEARERS.values()
        for name in names
    }
    assert {name: came.get(name, 0) - was.get(name, 0) for name in borne} == borne
    suspense = sum(money for _, _, money in there["breaks"])
    assert came.get("suspense", 0) - was.get("suspense", 0) == suspense
    await cell.discard(fresh)
    assert await stands(cell) == clean
    # By other rules first, then by these: the same, and once more nothing is posted.
    again = await _count(by_old, rows, day)
    assert (await stands(cell))["accepted"] == accepts(before, told)
    await cell.again(again, tolerances=after.tolerances)
    assert _after(await stands(cell)) == _after(there)
    entries = await cell.pool.fetchval("SELECT count(*) FROM entries")
    await cell.again(again, tolerances=after.tolerances)
    assert await cell.pool.fetchval("SELECT count(*) FROM entries") == entries
    await cell.discard(again)
    await cell.prove()
    assert await stands(cell) == clean


def _after(there: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Leave out what a proof that was carried out meanwhile has moved."""
    return {name: there[name] for name in ("accepted", "rows", "breaks")}
