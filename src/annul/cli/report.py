"""`annul report`: how voids ended on a business day or in a week, what changed, what to do."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annul.domain.business_day import Calendar
from annul.domain.text import Text
from annul.operate.reports.period import BadPeriod, Length, Period
from annul.operate.reports.plain import plain
from annul.operate.reports.reading import read
from annul.operate.reports.report import Report
from annul.operate.reports.report import report as made
from annul.operate.reports.sections import in_short, sections
from annul.operate.reports.words import spoken, titled
from annul.settle.statement.writing import placed

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

_ONE: Final = Text("--day、--week只能给一个。", "Give --day or --week, not both.")
_DONE: Final = Text("报表：{file}", "Report: {file}")
Day = Annotated[str, typer.Option(help="A business day that is over, such as 2026-11-26.")]
Week = Annotated[str, typer.Option(help="A week that is over, such as 2026-W48.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("report")(report)


def report(
    day: Day = "",
    week: Week = "",
    merchant: Annotated[str, typer.Option(help="Of one merchant alone.")] = "",
    pdf_file: Annotated[Path | None, typer.Option("--pdf", help="Write it to be printed.")] = None,
    xlsx_file: Annotated[Path | None, typer.Option("--xlsx", help="Write a workbook.")] = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Report on voids of a day or week that is over; without one, on the last business day."""
    chosen = language(lang)
    if day and week:
        raise typer.BadParameter(_ONE.speak(chosen))

    async def work(base: Reach) -> tuple[Report, Calendar]:
        calendar, now = Calendar(base.zone, base.settings.cut_over), base.clock.now()
        period = _period(day, week, calendar.business_date(now))
        tables = await read(base.pool, period, calendar, now, merchant)
        return made(tables, period, now, merchant), calendar

    found, calendar = run(data, database, config, work)
    for path, content in _files(found, chosen, calendar, pdf_file, xlsx_file):
        with placed(path) as file:
            file.write(content)
        if not as_json:
            typer.echo(_DONE.speak(chosen).format(file=path))
    if as_json:
        typer.echo(json.dumps(plain(found), default=str, ensure_ascii=False, indent=2))
    elif pdf_file is None and xlsx_file is None:
        _print(found, chosen)


def _period(day: str, week: str, today: date) -> Period:
    """Give what is asked for; raises `BadPeriod`, also for a week where a day is asked for."""
    for length, named in ((Length.DAY, day), (Length.WEEK, week)):
        if named:
            period = Period.read(named)
            if period.length is not length:
                raise BadPeriod
            return period
    return Period.latest(Length.DAY, today)


def _files(
    found: Report, chosen: str, calendar: Calendar, pdf_file: Path | None, xlsx_file: Path | None
) -> Iterable[tuple[Path, bytes]]:
    if pdf_file is not None:
        from annul.operate.reports.pdf import pdf

        yield pdf_file, pdf(found, chosen, calendar.zone)
    if xlsx_file is not None:
        from annul.operate.reports.workbook import workbook

        yield xlsx_file, workbook(found, chosen)


def _print(found: Report, chosen: str) -> None:
    console = Console()
    console.print(titled(found).speak(chosen), style="bold", markup=False)
    for line in in_short(found):
        console.print(line.speak(chosen), markup=False)
    for section in sections(found):
        if section.rows:
            table = Table(title=section.title.speak(chosen), title_justify="left")
            for head in section.heads:
                table.add_column(head.speak(chosen))
            for row in section.rows:
                table.add_row(*(escape(spoken(cell, chosen)) for cell in row))
            console.print(table)
