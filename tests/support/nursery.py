"""A process that has imported annul once, and forks each command of annul that a test starts.

To import everything takes two seconds of a processor, to fork what has imported it a hundredth.
What comes of it is a process of its own all the same: its own session, files, environment, signals
and exit status. `Nursery` is the side of the tests; run as a module, this file is the other.
"""

import gc
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, recv_fds, send_fds, socket, socketpair
from threading import Lock
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_LONGEST: Final = 1 << 17  # bytes of one request: arguments and environment
_READY_S: Final = 60.0


class Born:
    """A command that was forked: what tests use of `subprocess.Popen`."""

    def __init__(self, line: socket) -> None:
        """Wait for its process id; its exit status comes by the same `line`."""
        self._line = line
        self.pid = int(line.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Give its exit status, None while it runs."""
        with suppress(TimeoutError, BlockingIOError):
            self._ended(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; gives its status, raises `subprocess.TimeoutExpired`."""
        try:
            return self._ended(timeout)
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired("annul", timeout or 0.0) from None

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it as a crash would."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int:
        if self.returncode is None:
            self._line.settimeout(timeout)
            self.returncode = int(self._line.recv(64))
            self._line.close()
        return self.returncode


class Nursery:
    """Starts commands; its process begins with the first of them and ends with `close`."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._one_at_a_time = Lock()  # tests run commands in threads
        self._line: socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        words: Sequence[str],
        files: tuple[int, int, int],
        environment: Mapping[str, str],
        cwd: Path | None = None,
    ) -> Born:
        """Start `annul` with arguments; `files` are its standard input, output and error."""
        own, other = socketpair(AF_UNIX, SOCK_SEQPACKET)
        asked = {"words": [*words], "environment": {**environment}, "cwd": str(cwd or Path.cwd())}
        with other, self._one_at_a_time:
            if self._line is None:
                self._line = self._opened()
            send_fds(self._line, [json.dumps(asked).encode()], [other.fileno(), *files])
        return Born(own)

    def close(self) -> None:
        """End it; what it has started goes on."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()
            self._line = self._process = None

    def _opened(self) -> socket:
        own, other = socketpair(AF_UNIX, SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(other.fileno())],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
        own.settimeout(_READY_S)
        assert own.recv(8) == b"ready", "a nursery that has imported annul"
        return own


# The other side -------------------------------------------------------------------------------


def _serve(line: socket) -> bool:
    """Fork what is asked for until the tests hang up; true in a process that was forked."""
    heard, tells = socketpair()
    for end in (heard, tells):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(tells.fileno())
    told: dict[int, socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(heard, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is heard:
                    heard.recv(4096)
                    _tell_of_ended(told)
                    continue
                asked, files, _, _ = recv_fds(line, _LONGEST, 4)
                if not asked:
                    return False
                process = os.fork()
                if process == 0:
                    selector.close()
                    for end in (line, heard, tells, *told.values()):
                        end.close()
                    _become(json.loads(asked), files)
                    return True
                for one in files[1:]:
                    os.close(one)
                told[process] = socket(fileno=files[0])
                told[process].send(str(process).encode())


def _tell_of_ended(told: dict[int, socket]) -> None:
    """Say with which status a process has ended, as `subprocess` counts it, once it is reaped."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with told.pop(ended[0]) as line, suppress(OSError):
                line.send(str(os.waitstatus_to_exitcode(ended[1])).encode())


def _become(asked: dict[str, object], files: Sequence[int]) -> None:
    """Take on the arguments, files, environment and folder of a command."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for place, file in enumerate(files[1:]):
        os.dup2(file, place)
    for file in files:
        os.close(file)
    os.chdir(str(asked["cwd"]))
    environment, words = asked["environment"], asked["words"]
    assert isinstance(environment, dict)
    assert isinstance(words, list)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.modules["__main__"].__package__ = ""  # a command is called as its program, not `python -m`
    sys.argv = [str(Path(sys.executable).parent / "annul"), *words]


def _import_everything() -> None:
    from annul.cli.loading import PLACES

    for name in ("annul.app", *(f"annul.cli.{place}" for place in set(PLACES.values()))):
        import_module(name)
    threads = [*Path("/proc/self/task").iterdir()]
    assert len(threads) == 1, "nothing that is imported starts a thread: forks would lack it"
    gc.collect()
    gc.freeze()  # no fork looks through what all share


def _run(number: int) -> None:
    _import_everything()
    line = socket(fileno=number)
    line.send(b"ready")
    if _serve(line):
        from annul.cli import main

        sys.exit(main())


if __name__ == "__main__":
    _run(int(sys.argv[1]))
