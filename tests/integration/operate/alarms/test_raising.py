"""An alarm says why: by the cases of its scope, by the line, by what the issuer answers."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream
from annul.domain.alarms import Counts, Measure, Usual
from annul.operate.alarms.raising import incident
from annul.operate.alarms.standing import Standing
from tests.support.clock import NOON
from tests.support.rows import put, put_case

_BANK = "00000101"
_ISSUER = Stream(Scope.ISSUER, _BANK)
_SLOT = dict.fromkeys(
    ("requests", "approvals", "silent", "not_sent", "late", "faults", "link_drops", "garbled",
     "voids", "void_approvals"), 0,
)  # fmt: skip


async def _params(pool: asyncpg.Pool, measure: Measure, stream: Stream = _ISSUER) -> Any:
    head = Standing(stream, NOON, usual=(Usual(0.05, 0.07),) * 4)
    head.raise_alarm(measure, stream, NOON.timestamp(), Counts(60, 30, 30, 30, 30))
    one = await incident(pool, head, measure)
    assert one.params["since"] == datetime.fromtimestamp(NOON.timestamp(), UTC).isoformat()
    return one.params


@pytest.fixture
async def bank(pool: asyncpg.Pool) -> asyncpg.Pool:
    row = {"issuer_id": _BANK, "name_zh": "行", "name_en": "bank", "host": "127.0.0.1", "port": 1}
    await put(pool, "issuers", row)
    return pool


async def test_nothing_known_is_said(bank: asyncpg.Pool) -> None:
    for measure in Measure:
        params = await _params(bank, measure)
        assert params["cause"]["en"] == "not known yet"
        assert (params["cases"], params["waiting"]["en"]) == (0, "nothing")


async def test_the_line_speaks_for_silence_and_the_codes_for_refusals(bank: asyncpg.Pool) -> None:
    link = {"issuer_id": _BANK, "node": 0, "up": False, "trouble": "refused", "health": "down"}
    await put(bank, "issuer_links", link | {"at": NOON})
    slot = {"issuer_id": _BANK, "node": 0, "slot": NOON, "latencies": [], "tail": []}
    await put(bank, "issuer_stats", _SLOT | slot | {"codes": {"00": 90, "91": 7, "51": 3}})
    assert (await _params(bank, Measure.SILENCE))["cause"]["en"] == "the line is down (refused)"
    assert (await _params(bank, Measure.FAULTS))["cause"]["en"].startswith("mostly answered 91: ")
    assert (await _params(bank, Measure.LATENCY))["cause"]["zh"] == "尚不清楚"


async def test_only_cases_of_the_scope_count(bank: asyncpg.Pool) -> None:
    case = {"opened_at": NOON, "cause": "issuer_down", "amount": 5_000}
    for at, (issuer, kind, merchant) in enumerate(
        ((_BANK, "void", "A"), (_BANK, "refund", "B"), ("00000202", "void", "A"))
    ):
        more = {"issuer_id": issuer, "kind": kind, "merchant_id": merchant}
        await put_case(bank, **case, **more, number=f"60000000000{at}")
    found = {
        stream: (await _params(bank, Measure.FAULTS, stream))["cases"]
        for stream in (
            EVERYTHING,
            _ISSUER,
            Stream(Scope.KIND, f"{_BANK} void"),
            Stream(Scope.MERCHANT, "A"),
            Stream(Scope.SOFTWARE, "1.0"),
        )
    }
    assert list(found.values()) == [3, 2, 1, 2, 0]
    await bank.execute("INSERT INTO circuits VALUES ($1, 3, true, now())", _BANK)
    params = await _params(bank, Measure.FAULTS)
    assert "circuit is open" in params["itself"]["en"]
    assert "(2 of 2 cases)" in params["cause"]["en"]
