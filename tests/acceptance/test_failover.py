"""The database fails over in full load: annul goes on by itself, and says what was lost if any."""

from pathlib import Path
from typing import Final

from tests.support.failover import drill
from tests.support.servers import pair

_ROUNDS: Final = 16
_LOST: Final = 40
_AFTERWARDS_S: Final = 3.0  # until a terminal that was refused has come again and was approved


async def test_a_synchronous_standby_takes_over_and_nothing_is_lost(folder: Path) -> None:
    """No till is refused for longer than the promotion takes, and the time to come again."""
    with pair() as two:
        await two.start(synchronous=True)
        seen = await drill(folder, two, rounds=_ROUNDS)
    assert seen.verdict.holds, (seen.verdict, seen.logs)
    assert seen.verdict.transactions >= 24 * _ROUNDS
    assert seen.silence_s < seen.promotion_s + _AFTERWARDS_S, seen.logs
    assert "No differences." in seen.audited


async def test_what_an_asynchronous_standby_has_lost_is_named_one_by_one(folder: Path) -> None:
    """Tills hold slips of it and the issuer has booked it: no row of the new first knows it."""
    with pair() as two:
        await two.start(synchronous=False)
        seen = await drill(folder, two, rounds=_ROUNDS, before=two.part, more=_LOST)
    assert len(seen.forgotten) >= _LOST // 2, seen.logs
    assert seen.forgotten <= seen.told, seen.logs
    assert "writes_lost" in seen.logs
    assert "[audit_lost]" in seen.audited
    named = [rrn for rrn in seen.forgotten if rrn in seen.audited]
    assert named, "those that the first host served"
    assert seen.silence_s < seen.promotion_s + _AFTERWARDS_S
