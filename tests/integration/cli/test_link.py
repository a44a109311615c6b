"""`annul link test`: what it says of a peer, what it proposes, and that this then fits."""

import asyncio
from pathlib import Path
from shlex import split

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.desk.access import Access
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.sim.demo import DemoPlan, seed
from annul.store.master_key import keep
from annul.wire.dialects import ISO93_ASCII
from annul.wire.framing import framing_of
from tests.support.strange_peer import ISSUER, strange

_FAST = ("--wait=0.2", "--pause=0", "--listen=0.05")


@pytest.fixture
async def run(pool: asyncpg.Pool, database: str, tmp_path: Path):
    await keep(pool, bytes(32))
    await Access(pool, None, Vault(bytes(32))).add("ada", "correct horse", "operator")

    async def run(*words: str, port: int = 0) -> Result:
        if port:
            await seed(pool, SoftwareModule(bytes(32)), DemoPlan((port,)))
        return await asyncio.to_thread(
            CliRunner().invoke,
            application,
            [*words, f"--database={database}", f"--data={tmp_path}"],
            env={"ANNUL_PASSWORD": "correct horse", "ANNUL_MASTER_KEY": "00" * 32},
        )

    return run


async def test_the_proposal_is_pasted_and_then_all_is_as_it_is_set(run) -> None:
    how = {"dialect": ISO93_ASCII, "framing": framing_of("length_2", {"trailer": "03"})}
    async with strange(**how, network=frozenset({"0804"})) as peer:
        said = await run("link", "test", ISSUER, "--lang=en", *_FAST, port=peer.port)
        assert said.exit_code == 1, said.output
        (command,) = [line for line in said.stdout.splitlines() if "annul issuer link" in line]
        words = split(command)[1:]
        assert words[:3] == ["issuer", "link", ISSUER]
        assert words[-2:] == ["--reason", "..."]
        set_up = await run(*words[:-2], "--user=ada", "--reason=their new host")
        assert set_up.exit_code == 0, set_up.output
        again = await run("link", "test", ISSUER, "--lang=zh", *_FAST)
        assert again.exit_code == 0, again.output
        assert "一切与设置一致" in again.stdout


async def test_an_issuer_that_there_is_not(run) -> None:
    async with strange() as peer:
        refused = await run("link", "test", "99999999", port=peer.port)
    assert "there is no issuer 99999999" in str(refused.exception)
    assert refused.exit_code == 1
