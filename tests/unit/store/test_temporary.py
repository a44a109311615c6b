"""Where a database stands that nobody keeps: in memory while that has room, and gone afterwards."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from annul.store import temporary
from annul.store.temporary import temporary_folder


@pytest.mark.parametrize(("free", "in_memory"), [(5 << 30, True), (1 << 30, False)])
def test_a_folder_is_in_memory_where_there_is_room(
    free: int, in_memory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "_MEMORY", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with temporary_folder("annul-x-") as folder:
        assert (folder.parent == tmp_path) is in_memory
        assert folder.stat().st_mode & 0o777 == 0o755, "PostgreSQL's own user reaches it"
        (folder / "file").touch()
    assert not folder.exists()


def test_a_folder_is_on_disk_where_no_memory_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "_MEMORY", tmp_path / "none")
    with temporary_folder("annul-x-") as folder:
        assert folder.parent != tmp_path / "none"
