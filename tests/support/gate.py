"""A door before a Unix socket that can be shut: whoever comes in goes on, or is turned away."""

import select
import socket
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final

_SIZE: Final = 65_536


class Gate:
    """Listens on a socket of the same name in a folder of its own; a thread for each that comes."""

    def __init__(self, folder: Path, target: Path) -> None:
        folder.mkdir()
        self._target = target
        self._shut = Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / target.name))
        self._listener.listen()
        Thread(target=self._serve, daemon=True).start()

    def shut(self) -> None:
        """End every connection, and let nobody in any more."""
        self._shut.set()

    def open(self) -> None:
        """Let them in again."""
        self._shut.clear()

    def close(self) -> None:
        """End it."""
        self.shut()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                came, _ = self._listener.accept()
                Thread(target=self._pass_on, args=(came,), daemon=True).start()

    def _pass_on(self, came: socket.socket) -> None:
        with came, socket.socket(socket.AF_UNIX) as there, suppress(OSError):
            if self._shut.is_set():
                return
            there.connect(str(self._target))
            other = {came: there, there: came}
            while not self._shut.is_set():
                for one in select.select([came, there], [], [], 0.05)[0]:
                    data = one.recv(_SIZE)
                    if not data:
                        return
                    other[one].sendall(data)
