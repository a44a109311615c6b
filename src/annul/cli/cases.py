"""`annul cases`, `annul case`, `annul promise`: the desk on the command line."""

import json
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from annul.diagnose.causes import CAUSES
from annul.domain.money import told
from annul.resolve import words
from annul.resolve.case import UNPROVED, Case
from annul.resolve.ends import ended

from . import case_words as said
from .case_words import LABELS, PROMISE
from .reach import Config, Data, Lang, Reach, User, run
from .secret import Database
from .show import Language, language


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
        table.add_column(LABELS[name][at], no_wrap=True)
    for one in found:
        table.add_row(
            one.number,
            ended(one.ended, one.kind, one.step)[at],
            told(one.amount, one.currency)[at],
            one.card_masked,
            _title(one, at),
            said.step(one.step, at),
            _when(one.opened_at, zone),
            _when(one.due_at, zone),
            said.task(one.task, at) if one.task else "",
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
    """Show void outcomes: closed on time, open, late, by end, and the money in question."""
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
        typer.echo(f"{PROMISE[name][at]:<24}{shown}")
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
        from annul.resolve.proof_pdf import Print
        from annul.security.errors import MasterKeyError
        from annul.security.notary import Notary

        _, whole = await proof.gather(base.pool, number, base.clock.now())
        try:
            notary = Notary(await base.master_key())
        except MasterKeyError as error:
            typer.echo(f"annul: the proof is not signed: {error}", err=True)
            notary = None
        how = Print(base.zone, base.settings.support_phone)
        return proof.bundle(whole, notary, how)

    return prove


def _shown(number: str) -> Callable[[Reach], Awaitable[dict[str, Any]]]:
    async def show(base: Reach) -> dict[str, Any]:
        from annul.desk.roles import ROLES
        from annul.resolve import proof
        from annul.resolve.people import allowed

        found = await base.book.find(number)
        await base.book.repair(found, base.clock.now())
        found, whole = await proof.gather(base.pool, str(found.id), base.clock.now())
        void = await base.gatherer.find(str(found.id))
        likely = await base.gatherer.likely(void) if found.original_id is None else []
        return {
            "case": found._asdict(),
            "zone": base.settings.zone,
            "money": whole["money"],
            "events": [{k: v for k, v in one.items() if k != "hash"} for one in whole["timeline"]],
            "broken_at": whole["chain"]["broken_at"],
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
    for name, value in _summary(shown, at, zone):
        typer.echo(f"{LABELS[name][at]}: {value}")
    typer.echo("")
    for event in shown["events"]:
        moment = _when(datetime.fromisoformat(event["at"]), zone)
        what = _wide(said.step(event["what"], at))
        typer.echo(f"{moment}  {event['who']:<8} {what} {event['why'][spoken]}")
        for found in event["evidence"].get("causes", ())[:1]:
            for one in found["evidence"]:
                sign = "+" if one["weight"] > 0 else "−"
                sources = ", ".join(one["sources"])
                typer.echo(f"{'':<17}{sign} {one['text'][spoken]}  ({sources})")
    broken = shown["broken_at"]
    whole = LABELS["whole"][at] if broken is None else LABELS["broken"][at].format(broken)
    typer.echo(f"\n{whole}")
    for one in shown["likely"]:
        amount = told(one["amount"], shown["case"]["currency"])[at]
        typer.echo(f"{LABELS['likely'][at]}: {one['voucher']} {amount} {one['rrn']}")
    for name, roles in shown["allowed"].items():
        typer.echo(f"{LABELS['allowed'][at]}: {name:<14} {', '.join(roles)}")


def _summary(shown: dict[str, Any], at: int, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    row = shown["case"]
    cause = CAUSES.get(row["confirmed"] or row["cause"])
    yield "number", row["number"]
    yield "state", ended(row["ended"], row["kind"], row["step"])[at]
    yield "amount", told(row["amount"], row["currency"])[at]
    yield "card", row["card_masked"]
    if cause is not None:
        yield "cause", f"{words.title(cause, row['kind'])[at]} ({row['probability']:.0%})"
    yield "money", shown["money"]["zh" if at == 0 else "en"]
    if not row["ended"]:
        if cause is not None:
            yield "next", words.next_step(cause, row["kind"])[at]
        yield "step", said.step(row["step"], at)
        yield "again", _when(row["next_action_at"], zone)
    if row["ended"] in {"", UNPROVED}:
        yield "due", _when(row["due_at"], zone)
        if row["first_due_at"] != row["due_at"]:
            yield "first_due", _when(row["first_due_at"], zone)
    if row["task"]:
        yield "task", said.task(row["task"], at)
    if row["proposed"]:
        yield "waits", f"{row['proposed']} ({row['proposed_by']})"


def _title(one: Case, at: int) -> str:
    cause = CAUSES.get(one.confirmed or one.cause)
    return words.title(cause, one.kind)[at] if cause else "-"


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M:%S}"


def _wide(text: str) -> str:
    """Fill a column of 24, of which a Chinese character takes two."""
    taken = sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
    return text + " " * max(24 - taken, 0)


def _at(spoken: Language) -> int:
    return 0 if spoken == "zh" else 1


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
