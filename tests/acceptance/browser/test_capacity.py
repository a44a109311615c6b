"""The page on capacity in a browser, before anything is known and with a report of two weeks."""

import asyncio
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import Calendar
from annul.operate.capacity.gathering import gather
from annul.operate.capacity.report import work_out
from annul.operate.capacity.told import Question
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres

from .house import House, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
_WORDS = {
    "en": ("Nothing is worked out yet", "CPU of a host process", "At 20 a second half of all"),
    "zh": ("尚无结果", "主机进程的CPU", "每秒20笔时"),
}
# Two weeks of hours, and two hours of samples in which batches grow with the load.
_MEASURED = """
INSERT INTO volumes
SELECT hour, ((hour AT TIME ZONE 'Asia/Shanghai') + interval '1 hour')::date,
       1000 + 100 * (extract(isodow FROM hour) > 5)::int, 3
FROM generate_series(date_trunc('hour', now()) - interval '14 days',
                     date_trunc('hour', now()) - interval '1 hour', '1 hour') AS hour
ON CONFLICT DO NOTHING;
INSERT INTO host_samples
SELECT 0, now() - n * interval '1 minute', 60, tx, tx * 5 / (2 + n % 4),
    0.6 + 0.0004 * tx + 0.0003 * tx * 5 / (2 + n % 4), array_fill(5, ARRAY[16]),
    jsonb_build_object('open', lane, 'open_undo', lane, 'find', lane, 'conclude', lane),
    0.001 * tx, 0.3 + 0.0005 * tx, tx, 1, 1, 12, 97, 3000000000 + n, '{"transactions": 1000000000}',
    30000000000, 100000000000
FROM (SELECT n, 600 + 300 * (n % 5) AS tx FROM generate_series(1, 120) n) AS minutes
CROSS JOIN LATERAL (SELECT jsonb_build_object('statements', tx / 4, 'rows', tx / 2,
    'seconds', 0.002 * tx / 4,
    'took', to_jsonb(array_fill(0, ARRAY[10]) || ARRAY[tx / 4] || array_fill(0, ARRAY[35]))) AS lane
) AS lanes;
"""


async def _known(home: House) -> None:
    pool: Any = await connect(EmbeddedPostgres(home.folder).url)
    try:
        await pool.execute(_MEASURED)
        calendar = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
        measured = await gather(pool, calendar, datetime.now(UTC))
        report = work_out(Question(measured=measured)).model_dump(mode="json")
        await pool.execute(
            "INSERT INTO capacity_reports (at, report) VALUES (now(), $1)"
            " ON CONFLICT (one) DO UPDATE SET report = excluded.report",
            report,
        )
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def known(home: House) -> House:
    """Give a house in which two weeks were measured; first it is looked at without them."""
    for language, (nothing, _, _) in _WORDS.items():
        home.add(f"cap-{language}", "operator")
        with person(home, language=language) as cap:
            cap.sign_in(f"cap-{language}")
            cap.open("/capacity")
            cap.reads(nothing, "main")
    asyncio.run(_known(home))
    return home


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_operator_sees_what_is_carried_and_asks_for_a_plan(known: House, language: str) -> None:
    _, threshold, planned = _WORDS[language]
    with person(known, language=language) as cap:
        cap.sign_in(f"cap-{language}")
        cap.open("/capacity")
        cap.reads(threshold, "main")
        assert cap.find_all("main .chart svg")
        cap.fill("input[name=tps]", "20")
        cap.press("main form button")
        cap.reads(planned, "main", within_s=60.0)
        assert cap.driver.execute_script(_WIDE) <= 0
        assert cap.complaints() == []
        cap.open("/capacity?tps=much")
        assert cap.text("main .warned")


def test_the_command_tells_the_same(known: House) -> None:
    said = known.annul("capacity", f"--data={known.folder}", "--at=20", "--lang=en")
    assert "CPU of a host process" in said
    assert "planned " in said
    assert "Traceback" not in said
