"""Files with a secret: for their owner alone."""

import os
from pathlib import Path

import pytest

from annul.security.errors import SecretFileError
from annul.security.private import (
    is_open,
    open_private,
    own_folder,
    read_private,
    tighten,
    write_private,
)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602])
def test_what_others_may_read_or_write_is_not_read(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    write_private(file, " tea \n")
    assert read_private(file) == "tea"
    file.chmod(mode)
    with pytest.raises(SecretFileError, match="can be read by others"):
        read_private(file)


def test_what_is_not_there_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="No such file"):
        read_private(tmp_path / "none")
    os.close(open_private(tmp_path / "bytes", os.O_TRUNC))
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(SecretFileError, match="no text"):
        read_private(tmp_path / "bytes")


def test_a_file_that_was_there_is_tightened_before_anything_is_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"
    write_private(file, "tea")
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.chmod(0o666)
    os.close(open_private(file, os.O_APPEND))
    assert not is_open(file)
    assert file.read_text() == "tea"


def test_what_is_there_is_closed_to_others(tmp_path: Path) -> None:
    folder, file = tmp_path / "own", tmp_path / "own" / "secret"
    folder.mkdir(mode=0o755)
    file.touch(mode=0o644)
    own_folder(folder)
    tighten(file)
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
