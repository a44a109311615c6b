"""`annul alarms`: what is watched, how much speaks for trouble, and since when."""

import json
from typing import Annotated, Final

import typer

from annul.domain.alarm_streams import Scope
from annul.domain.incidents import INCIDENTS
from annul.domain.text import Text
from annul.operate.alarms.view import Watched, as_json, watched

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

_NONE: Final = Text("没有。", "None.")
_LINE: Final = Text(
    "{stream}：{title}，证据{evidence:.0%}，自{since}，{count}笔中{bad}笔，通常{usual:.2%}",
    "{stream}: {title}, evidence {evidence:.0%}, since {since}, {bad} of {count},"
    " as a rule {usual:.2%}",
)
_ALARM: Final = Text("告警 ", "ALARM ")


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("alarms")(alarms)


def alarms(
    scope: Annotated[Scope | None, typer.Option(help="Of these streams only.")] = None,
    member: Annotated[str, typer.Option(help="Of this one: an issuer, a merchant.")] = "",
    least: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="With so much evidence; 1 raises an alarm.")
    ] = 0.1,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    json_lines: Annotated[bool, typer.Option("--json", help="A line for each.")] = False,
) -> None:
    """Show streams of traffic: how much speaks for trouble in each, since when."""

    async def work(base: Reach) -> list[Watched]:
        return await watched(base.pool, base.settings.alarms, scope or "", member)

    found = [one for one in run(data, database, config, work) if one.evidence >= least][:limit]
    spoken = language(lang)
    for one in found:
        if json_lines:
            typer.echo(json.dumps(as_json(one), ensure_ascii=False))
        else:
            typer.echo(_line(one, spoken))
    if not found and not json_lines:
        typer.echo(_NONE.speak(spoken))


def _line(one: Watched, spoken: str) -> str:
    said = _LINE.speak(spoken).format(
        stream=one.stream.text.speak(spoken),
        title=INCIDENTS[one.measure].title.speak(spoken),
        evidence=one.evidence,
        since=f"{one.since:%Y-%m-%d %H:%M:%S}" if one.since else "–",
        count=one.total,
        bad=one.bad,
        usual=one.usual,
    )
    return (_ALARM.speak(spoken) if one.alarm else "") + said
