"""`annul issuer`: keys in parts from standard input, the profile, and asking for new keys."""

import asyncio
from pathlib import Path
from typing import Final

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.desk.access import Access
from annul.domain.errors import AnnulError
from annul.security.ciphers import TDES, BlockCipher
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.sim.demo import DemoPlan, seed
from annul.store.master_key import keep

_PASSWORD: Final = "correct horse battery"
_MASTER: Final = bytes(32)
_ISSUER: Final = "00000101"
_PARTS: Final = (bytes(range(16)), bytes(range(90, 106)))


def _typed(*parts: bytes) -> str:
    """Give what two people key in: a component, then its check value."""
    lines = [
        line
        for part in parts
        for line in (part.hex(), BlockCipher(TDES, part).check_value()[:3].hex())
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture
async def run(pool: asyncpg.Pool, database: str, tmp_path: Path):
    await keep(pool, _MASTER)
    await seed(pool, SoftwareModule(_MASTER), DemoPlan((1,)))
    access = Access(pool, None, Vault(_MASTER))
    await access.add("ada", _PASSWORD, "administrator")
    await access.add("sue", _PASSWORD, "support")
    environment = {"ANNUL_PASSWORD": _PASSWORD, "ANNUL_MASTER_KEY": "00" * 32}

    async def run(*words: str, typed: str = "", user: str = "ada") -> Result:
        acts = () if words[0] == "keys" else (f"--user={user}", "--reason=agreed")
        return await asyncio.to_thread(
            CliRunner().invoke,
            application,
            ["issuer", *words, f"--database={database}", f"--data={tmp_path}", *acts],
            input=typed,
            env=environment,
        )

    return run


async def test_two_people_load_a_zone_key_and_new_keys_are_asked_for(
    pool: asyncpg.Pool, run
) -> None:
    whole = bytes(a ^ b for a, b in zip(*_PARTS, strict=True))
    check = BlockCipher(TDES, whole).check_value()[:3].hex().upper()
    loaded = await run("key", _ISSUER, "--kind=zone", typed=_typed(*_PARTS))
    assert loaded.exit_code == 0, loaded.output
    assert loaded.stdout.strip() == f"zone key of issuer {_ISSUER}: check value {check}"
    for part in (*_PARTS, whole):
        assert part.hex() not in loaded.output.lower()
    assert (await run("profile", _ISSUER, "--key-exchange=field_48")).exit_code == 0
    assert (await run("ask", _ISSUER)).exit_code == 0
    assert await pool.fetchval("SELECT keys_wanted FROM issuers WHERE issuer_id = $1", _ISSUER)
    shown = await run("keys", _ISSUER)
    assert f"zone  3des  {check}" in shown.stdout


@pytest.mark.parametrize(
    "typed", ["", "00\n", _typed(_PARTS[0]), "xx\n" * 4, _typed(_PARTS[0]) + "00" * 16 + "\n00\n"]
)
async def test_what_is_keyed_in_wrong_loads_nothing(pool: asyncpg.Pool, run, typed: str) -> None:
    refused = await run("key", _ISSUER, "--kind=mac", typed=typed)
    assert isinstance(refused.exception, AnnulError)
    assert _PARTS[0].hex() not in str(refused.exception)
    assert await pool.fetchval("SELECT count(*) FROM issuer_keys") == 0


async def test_support_loads_no_key(pool: asyncpg.Pool, run) -> None:
    refused = await run("key", _ISSUER, "--kind=zone", typed=_typed(*_PARTS), user="sue")
    assert isinstance(refused.exception, AnnulError)
    assert await pool.fetchval("SELECT count(*) FROM issuer_keys") == 0


async def test_a_link_is_shown_and_changed(run) -> None:
    changed = await run("link", _ISSUER, "--set=network_mti=0800", "--set=codes.A1=00", "--lang=en")
    assert changed.exit_code == 0, changed.output
    lines = [line for line in changed.stdout.splitlines() if line.startswith("*")]
    assert [line.split()[1:3] for line in lines] == [["network_mti", "0800"], ["codes.A1", "00"]]
    assert "response codes of its own: A1" in changed.stdout
    refused = await run("link", _ISSUER, "--set=network_mti")
    assert isinstance(refused.exception, AnnulError)
    refused = await run("link", _ISSUER, "--set=host=10.0.0.9", user="sue")
    assert isinstance(refused.exception, AnnulError)
