"""The same database under another role: what serves may neither migrate nor rewrite what stands."""

from annul.store.roles import OWNER, SERVING


def as_owner(url: str) -> str:
    """Give the URL of who owns the tables: to migrate, and to spoil what is append-only."""
    return url.replace(f"//{SERVING}@", f"//{OWNER}@")


def as_superuser(url: str, database: str | None = None) -> str:
    """Give the URL of the cluster's superuser, in the same or in another database."""
    path, host = url.replace(f"//{SERVING}@", "//postgres@").split("?")
    return f"{path.rpartition('/')[0]}/{database}?{host}" if database else f"{path}?{host}"
