"""The examples on the API's page do what they say: against a whole site, by curl and in Python."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from annul.app import desk_page
from annul.client import Client
from annul.console.reference import examples
from annul.console.reference.page import calls
from annul.desk.roles import Scope
from tests.support.site import Site, open_site
from tests.support.soft import cashier

_ALL: Final = [name for name, _ in calls()]
# Only people with a session of their own do these.
_OF_PEOPLE: Final = {
    "POST /payouts/{payout}/approve",
    "POST /bank-files/{file}/confirm",
    "POST /breaks/{identity}/confirm",
    "POST /breaks/{identity}/reject",
    "POST /chargebacks/proposals/{proposal}/accept",
    "POST /chargebacks/proposals/{proposal}/dismiss",
    "POST /chargebacks/{identity}/confirm",
    "POST /chargebacks/{identity}/reject",
    "POST /merchants/{merchant}/accounts/{account}/use",
    "POST /merchants/{merchant}/moves/{move}/approve",
    "POST /orders/{order}/approve",
    "POST /orders/{order}/reject",
    "POST /transactions/{transaction}/conclusions/{conclusion}/confirm",
}
# What ends by itself, and needs nothing that only somebody else could have made.
_RUN: Final = (
    "POST /voids",
    "GET /voids/{void}",
    "GET /cases",
    "GET /transactions",
    "GET /transactions/{transaction}",
    "GET /transactions/{transaction}/conclusions",
    "GET /money-in-question",
    "GET /orders",
    "POST /diagnosis",
    "GET /merchants",
    "GET /merchants/{merchant}",
    "PATCH /merchants/{merchant}",
    "GET /merchants/{merchant}/terminals",
    "GET /issuers",
    "GET /issuers/{issuer}",
    "POST /webhooks",
    "GET /webhooks",
    "GET /promise",
    "POST /what-if",
    "GET /health",
)


def test_each_call_has_its_examples() -> None:
    for name in _ALL:
        method, path = name.split(" ")
        assert examples.curl(name).startswith("curl ")
        assert "{" not in examples.curl(name).partition("-d ")[0], name
        assert bool(examples.python(name, "http://127.0.0.1:8581")) == (name not in _OF_PEOPLE)
        if name in examples._SENT:
            assert " -T " in examples.curl(name), name
        elif method == "POST" and not path.endswith(("replay", "preview", "test", "acknowledge")):
            assert "-d " in examples.curl(name), name
    assert set(examples._PYTHON) | _OF_PEOPLE == set(_ALL)
    for table in (examples._BODIES, examples._QUERIES, examples._FILES):
        assert set(table) <= set(_ALL)


@pytest.mark.parametrize("name", sorted(set(_ALL) - _OF_PEOPLE))
def test_python_names_what_the_client_has(name: str) -> None:
    text = examples.python(name, "http://127.0.0.1:8581")
    compile(text, name, "exec")
    called = text.partition("annul.")[2].partition("as annul:")[2]
    reached = called.partition("annul.")[2].partition("(")[0]
    found: object = Client("http://127.0.0.1:8581", "annul_x")
    for part in reached.split("."):
        found = getattr(found, part)
    assert callable(found)


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[tuple[Site, str]]:
    async with (
        open_site(database, tmp_path, console_port=0) as opened,
        desk_page(opened.running.ground, opened.running) as port,
    ):
        yield opened, f"http://127.0.0.1:{port}"


async def test_the_examples_run(
    site: tuple[Site, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened, address = site
    merchant, _, _ = opened.terminals[0]
    with cashier(opened.port, opened.terminals[0]) as till:
        sale = await till.take("sale", 10_000)
        other = await till.take("sale", 10_000)
    access = opened.running.ground.access
    _, key = await access.new_key("examples", tuple(Scope), "", "test")
    monkeypatch.setenv("KEY", key)
    monkeypatch.setenv("ANNUL", f"{address}/api/v1")
    for language, rrn in (("curl", sale.rrn), ("python", other.rrn)):
        for name in _RUN:
            text = examples.curl(name) if language == "curl" else examples.python(name, address)
            known = {
                "104110058120001": merchant,
                "519820000416": rrn,
                "519820000417": await _void(opened, rrn),
                "order-4711": f"order-{rrn}",
                "019f2b6e-8d3a-7c41-9b57-2f60c1d4a8e3": await _id(opened, rrn),
                "https://shop.example": "https://192.0.2.7",
            }
            for sample, own in known.items():
                text = text.replace(sample, own)
            if language == "python":
                await asyncio.to_thread(exec, compile(text, name, "exec"), {})
            elif shutil.which("curl"):
                done = await asyncio.to_thread(
                    subprocess.run,
                    ["bash", "-euc", text],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                answer = json.loads(done.stdout)
                assert "code" not in answer or "next_step" not in answer, f"{name}: {answer}"
    assert "voided The money goes back" in capsys.readouterr().out
    assert await opened.pool.fetchval("SELECT count(*) FROM transactions WHERE kind = 'void'") == 2


async def _id(site: Site, rrn: str) -> str:
    return str(await site.pool.fetchval("SELECT id FROM transactions WHERE rrn = $1", rrn))


async def _void(site: Site, rrn: str) -> str:
    found = await site.pool.fetchval(
        "SELECT v.rrn FROM transactions v JOIN transactions s ON s.id = v.original_id"
        " WHERE s.rrn = $1", rrn
    )  # fmt: skip
    return str(found or "519820000417")
