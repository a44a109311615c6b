"""Plain PostgreSQL servers on TCP, as an administrator runs them: alone, or with a standby."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from annul.store.embedded import (
    _installed,  # pyright: ignore[reportPrivateUsage] - the wheel's, without its data folder
    _system_user,  # pyright: ignore[reportPrivateUsage]
)
from annul.store.roles import OWNER, SERVING, prepare
from annul.store.temporary import temporary_folder
from tests.support.processes import descendants, free_port

SUPERUSER: Final = "postgres"
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # they are killed, not their machine
    "shared_buffers": "64MB",
    "wal_level": "replica",
    "wal_receiver_status_interval": "1s",
    "wal_sender_timeout": "0",
    "plan_cache_mode": "force_generic_plan",
}
_COMES_S: Final = 30.0
_STEP_S: Final = 0.01


class Server:
    """One server in a folder of its own; `binaries` say of which version."""

    def __init__(self, folder: Path, binaries: Path | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._bin = binaries or _installed() / "bin"
        self._user: pwd.struct_passwd | None = _system_user() if os.geteuid() == 0 else None

    def make(
        self, settings: Mapping[str, str], access: str = "host all all samehost trust"
    ) -> None:
        """Prepare an empty cluster; `access` are the lines of its pg_hba.conf."""
        self._own()
        self.run("initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "-N", "-U", SUPERUSER)
        self.write("pg_hba.conf", access, "host replication all samehost trust")
        self.set({**_SETTINGS, "port": str(self.port), **settings})

    def follow(self, first: "Server", name: str) -> None:
        """Become a standby of a server that runs."""
        self._own()
        source = f"host=127.0.0.1 port={first.port} user={SUPERUSER} application_name={name}"
        # The checkpoint is waited for: fast, as nobody else is on the disk.
        self.run("pg_basebackup", "-R", "--no-sync", "--checkpoint=fast", "-d", source)
        self.set({"port": str(self.port)})

    def set(self, settings: Mapping[str, str]) -> None:
        """Add settings; they count from its next start or `reload`."""
        with (self.folder / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def write(self, name: str, *lines: str, mode: int = 0o600) -> None:
        """Write one of its files."""
        file = self.folder / name
        file.write_text("\n".join([*lines, ""]), encoding="utf-8")
        file.chmod(mode)
        if self._user is not None:
            os.chown(file, self._user.pw_uid, self._user.pw_gid)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self.run("pg_ctl", "start", "-w", "-l", str(self.folder / "server.log"))

    def reload(self) -> None:
        """Let its settings count."""
        self.run("pg_ctl", "reload")

    def promote(self) -> float:
        """Make a standby the first; give the seconds until it takes writes."""
        begun = time.monotonic()
        self.run("pg_ctl", "promote", "-w")
        return time.monotonic() - begun

    def processes(self) -> list[int]:
        """Give the ids of the server and its children."""
        try:
            first = int((self.folder / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return []
        return [first, *descendants(first)]

    def signal(self, number: signal.Signals, word: bytes = b"") -> None:
        """Send a signal to each of its processes that has `word` in its title."""
        for process in self.processes():
            try:
                if word in Path(f"/proc/{process}/cmdline").read_bytes():
                    os.kill(process, number)
            except (FileNotFoundError, ProcessLookupError):
                continue

    def kill(self) -> None:
        """End it and its children at once, as a machine that is gone."""
        self.signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it in whatever state it is; one that does not run is let be."""
        if (self.folder / "postmaster.pid").exists():
            self.signal(signal.SIGCONT)
            self.run("pg_ctl", "stop", "-m", "immediate", "-w", check=False)

    def psql(self, command: str) -> None:
        """Have the administrator say something to the server, outside of a transaction."""
        self._call("psql", "--quiet", "--command", command, self.url())

    def url(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """Where it is reached, as a role."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        """Run one of the version's programs on its folder; give what it said."""
        return self._call(program, "-D", str(self.folder), *arguments, check=check)

    def _call(self, program: str, *arguments: str, check: bool = True) -> str:
        said = self.folder.with_suffix(".said")
        with said.open("w") as output:
            done = subprocess.run(
                [str(self._bin / program), *arguments],
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
        text = said.read_text(encoding="utf-8")
        if check and done.returncode:
            raise RuntimeError(f"{program}: {text[-2_000:]}")  # noqa: EM102
        return text

    def _own(self) -> None:
        self.folder.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)


async def annuls_database(server: Server) -> None:
    """Make annul's database and roles, as an administrator does."""
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE DATABASE annul")
    await connection.close()
    connection = await asyncpg.connect(server.url(database="annul"))
    await prepare(connection)
    await connection.execute(f"ALTER ROLE {OWNER} LOGIN; ALTER ROLE {SERVING} LOGIN")
    await connection.close()


class Pair:
    """A first server and its standby."""

    def __init__(self, folder: Path) -> None:
        self.first = Server(folder / "first")
        self.second = Server(folder / "second")

    async def start(self, *, synchronous: bool) -> None:
        """Make and start both, with annul's database in them."""
        await asyncio.to_thread(self.first.make, {})
        await asyncio.to_thread(self.first.start)
        await annuls_database(self.first)
        await asyncio.to_thread(self.second.follow, self.first, "second")
        await asyncio.to_thread(self.second.start)
        if synchronous:
            self.first.set({"synchronous_standby_names": "second"})
            await asyncio.to_thread(self.first.reload)
        await self.replicates("sync" if synchronous else "async")

    async def replicates(self, how: str) -> None:
        """Wait until the standby follows in this way."""
        connection = await asyncpg.connect(self.first.url())
        async with asyncio.timeout(_COMES_S):
            while how != await connection.fetchval(
                "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
            ):
                await asyncio.sleep(_STEP_S)
        await connection.close()

    async def part(self) -> None:
        """Let the second hear nothing of the first any more: what comes now is lost with it."""
        self.second.set({"primary_conninfo": ""})
        await asyncio.to_thread(self.second.reload)
        connection = await asyncpg.connect(self.first.url())
        async with asyncio.timeout(_COMES_S):
            while await connection.fetchval("SELECT count(*) FROM pg_stat_replication"):
                await asyncio.sleep(_STEP_S)
        await connection.close()

    def url(self, role: str = SERVING) -> str:
        """Where annul reaches whichever of both is the first."""
        hosts = f"127.0.0.1:{self.first.port},127.0.0.1:{self.second.port}"
        return f"postgresql://{role}@{hosts}/annul?target_session_attrs=read-write"

    def stop(self) -> None:
        """Stop both."""
        self.second.stop()
        self.first.stop()


@contextmanager
def pair() -> Iterator[Pair]:
    """Give a pair that is not made yet, in a folder for a while; stopped at the end."""
    with temporary_folder("annul-pair-") as folder:
        made = Pair(folder)
        try:
            yield made
        finally:
            made.stop()


def systems_binaries() -> Path:
    """Give the programs of the distribution's PostgreSQL; a machine without one fails."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3])
    )
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent
    message = "no PostgreSQL of the system: `make test` installs it as root (postgresql)"
    raise RuntimeError(message)
