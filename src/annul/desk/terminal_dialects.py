"""The dialect that a terminal is registered with: which there are, and another one for it."""

from typing import Any, Final

from annul.issuers import dialects
from annul.store.sql import load
from annul.wire.dialect import Dialect

from . import over_cells
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotValid, changing
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "terminal_dialects.sql")
_MAC: Final = 64  # where terminals' messages have their MAC


async def choices(desk: Desk) -> list[str]:
    """Name the dialects that a terminal may speak."""
    return [name for name, one in (await dialects.read(desk.pool)).items() if _fits(one)]


async def check_dialect(connection: Any, name: str) -> None:
    """Raise `NotValid` for a dialect that no terminal can speak; none is that of its port."""
    if not name:
        return
    found = (await dialects.read(connection)).get(name)
    if found is None:
        message = f"there is no dialect {name}"
        raise NotValid(message)
    if not _fits(found):
        message = f"dialect {name} has its MAC in field {found.mac_field}, a terminal in {_MAC}"
        raise NotValid(message)


@over_cells.in_its_cell
async def set_dialect(
    desk: Desk, visitor: Visitor, merchant_id: str, terminal_id: str, name: str, reason: str
) -> None:
    """Let a terminal speak another dialect from now on; running hosts take it up.

    Raises `NotValid`, `NothingThere`, `NotAllowed` and `ReasonNeeded`.
    """
    scope, whose = Scope.MERCHANTS_WRITE, {"merchant": merchant_id, "terminal": terminal_id}
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        before = await connection.fetchval(*_SQL["hold"](**whose))
        if before is None:
            message = f"merchant {merchant_id} has no terminal {terminal_id}"
            raise NothingThere(message)
        await check_dialect(connection, name)
        if before == name:
            return
        await connection.execute(*_SQL["set"](**whose, dialect=name))
        await connection.execute(*_SQL["changed"]())
        detail = {"before": before, "after": name}
        named = f"terminal {merchant_id} {terminal_id}"
        now = desk.clock.now()
        await audit(connection, visitor, now, "set-terminal-dialect", named, reason, detail)


def _fits(dialect: Dialect) -> bool:
    return dialect.mac_field == _MAC
