"""A payout file comes to the bank once, wherever a process is killed."""

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from annul.security.vault import Vault
from annul.settle import files
from tests.support.clock import HeldClock
from tests.support.paying import (
    NOW,
    filed,
)

pytestmark = pytest.mark.usefixtures("shops")


async def test_a_file_comes_to_its_place_once(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    await filed(pool, vault)
    outbox = files.Outbox(pool, vault, HeldClock(NOW), tmp_path / "out")
    await asyncio.gather(*(outbox.turn() for _ in range(4)))
    (path,) = (tmp_path / "out").iterdir()
    assert path.suffix == ".xml"
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()  # the bank has it
    assert await outbox.turn() == []
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("renamed", [False, True])
async def test_killed_after_the_release_it_is_placed_once(
    pool: asyncpg.Pool,
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    renamed: bool,
) -> None:
    await filed(pool, vault)
    outbox = files.Outbox(pool, vault, HeldClock(NOW), tmp_path)
    place = files._place

    def killed(part: Path, there: Path) -> None:
        if renamed:
            place(part, there)
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_place", killed)
    with pytest.raises(KeyboardInterrupt):
        await outbox.turn()
    monkeypatch.undo()
    for path in tmp_path.glob("*.xml"):
        path.unlink()  # the bank has taken it
    await outbox.turn()
    assert len(list(tmp_path.glob("*.xml"))) == (0 if renamed else 1)
    assert await pool.fetchval("SELECT delivered_at IS NOT NULL FROM payout_files")


async def test_what_another_host_has_released_stands_still(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    await filed(pool, vault)
    await pool.execute("UPDATE payout_files SET released_at = now(), released_by = 'other:/x'")
    outbox = files.Outbox(pool, vault, HeldClock(NOW), tmp_path)
    assert len(await outbox.turn()) == 1
    assert list(tmp_path.iterdir()) == []


async def test_a_person_takes_a_file_and_no_other_one(pool: asyncpg.Pool, vault: Vault) -> None:
    await filed(pool, vault)
    identity = await pool.fetchval("SELECT id FROM payout_files")
    first = await files.take(pool, vault, identity, "li", NOW)
    assert await files.take(pool, vault, identity, "li", NOW) == first
    with pytest.raises(files.NotYours):
        await files.take(pool, vault, identity, "wang", NOW)
    with pytest.raises(files.NoFile):
        await files.take(pool, vault, uuid4(), "li", NOW)
