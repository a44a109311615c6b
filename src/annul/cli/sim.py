"""`annul sim`: the peers that annul is tried against."""

import asyncio
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
    *,
    keys_in_answers: Annotated[
        bool, typer.Option(help="Keys that are asked for come with the answer.")
    ] = False,
) -> None:
    """Run an issuer that answers, and that fails on demand."""
    from annul.security.masterkey import load_or_create
    from annul.sim.issuer.simulator import Options, Simulator, run

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


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> ServerTls | None:
    if certificate is None:
        if key or client_ca:
            message = "--tls-key and --tls-client-ca go with --tls-certificate"
            raise typer.BadParameter(message)
        return None
    clients = Clients.REQUIRED if client_ca else Clients.NONE
    return ServerTls(certificate, key or certificate, clients, client_ca)
