"""Merchants whose business days end apart, at two hosts of a cell that hear of it meanwhile."""

from pathlib import Path
from zoneinfo import ZoneInfo

from annul.app import Running
from annul.domain.business_day import business_date
from tests.support.site import RogueSite, another
from tests.support.soft import cashier

_ZONE = ZoneInfo("Asia/Shanghai")
_AGREE = """
INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)
SELECT merchant_id, '2020-01-01', cut_over::time, 'li', now()
FROM unnest($1::text[], $2::text[]) AS a (merchant_id, cut_over)
"""


async def _heard(site: RogueSite, *hosts: Running) -> None:
    version = await site.pool.fetchval(
        "UPDATE reference SET version = version + 1 RETURNING version"
    )
    for one in hosts:
        await site.eventually(lambda: one.host.registry.version >= version)  # noqa: B023 - awaited


async def test_each_merchant_sells_and_voids_on_its_own_day_at_any_host(
    site: RogueSite, tmp_path: Path
) -> None:
    """At 00:00 it is always the next date; by the house it is so at 23:00 only."""
    (early, *_), (same, *_), (plain, *_) = site.terminals[:3]
    assert early == same != plain
    async with another(site, tmp_path / "second", 1) as second:
        with cashier(site.port, site.terminals[0]) as till:
            before = await till.take("sale", 1_000)  # on the house's day
            await site.pool.execute(_AGREE, [early], ["00:00"])
            await _heard(site, site.running, second)
            sold = await till.take("sale", 10_000)
            assert (await till.undo("void", sold)).state == "approved"
        with cashier(second.port, site.terminals[1]) as till:
            sold = await till.take("sale", 20_000)
            assert (await till.undo("void", sold)).state == "approved"
        with cashier(second.port, site.terminals[2]) as till:
            sold = await till.take("sale", 30_000)
            assert (await till.undo("void", sold)).state == "approved"
    assert before.state == "approved"
    rows = await site.pool.fetch(
        "SELECT t.merchant_id, t.amount, t.business_date, t.received_at, e.business_date AS posted"
        " FROM transactions t JOIN entries e ON e.subject = t.id"
    )
    house = site.running.host.calendar.cut_over
    assert {row["merchant_id"] for row in rows} == {early, plain}
    for row in rows:
        wall = row["received_at"].astimezone(_ZONE).date()
        if row["merchant_id"] == early and row["amount"] != 1_000:
            assert (row["business_date"] - wall).days == 1
        else:
            assert row["business_date"] == business_date(row["received_at"], _ZONE, house)
        assert row["posted"] == row["business_date"]
    await site.books_agree()
