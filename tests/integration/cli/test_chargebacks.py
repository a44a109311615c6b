"""`annul chargebacks`: a claim is entered, answered with a document, and confirmed by another."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application
from annul.desk.access import Access
from annul.security.masterkey import read_master_key
from annul.security.vault import Vault
from annul.store.clock import SystemClock
from tests.support.rows import put, put_transaction

_PASSWORD = "a longer one of their own"
TEA = "898000058120000"
BECAUSE = ("--reason", "from the network")


@pytest.fixture(autouse=True)
async def people(pool: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop, and two people who may work on chargebacks."""
    monkeypatch.setenv("ANNUL_MASTER_KEY", bytes(range(32)).hex())
    monkeypatch.setenv("ANNUL_PASSWORD", _PASSWORD)
    names = {"name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(pool, "merchants", {"merchant_id": TEA, **names})
    vault = Vault(read_master_key(tmp_path / "none", bytes(range(32)).hex()))
    access = Access(pool, SystemClock(), vault)
    for name, role in (("li", "operator"), ("wang", "administrator")):
        await access.add(name, _PASSWORD, role)


async def _typed(database: str, *words: str, user: str = "li") -> Any:
    who = [] if words[0] in {"list", "show", "proposals"} else ["--user", user]
    arguments = ["chargebacks", *words, "--database", database, "--data", "none", *who]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def _json(database: str, *words: str, user: str = "li") -> Any:
    done = await _typed(database, *words, "--json", user=user)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def test_a_claim_from_the_first_word_to_its_end(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    sale = await put_transaction(pool, 1)
    said = await _typed(database, "list", "--lang", "zh")
    assert said.stdout.strip() == "没有。"
    claim = ("enter", "CB1", sale.rrn, "--claims", "not_received", *BECAUSE)
    one = await _json(database, *claim)
    assert (one["stage"], one["held"]) == ("first_chargeback", 10_000)
    listed = await _typed(database, "list", "--lang", "en")
    assert "first chargeback" in listed.stdout
    assert "100.00" in listed.stdout
    taken = await _typed(database, "assign", one["id"], "wang", "--lang", "en")
    assert taken.stdout.strip() == f"{one['id']}: wang works on it", taken.output
    assert (await _json(database, "assign", one["id"]))["owner"] == ""
    assert (await _typed(database, "assign", one["id"], "nobody")).exit_code != 0
    bare = await _typed(database, "act", one["id"], "represent", *BECAUSE)
    assert bare.exit_code != 0, "no evidence"
    slip = tmp_path / "delivered.pdf"
    slip.write_bytes(b"%PDF-1.7 delivered")
    kept = await _json(database, "attach", one["id"], str(slip), "--kind", "delivery")
    assert kept["chargeback"] == one["id"]
    answered = await _typed(database, "act", one["id"], "represent", *BECAUSE, "--lang", "zh")
    assert "已再请款" in answered.stdout, answered.output
    won = await _json(database, "act", one["id"], "withdraw", *BECAUSE)
    assert (won["stage"], won["money"]) == ("won", "returned")
    shown = json.loads((await _typed(database, "show", one["id"])).stdout)
    assert [told["what"] for told in shown["history"]][-2:] == ["represent", "withdraw"]
    assert await _json(database, "list") == []
    assert len(await _json(database, "list", "--stage", "ended")) == 1


async def test_a_large_one_waits_for_another_person(database: str, pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1, amount=400_000)
    claim = ("enter", "CB1", str(sale.id), "--claims", "fraud", *BECAUSE, "--lang", "en")
    asked = await _typed(database, *claim)
    assert "waits for a second person" in asked.stdout, asked.output
    [one] = await _json(database, "list", "--stage", "asked")
    alone = await _typed(database, "confirm", one["id"], *BECAUSE)
    assert alone.exit_code != 0
    back = await _typed(database, "reject", one["id"], *BECAUSE, user="wang")
    assert back.exit_code == 0, back.output
    again = await _typed(database, "act", one["id"], "charge_back", *BECAUSE)
    assert again.exit_code == 0, again.output
    done = await _json(database, "confirm", one["id"], *BECAUSE, user="wang")
    assert (done["stage"], done["held"]) == ("first_chargeback", 400_000)


async def test_a_retrieval_request_moves_nothing(database: str, pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1)
    claim = ("enter", "CB1", sale.rrn, "--claims", "not_recognised", "--retrieval", *BECAUSE)
    one = await _json(database, *claim)
    assert (one["stage"], one["money"]) == ("retrieval", "none")
    wrong = await _typed(database, "list", "--stage", "nowhere")
    assert wrong.exit_code != 0


async def test_what_a_file_tells_is_taken_up_or_dismissed(
    database: str, pool: asyncpg.Pool
) -> None:
    assert await _json(database, "proposals") == []
    sales = [await put_transaction(pool, trace) for trace in (1, 2)]
    for line, sale in enumerate(sales, 2):
        told = {"merchant_id": TEA, "id": uuid4(), "file_id": uuid4(), "line": line}
        of = {"transaction_id": sale.id, "act": "charge_back", "rrn": sale.rrn, "amount": 10_000}
        waits = {"currency": "156", "found_at": sale.received_at, "state": "waiting"}
        await put(pool, "chargeback_proposals", told | of | waits)
    said = await _typed(database, "proposals", "--lang", "en")
    assert "enter the first chargeback; none is live" in said.stdout, said.output
    first, second = (row["id"] for row in await _json(database, "proposals"))
    one = await _json(
        database, "take-up", first, "--number", "CB1", "--claims", "fraud", *BECAUSE
    )  # fmt: skip
    assert (one["stage"], one["line"]) == ("first_chargeback", 2)
    done = await _typed(database, "dismiss", second, *BECAUSE, "--lang", "en")
    assert done.stdout.strip() == "Dismissed.", done.output
    again = await _typed(database, "dismiss", second, *BECAUSE)
    assert again.exit_code != 0
    assert await _json(database, "proposals") == []
