"""`annul chargebacks`: what issuers claim back, and how that is answered."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from uuid_utils.compat import uuid7

from annul.desk import chargeback_acts as acting
from annul.desk import chargeback_proposals as proposing
from annul.desk import chargebacks as views
from annul.desk.chargeback_acts import Wanted
from annul.desk.chargebacks import GROUPS, ChargebackSearch
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.domain.chargebacks import (
    ACTS,
    MONEY,
    REASONS,
    STAGES,
    Act,
    EvidenceKind,
    MoneyState,
    Reason,
    Stage,
)
from annul.domain.money import told

from .counter import Places, work
from .reach import Config, Data, Lang, User
from .secret import Database
from .show import language

application = typer.Typer(
    help="Chargebacks: what issuers claim back of transactions.", no_args_is_help=True
)
_SAID: Final = {
    "none": ("没有。", "None."),
    "stage": ("{id}：{stage}", "{id}: {stage}"),
    "asked": (
        "{id}：{stage}；“{act}”待第二人复核",
        "{id}: {stage}; “{act}” waits for a second person",
    ),
    "added": ("{id}：证据{document}已保存", "{id}: evidence {document} is kept"),
    "owner": ("{id}：由{owner}处理", "{id}: {owner} works on it"),
    "opens": (
        "{id}：{file} 第{line}行，{rrn} {amount}，{act}，尚无拒付",
        "{id}: {file} line {line}, {rrn} {amount}: {act}; none is live",
    ),
    "moves": (
        "{id}：{file} 第{line}行，{rrn} {amount}，{act}",
        "{id}: {file} line {line}, {rrn} {amount}: {act}",
    ),
    "nothing": (
        "{id}：{file} 第{line}行，{rrn} {amount}，{act}，无法据此推进",
        "{id}: {file} line {line}, {rrn} {amount}: {act}; nothing follows from it",
    ),
    "dismissed": ("不予登记。", "Dismissed."),
    "due": ("期限 {at}", "due {at}"),
}
_READER: Final = Visitor("", "", frozenset({Scope.CLEARING_READ}))
Because = Annotated[str, typer.Option("--reason", help="Why; it goes into the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Number = Annotated[UUID, typer.Argument(metavar="CHARGEBACK", help="Its id.")]
Proposal = Annotated[UUID, typer.Argument(metavar="PROPOSAL", help="Its id.")]
Due = Annotated[
    datetime | None,
    typer.Option(help="The network's own deadline, with an offset.", formats=["%Y-%m-%dT%H:%M%z"]),
]


@application.command("list")
def listed(
    stage: Annotated[
        str, typer.Option(help=f"A stage, or {', '.join(GROUPS)}; empty: any.")
    ] = "live",
    merchant: Annotated[str, typer.Option(help="Of one merchant.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List chargebacks; live ones by their deadline."""
    if stage and stage not in {*Stage, *GROUPS}:
        raise typer.BadParameter(stage, param_hint="--stage")

    async def job(desk: Desk, who: Visitor) -> list[dict[str, Any]]:
        if stage == "live":
            return await views.by_deadline(desk, who, merchant, limit)
        return (await views.search(desk, who, ChargebackSearch(merchant, stage), limit)).rows

    rows = _work((data, database, config), None, job)
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(_line(row, lang))
    if not rows:
        typer.echo(_said("none", lang))


@application.command("show")
def show(
    identity: Number, data: Data = None, database: Database = None, config: Config = None
) -> None:
    """Give a chargeback with its evidence and history, as JSON."""
    found = _work((data, database, config), None, lambda d, who: views.find(d, who, identity))
    typer.echo(json.dumps(found, default=str, ensure_ascii=False, indent=2))


@application.command("enter")
def enter(
    number: Annotated[str, typer.Argument(help="The network's reference.")],
    transaction: Annotated[str, typer.Argument(help="Id or reference number.")],
    claims: Annotated[Reason, typer.Option(help="Why, by class.")],
    amount: Annotated[int, typer.Option(min=0, help="Minor units; 0: all of it.")] = 0,
    due: Due = None,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    retrieval: Annotated[
        bool, typer.Option("--retrieval", help="The issuer only asks for a copy of the slip.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enter what an issuer claims; of one number once."""
    first = Act.REQUEST if retrieval else Act.CHARGE_BACK
    wanted = Wanted(uuid7(), number, transaction, claims, amount, first, due_at=due)

    async def job(desk: Desk, who: Visitor) -> dict[str, Any]:
        identity, _ = await acting.open_(desk, who, wanted, reason)
        return await views.find(desk, who, identity)

    _tell(_work((data, database, config), user, job), lang, as_json=as_json)


@application.command("act")
def act(
    identity: Number,
    what: Annotated[Act, typer.Argument(metavar="ACT", help=", ".join(Act))],
    due: Due = None,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Do the next thing, or enter what issuer or network have done."""

    async def job(desk: Desk, who: Visitor) -> dict[str, Any]:
        await acting.act(desk, who, identity, what, reason, due)
        return await views.find(desk, who, identity)

    _tell(_work((data, database, config), user, job), lang, as_json=as_json)


@application.command("confirm")
def confirm(
    identity: Number,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let happen what was asked for, as second person."""

    async def job(desk: Desk, who: Visitor) -> dict[str, Any]:
        await acting.confirm(desk, who, identity, reason)
        return await views.find(desk, who, identity)

    _tell(_work((data, database, config), user, job), lang, as_json=as_json)


@application.command("reject")
def reject(
    identity: Number,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let what was asked for come to nothing."""

    async def job(desk: Desk, who: Visitor) -> dict[str, Any]:
        await acting.reject(desk, who, identity, reason)
        return await views.find(desk, who, identity)

    _tell(_work((data, database, config), user, job), lang, as_json=as_json)


@application.command("assign")
def assign(
    identity: Number,
    owner: Annotated[str, typer.Argument(help="Who works on it; empty: nobody.")] = "",
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say who works on it."""

    async def job(desk: Desk, who: Visitor) -> dict[str, Any]:
        await acting.assign(desk, who, identity, owner, reason)
        return await views.find(desk, who, identity)

    found = _work((data, database, config), user, job)
    if as_json:
        _tell(found, lang, as_json=True)
        return
    typer.echo(_said("owner", lang, id=identity, owner=found["owner"] or "-"))


@application.command("proposals")
def proposals(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what clearing files say of chargebacks, and nobody has decided."""
    rows = _work((data, database, config), None, proposing.proposed)
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        amount = told(row["amount"], row["currency"]).speak(language(lang))
        act_ = ACTS[Act(row["act"])].speak(language(lang))
        facts = {"id": row["id"], "file": row["file_name"], "line": row["line"], "rrn": row["rrn"]}
        typer.echo(_said(row["follows"], lang, **facts, act=act_, amount=amount))
    if not rows:
        typer.echo(_said("none", lang))


@application.command("take-up")
def take_up(
    proposal: Proposal,
    number: Annotated[str, typer.Option(help="The network's reference, to open one.")] = "",
    claims: Annotated[Reason | None, typer.Option(help="Why, by class, to open one.")] = None,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Open the chargeback that a file tells of, or move the live one of that sale."""

    async def job(desk: Desk, who: Visitor) -> dict[str, Any]:
        identity = await proposing.take_up(desk, who, proposal, reason, number, claims)
        return await views.find(desk, who, identity)

    _tell(_work((data, database, config), user, job), lang, as_json=as_json)


@application.command("dismiss")
def dismiss(
    proposal: Proposal,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let nothing follow from what a file tells."""

    async def job(desk: Desk, who: Visitor) -> None:
        await proposing.dismiss(desk, who, proposal, reason)

    _work((data, database, config), user, job)
    typer.echo(_said("dismissed", lang))


@application.command("attach")
def attach(
    identity: Number,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    kind: Annotated[EvidenceKind, typer.Option(help="What it shows.")] = EvidenceKind.OTHER,
    user: User = "",
    reason: Because = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep a document as evidence: PDF, PNG, JPEG or plain text of at most 5 MB."""
    content = file.read_bytes()

    async def job(desk: Desk, who: Visitor) -> UUID:
        given = (identity, kind, file.name, content)
        return await acting.add_evidence(desk, who, *given, reason=reason)

    document = _work((data, database, config), user, job)
    if as_json:
        typer.echo(json.dumps({"chargeback": identity, "document": document}, default=str))
        return
    typer.echo(_said("added", lang, id=identity, document=document))


def _work(places: Places, user: str | None, job: Any) -> Any:
    return work(places, user, job, _READER)


def _line(row: dict[str, Any], lang: str | None) -> str:
    spoken = language(lang)
    words = (
        row["id"],
        row["number"],
        row["merchant_id"],
        row["rrn"],
        STAGES[Stage(row["stage"])].speak(spoken),
        REASONS[Reason(row["reason"])].speak(spoken),
        told(row["amount"], row["currency"]).speak(spoken),
        MONEY[MoneyState(row["money"])].speak(spoken),
        _said("due", lang, at=row["due_at"].isoformat("T", "minutes")) if row["due_at"] else "",
        row["owner"],
    )
    return " ".join(str(word) for word in words if word)


def _tell(row: dict[str, Any], lang: str | None, *, as_json: bool) -> None:
    """Say how a chargeback stands."""
    if as_json:
        typer.echo(json.dumps(row, default=str, ensure_ascii=False))
        return
    spoken = language(lang)
    stage = STAGES[Stage(row["stage"])].speak(spoken)
    if row["asked"]:
        act_ = ACTS[Act(row["asked"])].speak(spoken)
        typer.echo(_said("asked", lang, id=row["id"], stage=stage, act=act_))
        return
    typer.echo(_said("stage", lang, id=row["id"], stage=stage))


def _said(what: str, lang: str | None, **facts: Any) -> str:
    return _SAID[what][0 if language(lang) == "zh" else 1].format(**facts)
