"""`annul incidents`: one for each outage: listed, looked at, acknowledged, closed, put together."""

import json
from typing import Annotated, Any, Final, cast

import typer

from annul.desk import incident_acts as acts
from annul.desk import incidents as views
from annul.desk.cursor import Listing
from annul.desk.incident_acts import Lesson
from annul.desk.incidents import IncidentSearch
from annul.desk.roles import Scope, Visitor
from annul.domain.heads import HeadScope
from annul.domain.incident import Severity
from annul.domain.money import told
from annul.domain.text import Text

from .counter import Places, work
from .reach import Config, Data, Lang, User
from .secret import Database
from .show import language

application = typer.Typer(help="Incidents: one for each outage.", no_args_is_help=True)
_SAID: Final = {
    "none": ("没有。", "None."),
    "done": ("{number}：已完成", "{number}: done"),
    "split": ("已拆出{number}", "split off as {number}"),
    "since": ("自{at}，{items}项（{open}项未结束）", "since {at}, {items} items ({open} not over)"),
    "ended": ("已关闭", "closed"),
    "owner": ("负责人{owner}", "owner {owner}"),
    "touched": ("{cases}件案件，{merchants}家商户", "{cases} cases, {merchants} merchants"),
    "question": ("未了结 {money}", "in question {money}"),
}
_READER: Final = Visitor("", "", frozenset({Scope.INCIDENTS_READ}))
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Its number.")]


@application.command("list")
def listed(
    state: Annotated[str, typer.Option(help="open, closed, or all.")] = "open",
    severity: Annotated[Severity | None, typer.Option(help="Of this severity.")] = None,
    scope: Annotated[HeadScope | None, typer.Option(help="About such.")] = None,
    owner: Annotated[str, typer.Option(help="On which this one works.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List incidents, the latest first."""
    wanted = IncidentSearch(
        state=state,
        severity=severity.value if severity else "",
        scope=scope.value if scope else "",
        owner=owner,
    )
    found: Listing = _work(
        (data, database, config), None, lambda d, who: views.found(d, who, wanted, limit)
    )
    if as_json:
        _json([views.shown(row) for row in found.rows])
        return
    for row in found.rows:
        typer.echo(_line(row, lang))
    if not found.rows:
        typer.echo(_said("none", lang))


@application.command("show")
def show(
    number: Number,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show an incident with its timeline."""
    row = _work((data, database, config), None, lambda d, who: views.find(d, who, number))
    if as_json:
        _json(views.shown(row))
        return
    spoken = language(lang)
    typer.echo(_line(row, lang))
    counts = {"cases": row["case_count"], "merchants": row["merchant_count"]}
    touched = [_said("touched", lang, **counts)]
    touched += [
        _said("question", lang, money=told(one["open"], one["currency"]).speak(spoken))
        for one in row["money"]
        if one["open"]
    ]
    typer.echo("  " + " · ".join(touched))
    for one in row["events"]:
        text = views.event_text(one["kind"], one["params"]).speak(spoken)
        typer.echo(f"  {one['at']:%Y-%m-%d %H:%M:%S} {text} {one['actor']}".rstrip())


@application.command("ack")
def ack(
    number: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Acknowledge an incident."""
    places = (data, database, config)
    _act(
        places,
        user,
        number,
        lang,
        as_json,
        lambda d, who: acts.acknowledge(d, who, number, reason=reason),
    )


@application.command("own")
def own(
    number: Number,
    owner: Annotated[str, typer.Argument(help="Who works on it; nobody if left out.")] = "",
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say who works on an incident."""
    places = (data, database, config)
    _act(
        places,
        user,
        number,
        lang,
        as_json,
        lambda d, who: acts.own(d, who, number, owner, reason=reason),
    )


@application.command("note")
def note(
    number: Number,
    text: Annotated[str, typer.Argument(help="What is to stand in its timeline.")],
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Add to an incident what you have to say, also to one that is closed."""
    places = (data, database, config)
    _act(
        places,
        user,
        number,
        lang,
        as_json,
        lambda d, who: acts.note(d, who, number, text, reason=reason),
    )


@application.command("close")
def close(
    number: Number,
    learnt: Annotated[str, typer.Option(help="What was learnt.")] = "",
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Close an incident whose matter is over."""
    lesson = Lesson(learnt) if learnt else None
    _act(
        (data, database, config),
        user,
        number,
        lang,
        as_json,
        lambda d, who: acts.close(d, who, number, reason, lesson),
    )


@application.command("reopen")
def reopen(
    number: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Open an incident again, within a week."""
    places = (data, database, config)
    _act(places, user, number, lang, as_json, lambda d, who: acts.reopen(d, who, number, reason))


@application.command("merge")
def merge(
    number: Number,
    into: Annotated[str, typer.Option(help="The number of the other one.")],
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Put all of an incident under another one."""
    _act(
        (data, database, config),
        user,
        number,
        lang,
        as_json,
        lambda d, who: acts.merge(d, who, number, into, reason),
    )


@application.command("split")
def split(
    number: Number,
    kind: Annotated[list[str], typer.Option(help="Kinds that are split off.")],
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Put some kinds of what an incident has gathered under a new one."""
    new = _work(
        (data, database, config),
        user,
        lambda d, who: acts.split(d, who, number, reason, kinds=kind),
    )
    if as_json:
        _json({"number": new})
    else:
        typer.echo(_said("split", lang, number=new))


def _act(places: Places, user: str, number: str, lang: str | None, as_json: bool, act: Any) -> None:
    _work(places, user, act)
    if as_json:
        _json(views.shown(_work(places, None, lambda d, who: views.find(d, who, number))))
    else:
        typer.echo(_said("done", lang, number=number))


def _work(places: Places, user: str | None, act: Any) -> Any:
    return work(places, user, act, _READER)


def _line(row: dict[str, Any], lang: str | None) -> str:
    """Say an incident in one line."""
    spoken = language(lang)
    counts = {"at": f"{row['opened_at']:%Y-%m-%d %H:%M}", "items": row["items"]}
    parts = [
        row["number"],
        Severity(row["severity"]).text.speak(spoken),
        views.title(row).speak(spoken),
        views.cause_of(row["cause"]).speak(spoken),
        _said("since", lang, **counts, open=row["open_items"]),
        _said("owner", lang, owner=row["owner"]) if row["owner"] else "",
        _said("ended", lang) if row["closed_at"] else "",
    ]
    return " · ".join(part for part in parts if part)


def _json(facts: Any) -> None:
    typer.echo(json.dumps(_plain(facts), default=str, ensure_ascii=False))


def _plain(value: Any) -> Any:
    """Give texts by language; JSON would take them for lists."""
    if isinstance(value, Text):
        return value._asdict()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_plain(one) for one in cast("list[Any]", value)]
    return value


def _said(what: str, lang: str | None, **facts: Any) -> str:
    return _SAID[what][0 if language(lang) == "zh" else 1].format(**facts)
