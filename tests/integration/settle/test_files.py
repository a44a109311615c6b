"""A payout file comes to the bank once, wherever a process is killed."""

import asyncio
import os
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
    outbox.open()
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


async def _released(
    pool: asyncpg.Pool, vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> files.Outbox:
    """A file that was released by a process that was killed before it was renamed."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    await filed(pool, vault)
    outbox = files.Outbox(pool, vault, HeldClock(NOW), folder)
    outbox.open()
    monkeypatch.setattr(files, "_place", killed)
    with pytest.raises(KeyboardInterrupt):
        await outbox.turn()
    monkeypatch.undo()
    return outbox


async def test_a_file_lost_beside_its_place_is_not_said_to_be_delivered(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    outbox = await _released(pool, vault, folder, monkeypatch)
    folder.rename(tmp_path / "unmounted")
    assert len(await outbox.turn()) == 1
    folder.mkdir()
    assert len(await outbox.turn()) == 1
    assert await pool.fetchval("SELECT delivered_at FROM payout_files") is None
    folder.rmdir()
    (tmp_path / "unmounted").rename(folder)
    assert await outbox.turn() == []
    assert [path.suffix for path in folder.iterdir()] == [".xml"]


async def test_a_full_disk_leaves_no_accounts_lying_about(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    await filed(pool, vault)
    outbox = files.Outbox(pool, vault, HeldClock(NOW), tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        await outbox.turn()
    assert list(tmp_path.iterdir()) == []


async def test_what_was_killed_before_the_release_is_removed(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = await _released(pool, vault, tmp_path, monkeypatch)
    (part,) = tmp_path.iterdir()
    stem = part.name.rsplit(".", 2)[0]
    useless = [f"{stem}.11111111.part", f"{stem}.22222222.mark"]
    stays = [f"{stem}.33333333.part", ".of-another-cell.xml.44444444.part"]
    for name in (*useless, *stays):
        (tmp_path / name).touch()
    for name in (part.name, *useless, stays[1]):
        os.utime(tmp_path / name, (0, 0))
    await pool.execute("UPDATE payout_files SET released_by = 'other:/x'")
    await outbox.turn()
    assert {path.name for path in tmp_path.iterdir()} == {part.name, *stays}


async def test_a_file_of_a_machine_that_does_not_come_back_is_handed_over(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = await _released(pool, vault, tmp_path, monkeypatch)
    identity = await pool.fetchval("SELECT id FROM payout_files")
    with pytest.raises(files.NotYours):
        await files.take(pool, vault, identity, "li", NOW)
    name = await files.hand_over(pool, identity, "li", NOW)
    await outbox.turn()  # it does come back
    assert not (tmp_path / name).exists()
    assert (await files.take(pool, vault, identity, "li", NOW))[0] == name
    with pytest.raises(files.NotYours):
        await files.hand_over(pool, identity, "wang", NOW)
    with pytest.raises(files.NoFile):
        await files.hand_over(pool, uuid4(), "li", NOW)


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
