"""Browsers without a screen: pages that are open, alive and told of every change.

A process of its own: `python -m bench.watchers ADDRESS COOKIE COUNT PATH`. It prints `watching`
once every page has its socket, and how many messages came when it is ended.
"""

import asyncio
import re
import signal
import sys
from typing import Any, Final

import httpx
import socketio

_QUERY: Final = re.compile(r"'client_id': '([0-9a-f-]+)'")


class Watcher:
    """One open page."""

    def __init__(self, address: str, cookie: str) -> None:
        self.messages = 0
        self._address = address
        self._headers = {"cookie": f"annul_session={cookie}"}
        self._socket = socketio.AsyncClient()
        self._socket.on("*", self._take)

    async def open(self, client: httpx.AsyncClient, path: str, number: int) -> None:
        """Load the page and connect its socket as the page's script does."""
        page = await client.get(self._address + path, headers=self._headers)
        page.raise_for_status()
        found = _QUERY.search(page.text)
        assert found, "a page names its client"
        query = (
            f"client_id={found[1]}&next_message_id=0&implicit_handshake=true"
            f"&document_id=d{number}&tab_id=t{number}"
        )
        await self._socket.connect(
            f"{self._address}?{query}",
            self._headers,
            transports=["websocket"],
            socketio_path="/_nicegui_ws/socket.io",
        )

    async def close(self) -> None:
        """Leave the page."""
        await self._socket.disconnect()

    async def _take(self, *_: Any) -> None:
        self.messages += 1


async def watch(address: str, cookie: str, count: int, path: str) -> None:
    """Open so many pages and keep them until told to stop."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    watchers = [Watcher(address, cookie) for _ in range(count)]
    async with httpx.AsyncClient(timeout=30) as client:
        for number, watcher in enumerate(watchers):
            await watcher.open(client, path, number)
    print("watching", flush=True)
    await stopped.wait()
    await asyncio.gather(*(watcher.close() for watcher in watchers))
    print(f"messages {sum(watcher.messages for watcher in watchers)}", flush=True)


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
