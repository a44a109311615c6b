"""What a link puts aside for a moment while its answers go on: key messages, messages in doubt."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from annul.domain.records import Issuer
from annul.wire.codec import Codec, Message

from .key_exchange import OnKeys
from .key_ring import KeyRing

log = structlog.get_logger(__name__)

_KEY_MESSAGES: Final = 16  # that wait at a time; an issuer sends one again that was not answered
_DOUBTS: Final = 1_024


class KeyMessages:
    """Messages about keys, served one after the other by `serve`, each answered by `answer`."""

    def __init__(
        self, issuer: Issuer, codec: Codec, serve: OnKeys, answer: Callable[[bytes], bool]
    ) -> None:
        self._issuer = issuer
        self._codec = codec
        self._serve = serve
        self._answer = answer
        self._waiting: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None

    def take(self, message: Message) -> None:
        """Serve a message; nothing is said to one too many."""
        if len(self._waiting) >= _KEY_MESSAGES:
            return
        self._waiting.append(message)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def drain(self) -> None:
        """Wait until all are served."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while self._waiting:
            try:
                await self._serve(self._issuer, self._codec, self._waiting[0], self._answer)
            except Exception:  # the next one is served all the same
                log.exception("key_message_failed", issuer=self._issuer.issuer_id)
            finally:
                self._waiting.popleft()


class Doubts:
    """Messages that hold under no key known here: another process may have taken a newer one.

    They are kept until the ring is read anew, and then given to `again`; those that come meanwhile
    are judged with them. What still holds under none is wrong.
    """

    def __init__(self, ring: KeyRing, again: Callable[[bytes], None]) -> None:
        self._ring = ring
        self._again = again
        self._kept: list[bytes] = []
        self._judging = False
        self._task: asyncio.Task[None] | None = None

    def keep(self, body: bytes) -> bool:
        """Keep a message; False when it is to be judged now."""
        renew = self._ring.renew
        if renew is None or self._judging or len(self._kept) >= _DOUBTS:
            return False
        self._kept.append(body)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._judge(renew))
        return True

    def stop(self) -> None:
        """Forget what is kept: its requests have ended."""
        self._kept.clear()
        if self._task is not None:
            self._task.cancel()

    async def _judge(self, renew: Callable[[], Awaitable[None]]) -> None:
        try:
            await renew()
        finally:
            kept, self._kept = self._kept, []
            self._judging = True
            try:
                for body in kept:
                    self._again(body)
            finally:
                self._judging = False
