"""`annul settle`: close business days and make available what is due, right now."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Annotated, Final

import typer

from annul.domain.business_day import Calendar
from annul.settle.days import Days, Settled

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

_SAID: Final = {
    "busy": ("另一进程正在结算，稍后再看。", "Another process is settling; look again later."),
    "none": ("没有到期的结算。", "Nothing is due."),
    "day": ("营业日{day}已结账", "Business day {day} is closed"),
    "done": (
        "计入商户营业日{counted}个，转为可用{available}个。",
        "{counted} days of merchants counted, {available} made available.",
    ),
    "counted": ("计数", "counted"),
    "available": ("转为可用", "made available"),
}


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("settle")(settle)


def settle(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Close business days that have ended, and make available what is due.

    A running annul does it by itself each minute; doing it twice changes nothing.
    """
    spoken = language(lang)
    said = {name: texts[0 if spoken == "zh" else 1] for name, texts in _SAID.items()}

    async def work(base: Reach) -> Settled | None:
        days = Days(base.pool, Calendar(base.zone, base.settings.cut_over), base.clock)
        with ExitStack() as stack:
            return await days.run(None if as_json else _shown(stack, said))

    done = run(data, database, config, work)
    if as_json:
        shown = done and {
            "days": [day.isoformat() for day in done.days],
            "counted": done.counted,
            "available": done.available,
        }
        typer.echo(json.dumps(shown))
    elif done is None:
        typer.echo(said["busy"])
    elif done == ((), 0, 0):
        typer.echo(said["none"])
    else:
        for day in done.days:
            typer.echo(said["day"].format(day=day))
        typer.echo(said["done"].format(counted=done.counted, available=done.available))
    if done is None:
        raise typer.Exit(1)


def _shown(stack: ExitStack, said: Mapping[str, str]) -> Callable[[str, int], None]:
    """Draw how far it has come, on a terminal."""
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    progress = stack.enter_context(Progress(*columns, transient=True))
    tasks = {what: progress.add_task(said[what], total=None) for what in ("counted", "available")}
    return lambda what, count: progress.advance(tasks[what], count)
