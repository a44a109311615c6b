"""What the desk's functions work with in a command: one cell, no host, no other cells."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.domain.business_day import Calendar
from annul.security.vault import Vault

from .reach import Reach, run

Places = tuple[Path | None, str | None, Path | None]  # of data, database, settings


@dataclass(frozen=True)
class Counter:
    """Stands in for the desk: it has all that these functions touch."""

    base: Reach
    vault: Vault | None

    @property
    def desk(self) -> Desk:
        """Give it as what it stands in for."""
        return cast("Desk", self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)

    @property
    def calendar(self) -> Calendar:
        """The business day."""
        return Calendar(self.base.zone, self.base.settings.cut_over)

    @property
    def house_bank(self) -> Any:
        """The acquirer's bank."""
        return self.base.settings.bank

    @property
    def clearing(self) -> Any:
        """How clearing files are judged."""
        return self.base.settings.clearing

    @property
    def clearing_files(self) -> Any:
        """Which of them are expected."""
        return self.base.settings.clearing_files

    @property
    def chargebacks(self) -> Any:
        """Deadlines and fee of chargebacks."""
        return self.base.settings.chargebacks

    @property
    def notary(self) -> None:
        """No proof is signed here."""
        return

    @property
    def cell(self) -> str:
        """Which one this is."""
        return self.base.settings.cell

    @property
    def others(self) -> tuple[()]:
        """No other cell is reached from here."""
        return ()

    @property
    def every(self) -> tuple[Desk]:
        """This one alone."""
        return (self.desk,)

    @property
    def one_by_one(self) -> tuple[Desk]:
        """This one alone."""
        return (self.desk,)


def work(
    places: Places,
    user: str | None,
    act: Callable[[Desk, Visitor], Awaitable[Any]],
    reader: Visitor,
) -> Any:
    """Let somebody do something in this cell; without a user only what `reader` may."""

    async def job(base: Reach) -> Any:
        if user is None:
            return await act(Counter(base, None).desk, reader)
        person = await base.person(user)
        return await act(Counter(base, Vault(await base.master_key())).desk, person)

    return run(*places, job)


def progress(stack: ExitStack, said: str, total: int | None = None) -> Callable[[int], None]:
    """Draw how far it has come, on a terminal; of a `total` of bytes, if one is given."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
    )

    first = (SpinnerColumn(), TextColumn("{task.description}"))
    more = (BarColumn(), DownloadColumn()) if total else (MofNCompleteColumn(),)
    drawn = stack.enter_context(Progress(*first, *more, transient=True))
    task = drawn.add_task(said, total=total)
    return lambda count: drawn.advance(task, count)
