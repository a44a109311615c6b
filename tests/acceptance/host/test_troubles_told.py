"""A real terminal hears with an approved sale that the issuer of the card has trouble."""

import asyncio
from pathlib import Path
from uuid import uuid4

from annul.domain.terminal_notes import ISSUER_TROUBLE
from tests.support.clock import NOON
from tests.support.rows import put
from tests.support.site import open_site
from tests.support.soft import cashier


async def test_a_sale_is_answered_with_the_trouble_of_its_issuer(
    database: str, tmp_path: Path
) -> None:
    async with open_site(database, tmp_path) as site:
        issuer = next(iter(site.running.host.issuers.lines))
        row = {
            "id": uuid4(), "number": "E261127-100001", "scope": "issuer", "member": issuer,
            "severity": "warning", "opened_at": NOON, "joined_at": NOON, "down_since": NOON,
            "closed_at": NOON,  # so that nothing looks after it
        }  # fmt: skip
        await put(site.pool, "incident_heads", row)
        async with asyncio.timeout(10):
            while issuer not in site.running.host.troubles.down:
                await asyncio.sleep(0.05)
        with cashier(site.port, site.terminals[0]) as till:
            sold = await till.take("sale", 10_000)
        assert (sold.state, sold.note) == ("approved", ISSUER_TROUBLE.zh)
