"""`annul lessons`: what closed cases have taught the ranking, and taking a lesson back."""

import json
from typing import Annotated, Any

import typer

from annul.desk.acts import undo_lesson
from annul.domain.errors import AnnulError

from .reach import Config, Data, Lang, Reach, User, run
from .secret import Database
from .show import language


class NothingTaught(AnnulError):
    """This case has taught nothing that still counts. Nothing was changed."""

    code = "cli.nothing_taught"
    next_step = "annul lessons: the cases that diagnosis learning goes by."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("lessons")(lessons)


def lessons(
    undo: Annotated[str | None, typer.Option(help="Undo what this case has taught.")] = None,
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what diagnosis learning has changed in the ranking, or undo what one case has taught."""
    if undo is not None:
        count = run(data, database, config, lambda base: _undo(base, undo, user, reason))
        typer.echo(f"{undo}: {count}")
        return

    async def read(base: Reach) -> dict[str, Any]:
        await base.lessons.refresh()
        return {
            "lessons": await base.lessons.latest(limit),
            "shifts": [
                {"cause": cause, "signal": signal, "shift": round(shift, 2)}
                for (cause, signal), shift in sorted(base.lessons.shifts.items())
            ],
        }

    found = run(data, database, config, read)
    if as_json:
        typer.echo(json.dumps(found, default=str, ensure_ascii=False, indent=2))
        return
    chinese = language(lang) == "zh"
    for row in found["lessons"]:
        state = ("已撤回" if chinese else "taken back") if row["undone_at"] else ""
        if (row["more"] or 0) < 0 and not row["undone_at"]:
            state = "提示无帮助，请查看" if chinese else "its advice did not help: look at it"
        instead = "而非" if chinese else "instead of"
        typer.echo(
            f"{row['number']}  {row['taught_at']:%Y-%m-%d %H:%M}  {row['taught_by']:<10} "
            f"{row['confirmed']} {instead} {row['instead_of']}  {state}"
        )
    for one in found["shifts"]:
        typer.echo(f"  {one['shift']:+.2f}  {one['cause']}  {one['signal']}")


async def _undo(base: Reach, number: str, user: str, reason: str) -> int:
    person = await base.person(user)
    case = await base.book.find(number)
    count = await undo_lesson(base, person, case.id, reason)
    if not count:
        raise NothingTaught
    return count
