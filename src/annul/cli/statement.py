"""`annul statement`: a merchant's statement of a month or a business day, as a file."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from annul.domain.business_day import Calendar
from annul.domain.money import told
from annul.settle.statement.model import ACCOUNTS, Period
from annul.settle.statement.sections import Spoken
from annul.settle.statement.writing import Asked, placed, write

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

_SAID: Final = {
    "both": (
        "--month与--day只能给一个。",
        "Give --month or --day, not both.",
    ),
    "done": (
        "{period}对账单（已结账至{until}，共{transactions}笔交易）：{file}",
        "Statement of {period}, closed up to {until}, {transactions} transactions: {file}",
    ),
    "open": (
        "期间尚未结束，仅含已结账营业日。",
        "The period is not over: closed business days only.",
    ),
    "sums": ("  {account}：期初{opening}，期末{closing}", "  {account}: {opening} to {closing}"),
    "days": ("营业日", "business days"),
}
Month = Annotated[str, typer.Option(help="Such as 2026-11; without one, the month that has ended.")]
Day = Annotated[str, typer.Option(help="A business day, such as 2026-11-26.")]
Form = Annotated[Literal["pdf", "xlsx", "csv"], typer.Option("--format", help="Of the file.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("statement")(statement)


def statement(
    merchant: Annotated[str, typer.Argument(help="The merchant's number.")],
    month: Month = "",
    day: Day = "",
    form: Form = "pdf",
    output: Annotated[Path | None, typer.Option(help="The file; else one in this folder.")] = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The sums, for programs.")] = False,
) -> None:
    """Write a merchant's statement of a month or a business day.

    FILE is there once it is whole; what a killed one left in FILE.part is written anew.
    """
    spoken = language(lang)
    said = {name: texts[0 if spoken == "zh" else 1] for name, texts in _SAID.items()}
    if month and day:
        raise typer.BadParameter(said["both"])

    async def work(base: Reach) -> dict[str, Any]:
        now = base.clock.now()
        today = Calendar(base.zone, base.settings.cut_over).business_date(now)
        period = Period.of(month or day) if month or day else Period.before(today)
        asked = Asked(merchant, period, form, Spoken(spoken, base.zone), now)
        path = output or Path(f"annul-{merchant}-{period}.{form}")
        with ExitStack() as stack:
            shown = None if as_json else _shown(stack, said["days"])
            with placed(path) as file:
                facts = await write(base.pool, asked, file, shown)
        return facts | {"format": form, "file": str(path), "bytes": path.stat().st_size}

    done = run(data, database, config, work)
    if as_json:
        typer.echo(json.dumps(done))
        return
    typer.echo(said["done"].format(**done))
    if not done["whole"]:
        typer.echo(said["open"])
    _tell(done, said["sums"], spoken)


def _tell(done: Mapping[str, Any], line: str, spoken: str) -> None:
    """Say of each account what stood at the beginning and at the end, unless it was nothing."""
    for one in done["accounts"]:
        for name, title in ACCOUNTS.items():
            short = name.removeprefix("merchant_")
            sums = [one[place][short] for place in ("opening", "closing")]
            if any(sums):
                opening, closing = (told(each, one["currency"]).speak(spoken) for each in sums)
                account = title.speak(spoken)
                typer.echo(line.format(account=account, opening=opening, closing=closing))


def _shown(stack: ExitStack, what: str) -> Callable[[int, int, int], None]:
    """Draw how far it has come, on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[transactions]}"),
    )
    progress = stack.enter_context(Progress(*columns, transient=True))
    task = progress.add_task(what, total=None, transactions=0)
    return lambda done, days, transactions: progress.update(
        task, completed=done, total=days, transactions=transactions
    )
