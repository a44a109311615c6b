"""Two situations of the field, played to their end and judged as `make bench-diagnosis` does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.judging.playing import run_field, turns
from tests.support.processes import open_folder

_PLAYED: Final = {"quiet_one_request_lost #1", "voided_twice #1"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


async def test_two_situations_are_played_to_their_end_and_judged(folder: Path) -> None:
    chosen = turns(lambda turn: turn.name in _PLAYED)
    judge, failed = await run_field(folder, 1, chosen)
    assert failed == []
    ends = sorted((one.situation, one.ended, one.wrong_end) for one in judge.voids)
    # What was done by the first void of each of the two sales is not judged: it went through.
    assert ends == [
        ("quiet_one_request_lost", "voided", ""),
        ("voided_twice", "refused", ""),
        ("voided_twice", "refused", ""),
    ]
    lost, *twice = sorted(judge.voids, key=lambda one: one.situation)
    assert [look.named for look in lost.looks] == ["timeout"] * 3
    assert lost.looks[2].tries >= 1
    assert {one.looks[0].named for one in twice} == {"already_undone"}
    assert all(one.has_case for one in judge.voids)
