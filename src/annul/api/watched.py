"""A websocket that somebody looks after: it ends when who opened it may no longer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Self

Message = MutableMapping[str, Any]

_LOOK_S: Final = 5.0  # between two looks while nothing comes
_CLOSED: Final = 4401
# What lets a page of NiceGUI load itself anew, which leads to the sign-in.
_RELOAD: Final = '42["try_reconnect"]'


class Watched:
    """What stands between a socket and its application.

    `still` is asked with each message before anybody reads it, and with None while none comes.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
        still: Callable[[Message | None], Awaitable[bool]],
    ) -> None:
        self._receive = receive
        self._send = send
        self._still = still
        self._reading: asyncio.Future[Message] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def receive(self) -> Message:
        """Give the next message, or that the socket has ended."""
        while True:
            self._reading = self._reading or asyncio.ensure_future(self._receive())
            await asyncio.wait({self._reading}, timeout=_LOOK_S)
            message = self._reading.result() if self._reading.done() else None
            if message is not None:
                self._reading = None
                if message["type"] != "websocket.receive":
                    return message
            if not await self._still(message):
                await self._send({"type": "websocket.send", "text": _RELOAD})
                await self._send({"type": "websocket.close", "code": _CLOSED})
                return {"type": "websocket.disconnect", "code": _CLOSED}
            if message is not None:
                return message
