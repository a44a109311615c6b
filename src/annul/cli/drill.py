"""`annul drill`: practise in a sandbox what to do when something goes wrong; see how it went."""

import asyncio
import json
import signal
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from annul.domain.text import Text
from annul.settle.statement.writing import placed

from .reach import Config, Data, Lang
from .secret import Database
from .show import language

if TYPE_CHECKING:
    from annul.operate.drills.record import Run

    from .counter import Places

_KEPT: Final = Text("成绩：annul drill score {folder}", "How it went: annul drill score {folder}")
_FILE: Final = Text("报告：{file}", "Report: {file}")
_UNSCORED: Final = Text("未评分", "not scored")
_DRILLS: Final = "drills"

group = typer.Typer(no_args_is_help=True, help="Practise in a sandbox what to do in trouble.")
Keeps = Annotated[Path | None, typer.Option(help="Folder of the annul that keeps the run.")]
Named = Annotated[str, typer.Argument(help="As annul drill list names it.")]


def register(application: typer.Typer) -> None:
    """Add the group."""
    application.add_typer(group, name="drill")


@group.command("list")
def listed(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    every: Annotated[bool, typer.Option("--all")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Name the drills, with --all also those of one fault each; and what an installation has run.

    Runs are told where --data, --database or --config names an installation that keeps them.
    """
    from annul.operate.drills.keeping import runs
    from annul.operate.drills.script import scripts

    from .drill_house import is_told
    from .reach import run as asked

    shown = [one for one in scripts().values() if every or one.is_whole]
    places = (data, database, config)
    kept = asked(*places, lambda base: runs(base.pool)) if is_told(places) else []
    if as_json:
        told = {"drills": [one.in_json() for one in shown], "runs": [_run(one) for one in kept]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    for one in shown:
        typer.echo(f"{one.name:<24}{one.minutes:>4.0f} min  {one.title.speak(spoken)}")
    for one in kept:
        record, found = one.record, _run(one)
        total = _UNSCORED.speak(spoken) if found["total"] is None else f"{found['total']:g}"
        began = f"{record.began:%Y-%m-%d %H:%M}"
        typer.echo(f"{record.number}  {began}  {record.drill:<24}{record.team:<16}{total}")


def _run(one: "Run") -> dict[str, Any]:
    record, found = one.record, one.score
    return {
        "number": record.number,
        "drill": record.drill,
        "seed": record.seed,
        "team": record.team,
        "began": record.began.isoformat(),
        "total": found and found.total,
        "total_alone": one.alone and one.alone.score.total,
    }


@group.command("run")
def run(
    name: Named,
    seed: Annotated[int, typer.Option(help="The same seed is the same traffic and truth.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=60.0, help="How much faster than life.")
    ] = 1.0,
    folder: Annotated[Path | None, typer.Option(help="A new folder for the sandbox.")] = None,
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any.")] = 0,
    team: Annotated[str, typer.Option(help="What the team calls itself.")] = "",
    data: Keeps = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Start a sandbox and let it happen; people act in its console and at its tills.

    The run is kept in the sandbox's database, or in that of the installation that is named.
    """
    import uvloop

    from annul.logs import configure
    from annul.operate.drills.script import script

    from .drill_house import is_told
    from .drilling import Wanted
    from .drilling import run as play
    from .reach import reach
    from .up import starting

    asked = script(name)
    at = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    chosen = folder or Path(_DRILLS) / f"{name}-{at}"
    keeps = (data, database, config)
    wanted = Wanted(asked, seed, speed, chosen, console_port, team, getuser(), keeps)
    configure("error")

    async def job() -> None:
        if is_told(keeps):
            async with reach(*keeps):
                pass  # it answers, and is asked again once the drill is over
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
    data: Keeps = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write it as PDF.")] = None,
) -> None:
    """Score a drill that is over, against annul left alone and against earlier runs."""
    from annul.operate.drills.report import in_json, lines, pdf

    one, others = _scored(folder, (data, database, config))
    found = one.score
    assert found is not None, "it was scored"
    if as_json:
        typer.echo(json.dumps(in_json(one, found), ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    before = [had.total for had in (other.score for other in others) if had is not None]
    if out is not None:
        with placed(out) as file:
            file.write(pdf(one, found, before, spoken))
        typer.echo(_FILE.speak(spoken).format(file=out))
        return
    for line in lines(one, found, before, spoken):
        typer.echo(line)


def _scored(folder: Path, places: "Places") -> tuple["Run", list["Run"]]:
    """Let annul play it alone, unless it has; keep what came of it; give it and earlier runs."""
    from annul.operate.drills.keeping import keep, runs
    from annul.operate.drills.record import before, earlier, kept
    from annul.operate.drills.script import script
    from annul.simulation.drilled import alone

    from .drill_house import house, is_told

    one = kept(folder)
    record, left = one
    if left is None:
        left = alone(script(record.drill), record.seed)
        left.keep(folder)
    scored = one._replace(alone=left)

    async def told() -> "list[Run]":
        async with house(places, folder) as pool:
            if pool is None:
                return []
            await keep(pool, record, left)
            return await runs(pool, record.drill)

    kept_there = asyncio.run(told())
    others = before(record, kept_there) if is_told(places) else earlier(folder, record)
    return scored, others
