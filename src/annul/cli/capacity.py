"""`annul capacity`: what is carried, what comes, and what is to be added when."""

from typing import Annotated

import typer

from annul.domain.business_day import Calendar
from annul.operate.capacity.gathering import count_volumes, gather
from annul.operate.capacity.told import Question, Report
from annul.operate.capacity.words import told

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("capacity")(capacity)


def capacity(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    at: Annotated[
        float | None, typer.Option(min=0.1, max=100_000, help="Planned transactions a second.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell what this installation carries, what comes, and what is to be added when."""
    from annul.operate.capacity.report import work_out  # it starts threads of its own

    async def job(base: Reach) -> Report:
        calendar = Calendar(base.zone, base.settings.cut_over)
        now = base.clock.now()
        await count_volumes(base.pool, now)
        return work_out(Question(measured=await gather(base.pool, calendar, now), tps=at))

    report = run(data, database, config, job)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
        return
    for line in told(report, language(lang)):
        typer.echo(line)
