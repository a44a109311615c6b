"""`annul interventions`: what people put in force for a time while something is wrong."""

import json
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from annul.desk import interventions as views
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.domain.interventions import InterventionKind
from annul.domain.money import parse, told

from .counter import Places, work
from .reach import Config, Data, Lang, User
from .secret import Database
from .show import language

application = typer.Typer(
    help="What people put in force for a time while something is wrong.", no_args_is_help=True
)
_READER: Final = Visitor("", "", frozenset({Scope.INCIDENTS_READ}))
_SAID: Final = {
    "none": ("没有。", "None."),
    "begun": ("{id}：已生效", "{id}: in force"),
    "proposed": ("{id}：等待第二人复核", "{id}: waits for a second person"),
    "confirmed": ("{id}：已生效", "{id}: in force"),
    "ended": ("{id}：已结束", "{id}: ended"),
    "up_to": ("不超过{amount}", "up to {amount}"),
    "until": ("至{at}，{who}", "until {at}, by {who}"),
    "state_proposed": ("待复核", "waits for a second person"),
    "state_later": ("尚未开始", "begins later"),
    "state_in_force": ("生效中", "in force"),
    "state_ended": ("已结束", "ended"),
}
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]
Identity = Annotated[UUID, typer.Argument(metavar="ID", help="As the list gives it.")]


@application.command("list")
def listed(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List what is in force or waits, then what ended last."""
    rows = work((data, database, config), None, views.listing, _READER)
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(_line(row, lang))
    if not rows:
        typer.echo(_said("none", lang))


def _line(row: dict[str, Any], lang: str | None) -> str:
    chinese = language(lang) == "zh"
    title = InterventionKind(row["kind"]).about.title
    about = row["issuer_id"] or f"{row['merchant_id']} {row['terminal_id']}".strip()
    until = f"{row['ended_at'] or row['valid_until']:%Y-%m-%d %H:%M:%SZ}"
    parts = [str(row["id"]), title.zh if chinese else title.en, about]
    if row["amount"]:
        amount = told(row["amount"])
        parts.append(_said("up_to", lang, amount=amount.zh if chinese else amount.en))
    who = row["ended_by"] or row["confirmed_by"] or row["set_by"]
    parts += [_said(f"state_{row['state']}", lang), _said("until", lang, at=until, who=who)]
    return " · ".join(parts)


@application.command("begin")
def begin(
    kind: Annotated[InterventionKind, typer.Argument(help="What is done.")],
    minutes: Annotated[int, typer.Option(min=1, help="It ends by itself after so many.")],
    issuer: Annotated[str, typer.Option(help="The issuer that it is about.")] = "",
    merchant: Annotated[str, typer.Option(help="The merchant that it is about.")] = "",
    terminal: Annotated[str, typer.Option(help="The merchant's terminal.")] = "",
    amount: Annotated[str, typer.Option(help="Up to this amount, such as 100.00.")] = "",
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Put something in force; what takes two people waits for the second one."""
    up_to = parse(amount) if amount else 0
    wanted = views.Wanted(kind, minutes, issuer, merchant, terminal, up_to)

    async def act(desk: Desk, visitor: Visitor) -> UUID:
        return await views.begin(desk, visitor, wanted, reason)

    identity: UUID = _act((data, database, config), user, act)
    typer.echo(_said("proposed" if kind.about.dual else "begun", lang, id=identity))


@application.command("confirm")
def confirm(
    identity: Identity,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Put in force what somebody else has proposed."""

    async def act(desk: Desk, visitor: Visitor) -> None:
        await views.confirm(desk, visitor, identity, reason)

    _act((data, database, config), user, act)
    typer.echo(_said("confirmed", lang, id=identity))


@application.command("end")
def end(
    identity: Identity,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """End one before its time, or take a proposal back."""

    async def act(desk: Desk, visitor: Visitor) -> None:
        await views.end(desk, visitor, identity, reason)

    _act((data, database, config), user, act)
    typer.echo(_said("ended", lang, id=identity))


def _act(places: Places, user: str, act: Any) -> Any:
    return work(places, user, act, _READER)


def _said(what: str, lang: str | None, **facts: Any) -> str:
    return _SAID[what][0 if language(lang) == "zh" else 1].format(**facts)
