"""A short form of `make chaos`: faults, hosts and database killed, one frozen, nothing lost."""

from pathlib import Path

from tests.support.chaos import Chaos, run


async def test_nothing_is_lost_or_done_twice(folder: Path) -> None:
    chaos = Chaos(
        terminals=30,
        rounds=10,
        happens={"killed": 1, "usurped": 1, "refused": 1, "database": 1},
        give_up_s=12,
        seed=20_261_123,
    )
    verdict, progress, ends = await run(chaos, folder)
    assert verdict.holds, (chaos.seed, verdict)
    assert verdict.transactions >= 30 * 8
    assert ends.hold, (chaos.seed, ends)
    assert ends.cases, "faults leave voids that were not approved at once"
    assert progress.silent, "a killed host leaves terminals without an answer"
    assert progress.settled >= 30
    assert not progress.unexplained
    assert progress.roams > 30
    assert (progress.frozen, progress.refused_numbers) == (1, 1)
