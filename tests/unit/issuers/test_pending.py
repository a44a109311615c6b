import asyncio

import pytest

from annul.issuers.errors import NoAnswer, NotSent, Silence
from annul.issuers.pending import Exchange, Key, PendingExchanges, answer_key, request_key


class Row:
    """A row of pending exchanges, each with the future that its caller awaits."""

    def __init__(self) -> None:
        self.pending = PendingExchanges()

    def add(
        self,
        trace: str,
        *,
        deadline: float = 10.0,
        acquirer: str = "48020000",
        forwarder: str = "48020000",
        sent: bool = True,
    ):
        future: asyncio.Future = asyncio.get_running_loop().create_future()
        exchange = Exchange(key(trace, acquirer, forwarder), b"frame", future, deadline)
        if sent:
            exchange.frame = None
        self.pending.add(exchange)
        return exchange, future


def key(trace: str, acquirer: str = "48020000", forwarder: str = "48020000") -> Key:
    return ("0210", "1123100000", trace, acquirer, forwarder)


@pytest.fixture
async def row() -> Row:
    return Row()


async def test_an_answer_takes_its_own_exchange_once(row):
    first, answered = row.add("000001")
    row.add("000002")
    assert row.pending.take(key("000001")) is first
    assert first.answer("the answer")
    assert await answered == "the answer"
    assert row.pending.take(key("000001")) is None
    assert len(row.pending) == 1


def test_a_request_and_its_answer_have_the_same_key():
    fields = {7: "1123100000", 11: "000001", 32: "48020000", 33: "48020000", 41: "00000001"}
    assert request_key("0200", fields) == key("000001")
    assert answer_key("0210", fields | {41: "00000002"}) == key("000001")
    assert request_key("0420", fields) != key("000001")
    for number in (7, 11, 32, 33):
        assert answer_key("0210", fields | {number: "9"}) != key("000001")


def test_messages_of_the_network_go_by_their_trace():
    fields = {7: "1123100000", 11: "000001", 33: "48020000"}
    assert request_key("0820", fields) == answer_key("0830", {11: "000001", 7: "1123100009"})


async def test_the_same_trace_in_the_same_second_of_two_institutions(row):
    one, _ = row.add("000001", acquirer="1")
    two, _ = row.add("000001", acquirer="2")
    assert row.pending.take(key("000001", "2")) is two
    assert row.pending.take(key("000001", "1")) is one


@pytest.mark.parametrize("said", [("", "1"), ("1", ""), ("", "")])
async def test_an_answer_without_an_institution_must_fit_one_only(row, said):
    row.add("000001", acquirer="1", forwarder="1")
    row.add("000001", acquirer="1", forwarder="2")
    row.add("000001", acquirer="2", forwarder="1")
    assert row.pending.take(key("000001", *said)) is None
    assert len(row.pending) == 3
    only, _ = row.add("000002", acquirer="1", forwarder="1")
    assert row.pending.take(key("000002", *said)) is only


async def test_an_answer_without_a_forwarder_is_not_given_to_the_one_that_named_none(row):
    row.add("000001")
    bare, _ = row.add("000001", forwarder="")
    assert row.pending.take(key("000001", forwarder="")) is None
    row.pending.take(key("000001"))
    assert row.pending.take(key("000001", forwarder="")) is bare


async def test_an_institution_that_is_named_must_fit(row):
    row.add("000001")
    assert row.pending.take(key("000001", "", "48030000")) is None
    assert row.pending.take(key("000001", "48030000", "")) is None
    assert len(row.pending) == 1


async def test_the_oldest_expire_and_the_younger_stay(row):
    _, old = row.add("000001", deadline=10.0)
    _, young = row.add("000002", deadline=11.0)
    assert row.pending.expire(10.5) == 1
    with pytest.raises(NoAnswer) as raised:
        await old
    assert raised.value.silence is Silence.TIMED_OUT
    assert not young.done()
    assert key("000001") not in row.pending
    assert key("000002") in row.pending


async def test_what_was_never_written_is_not_sent(row):
    _, future = row.add("000001", sent=False)
    row.pending.expire(10.0)
    with pytest.raises(NotSent):
        await future


async def test_a_lost_connection_ends_everything(row):
    futures = [row.add(f"{n:06d}", sent=n < 2)[1] for n in range(3)]
    row.pending.fail_all(Silence.BROKEN)
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(result) for result in results] == [NoAnswer, NoAnswer, NotSent]
    assert len(row.pending) == 0


async def test_answered_exchanges_do_not_pile_up_behind_the_oldest(row):
    for number in range(100):
        exchange, _ = row.add(f"{number:06d}", deadline=10.0)
        row.pending.take(exchange.key)
        exchange.answer("the answer")
    assert row.pending.expire(0.0) == 0
    assert len(row.pending._by_age) == 0


async def test_an_answer_that_nobody_awaits_any_more_is_refused(row):
    exchange, future = row.add("000001")
    future.cancel()
    assert not exchange.answer("the answer")


@pytest.mark.parametrize(
    ("silence", "reason"),
    [("timed_out", "4354"), ("broken", "4354"), ("bad_mac", "4355"), ("garbled", "4020")],
)
def test_each_silence_has_its_reversal_reason(silence, reason):
    assert NoAnswer(Silence(silence)).reason == reason
