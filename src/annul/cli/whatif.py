"""`annul whatif`: what a change would decide otherwise; nothing is changed."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from annul.domain.policies import PolicyKind
from annul.domain.text import Text
from annul.operate.whatif import alarms, merchants, policies, weights

from .reach import Config, Data, Lang, Reach, run
from .secret import Database
from .show import language

application = typer.Typer(
    help="Try a change on what has happened; nothing is changed.",
    no_args_is_help=True,
)
_POLICY: Final = Text(
    "查看 {voids} 笔撤销：新规则多判违反 {caught_refused} 笔被拒的、{caught_approved} 笔获批的；"
    "不再判违反 {freed_refused} 笔被拒的、{freed_approved} 笔获批的；改判另一规则 {others} 笔。",
    "{voids} voids: now said to break a rule {caught_refused} that were refused and "
    "{caught_approved} that were approved; no longer {freed_refused} that were refused and "
    "{freed_approved} that were approved; another rule: {others}.",
)
_WEIGHT: Final = Text(
    "查看 {cases} 个案件：{differ} 个的首位原因不同，"
    "其中改后正确 {right_now} 个，改前正确 {right_before} 个。",
    "{cases} cases: another cause comes first in {differ}; right after the change {right_now}, "
    "right before it {right_before}.",
)
_ALARM: Final = Text(
    "查看 {transactions} 笔交易：告警改前 {alarms_before} 次、改后 {alarms_after} 次；"
    "不再出现 {only_before} 次，新出现 {only_after} 次，时间不同 {moved} 次。",
    "{transactions} transactions: {alarms_before} alarms before, {alarms_after} after; come no "
    "more {only_before}, new {only_after}, at another time {moved}.",
)
_MERCHANT: Final = Text(
    "查看 {decisions} 个决定：更严 {stricter} 个（其中已获批 {approved} 笔，合计 {amount} 分），"
    "放宽 {freed} 个。",
    "{decisions} decisions: stricter {stricter} (of which {approved} had been approved, {amount} "
    "minor units in all), freed {freed}.",
)
Days = Annotated[int, typer.Option(min=1, max=3_650, help="Of so many days up to now.")]
Json = Annotated[bool, typer.Option("--json", help="Each decision a line, then the sums.")]


@application.command("policy")
def policy(
    issuer: Annotated[str, typer.Argument(help="The issuer's number.")],
    kind: Annotated[PolicyKind, typer.Argument(help="What the rule is about.")],
    number: Annotated[int | None, typer.Argument(help="Its number; without one: no rule.")] = None,
    days: Days = 90,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Json = False,
) -> None:
    """Try a rule of an issuer on every void that it has answered."""

    async def work(base: Reach) -> dict[str, Any]:
        tried = policies.Tried()
        after = policies.changed(await policies.known(base.pool, issuer), kind, number)
        found = policies.replay(base.pool, issuer, _span(base, days), after, tried)
        await _told(found, as_json=as_json)
        return asdict(tried)

    _sums(run(data, database, config, work), _POLICY, lang, as_json=as_json)


@application.command("weight")
def weight(
    cause: Annotated[str, typer.Argument(help="The cause.")],
    signal: Annotated[str, typer.Argument(help="The signal that speaks for it or against it.")],
    by: Annotated[float, typer.Option(min=-20, max=20, help="What is added to its weight.")],
    days: Days = 30,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Json = False,
) -> None:
    """Try a weight of a cause on every diagnosis that cases have kept."""

    async def work(base: Reach) -> dict[str, Any]:
        ranked = weights.Ranked()
        given = (cause, signal, by)
        await _told(weights.replay(base.pool, _span(base, days), given, ranked), as_json=as_json)
        return asdict(ranked)

    _sums(run(data, database, config, work), _WEIGHT, lang, as_json=as_json)


@application.command("merchant")
def merchant(
    setting: Annotated[str, typer.Argument(help=", ".join(merchants.SETTINGS))],
    number: Annotated[int, typer.Argument(help="What it is; amounts in minor units.")],
    of: Annotated[str, typer.Option("--merchant", help="Of this one only.")] = "",
    days: Days = 30,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Json = False,
) -> None:
    """Try a setting of merchants on every decision that it was asked about."""

    async def work(base: Reach) -> dict[str, Any]:
        judged = merchants.Judged()
        change = (setting, number)
        await _told(
            merchants.replay(base.pool, of, _span(base, days), change, judged), as_json=as_json
        )
        return asdict(judged)

    _sums(run(data, database, config, work), _MERCHANT, lang, as_json=as_json)


@application.command("alarm")
def alarm(
    per_million: Annotated[
        float | None, typer.Option(min=0.001, max=1_000, help="False alarms in a million.")
    ] = None,
    history_days: Annotated[
        int | None, typer.Option(min=7, max=400, help="From which is learnt what is usual.")
    ] = None,
    days: Days = 30,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Json = False,
) -> None:
    """Try other limits of the alarms on all traffic: which come, or come no more."""

    async def work(base: Reach) -> dict[str, Any]:
        watching, now = alarms.Watching(), base.settings.alarms
        both = (now, alarms.changed(now, per_million, history_days))
        zone, span = ZoneInfo(base.settings.zone), _span(base, days)
        await _told(alarms.replay(base.pool, zone, span, both, watching), as_json=as_json)
        return asdict(watching)

    _sums(run(data, database, config, work), _ALARM, lang, as_json=as_json)


def _span(base: Reach, days: int) -> tuple[datetime, datetime]:
    now = base.clock.now().astimezone(UTC)
    return now - timedelta(days=days), now


async def _told(found: AsyncIterator[Any], *, as_json: bool) -> None:
    """Write each decision as it is found."""
    async for one in found:
        if as_json:
            typer.echo(json.dumps(one._asdict(), default=str, ensure_ascii=False))
        else:
            typer.echo("  ".join(str(value) or "–" for value in one))


def _sums(sums: dict[str, Any], said: Text, lang: str | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(sums))
    else:
        typer.echo(said.speak(language(lang)).format(**sums))
