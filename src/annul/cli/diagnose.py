"""`annul diagnose`: why a void failed, from annul's database, two messages, or another's export."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from annul.diagnose.facts import FACTS, Facts
from annul.diagnose.rank import Finding, Shifts, limits, rank
from annul.diagnose.report import BadFacts, money_of, report, together
from annul.domain.errors import AnnulError

from .message import as_bytes
from .message import known as in_tables
from .secret import Database
from .show import Language, complain, language

_UNREADABLE: Final = 2
_SHOWN: Final = 3

# What the report says beside the tables' own texts.
_WORDS: Final = {
    "money": ("资金", "money"),
    "cashier": ("收银员", "cashier"),
    "support": ("客服", "support"),
    "system": ("系统", "system"),
    "retry": ("可以安全重试", "a retry is safe"),
    "no_retry": ("不要重试", "do not retry"),
    "limits": ("缺少的事实使这些原因无法判断", "missing facts: these causes could not be told"),
}


class Unclear(AnnulError):
    """There is nothing to diagnose."""

    code = "diagnose.nothing"
    next_step = "Give the id or number of a void, or --request and --response, or --csv."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("diagnose")(diagnose)


def diagnose(
    void: Annotated[str | None, typer.Argument(help="Id or reference number of a void.")] = None,
    request: Annotated[str | None, typer.Option(help="The void: a file, hexadecimal, -.")] = None,
    response: Annotated[str | None, typer.Option(help="Its answer, likewise.")] = None,
    facts: Annotated[Path | None, typer.Option(help="JSON file of further facts.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Transactions exported from a host.")] = None,
    dialect: Annotated[str, typer.Option(help="Dialect of the messages.")] = "unionpay_pos",
    data: Annotated[Path | None, typer.Option(help="annul's folder.")] = None,
    database: Database = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
    *,
    fen: Annotated[bool, typer.Option(help="Amounts of the export are in fen.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say why a void failed: causes with probability, evidence, money, and the next step."""
    spoken = language(lang)
    chosen = lang if lang in {"zh", "en"} else None
    try:
        given = _given(facts)
        if csv is not None:
            _print_export(csv, given, spoken, chosen, fen=fen, as_json=as_json)
            return
        shifts: Shifts = {}
        if request is not None:
            known = _posted(request, response, dialect)
        elif void is not None:
            known, shifts = asyncio.run(_stored(void, data, database, config))
        else:
            raise Unclear
        known = together(known, given)
        if as_json:
            typer.echo(json.dumps(report(known, shifts, chosen), ensure_ascii=False, indent=2))
        else:
            _print(rank(known, shifts), known, spoken)
    except AnnulError as error:
        complain(error)
        sys.exit(_UNREADABLE)


def _posted(request: str, response: str | None, dialect: str) -> Facts:
    from annul.diagnose.posted import facts_of

    in_tables(dialect, [])
    answer = None if response is None else as_bytes(response, dialect)
    return facts_of(as_bytes(request, dialect), answer, dialect)


async def _stored(
    void: str, data: Path | None, database: str | None, config: Path | None
) -> tuple[Facts, Shifts]:
    """Take the facts that were kept when the case was diagnosed, else gather them now."""
    from annul.resolve.people import kept_facts

    from .reach import reach

    async with reach(data, database, config) as base:
        await base.lessons.refresh()
        found = await base.gatherer.find(void)
        case = await base.book.of_void(found)
        kept = kept_facts(await base.book.history(case)) if case else None
        if kept is not None:
            return kept, base.lessons.shifts
        picture = await base.gatherer.picture(found)
        return picture.facts, base.lessons.shifts


def _given(file: Path | None) -> Facts:
    if file is None:
        return Facts({})
    try:
        return Facts.from_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError) as error:
        message = f"{file}: {error}"
        raise BadFacts(message) from error


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")  # as spreadsheets in China write it


def _print_export(
    file: Path, given: Facts, spoken: Language, lang: str | None, *, fen: bool, as_json: bool
) -> None:
    from annul.diagnose.export import BadExport, Export

    try:
        text = _decoded(file.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: {error}"
        raise BadExport(message) from error
    export = Export(text.splitlines(), fen=fen)
    voids = list(export.failed())
    if export.left_out:
        kinds = ", ".join(f"{kind or '-'} {count}" for kind, count in export.left_out.items())
        typer.echo(f"left out, kinds that are not known: {kinds}", err=True)
    if as_json:
        found = [
            {
                "line": one.line,
                "terminal": one.terminal,
                "trace": one.trace,
                "rrn": one.rrn,
                **report(together(one.facts, given), {}, lang),
            }
            for one in voids
        ]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in voids:
        typer.echo(f"— {file.name}:{one.line}  {one.terminal} {one.trace} {one.rrn}")
        known = together(one.facts, given)
        _print(rank(known), known, spoken)


def _print(findings: list[Finding], facts: Facts, spoken: Language) -> None:
    """Print the first causes in full and what could not be told."""
    at = 0 if spoken == "zh" else 1
    for number, finding in enumerate(findings[:_SHOWN], 1):
        cause = finding.cause
        typer.echo(f"{number}. {cause.title[at]}  {finding.probability:.0%}  [{cause.name}]")
        for one in finding.evidence:
            sign = "+" if one.weight > 0 else "−"
            typer.echo(f"   {sign} {one.line[at]}  ({', '.join(one.sources)})")
        if number > 1:
            continue
        typer.echo(f"   {_WORDS['money'][at]}: {money_of(facts)[at]}")
        for reader in ("cashier", "support", "system"):
            typer.echo(f"   {_WORDS[reader][at]}: {getattr(cause, reader)[at]}")
        typer.echo(f"   {_WORDS['retry' if cause.retry_safe else 'no_retry'][at]}")
    untold = limits(facts)
    if untold:
        typer.echo(f"{_WORDS['limits'][at]}:")
        for name, needs in untold.items():
            labels = [FACTS[need][at] for need in needs]
            typer.echo(f"   {name}: {', '.join(labels)}")
