"""The schema that annul's tables are in: one of several where cells share a PostgreSQL.

It is the session's search path, said in the URL: no statement names a schema.
"""

from typing import Final
from urllib.parse import quote

PUBLIC: Final = "public"
NAME: Final = r"^[a-z_][a-z0-9_]{0,62}$"  # needs no quotes anywhere
_PATH: Final = "search_path="


def in_schema(url: str, schema: str) -> str:
    """Give the URL of a session that works in `schema`, if the URL does not say one itself."""
    if not url or schema == PUBLIC or _PATH in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}{_PATH}{quote(schema)}"
