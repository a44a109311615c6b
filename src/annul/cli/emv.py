"""`annul terminal emv`: what terminals are to download for chips, from an operator's file."""

from pathlib import Path
from typing import Annotated

import typer

from annul.desk.audit import audit
from annul.desk.roles import Scope
from annul.merchants.chips_file import Loadable, NotLoadable, put, read

from .reach import Config, Data, NotAllowedHere, Reach, User, run
from .secret import Database


def load_emv(
    file: Annotated[Path, typer.Argument(help="TOML or JSON. See docs/operating.md.")],
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Load public keys of card schemes and chip parameters; running hosts take them up at once."""
    try:
        loadable = read(file)
    except OSError as error:
        message = f"{file} can not be read: {error.strerror}"
        raise NotLoadable(message) from None
    run(data, database, config, lambda base: _load(base, loadable, file.name, user, reason))
    for key, active in loadable.keys:
        state = f"until {key.expires}" if active else "no more"
        typer.echo(f"public key  {key.rid.hex().upper()} {key.key_index:02X}  {state}")
    for aid, active in loadable.aids:
        typer.echo(f"application {aid.aid.hex().upper()}{'' if active else '  no more'}")
    typer.echo("Ask terminals to download them: merchant's page, or when they sign in next.")


async def _load(base: Reach, loadable: Loadable, name: str, user: str, reason: str) -> None:
    person = await base.person(user)
    if not person.may(Scope.MERCHANTS_WRITE) or person.merchant_id or not reason.strip():
        message = "this is for those who may change every merchant, with a --reason"
        raise NotAllowedHere(message)
    async with base.pool.acquire() as connection, connection.transaction():
        await put(connection, loadable)
        now = base.clock.now()
        await audit(connection, person, now, "load-emv", f"file {name}", reason, loadable.counts)
