"""Answers that say which cells they are without."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders

from annul.desk.desk import Desk

HEADER: Final = "annul-without-cells"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Silent:
    """Names, in a header of each answer, the cells that gave none the last time they were asked."""

    def __init__(self, application: Any, desk: Desk) -> None:
        self._application = application
        self._desk = desk

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and self._desk.silent:
                MutableHeaders(scope=message)[HEADER] = ", ".join(sorted(self._desk.silent))
            await send(message)

        await self._application(scope, receive, named)
