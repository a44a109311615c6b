"""Reports in a real browser: the last day that is over, its files, both languages, a shop's own."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.failed_voids import case, void

from .house import PASSWORD, SHOP, House, home_of, person

_ZONE = ZoneInfo("Asia/Shanghai")
_NOON = datetime(2026, 3, 4, 12, tzinfo=_ZONE).astimezone(UTC)
_DAY, _WEEK = "2026-03-04", "2026-W10"


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """Give a house of which one day of the past had many voids that failed."""
    with home_of() as opened:
        asyncio.run(_voided(opened))
        opened.add("sue", "support")
        opened.add("mei", "merchant", SHOP)
        yield opened


async def _voided(home: House) -> None:
    pool: asyncpg.Pool = await connect(EmbeddedPostgres(home.folder).url)
    shops = await pool.fetch("SELECT merchant_id, min(terminal_id) FROM terminals GROUP BY 1")
    mine, other = sorted(map(tuple, shops), key=lambda one: one[0] != SHOP)[:2]
    for _ in range(12):
        await case(pool, mine, _NOON, cause="issuer_limit_amount", ended="refused")
        await case(pool, other, _NOON, cause="already_undone", ended="refused")
        await void(pool, mine, _NOON - timedelta(days=1))
    await pool.close()


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            (
                "Daily report on voids, business day 2026-03-04",
                "24 voids: 0 at once",
                "worse",
                "Voids that failed, by cause",
                "Over the issuer's limit for voids",
                "Enter the limit of",
            ),
        ),
        (
            "zh",
            (
                "撤销日报　营业日 2026-03-04",
                "共 24 笔撤销：当场撤销 0",
                "变差",
                "未当场撤销，按原因",
                "超过发卡行撤销限额",
                "录为规则",
            ),
        ),
    ],
)
def test_support_reads_what_changed_and_what_to_do(
    home: House, language: str, texts: tuple[str, ...]
) -> None:
    with person(home, language=language) as sue:
        sue.sign_in("sue")
        sue.open(f"/reports?period={_DAY}")
        for text in texts:
            sue.reads(text)
        sue.until(lambda: len(sue.find_all(".chart svg")) == 2, "both charts are drawn")
        link = sue.find(".report-suggestions a")
        assert "/issuers/" in str(link.get_attribute("href"))
        sue.press(".report-suggestions a")
        sue.until(lambda: "/issuers/" in sue.driver.current_url, "where it is changed")
        assert sue.complaints() == []


def test_a_week_is_chosen_and_what_is_not_over_is_said(home: House) -> None:
    with person(home) as sue:
        sue.sign_in("sue")
        sue.open("/reports")
        sue.reads("Daily report on voids")
        sue.press_text_of(".head a", "Weekly")
        sue.reads("Weekly report on voids")
        sue.open(f"/reports?week={_WEEK}")
        sue.reads("36 voids: 12 at once")
        sue.press_text_of(".head a", "Earlier")
        sue.reads("There were no voids.")
        assert not sue.find_all("main table, .chart"), "nothing is drawn of nothing"
        sue.press_text_of(".head a", "Later")
        sue.reads("36 voids: 12 at once")
        sue.open("/reports?day=2099-01-01")
        sue.reads("These business days have not all ended")
        sue.open("/reports?period=soon")
        sue.reads("This names neither a day nor a week")


def test_a_shop_reads_its_own_on_a_phone(home: House) -> None:
    with person(home, language="zh", width=390) as mei:
        mei.sign_in("mei")
        mei.open(f"/reports?period={_DAY}")
        said = mei.reads("共 12 笔撤销")
        assert "录为规则" not in said, "that is the acquirer's"
        assert "already_undone" not in said
        wide = "return document.documentElement.scrollWidth - window.innerWidth"
        assert mei.driver.execute_script(wide) <= 0
        assert mei.complaints() == []


def test_the_files_behind_the_links(home: House) -> None:
    with httpx.Client(base_url=home.address, timeout=30) as client:
        client.post("/login", data={"name": "sue", "password": PASSWORD})
        page = client.get(f"/reports?period={_DAY}").text
        for form, begins in (("pdf", b"%PDF"), ("xlsx", b"PK")):
            there = f"/api/v1/reports/{_DAY}/file?format={form}"
            assert there in page.replace("\\u0026", "&")
            assert client.get(there).content.startswith(begins)
