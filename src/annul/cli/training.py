"""`annul training`: the courses, who has come how far, and the sandbox in which they are done."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from annul.domain.courses import Progress
from annul.domain.text import Text
from annul.operate.training.here import courses_here
from annul.operate.training.keeping import people, standing
from annul.operate.training.written import courses

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

application = typer.Typer(
    help="Training: courses, progress, the sandbox for tasks.", no_args_is_help=True
)

_COURSE: Final = Text(
    "{parts}项，约{minutes}分钟", "{parts} tasks and questions, about {minutes} min"
)
_NOBODY: Final = Text("还没有人开始课程。", "Nobody has begun a course.")
_UNTIL: Final = Text("证书{number}，有效期至{day}", "certificate {number}, valid until {day}")
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@application.command("list")
def list_courses(lang: Lang = None, *, as_json: Json = False) -> None:
    """List the courses, for which role each is, and how long it takes."""
    told = [
        {
            "course": one.name,
            "role": one.audience,
            "version": one.version,
            "title": one.title._asdict(),
            "parts": len(one.parts),
            "minutes": one.minutes,
        }
        for one in courses().values()
    ]
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    for one in courses().values():
        about = _COURSE.speak(spoken).format(parts=len(one.parts), minutes=one.minutes)
        typer.echo(f"{one.name:<14} {one.title.speak(spoken)}: {about}")


@application.command("progress")
def progress(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Json = False,
) -> None:
    """Say how far everybody is who has begun a course."""

    async def read(base: Reach) -> list[dict[str, Any]]:
        known, now = await courses_here(base.pool), base.clock.now()
        return [
            _told(person.name, person.role, far)
            for person in await people(base.pool)
            for far in (await standing(base.pool, person.name, known, now)).values()
            if far.parts or far.certificate
        ]

    rows = run(data, database, config, read)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    if not rows:
        typer.echo(_NOBODY.speak(spoken))
    for row in rows:
        typer.echo(_line(row, spoken == "zh"))


def _told(name: str, role: str, far: Progress) -> dict[str, Any]:
    held = far.certificate
    return {
        "person": name,
        "role": role,
        "course": far.course.name,
        "done": far.done,
        "of": far.of,
        "certificate": held.number if held else "",
        "valid_until": held.valid_until.isoformat() if held else "",
    }


def _line(row: Mapping[str, Any], zh: bool) -> str:
    until = ""
    if row["certificate"]:
        said = _UNTIL.zh if zh else _UNTIL.en
        until = "  " + said.format(number=row["certificate"], day=row["valid_until"][:10])
    return f"{row['person']:<20} {row['course']:<14} {row['done']} / {row['of']}{until}"


@application.command("open")
def open_sandbox(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    *,
    sandbox: Annotated[
        Path | None, typer.Option(help="The sandbox's folder; default: training in annul's.")
    ] = None,
    address: Annotated[str, typer.Option("--host", help="Address of its console.")] = "127.0.0.1",
    console: Annotated[int, typer.Option("--console-port", help="Port of its console.")] = 8681,
    terminals: Annotated[
        int, typer.Option("--terminals-port", help="Of its terminals; issuers listen above it.")
    ] = 8683,
    status: Annotated[int, typer.Option("--status-port", help="Of its status.")] = 8680,
) -> None:
    """Start the sandbox: this installation's people sign in there; what they finish comes back.

    It has a database, shops and issuers of its own, and needs this installation's database.
    Ctrl-C stops it; what was done stays.
    """
    from .sandbox import SandboxPorts, serve_sandbox

    serve_sandbox(
        (data, database, config), sandbox, address, SandboxPorts(console, terminals, status)
    )
