"""`annul dialect`: which dialects there are, bringing one's own along, and trying one."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from annul.desk import dialects as desk
from annul.desk.dialects import Shown
from annul.wire.codec import Codec
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DialectError
from annul.wire.specifications import checked, described
from annul.wire.specifications.document import parse
from annul.wire.specifications.imported import Exported, Imported, SpecificationError, Unsaid
from annul.wire.specifications.message_json import read_json
from annul.wire.specifications.message_json_export import to_json
from annul.wire.specifications.packager import read_packager
from annul.wire.specifications.packager_export import to_packager
from annul.wire.specifications.written import to_toml

from .message import BadInput, dialect_of
from .reach import Config, Data, Lang, Reach, User, run
from .secret import Database
from .show import language

application = typer.Typer(help="Dialects: tables of ISO 8583 fields.", no_args_is_help=True)

Form = Literal["xml", "json", "toml"]
ExportForm = Literal["toml", "markdown", "xml", "json"]
_LARGEST: Final = 4_000_000  # bytes of a file
_FAULTS: Final = 20  # as many are shown
Name = Annotated[str, typer.Argument(help="A dialect's name, or the file of a document.")]


@application.command("list")
def list_(data: Data = None, database: Database = None, config: Config = None) -> None:
    """List every dialect: annul's own, and those of the database."""
    for row in run(data, database, config, desk.listing):
        extends = f"extends {row['extends']}" if row["extends"] else ""
        version = f"version {row['version']}" if row["version"] else "annul's own"
        speakers = f"spoken by {', '.join(row['issuers'])}" if row["issuers"] else ""
        said = (f"{row['fields']} fields", extends, version, speakers, row["fault"])
        typer.echo(f"{row['name']:<20} {', '.join(filter(None, said))}")


@application.command("show")
def show(
    name: Name,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show a dialect field by field, and what differs from its base."""
    from rich.console import Console
    from rich.table import Table

    found = _found(name, data, database, config)
    dialect = _sound(found)
    at = _at(language(lang))
    typer.echo(
        f"{dialect.name}: {('；', '; ')[at].join(described.settings(dialect, found.base, at))}"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for line in described.lines(dialect, found.base, at):
        cells = (line.number, line.name, line.content, line.length, line.coding, line.fill)
        table.add_row(*cells, line.difference)
    width = None if sys.stdout.isatty() else 200
    Console(highlight=False, markup=False, width=width).print(table)
    for row in found.versions:
        when, who = f"{row['set_at']:%Y-%m-%d %H:%M}", row["set_by"]
        typer.echo(f"version {row['version']}: {when} {who}: {row['note']}")


@application.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="A packager file, a JSON specification, a document.")
    ],
    name: Annotated[str | None, typer.Option(help="Its name; default: that of the file.")] = None,
    form: Annotated[Form | None, typer.Option("--format", help="Default: by its ending.")] = None,
    extends: Annotated[str | None, typer.Option(help="Write what differs from this one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the document here; keep nothing.")] = None,
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Import a specification as a dialect, and say what of it has no place."""
    if out is not None:
        bases = DIALECTS if extends is None or extends in DIALECTS else _all(data, database, config)
        imported = _imported(file, name, form, bases)
        text = _written(imported.dialect, extends, bases)
        out.write_text(text, encoding="utf-8")
        _say(imported, str(out))
        return

    async def keep(base: Reach) -> tuple[Imported, int]:
        person = await base.person(user)
        bases = await desk.known(base)
        found = _imported(file, name, form, bases)
        text = _written(found.dialect, extends, bases)
        return found, await desk.put(base, person, text, reason)

    imported, version = run(data, database, config, keep)
    _say(imported, f"kept as {imported.dialect.name}, version {version}")


@application.command("roll-back")
def roll_back(
    name: Annotated[str, typer.Argument(help="A dialect's name.")],
    version: Annotated[int, typer.Argument(min=1, help="The version that is to count again.")],
    user: User = "",
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Let an earlier version of a dialect count again."""

    async def back(base: Reach) -> int:
        person = await base.person(user)
        return await desk.roll_back(base, person, name, version, reason)

    new = run(data, database, config, back)
    typer.echo(f"{name}: version {version} counts again, as version {new}")


@application.command("check")
def check(
    name: Name,
    samples: Annotated[
        Path | None, typer.Argument(help="Messages in hexadecimal, one a line.")
    ] = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Try a dialect on generated messages and on samples: what is written must be read the same."""
    dialect = _sound(_found(name, data, database, config))
    codec = Codec(dialect, trusting=False)
    messages = dict(checked.generated(dialect))
    tried = {said: checked.check_fields(codec, fields) for said, fields in messages.items()}
    faults = [f"generated, {said}: {fault}" for said, fault in tried.items() if fault]
    typer.echo(f"{dialect.name}: {len(tried)} generated messages, {len(faults)} with a difference")
    wrong = _sample_faults(codec, samples) if samples is not None else []
    for fault in [*faults, *wrong][:_FAULTS]:
        typer.echo(f"  {fault}", err=True)
    if faults or wrong:
        sys.exit(1)


@application.command("export")
def export(
    name: Name,
    form: Annotated[ExportForm, typer.Option("--format", help="The form.")] = "toml",
    lang: Annotated[Literal["zh", "en"], typer.Option("--language", help="Of Markdown.")] = "en",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Print a dialect in a form of ours or of others; say what such a form cannot say."""
    found = _found(name, data, database, config)
    exported = _EXPORTS[form](_sound(found), found.base, lang)
    typer.echo(exported.text, nl=False)
    _say_unsaid(exported.unsaid, "not in this form")


_EXPORTS: Final[Mapping[str, Callable[[Dialect, Dialect | None, str], Exported]]] = {
    "toml": lambda dialect, base, _: Exported(to_toml(dialect, base), ()),
    "markdown": lambda dialect, base, lang: Exported(
        described.to_markdown(dialect, base, _at(lang)), ()
    ),
    "xml": lambda dialect, _, __: to_packager(dialect),
    "json": lambda dialect, _, __: to_json(dialect),
}


# Inside ----------------------------------------------------------------------------------------


def _at(lang: str) -> int:
    return described.ZH if lang == "zh" else described.EN


def _found(name: str, data: Path | None, database: str | None, config: Path | None) -> Shown:
    """Find a dialect: ours, that of a document's file, or one of the database."""
    if name in DIALECTS:
        return Shown(name, DIALECTS[name], None, ())
    if Path(name).is_file():
        dialect = dialect_of(name)
        extends = parse(Path(name).read_text(encoding="utf-8")).extends or ""
        return Shown(dialect.name, dialect, DIALECTS.get(extends), ())
    return run(data, database, config, lambda base: desk.find(base, name))


def _sound(found: Shown) -> Dialect:
    if found.dialect is None:
        raise DialectError(found.name, found.fault)
    return found.dialect


def _all(data: Path | None, database: str | None, config: Path | None) -> Mapping[str, Dialect]:
    return run(data, database, config, desk.known)


def _imported(
    file: Path, name: str | None, form: Form | None, bases: Mapping[str, Dialect]
) -> Imported:
    given = _read(file)
    form = form or _form_of(file)
    wanted = name or file.stem.lower().replace("-", "_")
    if form == "xml":
        return read_packager(given, wanted)
    try:
        text = given.decode("utf-8")
    except UnicodeDecodeError:
        message = f"{file} is no UTF-8"
        raise SpecificationError(message) from None
    if form == "json":
        return read_json(text, wanted)
    document = parse(text)
    document = document.model_copy(update={"name": name}) if name else document
    return Imported(document.build(bases), len(document.fields), ())


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST + 1)
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise BadInput(message) from None


def _form_of(file: Path) -> Form:
    match file.suffix.lower():
        case ".xml":
            return "xml"
        case ".json":
            return "json"
        case ".toml":
            return "toml"
        case _:
            message = f"{file}: its form is not known by its ending; give --format"
            raise BadInput(message)


def _written(dialect: Dialect, extends: str | None, bases: Mapping[str, Dialect]) -> str:
    """Write the document, and read it as whoever keeps it will."""
    if extends is not None and extends not in bases:
        message = f"no dialect {extends}: there are {', '.join(bases)}"
        raise BadInput(message)
    text = to_toml(dialect, bases[extends] if extends else None)
    assert parse(text).build(bases) == dialect, "what is written is read"
    return text


def _say(imported: Imported, where: str) -> None:
    typer.echo(f"{imported.dialect.name}: {imported.said} of {imported.rows} rows; {where}")
    _say_unsaid(imported.unsaid, "no place for")


def _say_unsaid(unsaid: Iterable[Unsaid], what: str) -> None:
    for each in unsaid:
        typer.echo(f"  {what} {each.row}: {each.reason}", err=True)


def _sample_faults(codec: Codec, samples: Path) -> list[str]:
    faults: list[str] = []
    count = 0
    for place, line in enumerate(_read(samples).decode("ascii", "replace").splitlines(), 1):
        digits = line.partition("#")[0].strip()
        if not digits:
            continue
        count += 1
        try:
            fault = checked.check_sample(codec, bytes.fromhex(digits))
        except ValueError:
            fault = "no hexadecimal"
        if fault:
            faults.append(f"line {place}: {fault}")
    typer.echo(f"{samples}: {count} samples, {len(faults)} with a difference")
    return faults
