"""`annul issuer`: how an issuer makes MACs and takes PINs, its keys and its unwritten rules."""

import sys
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from annul.desk import issuer_links, learnt
from annul.desk.issuer_keys import NewKey, ask_for_keys, keys, load_key, set_profile
from annul.desk.permission import NotValid, permit
from annul.desk.roles import Scope
from annul.domain.link_words import said
from annul.issuers.key_forms import KEY_FORMS
from annul.issuers.link_settings import Setting
from annul.security.ciphers import SIZES, TDES
from annul.security.keys import Component, KeyKind
from annul.security.mac import MacAlgorithm
from annul.security.pin import PinFormat
from annul.security.software import SoftwareModule

from .reach import Config, Data, Lang, Reach, User, run
from .secret import Database
from .show import language

application = typer.Typer(
    help="Issuers: MACs, PINs, keys and unwritten rules.", no_args_is_help=True
)

_KINDS: Final = (KeyKind.ZONE, KeyKind.MAC, KeyKind.PIN)

Number = Annotated[str, typer.Argument(metavar="ISSUER", help="Number of the issuer.")]
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]


@application.command("key")
def load(
    issuer: Number,
    kind: Annotated[KeyKind, typer.Option(help="zone, mac or pin.")],
    algorithm: Annotated[str, typer.Option(help=f"Cipher: {', '.join(SIZES)}.")] = TDES,
    components: Annotated[int, typer.Option(min=2, max=9, help="In how many parts it comes.")] = 2,
    mac: Annotated[MacAlgorithm | None, typer.Option(help="With a MAC key: the MAC.")] = None,
    pin_format: Annotated[
        PinFormat | None, typer.Option(help="With a PIN key: the format of PIN blocks.")
    ] = None,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Load a key in parts, each with its check value: hexadecimal digits, a line each.

    They are asked for without being shown, or read from standard input. The key is their XOR; it is
    in force at once, and the one before is taken while answers are on their way.
    """
    if kind not in _KINDS or algorithm not in SIZES:
        message = f"a key of an issuer is one of {', '.join(_KINDS)}, of {', '.join(SIZES)}"
        raise NotValid(message)

    async def job(base: Reach) -> str:
        person = await base.person(user)
        await permit(base.pool, person, Scope.ADMIN, reason)  # before a part is keyed in
        new = NewKey(
            kind,
            algorithm,
            [_component(number) for number in range(1, components + 1)],
            {KeyKind.MAC: mac, KeyKind.PIN: pin_format}.get(kind),
        )
        security = SoftwareModule(await base.master_key())
        key = await load_key(base, person, security, issuer, new, reason)
        return key.check_value[:3].hex().upper()

    typer.echo(f"{kind} key of issuer {issuer}: check value {run(data, database, config, job)}")


@application.command("profile")
def profile(
    issuer: Number,
    mac: Annotated[MacAlgorithm | None, typer.Option(help="How MACs are made.")] = None,
    pin_format: Annotated[PinFormat | None, typer.Option(help="Format of PIN blocks.")] = None,
    key_exchange: Annotated[
        str | None, typer.Option(help=f"Layout of key messages: {', '.join(KEY_FORMS)}, or none.")
    ] = None,
    keys_at_sign_on: Annotated[
        bool | None, typer.Option(help="Ask for new keys at every sign-on.")
    ] = None,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Say how an issuer makes MACs, takes PINs and changes keys; hosts take it up at once.

    Another cipher comes with its key: annul issuer key --mac, --pin-format.
    """
    changes: dict[str, Any] = {
        "mac_algorithm": mac and mac.value,
        "pin_format": pin_format and pin_format.value,
        "key_exchange": "" if key_exchange == "none" else key_exchange,
        "keys_at_sign_on": keys_at_sign_on,
    }
    changes = {name: value for name, value in changes.items() if value is not None}

    async def job(base: Reach) -> None:
        await set_profile(base, await base.person(user), issuer, reason, **changes)

    run(data, database, config, job)
    typer.echo(f"issuer {issuer}: {', '.join(changes) or 'nothing'} changed")


@application.command("link")
def link(
    issuer: Number,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="As most have it again.")
    ] = None,
    user: User = "",
    reason: Reason = "",
    lang: Lang = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Show how an issuer is reached and spoken with, or change it; hosts take it up at once.

    Settings: host, port, dialect, framing, timeout_ms and those of its profile; docs/connecting.md
    says what each does. Lists have commas, single entries a dot: codes.A1=00, framing.trailer=03.
    """
    pairs = [one.partition("=") for one in given or ()]
    for name, equals, _ in pairs:
        if not equals:
            message = f"{name}: NAME=VALUE was expected"
            raise NotValid(message)

    async def job(base: Reach) -> list[Setting]:
        if pairs or unset:
            changes = {name: value for name, _, value in pairs}
            person = await base.person(user)
            await issuer_links.set_link(base, person, issuer, reason, changes, unset or ())
        return await issuer_links.settings(base, issuer)

    spoken = language(lang)
    for one in run(data, database, config, job):
        mark = "*" if one.differs else " "
        typer.echo(f"{mark} {one.name:<20} {one.value or '–':<24} {said(one.name).speak(spoken)}")


@application.command("rules")
def rules(
    issuer: Number,
    adopt: Annotated[UUID | None, typer.Option(help="Make a policy of this rule.")] = None,
    dismiss: Annotated[
        UUID | None,
        typer.Option(help="Let this rule count for nothing until its evidence doubles."),
    ] = None,
    user: User = "",
    reason: Reason = "",
    lang: Lang = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Show the rules that an issuer has not told, as its answers say them; adopt or dismiss one."""

    async def job(base: Reach) -> list[dict[str, Any]]:
        for act, identity in ((learnt.adopt, adopt), (learnt.dismiss, dismiss)):
            if identity is not None:
                await act(base, await base.person(user), issuer, identity, reason)
        return await learnt.rules(base, issuer)

    spoken = language(lang)
    for row in run(data, database, config, job):
        state = "ended" if row["ended_at"] else row["state"]
        typer.echo(f"{row['id']}  {state:<9} {row['sure']:6.1%}  {row['said'].speak(spoken)}")


@application.command("ask")
def ask(
    issuer: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Ask an issuer for new keys, by the next host that has a line to it."""

    async def job(base: Reach) -> None:
        await ask_for_keys(base, await base.person(user), issuer, reason)

    run(data, database, config, job)
    typer.echo(f"issuer {issuer} will be asked for new keys")


@application.command("keys")
def show(
    issuer: Number, data: Data = None, database: Database = None, config: Config = None
) -> None:
    """Show which keys count, with their check values."""

    async def job(base: Reach) -> list[dict[str, Any]]:
        return await keys(base, issuer)

    for row in run(data, database, config, job):
        since = f"{row['since']:%Y-%m-%d %H:%M:%S %Z}" if row["since"] else "waits"
        shown = "agreed" if row["agreed"] else f"{row['algorithm']}  {row['check']}  {since}"
        typer.echo(f"{row['kind']:5} {shown}")


def _component(number: int) -> Component:
    clear = _hexadecimal(f"component {number}")
    return Component(clear, _hexadecimal(f"its check value ({number})"))


def _hexadecimal(name: str) -> bytes:
    """Read secret digits, never from an argument; what is wrong is told without being shown."""
    given = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    try:
        return bytes.fromhex(given.strip())
    except ValueError:
        message = f"{name} has something else than hexadecimal digits"
        raise NotValid(message) from None
