"""`annul retention`: what is kept how long, how much there is, and when something went last."""

import json
from typing import Annotated, Final

import typer

from annul.domain.business_day import Calendar
from annul.store.retention import Holding, Retention

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

_LINE: Final = (
    "保存{days}天，现有{rows}行，最早{oldest}，上次清除{last}",
    "kept for {days} days; {rows} rows, the oldest of {oldest}; purged last: {last}",
)


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("retention")(retention)


def retention(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what is kept how long. It counts, and so reads whole tables."""
    held = run(data, database, config, _held)
    if as_json:
        typer.echo(json.dumps([_shown(one) for one in held], ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    for one in held:
        typer.echo(f"{one.retained.title.speak(spoken)}  [{one.retained.subject}]")
        line = _LINE[0 if spoken == "zh" else 1].format(
            days=one.days,
            rows=one.rows,
            oldest=f"{one.oldest:%Y-%m-%d}" if one.oldest else "-",
            last=f"{one.last_at:%Y-%m-%d %H:%M}" if one.last_at else "-",
        )
        typer.echo(f"    {line}")
        typer.echo(f"    {one.retained.reason.speak(spoken)}")


async def _held(base: Reach) -> list[Holding]:
    calendar = Calendar(base.zone, base.settings.cut_over)
    chosen = base.settings.retention_days
    return await Retention(base.pool, base.clock, calendar.business_date, chosen).held()


def _shown(one: Holding) -> dict[str, object]:
    return {
        "subject": one.retained.subject,
        "title": one.retained.title._asdict(),
        "days": one.days,
        "least": one.retained.least,
        "rows": one.rows,
        "oldest": one.oldest and one.oldest.isoformat(),
        "purged_last": one.last_at and one.last_at.isoformat(),
        "why": one.retained.reason._asdict(),
    }
