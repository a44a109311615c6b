"""`annul sim`: the peers that annul is tried against."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from annul.domain.errors import AnnulError
from annul.issuers.key_forms import KEY_FORMS
from annul.security.ciphers import AES, SM, TDES
from annul.security.mac import MacAlgorithm
from annul.security.pin import PinFormat
from annul.security.tls import Clients, ServerTls

_CIPHERS: Final = {MacAlgorithm.SM4_CMAC: SM, MacAlgorithm.AES_CMAC: AES}  # others: 3DES

application = typer.Typer(help="Peers to try annul against.", no_args_is_help=True)


class SimulatorPortTaken(AnnulError):
    """A port that was asked for is in use, so nothing was started."""

    code = "sim.port"
    next_step = "Stop what listens there, or give another port."


@application.callback()
def group() -> None:
    """Peers to try annul against."""


@application.command()
def issuer(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port for the acquirer.")] = 8591,
    control_port: Annotated[int, typer.Option(help="HTTP port of the control.")] = 8691,
    dialect: Annotated[str, typer.Option(help="Dialect of the messages.")] = "cups",
    framing: Annotated[str, typer.Option(help="Framing of the messages.")] = "length_4",
    seed: Annotated[int, typer.Option(help="The same seed gives the same faults.")] = 1,
    books: Annotated[Path | None, typer.Option(help="File that keeps the books.")] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="File of 64 hexadecimal digits: PIN key and MAC key; made if missing."),
    ] = None,
    mac: Annotated[MacAlgorithm, typer.Option(help="How its MACs are made.")] = (
        MacAlgorithm.X9_19
    ),
    pin_format: Annotated[PinFormat, typer.Option(help="Format of PIN blocks.")] = PinFormat.ISO_0,
    key_exchange: Annotated[
        str, typer.Option(help=f"It changes keys: {', '.join(KEY_FORMS)}; --zone-key is needed.")
    ] = "",
    zone_key: Annotated[
        Path | None,
        typer.Option(help="File of 64 hexadecimal digits: the first half is the zone key."),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file of its certificate; it speaks TLS only.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of the key.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="PEM file; acquirers need a certificate of this CA.")
    ] = None,
    clearing: Annotated[
        Path | None, typer.Option(help="Folder for the clearing file of each day that ends.")
    ] = None,
    clearing_form: Annotated[str, typer.Option(help="COMA, COM or CSV.")] = "COMA",
    *,
    keys_in_answers: Annotated[
        bool, typer.Option(help="Keys that are asked for come with the answer.")
    ] = False,
) -> None:
    """Run an issuer that answers, and that fails on demand."""
    from annul.security.masterkey import load_or_create
    from annul.sim.issuer.clearing import FORMS
    from annul.sim.issuer.simulator import Options, Simulator, run

    if clearing_form not in FORMS:
        message = f"{clearing_form}: it writes {', '.join(FORMS)}"
        raise typer.BadParameter(message)
    shared = load_or_create(keys) if keys else b""
    options = Options(
        host=host,
        port=port,
        control_port=control_port,
        dialect=dialect,
        framing=framing,
        seed=seed,
        books=books,
        pin_key=shared[:16] or None,
        mac_key=shared[16:] or None,
        mac_algorithm=mac,
        mac_key_algorithm=_CIPHERS.get(mac, TDES),
        pin_format=pin_format,
        key_exchange=key_exchange,
        zone_key=load_or_create(zone_key)[:16] if zone_key else None,
        keys_in_answers=keys_in_answers,
        clearing=clearing,
        clearing_form=clearing_form,
        tls=_tls(tls_certificate, tls_key, tls_client_ca),
    )

    def ready(simulator: Simulator) -> None:
        typer.echo(f"issuer listens on {host}:{simulator.port}")
        typer.echo(f"control: http://{host}:{simulator.control_port}/health")

    try:
        asyncio.run(run(options, ready))
    except KeyboardInterrupt:
        typer.echo("stopped")
    except OSError as error:
        message = f"port {port} or {control_port} cannot be opened: {error.strerror or error}"
        raise SimulatorPortTaken(message) from error


@application.command()
def bank(
    orders: Annotated[Path, typer.Option("--from", help="Folder from which it takes orders.")],
    answers: Annotated[Path, typer.Option("--to", help="Folder into which it answers.")],
    answer: Annotated[
        list[str] | None,
        typer.Option(
            help="pain.002, camt.054, camt.053, MT940, CSV; the first three unless given."
        ),
    ] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its day; else today, always.")
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between its rounds.")] = 1.0,
    *,
    once: Annotated[bool, typer.Option(help="One round, and the end.")] = False,
    twice: Annotated[bool, typer.Option(help="It sends each statement twice.")] = False,
    returns_first: Annotated[
        bool, typer.Option(help="It tells a return before the payment that comes back.")
    ] = False,
) -> None:
    """Run a bank that pays, or does not, by the last digits of an account."""
    from annul.sim.bank.bank import ANSWERS, Bank, Habits

    if unknown := set(answer or ()) - set(ANSWERS):
        message = f"{', '.join(sorted(unknown))}: it answers with {', '.join(ANSWERS)}"
        raise typer.BadParameter(message)
    if orders.resolve() == answers.resolve():
        message = "it would take its own answers for orders: give two folders"
        raise typer.BadParameter(message)
    for folder in (orders, answers):
        folder.mkdir(parents=True, exist_ok=True)
    habits = Habits(tuple(answer) if answer else ANSWERS[:3], twice, returns_first)
    peer = Bank(orders, answers, habits)
    with suppress(KeyboardInterrupt):
        while True:
            for name in peer.come_round(day.date() if day else datetime.now(tz=UTC).date()):
                typer.echo(name)
            if once:
                return
            time.sleep(every)


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> ServerTls | None:
    if certificate is None:
        if key or client_ca:
            message = "--tls-key and --tls-client-ca go with --tls-certificate"
            raise typer.BadParameter(message)
        return None
    clients = Clients.REQUIRED if client_ca else Clients.NONE
    return ServerTls(certificate, key or certificate, clients, client_ca)
