"""`annul users`, `annul add-user`: who is let in, for a yearly review."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from annul.desk.access import NameTaken
from annul.desk.audit import audit
from annul.desk.passwords import fits
from annul.desk.roles import ROLES, Scope
from annul.domain.text import Text

from .reach import Config, Data, Lang, NotAllowedHere, Reach, User, run
from .secret import Database
from .show import Language, language

# What is told of each, and what its column is called.
_USERS: Final = {
    "name": Text("用户", "user"),
    "role": Text("角色", "role"),
    "merchant_id": Text("商户", "merchant"),
    "active": Text("启用", "active"),
    "factor_since": Text("二次验证", "second factor"),
    "signed_in_at": Text("最近登录", "last sign-in"),
    "made_by": Text("创建人", "made by"),
    "created_at": Text("创建时间", "made"),
}
_KEYS: Final = {
    "name": Text("密钥", "key"),
    "prefix": Text("开头", "begins with"),
    "scopes": Text("权限", "may"),
    "merchant_id": Text("商户", "merchant"),
    "addresses": Text("地址", "addresses"),
    "created_by": Text("创建人", "made by"),
    "created_at": Text("创建时间", "made"),
    "ends_at": Text("到期", "ends"),
}
_YES, _NO = Text("是", "yes"), Text("否", "no")


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("users")(users)
    application.command("add-user")(add_user)


def users(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List users and the API keys in force, as a yearly review asks for them."""

    async def read(base: Reach) -> tuple[list[dict[str, Any]], list[dict[str, Any]], ZoneInfo]:
        now = base.clock.now()
        keys = [
            key
            for key in await base.access.keys()
            if key["ended_at"] is None and key["ends_at"] > now
        ]
        return await base.access.users(), keys, base.zone

    people, keys, zone = run(data, database, config, read)
    if as_json:
        told = {"users": _of(people, _USERS), "keys": _of(keys, _KEYS)}
        typer.echo(json.dumps(told, default=_plain, ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    for rows, columns in ((people, _USERS), (keys, _KEYS)):
        _print(_of(rows, columns), columns, spoken, zone)
        typer.echo("")


def add_user(
    name: Annotated[str, typer.Argument(help="The new user's name.")],
    role: Annotated[str, typer.Option(help="support, operator, administrator, ...")],
    merchant: Annotated[str, typer.Option(help="Merchant of a cashier or merchant.")] = "",
    reason: Annotated[
        str, typer.Option(help="Why; it goes into the audit log.")
    ] = "added by command",
    user: User = "admin",
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Add a user with a password that is asked for; only an administrator may."""
    if role not in ROLES:
        message = f"one of {', '.join(ROLES)}"
        raise typer.BadParameter(message, param_hint="--role")

    async def add(base: Reach) -> None:
        person = await base.person(user)
        if not person.may(Scope.ADMIN):
            raise NotAllowedHere
        password = os.environ.get("ANNUL_NEW_PASSWORD") or typer.prompt(
            f"password of {name}", hide_input=True, confirmation_prompt=True
        )
        fits(name, password)
        async with base.pool.acquire() as connection, connection.transaction():
            if not await base.access.add(
                name, password, role, merchant, by=person.name, within=connection
            ):
                raise NameTaken
            detail = {"role": role, "merchant_id": merchant}
            await audit(
                connection, person, base.clock.now(), "add-user", f"user {name}", reason, detail
            )

    run(data, database, config, add)
    typer.echo(f"{name}: {role}")


def _of(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in columns} for row in rows]


def _print(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Text],
    spoken: Language,
    zone: ZoneInfo,
) -> None:
    """Write a table whose last column may be as long as it is."""
    heads = [text.speak(spoken) for text in columns.values()]
    lines = [heads, *([_said(row[name], spoken, zone) for name in columns] for row in rows)]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(heads))]
    for line in lines:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        )
        typer.echo("  ".join(padded).rstrip())


def _said(value: Any, spoken: Language, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return (_YES if value else _NO).speak(spoken)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return str(value or "-")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _width(text: str) -> int:
    """Give the places that a text takes on a screen: Chinese letters take two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
