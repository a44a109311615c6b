"""Management messages of a terminal: sign-in, sign-off, echo, parameters, status."""

from typing import Final

from annul.domain import admission
from annul.host.door import BELOW_PROFILE
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.merchants.parameters import Parameters
from annul.merchants.working_keys import MasterKeyMissing, TerminalSays, hand_out
from annul.wire.errors import DecodeError
from annul.wire.framing import software_of
from annul.wire.masking import scan
from annul.wire.subfields import Field60, Field62Terminal, Field63

_SERIAL: Final = 64  # characters that are kept of a serial number
# What is asked of a terminal until it says that it has it. Card lists nobody asks for.
_TAKEN: Final = {
    "parameters_taken": "parameters",
    "ca_keys_taken": "ca_keys",
    "aids_taken": "aids",
}


async def sign_in(request: Request, host: Host) -> Reply:
    """Hand out working keys of the registered form and say which batch the terminal is in.

    Nothing of the terminal changes before a good MAC under these keys: anybody may send this.
    """
    admit(request)
    entry, station = request.entry, request.station
    form = station.terminal.key_form
    if request.field60.network != form:
        raise Refusal("A7", "密钥形式与登记不符", rule=BELOW_PROFILE)
    operator = Field63.parse(str(request.message.get(63, "")))
    said = TerminalSays(operator.organisation, _serial(request), software_of(entry.head))
    entry.peer.says(station, said)
    try:
        field62 = await hand_out(host.pool, station, host.security, request.received_at)
    except MasterKeyMissing as error:
        raise Refusal("A7", "终端主密钥未装载", rule="master_key_missing") from error
    return Reply(
        "00",
        {
            37: host.numbers.next(request.received_at),
            60: Field60("00", station.terminal.batch, form).build(),
            62: field62,
        },
    )


async def sign_off(request: Request, host: Host) -> Reply:
    """Let the terminal go until it signs in again."""
    admit(request)
    await host.registry.signed_off(request.station, request.received_at)
    return Reply("00", {37: host.numbers.next(request.received_at)})


async def echo(request: Request, host: Host) -> Reply:
    """Say that the host is there."""
    del host
    admit(request)
    return Reply("00")


async def parameters(request: Request, host: Host) -> Reply:
    """Send the terminal's parameters."""
    del host
    admit(request)
    return Reply("00", {62: Parameters(name=request.merchant.name_zh).build()})


async def taken(request: Request, host: Host) -> Reply:
    """Take the terminal's word that it has what it was asked to download."""
    admit(request)
    terminal = request.station.terminal
    if terminal.wants and terminal.wants == _TAKEN.get(request.kind.name):
        await host.registry.want(terminal.merchant_id, terminal.terminal_id, "")
    return Reply("00")


async def status(request: Request, host: Host) -> Reply:
    """Keep what the terminal says of its state."""
    admit(request)
    said = request.message[62]
    text = said.decode("gbk", "replace") if isinstance(said, bytes) else said
    kept = scan(text.replace("\0", ""))
    await host.registry.informed(request.station, kept, request.received_at)
    return Reply("00")


def admit(request: Request) -> None:
    """Check merchant and terminal; raises `Refusal` with the rule's code."""
    ruling = admission.check(
        request.merchant,
        request.station.terminal,
        kind=request.kind,
        batch=request.field60.batch,
        amount=0,
        currency=request.merchant.currency,
        against=request.station.against(request.received_at),
    )
    if not ruling.ok:
        raise Refusal(ruling.code, ruling.note, rule=ruling.name)


def _serial(request: Request) -> str:
    said = request.message.get(62, b"")
    try:
        return Field62Terminal.parse(said).serial.replace("\0", "")[:_SERIAL] if said else ""
    except DecodeError:
        return ""  # what a terminal says of itself is its own affair; keys do not depend on it
