"""Requests on their way: found by key when the answer comes, by age when it does not."""

from asyncio import Future
from collections import deque
from collections.abc import Mapping
from typing import Final

from annul.domain.kinds import answer_mti
from annul.wire.codec import Message

from .errors import NoAnswer, NotSent, Silence
from .message import NETWORK_ANSWER

# Response MTI, time (7), trace (11), acquirer (32) and forwarder (33): by these the network knows a
# request, and the trace is annul's own, so no terminal or merchant can be mixed up with another.
Key = tuple[str, object, object, object, object]


def request_key(mti: str, fields: Mapping[int, str | bytes]) -> Key:
    """Give the key that the answer to a request will have."""
    return answer_key(answer_mti(mti), fields)


def answer_key(mti: str, fields: Mapping[int, str | bytes]) -> Key:
    """Give the key of an answer; on the network's own messages only the trace tells them apart."""
    get = fields.get
    if mti == NETWORK_ANSWER:
        return (NETWORK_ANSWER, "", get(11, ""), "", "")
    return (mti, get(7, ""), get(11, ""), get(32, ""), get(33, ""))


class Exchange:
    """One request and the future of its answer.

    `frame` is kept until it is handed to the socket, `future` until it has ended: a done exchange
    may have to wait in the row behind an older one, and then holds nothing.
    """

    __slots__ = ("_future", "deadline", "frame", "key")

    def __init__(self, key: Key, frame: bytes, future: Future[Message], deadline: float) -> None:
        self.key = key
        self.frame: bytes | None = frame
        self.deadline = deadline
        self._future: Future[Message] | None = future

    @property
    def done(self) -> bool:
        """Say whether nobody awaits an answer (any more)."""
        return self._future is None or self._future.done()

    @property
    def awaited(self) -> Future[Message] | None:
        """The future that somebody awaits, if anybody does."""
        return None if self.done else self._future

    def answer(self, message: Message) -> bool:
        """Hand the answer over; False when nobody awaits it any more."""
        future, self._future = self._future, None
        if future is None or future.done():
            return False
        future.set_result(message)
        return True

    def fail(self, silence: Silence) -> None:
        """End without an answer: `NotSent` while the frame is still here, else `NoAnswer`."""
        future, self._future = self._future, None
        unsent = self.frame is not None
        self.frame = None
        if future is not None and not future.done():
            future.set_exception(NotSent() if unsent else NoAnswer(silence))


class PendingExchanges:
    """The exchanges of one link, all with the same time-out, so the oldest is always due first."""

    __slots__ = ("_by_age", "_by_key", "_institutions")

    def __init__(self) -> None:
        self._by_key: Final[dict[Key, Exchange]] = {}
        self._by_age: Final[deque[Exchange]] = deque()
        # Acquirer and forwarder of what was sent: one pair, or few.
        self._institutions: Final[set[tuple[object, object]]] = set()

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: Key) -> bool:
        return key in self._by_key

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange; its key is free and its deadline is not before that of any other."""
        key = exchange.key
        self._by_key[key] = exchange
        self._by_age.append(exchange)
        self._institutions.add(key[3:])

    def take(self, key: Key) -> Exchange | None:
        """Take the exchange that an answer with `key` belongs to.

        An answer may leave out institutions ("" in the key): then it must fit one exchange only.
        """
        if key[3] and key[4]:
            return self._by_key.pop(key, None)
        short, acquirer, forwarder = key[:3], key[3], key[4]
        fitting = [
            whole
            for pair in self._institutions
            if acquirer in {"", pair[0]}
            and forwarder in {"", pair[1]}
            and (whole := (*short, *pair)) in self._by_key
        ]
        return self._by_key.pop(fitting[0]) if len(fitting) == 1 else None

    def expire(self, now: float) -> int:
        """End every exchange whose deadline has come; give how many were still awaited."""
        by_age, expired = self._by_age, 0
        while by_age and (by_age[0].done or by_age[0].deadline <= now):
            exchange = by_age.popleft()
            if self._by_key.get(exchange.key) is exchange:
                del self._by_key[exchange.key]
            if not exchange.done:
                expired += 1
                exchange.fail(Silence.TIMED_OUT)
        return expired

    def awaited(self) -> list[Future[Message]]:
        """Give the futures that somebody awaits."""
        return [one for exchange in self._by_key.values() if (one := exchange.awaited)]

    def due_in(self, now: float, at_most: float) -> float:
        """Say in how many seconds the oldest is over time."""
        return min(self._by_age[0].deadline - now, at_most) if self._by_age else at_most

    def fail_all(self, silence: Silence) -> None:
        """End every exchange, oldest first."""
        while self._by_age:
            self._by_age.popleft().fail(silence)
        self._by_key.clear()
