"""The rules by which clearing files are judged: versions, who set them, and a second person.

They hold in all cells. They are of no merchant: who belongs to one does not see them.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from annul.domain.errors import AnnulError
from annul.domain.money import told
from annul.domain.text import Text
from annul.domain.tolerances import DIFFERENCES
from annul.resolve.proof_words import ACCOUNTS
from annul.resolve.second_person import second_person
from annul.settle.clearing.rules import ClearingRules, InForce, Tolerance
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .clearing_cells import rules_of
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing, permit, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "clearing_rules.sql")
_MOST: Final = 200
_ANY: Final = Text("各发卡行", "any issuer")
_AND: Final = (("且", "zh"), (" and ", "en"))
ASKED, IN_FORCE, REJECTED = "asked", "in_force", "rejected"
_TAKEN: Final = {IN_FORCE: "confirm-clearing-rules", REJECTED: "reject-clearing-rules"}


class RulesWait(AnnulError):
    """Other rules wait for a second person. Nothing has changed."""

    code = "clearing.rules_wait"
    next_step = "Confirm or reject those first."


class RulesNotWaiting(AnnulError):
    """No rules of this version wait for a second person. Nothing has changed."""

    code = "clearing.rules_not_waiting"
    next_step = "Look at the list of rules for how they stand."


async def in_force(desk: Desk, visitor: Visitor) -> InForce:
    """Give the rules that count; version 0 are those of the settings. Raises `NotAllowed`."""
    _reads(visitor)
    return await rules_of(desk)


def checked(values: Mapping[str, Any]) -> ClearingRules:
    """Give rules as they were filled in; raises `NotValid`, with what makes no sense."""
    try:
        return ClearingRules.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(one) for one in first["loc"])
        message = f"{place}: {first['msg'].removeprefix('Value error, ')}"
        raise NotValid(message) from None


def said(one: Tolerance) -> Text:
    """Say in one line which difference is accepted, and who bears it."""
    within = [told(one.up_to, one.currency)] if one.up_to is not None else []
    if one.per_mille is not None:
        within.append(Text(f"{one.per_mille}‰", f"{one.per_mille}‰"))
    zh, en = (words.join(getattr(bound, lang) for bound in within) for words, lang in _AND)
    name, account = DIFFERENCES[one.kind], ACCOUNTS[one.account]
    of = Text(f"发卡行{one.issuer}", f"issuer {one.issuer}") if one.issuer else _ANY
    day = told(one.per_day, one.currency)
    return Text(
        f"{of.zh}{name.zh}差额不超过{zh}，每日{day.zh}，记入{account.zh}",
        f"{name.en}, {of.en}: up to {en}, {day.en} a day, borne by {account.en}",
    )


async def versions(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give all versions, the latest first, each with `rules`; the settings' is the last one.

    None to merchants. Raises `NotAllowed`.
    """
    if not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed
    if visitor.merchant_id:
        return []
    rows = [dict(row) for row in await desk.pool.fetch(*_SQL["versions"](limit=_MOST))]
    for row in rows:
        row["rules"] = ClearingRules.model_validate(row["rules"])
    first = {"version": 0, "rules": desk.clearing, "state": IN_FORCE, "asked_at": None}
    return [*rows, first | dict.fromkeys(("reason", "asked_by", "decided_by"), "")]


async def change(desk: Desk, visitor: Visitor, new: ClearingRules, reason: str) -> str:
    """Set rules: they count at once (`in_force`), or wait for a second person (`asked`).

    That they do where fewer acts take one by them, or more differences are accepted. The same as in
    force changes nothing. Raises `RulesWait`, `ReasonNeeded`, `NotAllowed`, `CellSilent`,
    `NotEverywhere`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason)
    before = (await rules_of(desk)).rules
    if new == before:
        return IN_FORCE
    latest = await over_cells.each(desk, lambda one: one.pool.fetchval(*_SQL["latest"]()))
    state = ASKED if new.looser(before) else IN_FORCE
    await _set(desk, visitor, max(latest) + 1, new, reason, state)
    return state


@over_cells.everywhere
async def _set(
    desk: Desk, visitor: Visitor, version: int, new: ClearingRules, reason: str, state: str
) -> None:
    async with changing(desk, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now, rules = desk.clock.now(), new.model_dump(mode="json")
        if await connection.fetchval(*_SQL["waits"]()):
            raise RulesWait
        said = {"rules": rules, "reason": reason.strip(), "who": visitor.name, "now": now}
        if await connection.fetchval(*_SQL["add"](version=version, state=state, **said)) is None:
            raise NotValid("somebody else has set rules just now")
        detail = {"rules": rules, "state": state}
        thing = _thing(version)
        await audit(connection, visitor, now, "set-clearing-rules", thing, reason, detail)


async def confirm(desk: Desk, visitor: Visitor, version: int, reason: str) -> None:
    """Let rules count that wait, as second person.

    Raises `RulesNotWaiting`, `SecondPersonNeeded`, `ReasonNeeded`, `NotAllowed`, and as `change`.
    """
    asked_by = await _waiting(desk, visitor, version, reason)
    await second_person(desk.pool, asked_by, visitor.name)
    await _decide(desk, visitor, version, reason, IN_FORCE)


async def reject(desk: Desk, visitor: Visitor, version: int, reason: str) -> None:
    """Let rules that wait not count, as second person or as who had asked; raises as `confirm`."""
    asked_by = await _waiting(desk, visitor, version, reason)
    if asked_by != visitor.name:
        await second_person(desk.pool, asked_by, visitor.name)
    await _decide(desk, visitor, version, reason, REJECTED)


@over_cells.everywhere
async def _decide(desk: Desk, visitor: Visitor, version: int, reason: str, state: str) -> None:
    async with changing(desk, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now = desk.clock.now()
        decide = _SQL["decide"](version=version, state=state, who=visitor.name, now=now)
        if await connection.fetchval(*decide) is None:
            raise NothingThere  # as a cell has them no more, or never had
        await audit(connection, visitor, now, _TAKEN[state], _thing(version), reason)


async def _waiting(desk: Desk, visitor: Visitor, version: int, reason: str) -> str:
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    asked_by = await desk.pool.fetchval(*_SQL["asked_by"](version=version))
    if asked_by is None:
        raise RulesNotWaiting
    return asked_by


def _reads(visitor: Visitor) -> None:
    if visitor.merchant_id or not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed


def _thing(version: int) -> str:
    return f"clearing rules {version}"
