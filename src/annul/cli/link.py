"""`annul link`: try how an issuer's host speaks, before it serves. Never with money."""

from pathlib import Path
from typing import Annotated, Final

import typer

from annul.desk import issuer_links
from annul.domain.text import Text
from annul.issuers import dialects
from annul.issuers.trial.findings import Report
from annul.issuers.trial.talk import TrialLimits
from annul.issuers.trial.trial import Trial

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

application = typer.Typer(help="Links to issuers: try one.", no_args_is_help=True)
_USUAL: Final = TrialLimits()
_MARKS: Final = {True: "·", False: "!"}
_WORKS: Final = Text("一切与设置一致。", "Everything is as it is set.")
_BRING: Final = Text(
    "先导入这个方言（保存为 {file}）：", "Bring this dialect first (saved as {file}):"
)
_THEN: Final = Text("建议：", "Proposed:")
_NOTHING: Final = Text("没有可建议的设置。", "There is no setting to propose.")


@application.command("test")
def try_link(
    issuer: Annotated[str, typer.Argument(metavar="ISSUER", help="Number of the issuer.")],
    tries: Annotated[int, typer.Option(min=1, max=500, help="Connections at most.")] = _USUAL.tries,
    wait: Annotated[float, typer.Option(min=0.1, help="Seconds for an answer.")] = _USUAL.answer_s,
    pause: Annotated[float, typer.Option(min=0, help="Between connections.")] = _USUAL.pause_s,
    listen: Annotated[float, typer.Option(min=0, help="For its own echoes.")] = _USUAL.listen_s,
    within: Annotated[float, typer.Option(min=1, help="For the search in all.")] = _USUAL.within_s,
    out: Annotated[
        Path | None, typer.Option(help="Where a dialect that is proposed is written.")
    ] = None,
    lang: Lang = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Say what an issuer's host does, and which settings would fit it: sign-on, echo, sign-off.

    It has connections of its own, one at a time; a host that takes a single one is tried while its
    issuer is switched off here. Nothing is changed. Exit status 1 when something is otherwise.
    """
    limits = TrialLimits(
        tries=tries, answer_s=wait, pause_s=pause, listen_s=listen, within_s=within
    )

    async def job(base: Reach) -> Report:
        known = await dialects.read(base.pool)
        row = await issuer_links.issuer(base, issuer)
        tls = base.settings.issuer_tls.get(issuer)
        return await Trial(row, known, base.clock, tls, limits).run()

    report = run(data, database, config, job)
    spoken = language(lang)
    for one in report.findings:
        typer.echo(f"{_MARKS[one.good]} {one.text.speak(spoken)}")
    command = report.command(issuer)
    typer.echo()
    if report.document:
        file = out or Path(f"{report.settings['dialect']}.toml")
        file.write_text(report.document, encoding="utf-8")
        typer.echo(_BRING.speak(spoken).format(file=file))
        typer.echo(f"  annul dialect import {file} --reason ...")
    if command:
        typer.echo(f"{_THEN.speak(spoken)}\n  {command} --reason ...")
    else:
        typer.echo((_WORKS if report.works else _NOTHING).speak(spoken))
    raise typer.Exit(0 if report.works else 1)
