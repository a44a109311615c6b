"""Documents of chargebacks: judged by what is in them, encrypted, each once; annul's own added."""

import json

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.chargebacks import Act, EvidenceKind
from annul.domain.states import State
from annul.settle.chargebacks import book, evidence
from annul.settle.chargebacks.errors import EvidenceRefused
from annul.settle.chargebacks.evidence import LARGEST, MOST
from tests.support.charged import VAULT, claimed, done, letter
from tests.support.clock import NOON
from tests.support.rows import put_transaction, put_void


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0...", "image/jpeg"),
        ("已交付\n".encode(), "text/plain"),
    ],
)
def test_a_document_is_what_its_content_is(content: bytes, form: str) -> None:
    assert evidence.media_type(content) == form


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90\x00 a program", b"PK\x03\x04 an archive", "有\0".encode(), b"%" * (LARGEST + 1)],
)
def test_other_things_are_no_documents(content: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        evidence.media_type(content)


async def test_a_document_is_encrypted_and_kept_once(pool: asyncpg.Pool) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    for _ in range(2):
        await letter(pool, one.id, "the customer was there")
    [row] = await pool.fetch("SELECT * FROM chargeback_evidence")
    assert b"customer" not in row["sealed"]
    found = await evidence.read(pool, VAULT, one.merchant_id, one.id, row["id"])
    assert found == ("letter.txt", "text/plain", b"the customer was there")
    assert await evidence.read(pool, VAULT, one.merchant_id, uuid7(), row["id"]) is None
    events = await pool.fetchval("SELECT events FROM chargebacks")
    assert events == 2, "opened, and one document"


async def test_there_is_an_end_to_documents(pool: asyncpg.Pool) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    for number in range(MOST):
        await letter(pool, one.id, f"letter {number}")
    with pytest.raises(EvidenceRefused):
        await letter(pool, one.id, "one more")


async def test_a_void_of_before_is_the_proof_that_answers_it(pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1, state=State.VOIDED, undone=10_000)
    void = await put_void(pool, 2, sale.id, state=State.APPROVED, response_code="00", holds=10_000)
    one = await claimed(pool, sale)
    assert one is not None
    known = await evidence.known(pool, sale.merchant_id, one.id, sale.id)
    assert (known.document.kind, known.given_back) == (EvidenceKind.GIVEN_BACK, True)
    told = json.loads(known.document.content)
    assert [row["reference"] for row in told["transactions"]] == [sale.rrn, void.rrn]
    assert told["transactions"][1]["undoes"] == str(sale.id)
    again = await evidence.known(pool, sale.merchant_id, one.id, sale.id)
    assert again.document == known.document
    async with pool.acquire() as connection, connection.transaction():
        found = await book.locked(connection, one.id)
        await evidence.add(connection, VAULT, found, [known.document], book.CLOCK, NOON)
    represented = await done(pool, one.id, Act.CHARGE_BACK, Act.REPRESENT)
    assert (represented.stage, represented.held) == ("represented", 0)


async def test_of_what_stands_the_messages_alone_are_no_answer(pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1)
    one = await claimed(pool, sale)
    assert one is not None
    known = await evidence.known(pool, sale.merchant_id, one.id, sale.id)
    assert (known.document.kind, known.given_back) == (EvidenceKind.WIRE, False)
