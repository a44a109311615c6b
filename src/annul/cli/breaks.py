"""`annul breaks`: where clearing files and the books differ, and how that ends."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from annul.desk import break_sheets
from annul.desk import breaks as views
from annul.desk.break_sheets import Decision
from annul.desk.breaks import BreakSearch, Came
from annul.desk.cursor import Listing
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.domain.breaks import (
    BREAK_STATES,
    CAUSES,
    KINDS,
    BreakKind,
    BreakState,
    Cause,
    Resolution,
)
from annul.domain.money import told

from .reach import Config, Data, Lang, User
from .secret import Database
from .show import Language, language
from .spoken import Spoken, whole

application = typer.Typer(help="Breaks between clearing files and the books.", no_args_is_help=True)
_SAID: Final = {
    "none": ("没有。", "None."),
    "state": ("{id}：{state}", "{id}: {state}"),
    "refused": ("{id}：{error}", "{id}: {error}"),
    "assigned": ("已指派{count}笔。", "{count} assigned."),
    "wrote": ("{count}笔已写入{path}。", "{count} written to {path}."),
    "row": ("第{row}行：{said}", "row {row}: {said}"),
    "decided": (
        "可执行{able}行，不可执行{left}行。",
        "{able} rows can be carried out, {left} cannot.",
    ),
    "done": ("执行", "carry out"),
    "rejected": ("{id}：已驳回", "{id}: open again"),
}
_SPOKEN: Final = Spoken(_SAID, Visitor("", "", frozenset({Scope.CLEARING_READ})))
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Number = Annotated[UUID, typer.Argument(metavar="BREAK", help="Its number.")]
Numbers = Annotated[list[UUID], typer.Argument(metavar="BREAK...", help="Their numbers.")]
Kind = Annotated[BreakKind | None, typer.Option(help="Of one kind.")]
State = Annotated[BreakState | None, typer.Option(help="How they stand; else those that wait.")]
Merchant = Annotated[str, typer.Option(help="Of one merchant.")]


def _which(state: BreakState | None, kind: BreakKind | None, merchant: str) -> BreakSearch:
    how = state.value if state else "waiting"
    return BreakSearch(merchant_id=merchant, kind=kind.value if kind else "", state=how)


@application.command("list")
def listed(
    state: State = None,
    kind: Kind = None,
    merchant: Merchant = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List breaks, the latest first."""
    wanted = _which(state, kind, merchant)
    found: Listing = _SPOKEN.work(
        (data, database, config), None, lambda d, who: views.found(d, who, wanted, limit)
    )
    _SPOKEN.rows(found, lang, _line, as_json=as_json)


def _line(row: Mapping[str, Any], spoken: Language) -> str:
    money = told(row["money"], row["currency"]).speak(spoken)
    how = KINDS[BreakKind(row["kind"])].speak(spoken)
    stands = BREAK_STATES[BreakState(row["state"])].speak(spoken)
    cause = CAUSES[Cause(row["cause"])].speak(spoken) if row["cause"] else ""
    words = (row["id"], row["merchant_id"] or "-", how, money, stands, row["owner"], cause)
    return " ".join(str(word) for word in words if word)


@application.command("show")
def show(
    identity: Number, data: Data = None, database: Database = None, config: Config = None
) -> None:
    """Give a break with all that is known of it, as JSON."""
    found = _SPOKEN.work(
        (data, database, config), None, lambda d, who: views.find(d, who, identity)
    )
    whole(found)


@application.command("resolve")
def resolve(
    identities: Numbers,
    resolution: Annotated[
        Resolution | None, typer.Option("--as", help="How; else as the cause suggests.")
    ] = None,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say how breaks end, each by itself; a large one waits for a second person."""
    done: list[Came] = _SPOKEN.work(
        (data, database, config),
        user,
        lambda d, who: views.resolve_many(d, who, resolution, reason, ids=identities),
    )
    _tell(done, lang, as_json=as_json)


@application.command("confirm")
def confirm(
    identity: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let a break end as it was asked for, as second person."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.confirm(d, who, identity, reason))
    _tell([Came(identity, BreakState.RESOLVED)], lang, as_json=False)


@application.command("reject")
def reject(
    identity: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Leave a break open that was to end."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.reject(d, who, identity, reason))
    typer.echo(_SPOKEN.said("rejected", lang, id=identity))


@application.command("assign")
def assign(
    identities: Numbers,
    owner: Annotated[str, typer.Option(help="Who works on them; nobody if empty.")] = "",
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Say who works on breaks."""
    places = (data, database, config)
    count = _SPOKEN.work(
        places, user, lambda d, who: views.assign(d, who, identities, owner, reason)
    )
    typer.echo(_SPOKEN.said("assigned", lang, count=count))


@application.command("export")
def export(
    output: Annotated[Path, typer.Option(help="Workbook that is written.")] = Path("breaks.xlsx"),
    state: State = None,
    kind: Kind = None,
    merchant: Merchant = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Write breaks as a workbook with columns to decide in."""
    wanted, spoken = _which(state, kind, merchant), language(lang)
    with output.open("wb") as file:
        places = (data, database, config)
        count = _SPOKEN.work(
            places, None, lambda d, who: break_sheets.export(d, who, file, wanted, spoken)
        )
    typer.echo(_SPOKEN.said("wrote", lang, count=count, path=output))


@application.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Carry out what has no problem.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the decisions of a workbook, say what is wrong with each, and carry them out."""
    content = file.read_bytes()

    async def job(desk: Desk, who: Visitor) -> tuple[list[Decision], list[Came]]:
        looked = await break_sheets.import_(desk, who, content)
        if not apply:
            return looked, []
        with _SPOKEN.drawn("done", lang, as_json=as_json) as seen:
            return looked, await break_sheets.apply(desk, who, looked, reason, seen)

    looked, done = _SPOKEN.work((data, database, config), user, job)
    if as_json:
        facts = {"decisions": [_decision(one) for one in looked], "items": _came(done)}
        typer.echo(json.dumps(facts, default=str, ensure_ascii=False))
        return
    wrong = [one for one in looked if one.problem is not None]
    for one in wrong:
        said = one.problem.speak(language(lang)) if one.problem else ""
        typer.echo(_SPOKEN.said("row", lang, row=one.row, said=said))
    typer.echo(_SPOKEN.said("decided", lang, able=len(looked) - len(wrong), left=len(wrong)))
    if apply:
        _tell(done, lang, as_json=False)


def _decision(one: Decision) -> dict[str, Any]:
    return one._asdict() | {"problem": one.problem.en if one.problem else None}


def _came(done: list[Came]) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "state": one.state, "code": one.error.code if one.error else ""}
        for one in done
    ]


def _tell(done: list[Came], lang: str | None, *, as_json: bool) -> None:
    """Say what came of breaks; ends with 1 where one was refused."""
    if as_json:
        typer.echo(json.dumps(_came(done), default=str))
    for one in () if as_json else done:
        if one.error is not None:
            typer.echo(_SPOKEN.said("refused", lang, id=one.id, error=one.error))
        else:
            state = BREAK_STATES[BreakState(one.state)].speak(language(lang))
            typer.echo(_SPOKEN.said("state", lang, id=one.id, state=state))
    if any(one.error for one in done):
        raise typer.Exit(1)
