"""What lies behind an issuer when the day begins: voids of two weeks at another shop.

They are played for real and then written back in time, each card with all of its own, so that ages
and intervals stay as they were.
"""

from datetime import timedelta
from typing import Final

from annul.sim.scenes.till import Till
from annul.store.sql import load

from .play import Play

_SQL: Final = load("annul.sim.scenes.field", "history.sql")


async def written_back(
    play: Play, till: Till, *, later: timedelta = timedelta(0), least: int = 1, days: int = 13
) -> None:
    """Put what the shop of this till has done just now some days back, and so much later that day.

    Each card gets a day of its own, `least` to `least + days - 1` days ago.
    """
    merchant = till.ids[1]
    place = play.scene.place
    await place.until(*_SQL["nothing_open"](merchant=merchant), within_s=10)
    async with place.samples_lock, place.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            *_SQL["back"](merchant=merchant, later=later, least=least, days=days, now=place.now())
        )
        # Whoever learns for another issuer takes samples of all, also of what was not back yet.
        await connection.execute(*_SQL["unlearnt"](merchant=merchant))
    await place.learn(play.scene.issuer_id)
