"""A slip that differs: the operator finds its rows on the merchant's page and resolves them."""

import asyncio

import asyncpg
import pytest

from annul.store.embedded import EmbeddedPostgres

from .house import SHOP, House, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
_WORDS = {
    "en": ("Slips that differ", "Resolve", "Do it", "CNY 5.00", "nothing"),
    "zh": ("批次差异", "处理", "执行", "¥5.00", "无"),
}
_DIFFERS = """
WITH of AS (
    SELECT merchant_id, min(terminal_id) AS terminal_id FROM terminals
    WHERE merchant_id = $1 GROUP BY merchant_id
), settled AS (
    INSERT INTO batches (merchant_id, terminal_id, batch, settled_at, balanced, upload_ended,
                         debit_amount, debit_count, credit_amount, credit_count, claimed)
    SELECT merchant_id, terminal_id, $2, now(), false, true, 0, 0, 0, 0, '' FROM of
), rows AS (
    INSERT INTO batch_differences (merchant_id, terminal_id, batch, trace, claimed, kept, found_at)
    SELECT merchant_id, terminal_id, $2, trace, claimed, kept, now()
    FROM of, (VALUES ('000001', 500, NULL), ('000002', NULL, 700)) AS v (trace, claimed, kept)
)
INSERT INTO incidents (merchant_id, id, kind, subject, params, opened_at)
SELECT merchant_id, gen_random_uuid(), 'batch_differs', terminal_id || ' ' || $2,
       jsonb_build_object('terminal', terminal_id, 'batch', $2, 'count', 2), now()
FROM of
"""


async def _ran(home: House, statement: str, *values: str) -> int:
    owner = await asyncpg.connect(EmbeddedPostgres(home.folder).superuser_url)
    try:
        return await owner.fetchval(statement, *values) or 0
    finally:
        await owner.close()


@pytest.mark.parametrize(("language", "batch"), [("en", "000901"), ("zh", "000902")])
def test_the_rows_of_a_slip_are_resolved_one_by_one(home: House, language: str, batch: str) -> None:
    title, resolve, go, claimed, nothing = _WORDS[language]
    asyncio.run(_ran(home, _DIFFERS, SHOP, batch))
    still = "SELECT count(*) FROM incidents WHERE kind = 'batch_differs' AND closed_at IS NULL"
    home.add(f"bo-{language}", "operator")
    with person(home, language=language) as bo:
        bo.sign_in(f"bo-{language}")
        bo.open("/")
        bo.press(f"a[href='/merchants/{SHOP}#batches']")
        said = bo.reads(title, "#batches")
        assert claimed in said
        assert nothing in said
        assert bo.driver.execute_script(_WIDE) <= 0
        for left in (1, 0):
            bo.press_text_of("#batches button", resolve)
            bo.fill(".q-dialog textarea", "slip seen")
            bo.press_text(go)
            bo.until(lambda n=left: len(bo.find_all("#batches tbody tr")) == n, f"{left} rows left")
        assert asyncio.run(_ran(home, still)) == 0
        assert bo.complaints() == []
