"""Tills of one application: opened once for all its browsers, and for nobody else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from annul.console.till.tills import Till, Tills
from annul.sim.terminal.profile import Profile

_PROFILE: Final = Profile(
    merchant="898000058120000", terminal="10000001", master_key="0123456789abcdef" * 2
)


@pytest.fixture
def two() -> Iterator[tuple[Tills, Tills]]:
    both = Tills(), Tills()
    yield both
    for one in both:
        one.close()


def _open(tills: Tills, folder: Path, port: int = 1) -> Till:
    return tills.open(
        folder / "10000001.db", _PROFILE, ("127.0.0.1", port, None), lambda: datetime.now(UTC)
    )


def test_browsers_of_one_application_share_a_till(two: tuple[Tills, Tills], tmp_path: Path) -> None:
    assert _open(two[0], tmp_path) is _open(two[0], tmp_path)


def test_what_is_set_up_anew_is_opened_anew(two: tuple[Tills, Tills], tmp_path: Path) -> None:
    before = _open(two[0], tmp_path)
    assert _open(two[0], tmp_path, port=2) is not before


def test_applications_share_no_till(two: tuple[Tills, Tills], tmp_path: Path) -> None:
    assert _open(two[0], tmp_path) is not _open(two[1], tmp_path)


def test_a_closed_one_is_opened_anew(two: tuple[Tills, Tills], tmp_path: Path) -> None:
    before = _open(two[0], tmp_path)
    two[0].close()
    assert _open(two[0], tmp_path) is not before
