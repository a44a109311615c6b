"""The database fails over in full load: annul goes on by itself, and says what was lost if any."""

from pathlib import Path
from typing import Final

from tests.support.failover import drill
from tests.support.servers import pair

_ROUNDS: Final = 16
_AFTERWARDS_S: Final = 3.0  # until a terminal that was refused has come again and was approved


async def test_a_synchronous_standby_takes_over_and_nothing_is_lost(folder: Path) -> None:
    """No till is refused for longer than the promotion takes, and the time to come again."""
    with pair() as two:
        await two.start(synchronous=True)
        seen = await drill(folder, two, rounds=_ROUNDS)
    print(f"promotion {seen.promotion_s:.2f} s, nobody served {seen.silence_s:.2f} s")
    assert seen.verdict.holds, (seen.verdict, seen.logs)
    assert seen.verdict.transactions >= 24 * _ROUNDS
    assert seen.silence_s < seen.promotion_s + _AFTERWARDS_S, seen.logs
    assert "No differences." in seen.audited
