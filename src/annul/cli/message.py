"""`annul decode` and `annul encode`: a message for people and for scripts, and back."""

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from annul.domain.errors import AnnulError
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.dialects.vendor import OVERRIDES
from annul.wire.errors import DecodeError, DialectError
from annul.wire.field import Content
from annul.wire.reading import Reading, codec_of, read
from annul.wire.show import as_json, rows
from annul.wire.shown import hidden
from annul.wire.specifications.document import read as read_document

from .secret import SecretShown
from .show import complain

_UNREADABLE: Final = 2
_OF_A_CARD: Final = frozenset({2, 35, 36, 45, 52, 55})  # number, tracks, PIN, chip
_WIDE: Final = 200  # columns when nobody's terminal sets them

DialectName = Annotated[str, typer.Option(help=f"{', '.join(DIALECTS)}, or a document's file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", help=f"A vendor's layout of single fields: {', '.join(OVERRIDES)}."),
]


class BadInput(AnnulError):
    """This is neither hexadecimal nor a file, so nothing was read."""

    code = "cli.input"
    next_step = "Give the message as hexadecimal digits, or the name of a file that holds it."


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("decode")(decode)
    application.command("encode")(encode)


def decode(
    message: Annotated[str, typer.Argument(help="Hexadecimal, a file, or - for standard input.")],
    dialect: DialectName = "unionpay_pos",
    override: Overrides = None,
    *,
    as_json_: Annotated[
        bool, typer.Option("--json", help="One object, values in full, for annul encode.")
    ] = False,
    masked: Annotated[bool, typer.Option(help="Mask card data in --json as well.")] = False,
) -> None:
    """Show a message field by field; a vendor's known variants are tried when it does not fit."""
    try:
        _known(override or [])
        reading = read(as_bytes(message, dialect), dialect_of(dialect), override)
    except (BadInput, SecretShown, DecodeError, DialectError) as error:
        complain(error)
        sys.exit(_UNREADABLE)
    if as_json_:
        typer.echo(json.dumps(_object(reading, dialect, clear=not masked), ensure_ascii=False))
    else:
        _print(reading)


def encode(
    message: Annotated[str, typer.Argument(help="JSON as decode --json gives it, a file, or -.")],
    dialect: Annotated[str | None, typer.Option(help="Dialect, if not that of the JSON.")] = None,
    override: Overrides = None,
) -> None:
    """Build a message from JSON and print it as hexadecimal."""
    try:
        given = _parsed(message)
        fields = given.get("fields")
        if _is_shown(message) and isinstance(fields, dict):
            _refuse_card(int(key) for key in fields if str(key).isdigit())
        name = dialect or str(given.get("dialect", "unionpay_pos"))
        names = override if override is not None else list(given.get("overrides", []))
        _known(names)
        typer.echo(_built(given, name, names).hex().upper())
    except AnnulError as error:
        complain(error)
        sys.exit(_UNREADABLE)


def _built(given: dict[str, Any], dialect: str, overrides: list[str]) -> bytes:
    codec = codec_of(dialect_of(dialect), overrides)
    table = codec.dialect.fields
    fields: dict[int, str | bytes] = {}
    unsigned = False
    try:
        for key, value in given["fields"].items():
            number = int(key)
            binary = number in table and table[number].content is Content.BINARY
            if value is None and number == codec.dialect.mac_field:
                unsigned = True  # the bitmap names it, the message ends before it
            else:
                fields[number] = bytes.fromhex(str(value)) if binary else str(value)
        head, leftover = (bytes.fromhex(given.get(part, "")) for part in ("head", "leftover"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"the JSON needs mti and fields, binary values in hexadecimal: {error!r}"
        raise BadInput(message) from error
    write = codec.encode_unsigned if unsigned else codec.encode
    return head + write(str(given.get("mti", "")), fields) + leftover


def _object(reading: Reading, dialect: str, *, clear: bool) -> dict[str, object]:
    shown = as_json(reading.message, clear=clear)
    return {
        **shown,
        "head": reading.head.hex().upper(),
        "dialect": dialect,
        "overrides": list(reading.overrides),
    }


def _print(reading: Reading) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("field", "域", "name", "value"):
        table.add_column(name, overflow="fold")
    if reading.head:
        table.add_row("", "报文头", "TPDU and header", reading.head.hex().upper())
    table.add_row("0", "消息类型", "message type", reading.message.mti)
    for row in rows(reading.message):
        table.add_row(row.number, row.zh, row.en, row.value)
    if reading.message.leftover:
        table.add_row("", "剩余", "left over", hidden(reading.message.leftover))
    width = None if sys.stdout.isatty() else _WIDE
    Console(highlight=False, markup=False, width=width).print(table)
    if reading.overrides:
        typer.echo(f"read with --override {' --override '.join(reading.overrides)}", err=True)


def known(dialect: str, overrides: list[str]) -> None:
    """Raise `BadInput` for a dialect or an override that no table has."""
    if dialect not in DIALECTS:
        message = f"no dialect {dialect}: there are {', '.join(DIALECTS)}"
        raise BadInput(message)
    _known(overrides)


def _known(overrides: list[str]) -> None:
    unknown = [name for name in overrides if name not in OVERRIDES]
    if unknown:
        message = f"no override {unknown[0]}: there are {', '.join(OVERRIDES)}"
        raise BadInput(message)


def dialect_of(name: str) -> Dialect:
    """Give a dialect of ours by its name, or that of a document by its file.

    Raises `BadInput`, and `DialectError` for a document that is none.
    """
    if name in DIALECTS:
        return DIALECTS[name]
    if not _is_file(name):
        message = f"no dialect {name}: there are {', '.join(DIALECTS)}, or the file of a document"
        raise BadInput(message)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name} is no document: {error.__class__.__name__}"
        raise BadInput(message) from None
    return read_document(text)


def as_bytes(given: str, dialect: str) -> bytes:
    """Take hexadecimal digits (spaces allowed) from the argument, a file or standard input.

    Raises `SecretShown` for an argument that holds card data, as the dialect reads it.
    """
    if given == "-":
        raw = sys.stdin.buffer.read()
    elif _is_file(given):
        raw = Path(given).read_bytes()
    else:
        raw = given.encode()
    try:
        found = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        if _is_shown(given):
            raise BadInput from None
        return raw  # the message itself
    if _is_shown(given):
        with suppress(DecodeError):
            _refuse_card(read(found, dialect_of(dialect)).message.fields())
    return found


def _is_shown(given: str) -> bool:
    """Say whether a message stands in the command itself."""
    return given != "-" and not _is_file(given)


def _refuse_card(fields: Iterable[int]) -> None:
    if not _OF_A_CARD.isdisjoint(fields):
        message = "the message holds card data, which everybody on this machine reads"
        raise SecretShown(message)


def _parsed(given: str) -> dict[str, Any]:
    text = given
    if given == "-":
        text = sys.stdin.read()
    elif _is_file(given):
        text = Path(given).read_text(encoding="utf-8")
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        message = "this is not a JSON object"
        raise BadInput(message)
    return parsed


def _is_file(given: str) -> bool:
    try:
        return Path(given).is_file()
    except OSError:  # longer than a name may be
        return False
