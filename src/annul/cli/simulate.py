"""`annul simulate`: the whole cell on a virtual clock, to find the order of events that breaks it.

No real money, no real port; the same seed is the same story.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from annul.domain.errors import AnnulError


class DoesNotHold(AnnulError):
    """A simulated story lost money, paid twice, or left something without an end. No real money."""

    code = "simulate.does_not_hold"
    next_step = "annul simulate --seed N --rounds N --log tells it again, event by event."


class NoSuchScenario(AnnulError):
    """No scenario of the simulation has this name."""

    code = "simulate.no_such_scenario"
    next_step = "Their names stand in simulation/scenarios.py, and in the report of make simulate."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("simulate")(simulate)


def simulate(
    seed: Annotated[int | None, typer.Option(help="Tell this story alone.")] = None,
    first: Annotated[int, typer.Option(help="The first seed of many.")] = 1,
    seeds: Annotated[int, typer.Option(help="How many stories; 0: as many as it takes.")] = 0,
    voids: Annotated[int, typer.Option(help="Tell until so many voids were tried.")] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="Sales in a story, of all tills.")] = 40,
    scenario: Annotated[str, typer.Option(help="What the one story is about.")] = "",
    workers: Annotated[int, typer.Option(min=1, help="Processes, with a database each.")] = 2,
    report: Annotated[Path | None, typer.Option(help="File of the figures.")] = None,
    *,
    log: Annotated[bool, typer.Option(help="Print every event of the one story.")] = False,
    tell: Annotated[bool, typer.Option(help="Draw the void that it is most about.")] = False,
    svg: Annotated[Path | None, typer.Option(help="File of the same chart as a picture.")] = None,
    shrink: Annotated[
        bool, typer.Option(help="Make a story that fails as short as can be.")
    ] = False,
) -> None:
    """Tell stories of hosts, issuers and terminals that fail; the same seed is the same story."""
    if seed is not None:
        _one(seed, rounds, scenario, log=log, chart=tell, svg=svg, shrink=shrink)
        return
    from annul.simulation.many import Sum, tell_many

    def told(total: Sum) -> None:
        typer.echo(f"{total.seeds} seeds, {total.seconds:.0f} s: {total.figures}", err=True)

    total = tell_many(
        first=first,
        rounds=rounds,
        workers=workers,
        seeds=seeds if seeds or voids else 100,
        voids=voids,
        told=told,
    )
    found = total.report()
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, indent=2, ensure_ascii=False)
        report.write_text(text + "\n", encoding="utf-8")
    typer.echo(json.dumps({**found, "reached": len(total.reached)}, indent=2, ensure_ascii=False))
    if total.failed:
        message = f"seeds that do not hold: {', '.join(sorted(total.failed))}"
        raise DoesNotHold(message)


def _one(
    seed: int, rounds: int, scenario: str, *, log: bool, chart: bool, svg: Path | None, shrink: bool
) -> None:
    from annul.simulation.chart import Chart
    from annul.simulation.scenarios import SCENARIOS, story
    from annul.simulation.shrink import shrunk, words
    from annul.simulation.story import tell
    from annul.simulation.world import world

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")

    if scenario and scenario not in SCENARIOS:
        raise NoSuchScenario(scenario)
    drawn = Chart() if chart or svg else None
    with world() as ground:
        plan = story(seed, rounds, scenario)
        if shrink and not tell(ground, plan).holds:
            plan = shrunk(plan, lambda smaller: not tell(ground, smaller).holds)
        told = tell(ground, plan, write if log else None, drawn)
    if shrink:
        typer.echo(words(plan))
    if drawn is not None and chart:
        typer.echo(drawn.text())
    if drawn is not None and svg is not None:
        svg.write_text(drawn.svg(), encoding="utf-8")
    typer.echo(json.dumps({"seed": seed, "digest": told.digest, **told.figures()}))
    if not told.holds:
        for complaint in told.complaints():
            typer.echo(f"  {complaint}")
        message = f"seed {seed} does not hold"
        raise DoesNotHold(message)
