"""Management messages of a terminal: sign-in, sign-off, echo, parameters, status."""

from annul.domain import admission
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.merchants.parameters import Parameters
from annul.security.keys import LAYOUTS
from annul.security.mac import MacAlgorithm
from annul.wire.errors import DecodeError
from annul.wire.framing import software_of
from annul.wire.subfields import Field60, Field62Terminal, Field63

_SM4_FORMS = frozenset({"005", "006"})


async def sign_in(request: Request, host: Host) -> Reply:
    """Hand out fresh working keys and say which batch the terminal is in."""
    _admit(request)
    station = request.station
    network = request.field60.network
    if station.master_key is None or network not in LAYOUTS:
        raise Refusal("A7", "终端主密钥未装载", rule="master_key_missing")
    if (station.master_key.algorithm == "sm4") != (network in _SM4_FORMS):
        raise Refusal("A7", "密钥算法不符", rule="algorithm_differs")
    keys = host.security.issue_working_keys(station.master_key, network)
    operator = Field63.parse(str(request.message.get(63, "")))
    algorithm = MacAlgorithm.SM4 if network in _SM4_FORMS else MacAlgorithm.UNIONPAY_ECB
    await host.registry.signed_in(
        station,
        keys,
        operator=operator.organisation,
        information=_serial(request),
        mac_algorithm=algorithm,
        software=software_of(request.head),
        at=request.received_at,
    )
    return Reply(
        "00",
        {
            37: host.numbers.next(request.received_at),
            60: Field60("00", station.terminal.batch, network).build(),
            62: keys.field62,
        },
    )


async def sign_off(request: Request, host: Host) -> Reply:
    """Let the terminal go until it signs in again."""
    _admit(request)
    await host.registry.signed_off(request.station, request.received_at)
    return Reply("00", {37: host.numbers.next(request.received_at)})


async def echo(request: Request, host: Host) -> Reply:
    """Say that the host is there."""
    del host
    _admit(request)
    return Reply("00")


async def parameters(request: Request, host: Host) -> Reply:
    """Send the terminal's parameters (360), and take its word that it has them (361)."""
    _admit(request)
    if request.field60.network == "361":
        terminal = request.station.terminal
        if terminal.wants == "parameters":
            await host.registry.want(terminal.merchant_id, terminal.terminal_id, "")
        return Reply("00")
    return Reply("00", {62: Parameters(name=request.merchant.name_zh).build()})


async def status(request: Request, host: Host) -> Reply:
    """Keep what the terminal says of its state."""
    _admit(request)
    said = request.message[62]
    text = said.decode("gbk", "replace") if isinstance(said, bytes) else said
    await host.registry.informed(request.station, text, request.received_at)
    return Reply("00")


def _admit(request: Request) -> None:
    ruling = admission.check(
        request.merchant,
        request.station.terminal,
        kind=request.kind,
        batch=request.field60.batch,
        amount=0,
        currency=request.merchant.currency,
    )
    if not ruling.ok:
        raise Refusal(ruling.code, ruling.note, rule=ruling.name)


def _serial(request: Request) -> str:
    said = request.message.get(62, b"")
    try:
        return Field62Terminal.parse(said).serial if said else ""
    except DecodeError:
        return ""  # what a terminal says of itself is its own affair; keys do not depend on it
