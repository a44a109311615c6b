"""Cases as they change: who is told, and for how long."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import asyncpg
import httpx
import pytest

from annul.api.v1 import events
from annul.desk import feed
from annul.desk.access import Access
from annul.desk.roles import Scope
from annul.resolve.case import Case
from tests.support.desks import Api, make_desk, open_api

from .conftest import Shop, happen

Shops = tuple[Shop, Shop]


class Stream:
    """Events as a client reads them."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def event(self) -> dict[str, str]:
        """Give the next event; comments are passed over."""
        found: dict[str, str] = {}
        async with asyncio.timeout(20):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name and value:
                    found[name] = value
                elif not line and "data" in found:
                    return found
        raise AssertionError("the stream has ended")


async def test_a_change_is_told_to_those_who_may_know(api: Api, shops: Shops) -> None:
    mine, theirs = shops
    headers = await api.key(Scope.CASES_READ, merchant=mine.merchant)
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        await asyncio.sleep(0.2)
        await happen(api.desk.book, theirs.case, "retry")
        changed = await happen(api.desk.book, mine.case, "retry")
        told = await stream.event()
        data = json.loads(told["data"])
        while data["events"] != changed.events:  # as it was when it was put in, just before
            told = await stream.event()
            data = json.loads(told["data"])
    assert told["event"] == "case"
    assert (data["number"], data["merchant"]) == (mine.case.number, mine.merchant)
    # Whoever comes back is told what came meanwhile.
    later = await happen(api.desk.book, changed, "back_off")
    again = headers | {"last-event-id": told["id"]}
    async with api.http.stream("GET", "/cases/events", headers=again) as answer:
        missed = json.loads((await Stream(answer).event())["data"])
    assert (missed["number"], missed["events"]) == (mine.case.number, later.events)


async def test_nobody_is_left_watching_when_the_client_has_gone(api: Api) -> None:
    headers = await api.key()
    async with api.http.stream("GET", "/cases/events", headers=headers):
        async with asyncio.timeout(5):
            while not api.desk.feed._watchers:
                await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        while api.desk.feed._watchers:
            await asyncio.sleep(0.02)


async def test_a_stream_ends_after_a_while_though_nothing_has_changed(
    api: Api, shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_LASTS_S", 0.1)
    headers = await api.key()
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        await asyncio.sleep(0.2)
        await happen(api.desk.book, shops[0].case, "retry")
        async with asyncio.timeout(20):
            text = "".join([part async for part in answer.aiter_text()])
    assert "event: case" in text


async def test_streams_end_and_nobody_waits_when_annul_stops(
    pool: asyncpg.Pool, shops: Shops
) -> None:
    async with open_api(make_desk(pool)) as api:
        headers = await api.key()

        async def follow() -> None:
            async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
                async for _ in answer.aiter_text():
                    pass

        following = asyncio.create_task(follow())
        waiting = asyncio.create_task(api.get(f"/voids/{shops[0].void.id}", headers, wait=60))
        await asyncio.sleep(0.5)
        await api.desk.feed.stop()
        async with asyncio.timeout(2.5):
            await following
            assert (await waiting)["state"] == "pending"


# What ends a stream ------------------------------------------------------------------------

_END: dict[str, Callable[[Access, asyncpg.Pool], Awaitable[object]]] = {
    "stopped": lambda access, _: access.set_active("operator", active=False),
    "signed out": lambda _, pool: pool.execute("DELETE FROM sessions"),
    "other role": lambda _, pool: pool.execute(
        "UPDATE users SET role = 'cashier', merchant_id = (SELECT min(merchant_id) FROM merchants)"
    ),
    "one-time password": lambda _, pool: pool.execute("UPDATE users SET one_time = true"),
}


async def _followed(api: Api) -> None:
    """Wait until somebody follows."""
    async with asyncio.timeout(5):
        while not api.desk.feed._watchers:
            await asyncio.sleep(0.02)


async def _told(answer: httpx.Response, case: Case | None = None) -> set[tuple[str, int]]:
    """Give each case with its number of events, as they are told until `case` is, or to the end."""
    found: set[tuple[str, int]] = set()
    async with asyncio.timeout(20):
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                found.add((data["number"], data["events"]))
            if case is not None and (case.number, case.events) in found:
                break
    return found


@pytest.mark.parametrize("end", _END)
async def test_a_stream_ends_with_what_its_person_may_and_tells_nothing_more(
    api: Api, shops: Shops, pool: asyncpg.Pool, end: str
) -> None:
    headers = await api.person("operator")
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        await _followed(api)
        await _END[end](Access(pool), pool)  # in another process, of which this one hears nothing
        after = await happen(api.desk.book, shops[0].case, "after")
        assert (after.number, after.events) not in await _told(answer)


async def test_a_stream_ends_with_its_key(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    elsewhere = Access(pool)
    identity, key = await elsewhere.new_key("test", [Scope.CASES_READ], "", "test")
    headers = {"authorization": f"Bearer {key}"}
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        await _followed(api)
        assert await elsewhere.end_key(identity)
        after = await happen(api.desk.book, shops[0].case, "after")
        assert (after.number, after.events) not in await _told(answer)


async def test_a_stream_on_which_nothing_comes_ends_as_well(
    api: Api, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert feed._LOOK_S <= 5.0
    monkeypatch.setattr(feed, "_LOOK_S", 0.05)
    headers = await api.person("operator")
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        await _followed(api)
        await Access(pool).set_active("operator", active=False)
        assert await _told(answer) == set()


async def test_who_only_changes_the_language_goes_on(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    headers = await api.person("operator")
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        await _followed(api)
        await Access(pool).speak("operator", "zh")
        after = await happen(api.desk.book, shops[0].case, "after")
        assert await _told(answer, after)
        assert not answer.is_closed


async def test_a_shop_is_told_of_its_own_cases_only(api: Api, shops: Shops) -> None:
    mine, theirs = shops
    headers = await api.person("merchant", mine.merchant)
    async with api.http.stream("GET", "/cases/events", headers=headers) as answer:
        await _followed(api)
        await happen(api.desk.book, theirs.case, "after")
        after = await happen(api.desk.book, mine.case, "after")
        told = await _told(answer, after)
    assert {number for number, _ in told} == {mine.case.number}
