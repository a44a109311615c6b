"""Reports by mail over a real database and a real mail server, and a host that is killed."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import asyncpg
import pytest

from annul.operate.notices.messages import NoticePace
from annul.store.clock import Clock, SystemClock
from tests.support.clock import HeldClock
from tests.support.notices import BASE, Mailbox, Watch, mailing, subscribed

# A Monday, an hour after the week has ended at 23:00 on Sunday in the shop.
_MONDAY = datetime(2026, 11, 29, 16, 0, tzinfo=UTC)
_STATES = "SELECT name, length, first, state, tries, error FROM report_mails ORDER BY name, first"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(_MONDAY)


async def _states(watch: Watch) -> list[Any]:
    return [tuple(row) for row in await watch.pool.fetch(_STATES)]


async def _sent(watch: Watch, within_s: float = 30.0) -> None:
    async def none_owed() -> bool:
        return not await watch.pool.fetchval(
            "SELECT count(*) FROM report_mails WHERE state = 'owed'"
        )

    await watch.until(none_owed, within_s)


def _files(mail: EmailMessage) -> dict[str, bytes]:
    return {
        str(part.get_filename()): part.get_payload(decode=True)
        for part in mail.walk()
        if part.get_filename()
    }  # pyright: ignore[reportReturnType]


def _body(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return str(body.get_content())


async def test_each_reads_the_week_in_their_own_language_with_both_files(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    channel = await watch.add(mailbox.address, language="zh")
    await subscribed(watch, channel, "lei", length="week", language="en")
    await subscribed(watch, channel, "min", length="week", language="")  # as the channel speaks
    await mailing(watch.pool, clock, BASE).turn()
    watch.start()
    await _sent(watch)
    mails = dict(zip((one[0] for one in mailbox.to), mailbox.got, strict=True))
    english, chinese = mails["lei@bank.cn"], mails["min@bank.cn"]
    assert english["subject"].startswith("annul: Weekly report on voids, week 48")
    assert chinese["subject"].startswith("annul: 撤销周报")
    assert "There were no voids." in _body(english)
    assert "本期没有撤销。" in _body(chinese)
    assert _body(english).rstrip().endswith(f"{BASE}/reports?period=2026-W48")
    for mail in (english, chinese):
        files = _files(mail)
        assert files["annul-report-2026-W48.pdf"].startswith(b"%PDF")
        assert files["annul-report-2026-W48.xlsx"].startswith(b"PK")
    assert "duty@bank.cn" not in str(mailbox.to)  # nor to whom the channel is for


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_where_neither_person_nor_channel_has_a_language_it_is_the_installations(
    watch: Watch, mailbox: Mailbox, clock: HeldClock, language: str
):
    channel = await watch.add(mailbox.address, language="")
    await subscribed(watch, channel, language="")
    await mailing(watch.pool, clock, BASE, language=language).owe(clock.now())
    assert {
        row["language"] for row in await watch.pool.fetch("SELECT language FROM report_mails")
    } == {language}


async def test_a_period_is_mailed_once_whichever_host_does_it(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    channel = await watch.add(mailbox.address)
    await subscribed(watch, channel)
    for _ in range(2):
        watch.start()
    hosts = [mailing(watch.pool, clock) for _ in range(3)]
    for _ in range(2):
        await asyncio.gather(*(host.turn() for host in hosts))
        await _sent(watch)
    await watch.round()
    # A first host comes late: of the days before some are still owed.
    assert [(row[2].day, row[3]) for row in await _states(watch)] == [
        (27, "told"),
        (28, "told"),
        (29, "told"),
    ]
    assert len(mailbox.got) == 3
    assert await watch.pool.fetchval("SELECT count(*) FROM report_letters") == 3
    clock.forward(days=1)
    await asyncio.gather(*(host.turn() for host in hosts))
    await _sent(watch)
    assert len(mailbox.got) == 4


async def test_who_may_not_read_it_any_more_gets_none(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    channel = await watch.add(mailbox.address)
    await subscribed(watch, channel, "lei")
    await subscribed(watch, channel, "min", role="cashier", merchant_id="898000058120000")
    host = mailing(watch.pool, clock)
    await host.turn()
    assert {row[0] for row in await _states(watch)} == {"lei"}
    await watch.pool.execute("UPDATE users SET active = false WHERE name = 'lei'")
    watch.start()
    await watch.round()
    assert not mailbox.got
    await host.turn()
    assert {row[3] for row in await _states(watch)} == {"dropped"}


async def test_one_address_that_is_refused_holds_up_nobody_and_is_an_incident(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    mailbox.answers = ["550 no mailbox lei@bank.cn here"] * 3
    channel = await watch.add(mailbox.address)
    await subscribed(watch, channel, "lei", length="week")
    await mailing(watch.pool, clock).turn()
    watch.start()
    for tries, wait_s in enumerate((60, 120, 240), 1):
        await watch.logged(tries, "refused")
        assert (await watch.state(channel))["failures"] == 0
        clock.forward(seconds=wait_s - 1)
        await watch.round()
        assert len(await watch.log("refused")) == tries  # not before its time
        incidents = await watch.pool.fetch("SELECT * FROM incidents WHERE closed_at IS NULL")
        assert [row["kind"] for row in incidents] == ["report_not_mailed"] * (tries == 3)
        assert "lei@bank.cn" not in str([dict(row) for row in incidents])
        if tries == 1:  # what is owed of incidents goes meanwhile
            await watch.outages()
            mailbox.answers.insert(0, "250 OK")
            await watch.drained()
            assert mailbox.to == [["duty@bank.cn"]]
        clock.forward(seconds=1)
    await _sent(watch)
    assert mailbox.to[-1] == ["lei@bank.cn"]
    assert not await watch.pool.fetch("SELECT FROM incidents WHERE closed_at IS NULL")


async def test_incidents_go_first_and_reports_share_the_limit(
    watch: Watch, mailbox: Mailbox, clock: HeldClock
):
    channel = await watch.add(mailbox.address, per_minute=2)
    for name in ("lei", "min"):
        await subscribed(watch, channel, name, length="week")
    await mailing(watch.pool, clock).turn()
    await watch.outages()
    watch.start()
    await watch.logged(2, "told")
    await watch.round()
    assert [one["subject"].startswith("annul:") for one in mailbox.got] == [False, True]
    clock.forward(seconds=62)
    await _sent(watch)
    assert len(mailbox.got) == 3


async def test_killed_while_a_report_is_on_its_way_it_is_mailed_once_more(
    pool: asyncpg.Pool, database: str, mailbox: Mailbox
):
    """Real processes and a real clock; the second host says that it may be a repeat."""
    clock: Clock = SystemClock()
    watch = Watch(pool, clock)
    mailbox.held = asyncio.Event()
    channel = await watch.add(mailbox.address)
    await subscribed(watch, channel, length="week")
    module = ("-m", "tests.support.tell_alone", database, "5.0")  # longer than it takes to kill it
    host = await asyncio.create_subprocess_exec(
        sys.executable, *module, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    try:
        async with asyncio.timeout(30):
            await mailbox.arrived.wait()
    finally:
        host.send_signal(signal.SIGKILL)
        await host.wait()
    assert [row[3] for row in await _states(watch)] == ["owed"]
    mailbox.held.set()
    mailbox.held = None
    watch.start(NoticePace(poll_s=0.02))  # with a lease that outlasts a busy machine
    await mailing(pool, clock).turn()
    await _sent(watch)
    await watch.close()
    assert [(row[3], row[4]) for row in await _states(watch)] == [("told", 2)]
    assert [row["phase"] for row in await watch.log()] == ["sending", "unknown", "sending", "told"]
    assert "you may have this already" in _body(mailbox.got[-1])
