"""What a transaction's page says of its chip and its signature: that they are kept, no picture."""

from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import transactions as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.roles import Visitor
from tests.support.clock import NOON
from tests.support.rows import put, put_transaction

_NOTHING: dict[str, Any] = {
    "signature_size": 0,
    "signature_digests": [],
    "script_results": [],
    "chip_approved": None,
    "chip": "",
}


async def test_what_a_terminal_gave_of_a_transaction_is_told_of_that_one_alone(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    sale, other = await put_transaction(pool, 1), await put_transaction(pool, 2)
    whose = {"merchant_id": sale.merchant_id, "transaction_id": sale.id, "received_at": NOON}
    digests = [sha256(picture).digest() for picture in (b"first", b"second")]
    for part in (1, 0):
        row = {"part": part, "size": 5 + part, "digest": digests[part], "sealed": b"sealed"}
        await put(pool, "signatures", whose | row)
    script = {"batch": "000001", "trace": "000009", "chip": "DF31=2000000000"}
    await put(pool, "script_results", whose | script)
    upload = {"batch": sale.batch, "trace": sale.trace, "approved": False, "card_hash": b""}
    at = {"merchant_id": sale.merchant_id, "terminal_id": sale.terminal_id, "received_at": NOON}
    await put(pool, "ic_uploads", at | upload | {"amount": 1, "chip": "9F27=00"})
    assert await views.kept(desk, boss, sale.merchant_id, sale.id) == {
        "signature_size": 11,
        "signature_digests": [digest.hex() for digest in digests],
        "script_results": ["DF31=2000000000"],
        "chip_approved": False,
        "chip": "9F27=00",
    }
    assert await views.kept(desk, boss, other.merchant_id, other.id) == _NOTHING


async def test_it_is_told_to_nobody_who_does_not_see_the_transaction(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    stranger = replace(boss, merchant_id="898000059420001")
    for visitor, merchant, identity in (
        (stranger, sale.merchant_id, sale.id),
        (stranger, stranger.merchant_id, sale.id),
        (boss, sale.merchant_id, uuid4()),
    ):
        with pytest.raises(NothingThere):
            await views.kept(desk, visitor, merchant, identity)
