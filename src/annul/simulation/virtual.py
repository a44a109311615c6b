"""An event loop whose time is virtual, and processes that can die or freeze between any two steps.

Time passes only when nothing is left to do at a moment, and then at once to the next timer. What
runs belongs to a process by its context, which tasks, timers and transports inherit; what a dead
process had scheduled is never run, as after SIGKILL: no `finally`, no last word. What a frozen one
has scheduled waits until it thaws, as after SIGSTOP.
"""

import asyncio
import heapq
import selectors
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_PROCESS: Final[ContextVar["Process | None"]] = ContextVar("process", default=None)
_UNWINDS_S: Final = (0.0, 0.1, 1.0, 10.0, *(100.0,) * 10)  # virtual, after each cancelling


class Stuck(RuntimeError):
    """Nothing is scheduled any more and the story has not ended: somebody waits for ever."""


class Process:
    """Something that can be killed or frozen. `steps` counts what it has run; at `dies_at` it dies.

    With `dies_where` it dies at its next step once it has come to a place of that name; with
    `freezes_where` or `freezes_at` it freezes, at once, until it thaws.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.steps = 0
        self.dies_at = 0
        self.dies_where = ""
        self.frozen = False
        self.freezes_at = 0
        self.freezes_where = ""
        self.left: list[asyncio.Handle] = []  # what was to be run when it was dead, or frozen
        self.on_death: list[Callable[[], None]] = []
        self.on_freeze: list[Callable[[], None]] = []

    def kill(self) -> None:
        """End it between two steps; who is connected to it notices."""
        if self.dead:
            return
        self.dead, self.frozen = True, False
        _running().ended(self)
        for told in self.on_death:
            told()

    def freeze(self) -> None:
        """Stop it between two steps; nobody notices but by its silence."""
        if self.dead or self.frozen:
            return
        self.frozen = True
        self.freezes_at, self.freezes_where = 0, ""
        _running().ended(self)
        for told in self.on_freeze:
            told()

    def thaw(self, *, timers_first: bool = False) -> None:
        """Let it go on: what was to be run meanwhile runs now.

        A loop that has stood still may see first what has come, or first that its time is over.
        """
        if not self.frozen:
            return
        self.frozen = False
        if timers_first:
            self.left.sort(key=lambda handle: not isinstance(handle, asyncio.TimerHandle))
        _running().goes_on(self)

    def comes_to(self, place: str) -> None:
        """Be at a place."""
        if self.dies_where and place == self.dies_where:
            self.dies_at = self.steps + 1
        if self.freezes_where and place == self.freezes_where:
            self.freeze()

    def step(self) -> bool:
        """Count a step; it may be the last. Say whether it is made."""
        if self.dead or self.frozen:
            return False
        self.steps += 1
        if self.steps == self.freezes_at:
            self.freeze()
        if self.steps == self.dies_at:
            self.kill()
        return not self.dead and not self.frozen

    def context(self) -> Context:
        """Give a context whose tasks are this process's."""
        context = copy_context()
        context.run(_PROCESS.set, self)
        return context


def current() -> Process | None:
    """Give the process that runs."""
    return _PROCESS.get()


def _running() -> "VirtualLoop":
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def _alive(handle: Any) -> bool:
    """Say whether what is to be run now is of a process that runs; its last step may be this."""
    process = handle._context.get(_PROCESS)
    if process is None or process.step():
        return True
    process.left.append(handle)
    return False


class _Step(asyncio.Handle):
    """A callback that runs only while its process lives."""

    __slots__ = ()

    def _run(self) -> None:
        if _alive(self):
            super()._run()


class _Timer(asyncio.TimerHandle):
    """The same at a time."""

    __slots__ = ()

    def _run(self) -> None:
        if _alive(self):
            super()._run()


class _Nothing(selectors.SelectSelector):
    """Stands where a loop waits for sockets: here the time passes instead."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        self.loop.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module. `begins` is the moment in UTC at which its time is zero."""

    def __init__(self, begins: datetime) -> None:
        selector = _Nothing()
        selector.loop = self
        self.begins = begins
        self._passed = 0.0
        self.still: list[Process] = []  # the dead and the frozen
        super().__init__(selector)

    def time(self) -> float:
        """Give the virtual seconds since the beginning."""
        return self._passed

    def now(self) -> datetime:
        """Give the virtual moment in UTC."""
        return self.begins + timedelta(seconds=self._passed)

    def leap(self, ahead: timedelta) -> None:
        """Let so much time pass at once, which no timer notices."""
        self.begins += ahead

    def pass_time(self, timeout: float | None) -> None:
        """Step to the next timer; raises `Stuck` when there is none."""
        if timeout == 0:
            return
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if scheduled:
            self._passed = max(self._passed, scheduled[0]._when)
        else:
            raise Stuck

    def run_in_executor(
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it here and now: a thread of its own would come in at any time."""
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            future.set_exception(error)
        return future

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule a timer."""
        timer = _Timer(when, callback, args, self, context)
        self._add_timer(timer)
        return timer

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule a timer from now on."""
        return self.call_at(self._passed + delay, callback, *args, context=context)

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a step."""
        step = _Step(callback, args, self, context)
        self._ready.append(step)  # type: ignore[attr-defined]
        return step

    def _add_timer(self, timer: asyncio.TimerHandle) -> None:
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]

    def ended(self, process: Process) -> None:
        """Know of a process that runs no more, or not for now."""
        if process not in self.still:
            self.still.append(process)

    def goes_on(self, process: Process) -> None:
        """Run what a process had to do while it could not."""
        self.still.remove(process)
        left, process.left = process.left, []
        self._ready.extend(left)  # type: ignore[attr-defined]

    def bury(self) -> None:
        """Unwind all that is left, the dead too, once nothing of it can reach anything any more.

        Else it would be unwound at some later moment, in the middle of another story.
        """
        self.set_exception_handler(lambda *_: None)
        for process in list(self.still):
            process.dead = process.frozen = False
            self.goes_on(process)
        for seconds in _UNWINDS_S:
            tasks = asyncio.all_tasks(self)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self.run_until_complete(asyncio.sleep(seconds))
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()


class VirtualClock:
    """What annul asks of time; `skew_s` is how far this process's clock is off."""

    def __init__(self, loop: VirtualLoop, skew_s: float = 0.0) -> None:
        self._loop = loop
        self._skew = timedelta(seconds=skew_s)
        self.monotonic = loop.time

    def now(self) -> datetime:
        """Give the moment in UTC."""
        return (self._loop.now() + self._skew).astimezone(UTC)
