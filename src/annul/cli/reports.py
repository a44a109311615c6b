"""`annul reports`: reports by mail, as people ask for them; a period is owed to them anew."""

import json
from typing import Annotated, Any, Final

import typer

from annul.desk import report_mails as views
from annul.desk.roles import Scope, Visitor
from annul.domain.text import Text
from annul.operate.reports.period import Length, Period

from .counter import work
from .reach import Config, Data, Lang, User
from .secret import Database
from .show import language

application = typer.Typer(help="Reports on voids by mail.", no_args_is_help=True)

_LENGTHS: Final = {Length.DAY: Text("日报", "daily"), Length.WEEK: Text("周报", "weekly")}
_STATES: Final = {
    "": Text("尚未到期", "nothing due yet"),
    "owed": Text("待发送", "owed"),
    "told": Text("已送达", "mailed"),
    "dropped": Text("不再发送", "not sent"),
}
_LINE: Final = Text(
    "{name}：{length}，经{channel}，{state}", "{name}: {length}, over {channel}, {state}"
)
_DONE: Final = Text(
    "已保存，自下一期起发送。", "Kept. The first one is of the period that goes on now."
)
_ENDED: Final = Text("已取消。", "No more reports are mailed.")
_OWED: Final = Text("{period}待发送：{names}", "{period} is owed to {names}")
_NONE: Final = Text("没有。", "None.")
_READER: Final = Visitor("", "", frozenset({Scope.NOTICES_READ}))
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Why = Annotated[str, typer.Option(help="Why; it goes into the audit.")]


@application.command("list")
def listed(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List who asked for which reports, and how the latest went."""
    rows: list[dict[str, Any]] = work((data, database, config), None, views.every, _READER)
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    chosen = language(lang)
    for row in rows:
        state = _STATES[row["state"] or ""].speak(chosen)
        state = " ".join(filter(None, (row["latest"], state, row["error"])))
        length = _LENGTHS[Length(row["length"])].speak(chosen)
        said = {"name": row["name"], "channel": row["channel"]}
        typer.echo(_LINE.speak(chosen).format(length=length, state=state, **said))
    if not rows:
        typer.echo(_NONE.speak(chosen))


@application.command("subscribe")
def subscribe(
    mail: Annotated[str, typer.Option(help="Where to; empty: as it was.")] = "",
    channel: Annotated[str, typer.Option(help="The mail channel; empty: the first.")] = "",
    user: User = "",
    reason: Why = "subscribe",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    daily: Annotated[bool, typer.Option("--daily", help="Of each business day.")] = False,
    weekly: Annotated[bool, typer.Option("--weekly", help="Of each week.")] = False,
) -> None:
    """Ask for reports by mail for oneself, these and no others; with neither, for none."""
    chosen = {Length.DAY: daily, Length.WEEK: weekly}
    lengths = frozenset(length for length, wanted in chosen.items() if wanted)
    work(
        (data, database, config),
        user,
        lambda desk, who: views.subscribe(desk, who, lengths, mail, reason, channel),
        _READER,
    )
    typer.echo((_DONE if lengths else _ENDED).speak(language(lang)))


@application.command("send")
def send(
    period: Annotated[str, typer.Argument(help="A day or week: 2026-11-26, 2026-W48.")],
    to: Annotated[str, typer.Option(help="To one user alone.")] = "",
    user: User = "",
    reason: Why = "send",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Have a period mailed to who asked for such reports, also to who had it; hosts send it."""
    wanted = Period.read(period)
    names: list[str] = work(
        (data, database, config),
        user,
        lambda desk, who: views.send(desk, who, wanted, reason, to),
        _READER,
    )
    if as_json:
        typer.echo(json.dumps({"period": wanted.name, "names": names}, ensure_ascii=False))
        return
    chosen = language(lang)
    said = ", ".join(names) or _NONE.speak(chosen)
    typer.echo(_OWED.speak(chosen).format(period=wanted.name, names=said))
