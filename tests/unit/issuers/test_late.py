import asyncio

import pytest

from annul.domain.backoff import Backoff
from annul.issuers import late as module
from annul.issuers.late import LateAnswers
from annul.wire.codec import Codec, Message
from annul.wire.dialects.cups import CUPS

_CODEC = Codec(CUPS)


def answer(number: int) -> Message:
    return _CODEC.decode(_CODEC.encode("0210", {11: f"{number:06d}"}))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(module, "_RETRY", Backoff(first_s=0.001, limit_s=0.001))


class Desk:
    """Delivers when the gate is open, fails for the issuers named in `failing`."""

    def __init__(self) -> None:
        self.held: list[bool] = []
        self.seen: list[tuple[str, int]] = []
        self.failing: set[str] = set()
        self.gate = asyncio.Event()

    def hold(self, *, hold: bool) -> None:
        self.held.append(hold)

    async def deliver(self, issuer_id: str, message: Message) -> None:
        await self.gate.wait()
        if issuer_id in self.failing:
            raise RuntimeError("the store is away")
        self.seen.append((issuer_id, int(message[11])))


async def test_delivers_in_order():
    desk = Desk()
    desk.gate.set()
    late = LateAnswers(desk.hold, lambda: 0.0)
    late.start(desk.deliver)
    for number in range(5):
        late.put("a", answer(number))
    await late.stop(5)
    assert desk.seen == [("a", n) for n in range(5)]
    assert late.delivered == 5


async def test_reading_is_held_at_the_limit_and_nothing_is_dropped():
    desk = Desk()
    late = LateAnswers(desk.hold, lambda: 0.0, limit=4)
    late.start(desk.deliver)
    for number in range(7):
        late.put("a", answer(number))
    assert desk.held == [True]
    desk.gate.set()
    await late.stop(5)
    assert desk.held == [True, False]
    assert len(desk.seen) == 7


async def test_what_can_not_be_delivered_is_tried_again_and_stops_no_other():
    desk = Desk()
    desk.gate.set()
    desk.failing = {"b"}
    late = LateAnswers(desk.hold, lambda: 0.0)
    late.start(desk.deliver)
    late.put("b", answer(1))
    late.put("a", answer(2))
    while late.failed < 3:
        await asyncio.sleep(0)
    assert desk.seen == [("a", 2)]
    desk.failing = set()
    await late.stop(5)
    assert desk.seen == [("a", 2), ("b", 1)]
    assert len(late) == 0


async def test_stopping_waits_no_longer_than_told():
    desk = Desk()
    late = LateAnswers(desk.hold, lambda: 0.0)
    late.start(desk.deliver)
    late.put("a", answer(1))
    await late.stop(0.01)
    assert late.delivered == 0
    assert desk.seen == []
