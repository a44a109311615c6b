"""Lists that somebody has taken away as files: each is kept in the audit log."""

from collections.abc import Collection, Mapping
from typing import Any

from .audit import audit
from .desk import Desk
from .roles import Visitor


async def exported(
    desk: Desk,
    visitor: Visitor,
    what: str,
    asked: Mapping[str, str],
    most: int,
    without: Collection[str] = (),
) -> None:
    """Keep who takes which list, what was looked for, and how many rows it has at most.

    `without` are cells that gave no answer.
    """
    detail: dict[str, Any] = {"asked": dict(asked), "rows at most": most}
    if without:
        detail["without cells"] = sorted(without)
    await audit(desk.pool, visitor, desk.clock.now(), "export-list", f"list {what}", "", detail)
