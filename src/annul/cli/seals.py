"""`annul audit export`, `verify` and `key`: the end of the chain of seals, signed."""

from pathlib import Path
from typing import Annotated

import typer

from annul.resolve.exports import Exports, checked
from annul.resolve.seals import Seals
from annul.security.notary import Notary

from .reach import Config, Data, Reach, run
from .secret import Database

_Files = Annotated[list[Path], typer.Argument(help="Exports, proofs.", exists=True, dir_okay=False)]
_Key = Annotated[Path, typer.Option(help="Public key of annul, PEM.", exists=True)]
_Out = Annotated[Path | None, typer.Option(help="File to write; else it is printed.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("export")(export)
    group.command("verify")(verify)
    group.command("key")(key)


async def exports(base: Reach) -> Exports:
    """Give the exports of a host; raises `MasterKeyError`."""
    notary = Notary(await base.master_key())
    return Exports(Seals(base.pool, notary), notary, base.settings.seals)


def export(
    data: Data = None, database: Database = None, config: Config = None, out: _Out = None
) -> None:
    """Seal what has come and sign the end of the chain. Hosts do so each day by themselves.

    Keep the files where who operates the database cannot write.
    """

    async def made(base: Reach) -> str:
        return await (await exports(base)).content(base.clock.now())

    content = run(data, database, config, made)
    if out is None:
        typer.echo(content, nl=False)
    else:
        out.write_text(content, encoding="utf-8")
        typer.echo(str(out))


def verify(files: _Files, key: _Key) -> None:
    """Check signatures of exports and of proofs (zip), without a database.

    `annul audit` compares the exports of its host with the database.
    """
    from annul.resolve.proof import sound

    public = key.read_text(encoding="utf-8")
    for file in files:
        if file.suffix == ".zip":
            case = sound(file.read_bytes(), public)["case"]
            typer.echo(f"{file.name}  case {case['number']}  {case['head']}")
            continue
        said = checked(file.read_text(encoding="utf-8"), public)
        typer.echo(f"{file.name}  {said['made_at']}  {said['number']}  {said['head']}")


def key(data: Data = None, database: Database = None, config: Config = None) -> None:
    """Print the public key by which signatures of exports and proofs are checked."""

    async def public(base: Reach) -> str:
        return Notary(await base.master_key()).public_key

    typer.echo(run(data, database, config, public), nl=False)
