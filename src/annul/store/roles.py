"""Who may do what in the database: one role owns and migrates, another one serves.

What the serving role may do stands in `grants.sql` and nowhere else. Who migrates applies it each
time; a superuser makes the roles and hands over what is there already, by `roles.sql`: annul itself
for its embedded server, an administrator with `script()` for any other. Each statement of both says
what is still to be done, so that they may run again and cost nothing then.
"""

from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog

from annul.domain.errors import AnnulError

from .schema import PUBLIC
from .sql import load

OWNER: Final = "annul_owner"
SERVING: Final = "annul"

_SCRIPT: Final = "annul database grants | psql URL"
# The schema that the session works in.
_HERE: Final = {
    "here": "quote_ident(current_schema()) || '.'",
    "namespace": "quote_ident(current_schema())::regnamespace",
}
_ROLES: Final = load("annul.store", "roles.sql", owner=OWNER, serving=SERVING, **_HERE)
_GRANTS: Final = load("annul.store", "grants.sql", serving=SERVING, **_HERE)
_STEPS: Final = (
    _ROLES["roles"],
    _ROLES["memberships"],
    _ROLES["ownership"],
    _ROLES["old_rights"],
    _ROLES["old_role"],
    _GRANTS["owed"],
)

log = structlog.get_logger(__name__)


class RolesMissing(AnnulError):
    """The database lacks annul's roles and this one may not make them. No money has moved."""

    code = "store.roles_missing"
    next_step = f"Let a superuser run, once, in annul's database: {_SCRIPT}"


class RightsMissing(AnnulError):
    """The serving role may not do what annul needs, so annul serves nothing. No money has moved."""

    code = "store.rights_missing"
    next_step = (
        f"Let `database` sign in as {SERVING} and set database_owner: annul grants what it needs "
        f"when it starts. Or let a superuser run in annul's database: {_SCRIPT}"
    )


async def prepare(connection: Any) -> None:
    """Make the roles and hand over what is there, as a superuser in annul's database."""
    async with connection.transaction():
        for step in _STEPS:
            await _carry_out(connection, step.sql)


async def grant(connection: Any) -> None:
    """Let the serving role do what `grants.sql` says and nothing else, as who owns the tables.

    Who owns none may ask for it too, and nothing happens when nothing is owed. Makes the roles
    where they are missing. Raises `RolesMissing`, and `RightsMissing` with what is not granted.
    """
    if not await connection.fetchval(_GRANTS["known"].sql):
        try:
            await _carry_out(connection, _ROLES["roles"].sql)
        except asyncpg.InsufficientPrivilegeError as error:
            raise RolesMissing from error
    if not await _owed(connection):
        return
    with suppress(asyncpg.InsufficientPrivilegeError):
        async with connection.transaction():
            await _carry_out(connection, _GRANTS["owed"].sql)
    # Of a table that it may read, a role that may grant nothing is only warned.
    owed = await _owed(connection)
    missing = [statement for statement in owed if statement.startswith("GRANT")]
    if missing:
        message = f"this role could not: {'; '.join(missing)}"
        raise RightsMissing(message)
    if owed:
        log.warning("rights_too_wide", owed=owed, next_step=RightsMissing.next_step)


async def warn_of_power(pool: asyncpg.Pool) -> None:
    """Log a warning when who serves could rewrite what is append-only, or the whole server.

    Raises `RightsMissing` when who signs in may not even work as the serving role.
    """
    try:
        found = await pool.fetchrow(_GRANTS["power"].sql)
    except asyncpg.InsufficientPrivilegeError as error:
        raise RightsMissing(str(error)) from error
    assert found is not None, "who signs in has a role"
    if found["superuser"] or found["owner"]:
        log.warning(
            "serving_role_too_strong",
            who=found["who"],
            superuser=found["superuser"],
            owns_tables=found["owner"],
            next_step=f"let database sign in as {SERVING}, and set database_owner",
        )


def script(schema: str = PUBLIC) -> str:
    """Give what an administrator's psql runs once in annul's database, and may run again."""
    made = "" if schema == PUBLIC else f"CREATE SCHEMA IF NOT EXISTS {schema};"
    here = (made, f"SET LOCAL search_path = {schema};")
    steps = (f"-- {step.description}\n{step.sql}\n\\gexec\n" for step in _STEPS)
    return "\n".join(("\\set ON_ERROR_STOP on", "BEGIN;", *here, "", *steps, "COMMIT;", ""))


async def _owed(connection: Any) -> list[str]:
    return [statement for (statement,) in await connection.fetch(_GRANTS["owed"].sql)]


async def _carry_out(connection: Any, asked: str) -> None:
    for (statement,) in await connection.fetch(asked):
        await connection.execute(statement)
