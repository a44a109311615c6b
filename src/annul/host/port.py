"""A port on which terminals connect."""

import asyncio
import socket
from typing import Any, Protocol

from annul.renewal import Port

from .connections import Connections
from .host import Host


class Server(Protocol):
    """Whose port it is."""

    host: Host
    connections: Connections

    def connection(self, peername: object, greeting: asyncio.Task[None], /) -> Any:
        """Make what serves one connection; `greeting` is the task that shakes hands."""
        ...

    def take(self, connection: Any, /) -> bool:
        """Say whether there is room for a connection."""
        ...


class TerminalPort(Port):
    """One port for terminals. Who connects counts before a handshake, which may never end."""

    def __init__(self, server: Server, listening: socket.socket) -> None:
        super().__init__(listening, asyncio.Protocol)
        self._server = server

    async def greet(self, accepted: socket.socket, peername: object) -> None:
        """Take somebody who has connected, if there is room."""
        server, task = self._server, asyncio.current_task()
        assert task is not None, "each is greeted in a task of its own"
        connection = server.connection(peername, task)
        if not server.take(connection):
            accepted.close()
            return
        try:
            greeted = await self.connect(lambda: connection, accepted)
        except BaseException:  # cancelled: it gave way, or the port is closed
            server.connections.forget(connection)
            raise
        if not greeted:
            server.host.door.strangers.turned_away(connection.peer.address, "handshake")
            server.connections.forget(connection)
