"""What stands around a case: whose it is in words, and how others fared at its issuer then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from annul.resolve.case import Case
from annul.store.sql import load

from . import over_cells
from .desk import Desk
from .roles import Visitor

_SQL: Final = load("annul.desk", "surroundings.sql")
SPAN: Final = timedelta(minutes=15)  # before and after the request
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Others:
    """How others fared at an issuer within `SPAN` of a case.

    `answers`: requests, approvals, silent, same_code, approved_at (the latest approval);
    `alike`: the first of its other cases, each with `many`, how many there are.
    """

    code: str
    answers: Mapping[str, Any]
    alike: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Names of merchant and issuer by language, the limit in minor units, and the others.

    `others` is None for who sees one merchant only, and without an issuer.
    """

    merchant: Mapping[str, str]
    issuer: Mapping[str, str]
    dual_from: int
    others: Others | None


async def around(desk: Desk, visitor: Visitor, case: Case, code: str) -> Surroundings:
    """Look around a case that was answered with a code (empty: it was not answered)."""
    there = await over_cells.serving(desk, case.merchant_id)
    names = _SQL["names"](merchant=case.merchant_id, issuer=case.issuer_id)
    row = await there.pool.fetchrow(*names)
    assert row is not None, "it asks for one row"
    return Surroundings(
        merchant={tongue: row[f"merchant_{tongue}"] or case.merchant_id for tongue in ("zh", "en")},
        issuer={tongue: row[f"issuer_{tongue}"] or case.issuer_id for tongue in ("zh", "en")},
        dual_from=row["second_person_from"] or 1,
        others=await _others(desk, visitor, case, code),
    )


async def _others(desk: Desk, visitor: Visitor, case: Case, code: str) -> Others | None:
    if visitor.merchant_id or not case.issuer_id:
        return None
    return await _at_issuer(desk, case, code)


def _of_all(answers: list[Others]) -> Others:
    """Add up how others fared in all cells."""
    counts = [one.answers for one in answers]
    approved = [one["approved_at"] for one in counts if one["approved_at"]]
    many = sum(one.alike[0]["many"] for one in answers if one.alike)
    alike = sorted((row for one in answers for row in one.alike), key=lambda row: row["opened_at"])
    names = ("requests", "approvals", "silent", "same_code")
    return Others(
        answers[0].code,
        {name: sum(one[name] for one in counts) for name in names}
        | {"approved_at": max(approved, default=None)},
        [{**row, "many": many} for row in alike[:_NAMED]],
    )


@over_cells.together(_of_all)
async def _at_issuer(desk: Desk, case: Case, code: str) -> Others:
    near = {
        "issuer": case.issuer_id,
        "since": case.opened_at - SPAN,
        "until": case.opened_at + SPAN,
    }
    answers = await desk.pool.fetchrow(*_SQL["answers"](code=code, **near))
    alike = await desk.pool.fetch(*_SQL["alike"](case=case.id, limit=_NAMED, **near))
    return Others(code, dict(answers or {}), [dict(row) for row in alike])
