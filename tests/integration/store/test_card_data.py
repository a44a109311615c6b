"""Migration 0005: what older versions have kept of cards is gone, what is evidence still stands."""

import json
from importlib.resources import files
from uuid import uuid4

import asyncpg

from annul.wire import tlv
from annul.wire.tlv import Tlv

_SCRIPT = (files("annul.store") / "migrations" / "versions" / "0005_card_data.up.sql").read_text(
    encoding="utf-8"
)
_MERCHANT = "898000058120000"
_CARD = "6200010000000007"
_TRACK = f"{_CARD}D30122010000012300000"
_PACKED = bytes.fromhex(_CARD)


def _chip(*objects: tuple[str, bytes]) -> str:
    return tlv.build(Tlv(*one) for one in objects).hex().upper()


# As the version before it kept them: what it did not know stood there in full.
_OLD: dict[str, str] = {
    "34": _CARD, "46": f"PI04{_CARD}V0.0.3", "47": _CARD,
    "48": f"0100000001{_CARD:>020}{100:012d}",
    "54": _CARD, "55": _chip(("9F6B", _PACKED + b"\xd3"), ("82", b"|\0")), "56": _PACKED.hex(),
    "57": _TRACK, "58": _CARD, "59": f"A3=620001******0007 A5={_CARD}", "60": f"{_CARD}0",
    "61": f"{_CARD}301230", "62": b"ACTN".hex() + _CARD.encode().hex(),
    "63": f"CUP卡号{_CARD}", "44": "6200 0100 0000 0007", "43": "６２０００１０００００００００７",
    "64": _PACKED.hex(), "45": _CARD, "90": f"{_CARD:0<42}", "95": f"{_CARD:0<42}",
    "102": _CARD, "103": _CARD, "120": f'"\\ "46": "{_CARD}', "127": _TRACK,
}  # fmt: skip
_HARMLESS: dict[str, str] = {
    "2": "620001******0007", "3": "200000", "4": "000000010000", "11": "000123", "22": "051",
    "35": "620001******0007D*********", "37": "123456789012", "38": "A12345", "39": "61",
    "41": "12345678", "42": "622848000000000", "43": "某某商店", "44": "03050001   03050001      ",
    "48": "0002", "49": "156", "52": "<8 bytes>", "53": "2600000000000000",
    "54": "0210156C000000001000", "59": "A4=20261125123456789012", "60": "23000727000600070",
    "61": "0000133872030128", "62": "<40 bytes>", "64": "3341354630393131",
    "63": 'CUP余额不足,"系统"继续处理 编号123456789012',
    "100": "00000101", "128": "DDADBEEF00000001",
    "90": "020038720311251011120000001000000000000000",
}  # fmt: skip


async def _keep(table_owner: asyncpg.Pool, *rows: dict[str, str]) -> None:
    await table_owner.executemany(
        "INSERT INTO messages (merchant_id, transaction_id, line, direction, at, mti, fields)"
        " VALUES ($1, $2, $3, 'terminal_in', now(), '0200', $4::text::jsonb)",
        [(_MERCHANT, uuid4(), line, json.dumps(row)) for line, row in enumerate(rows)],
    )


async def _kept(table_owner: asyncpg.Pool) -> list[dict[str, str]]:
    rows = await table_owner.fetch("SELECT fields::text FROM messages ORDER BY line")
    return [json.loads(row[0]) for row in rows]


async def test_nothing_of_a_card_is_left_of_old_messages(table_owner: asyncpg.Pool) -> None:
    await _keep(table_owner, _OLD, *({number: value} for number, value in _OLD.items()))
    await table_owner.execute(_SCRIPT)
    whole, *single = await _kept(table_owner)
    removed = dict.fromkeys(_OLD, "<removed>")
    assert whole == removed
    assert single == [{number: "<removed>"} for number in _OLD]


async def test_evidence_stays_beside_it(table_owner: asyncpg.Pool) -> None:
    await _keep(table_owner, _HARMLESS, {**_HARMLESS, "57": _TRACK, "63": f"X{_CARD}"})
    await table_owner.execute(_SCRIPT)
    plain, mixed = await _kept(table_owner)
    assert plain == _HARMLESS
    assert mixed == {**_HARMLESS, "57": "<removed>", "63": "<removed>"}


async def test_only_rows_that_need_it_are_written_and_only_once(table_owner: asyncpg.Pool) -> None:
    await _keep(table_owner, _HARMLESS, _OLD)
    versions = "SELECT xmin::text FROM messages ORDER BY line"
    before = [row[0] for row in await table_owner.fetch(versions)]
    await table_owner.execute(_SCRIPT)
    once = [row[0] for row in await table_owner.fetch(versions)]
    assert (once[0] == before[0], once[1] == before[1]) == (True, False)
    await table_owner.execute(_SCRIPT)
    assert [row[0] for row in await table_owner.fetch(versions)] == once


async def test_what_people_and_terminals_wrote(table_owner: asyncpg.Pool) -> None:
    await table_owner.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ($1, '茶', 'T', '5812')",
        _MERCHANT,
    )
    await table_owner.executemany(
        "INSERT INTO terminals (merchant_id, terminal_id, serial, information)"
        " VALUES ($1, $2, $3, $4)",
        [
            (_MERCHANT, "10000001", "", f"last card {_CARD}"),
            (_MERCHANT, "10000002", "1234567890123456", "1234567890123456"),
            (_MERCHANT, "10000003", "SN1", "SN1"),
        ],
    )
    case = "0192f3a0-1234-7123-8123-123456789012"
    await table_owner.executemany(
        "INSERT INTO audit (id, at, who, role, action, object, reason)"
        " VALUES ($1, now(), 'a', 'operator', 'note', 'x', $2)",
        [
            (uuid4(), f"客户卡号{_CARD}，case {case}，参考号123456789012"),
            (uuid4(), "6200-0100-0000-0007 called"),
            (uuid4(), f"0000{_CARD}"),
            (uuid4(), f"see {case}"),
        ],
    )
    await table_owner.execute(_SCRIPT)
    told = await table_owner.fetch("SELECT information FROM terminals ORDER BY terminal_id")
    assert [row[0] for row in told] == ["", "1234567890123456", "SN1"]
    reasons = {row[0] for row in await table_owner.fetch("SELECT reason FROM audit")}
    assert reasons == {
        f"客户卡号<removed>，case {case}，参考号123456789012",
        "<removed> called",
        "<removed>",
        f"see {case}",
    }
