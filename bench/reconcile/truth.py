"""What is in the books after each step, held against what was seeded."""

from typing import Any, Final

from annul.store.sql import load

from .file import Expected

_MOST_S: Final = 3_600
_SQL: Final = load("bench.reconcile", "truth.sql")
# What stands, and what everybody is owed: the same before a file and after its discard.
_STANDING: Final = ("transactions", "accounts", "balances", "owed", "told", "carried")


class Truth:
    """What was seeded, beside the database in which it is to be found."""

    def __init__(self, owner: Any, expected: set[Expected]) -> None:
        self._owner = owner
        self._expected = expected

    async def after(self, step: str) -> dict[str, Any]:
        """Say what is found after a step."""
        if step == "commit":
            return await self._breaks()
        if step == "prove":
            found = dict(await self._owner.fetchrow(*_SQL["unknown"](), timeout=_MOST_S))
            return found | {"waiting": await self._owner.fetchval(*_SQL["waiting"]())}
        return {}

    async def _breaks(self) -> dict[str, Any]:
        found = [
            Expected(*row) for row in await self._owner.fetch(*_SQL["breaks"](), timeout=_MOST_S)
        ]
        told = set(found)
        invented = told - self._expected
        missed = self._expected - told
        return {
            "found": len(told & self._expected),
            "missed": len(missed),
            "invented": len(invented) + len(found) - len(told),
            "examples": [str(one) for one in (*list(missed)[:5], *list(invented)[:5])],
        }

    async def standing(self) -> list[Any]:
        """Give what stands, and what everybody is owed."""
        return [await self._owner.fetchval(*_SQL[one](), timeout=_MOST_S) for one in _STANDING]
