"""`annul terminal`: register a real terminal, and make what its line and its chips need."""

from dataclasses import replace as with_changes
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from annul.desk.audit import audit
from annul.desk.roles import Scope
from annul.desk.terminal_dialects import check_dialect
from annul.merchants.enrolment import Enrolled, NotEnrolled, TerminalProfile, enrol
from annul.operate.training.required import for_terminal
from annul.security.certificates import Pair, authority
from annul.security.keys import FORMS
from annul.security.mac import EQUALISABLE, MacAlgorithm
from annul.security.private import write_private
from annul.security.software import SoftwareModule
from annul.security.tls import ClientTls, identity_in
from annul.settings import Settings
from annul.sim.terminal.profile import Profile

from .emv import load_emv
from .first_message import listen
from .reach import Config, Data, NotAllowedHere, Reach, User, run
from .secret import Database

application = typer.Typer(
    help="Terminals: enrolment, certificates, keys for chips.", no_args_is_help=True
)

_AUTHORITY: Final = "annul terminals"
_RISKS: Final = {
    "plain": "without TLS whoever reads the line sees card numbers",
    "unbound": "whoever can write to the port may settle its batch, when he knows the totals",
    "equalisable": "this MAC can be made to fit another message by one who reads the line",
}

application.command("emv")(load_emv)
application.command("test")(listen)

Merchant = Annotated[str, typer.Argument(help="Merchant number, 15 characters.")]
TerminalNumber = Annotated[str, typer.Argument(help="Terminal number, 8 characters.")]
Out = Annotated[Path, typer.Option(help="Folder for key components, profile and certificate.")]


@application.command("certificates")
def certificates(
    hosts: Annotated[list[str], typer.Argument(help="Names and addresses terminals connect to.")],
    data: Data = None,
    config: Config = None,
    *,
    renew: Annotated[bool, typer.Option(help="A new certificate for the same key.")] = False,
) -> None:
    """Make an authority for terminals and the certificate of this host; say how to use them."""
    settings = Settings.load(config, data=data)
    now = datetime.now(UTC)
    own = authority(settings.data / "tls", _AUTHORITY, now)
    pair = own.server(hosts, now, renew=renew)
    typer.echo("In annul.toml:\n")
    typer.echo("[terminals_tls]")
    typer.echo(f'certificate = "{pair.certificate.resolve()}"\nkey = "{pair.key.resolve()}"')
    typer.echo(f'clients = "wanted"\nclient_ca = "{own.pair.certificate.resolve()}"')


@application.command("enrol")
def enrol_terminal(
    merchant: Merchant,
    terminal: TerminalNumber,
    out: Out,
    form: Annotated[str, typer.Option(help=f"Key form (field 60.3): {', '.join(FORMS)}.")] = "003",
    mac: Annotated[
        MacAlgorithm | None, typer.Option(help="MAC; default: the usual one of the form.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The terminal's own certificate (PEM), from your PKI.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where the terminal reaches this host.")] = "127.0.0.1",
    dialect: Annotated[str, typer.Option(help="That it speaks; default: that of its port.")] = "",
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    *,
    tls: Annotated[bool, typer.Option(help="It comes with a certificate of its own.")] = True,
    unbound: Annotated[
        bool, typer.Option(help="It may settle without proof of who it is. See docs/SECURITY.md.")
    ] = False,
    replace: Annotated[
        bool, typer.Option(help="It is there: give it a new key and profile.")
    ] = False,
) -> None:
    """Register a terminal: master key, certificate, profile; running hosts take it up at once.

    The key lies in OUT as two components, for two persons to load into the terminal, and in a
    profile for `annul pos --profile`. Both are shown nowhere else.
    """
    settings = Settings.load(config, data=data, database=database)
    if form not in FORMS:
        message = f"there is no key form {form}"
        raise NotEnrolled(message)
    chosen = mac or FORMS[form].usual_mac
    identity = identity_in(certificate) if certificate else ""
    profile = TerminalProfile(merchant, terminal, form, chosen, identity, unbound, dialect)
    _checked(profile)
    issue = tls and certificate is None
    if issue:
        _authority_there(settings)
    enrolled, pair = run(
        data,
        database,
        config,
        lambda base: _register(base, profile, user, reason, replace=replace, issue=issue),
    )
    profile = enrolled.profile
    _write(out, settings, enrolled, pair, host)
    for risk in _risks(profile):
        typer.echo(f"note: {_RISKS[risk]}", err=True)


def _checked(profile: TerminalProfile) -> None:
    """Refuse numbers that no field 41 or 42 can carry before anything is made."""
    try:
        Profile(
            merchant=profile.merchant_id,
            terminal=profile.terminal_id,
            master_key="0" * 32,
            network=profile.key_form,
            mac=profile.mac,
        )
    except ValidationError as error:
        fault = error.errors()[0]
        message = f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
        raise NotEnrolled(message) from None


def _authority_there(settings: Settings) -> None:
    folder = settings.data / "tls"
    if not (folder / "ca.key").exists():
        raise NotEnrolled(
            "there is no authority to issue a certificate: run annul terminal certificates, "
            "give --certificate, or enrol it with --no-tls"
        )


def _issued(settings: Settings, merchant: str, terminal: str) -> Pair:
    now = datetime.now(UTC)
    return authority(settings.data / "tls", _AUTHORITY, now).client(terminal, merchant, now)


async def _register(
    base: Reach, profile: TerminalProfile, user: str, reason: str, *, replace: bool, issue: bool
) -> tuple[Enrolled, Pair | None]:
    person = await base.person(user)
    if not person.may(Scope.MERCHANTS_WRITE) or not reason.strip():
        message = "enrolling a terminal is for those who may change merchants, with a --reason"
        raise NotAllowedHere(message)
    security = SoftwareModule(await base.master_key())
    whose = (profile.merchant_id, profile.terminal_id)
    await for_terminal(base.pool, base.settings.training.needs, *whose, base.clock.now())
    pair = None
    if issue:  # by somebody who may
        pair = _issued(base.settings, profile.merchant_id, profile.terminal_id)
        profile = with_changes(profile, tls_identity=pair.identity)
    async with base.pool.acquire() as connection, connection.transaction():
        await check_dialect(connection, profile.dialect)
        enrolled = await enrol(connection, security, profile, replace=replace)
        if enrolled is None:
            message = (
                f"terminal {profile.terminal_id} is there already; --replace gives it a new key"
            )
            raise NotEnrolled(message)
        await audit(
            connection,
            person,
            base.clock.now(),
            "enrol-terminal",
            f"terminal {profile.merchant_id} {profile.terminal_id}",
            reason,
            {
                "key_form": profile.key_form,
                "mac": str(profile.mac),
                "replace": replace,
                "tls_identity": profile.tls_identity,
                "unbound": profile.unbound_management,
                "dialect": profile.dialect,
                "check_value": enrolled.check_value,
            },
        )
    return enrolled, pair


def _write(out: Path, settings: Settings, enrolled: Enrolled, pair: Pair | None, host: str) -> None:
    """Lay down what the terminal is loaded with, each file for its reader alone."""
    profile = enrolled.profile
    for number, component in enumerate(enrolled.components(), 1):
        write_private(
            out / f"{profile.terminal_id}-component-{number}.txt",
            f"terminal {profile.terminal_id} of merchant {profile.merchant_id}\n"
            f"component {number} of 2 (combine by XOR): {component}\n"
            f"check value of the whole key: {enrolled.check_value}\n",
        )
    tls = None
    if pair is not None:
        own = authority(settings.data / "tls", _AUTHORITY, datetime.now(UTC))
        tls = ClientTls(
            own.pair.certificate.resolve(),
            certificate=pair.certificate.resolve(),
            key=pair.key.resolve(),
        )
    port = settings.secured_port if profile.tls_identity else settings.terminals_port
    file = out / f"{profile.terminal_id}.json"
    Profile(
        merchant=profile.merchant_id,
        terminal=profile.terminal_id,
        network=profile.key_form,
        mac=profile.mac,
        master_key=enrolled.master_key,
        host=host,
        port=port or 1,
        tls=tls,
    ).write(file)
    typer.echo(f"terminal {profile.terminal_id} of merchant {profile.merchant_id} is enrolled")
    typer.echo(f"  key          form {profile.key_form}, MAC {profile.mac}")
    typer.echo(f"  dialect      {profile.dialect or 'that of its port'}")
    typer.echo(f"  check value  {enrolled.check_value}")
    typer.echo(f"  certificate  {pair.certificate if pair else profile.tls_identity or 'none'}")
    typer.echo(f"  in {out}: two key components, {file.name} for annul pos --profile {file}")
    if profile.tls_identity and settings.terminals_tls is None:
        typer.echo("  terminals_tls is not set: annul terminal certificates says how", err=True)


def _risks(profile: TerminalProfile) -> list[str]:
    found = {
        "plain": not profile.tls_identity,
        "unbound": profile.unbound_management,
        "equalisable": not profile.tls_identity and profile.mac in EQUALISABLE,
    }
    return [name for name, applies in found.items() if applies]
