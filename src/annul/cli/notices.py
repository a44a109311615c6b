"""`annul notices`: channels over which people are told of incidents, a test message, the log."""

import json
from typing import Annotated, Any, Final

import typer

from annul.desk import notices as views
from annul.desk.cursor import Listing
from annul.desk.desk import Desk, NothingThere
from annul.desk.roles import Scope, Visitor
from annul.operate.notices.sending import Outcome, Phase

from .counter import work
from .reach import Config, Data, Lang, User
from .secret import Database
from .show import language

application = typer.Typer(help="Channels for notices of incidents.", no_args_is_help=True)

_SAID: Final = {
    "channel": (
        "{name}（{kind}）：待发{owed}，上次成功{told}{error}",
        "{name} ({kind}): owed {owed}, last told {told}{error}",
    ),
    "never": ("从未", "never"),
    "error": ("，连续失败{failures}次：{error}", ", {failures} failures in a row: {error}"),
    "told": ("已送达。", "It was taken."),
    "limited": ("超出一分钟的限额：{error}", "Too many in a minute: {error}"),
    "refused": ("被拒绝：{error}", "Refused: {error}"),
    "unreached": ("未连上，没有送达：{error}", "Nobody there, it did not arrive: {error}"),
    "unanswered": ("没有应答，可能已送达：{error}", "No answer, it may have arrived: {error}"),
    "none": ("没有。", "None."),
}
_READER: Final = Visitor("", "", frozenset({Scope.NOTICES_READ}))
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@application.command("channels")
def channels(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List channels in use, how their last messages went, and what they are owed."""
    rows = work((data, database, config), None, views.channels, _READER)
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        error = _said("error", lang, **row) if row["error"] else ""
        told = f"{row['told_at']:%Y-%m-%d %H:%M:%SZ}" if row["told_at"] else _said("never", lang)
        typer.echo(_said("channel", lang, **row | {"told": told, "error": error}))
    if not rows:
        typer.echo(_said("none", lang))


@application.command("test")
def try_channel(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its name.")],
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Send a test message now; ends with 1 unless it was taken."""

    async def tried(desk: Desk, visitor: Visitor) -> Outcome:
        for row in await views.channels(desk, visitor):
            if row["name"] == channel:
                return await views.try_channel(desk, visitor, row["id"], reason)
        message = f"there is no channel {channel} in use"
        raise NothingThere(message)

    outcome: Outcome = work((data, database, config), user, tried, _READER)
    said = {"outcome": outcome.phase.value, "error": outcome.error}
    phase = outcome.phase.value
    typer.echo(json.dumps(said) if as_json else _said(phase, lang, error=outcome.error))
    if outcome.phase is not Phase.TOLD:
        raise typer.Exit(1)


@application.command("log")
def log(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List messages and what came of each, the latest first."""
    places = (data, database, config)
    found: Listing = work(places, None, lambda d, who: views.log(d, who, limit), _READER)
    if as_json:
        typer.echo(json.dumps(found.rows, default=str, ensure_ascii=False))
        return
    for row in found.rows:
        about = f"{row['channel']} {row['phase']} {row['title']} {row['error']}".rstrip()
        typer.echo(f"{row['at']:%Y-%m-%d %H:%M:%SZ} {about}")
    if not found.rows:
        typer.echo(_said("none", lang))


def _said(what: str, lang: str | None, **facts: Any) -> str:
    return _SAID[what][0 if language(lang) == "zh" else 1].format(**facts)
