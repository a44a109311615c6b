"""Incidents as people see them: lists, one with its timeline and whom it touches; downtimes.

Of people only staff see them; everybody sees of an issuer's downtime what is told outside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple, cast

from annul.diagnose.causes import CAUSES
from annul.domain.head_kinds import OUTAGES
from annul.domain.heads import EVENTS, OF_CAUSE, EventKind, HeadScope
from annul.domain.incident import Reader, Severity
from annul.domain.incidents import INCIDENTS
from annul.domain.text import Text
from annul.operate.incidents.downtimes import what
from annul.operate.incidents.keeping import COLUMNS
from annul.store.sql import Statement, listed, load

from . import over_cells
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, staff
from .roles import Scope, Visitor

_OUTAGES: Final = listed(OUTAGES)
SQL: Final = load(
    "annul.desk", "incidents.sql", columns=COLUMNS, conditions="true", outages=_OUTAGES
)
_TIMELINE: Final = 1000
_EACH: Final = 20  # of each kind that was raised
_CASES: Final = 50
_MERCHANTS: Final = 50
_BEFORE: Final = timedelta(minutes=10)  # what failed before it was seen
_LATELY: Final = timedelta(hours=24)
_DOWNTIMES: Final = 200
_CAUSES: Final = [name for name, how in OF_CAUSE.items() if how.scope is HeadScope.ISSUER]


@dataclass(frozen=True, slots=True)
class IncidentSearch:
    """Which incidents are looked for; what is empty is any. `state`: open, closed."""

    state: str = ""
    severity: str = ""
    scope: str = ""
    member: str = ""
    owner: str = ""
    unacknowledged: bool = False


class Downtime(NamedTuple):
    """An issuer's downtime, as it is told outside."""

    number: str
    issuer: str
    name: Text
    severity: str
    started_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    what: Text


# Questions --------------------------------------------------------------------------------------


async def found(
    desk: Desk, visitor: Visitor, wanted: IncidentSearch, limit: int = 50, cursor: str = ""
) -> Listing:
    """Give incidents, the latest first. Raises `NotAllowed`."""
    reads(visitor)
    values: dict[str, Any] = {
        name: value
        for name in ("severity", "scope", "member", "owner")
        if (value := getattr(wanted, name))
    }
    names = tuple(values)
    names += (wanted.state,) if wanted.state in {"open", "closed"} else ()
    names += ("unacknowledged",) if wanted.unacknowledged else ()
    if (after := Cursor.parse(cursor)) is not None:
        names += ("after",)
        values |= {"after_at": after.at, "after_id": after.id}
    asked = _statement(names)(**values, limit=limit + 1)

    async def page(one: Desk) -> Listing:
        rows = [dict(row) | {"cell": one.cell} for row in await one.pool.fetch(*asked)]
        return listing(rows, limit, "opened_at")

    pages = await over_cells.each(desk, page)
    return over_cells.paged(pages, limit, ("opened_at",), falling=True)


@cache
def _statement(conditions: tuple[str, ...]) -> Statement:
    wanted = " AND ".join(f"{{{name}}}" for name in conditions) or "true"
    parts = {"columns": COLUMNS, "conditions": wanted, "outages": _OUTAGES}
    return load("annul.desk", "incidents.sql", **parts)["search"]


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, number: str) -> dict[str, Any]:
    """Give an incident with `events`, what was `raised`, `merchants`, `cases`, and `money`.

    `merchants` have their cases and amounts by currency; `money` has `open` (in question) and
    `all` by currency. Raises `NothingThere` and `NotAllowed`.
    """
    reads(visitor)
    row = await desk.pool.fetchrow(*SQL["find"](number=number))
    if row is None:
        message = f"there is no incident {number}"
        raise NothingThere(message)
    key = {"head": row["id"], "merchant": row["merchant_id"]}
    events = await desk.pool.fetch(*SQL["timeline"](**key, limit=_TIMELINE))
    raised = await desk.pool.fetch(*SQL["raised"](head=row["id"], each=_EACH))
    of_head = {
        "head": row["id"],
        "issuer": row["member"] if row["scope"] == HeadScope.ISSUER else "",
        "since": row["opened_at"] - _BEFORE,
        "until": row["quiet_since"] or row["closed_at"] or desk.clock.now(),
        "causes": _CAUSES,
    }
    affected = [dict(one) for one in await desk.pool.fetch(*SQL["affected"](**of_head))]
    cases = await desk.pool.fetch(*SQL["latest_cases"](**of_head, limit=_CASES))
    return {
        **row,
        "cell": desk.cell,
        "events": [dict(one) for one in events],
        "raised": [dict(one) for one in raised],
        "merchants": _merchants(affected),
        "merchant_count": len({one["merchant_id"] for one in affected}),
        "case_count": sum(one["cases"] for one in affected),
        "money": _money(affected),
        "cases": [dict(one) for one in cases],
    }


def _merchants(affected: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put together what each merchant and currency is affected with, the most money first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in affected:
        sums = found.setdefault(
            (one["merchant_id"], one["currency"]),
            {
                **{name: one[name] for name in ("merchant_id", "name_zh", "name_en", "currency")},
                "cases": 0,
                "open": 0,
                "amount": 0,
            },
        )
        sums["cases"] += one["cases"]
        sums["open"] += one["cases"] if one["open"] else 0
        sums["amount"] += one["amount"]
    return list(found.values())[:_MERCHANTS]


def _money(affected: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for one in affected:
        known = sums.setdefault(one["currency"], {"currency": one["currency"], "open": 0, "all": 0})
        known["all"] += one["amount"]
        known["open"] += one["amount"] if one["open"] else 0
    return [sums[currency] for currency in sorted(sums)]


def reads(visitor: Visitor) -> None:
    """Let nobody read incidents who may not; raises `NotAllowed`."""
    staff(visitor)
    if not visitor.may(Scope.INCIDENTS_READ):
        raise NotAllowed


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row of `found` or `find` as programs read it: with its texts in both languages."""
    told = dict(row) | {
        "title": title(row),
        "cause_text": cause_of(row["cause"]),
        "about": HeadScope(row["scope"]).text if row["scope"] in set(HeadScope) else None,
    }
    if "events" in told:
        told["events"] = [
            one | {"text": event_text(one["kind"], one["params"])} for one in told["events"]
        ]
        told["told"] = [one for one in told["events"] if one["kind"] == EventKind.TOLD]
        told["raised"] = [_raised(one) for one in told["raised"]]
    return told


def _raised(one: Mapping[str, Any]) -> dict[str, Any]:
    kind = INCIDENTS.get(one["kind"])
    if kind is None:
        return dict(one) | {"text": Text(one["kind"], one["kind"]), "title": None, "advice": None}
    said = Text(*(kind.said(one["params"], Reader(language)) for language in ("zh", "en")))
    return dict(one) | {"text": said, "title": kind.title, "advice": kind.advice}


# Downtimes --------------------------------------------------------------------------------------


def _by_issuer(answers: list[list[Downtime]]) -> list[Downtime]:
    """Give of cells that see one issuer down at a time the one that saw it first."""
    found: dict[tuple[str, bool], Downtime] = {}
    told: list[Downtime] = []
    for one in sorted(over_cells.joined(answers), key=lambda one: one.started_at):
        if one.ended_at is not None:
            told.append(one)
        else:
            found.setdefault((one.issuer, True), one)
    return [*sorted(found.values(), key=lambda one: one.issuer), *reversed(told)]


@over_cells.together(_by_issuer)
async def downtimes(desk: Desk, within: timedelta = _LATELY) -> list[Downtime]:
    """Give the issuers whose cards have trouble, and those that had it lately. Whoever asks."""
    asked = SQL["downtimes"](since=desk.clock.now() - within, limit=_DOWNTIMES)
    return [
        Downtime(
            row["number"],
            row["issuer"],
            Text(row["name_zh"] or row["issuer"], row["name_en"] or row["issuer"]),
            row["severity"],
            row["started_at"],
            row["ends_at"],
            row["ended_at"],
            what(row["cause"]),
        )
        for row in await desk.pool.fetch(*asked)
    ]


# How it is said ---------------------------------------------------------------------------------


def title(row: Mapping[str, Any]) -> Text:
    """Say in a few words what an incident is about: of whom, and what was raised first."""
    kind = INCIDENTS.get(row["kind"] or "")
    first = kind.title if kind else Text(row["kind"] or "-", row["kind"] or "-")
    scope = HeadScope(row["scope"]) if row["scope"] in set(HeadScope) else HeadScope.SYSTEM
    if scope in {HeadScope.SYSTEM, HeadScope.BOOKS, HeadScope.BANK, HeadScope.ACCESS}:
        return Text(f"{scope.text.zh}：{first.zh}", f"{scope.text.en}: {first.en}")
    if scope in {HeadScope.CASE, HeadScope.PICKED}:
        return first
    zh = row["name_zh"] if scope not in {HeadScope.PROCESS, HeadScope.FILE} else ""
    en = row["name_en"] if zh else ""
    return Text(
        f"{zh or scope.text.zh + row['member']}：{first.zh}",
        f"{en or scope.text.en + ' ' + row['member']}: {first.en}",
    )


def cause_of(name: str) -> Text:
    """Give the title of a cause; empty where none is named."""
    if not name:
        return Text("", "")
    return CAUSES[name].title if name in CAUSES else Text(name, name)


def _minute(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M UTC}"


def event_text(kind: str, params: Mapping[str, Any], when: Any = _minute) -> Text:
    """Say an event in both languages; times as `when` writes them."""
    known = EVENTS.get(EventKind(kind)) if kind in set(EventKind) else None
    if known is None:
        return Text(kind, kind)
    said = {name: _value(name, params.get(name), when) for name in known.params}
    if kind == EventKind.CLOSED and not params.get("why"):
        return Text("自动关闭：所含各项均已结束", "Closed by itself: all of it is over")
    return Text(
        known.text.zh.format_map({name: one.zh for name, one in said.items()}),
        known.text.en.format_map({name: one.en for name, one in said.items()}),
    )


def _value(name: str, value: Any, when: Any) -> Text:
    if value is None or value == "":
        return Text("无", "nobody") if name == "owner" else Text("-", "-")
    if isinstance(value, Mapping):  # a text in both languages
        said = cast("Mapping[str, Any]", value)
        return Text(str(said.get("zh", "-")), str(said.get("en", "-")))
    told = _TOLD.get(name, _as_it_is)
    return told(str(value), when)


def _as_it_is(value: str, _when: Any) -> Text:
    return Text(value, value)


def _at(value: str, when: Any) -> Text:
    at = when(value)
    return Text(at, at)


def _title(value: str, _when: Any) -> Text:
    return INCIDENTS[value].title if value in INCIDENTS else Text(value, value)


# Values that are told by their names, by parameter.
_TOLD: Final[Mapping[str, Callable[[str, Any], Text]]] = {
    "kind": _title,
    "cause": lambda value, _when: cause_of(value),
    "severity": lambda value, _when: Severity(value).text,
    "ends_at": _at,
}
