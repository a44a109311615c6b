"""Requests on their way: found by key when the answer comes, by age when it does not."""

from asyncio import Future
from collections import deque
from collections.abc import Mapping
from typing import Final

from annul.domain.link_profile import USUAL
from annul.wire.codec import Message

from .errors import NoAnswer, NotSent, Silence

Fields = Mapping[int, str | bytes]
# What the answer's message type says but for who speaks and whether again (its fourth digit, which
# some answer with their own), and the trace (11), which is annul's own: nearly always one request.
Key = tuple[str, object]

_TRACE: Final = 11
_INSTITUTIONS: Final = (32, 33)
_NAMES: Final = (7, *_INSTITUTIONS)  # what else a request is known by on this side
_CLASS: Final = 1  # digit of a message type
_NETWORK: Final = "8"


def answer_key(mti: str, fields: Fields) -> Key:
    """Give the key that an answer has; that of its request is the same under the answer's type."""
    return (mti[:3], fields.get(_TRACE, ""))


def _bare(said: object) -> str:
    """Give a text without what fills it up; one of blanks and zeros names nothing."""
    return str(said).strip().lstrip("0")


def belongs(asked: Fields, said: Fields, identified_by: tuple[int, ...]) -> bool:
    """Say whether an answer under the key of a request is its own.

    Institutions that it names are those that were asked for, and of the fields that identify one at
    least is there as it was sent.
    """
    for number in _INSTITUTIONS:
        named, was = said.get(number), asked.get(number, "")
        if named and named != was and _bare(named) not in {"", _bare(was)}:
            return False
    for number in identified_by:
        named, was = said.get(number), asked.get(number, "")
        if named and (named == was or _bare(named) == _bare(was) != ""):
            return True
    return False


class Exchange:
    """One request and the future of its answer.

    `frame` is kept until it is handed to the socket, `future` until it has ended: a done exchange
    may have to wait in the row behind an older one, and then holds nothing.
    """

    __slots__ = ("_future", "asked", "deadline", "frame", "key")

    def __init__(
        self, mti: str, asked: Fields, frame: bytes, future: Future[Message], deadline: float
    ) -> None:
        """`mti` is the message type of the answer, `asked` the fields of the request."""
        self.key = answer_key(mti, asked)
        self.asked = asked
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

    __slots__ = ("_by_age", "_by_key", "_identified_by", "_size")

    def __init__(self, identified_by: tuple[int, ...] = USUAL.identified_by) -> None:
        self._identified_by: Final = identified_by
        self._by_key: Final[dict[Key, tuple[Exchange, ...]]] = {}
        self._by_age: Final[deque[Exchange]] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def has(self, key: Key, asked: Fields) -> bool:
        """Say whether the same request is under way already."""
        return any(
            all(one.asked.get(number, "") == asked.get(number, "") for number in _NAMES)
            for one in self._by_key.get(key, ())
        )

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange; it is not under way yet and its deadline is not before any other's."""
        key = exchange.key
        self._by_key[key] = (*self._by_key.get(key, ()), exchange)
        self._by_age.append(exchange)
        self._size += 1

    def take(self, mti: str, said: Fields) -> Exchange | None:
        """Take the exchange that an answer belongs to; None when it fits none, or two."""
        key = answer_key(mti, said)
        fitting = self._by_key.get(key, ())
        if mti[_CLASS] != _NETWORK:  # on the network's own messages only the trace tells them apart
            by = self._identified_by
            fitting = tuple(one for one in fitting if belongs(one.asked, said, by))
        if len(fitting) != 1:
            return None
        self._drop(fitting[0])
        return fitting[0]

    def _drop(self, exchange: Exchange) -> None:
        key = exchange.key
        left = tuple(one for one in self._by_key.get(key, ()) if one is not exchange)
        self._size -= len(self._by_key.get(key, ())) - len(left)
        if left:
            self._by_key[key] = left
        else:
            self._by_key.pop(key, None)

    def expire(self, now: float) -> int:
        """End every exchange whose deadline has come; give how many were still awaited."""
        by_age, expired = self._by_age, 0
        while by_age and (by_age[0].done or by_age[0].deadline <= now):
            exchange = by_age.popleft()
            self._drop(exchange)
            if not exchange.done:
                expired += 1
                exchange.fail(Silence.TIMED_OUT)
        return expired

    def awaited(self) -> list[Future[Message]]:
        """Give the futures that somebody awaits."""
        return [one for exchange in self._by_age if (one := exchange.awaited)]

    def due_in(self, now: float, at_most: float) -> float:
        """Say in how many seconds the oldest is over time."""
        return min(self._by_age[0].deadline - now, at_most) if self._by_age else at_most

    def fail_all(self, silence: Silence) -> None:
        """End every exchange, oldest first."""
        while self._by_age:
            self._by_age.popleft().fail(silence)
        self._by_key.clear()
        self._size = 0
