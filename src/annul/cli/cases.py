"""`annul cases`, `annul case`, `annul promise`: the desk on the command line."""

import json
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from annul.diagnose.causes import CAUSES
from annul.domain.money import told
from annul.resolve import words
from annul.resolve.case import UNPROVED, Case
from annul.resolve.ends import ended

from .reach import Config, Data, Lang, Reach, User, run
from .secret import Database
from .show import Language, language

_LABELS: Final = {
    "number": ("编号", "number"),
    "state": ("状态", "state"),
    "amount": ("金额", "amount"),
    "card": ("卡号", "card"),
    "cause": ("原因", "cause"),
    "step": ("步骤", "step"),
    "opened": ("立案", "opened"),
    "due": ("应结", "due"),
    "first_due": ("最初应结", "first due"),
    "task": ("需人工", "task"),
    "money": ("资金", "money"),
    "next": ("下一步", "next"),
    "again": ("下次处理", "next look"),
    "allowed": ("可做的操作", "what may be done"),
    "whole": ("事件链完整", "the chain is whole"),
    "broken": ("事件链第{}条被改动", "the chain was changed at line {}"),
    "likely": ("可能的原交易", "the likely original"),
    "waits": ("等待第二人复核", "waits for a second person"),
}
_PROMISE: Final = {
    "cases": ("立案", "cases"),
    "open": ("处理中", "open"),
    "voided": ("已撤销", "voided"),
    "refunded": ("已改为退货", "refunded instead"),
    "refused": ("未撤销", "not voided"),
    "unproved": ("结果待证", "outcome unproved"),
    "in_time": ("按时结案", "ended in time"),
    "late": ("超时", "late"),
    "late_by_cause": ("按当前原因超时", "late by the cause of now"),
    "asked": ("等待人工", "waiting for a person"),
    "oldest_s": ("最久(秒)", "oldest (s)"),
    "in_question": ("涉及金额", "money in question"),
}


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("cases")(cases)
    application.command("case")(case)
    application.command("promise")(promise)


def cases(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List cases, the most urgent first."""

    async def read(base: Reach) -> tuple[list[Case], ZoneInfo]:
        return await base.book.latest(only_open=not all_, limit=limit), base.zone

    found, zone = run(data, database, config, read)
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], default=_plain, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    at = _at(language(lang))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("number", "state", "amount", "card", "cause", "step", "opened", "due", "task"):
        table.add_column(_LABELS[name][at], no_wrap=True)
    for one in found:
        table.add_row(
            one.number,
            ended(one.ended, one.kind, one.step)[at],
            told(one.amount, one.currency)[at],
            one.card_masked,
            _title(one, at),
            one.step,
            _when(one.opened_at, zone),
            _when(one.due_at, zone),
            one.task,
        )
    Console(highlight=False, markup=False, width=None if os.isatty(1) else 200).print(table)


def case(
    number: Annotated[str, typer.Argument(help="Number on the slip, or id.")],
    verb: Annotated[str | None, typer.Argument(help="do, note, confirm-cause or close.")] = None,
    what: Annotated[str | None, typer.Argument(help="With do: the action; else a cause.")] = None,
    proof: Annotated[Path | None, typer.Option(help="Write the proof (a zip) here.")] = None,
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the case's history.")] = "",
    minutes: Annotated[int, typer.Option(help="With take: how long you have it.")] = 60,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show a case with its history, act on it, or write its proof."""
    if verb is not None:
        action = what or "" if verb == "do" else verb
        done = run(
            data, database, config, _acting(number, action, what or "", user, reason, minutes)
        )
        typer.echo(f"{number}: {done}")
        return
    if proof is not None:
        size = proof.write_bytes(run(data, database, config, _proving(number)))
        typer.echo(f"{proof} ({size} bytes)")
        return
    shown = run(data, database, config, _shown(number))
    if as_json:
        typer.echo(json.dumps(shown, default=_plain, ensure_ascii=False, indent=2))
    else:
        _print(shown, language(lang))


def promise(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    hours: Annotated[float, typer.Option(help="Cases opened within so many hours.")] = 24.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how the promise is kept: voids ended in time, open, late, and the money in question."""
    from annul.resolve import promise as kept

    async def read(base: Reach) -> tuple[dict[str, float], list[dict[str, Any]]]:
        now = base.clock.now()
        since = now - timedelta(hours=hours)
        figures = (await kept.read(base.pool, now, since)).figures()
        return figures, await kept.by_cause(base.pool, since)

    figures, causes = run(data, database, config, read)
    if as_json:
        typer.echo(json.dumps({**figures, "by_cause": causes}, ensure_ascii=False, indent=2))
        return
    at = _at(language(lang))
    for name, value in figures.items():
        shown = told(int(value))[at] if name == "in_question" else f"{value:.0f}"
        typer.echo(f"{_PROMISE[name][at]:<24}{shown}")
    for row in causes:
        title = CAUSES[row["cause"]].title[at] if row["cause"] in CAUSES else row["cause"]
        typer.echo(
            f"  {title}: {row['cases']}, p50 {row['p50_s']:.1f} s, p99 {row['p99_s']:.1f} s, "
            f"max {row['max_s']:.1f} s"
        )


def _acting(
    number: str, action: str, cause: str, user: str, reason: str, minutes: int
) -> Callable[[Reach], Awaitable[str]]:
    async def act(base: Reach) -> str:
        from annul.desk import acts

        person = await base.person(user)
        found = await base.book.find(number)
        return await acts.act(base, person, found, action, reason, cause, minutes)

    return act


def _proving(number: str) -> Callable[[Reach], Awaitable[bytes]]:
    async def prove(base: Reach) -> bytes:
        from annul.resolve import proof
        from annul.security.errors import MasterKeyError
        from annul.security.notary import Notary

        _, whole = await proof.gather(base.pool, number, base.clock.now())
        try:
            notary = Notary(await base.master_key())
        except MasterKeyError as error:
            typer.echo(f"annul: the proof is not signed: {error}", err=True)
            notary = None
        return proof.bundle(whole, notary)

    return prove


def _shown(number: str) -> Callable[[Reach], Awaitable[dict[str, Any]]]:
    async def show(base: Reach) -> dict[str, Any]:
        from annul.desk.roles import ROLES
        from annul.resolve.case import first_broken
        from annul.resolve.people import allowed

        found = await base.book.find(number)
        await base.book.repair(found, base.clock.now())
        found, history = await base.book.whole(found)
        void = await base.gatherer.find(str(found.id))
        likely = await base.gatherer.likely(void) if found.original_id is None else []
        return {
            "case": found._asdict(),
            "zone": base.settings.zone,
            "events": [json.loads(body) for body, _ in history],
            "broken_at": first_broken(history, found),
            "allowed": {
                action.name: [role for role in ROLES if role in action.roles]
                for action in {
                    a.name: a
                    for role in ROLES
                    for who in {"", found.proposed_by, found.assigned_to}
                    for a in allowed(found, role, who)
                }.values()
            },
            "likely": [
                {"voucher": one.trace, "rrn": one.rrn, "amount": one.amount, "at": one.received_at}
                for one in likely
            ],
        }

    return show


def _print(shown: dict[str, Any], spoken: Language) -> None:
    at, zone = _at(spoken), ZoneInfo(shown["zone"])
    for name, value in _summary(shown["case"], at, zone):
        typer.echo(f"{_LABELS[name][at]}: {value}")
    typer.echo("")
    for event in shown["events"]:
        moment = _when(datetime.fromisoformat(event["at"]), zone)
        typer.echo(f"{moment}  {event['who']:<8} {event['what']:<16} {event['why'][spoken]}")
        for found in event["evidence"].get("causes", ())[:1]:
            for one in found["evidence"]:
                sign = "+" if one["weight"] > 0 else "−"
                sources = ", ".join(one["sources"])
                typer.echo(f"{'':<17}{sign} {one['text'][spoken]}  ({sources})")
    broken = shown["broken_at"]
    said = _LABELS["whole"][at] if broken is None else _LABELS["broken"][at].format(broken)
    typer.echo(f"\n{said}")
    for one in shown["likely"]:
        amount = told(one["amount"], shown["case"]["currency"])[at]
        typer.echo(f"{_LABELS['likely'][at]}: {one['voucher']} {amount} {one['rrn']}")
    for name, roles in shown["allowed"].items():
        typer.echo(f"{_LABELS['allowed'][at]}: {name:<14} {', '.join(roles)}")


def _summary(row: dict[str, Any], at: int, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    cause = CAUSES.get(row["confirmed"] or row["cause"])
    yield "number", row["number"]
    yield "state", ended(row["ended"], row["kind"], row["step"])[at]
    yield "amount", told(row["amount"], row["currency"])[at]
    yield "card", row["card_masked"]
    if cause is not None:
        yield "cause", f"{words.title(cause, row['kind'])[at]} ({row['probability']:.0%})"
    if not row["ended"]:
        if cause is not None:
            yield "money", words.money(cause, row["kind"])[at]
            yield "next", words.next_step(cause, row["kind"])[at]
        yield "step", row["step"]
        yield "again", _when(row["next_action_at"], zone)
    if row["ended"] in {"", UNPROVED}:
        yield "due", _when(row["due_at"], zone)
        if row["first_due_at"] != row["due_at"]:
            yield "first_due", _when(row["first_due_at"], zone)
    if row["task"]:
        yield "task", row["task"]
    if row["proposed"]:
        yield "waits", f"{row['proposed']} ({row['proposed_by']})"


def _title(one: Case, at: int) -> str:
    cause = CAUSES.get(one.confirmed or one.cause)
    return words.title(cause, one.kind)[at] if cause else "-"


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M:%S}"


def _at(spoken: Language) -> int:
    return 0 if spoken == "zh" else 1


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
