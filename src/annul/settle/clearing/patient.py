"""A connection for statements over a whole file: they may take as long as it is large."""

from typing import Any, Final

_MOST_S: Final = 3_600.0  # each; those of a pool end much earlier


class Patient:
    """Waits for each statement of a connection; what is unusual about it is that alone."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, sql: str, *values: Any) -> str:
        """Execute it."""
        return await self._connection.execute(sql, *values, timeout=_MOST_S)

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """Give its rows."""
        return await self._connection.fetch(sql, *values, timeout=_MOST_S)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        """Give its first row."""
        return await self._connection.fetchrow(sql, *values, timeout=_MOST_S)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """Give the first value of its first row."""
        return await self._connection.fetchval(sql, *values, timeout=_MOST_S)
