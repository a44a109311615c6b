"""What a page knows while it is shown: who looks, in which language, and what is live."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from typing import Any, Final

from nicegui import ui
from starlette.requests import Request

from annul.desk.desk import Desk
from annul.desk.feed import Change
from annul.desk.roles import Scope, Visitor
from annul.domain import money

from .markup import Html, tag
from .texts import Words

_EVERY_S: Final = 2.0
_SOON: Final = timedelta(days=7)  # a time further away is said by its date
_REFRESHES: Final = 20.0  # pages a second, so that a crowd of them does not slow the host down


@dataclass(frozen=True, slots=True)
class View:
    """One page in one browser."""

    desk: Desk
    visitor: Visitor
    words: Words
    request: Request

    @property
    def query(self) -> Mapping[str, str]:
        """The address's query."""
        return self.request.query_params

    @property
    def params(self) -> Mapping[str, str]:
        """The parts of the address that the page's path names."""
        return self.request.path_params

    def may(self, scope: Scope) -> bool:
        """Say whether the visitor may do something."""
        return self.visitor.may(scope)

    async def shared(self, what: Hashable, build: Callable[[], Awaitable[Any]]) -> Any:
        """Give what all who read the same language and may see the same are shown alike."""
        seen = (self.words.language, self.visitor.merchant_id, self.visitor.scopes)
        return await self.desk.kept.of((what, seen), build)

    def when(self, at: datetime | str | None, *, seconds: bool = False) -> str:
        """Give a time as the clock on the wall shows it."""
        if at is None:
            return ""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        form = "%m-%d %H:%M:%S" if seconds else "%m-%d %H:%M"
        return moment.astimezone(self.desk.zone).strftime(form)

    def dated(self, at: datetime) -> str:
        """Give a time with its year where that is not this one."""
        zone = self.desk.zone
        local, now = at.astimezone(zone), self.desk.clock.now().astimezone(zone)
        return local.strftime("%m-%d %H:%M" if local.year == now.year else "%Y-%m-%d %H:%M")

    def at(self, at: datetime | None, *, seconds: bool = False) -> Html | str:
        """Show a time as the clock on the wall does, with the whole of it behind."""
        return self._timed(at, self.when(at, seconds=seconds)) if at else ""

    def ago(self, at: datetime | None) -> Html | str:
        """Show how long ago a time is, or how soon; the browser keeps it true (lists.js)."""
        if at is None:
            return ""
        apart = at - self.desk.clock.now()
        if abs(apart) >= _SOON:
            return self._timed(at, self.dated(at))
        return self._timed(at, _apart(apart, self.words), data_ago=self.words("now"))

    def _timed(self, at: datetime, said: str, **more: str) -> Html:
        local = at.astimezone(self.desk.zone)
        whole = f"{local:%Y-%m-%d %H:%M:%S} {local:%Z} (UTC{local:%z})"
        return tag("time", said, datetime=at.isoformat(), title=whole, **more)

    def amount(self, minor: int, currency: str = "156") -> str:
        """Give money with its currency, as the language writes it."""
        return money.told(minor, currency).speak(self.words.language)

    def span(self, seconds: float) -> str:
        """Give a length of time in words."""
        words = self.words
        whole = max(int(seconds), 0)
        if whole < 90:
            return words("{n} s", n=whole)
        if whole < 90 * 60:
            return words("{n} min", n=round(whole / 60))
        if whole < 36 * 3600:
            return words("{n} h", n=round(whole / 3600))
        return words("{n} days", n=round(whole / 86_400))


def _apart(apart: timedelta, words: Words) -> str:
    from babel.dates import format_timedelta  # most commands start without it

    if abs(apart) < timedelta(minutes=1):
        return words("now")
    locale = "zh" if words.language == "zh" else "en"
    told = format_timedelta(
        apart, granularity="minute", threshold=1, add_direction=True, format="short", locale=locale
    )
    return told.replace(".", "")


def html(content: str = "", cls: str = "") -> ui.html:
    """Put markup of ours on the page; it is escaped where it is built."""
    return ui.html(content, sanitize=False).classes(cls)


class Part:
    """A part of a page that is built anew when something has changed."""

    def __init__(self, build: Callable[[], Awaitable[Html]], cls: str = "") -> None:
        self._build = build
        self._shown = html(cls=cls)

    async def refresh(self) -> None:
        """Build it anew; the browser is told only of what differs."""
        content = await self._build()
        if content != self._shown.content:
            self._shown.set_content(content)


def live(
    view: View,
    refresh: Callable[[], Awaitable[Any]],
    concerns: Callable[[list[Change]], bool] = lambda _: True,
    *,
    every_s: float = _EVERY_S,
    at_least_s: float | None = None,
) -> None:
    """Call `refresh` when cases change that concern the page, at most every `every_s` seconds.

    With many pages open each one is refreshed more seldom, spread over the time.
    `at_least_s` calls it also when nothing has changed. It ends with the page.
    """
    due = asyncio.Event()
    client = ui.context.client

    def changed(changes: list[Change]) -> None:
        if concerns(changes):
            due.set()

    async def follow() -> None:
        try:
            async with asyncio.timeout(at_least_s):
                await due.wait()
        except TimeoutError:
            pass
        due.clear()
        crowd_s = view.desk.feed.watching / _REFRESHES
        place = random() if crowd_s > every_s else 0.0  # noqa: S311 - not all at one moment
        await asyncio.sleep(place * crowd_s)
        with client:
            await refresh()
        await asyncio.sleep(max(every_s, (1.0 - place) * crowd_s))

    unwatch = view.desk.feed.watch(changed)
    loop = view.desk.loops.start("live page", follow, within_s=math.inf)

    def end() -> None:
        unwatch()
        loop.cancel()

    client.on_delete(end)
