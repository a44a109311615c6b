"""How commands reach the database of a running annul, or of one's own PostgreSQL."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

import asyncpg
import typer

from annul.desk import second_factor
from annul.desk.access import LOCAL, Access, SignInVerdict
from annul.desk.roles import Visitor
from annul.desk.second_factor import CodeVerdict
from annul.desk.tries import SIGNED_IN
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.resolve.book import Book
from annul.resolve.pace import Pace
from annul.resolve.people import People
from annul.security.masterkey import read_master_key
from annul.security.vault import Vault
from annul.settings import Settings
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.master_key import keep
from annul.store.schema import in_schema

_PASSWORD: Final = "ANNUL_PASSWORD"  # noqa: S105 - the variable's name
_CODE: Final = "ANNUL_CODE"
Result = TypeVar("Result")

Data = Annotated[Path | None, typer.Option(help="annul's folder.")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings.")]
Lang = Annotated[str | None, typer.Option(help="zh or en.")]
User = Annotated[str, typer.Option(help=f"Who acts; the password is taken from {_PASSWORD}.")]


class NotRunning(AnnulError):
    """No annul runs on this data folder, so its database cannot be read."""

    code = "cli.not_running"
    next_step = "Start it with annul up --data FOLDER, or give --data or --database."


class NotAllowedHere(AnnulError):
    """The name, password or code is wrong, or this role may not do that. Nothing was changed."""

    code = "cli.not_allowed"
    next_step = (
        "Give --user and ANNUL_PASSWORD of somebody whose role allows it, and ANNUL_CODE of their "
        "second factor if they have one."
    )


class StepLeft(AnnulError):
    """This user has something to do before anything else. Nothing was changed."""

    code = "cli.step_left"
    next_step = "Sign in to the console; it leads through what is left to do."


@dataclass(frozen=True, slots=True)
class Reach:
    """What commands about cases work with."""

    settings: Settings
    pool: asyncpg.Pool
    book: Book
    gatherer: Gatherer
    lessons: Lessons
    clock: SystemClock
    access: Access

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read times."""
        return ZoneInfo(self.settings.zone)

    @property
    def notices_language(self) -> str:
        """The language of channels and people that have none."""
        return self.settings.notices_language

    @property
    def people(self) -> People:
        """What carries out what people decide."""
        return People(self.book, self.lessons)

    @property
    def host(self) -> None:
        """No host is in this process: the next one that looks goes on with what is ordered."""
        return

    async def master_key(self) -> bytes:
        """Give the hosts' master key; raises `MasterKeyError` and `AnotherMasterKey`."""
        given = self.settings.master_key.get_secret_value()
        master = read_master_key(self.settings.key_file, given)
        await keep(self.pool, master)
        return master

    async def person(self, name: str) -> Visitor:
        """Give who acts, once password and code are right.

        Raises `NotAllowedHere`, `StepLeft`, and `NoMasterKey` where codes can not be judged.
        """
        verdict = await self.access.check(name, password_of(name))
        if verdict is SignInVerdict.NEEDS_CODE:
            code = os.environ.get(_CODE) or typer.prompt(f"code of {name}")
            judged = await second_factor.check(self.access, name, code, LOCAL)
            if judged is CodeVerdict.REFUSED:
                raise NotAllowedHere
        elif verdict is not SignInVerdict.ACCEPTED:
            raise NotAllowedHere
        await self.access.tries.audit(SIGNED_IN, name, LOCAL)
        person = await self.access.person(name)
        if person.step:
            raise StepLeft
        return person


@asynccontextmanager
async def reach(
    data: Path | None, database: str | None, config: Path | None
) -> AsyncIterator[Reach]:
    """Connect; raises `NotRunning`."""
    settings = Settings.load(config, data=data, database=database)
    url = settings.database.get_secret_value() or EmbeddedPostgres(settings.data).url
    pool = await connect(in_schema(url, settings.database_schema), size=4)
    try:
        try:
            await pool.fetchval("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            message = f"no database answers for {settings.data}"
            raise NotRunning(message) from error
        clock = SystemClock()
        pace = Pace(settings.void_time_scale, {**settings.void_due_s})
        yield Reach(
            settings=settings,
            pool=pool,
            book=Book(pool, pace.due("network")),
            gatherer=Gatherer(pool, Calendar(ZoneInfo(settings.zone), settings.cut_over), clock),
            lessons=Lessons(pool),
            clock=clock,
            access=Access(
                pool,
                clock,
                _vault(settings),
                settings.second_factor_roles,
                settings.training.needs,
            ),
        )
    finally:
        await pool.close()


def _vault(settings: Settings) -> Vault | None:
    """Give what opens sealed things where the host's master key is, and never make one."""
    given = settings.master_key.get_secret_value()
    there = given or settings.key_file.exists()
    return Vault(read_master_key(settings.key_file, given)) if there else None


def run(
    data: Path | None,
    database: str | None,
    config: Path | None,
    job: Callable[[Reach], Awaitable[Result]],
) -> Result:
    """Connect, do a job, and give what it gives."""

    async def connected() -> Result:
        async with reach(data, database, config) as base:
            return await job(base)

    return asyncio.run(connected())


def password_of(user: str) -> str:
    """Take a password from the environment, or ask for it."""
    return os.environ.get(_PASSWORD) or typer.prompt(f"password of {user}", hide_input=True)
