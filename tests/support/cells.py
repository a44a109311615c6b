"""Two cells on one machine, each with a host, and moves between them."""

from dataclasses import dataclass
from pathlib import Path

from annul.app import Running
from annul.cells import moving
from annul.cells.directory import Directory
from annul.store.clock import SystemClock
from tests.support.roles import as_owner
from tests.support.site import RogueSite


@dataclass(frozen=True)
class TwoCells:
    """The first has every merchant at the start; the second knows the issuers."""

    site: RogueSite
    second: Running
    directory: Directory

    @property
    def merchant(self) -> str:
        """Whose terminal the tests use."""
        return self.site.terminals[0][0]

    def asked(self, merchant: str, source: str = "west", target: str = "east") -> moving.Asked:
        return moving.Asked(merchant, source, target, "somebody", "it grows")

    async def move(self, merchant: str, source: str = "west", target: str = "east") -> moving.Moved:
        asked = self.asked(merchant, source, target)
        moved = await moving.move(self.directory, asked, SystemClock())
        await self.heard()
        return moved

    async def heard(self) -> None:
        """Wait until the hosts have read what has changed."""
        for running in (self.site.running, self.second):
            version = await running.ground.pool.fetchval("SELECT version FROM reference")
            registry = running.host.registry
            await self.site.eventually(lambda: registry.version >= version)  # noqa: B023 - awaited here


def described(folder: Path, database: str, ports: dict[str, int]) -> Path:
    """Write the file of cells. They share a database, each in a schema of its own."""
    file = folder / "cells.toml"
    parts = [
        f'[{name}]\nnumber = {number}\nmerchants = {ranges}\nterminals = ["127.0.0.1:{port}"]\n'
        f'database = "{database}"\ndatabase_owner = "{as_owner(database)}"\nschema = "{schema}"\n'
        for number, (name, port, ranges, schema) in enumerate(
            (
                ("west", ports["west"], '["000000000000000-899999999999999"]', "public"),
                ("east", ports["east"], '["900000000000000-999999999999999"]', "east"),
            )
        )
    ]
    file.write_text("\n".join(parts))
    return file
