"""What lies behind an issuer when the day begins: voids of two weeks at another shop.

They are played for real and then written back in time, each card with all of its own, so that ages
and intervals stay as they were.
"""

from datetime import timedelta
from typing import Final

from tests.support.scenes import Till

from .play import Play

_BACK: Final = """
UPDATE transactions t SET
    business_date = t.business_date - s.days,
    received_at = t.received_at - make_interval(days => s.days) + $2::interval,
    answered_at = t.answered_at - make_interval(days => s.days) + $2::interval,
    ended_at = t.ended_at - make_interval(days => s.days) + $2::interval
FROM (SELECT card_hash, ($3 + dense_rank() OVER (ORDER BY card_hash) % $4)::int AS days
      FROM (SELECT DISTINCT card_hash FROM transactions
            WHERE merchant_id = $1 AND received_at > now() - interval '3 hours') cards) s
WHERE t.merchant_id = $1 AND t.card_hash = s.card_hash
  AND t.received_at > now() - interval '3 hours'
"""
# Whoever learns for another issuer takes samples of all, also of what is not written back yet.
_UNLEARNT: Final = "DELETE FROM void_samples WHERE merchant_id = $1"
_SETTLED: Final = """
SELECT NOT EXISTS (SELECT FROM transactions WHERE merchant_id = $1
                   AND state IN ('received', 'sent', 'unknown', 'reversing'))
"""


async def written_back(
    play: Play, till: Till, *, later: timedelta = timedelta(0), least: int = 1, days: int = 13
) -> None:
    """Put what the shop of this till has done just now some days back, and so much later that day.

    Each card gets a day of its own, `least` to `least + days - 1` days ago.
    """
    merchant = till.ids[1]
    await play.scene.world.until(_SETTLED, merchant, within_s=10)
    world = play.scene.world
    async with world.samples_lock, world.pool.acquire() as connection, connection.transaction():
        await connection.execute(_BACK, merchant, later, least, days)
        await connection.execute(_UNLEARNT, merchant)
    await play.scene.world.learn(play.scene.issuer_id)
