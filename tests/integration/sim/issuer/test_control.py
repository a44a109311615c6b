"""The simulator's control over HTTP, and its faults on a real socket."""

import json
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import Calendar
from annul.sim.issuer.simulator import Options, Simulator, simulate

from .acquirer import PAN, Acquirer, connect, control


async def test_books_can_be_read_and_show_no_card(simulator: Simulator, acquirer: Acquirer) -> None:
    acquirer.sale()
    assert (await acquirer.answer())[39] == "00"
    assert (await control(simulator, "GET", "/books"))["net"] == 1_000
    entries = await control(simulator, "GET", "/books/entries")
    assert entries[0]["card"] == "620001******0007"
    assert PAN not in json.dumps(entries)
    assert (await control(simulator, "GET", "/health"))["served"] == 1


async def test_faults_are_set_and_cleared(simulator: Simulator, acquirer: Acquirer) -> None:
    await control(simulator, "PUT", "/faults", [{"kind": "code", "code": "05"}])
    acquirer.sale()
    assert (await acquirer.answer())[39] == "05"
    assert len(await control(simulator, "GET", "/faults")) == 1
    await control(simulator, "DELETE", "/faults")
    acquirer.sale()
    assert (await acquirer.answer())[39] == "00"


@pytest.mark.parametrize(
    "nonsense", [[{"kind": "nothing"}], [{"kind": "code", "rate": 2}], [{"kind": "code", "x": 1}]]
)
async def test_senseless_faults_are_refused(simulator: Simulator, nonsense: object) -> None:
    assert await control(simulator, "PUT", "/faults", nonsense) == 422


async def test_clearing_files_are_written_on_demand_and_show_no_card_outside_of_them(
    tmp_path: Path,
) -> None:
    options = Options(control_port=0, clearing=tmp_path / "cleared")
    async with simulate(options) as simulator:
        acquirer = await connect(simulator)
        acquirer.sale()
        assert (await acquirer.answer())[39] == "00"
        fault = {"kind": "again", "left": 1}
        assert await control(simulator, "PUT", "/clearing/faults", [fault]) == {"faults": 1}
        [entry] = simulator.server.books.entries.values()
        day = Calendar(ZoneInfo("Asia/Shanghai"), time(23)).business_date(entry.at)
        said = await control(simulator, "POST", f"/clearing?day={day}")
        assert len(said["files"]) == 2
        assert PAN not in json.dumps(said)
        content = (tmp_path / "cleared" / said["files"][0]).read_bytes()
        assert content.count(PAN.encode()) == 1
        assert await control(simulator, "PUT", "/clearing/faults", [{"kind": "nothing"}]) == 422
    async with simulate(Options(control_port=0)) as simulator:
        assert await control(simulator, "POST", f"/clearing?day={day}") == 409


async def test_rules_windows_and_cards(simulator: Simulator, acquirer: Acquirer) -> None:
    assert await control(simulator, "PUT", "/policy", {"no_such": 1}) == 422
    policy = await control(simulator, "PUT", "/policy", {"amount_limit": 999})
    assert policy["amount_limit"] == 999
    assert await control(simulator, "PUT", "/policy", {"amount_limit": "much"}) == 422
    policy = await control(simulator, "PUT", "/policy", {"codes": {"unsupported": "57"}})
    assert (policy["codes"], policy["amount_limit"]) == ({"unsupported": "57"}, 999)
    acquirer.sale()
    assert (await acquirer.answer())[39] == "61"
    await control(simulator, "PUT", "/windows?maintenance=true")
    acquirer.sale(10)
    assert (await acquirer.answer())[39] == "91"
    await control(simulator, "PUT", "/windows")
    card = await control(simulator, "PUT", "/cards", {"pan": PAN, "balance": 5, "state": "active"})
    assert (card["card"], card["balance"]) == ("620001******0007", 5)
    acquirer.sale(10)
    assert (await acquirer.answer())[39] == "51"
    assert await control(simulator, "PUT", "/cards", {"pan": PAN, "state": "purple"}) == 422


async def test_lost_answer_moves_money_lost_request_does_not(
    simulator: Simulator, acquirer: Acquirer
) -> None:
    for kind, net in (("lost_request", 0), ("lost_answer", 1_000)):
        await control(simulator, "PUT", "/faults", [{"kind": kind}])
        acquirer.sale()
        with pytest.raises(TimeoutError):
            await acquirer.answer(0.2)
        assert (await control(simulator, "GET", "/books"))["net"] == net


async def test_duplicate_garbled_and_closed(simulator: Simulator, acquirer: Acquirer) -> None:
    await control(
        simulator,
        "PUT",
        "/faults",
        [{"kind": "duplicate"}, {"kind": "delay", "low_ms": 20, "high_ms": 20}],
    )
    trace = acquirer.sale()
    assert [(await acquirer.answer())[11] for _ in range(2)] == [trace, trace]
    await control(simulator, "PUT", "/faults", [{"kind": "garbled"}])
    acquirer.sale()
    with pytest.raises(Exception, match="expected"):
        (await acquirer.answer()).check()
    for kind in ("close_before", "close_after"):
        acquirer = await connect(simulator)
        await control(simulator, "PUT", "/faults", [{"kind": kind}])
        acquirer.sale()
        with pytest.raises((EOFError, ConnectionError)):
            await acquirer.answer()


async def test_reversal_and_echo(simulator: Simulator, acquirer: Acquirer) -> None:
    sale = acquirer.ask("sale")
    await acquirer.answer()
    acquirer.reverse(sale)
    assert (await acquirer.answer())[39] == "00"
    assert (await control(simulator, "GET", "/books"))["net"] == 0
    acquirer.send("0820", {7: "1123120002", 11: "000099", 70: "301"})
    echo = await acquirer.answer()
    assert (echo.mti, echo[39], echo[70]) == ("0830", "00", "301")


async def test_garbage_ends_its_own_connection_only(simulator: Simulator) -> None:
    acquirer, vandal = await connect(simulator), await connect(simulator)
    vandal.write(b"no frame at all")
    with pytest.raises((EOFError, ConnectionError)):
        await vandal.answer()
    acquirer.sale()
    assert (await acquirer.answer())[39] == "00"


async def test_books_outlive_the_simulator(tmp_path: Path) -> None:
    file = tmp_path / "books.jsonl"
    for expected in (1_000, 2_000):
        async with simulate(Options(control_port=0, books=file)) as opened:
            acquirer = await connect(opened)
            acquirer.trace = expected
            acquirer.sale()
            await acquirer.answer()
            assert (await control(opened, "GET", "/books"))["net"] == expected
    assert PAN not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
