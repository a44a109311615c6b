"""Management messages: what keeps a terminal going, and what each may change."""

from typing import Any

import pytest

from annul.merchants.parameters import Parameters
from annul.merchants.station import Station
from tests.support.hosts import Inside, Line, Till
from tests.support.wire import HEAD, Answer, managing, sign_in

_SERIAL = b"Sequence No12345678901234567890"


def _station(inside: Inside) -> Station:
    found = inside.host.registry.station(*inside.terminals[0][:2])
    assert found is not None
    return found


async def _manage(till: Till, kind: str, network: str, **more: Any) -> Answer:
    return await till.line.told(managing(kind, till.keyed.who, network, **more))


async def _row(inside: Inside) -> Any:
    return await inside.pool.fetchrow(
        "SELECT * FROM terminals WHERE terminal_id = $1", inside.terminals[0][1]
    )


async def test_a_sign_in_hands_out_keys_and_changes_nothing(inside: Inside) -> None:
    line, before = Line(inside.host), await _row(inside)
    first, second = [await line.told(sign_in(inside.terminals[0])) for _ in range(2)]
    assert (first.code, first.message[60]) == ("00", "00000001003")
    assert first.message[62] == second.message[62], "who asks again is handed the same"
    assert await _row(inside) == before
    assert _station(inside).mac_key is None


async def test_who_a_terminal_says_it_is_is_kept_once_it_has_proven_it(
    inside: Inside, till: Till
) -> None:
    await inside.sold(till)
    row = await _row(inside)
    assert (row["operator"], row["information"]) == ("001", "12345678901234567890")
    assert row["software"] == (HEAD[6:7] + HEAD[8:11]).hex()
    assert row["signed_in"]


@pytest.mark.parametrize("said", [b"no phrase", _SERIAL[:11] + b"\0" * 3, "序号".encode("gbk")])
async def test_a_serial_number_that_makes_no_sense_keeps_nobody_out(
    inside: Inside, said: bytes
) -> None:
    line = Line(inside.host)
    answer = await line.told(managing("sign_in", inside.terminals[0], "003", f62=said, f63="001"))
    assert answer.code == "00"
    said_of_it = line.peer.said(_station(inside))
    assert said_of_it is not None
    assert said_of_it.serial == ""


async def test_a_form_that_is_not_registered_is_handed_no_keys(inside: Inside) -> None:
    answer = await Line(inside.host).told(sign_in(inside.terminals[0], "001"))
    assert (answer.code, 62 in answer.message) == ("A7", False)
    assert await inside.pool.fetchval("SELECT count(*) FROM pending_keys") == 0


async def test_a_terminal_without_its_master_key_is_told_so(inside: Inside) -> None:
    await inside.pool.execute("DELETE FROM terminal_keys")
    await inside.host.registry.load()
    answer = await Line(inside.host).told(sign_in(inside.terminals[0]))
    assert (answer.code, "主密钥" in answer.text) == ("A7", True)


@pytest.mark.parametrize(
    ("kind", "network", "more"),
    [
        ("sign_in", "003", {}),
        ("echo", "301", {}),
        ("parameters", "360", {}),
        ("sign_off", "002", {}),
        ("status", "362", {"f62": b"ok"}),
        ("parameters_taken", "361", {}),
    ],
)
async def test_a_terminal_that_is_switched_off_is_kept_out_of_everything(
    inside: Inside, till: Till, kind: str, network: str, more: dict[str, bytes]
) -> None:
    await inside.sold(till)
    for table, column in (("terminals", "58"), ("merchants", "03")):
        await inside.pool.execute(f"UPDATE {table} SET active = false")
        await inside.host.registry.load()
        assert (await _manage(till, kind, network, **more)).code == column


async def test_who_has_signed_off_sells_nothing_until_it_signs_in(
    inside: Inside, till: Till
) -> None:
    await inside.sold(till)
    assert (await _manage(till, "sign_off", "002")).code == "00"
    assert not (await _row(inside))["signed_in"]
    refused = await till.ask("sale", till.fields("sale"))
    assert (refused.code, "重新签到" in refused.text) == ("77", True)
    again = await inside.till()
    again.traces = 10
    assert (await again.ask("sale", again.fields("sale"))).code == "00"


async def test_nobody_signs_a_terminal_off_who_has_not_proven_to_be_it(inside: Inside) -> None:
    till = await inside.till()
    await inside.sold(till)
    stranger = Line(inside.host)
    assert (await stranger.told(managing("sign_off", till.keyed.who, "002"))).code == "58"
    assert (await _row(inside))["signed_in"]


async def test_parameters_are_the_shops(till: Till) -> None:
    answer = await _manage(till, "parameters", "360")
    data = answer.message[62]
    assert isinstance(data, bytes)
    assert Parameters.parse(data) == Parameters(name="示例茶馆")


async def test_a_wish_for_parameters_ends_once_they_are_there(inside: Inside, till: Till) -> None:
    await inside.sold(till)
    for wish, left in (("parameters", ""), ("update", "update")):
        await inside.host.registry.want(*inside.terminals[0][:2], wish)
        assert (await _manage(till, "parameters_taken", "361")).code == "00"
        assert (await _row(inside))["wants"] == left
        assert _station(inside).terminal.wants == left


async def test_what_a_terminal_says_of_its_state_is_kept_without_cards_and_controls(
    inside: Inside, till: Till
) -> None:
    await inside.sold(till)
    said = "缺纸\0 6200010000000007".encode("gbk")
    assert (await _manage(till, "status", "362", f62=said)).code == "00"
    kept = (await _row(inside))["information"]
    assert kept.startswith("缺纸 ")
    assert "6200010000000007" not in kept


async def test_an_echo_says_that_the_host_is_there(till: Till) -> None:
    answer = await _manage(till, "echo", "301")
    assert (answer.code, answer.message.mti) == ("00", "0830")
