import asyncio

import pytest

from annul.issuers.errors import NoAnswer, NotSent, Silence
from annul.issuers.pending import Exchange, PendingExchanges, answer_key


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
        asked = fields(trace, acquirer, forwarder) | {12: "100000", 37: "600000000001"}
        exchange = Exchange("0210", asked, b"frame", future, deadline)
        if sent:
            exchange.frame = None
        self.pending.add(exchange)
        return exchange, future

    def take(self, trace: str, *institutions: str, **other: str):
        said = fields(trace, *institutions) | {int(n[1:]): v for n, v in other.items()}
        return self.pending.take("0210", said)

    def has(self, trace: str) -> bool:
        asked = fields(trace)
        return self.pending.has(answer_key("0210", asked), asked)


def fields(trace: str, acquirer: str = "48020000", forwarder: str = "48020000") -> dict[int, str]:
    return {7: "1123100000", 11: trace, 32: acquirer, 33: forwarder}


@pytest.fixture
async def row() -> Row:
    return Row()


async def test_an_answer_takes_its_own_exchange_once(row):
    first, answered = row.add("000001")
    row.add("000002")
    assert row.take("000001") is first
    assert first.answer("the answer")
    assert await answered == "the answer"
    assert row.take("000001") is None
    assert len(row.pending) == 1


@pytest.mark.parametrize("by", ["f7", "f12", "f37"])
async def test_one_field_that_is_as_it_was_asked_will_do(row: Row, by: str):
    other = {"f7": "0101000000", "f12": "235959", "f37": "999999999999"}
    mine = {"f7": "1123100000", "f12": "100000", "f37": "600000000001"}
    row.add("000001")
    assert row.take("000001", **other) is None
    assert row.take("000001", **{**other, by: mine[by]}) is not None


async def test_an_answer_of_another_kind_or_trace_fits_nothing(row: Row):
    row.add("000001")
    assert row.pending.take("0430", fields("000001")) is None
    assert row.take("000002") is None
    assert row.pending.take("0210", {11: "000001"}) is None


async def test_messages_of_the_network_go_by_their_trace():
    pending = PendingExchanges()
    future: asyncio.Future = asyncio.get_running_loop().create_future()
    asked = {7: "1123100000", 11: "000001", 70: "301"}
    sent = Exchange("0830", asked, b"frame", future, 10.0)
    pending.add(sent)
    assert pending.take("0830", {11: "000001", 7: "1123100009"}) is sent


async def test_the_same_trace_in_the_same_second_of_two_institutions(row):
    one, _ = row.add("000001", acquirer="1")
    two, _ = row.add("000001", acquirer="2")
    assert row.take("000001", "2") is two
    assert row.take("000001", "1") is one


@pytest.mark.parametrize("said", [("", "1"), ("1", ""), ("", "")])
async def test_an_answer_without_an_institution_must_fit_one_only(row, said):
    row.add("000001", acquirer="1", forwarder="1")
    row.add("000001", acquirer="1", forwarder="2")
    row.add("000001", acquirer="2", forwarder="1")
    assert row.take("000001", *said) is None
    assert len(row.pending) == 3
    only, _ = row.add("000002", acquirer="1", forwarder="1")
    assert row.take("000002", *said) is only


async def test_an_answer_without_a_forwarder_is_not_given_to_the_one_that_named_none(row):
    row.add("000001")
    bare, _ = row.add("000001", forwarder="")
    assert row.take("000001", "48020000", "") is None
    row.take("000001")
    assert row.take("000001", "48020000", "") is bare


async def test_an_institution_that_is_named_must_fit(row):
    row.add("000001")
    assert row.take("000001", "", "48030000") is None
    assert row.take("000001", "48030000", "") is None
    assert len(row.pending) == 1


async def test_the_oldest_expire_and_the_younger_stay(row):
    _, old = row.add("000001", deadline=10.0)
    _, young = row.add("000002", deadline=11.0)
    assert row.pending.expire(10.5) == 1
    with pytest.raises(NoAnswer) as raised:
        await old
    assert raised.value.silence is Silence.TIMED_OUT
    assert not young.done()
    assert not row.has("000001")
    assert row.has("000002")


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
        row.take(f"{number:06d}")
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


async def test_who_speaks_and_whether_again_names_no_other_request(row):
    """0211 and 0212 answer 0200 as 0210 does; 0230 answers something else."""
    exchange, _ = row.add("000001")
    said = fields("000001")
    assert row.pending.take("0230", said) is None
    assert row.pending.take("0211", said) is exchange


@pytest.mark.parametrize("filled", ["00000000000", "           ", "0"])
async def test_institutions_of_zeros_or_blanks_name_nobody(row, filled):
    exchange, _ = row.add("000001")
    assert row.take("000001", filled, filled) is exchange


async def test_nothing_is_not_the_same_as_nothing(row):
    """A field that was not asked, and comes filled with zeros, identifies no request."""
    exchange, _ = row.add("000001")
    del exchange.asked[12], exchange.asked[37]
    assert row.take("000001", f7="0101000000", f37="000000000000", f12="000000") is None
    assert row.take("000001") is exchange
