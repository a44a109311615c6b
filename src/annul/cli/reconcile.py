"""`annul reconcile`: read a clearing file, show what would come of it, and let it count."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from annul.desk import clearing as views
from annul.desk.clearing_reading import Taken
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.domain.breaks import CAUSES, KINDS, BreakKind, Cause
from annul.domain.money import told
from annul.domain.tolerances import DIFFERENCES, Difference
from annul.resolve.proof_words import ACCOUNTS
from annul.settle.clearing.columns import ColumnMap
from annul.settle.clearing.counting import Result
from annul.settle.clearing.rows import ClearingUnreadable

from .reach import Config, Data, Lang, User
from .secret import Database
from .show import Language, language
from .spoken import Spoken

_SAID: Final = {
    "bytes": ("读取", "read"),
    "read": (
        "{name}（{layout}）：截至{day}，{rows}行，无法读取{bad}行。",
        "{name} ({layout}): up to {day}, {rows} rows, {bad} lines that cannot be read.",
    ),
    "bad": ("  第{line}行：{reason}", "  line {line}: {reason}"),
    "outcome": ("  {outcome}：{count}", "  {outcome}: {count}"),
    "break": (
        "  差错 {kind}：{count}笔，{money}。{cause}",
        "  break, {kind}: {count}, {money}. {cause}",
    ),
    "tolerated": (
        "  容差内{kind}差额：{count}笔，{account}承担{money}",
        "  {kind} within tolerance: {count}, {account} bears {money}",
    ),
    "rest": (
        "留待后续文件{carried}笔；可证明交易结果{proofs}笔。",
        "{carried} are expected in one of the next files; {proofs} outcomes are proved.",
    ),
    "ask": ("提交此文件？", "Let this file count?"),
    "done": ("已提交：{id}", "It counts: {id}"),
    "left": ("未提交，未保留。", "It does not count, and nothing of it is kept."),
}
_SPOKEN: Final = Spoken(_SAID, Visitor("", "", frozenset()))


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("reconcile")(reconcile)


def reconcile(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    layout: Annotated[str, typer.Option(help="Recognised if not given.")] = "",
    columns: Annotated[
        str, typer.Option("--map", help="Columns of a table: a saved map's name, or a JSON file.")
    ] = "",
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Up to which it tells.")
    ] = None,
    issuer: Annotated[
        list[str] | None, typer.Option(help="Of which it tells; none: of all. May be repeated.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Goes into the audit.")] = "",
    user: User = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    commit: Annotated[bool, typer.Option("--commit", help="Let it count without asking.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Another file of the same name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; asks nothing.")] = False,
) -> None:
    """Read a clearing file of any size, show what would come of it, and let it count.

    Unless it is committed nothing of it is kept.
    """
    asked = {
        "layout": layout,
        "map": _map(columns),
        "issuers": tuple(issuer or ()),
        "settles_on": day.date() if day else None,
        "again": again,
    }
    one = _One(file, asked, language(lang), reason, commit=commit, as_json=as_json)
    taken, result, counts = _SPOKEN.work((data, database, config), user, one.work)
    if as_json:
        typer.echo(json.dumps(_facts(taken, result, counts=counts), default=str))
    else:
        typer.echo(_SPOKEN.said("done" if counts else "left", one.spoken, id=taken.id))


@dataclass(frozen=True)
class _One:
    """A file, how it is read, and whether it is to count without being asked about."""

    file: Path
    asked: dict[str, Any]
    spoken: Language
    reason: str
    commit: bool
    as_json: bool

    async def work(self, desk: Desk, who: Visitor) -> tuple[Taken, Result, bool]:
        """Read it, look at it, and let it count or forget it; says whether it counts."""
        taken, counts = await self._read(desk, who), False
        try:
            result = await views.preview(desk, who, taken.id)
            if not self.as_json:
                _show(taken, result, self.spoken)
            counts = self.commit or (
                not self.as_json and typer.confirm(_SPOKEN.said("ask", self.spoken))
            )
            if counts:
                result = await views.commit(desk, who, taken.id, self.reason)
        finally:
            if not counts:
                await views.drop(desk, who, taken.id, self.reason)
        return taken, result, counts

    async def _read(self, desk: Desk, who: Visitor) -> Taken:
        size = self.file.stat().st_size or None
        drawn = _SPOKEN.drawn("bytes", self.spoken, size, as_json=self.as_json)
        with self.file.open("rb") as stream, drawn as seen:
            return await views.read(desk, who, stream, self.file.name, told=seen, **self.asked)


def _map(said: str) -> ColumnMap | str | None:
    """Give a map of a JSON file, or the name of a saved one; raises `ClearingUnreadable`."""
    path = Path(said)
    if not said or path.suffix != ".json":
        return said or None
    try:
        return ColumnMap.of_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        message = f"{said} is no JSON file that can be read"
        raise ClearingUnreadable(message) from None


def _facts(taken: Taken, result: Result, *, counts: bool) -> dict[str, Any]:
    columns = taken.columns and taken.columns.as_json()
    read = taken._asdict() | {"bad_lines": _bad_lines(taken), "columns": columns}
    return {**read, "committed": counts, "result": asdict(result)}


def _bad_lines(taken: Taken) -> list[dict[str, Any]]:
    return [
        {"line": one.line, "reason": one.reason.en, "text": one.text}
        for one in taken.bad_lines[: views.FIRST_BAD]
    ]


def _show(taken: Taken, result: Result, spoken: Language) -> None:
    """Print what would come of a file."""
    facts = {"name": taken.name, "layout": taken.layout, "day": taken.settles_on}
    typer.echo(_SPOKEN.said("read", spoken, rows=taken.rows, bad=taken.bad, **facts))
    for one in taken.bad_lines[: views.FIRST_BAD]:
        typer.echo(_SPOKEN.said("bad", spoken, line=one.line, reason=one.reason.speak(spoken)))
    for row in result.outcomes:
        typer.echo(_SPOKEN.said("outcome", spoken, outcome=row["outcome"], count=row["count"]))
    for row in result.kinds:
        money = told(row["money"], row["currency"]).speak(spoken)
        kind = KINDS[BreakKind(row["kind"])].speak(spoken)
        cause = CAUSES[Cause(row["cause"])].speak(spoken) if row["cause"] else ""
        shown = _SPOKEN.said(
            "break", spoken, kind=kind, count=row["count"], money=money, cause=cause
        )
        typer.echo(shown.rstrip())
    for row in result.tolerated:
        words = {
            "kind": DIFFERENCES[Difference(row["kind"])].speak(spoken),
            "account": ACCOUNTS[row["account"]].speak(spoken),
            "money": told(row["money"], row["currency"]).speak(spoken),
        }
        typer.echo(_SPOKEN.said("tolerated", spoken, count=row["count"], **words))
    typer.echo(_SPOKEN.said("rest", spoken, carried=result.carried, proofs=result.proofs))
