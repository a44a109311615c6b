"""`annul audit`: find what contradicts in the books, say what it means and what to do."""

import json
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Annotated, Final

import typer

from annul.domain.incidents import INCIDENTS
from annul.resolve.audit import Auditor, Report
from annul.resolve.differences import Difference
from annul.security.errors import MasterKeyError

from . import seals
from .reach import Config, Data, Lang, Reach, User, run
from .secret import Database
from .show import Language, language

_SAID: Final = {
    "none": ("没有差异。", "No differences."),
    "some": ("差异{n}处", "Differences: {n}"),
    "more": ("（至少；先处理这些）", " (at least; mend these first)"),
    "incidents": (
        "新开事件{opened}件，关闭{closed}件。",
        "{opened} incidents opened, {closed} closed.",
    ),
    "unsealed": ("未核对封存：", "Seals were not looked at:"),
    "money": ("资金", "money"),
    "next": ("下一步", "next"),
}


def register(application: typer.Typer) -> None:
    """Add the command, and those about seals."""
    group = typer.Typer(help="Look for contradictions; seals over audit log and histories.")
    group.callback(invoke_without_command=True)(audit)
    seals.register(group)
    application.add_typer(group, name="audit")


def audit(
    context: typer.Context,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    explain: Annotated[
        str | None, typer.Option(help="Explain the differences of this reference or case.")
    ] = None,
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look for contradictions in all that was ever received; exit status 1 when there are any.

    Each opens an incident, and incidents whose difference is gone are closed. What a person has
    explained is not listed again, unless its figures change.
    """
    if context.invoked_subcommand is not None:
        return
    if explain is not None:
        found = run(data, database, config, _explaining(explain, user, reason))
        for one in found:
            typer.echo(f"{INCIDENTS[one.kind].title.speak(language(lang))}  [{one.kind}]")
            typer.echo(_line(one, language(lang)))
        return

    async def look(base: Reach) -> Report:
        try:
            exports = await seals.exports(base)
        except MasterKeyError as error:
            typer.echo(f"{_SAID['unsealed'][language(lang) != 'zh']} {error}", err=True)
            exports = None
        auditor = Auditor(base.pool, exports=exports, witnesses=base.settings.witnesses)
        return await auditor.everything(base.clock.now())

    report = run(data, database, config, look)
    if as_json:
        typer.echo(_as_json(report))
    else:
        _print(report, language(lang))
    if report.differences:
        raise typer.Exit(1)


def _explaining(
    reference: str, user: str, reason: str
) -> Callable[[Reach], Awaitable[list[Difference]]]:
    async def explain(base: Reach) -> list[Difference]:
        person = await base.person(user)
        return await Auditor(base.pool, witnesses=base.settings.witnesses).explain(
            reference, who=person.name, role=person.role, reason=reason, now=base.clock.now()
        )

    return explain


def _as_json(report: Report) -> str:
    shown = {
        "opened": report.opened,
        "closed": report.closed,
        "more": sorted(report.more),
        "differences": [
            {
                "kind": one.kind,
                "merchant_id": one.merchant_id,
                "id": one.identity and str(one.identity),
                "reference": one.reference,
                "facts": one.facts,
                "said": {"zh": one.said("zh"), "en": one.said("en")},
            }
            for one in report.differences
        ],
    }
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _print(report: Report, spoken: Language) -> None:
    said = {name: texts[0 if spoken == "zh" else 1] for name, texts in _SAID.items()}
    found = report.differences
    for kind, of_kind in groupby(found, lambda one: one.kind):
        about, rows = INCIDENTS[kind], list(of_kind)
        more = said["more"] if kind in report.more else ""
        typer.echo(f"{about.title.speak(spoken)}  [{kind}]  {len(rows)}{more}")
        typer.echo(f"  {said['money']}: {about.money.speak(spoken)}")
        typer.echo(f"  {said['next']}: {about.advice.speak(spoken)}")
        for one in rows:
            typer.echo(_line(one, spoken))
        typer.echo("")
    typer.echo(said["some"].format(n=len(found)) if found else said["none"])
    if report.opened or report.closed:
        typer.echo(said["incidents"].format(opened=report.opened, closed=report.closed))


def _line(one: Difference, spoken: Language) -> str:
    return f"    {one.merchant_id}  {one.said(spoken)}"
