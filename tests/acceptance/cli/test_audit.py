"""`annul audit` beside a running site: silent while the books agree, plain when they do not."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from annul.resolve.audit import GRACE, Auditor
from annul.resolve.exports import checked
from annul.resolve.sweep import Sweep
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.terminal.batch import settle
from annul.sim.terminal.errors import NoAnswerFromHost
from annul.store.clock import SystemClock
from annul.store.database import connect
from tests.support.processes import annul
from tests.support.roles import as_owner
from tests.support.site import Site, open_site
from tests.support.soft import Cashier, cashier

_PASSWORD = "correct horse battery"
_LATER = GRACE + timedelta(minutes=1)  # nothing is too young for the sweep, no case overdue


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give a site whose issuers have a second: a day with many silences is soon over."""
    async with open_site(database, tmp_path, timeout_ms=1_000) as opened:
        yield opened


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


class Later(SystemClock):
    """The clock of this machine, ahead by what makes rows old enough."""

    def now(self) -> Any:
        return super().now() + _LATER


def _once(site: Site, kind: FaultKind, **aim: Any) -> None:
    site.issuer.server.faults.rows.append(Fault(kind, left=1, **aim))


async def _a_day(site: Site, till: Cashier) -> None:
    """Do all that a shop does in a day, with an issuer that is not always well."""
    await till.take("sale", 10_000)
    for kind, back, amount in (("sale", "void", 12_300), ("qr_sale", "qr_void", 4_560)):
        await till.undo(back, await till.take(kind, amount))
    for kind, back in (("sale", "refund"), ("qr_sale", "qr_refund")):
        sale = await till.take(kind, 9_999)
        for part in (3_333, 3_333, 3_333):
            assert (await till.undo(back, sale, part)).state == "approved"
        partly = await till.take(kind, 9_999)
        assert (await till.undo(back, partly, 1)).state == "approved"
        assert (await till.undo(back, partly, 9_999)).state == "declined"
    await till.undo("preauth_void", await till.take("preauth", 30_000))
    completed = await till.undo("completion", await till.take("preauth", 30_000), 33_000)
    await till.undo("completion_void", completed)
    refunded = await till.undo("completion", await till.take("preauth", 20_000), 15_000)
    await till.undo("refund", refunded, 15_000)
    await till.undo("completion_advice", await till.take("preauth", 7_000), 7_000)
    assert (await till.take("balance", 0)).state == "approved"
    for fault in (FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER):
        _once(site, fault, of_kind="sale")
        assert (await till.take("sale", 2_000)).response_code == "98"
        sale = await till.take("sale", 3_000)
        _once(site, fault, of_kind="void")
        assert (await till.undo("void", sale)).response_code == "98"
        sale = await till.take("sale", 4_000)
        _once(site, fault, of_kind="refund")
        await till.undo("refund", sale, 1_500)
    for code in ("51", "96"):
        _once(site, FaultKind.CODE, of_kind="sale", code=code)
        await till.take("sale", 5_000)
        sale = await till.take("sale", 6_000)
        _once(site, FaultKind.CODE, of_kind="void", code=code)
        await till.undo("void", sale)
    _once(site, FaultKind.DELAY, of_kind="sale", low_ms=1_500, high_ms=1_500)
    late = await till.take("sale", 7_000)
    async with asyncio.timeout(20):
        while not await site.pool.fetchval(
            "SELECT late_code FROM transactions WHERE trace = $1", late.trace
        ):
            await asyncio.sleep(0.02)
    await _taken_back_by_its_terminal(site)
    await settle(till.terminal)


async def _taken_back_by_its_terminal(site: Site) -> None:
    with cashier(site.port, site.terminals[1], timeout_s=0.1) as other:
        await other.terminal.sign_in()
        _once(site, FaultKind.DELAY, of_kind="sale", low_ms=300, high_ms=300)
        with pytest.raises(NoAnswerFromHost):
            await other.take("sale", 8_000)
        profile = other.terminal.profile.model_copy(update={"timeout_s": 10.0})
        other.terminal.profile = profile
        await other.take("sale", 8_100)


async def _annul(site: Site, database: str, *words: str) -> tuple[int, str]:
    data = site.running.ground.settings.data
    status, out, err = await asyncio.to_thread(
        annul,
        "audit",
        *words,
        cwd=data,
        environment={
            "LANG": "C.UTF-8",
            "ANNUL_PASSWORD": _PASSWORD,
            "ANNUL_DATABASE": database,
            "ANNUL_MASTER_KEY_FILE": str(data / "master.key"),
        },
    )
    return status, out + err


async def test_a_day_with_an_issuer_that_is_unwell_leaves_no_differences(
    site: Site, till: Cashier
) -> None:
    await _a_day(site, till)
    await site.settled()
    async with asyncio.timeout(30):
        while await site.pool.fetchval(
            "SELECT count(*) FROM transactions WHERE kind <> 'sale' AND NOT cased"
            " AND state IN ('declined', 'unknown', 'reversing', 'reversed') AND batch !~ '^A'"
            " AND original_id IS NOT NULL"
        ):
            await asyncio.sleep(0.05)
    kinds = await site.pool.fetch("SELECT DISTINCT kind, state FROM transactions")
    assert len(kinds) > 20, "all of it has happened"

    report = await Auditor(site.pool).everything(Later().now())
    assert report.differences == []
    assert (await Sweep(Auditor(site.pool, 5.0), Later()).round()).differences == []
    assert not await site.pool.fetchval("SELECT count(*) FROM incidents WHERE kind LIKE 'audit%'")


async def test_differences_are_printed_with_what_to_do_until_they_are_mended(
    site: Site, till: Cashier, database: str
) -> None:
    sale = await till.take("sale", 12_345)
    assert await _annul(site, database) == (0, "No differences.\n")
    assert await _annul(site, database, "--lang=zh") == (0, "没有差异。\n")

    owner = await connect(database)
    await owner.execute(
        "UPDATE transactions SET received_at = received_at - interval '1 hour', late_code = '51',"
        " late_at = received_at; UPDATE merchant_balances SET pending = pending + 1"
    )
    status, text = await _annul(site, database, "--lang=en")
    assert status == 1
    for part in (
        "It stands here; the issuer said later",
        "[audit_approved_then_declined]  1",
        "money: ",
        "next: ",
        sale.rrn,
        "amount CNY 123.45",
        "answered late 51",
        "[audit_balance]",
        "Differences: 2",
        "2 incidents opened, 0 closed.",
    ):
        assert part in text, text
    status, text = await _annul(site, database, "--lang=zh")
    assert status == 1
    for part in ("发卡行后来说未入账", "资金: ", "下一步: ", "金额 ¥123.45", "差异2处"):
        assert part in text, text
    assert "新开事件" not in text, "they are open already"
    status, text = await _annul(site, database, "--json")
    assert status == 1
    found = json.loads(text)
    assert [one["kind"] for one in found["differences"]] == [
        "audit_approved_then_declined",
        "audit_balance",
    ]
    assert found["differences"][0]["reference"] == sale.rrn
    assert found["differences"][0]["facts"]["late_code"] == "51"
    assert (found["opened"], found["closed"], found["more"]) == (0, 0, [])

    access = site.running.ground.access
    await access.add("olga", _PASSWORD, "operator")
    words = ("--explain", sale.rrn, "--user=olga")
    status, text = await _annul(site, database, *words)
    assert (status, "with a reason" in text) == (1, True)
    status, text = await _annul(
        site, database, *words, "--reason=the issuer wrote that it is booked"
    )
    assert (status, "[audit_approved_then_declined]" in text) == (0, True)
    status, text = await _annul(site, database, "--lang=en")
    assert (status, "audit_approved_then_declined" in text, "Differences: 1\n" in text) == (
        1,
        False,
        True,
    )

    await owner.execute(
        "UPDATE transactions SET late_code = ''; UPDATE merchant_balances SET pending = pending - 1"
    )
    assert await _annul(site, database, "--lang=en") == (
        0,
        "No differences.\n0 incidents opened, 1 closed.\n",
    )
    await owner.close()


async def test_what_a_shop_has_and_nothing_explains_is_printed(
    site: Site, till: Cashier, database: str
) -> None:
    await till.take("sale", 12_345)
    owner = await connect(database)
    await owner.execute("UPDATE merchant_balances SET available = available + 7")
    status, text = await _annul(site, database, "--lang=en")
    assert status == 1
    for part in ("[audit_available]  1", "available CNY 0.07", "by what is in it CNY 0.00"):
        assert part in text, text
    await owner.execute("UPDATE merchant_balances SET available = available - 7")
    assert (await _annul(site, database, "--lang=en"))[0] == 0
    await owner.close()


async def test_a_host_looks_by_itself_and_tells(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annul.app.hosting.Sweep", partial(Sweep, first_s=0.0, every_s=0.1))
    for rests in ("_RESTS", "_RESTS_AGAIN"):
        monkeypatch.setattr(f"annul.resolve.sweep.{rests}", 0.0)
    async with open_site(database, tmp_path) as site:
        with cashier(site.port, site.terminals[0]) as till:
            await till.take("sale", 12_345)
        owner = await connect(database)
        for late_code, open_ones in (("51", 1), ("", 0)):
            await owner.execute(
                "UPDATE transactions SET received_at = received_at - interval '1 hour',"
                " late_code = $1, late_at = received_at",
                late_code,
            )
            async with asyncio.timeout(20):
                while open_ones != await site.pool.fetchval(
                    "SELECT count(*) FROM incidents WHERE closed_at IS NULL"
                    " AND kind = 'audit_approved_then_declined'"
                ):
                    await asyncio.sleep(0.02)
        await owner.close()


async def test_what_the_owner_rewrites_is_found_by_seals_and_exports(
    site: Site, database: str, tmp_path: Path
) -> None:
    key = tmp_path / "annul.pem"
    for n in range(3):
        await site.pool.execute(
            "INSERT INTO audit (id, at, who, role, action, object, reason)"
            " VALUES (gen_random_uuid(), now(), 'olga', 'operator', 'note', $1, 'why')",
            f"case {n}",
        )
    exported = tmp_path / "seals.json"
    assert (await _annul(site, database, "export", f"--out={exported}"))[0] == 0
    key.write_text((await _annul(site, database, "key"))[1], encoding="utf-8")
    status, text = await _annul(site, database, "verify", str(exported), f"--key={key}")
    assert (status, "seals.json" in text) == (0, True)
    exported.write_text(exported.read_text(encoding="utf-8").replace("00:00", "00:01"))
    status, text = await _annul(site, database, "verify", str(exported), f"--key={key}")
    assert (status, "changed since it was signed" in text) == (1, True)

    owner = await connect(as_owner(database), role=None)
    await owner.execute("UPDATE audit SET who = 'otto' WHERE object = 'case 1'")
    status, text = await _annul(site, database, "--lang=en")
    assert (status, "does not fit its seal" in text, "note case 1" in text) == (1, True, True)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await site.pool.execute("UPDATE seals SET digest = ''")
    await owner.close()


async def test_a_day_leaves_its_signed_export_beside_the_database(site: Site) -> None:
    folder = site.running.ground.settings.data / "seals"
    async with asyncio.timeout(30):
        while not list(folder.glob("*.json")):
            await asyncio.sleep(0.05)
    (file,) = folder.iterdir()
    notary = site.running.ground.notary
    assert notary is not None
    assert checked(file.read_text(encoding="utf-8"), notary.public_key)["annul"] == "seals"
    assert folder.stat().st_mode & 0o777 == 0o700
