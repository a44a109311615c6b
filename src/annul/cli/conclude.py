"""`annul conclude`: what has become of a transaction, said by two people with evidence."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS
from annul.domain.money import told
from annul.domain.records import Transaction
from annul.resolve.conclusion import (
    LARGEST_EVIDENCE,
    ROLES,
    Conclusion,
    EvidenceRefused,
    NothingProposed,
    Person,
)
from annul.resolve.conclusion_words import follows
from annul.resolve.conclusions import Conclusions
from annul.security.vault import Vault

from .reach import Config, Data, Lang, NotAllowedHere, Reach, User, run
from .secret import Database
from .show import language

_CARRIED_S: Final = 15.0  # how long to wait for the host that carries it out
_LOOK_S: Final = 0.2
_LIST: Final = 1000
_SAID: Final = {
    "reference": ("参考号", "reference"),
    "kind": ("交易", "kind"),
    "amount": ("金额", "amount"),
    "state": ("状态", "state"),
    "since": ("自", "since"),
    "issuer": ("发卡行", "issuer"),
    "case": ("案件", "case"),
    "proposed": ("结论", "conclusion"),
    "done": ("发卡行已成功", "done at the issuer"),
    "not-done": ("发卡行未成功", "not done at the issuer"),
    "if_done": ("结论为成功时", "if done"),
    "if_not": ("结论为未成功时", "if not done"),
    "by": ("提出", "proposed by"),
    "reason": ("理由", "reason"),
    "file": ("证据", "evidence"),
    "none": ("没有款项待证。", "No money is in question."),
    "total": ("合计", "in all"),
    "sure": ("确认执行？", "Confirm it?"),
    "waits": ("已提出，须由另一人复核", "proposed; another person has to confirm it"),
    "confirmed": ("已复核，由主机执行", "confirmed; a host carries it out"),
    "concluded": ("已执行", "concluded"),
    "overtaken": ("未执行：发卡行已先应答", "not carried out: the issuer answered first"),
    "withdrawn": ("已撤回", "withdrawn"),
}
_STATES: Final = {
    "": ("", ""),
    "received": ("已收到", "received"),
    "sent": ("已发送", "sent"),
    "unknown": ("结果未知", "unknown"),
    "reversing": ("冲正中", "reversing"),
    "disputed": ("有争议", "disputed"),
    "declined": ("未成功", "declined"),
    "reversed": ("已冲正", "reversed"),
    "approved": ("成功", "approved"),
}


class Found(StrEnum):
    """What became of a transaction at the issuer."""

    DONE = "done"
    NOT_DONE = "not-done"


class OtherProposed(AnnulError):
    """The proposal that awaits confirmation says the opposite. Nothing was changed."""

    code = "cli.other_proposed"
    next_step = "Look at it with annul conclude REFERENCE; withdraw it with --withdraw first."


class WhatToDo(AnnulError):
    """No outcome was given. Nothing was changed."""

    code = "cli.what_to_conclude"
    next_step = "annul conclude REFERENCE done|not-done --reason ... --evidence FILE, or --list."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("conclude")(conclude)


def conclude(
    reference: Annotated[str, typer.Argument(help="Reference number, or id.")] = "",
    verdict: Annotated[
        Found | None, typer.Argument(help="What became of it at the issuer.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it goes into history and audit.")] = "",
    evidence: Annotated[Path | None, typer.Option(help="File that shows it, up to 5 MB.")] = None,
    save_evidence: Annotated[
        Path | None, typer.Option(help="Write the evidence of the latest conclusion here.")
    ] = None,
    user: User = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw a proposal.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List money in question.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Conclude a transaction whose outcome nobody can prove: one person proposes, another confirms.

    Without a verdict it shows what is known and what would follow.
    """
    at = 0 if language(lang) == "zh" else 1
    if list_:
        rows, sums, zone = run(data, database, config, _listed)
        _print_list(rows, sums, at, zone, as_json=as_json)
        return
    if not reference:
        raise WhatToDo
    if save_evidence is not None:
        content = run(data, database, config, _evidence(reference, user))
        typer.echo(f"{save_evidence} ({save_evidence.write_bytes(content)} bytes)")
        return
    if verdict is None and not withdraw:
        transaction, found = run(data, database, config, lambda base: _shown(base, reference))
        _print_one(transaction, found, at, as_json=as_json)
        return
    content = None if evidence is None else _read(evidence)
    name = "" if evidence is None else evidence.name
    act = _withdrawing(reference, user, reason)
    if verdict is not None and not withdraw:
        act = _acting(reference, verdict, user, reason, content, name, at)
    transaction, done = run(data, database, config, act)
    typer.echo(f"{transaction.rrn}: {_came(done, at)}")
    if done.state not in {"withdrawn", "overtaken"}:
        typer.echo(follows(transaction.kind, transaction.state, done=done.done)[at])


def _acting(
    reference: str,
    verdict: Found,
    user: str,
    reason: str,
    evidence: bytes | None,
    name: str,
    at: int,
) -> Callable[[Reach], Awaitable[tuple[Transaction, Conclusion]]]:
    """Confirm what somebody else has proposed, else propose it."""

    async def act(base: Reach) -> tuple[Transaction, Conclusion]:
        person = Person(user, (await base.person(user)).role)
        conclusions, done = _conclusions(base), verdict is Found.DONE
        transaction = await conclusions.find(reference)
        latest = next(iter(await conclusions.of(transaction)), None)
        if latest is not None and latest.state == "confirmed" and latest.done == done:
            return transaction, await _carried(conclusions, transaction, latest)
        if latest is None or not latest.open:
            vault = Vault(await base.master_key()) if evidence else None
            sealing = _conclusions(base, vault)
            proposed = await sealing.propose(
                reference,
                person,
                done=done,
                reason=reason,
                evidence=evidence or b"",
                evidence_name=name,
            )
            return transaction, proposed
        if latest.done != done:
            raise OtherProposed
        _agreed(transaction, latest, at)
        await conclusions.confirm(reference, latest.id, person, reason=reason)
        return transaction, await _carried(conclusions, transaction, latest)

    return act


def _agreed(transaction: Transaction, proposed: Conclusion, at: int) -> None:
    """Show a person what follows before it does; a program has read it with --json."""
    if sys.stdin.isatty():
        typer.echo(follows(transaction.kind, transaction.state, done=proposed.done)[at])
        typer.confirm(_SAID["sure"][at], abort=True)


async def _carried(
    conclusions: Conclusions, transaction: Transaction, confirmed: Conclusion
) -> Conclusion:
    """Wait a while for a host to carry it out; gives how it stands then."""
    ends = asyncio.get_running_loop().time() + _CARRIED_S
    while True:
        now = next(one for one in await conclusions.of(transaction) if one.id == confirmed.id)
        if now.carried_at is not None or asyncio.get_running_loop().time() > ends:
            return now
        await asyncio.sleep(_LOOK_S)


def _withdrawing(
    reference: str, user: str, reason: str
) -> Callable[[Reach], Awaitable[tuple[Transaction, Conclusion]]]:
    async def act(base: Reach) -> tuple[Transaction, Conclusion]:
        person = Person(user, (await base.person(user)).role)
        conclusions = _conclusions(base)
        transaction = await conclusions.find(reference)
        latest = next(iter(await conclusions.of(transaction)), None)
        if latest is None:
            raise NothingProposed
        return transaction, await conclusions.withdraw(reference, latest.id, person, reason=reason)

    return act


def _evidence(reference: str, user: str) -> Callable[[Reach], Awaitable[bytes]]:
    async def read(base: Reach) -> bytes:
        if (await base.person(user)).role not in {*ROLES, "auditor"}:
            raise NotAllowedHere
        conclusions = _conclusions(base, Vault(await base.master_key()))
        latest = next(iter(await conclusions.of(await conclusions.find(reference))), None)
        if latest is None:
            raise NothingProposed
        return await conclusions.read_evidence(latest)

    return read


async def _listed(base: Reach) -> tuple[list[dict[str, Any]], list[dict[str, Any]], ZoneInfo]:
    conclusions = _conclusions(base)
    return await conclusions.in_question("", _LIST), await conclusions.sums(), base.zone


async def _shown(base: Reach, reference: str) -> tuple[Transaction, list[Conclusion]]:
    conclusions = _conclusions(base)
    transaction = await conclusions.find(reference)
    return transaction, await conclusions.of(transaction)


def _conclusions(base: Reach, vault: Vault | None = None) -> Conclusions:
    """Give what concludes; what moves money is left to the host. A vault for who needs one."""
    return Conclusions(base.pool, base.book, vault or Vault(bytes(32)), None, base.clock)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_EVIDENCE + 1)
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise EvidenceRefused(message) from error


# Saying it --------------------------------------------------------------------------------------


def _came(done: Conclusion, at: int) -> str:
    state = {"proposed": "waits"}.get(done.state, done.state)
    verdict = _SAID[Found.DONE if done.done else Found.NOT_DONE][at]
    return f"{_SAID[state][at]} ({verdict})"


def _print_list(
    rows: list[dict[str, Any]],
    sums: list[dict[str, Any]],
    at: int,
    zone: ZoneInfo,
    *,
    as_json: bool,
) -> None:
    if as_json:
        shown = {"items": rows, "sums": sums}
        typer.echo(json.dumps(shown, default=str, ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo(_SAID["none"][at])
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    names = ("reference", "kind", "amount", "state", "since", "issuer", "case", "proposed")
    for name in names:
        table.add_column(_SAID[name][at], no_wrap=True)
    for row in rows:
        kind = KINDS[row["kind"]]
        table.add_row(
            row["rrn"],
            kind.title[at],
            told(row["amount"], row["currency"])[at],
            _STATES[row["state"]][at],
            f"{row['since'].astimezone(zone):%m-%d %H:%M:%S}",
            row["issuer_id"],
            _case(row, at),
            _proposal(row, at),
        )
    Console(highlight=False, markup=False, width=None if os.isatty(1) else 200).print(table)
    for one in sums:
        typer.echo(
            f"{_SAID['total'][at]}: {one['count']}, {told(one['amount'], one['currency'])[at]}"
        )


def _case(row: dict[str, Any], at: int) -> str:
    ended = ("结果待证", "outcome unproved")[at] if row["case_ended"] == "unproved" else ""
    return f"{row['case_number']} {ended}".strip()


def _proposal(row: dict[str, Any], at: int) -> str:
    if row["conclusion_id"] is None:
        return ""
    verdict = _SAID[Found.DONE if row["done"] else Found.NOT_DONE][at]
    return f"{verdict} ({', '.join(filter(None, (row['proposed_by'], row['confirmed_by'])))})"


def _print_one(
    transaction: Transaction, found: list[Conclusion], at: int, *, as_json: bool
) -> None:
    if as_json:
        shown = {
            "transaction": str(transaction.id),
            "rrn": transaction.rrn,
            "state": str(transaction.state),
            "conclusions": [one.evidence() | {"state": one.state} for one in found],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    kind = KINDS[transaction.kind]
    typer.echo(f"{_SAID['reference'][at]}: {transaction.rrn} ({kind.title[at]})")
    typer.echo(f"{_SAID['amount'][at]}: {told(transaction.amount, transaction.currency)[at]}")
    state = _STATES.get(transaction.state, (transaction.state, transaction.state))[at]
    typer.echo(f"{_SAID['state'][at]}: {state}")
    for name, done in (("if_done", True), ("if_not", False)):
        said = follows(transaction.kind, transaction.state, done=done)[at]
        typer.echo(f"{_SAID[name][at]}: {said}")
    for one in found:
        typer.echo("")
        typer.echo(_came(one, at))
        by = ", ".join(filter(None, (one.proposed_by, one.confirmed_by)))
        typer.echo(f"  {_SAID['by'][at]}: {by}")
        typer.echo(f"  {_SAID['reason'][at]}: {one.reason}")
        typer.echo(f"  {_SAID['file'][at]}: {one.evidence_name} sha256 {one.evidence_hash.hex()}")
