"""`annul pos`: the soft terminal at the command line, as a cashier would use it.

Exit status: 0 approved, 1 refused, 3 when the outcome is still open.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from annul.domain import money
from annul.domain.kinds import KINDS
from annul.domain.shown_codes import shown
from annul.security.private import own_folder
from annul.security.vault import Vault
from annul.sim.terminal import receipt
from annul.sim.terminal.batch import settle as settle_batch
from annul.sim.terminal.errors import NoAnswerFromHost, NoSuchVoucher, NotPossible
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.messages import TerminalAnswer, TerminalOrder, note_of
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal

from . import pos_words as said
from .secret import Card, Code, Pin
from .show import Language, complain, language

application = typer.Typer(help="A soft terminal.", no_args_is_help=True)

_REFUSED: Final = 1
_OPEN: Final = 3
Amount = Annotated[str, typer.Argument(help="Such as 100 or 100.00.")]
Voucher = Annotated[str, typer.Argument(help="Voucher number (trace) of the original.")]
Keyed = Annotated[bool, typer.Option(help="Card number keyed in, not swiped.")]
Batch = Annotated[str, typer.Option(help="Batch of the original; default: the newest that has it.")]
AuthCode = Annotated[str, typer.Option(help="Authorisation code of another terminal's original.")]


@dataclass(frozen=True, slots=True)
class CommandTill:
    """The terminal that the commands act on."""

    profile: Profile
    journal: Path
    language: Language


@application.callback()
def group(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Data folder of the host.")] = Path("data"),
    terminal: Annotated[str, typer.Option(help="Terminal number; default: the first.")] = "",
    profile: Annotated[Path | None, typer.Option(help="Profile file of a terminal.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the host.")] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en; default: the environment's.")] = None,
) -> None:
    """Choose a terminal."""
    folder = data / "pos"
    if folder.is_dir():
        own_folder(folder)
    file = profile or next(iter(sorted(folder.glob(f"{terminal or '*'}.json"))), None)
    if file is None:
        message = f"no terminal profile in {folder}; no money has moved"
        raise NotPossible(message)
    try:
        loaded = Profile.read(file)
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its contents are not a profile"
        message = f"{file} cannot be read: {reason}"
        raise NotPossible(message) from None  # the cause may hold the key
    if port is not None:
        loaded = loaded.model_copy(update={"port": port})
    context.obj = CommandTill(loaded, file.with_suffix(".db"), language(lang))


# Transactions ------------------------------------------------------------------------------


def _taking(kind: str) -> Callable[..., None]:
    def command(
        context: typer.Context,
        amount: Amount,
        card: Card = None,
        pin: Pin = "",
        *,
        keyed: Keyed = False,
    ) -> None:
        _take(context, kind, amount, card, pin, keyed=keyed)

    return command


application.command("sale", help="消费: take money from a card.")(_taking("sale"))
application.command("preauth", help="预授权: set money aside on a card.")(_taking("preauth"))


@application.command()
def balance(
    context: typer.Context, card: Card = None, pin: Pin = "", *, keyed: Keyed = False
) -> None:
    """余额查询: Ask what is on a card."""
    _take(context, "balance", "", card, pin, keyed=keyed)


@application.command("qr-sale")
def qr_sale(
    context: typer.Context,
    amount: Amount,
    code: Code = None,
) -> None:
    """扫码消费: Take money by a scanned code."""
    desk: CommandTill = context.obj
    order = TerminalOrder(KINDS["qr_sale"], money.parse(amount), code or desk.profile.code)
    _perform(desk, lambda _: order)


@application.command()
def void(
    context: typer.Context,
    voucher: Voucher,
    batch: Batch = "",
    card: Card = None,
    amount: Annotated[str, typer.Option(help="Amount, if not the original's.")] = "",
) -> None:
    """消费撤销: Undo a sale of today, by card or by code."""
    _undo(context, voucher, batch, lambda o: KINDS[o.kind].voided_by or "void", amount, card)


@application.command()
def complete(
    context: typer.Context,
    amount: Amount,
    voucher: Voucher,
    batch: Batch = "",
    *,
    advice: Annotated[bool, typer.Option(help="As an advice: sent until answered.")] = False,
) -> None:
    """预授权完成: Take what was set aside."""
    name = "completion_advice" if advice else "completion"
    _undo(context, voucher, batch, lambda _: name, amount)


@application.command()
def refund(
    context: typer.Context,
    amount: Amount,
    voucher: Voucher,
    batch: Batch = "",
    card: Card = None,
) -> None:
    """退货: give back all or a part of a sale, by card or by code, also of an earlier day."""
    _undo(context, voucher, batch, lambda o: KINDS[o.kind].refunded_by or "refund", amount, card)


def _add_void(kind: str, description: str) -> None:
    def command(context: typer.Context, voucher: Voucher, batch: Batch = "") -> None:
        _undo(context, voucher, batch, lambda _: kind)

    name, title = kind.replace("_", "-"), KINDS[kind].title.zh
    application.command(name, help=f"{title}: {description}")(command)


_add_void("preauth_void", "set free what was set aside.")
_add_void("completion_void", "undo a completion of today.")
_add_void("qr_void", "undo a QR sale of today.")


# Management --------------------------------------------------------------------------------


@application.command("sign-in")
def sign_in(context: typer.Context) -> None:
    """签到: Sign in and fetch new working keys."""
    desk: CommandTill = context.obj

    async def work(terminal: SoftTerminal) -> None:
        answer = await terminal.sign_in()
        typer.echo(said.SIGNED_IN.speak(desk.language).format(terminal.journal.batch))
        _notice(note_of(answer.fields), desk.language)

    _run(desk, work)


@application.command("sign-off")
def sign_off(context: typer.Context) -> None:
    """签退: Sign off."""
    _run(context.obj, lambda terminal: _tell(context.obj, terminal.sign_off()))


@application.command()
def echo(context: typer.Context) -> None:
    """回响测试: Check that the host answers."""
    _run(
        context.obj,
        lambda terminal: _tell(context.obj, terminal.manage("echo", network="301")),
    )


@application.command()
def parameters(context: typer.Context) -> None:
    """参数下载: Download the terminal's parameters."""

    async def work(terminal: SoftTerminal) -> None:
        found = await terminal.fetch_parameters()
        typer.echo(
            f"{found.name}\n"
            + said.PARAMETERS.speak(context.obj.language).format(found.timeout_s, found.resends + 1)
        )

    _run(context.obj, work)


@application.command()
def status(context: typer.Context, text: str = "OK") -> None:
    """状态上送: Tell the host how the terminal is."""
    _run(context.obj, lambda terminal: _tell(context.obj, terminal.send_status(text)))


@application.command()
def settle(context: typer.Context) -> None:
    """批结算: Compare totals with the host and begin the next batch."""
    desk: CommandTill = context.obj

    async def work(terminal: SoftTerminal) -> None:
        typer.echo(receipt.totals(await settle_batch(terminal), desk.profile, desk.language))

    _run(desk, work)


# The journal -------------------------------------------------------------------------------


@application.command()
def journal(context: typer.Context) -> None:
    """流水: List what this terminal did."""

    async def work(terminal: SoftTerminal) -> None:
        for record in terminal.journal.records():
            kind = KINDS[record.kind]
            name = kind.title.speak(context.obj.language)
            owed = (
                f"  [{said.OWED[record.owed].speak(context.obj.language)}]" if record.owed else ""
            )
            typer.echo(
                f"{record.batch} {record.trace}  {record.date} {record.time}"
                f"  {_amount(record):>16}  {record.card:<19}  {name}:"
                f" {receipt.outcome(record, context.obj.language)}{owed}"
            )

    _run(context.obj, work)


@application.command()
def slip(context: typer.Context, voucher: Voucher, batch: Batch = "") -> None:
    """重打印小票: Reprint a slip."""

    async def work(terminal: SoftTerminal) -> None:
        record = _original(terminal, voucher, batch)
        typer.echo(receipt.slip(record, context.obj.profile, context.obj.language))

    _run(context.obj, work)


@application.command()
def reverse(context: typer.Context) -> None:
    """冲正: Send pending reversals now, not only before the next transaction."""

    async def work(terminal: SoftTerminal) -> None:
        if not terminal.journal.owed():
            typer.echo(said.NOTHING_OWED.speak(context.obj.language))
        await terminal.settle_owed()

    _run(context.obj, work)


@application.command()
def clear(context: typer.Context, voucher: Voucher) -> None:
    """清除冲正: Clear reversal: drop the pending one, once the acquirer has settled it by hand."""

    async def work(terminal: SoftTerminal) -> None:
        if terminal.give_up(voucher.zfill(6)) is None:
            message = f"nothing is owed for voucher {voucher}"
            raise NoSuchVoucher(message)
        typer.echo(said.CLEARED.speak(context.obj.language).format(voucher.zfill(6)))

    _run(context.obj, work)


# How they run ------------------------------------------------------------------------------


def _take(
    context: typer.Context, name: str, amount: str, card: str | None, pin: str, *, keyed: bool
) -> None:
    desk: CommandTill = context.obj
    number = card or desk.profile.card
    if not number:
        raise NotPossible("no card: give --card FILE; no money has moved")
    order = TerminalOrder(
        KINDS[name],
        money.parse(amount) if amount else 0,
        number,
        pin=pin,
        swiped=not keyed,
    )
    _perform(desk, lambda _: order)


def _undo(
    context: typer.Context,
    voucher: str,
    batch: str,
    choose: Callable[[Record], str],
    amount: str = "",
    card: str | None = None,
) -> None:
    def order(terminal: SoftTerminal) -> TerminalOrder:
        original = _original(terminal, voucher, batch)
        kind = KINDS[choose(original)]
        return TerminalOrder(
            kind,
            money.parse(amount) if amount else original.amount,
            card or ("" if kind.qr else str(original.fields.get(2, ""))),
            swiped=False,
            original=original,
        )

    _perform(context.obj, order)


def _original(terminal: SoftTerminal, voucher: str, batch: str) -> Record:
    found = terminal.journal.find(voucher.zfill(6), batch and batch.zfill(6))
    if found is None:
        message = f"no transaction has voucher number {voucher.zfill(6)}; no money has moved"
        raise NoSuchVoucher(message)
    return found


def _perform(desk: CommandTill, order: Callable[[SoftTerminal], TerminalOrder]) -> None:
    async def work(terminal: SoftTerminal) -> None:
        record = await terminal.perform(order(terminal))
        typer.echo(receipt.slip(record, desk.profile, desk.language))
        if record.note and receipt.noted_of(record) is None:
            _notice(record.note, desk.language)
        if record.state != "approved":
            sys.exit(_OPEN if record.state == "unanswered" else _REFUSED)

    _run(desk, work)


def _amount(record: Record) -> str:
    return f"CNY {money.show(record.amount)}" if record.amount else ""


async def _tell(desk: CommandTill, asked: Awaitable[TerminalAnswer]) -> None:
    answer = await asked
    title = shown(answer.response_code).title.speak(desk.language)
    typer.echo(f"{answer.response_code} {title}")
    _notice(note_of(answer.fields), desk.language)
    if answer.response_code != "00":
        sys.exit(_REFUSED)


def _notice(note: str, spoken: Language) -> None:
    """Show what the host tells the terminal besides: how an earlier void ended."""
    heard = receipt.heard(note, spoken)
    if heard:
        typer.echo(heard)


def _run(desk: CommandTill, work: Callable[[SoftTerminal], Awaitable[None]]) -> None:
    """Open the terminal, do the work, close it; an open outcome exits with its own status."""

    def told(record: Record) -> None:
        outcome = receipt.outcome(record, desk.language)
        typer.echo(said.EARLIER.speak(desk.language).format(record.trace, outcome), err=True)

    async def opened() -> None:
        vault = Vault(bytes.fromhex(desk.profile.master_key))
        journal = TerminalJournal(desk.journal, vault)
        terminal = SoftTerminal(desk.profile, journal, lambda: datetime.now().astimezone(), told)
        try:
            await work(terminal)
        finally:
            terminal.close()
            journal.close()

    try:
        asyncio.run(opened())
    except NoAnswerFromHost as error:
        complain(error)
        sys.exit(_OPEN)
