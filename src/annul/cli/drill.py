"""`annul drill`: practise in a sandbox what to do when something goes wrong; see how it went."""

import asyncio
import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from annul.domain.text import Text
from annul.settle.statement.writing import placed

from .reach import Lang
from .show import language

_KEPT: Final = Text("成绩：annul drill score {folder}", "How it went: annul drill score {folder}")
_FILE: Final = Text("报告：{file}", "Report: {file}")
_DRILLS: Final = "drills"

group = typer.Typer(no_args_is_help=True, help="Practise in a sandbox what to do in trouble.")
Named = Annotated[str, typer.Argument(help="As annul drill list names it.")]


def register(application: typer.Typer) -> None:
    """Add the group."""
    application.add_typer(group, name="drill")


@group.command("list")
def listed(lang: Lang = None, *, every: Annotated[bool, typer.Option("--all")] = False) -> None:
    """Name the drills; with --all also those of one fault each."""
    from annul.operate.drills.script import scripts

    spoken = language(lang)
    for one in scripts().values():
        if every or len(one.strokes) > 1:
            typer.echo(f"{one.name:<24}{one.minutes:>4.0f} min  {one.title.speak(spoken)}")


@group.command("run")
def run(
    name: Named,
    seed: Annotated[int, typer.Option(help="The same seed is the same traffic and truth.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=60.0, help="How much faster than life.")
    ] = 1.0,
    folder: Annotated[Path | None, typer.Option(help="A new folder for the sandbox.")] = None,
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any.")] = 0,
    lang: Lang = None,
) -> None:
    """Start a sandbox and let it happen; people act in its console and at its tills."""
    import uvloop

    from annul.logs import configure
    from annul.operate.drills.script import script

    from .drilling import Wanted
    from .drilling import run as play
    from .up import starting

    asked = script(name)
    at = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    chosen = folder or Path(_DRILLS) / f"{name}-{at}"
    wanted = Wanted(asked, seed, speed, chosen, console_port)
    configure("error")

    async def job() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await play(wanted, stopped)

    with starting():
        uvloop.run(job())
    typer.echo(_KEPT.speak(language(lang)).format(folder=chosen))


@group.command("score")
def score(
    folder: Annotated[Path, typer.Argument(help="The sandbox's folder.")],
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write it as PDF.")] = None,
) -> None:
    """Score a drill that is over, against annul left alone and against earlier runs."""
    from annul.operate.drills.record import earlier, kept
    from annul.operate.drills.report import in_json, lines, pdf
    from annul.operate.drills.script import script
    from annul.simulation.drilled import alone

    record = kept(folder)
    left = alone(script(record.drill), record.seed)
    found = record.scored(left)
    if as_json:
        typer.echo(json.dumps(in_json(record, found, left), ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    before = [one.scored(left).total for one in earlier(folder, record)]
    if out is not None:
        with placed(out) as file:
            file.write(pdf(record, found, left, before, spoken))
        typer.echo(_FILE.speak(spoken).format(file=out))
        return
    for line in lines(record, found, left, before, spoken):
        typer.echo(line)
