"""The terminal in the browser over the real socket: shared by browsers, safe in its journal."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from annul.console.frame.texts import Words
from annul.console.till import telling
from annul.console.till.tills import Till, TillResult, Tills, profiles
from annul.console.till.values import Wish
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.terminal.profile import Profile
from tests.support.site import Site
from tests.support.soft import CARD, CODE

_ENGLISH = Words("en")


@pytest.fixture
def folder(site: Site, tmp_path: Path) -> Path:
    """Profiles as the demo leaves them; the port in them is old."""
    for merchant, terminal, key in site.terminals:
        profile = Profile(
            merchant=merchant, terminal=terminal, master_key=key, card=CARD, code=CODE, port=1
        )
        profile.write(tmp_path / "pos" / f"{terminal}.json")
    (tmp_path / "pos" / "broken.json").write_text("{}")
    return tmp_path / "pos"


@pytest.fixture
def tills() -> Iterator[Tills]:
    opened = Tills()
    yield opened
    opened.close()


@pytest.fixture
def till(site: Site, folder: Path, tills: Tills) -> Till:
    return _till(site, folder, tills)


def _till(site: Site, folder: Path, tills: Tills) -> Till:
    name, profile = next(iter(profiles(folder).items()))
    address = ("0.0.0.0", site.port, None)
    return tills.open(
        folder / f"{name}.db", profile, address, lambda: datetime.now(ZoneInfo("Asia/Shanghai"))
    )


async def _sell(till: Till, amount: int = 8_800) -> TillResult:
    return await till.carry_out(Wish("sale", "sale", amount, CARD))


async def _void(till: Till, sale: TillResult) -> TillResult:
    assert sale.record is not None
    return await till.carry_out(Wish("void", "void", sale.record.amount, voucher=sale.record.trace))


def test_what_is_no_profile_is_left_out(folder: Path, site: Site) -> None:
    assert list(profiles(folder)) == sorted(terminal for _, terminal, _ in site.terminals)


async def test_many_browsers_at_one_terminal(
    site: Site, folder: Path, till: Till, tills: Tills
) -> None:
    again = _till(site, folder, tills)
    assert again is till
    sales = await asyncio.gather(*(_sell(one, 100 + n) for n, one in enumerate([till, again] * 5)))
    voids = await asyncio.gather(*(_void(till, sale) for sale in sales))
    records = [done.record for done in (*sales, *voids)]
    assert {record.state for record in records if record} == {"approved"}
    assert len({record.trace for record in records if record}) == 20
    assert not till.journal.owed()
    await site.books_agree()


async def test_a_profile_that_was_written_anew_opens_it_anew(
    site: Site, folder: Path, till: Till, tills: Tills
) -> None:
    await _sell(till)
    file = folder / f"{till.profile.terminal}.json"
    Profile.read(file).model_copy(update={"card": "6200010000000012"}).write(file)
    fresh = _till(site, folder, tills)
    assert fresh is not till
    assert fresh.last() == "000002"
    assert (await _sell(fresh)).error is None


async def test_slip_and_screen_tell_of_a_void_that_failed(site: Site, till: Till) -> None:
    sale = await _sell(till)
    site.issuer.server.faults.rows = [Fault(FaultKind.CODE, code="05", of_kind="void")]
    void = await _void(till, sale)
    assert void.record is not None
    shown = telling.result(void, till.profile, _ENGLISH)
    assert (shown.tone, shown.title, shown.code) == ("open", "Not voided yet", "05")
    assert any(line.endswith(void.record.rrn) for line in shown.lines)
    slip = telling.slip(void, till.profile, _ENGLISH)
    assert slip is not None
    rows = dict(slip.rows)
    assert (rows["VOUCHER"], rows["ORIGINAL"]) == (void.record.trace, sale.record.trace)  # pyright: ignore[reportOptionalMemberAccess]
    assert slip.code.endswith(f"-{void.record.batch}-{void.record.trace}")
    assert CARD not in repr((shown, slip, void.wish))


async def test_settling_begins_the_next_batch(till: Till) -> None:
    await _sell(till)
    settled = await till.carry_out(Wish("settle"))
    assert telling.result(settled, till.profile, _ENGLISH).title == "Settled"
    slip = telling.slip(settled, till.profile, _ENGLISH)
    assert slip is not None
    assert dict(slip.rows)["DEBITS"].endswith("CNY 88.00")
    assert till.journal.batch == "000002"


async def test_balance_and_code(till: Till) -> None:
    asked = await till.carry_out(Wish("balance", "balance", card=CARD))
    assert "CNY 1000000.00" in telling.result(asked, till.profile, _ENGLISH).lines
    assert telling.slip(asked, till.profile, _ENGLISH) is None
    scanned = await till.carry_out(Wish("qr_sale", "qr_sale", 880))
    assert scanned.record is not None
    assert scanned.record.state == "approved"


async def test_a_host_that_is_gone_is_said_and_then_found_again(
    site: Site, folder: Path, till: Till
) -> None:
    port = site.port
    await site.running.server.stop()
    gone = await _sell(till)
    assert telling.result(gone, till.profile, _ENGLISH).title == "No connection"
    assert not till.journal.owed()
    await site.running.server.listen("127.0.0.1", port)
    assert (await _sell(till)).error is None
    assert folder


async def test_what_is_owed_can_be_struck_out(site: Site, till: Till) -> None:
    await _sell(till)
    lost = till.journal.records()[-1]
    till.journal.change(lost, state="unanswered", owed="reversal", sends=9)
    refused = await _sell(till)
    shown = telling.result(refused, till.profile, _ENGLISH)
    assert (shown.title, shown.strike) == ("Reversal pending", lost.trace)
    await till.carry_out(Wish("strike", voucher=lost.trace))
    assert (await _sell(till)).error is None
    assert site


async def test_a_browser_that_goes_away_leaves_nothing_undone(site: Site, till: Till) -> None:
    await _sell(till)
    site.issuer.server.faults.rows = [Fault(FaultKind.DELAY, low_ms=300, high_ms=300)]
    task = asyncio.create_task(_sell(till))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    site.issuer.server.faults.rows = []
    after = await _sell(till)
    assert after.error is None
    assert [record.state for record in after.told] == ["reversed"]
    await site.books_agree()
