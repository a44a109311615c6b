"""What a link puts aside: in its order, once, and with a bound."""

import asyncio

from annul.domain.records import Issuer
from annul.issuers.aside import Doubts, KeyMessages
from annul.issuers.key_ring import KeyRing
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS

_CODEC = Codec(DIALECTS["cups"])
_ISSUER = Issuer("62000000", "测试行", "Test bank", "127.0.0.1", 1)


async def test_key_messages_are_served_one_after_the_other() -> None:
    served: list[str] = []
    go_on = asyncio.Event()

    async def serve(issuer, codec, message, answer) -> None:
        del issuer, codec, answer
        served.append(message[11])
        await go_on.wait()
        served.append(message[11])

    messages = KeyMessages(_ISSUER, _CODEC, serve, lambda _: True)
    for trace in range(40):
        body = _CODEC.encode("0820", {11: f"{trace:06d}", 70: "101"})
        messages.take(_CODEC.decode(body))
    await asyncio.sleep(0)
    assert served == ["000000"]
    go_on.set()
    await messages.drain()
    assert served == [f"{trace:06d}" for trace in range(16) for _ in range(2)]


async def test_one_that_fails_does_not_keep_the_next_one() -> None:
    served: list[str] = []

    async def serve(issuer, codec, message, answer) -> None:
        del issuer, codec, answer
        served.append(message[11])
        raise RuntimeError

    messages = KeyMessages(_ISSUER, _CODEC, serve, lambda _: True)
    for trace in ("000001", "000002"):
        messages.take(_CODEC.decode(_CODEC.encode("0820", {11: trace, 70: "101"})))
    await messages.drain()
    assert served == ["000001", "000002"]


async def test_doubts_are_judged_together_and_once() -> None:
    ring, judged, read = KeyRing(), [], asyncio.Event()

    async def renew() -> None:
        await read.wait()

    def again(body: bytes) -> None:
        judged.append(body)
        assert not doubts.keep(body), "what still holds under none is wrong"

    doubts = Doubts(ring, again)
    assert not doubts.keep(b"0"), "nobody else takes keys"
    ring.renew = renew
    assert doubts.keep(b"1")
    await asyncio.sleep(0)
    assert doubts.keep(b"2")
    assert judged == []
    read.set()
    await asyncio.wait([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])
    assert judged == [b"1", b"2"]


async def test_doubts_have_a_bound() -> None:
    ring = KeyRing()

    async def renew() -> None:
        await asyncio.get_running_loop().create_future()

    ring.renew = renew
    doubts = Doubts(ring, lambda _: None)
    kept = [doubts.keep(b"x") for _ in range(1_100)]
    assert sum(kept) == 1_024
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
