"""A PostgreSQL as others make it: it trusts whoever reaches it, and has no role of annul's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from annul.store.embedded import EmbeddedPostgres
from annul.store.temporary import NOT_DURABLE, temporary_folder

_AS_BEFORE: Final = ("--auth=trust", "--encoding=UTF8", "--no-locale", "-U", "postgres")


@contextmanager
def bare_server() -> Iterator[EmbeddedPostgres]:
    """Give a server that runs, and what annul would make of its folder."""
    with temporary_folder("annul-bare-") as folder:
        server = EmbeddedPostgres(folder, NOT_DURABLE)
        _made(server, server._sockets())
        try:
            yield server
        finally:
            server._stop()


def _made(server: EmbeddedPostgres, sockets: Path) -> None:
    for folder in (server._home, server.cluster, sockets):
        server._own(folder)
    server._run("initdb", *_AS_BEFORE)
    options = f"-c listen_addresses= -c fsync=off -k {sockets}"
    server._run("pg_ctl", "start", "-w", "-l", str(server.log), "-o", options)
