"""Open incidents on the overview: in the reader's language, with a way to what they are about."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from annul.console.frame.live import View
from annul.console.frame.texts import Words
from annul.console.overview.incidents import incidents
from annul.desk.overview import alerts
from annul.domain.incident import Incident
from annul.store.incidents import opening
from tests.support.builders import transaction
from tests.support.desks import make_desk

_AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
_SHOP = "898000058120000"


class _View:
    """As much of a view as the part needs."""

    when = View.when

    def __init__(self, pool: asyncpg.Pool, language: str) -> None:
        self.words = Words(language)
        self.desk: Any = self
        self.pool, self.zone = pool, UTC
        self.cell, self.others = "", ()


async def _shown(pool: asyncpg.Pool, language: str) -> str:
    return str(await incidents(cast("View", _View(pool, language))))


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "zh",
            (
                *("严重", "警告", "发卡行与本系统说法不一", "分录保持原样", "两人附证据作人工结论"),
                "退货300000000077（¥123.45，发卡行00000101）",
                "在此处已是已冲正之后才被批准",
                "终端10000001批次000007：3笔与主机不符",
            ),
        ),
        (
            "en",
            (
                *("critical", "warning", "Issuer and annul say different things"),
                "refund 300000000077 (CNY 123.45, issuer 00000101)",
                "approved when it had ended as reversed",
                "Terminal 10000001, batch 000007: 3 records differ",
            ),
        ),
    ],
)
async def test_what_is_open_is_told_in_the_language_of_the_page(
    pool: asyncpg.Pool, language: str, parts: tuple[str, ...]
) -> None:
    refund = transaction(id=UUID(int=7), kind="refund", rrn="300000000077", amount=12_345)
    late = {"how": "after_its_end", "code": "00", "state": "reversed"}
    batch = {"terminal": "10000001", "batch": "000007", "count": 3}
    told = [
        Incident.of_transaction("disputed", refund, **late),
        Incident("batch_differs", _SHOP, "10000001 000007", batch),
    ]
    await pool.execute(*opening(told, _AT))
    shown = await _shown(pool, language)
    for part in parts:
        assert part in shown
    assert f'href="/transactions/{refund.id}"' in shown
    assert f'href="/merchants/{_SHOP}#batches"' in shown
    assert "{" not in shown


async def test_what_other_versions_wrote_is_shown_as_it_is(pool: asyncpg.Pool) -> None:
    await pool.executemany(
        "INSERT INTO incidents (merchant_id, id, kind, subject, detail, opened_at)"
        " VALUES ('', $1, $2, 'x', $3, $4)",
        [
            (UUID(int=1), "disputed", "Issuer 00000101 said something else.", _AT),
            (UUID(int=2), "of_a_later_version", "", _AT),
        ],
    )
    for language in ("zh", "en"):
        shown = await _shown(pool, language)
        assert "Issuer 00000101 said something else." in shown
        assert "of_a_later_version" in shown


async def test_the_gravest_come_first_and_of_one_severity_the_latest(pool: asyncpg.Pool) -> None:
    kinds = ("webhook_failed", "wrong_mac", "made_by_a_newer_version", "answers_contradict")
    for minute, kind in enumerate(kinds):
        await pool.execute(
            "INSERT INTO incidents (merchant_id, id, kind, subject, opened_at)"
            " VALUES ($1, gen_random_uuid(), $2, '', $3)",
            _SHOP,
            kind,
            _AT + timedelta(minutes=minute),
        )
    rows = await alerts(make_desk(pool))
    assert [row["kind"] for (row,) in rows] == [
        "answers_contradict",
        "made_by_a_newer_version",
        "wrong_mac",
        "webhook_failed",
    ]
