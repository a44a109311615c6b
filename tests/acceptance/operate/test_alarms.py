"""An issuer that goes silent is told of once, with its cause, and is over by what works again."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import CARD, Cashier

_WITHIN_S = 30.0  # counts are written every three seconds, and judged every three


@pytest.fixture
async def site(database: str, tmp_path: Path) -> Any:
    async with open_rogue_site(database, tmp_path, timeout_ms=200, issuers=2) as opened:
        yield opened


async def _sales(till: Cashier, card: str, numbers: Any, often: int) -> list[str]:
    """Sell to so many customers, each with a card of its own."""
    return [
        (await till.take("sale", 1_000, f"{card[:8]}{next(numbers):08d}")).state
        for _ in range(often)
    ]


async def _judged(site: RogueSite) -> None:
    tally = site.running.host.issuers.tally
    assert tally is not None
    await site.eventually(lambda: not tally._ways and not tally._shops, within_s=_WITHIN_S)
    await site.until("NOT EXISTS (SELECT FROM watch_counts)", within_s=_WITHIN_S)


async def _told(site: RogueSite) -> list[Any]:
    return await site.pool.fetch(
        "SELECT * FROM incidents WHERE kind = 'went_silent' ORDER BY opened_at"
    )


async def test_an_issuer_that_goes_silent_is_told_of_once_until_it_answers_again(
    site: RogueSite,
) -> None:
    numbers = count()
    with site.tills(2) as tills:
        for till in tills:
            assert set(await _sales(till, CARD, numbers, 10)) == {"approved"}
        await _judged(site)
        assert await _told(site) == []
        site.rogue.silent("sale")  # it goes on to answer reversals
        assert set(await _sales(tills[0], CARD, numbers, 9)).isdisjoint({"approved"})
        await site.has_incident("went_silent", within_s=_WITHIN_S)
        await _judged(site)
        (row,) = await _told(site)
        said = INCIDENTS[row["kind"]].said(row["params"], Reader("en"))
        # Unless it was told before the first reversal was answered.
        assert row["subject"] in {"kind 00000101 sale", "issuer 00000101"}
        assert "get no answer" in said
        # Nobody opens a case for a sale: the diagnosis is asked about the sales themselves. Whoever
        # was told of before the last of them failed is told of them within half a minute.
        await site.until(
            "EXISTS (SELECT FROM incidents WHERE kind = 'went_silent'"
            " AND (params->>'bad')::integer >= 8 AND params->'cause' ? 'name'"
            " AND (params->'cause'->>'asked')::integer >= 8)",
            within_s=2 * _WITHIN_S,
        )
        site.rogue.rules.clear()
        for till in tills:
            await _sales(till, CARD, numbers, 10)
        await site.until(
            "NOT EXISTS (SELECT FROM incidents WHERE kind = 'went_silent' AND closed_at IS NULL)",
            within_s=_WITHIN_S,
        )
        assert len(await _told(site)) == 1


async def test_a_line_that_is_down_is_the_cause(site: RogueSite) -> None:
    numbers = count()
    with site.tills(2) as tills:
        for till in tills:
            await _sales(till, CARD, numbers, 10)
        await _judged(site)
        for one in site.rogues:
            await one.close()
        for till in tills:
            await _sales(till, CARD, numbers, 8)
        await site.has_incident("went_silent", within_s=_WITHIN_S)
        (row,) = await _told(site)
        assert row["subject"] == "issuer 00000101"
        await site.until(
            "EXISTS (SELECT FROM incidents WHERE kind = 'went_silent'"
            " AND params->'cause'->>'en' LIKE 'the line is down%')",
            within_s=2 * _WITHIN_S,
        )
        for one in site.rogues:
            await one.open()
