"""`annul payouts`: what merchants are paid, files to the bank and from it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from annul.desk import payouts as views
from annul.desk.cursor import Listing
from annul.desk.roles import Scope, Visitor
from annul.domain.money import told
from annul.domain.payouts import STATES, PayoutState

from .reach import Config, Data, Lang, User
from .secret import Database
from .show import Language
from .spoken import Spoken, whole

application = typer.Typer(help="Payouts and files of the bank.", no_args_is_help=True)

_SAID: Final = {
    "made": (
        "付款{made}笔，其中待复核{held}笔；新文件{files}个。",
        "{made} payouts, {held} of them wait for a second person; {files} new files.",
    ),
    "read": ("{lines}行：{outcomes}", "{lines} lines: {outcomes}"),
    "took": ("已写入{path}。", "Written to {path}."),
    "done": ("已办理。", "Done."),
    "none": ("没有。", "None."),
    "lines": ("行", "lines"),
}
_SPOKEN: Final = Spoken(_SAID, Visitor("", "", frozenset({Scope.PAYOUTS_READ})))
_PRIVATE: Final = 0o600
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Number = Annotated[UUID, typer.Argument(metavar="PAYOUT", help="Number of the payout.")]


@application.command("run")
def make(
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make payouts of all that is available, and files for the bank, right now.

    A running annul does it by its schedule; doing it twice changes nothing.
    """
    made = _SPOKEN.work((data, database, config), user, lambda d, who: views.run(d, who, reason))
    _SPOKEN.tell("made", made._asdict(), lang, as_json=as_json)


@application.command("list")
def listed(
    state: Annotated[PayoutState | None, typer.Option(help="How they stand.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Made on.")] = None,
    merchant: Annotated[str, typer.Option(help="Of one merchant.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List payouts, the latest first."""
    asked: dict[str, Any] = {
        "merchant_id": merchant,
        "state": state.value if state else "",
        "day": day.date() if day else None,
        "limit": limit,
    }
    found: Listing = _SPOKEN.work(
        (data, database, config), None, lambda d, who: views.search(d, who, **asked)
    )
    _SPOKEN.rows(found, lang, _line, as_json=as_json)


def _line(row: Mapping[str, Any], spoken: Language) -> str:
    money = told(row["amount"], row["currency"]).speak(spoken)
    how = STATES[PayoutState(row["state"])].speak(spoken)
    why = f"{row['bank_code']} {row['bank_text']}".strip()
    to = f"{row['merchant_id']} {row['holder']} *{row['shown']}"
    return f"{row['run_on']} {row['id']} {to} {money} {how} {why}".rstrip()


@application.command("show")
def show(
    payout: Number,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Give a payout with the business days and moves in it, as JSON."""
    found = _SPOKEN.work((data, database, config), None, lambda d, who: views.find(d, who, payout))
    whole(found)


@application.command("approve")
def approve(
    payout: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let a payout that waits go out with the next file, as second person."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.approve(d, who, payout, reason))
    typer.echo(_SPOKEN.said("done", lang))


@application.command("cancel")
def cancel(
    payout: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Give up a payout that is in no file yet; its money is available again."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.cancel(d, who, payout, reason))
    typer.echo(_SPOKEN.said("done", lang))


@application.command("files")
def files(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """List files for the bank, the latest first, as JSON lines."""
    places = (data, database, config)
    found = _SPOKEN.work(places, None, lambda d, who: views.sent_files(d, who, limit))
    for row in found.rows:
        typer.echo(json.dumps(row, default=str, ensure_ascii=False))


@application.command("take")
def take(
    file: Annotated[UUID, typer.Argument(metavar="FILE", help="Number of the file.")],
    output: Annotated[Path, typer.Option(help="Folder that it is written into.")] = Path(),
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Write a file for the bank into a folder, to bring it there: it has accounts in clear."""
    places = (data, database, config)
    name, content = _SPOKEN.work(places, user, lambda d, who: views.take_file(d, who, file, reason))
    output.mkdir(parents=True, exist_ok=True)
    path = output / name
    path.touch(mode=_PRIVATE)
    path.write_bytes(content)
    typer.echo(_SPOKEN.said("took", lang, path=path))


@application.command("read")
def read(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read a file of the bank: pain.002, camt.052 to .054, MT940 or CSV. Each line counts once."""
    content = file.read_bytes()
    with _SPOKEN.drawn("lines", lang, as_json=as_json) as seen:
        places = (data, database, config)
        done = _SPOKEN.work(
            places, user, lambda d, who: views.read(d, who, content, file.name, reason, seen)
        )
    facts = {"lines": done.lines, "outcomes": done.outcomes}
    _SPOKEN.tell("read", facts, lang, as_json=as_json)


@application.command("confirm")
def confirm(
    file: Annotated[UUID, typer.Argument(metavar="FILE", help="Number of the bank's file.")],
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let what a file says of money that came back have its effect, as second person."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.confirm_file(d, who, file, reason))
    typer.echo(_SPOKEN.said("done", lang))
