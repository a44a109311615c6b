"""How much may be asked: calls by visitor, in buckets of tokens; and the size of one request."""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from math import ceil
from typing import Any, Final

from fastapi import HTTPException, Request
from starlette.datastructures import Headers

from annul.api.problems import problem
from annul.desk.roles import Visitor
from annul.domain.errors import AnnulError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MOST: Final = 10_000  # visitors that are remembered


class TooMany(AnnulError):
    """Too many calls from one visitor. Nothing was done."""

    code = "access.rate"
    next_step = "Wait as many seconds as Retry-After says, and call less often."

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.retry_after_s = max(ceil(seconds), 1)


class Buckets:
    """`rate` tokens a second flow into each visitor's bucket of `burst`; a call takes one."""

    def __init__(self, rate: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}  # visitor to tokens, and when

    def take(self, name: str) -> None:
        """Take a token; raises `TooMany`."""
        now = self._monotonic()
        tokens, since = self._buckets.get(name, (self._burst, now))
        tokens = min(tokens + (now - since) * self._rate, self._burst)
        if tokens < 1.0:
            raise TooMany((1.0 - tokens) / self._rate)
        if name not in self._buckets and len(self._buckets) >= _MOST:
            self._buckets.clear()
        self._buckets[name] = (tokens - 1.0, now)

    async def __call__(self, request: Request) -> None:
        """Count a call; what anybody may ask is not counted."""
        visitor: Visitor | None = request.state.visitor
        if visitor is not None:
            self.take(visitor.name)


class Sizes:
    """Lets no request in that is larger than `largest` bytes, whether it says so or not.

    `larger` has other limits for some addresses, by a pattern of the end of their path.
    """

    def __init__(
        self, application: Any, largest: int, larger: Mapping[str, int] | None = None
    ) -> None:
        self._application = application
        self._largest = largest
        self._larger = {re.compile(f"{pattern}$"): size for pattern, size in (larger or {}).items()}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        path = str(scope["path"])
        largest = next(
            (size for pattern, size in self._larger.items() if pattern.search(path)), self._largest
        )
        said = Headers(scope=scope).get("content-length", "0")
        if said.isdecimal() and int(said) > largest:
            refusal = problem(413, "http.413", "The request is too large.", "Send less.")
            await refusal(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > largest:
                raise HTTPException(413, "The request is too large.")
            return message

        await self._application(scope, receive_some, send)
