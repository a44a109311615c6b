"""Bytes that make no sense: that connection is answered or closed, no other one notices."""

import asyncio
import struct

import pytest
from structlog.testing import capture_logs

from tests.support.site import Site
from tests.support.soft import CARD, cashier

_HEAD = bytes.fromhex("6000030000603100311000")


async def _send(site: Site, raw: bytes) -> bytes:
    """Give what comes back before the host closes or answers once; b"" when it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(raw)
    async with asyncio.timeout(10):
        answer = await reader.read(4_096)
    writer.close()
    return answer


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xff" + bytes(64),  # longer than any message
        b"\x00\x05hello",  # no room for a message
        struct.pack(">H", 40) + _HEAD + b"\xff" * 29,  # no message type
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_garbage_closes_its_own_connection_only(site: Site, raw: bytes) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        assert (await till.take("sale", 1_000)).state == "approved"
        assert await _send(site, raw) == b""
        assert (await till.take("sale", 1_000)).state == "approved"
    assert sum(site.running.figures()["turned_away"].values()) == 1


async def test_a_message_with_a_wrong_field_is_answered_30(site: Site) -> None:
    body = bytes.fromhex("0200 3020000000C00000 000000 0000000100 0X 000002".replace("0X", "FF"))
    answer = await _send(site, struct.pack(">H", 11 + len(body)) + _HEAD + body)
    assert answer[13:15] == b"\x02\x10"
    assert b"30" in answer


async def test_no_card_number_reaches_a_log(site: Site) -> None:
    with capture_logs() as logs:
        packed = bytes.fromhex(CARD)
        body = b"\x02\x00" + bytes.fromhex("4000000000000000") + b"\x16" + packed + b"left over"
        await _send(site, struct.pack(">H", 11 + len(body)) + _HEAD + body)
        with cashier(site.port, site.terminals[0]) as till:
            await till.take("sale", 1_000)
    assert logs
    assert CARD not in str(logs)


async def test_half_a_frame_waits_for_the_rest(site: Site) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"\x00")
        assert (await till.take("sale", 1_000)).state == "approved"
        writer.close()
