"""Reports by mail, as people ask for them for themselves, and as who sets notices up sends them."""

from dataclasses import replace

import asyncpg
import pytest

from annul.desk import notices, report_mails
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed, ReasonNeeded
from annul.desk.roles import Scope, Visitor
from annul.domain.letters import BadMail
from annul.operate.reports.period import Length, NotClosed, Period

from .people import audited, clock_of, person

_BOTH = frozenset(Length)
_CHANNEL = notices.NewChannel(
    "mail", "mailtos://a:s3cret@smtp.bank.cn/?from=a@bank.cn&to=b@bank.cn"
)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def _ask(desk: Desk, visitor: Visitor, mail: str = "lei@bank.cn") -> None:
    await report_mails.subscribe(desk, visitor, _BOTH, mail, "to read on Mondays")


async def test_an_address_is_sealed_and_its_owner_alone_sees_a_part_of_it(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await notices.add_channel(desk, operator, _CHANNEL, "new")
    await _ask(desk, operator)
    stored = await pool.fetch("SELECT mail FROM report_subscriptions")
    assert {desk.vault.open(row["mail"]) for row in stored} == {"lei@bank.cn"}
    asked = await report_mails.own(desk, operator)
    assert [(one.length, one.mail) for one in asked] == [
        (Length.DAY, "l…@bank.cn"),
        (Length.WEEK, "l…@bank.cn"),
    ]
    every = await report_mails.every(desk, operator)
    log = await audited(pool)
    assert log[-1]["action"] == "ask-for-reports"
    assert "lei@" not in str((asked, every, log, [dict(row) for row in stored]))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_one_sent_by_hand_speaks_as_the_installation_where_nobody_has_a_language(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool, language: str
) -> None:
    spoken = replace(desk, notices_language=language)
    await notices.add_channel(spoken, operator, _CHANNEL, "new")
    await _ask(spoken, operator)
    period = Period.latest(Length.DAY, desk.calendar.business_date(desk.clock.now()))
    assert await report_mails.send(spoken, operator, period, "again") == [operator.name]
    assert await pool.fetchval("SELECT language FROM report_mails") == language


async def test_the_first_one_is_of_the_period_that_goes_on(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await notices.add_channel(desk, operator, _CHANNEL, "new")
    await _ask(desk, operator)
    rows = await pool.fetch("SELECT length, since FROM report_subscriptions")
    since = {row["length"]: row["since"] for row in rows}
    today = desk.calendar.business_date(desk.clock.now())
    assert since["day"] == today
    assert since["week"].isoweekday() == 1
    assert (today - since["week"]).days < 7


async def test_it_is_changed_kept_and_ended(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await notices.add_channel(desk, operator, _CHANNEL, "new")
    await _ask(desk, operator)
    before = await pool.fetchval("SELECT since FROM report_subscriptions WHERE length = 'day'")
    clock_of(desk).forward(days=3)
    await report_mails.subscribe(desk, operator, frozenset({Length.DAY}), "", "daily is enough")
    [kept] = await pool.fetch("SELECT * FROM report_subscriptions")
    assert (kept["length"], desk.vault.open(kept["mail"])) == ("day", "lei@bank.cn")
    assert kept["since"] == before
    await report_mails.subscribe(desk, operator, frozenset(), "", "no more")
    assert await report_mails.own(desk, operator) == []


async def test_who_may_not_ask_does_not(desk: Desk, operator: Visitor) -> None:
    with pytest.raises(report_mails.NoMailChannel):
        await _ask(desk, operator)
    await notices.add_channel(desk, operator, _CHANNEL, "new")
    with pytest.raises(BadMail):
        await _ask(desk, operator, "lei@bank.cn, min@bank.cn")
    with pytest.raises(BadMail):
        await _ask(desk, operator, "")
    with pytest.raises(ReasonNeeded):
        await report_mails.subscribe(desk, operator, _BOTH, "lei@bank.cn", " ")
    with pytest.raises(NotAllowed):
        await _ask(desk, await person(desk, "cashier", "898000058120000"))
    with pytest.raises(NotAllowed):
        await _ask(desk, Visitor("key", "", frozenset({Scope.CASES_READ})))


async def test_a_period_is_owed_anew_to_who_asked(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await notices.add_channel(desk, operator, _CHANNEL, "new")
    await _ask(desk, operator)
    owner = await person(desk, "merchant", "898000058120000")
    await _ask(desk, owner, "shop@bank.cn")
    week = Period.latest(Length.WEEK, desk.calendar.business_date(desk.clock.now()))
    names = await report_mails.send(desk, operator, week, "lost")
    assert names == ["merchant", "operator"]
    rows = await pool.fetch("SELECT name, merchant_id FROM report_mails")
    assert {row["name"]: row["merchant_id"] for row in rows} == {
        "merchant": "898000058120000",
        "operator": "",
    }
    assert await report_mails.send(desk, operator, week, "at once again") == []  # owed anyhow
    await pool.execute("UPDATE report_mails SET state = 'told'")
    assert await report_mails.send(desk, operator, week, "lost again", "operator") == ["operator"]
    with pytest.raises(NotClosed):
        await report_mails.send(desk, operator, week.following, "too early")
    for visitor in (owner, await person(desk, "auditor")):
        with pytest.raises(NotAllowed):
            await report_mails.send(desk, visitor, week, "not theirs")


async def test_a_channel_that_is_switched_off_carries_none_and_says_whose(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    channel = await notices.add_channel(desk, operator, _CHANNEL, "new")
    await _ask(desk, operator)
    week = Period.latest(Length.WEEK, desk.calendar.business_date(desk.clock.now()))
    await report_mails.send(desk, operator, week, "lost")
    await notices.stop_channel(desk, operator, channel, "moved")
    assert await report_mails.own(desk, operator) == []
    assert await pool.fetchval("SELECT state FROM report_mails") == "dropped"
    assert (await audited(pool))[-1]["detail"]["reports"] == ["operator"]
