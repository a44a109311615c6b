"""What is kept of what fails: masked, bounded, once, and never instead of the money."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.guesses import QUIET_S
from annul.domain.incident import Incident
from annul.domain.records import Transaction
from annul.host.evidence import DoorRefusal, EvidenceKeeper
from tests.support.builders import transaction
from tests.support.clock import NOON, HeldClock
from tests.support.hosts import Inside, Till
from tests.support.rows import put

_WHO = ("898000058120000", "10000001")


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def evidence(pool: asyncpg.Pool, clock: HeldClock) -> AsyncIterator[EvidenceKeeper]:
    shop = {"merchant_id": _WHO[0], "name_zh": "店", "name_en": "Shop", "category": "5411"}
    await put(pool, "merchants", shop)
    await put(pool, "terminals", {"merchant_id": _WHO[0], "terminal_id": _WHO[1]})
    kept = EvidenceKeeper(pool, clock, 0)
    yield kept
    await kept.close()


def _refusal(number: int, **changes: Any) -> DoorRefusal:
    values: dict[str, Any] = {
        "merchant_id": _WHO[0],
        "id": uuid4(),
        "terminal_id": _WHO[1],
        "kind": "void",
        "batch": "000001",
        "trace": f"{number:06d}",
        "rrn": f"6000000{number:05d}",
        "amount": 10_000,
        "card_masked": "620001******0007",
        "card_hash": b"card",
        "response_code": "30",
        "rule": "format",
        "original_batch": "000001",
        "original_trace": "000002",
        "received_at": NOON,
        "business_date": date(2026, 11, 25),
        "digest": b"%d" % number,
    }
    return DoorRefusal(**(values | changes))


async def _kept(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM refusals")


async def test_messages_are_kept_in_order_and_without_cards(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    inside.rogue.always("void", "51")
    await till.ask("void", till.undoing("void", sold))
    rows = await inside.pool.fetch("SELECT direction, mti, fields FROM messages ORDER BY line")
    assert [(row["direction"], row["mti"]) for row in rows] == [
        ("terminal_in", "0200"),
        ("issuer_out", "0200"),
        ("issuer_in", "0210"),
        ("terminal_out", "0210"),
    ]
    assert [row["fields"].get("39") for row in rows] == [None, None, "51", "51"]
    assert {row["fields"].get("2", "620001******0007") for row in rows} == {"620001******0007"}
    assert not [row for row in rows if "6200010000000007" in str(row["fields"])]


async def test_a_repeat_keeps_no_second_message(
    evidence: EvidenceKeeper, pool: asyncpg.Pool
) -> None:
    void: Transaction = transaction(kind="void")
    for code in ("51", "05"):
        await evidence.messages(void, NOON, [("terminal_out", "0210", {39: code})])
    rows = await pool.fetch("SELECT fields FROM messages")
    assert [row["fields"] for row in rows] == [{"39": "51"}]


async def test_the_same_bytes_are_refused_under_one_number(
    evidence: EvidenceKeeper, pool: asyncpg.Pool, clock: HeldClock
) -> None:
    first = await evidence.refused(_refusal(1))
    again = await evidence.refused(_refusal(2, digest=b"1"))
    assert first == again == "600000000001"
    after_a_restart = EvidenceKeeper(pool, clock, 0)
    assert await after_a_restart.refused(_refusal(3, digest=b"1")) == first
    await after_a_restart.close()
    assert await _kept(pool) == 1


async def test_a_terminal_fills_no_table(
    evidence: EvidenceKeeper, pool: asyncpg.Pool, clock: HeldClock
) -> None:
    numbers = [await evidence.refused(_refusal(number)) for number in range(1, 33)]
    assert [bool(number) for number in numbers] == [True] * 30 + [False] * 2
    assert await evidence.refused(_refusal(1)) == numbers[0], "what is known uses up nothing"
    other = _refusal(77, terminal_id="10000002")
    assert await evidence.refused(other), "each has a quota of its own"
    clock.forward(seconds=60)
    assert await evidence.refused(_refusal(31)) == "600000000031"
    assert await _kept(pool) == 32


async def test_trouble_adds_up_by_the_minute(
    evidence: EvidenceKeeper, inside: Inside, pool: asyncpg.Pool, clock: HeldClock
) -> None:
    for what in ("reversals", "reversals", "wrong_mac"):
        evidence.trouble(*_WHO, what)
    await evidence.flush(inside.host.issuers)
    evidence.trouble(*_WHO, "reversals")
    await evidence.flush(inside.host.issuers)
    clock.forward(minutes=1)
    evidence.trouble(*_WHO, "link_drops")
    for _ in range(2):
        await evidence.flush(inside.host.issuers)
    rows = await pool.fetch(
        "SELECT reversals, wrong_mac, link_drops FROM terminal_stats ORDER BY minute"
    )
    assert [tuple(row) for row in rows] == [(3, 1, 0), (0, 0, 1)]


async def test_an_alarm_is_one_incident_while_it_is_open(inside: Inside, till: Till) -> None:
    await inside.sold(till)
    for _ in range(2):
        for trace in range(12):
            forged = till.keyed.signed("0200", till.fields("sale", f11=f"{trace:06d}"))
            await till.line.told(forged[:-8] + b"0BADC0DE")
        await inside.host.evidence.flush(inside.host.issuers)
    assert await inside.incidents() == ["wrong_mac"]


async def test_an_alarm_that_two_flushes_write_is_one(
    evidence: EvidenceKeeper, inside: Inside
) -> None:
    """The resolver asks for a flush of its own, whenever that is: two may be under way."""
    lines = inside.host.issuers
    evidence.alarm(Incident.of("wrong_mac", _WHO[0], _WHO[1], terminal=_WHO[1]))
    await asyncio.gather(evidence.flush(lines), evidence.flush(lines))
    assert await inside.incidents() == ["wrong_mac"]
    assert evidence.missed == 0


# Guessed vouchers -------------------------------------------------------------------------------


async def _guess(till: Till, times: int, **more: Any) -> None:
    for _ in range(times):
        said = await till.ask(
            "void", till.fields("void", f37="600000000777", f61="000001000777", **more)
        )
        assert said.code == "25"


async def test_five_guessed_vouchers_in_a_row_are_one_alarm(inside: Inside, till: Till) -> None:
    evidence, lines = inside.host.evidence, inside.host.issuers
    await _guess(till, 3)
    await evidence.flush(lines)
    await _guess(till, 1)
    await evidence.flush(lines)
    assert await inside.incidents() == []
    for _ in range(2):
        await _guess(till, 1)
        await evidence.flush(lines)
    assert await inside.incidents() == ["vouchers_guessed"]
    row = await inside.pool.fetchrow("SELECT subject, params FROM incidents")
    assert row is not None
    assert row["subject"] == till.keyed.who[1]
    assert row["params"] == {"terminal": row["subject"], "how": "in_row", "count": 5}
    inside.clock.forward(seconds=QUIET_S + 61)
    await evidence.flush(lines)
    assert await inside.incidents() == [], "it was quiet since"


async def test_a_cashier_who_errs_and_then_reads_the_slip_is_no_alarm(
    inside: Inside, till: Till
) -> None:
    for _ in range(3):
        sold = await inside.sold(till)
        await _guess(till, 2)
        assert (await till.ask("void", till.undoing("void", sold))).code == "00"
        await inside.host.evidence.flush(inside.host.issuers)
    assert await inside.incidents() == []
    await _guess(till, 2)
    await inside.host.evidence.flush(inside.host.issuers)
    assert await inside.incidents() == ["vouchers_guessed"], "eight in ten minutes are none's slip"


async def test_the_same_bytes_are_guessed_once(inside: Inside, till: Till) -> None:
    """Whoever has seen a wrong one sends it again: that says nothing of the terminal."""
    body = till.keyed.signed("0200", till.fields("void", f37="600000000777", f61="000001000777"))
    for _ in range(6):
        assert (await till.line.told(body)).code == "25"
    stranger = till.keyed.signed(
        "0200", till.fields("void", f37="600000000777", f61="000001000778")
    )
    for _ in range(6):
        assert (await till.line.told(stranger[:-8] + b"0BADC0DE")).code == "A0"
    await inside.host.evidence.flush(inside.host.issuers)
    assert await inside.incidents() == []
    assert await inside.pool.fetchval("SELECT sum(guessed) FROM terminal_stats") == 1


async def test_hosts_count_guesses_together(
    evidence: EvidenceKeeper, inside: Inside, clock: HeldClock
) -> None:
    other = EvidenceKeeper(inside.pool, clock, 1)
    for one, times in ((evidence, 2), (other, 2), (evidence, 1)):
        for _ in range(times):
            one.named(*_WHO, right=False)
        assert await inside.incidents() == []
        await one.flush(inside.host.issuers)
    assert await inside.incidents() == ["vouchers_guessed"]
    await other.close()


async def test_a_shop_that_guesses_over_its_terminals_is_one_alarm(
    evidence: EvidenceKeeper, inside: Inside, pool: asyncpg.Pool
) -> None:
    tills = [f"1000010{number}" for number in range(9)]
    for terminal in tills:
        await put(pool, "terminals", {"merchant_id": _WHO[0], "terminal_id": terminal})
        evidence.named(_WHO[0], terminal, right=False)
        await evidence.flush(inside.host.issuers)
    rows = await pool.fetch("SELECT subject, params->>'how' FROM incidents")
    assert [tuple(row) for row in rows] == [(tills[7], "of_shop")]


async def test_how_a_line_is_seen_is_one_row_however_often_it_is_written(
    inside: Inside, till: Till
) -> None:
    evidence = inside.host.evidence
    for _ in range(2):
        await inside.sold(till)
        await evidence.flush(inside.host.issuers)
    rows = await inside.pool.fetch("SELECT issuer_id, up, trouble, health FROM issuer_links")
    assert len(rows) == 3
    assert {(row["up"], row["trouble"], row["health"]) for row in rows} == {(True, "", "up")}
    assert await inside.pool.fetchval("SELECT sum(requests) FROM issuer_stats") == 2


async def test_what_can_not_be_written_is_counted_and_stops_nobody(
    database: str, evidence: EvidenceKeeper, inside: Inside, pool: asyncpg.Pool
) -> None:
    del database
    evidence.trouble(*_WHO, "reversals")
    await pool.close()
    assert await evidence.refused(_refusal(1)) == ""
    await evidence.messages(transaction(), NOON, [("terminal_out", "0210", {39: "51"})])
    await evidence.flush(inside.host.issuers)
    assert evidence.missed == 3
