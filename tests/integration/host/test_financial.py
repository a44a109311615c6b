"""The way of a financial request: written before it is sent, and told only what is proved."""

import asyncio
from typing import Any

import asyncpg
import pytest

from annul.domain.kinds import KINDS
from annul.domain.records import Merchant
from annul.domain.states import Sent, State
from annul.host import financial
from annul.issuers import directory
from annul.issuers.message import Answer
from annul.security.ciphers import TDES, BlockCipher
from annul.security.keys import KeyKind
from annul.security.pin import PinFormat, unseal
from annul.store.batcher import StoreUnavailable
from annul.store.journal import Opening
from tests.support.hosts import Inside, Till, open_inside
from tests.support.rogue_issuer import Asked


async def _count(inside: Inside) -> int:
    return await inside.pool.fetchval("SELECT count(*) FROM transactions")


# Written, sent, answered -----------------------------------------------------------------------


async def test_a_sale_is_written_before_it_is_sent(inside: Inside, till: Till) -> None:
    inside.rogue.hold("sale")
    asking = asyncio.create_task(till.ask("sale", till.fields("sale", f22="021", f35=_TRACK)))
    asked = await inside.rogue.next("sale")
    row = await inside.the("sale")
    assert (row.state, row.sent) == (State.SENT, Sent.POSSIBLY_SENT)
    assert (asked[37], asked[11], asked[4]) == (row.rrn, row.issuer_trace, "000000010000")
    assert row.card_masked == "620001******0007"
    assert inside.host.vault.open(row.card_cipher) == "6200010000000007"
    assert row.expiry == "3012"
    asked.approve()
    answer = await asking
    assert (answer.code, answer.message[37]) == ("00", row.rrn)
    assert answer.message[38] == (await inside.the("sale")).auth_code
    assert inside.host.in_flight == {}


_TRACK = "6200010000000007D30122010000"


async def test_a_new_request_binds_its_connection_and_a_repeat_does_not(inside: Inside) -> None:
    till, repeating = await inside.till(), await inside.till()
    sale = till.keyed.signed("0200", till.fields("sale"))
    await till.line.told(sale)
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    assert till.line.peer.bound_to(station)
    assert (await repeating.line.told(sale)).code == "00"
    assert not repeating.line.peer.bound_to(station), "it may have been seen on the wire"


@pytest.mark.parametrize("code", ["51", "05", "14"])
async def test_a_decline_is_told_and_nothing_is_owed(inside: Inside, till: Till, code: str) -> None:
    inside.rogue.always("sale", code)
    assert (await till.ask("sale", till.fields("sale"))).code == code
    assert (await inside.the("sale")).state is State.DECLINED
    assert await inside.owed() == []


async def test_a_card_of_nobody_is_refused_and_kept(inside: Inside, till: Till) -> None:
    answer = await till.ask("sale", till.fields("sale", f2="5200000000000007"))
    assert answer.code == "15"
    row = await inside.the("sale")
    assert (row.state, row.sent, row.issuer_id) == (State.DECLINED, Sent.NOT_SENT, "")
    assert inside.rogue.seen == []


async def test_a_line_that_is_down_is_told_at_once(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    await inside.rogue.close()
    line = inside.host.issuers.lines[sold.issuer_id].link
    async with asyncio.timeout(5):
        while line.up:
            await asyncio.sleep(0.01)
    answer = await till.ask("void", till.undoing("void", sold))
    assert answer.code == "91"
    row = await inside.the("void")
    assert (row.state, row.sent, row.response_code) == (State.DECLINED, Sent.NOT_SENT, "91")
    assert row.why.startswith("link_")
    assert (await inside.again(sold)).undone == 0, "nothing of it is held"


async def test_silence_is_open_and_owed(inside: Inside, till: Till) -> None:
    answer, _ = await inside.unanswered(till, "sale", till.fields("sale"))
    row = await inside.the("sale")
    assert (answer.code, answer.message[37]) == ("98", row.rrn)
    assert row.state is State.UNKNOWN
    assert await inside.owed() == [("reversal", "4354")]
    assert inside.host.issuers.owed.is_set()


async def test_an_approval_of_something_else_is_told_as_senseless_and_taken_back(
    inside: Inside, till: Till
) -> None:
    inside.rogue.rules["sale"] = lambda asked: asked.approve(f4="000000000001")
    assert (await till.ask("sale", till.fields("sale"))).code == "20"
    assert (await inside.the("sale")).state is State.REVERSING
    assert await inside.owed() == [("reversal", "4005")]


async def test_what_stood_still_before_it_was_sent_is_not_sent_any_more(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its terminal has given it up; sent now, it would be booked for nobody."""
    opens = inside.host.journal.open

    async def slow(opening: Opening) -> bool:
        done = await opens(opening)
        inside.clock.forward(seconds=16)
        return done

    monkeypatch.setattr(inside.host.journal, "open", slow)
    assert (await till.ask("sale", till.fields("sale"))).code == "96"
    row = await inside.the("sale")
    assert (row.state, row.sent, row.why) == (State.DECLINED, Sent.NOT_SENT, "host_interrupted")
    assert inside.rogue.seen == []


@pytest.mark.parametrize(
    ("error", "failed", "busy"), [(ZeroDivisionError, 1, 0), (StoreUnavailable, 0, 1)]
)
async def test_an_outcome_that_could_not_be_written_is_told_as_open_and_kept_in_mind(
    inside: Inside,
    till: Till,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    failed: int,
    busy: int,
) -> None:
    """A database that is away, as for who has stood still meanwhile, is no fault of ours."""

    async def broken(*_: Any, **__: Any) -> bool:
        raise error

    monkeypatch.setattr(inside.host.outcomes, "answered", broken)
    answer = await till.ask("sale", till.fields("sale"))
    row = await inside.the("sale")
    assert (answer.code, answer.message[37]) == ("98", row.rrn)
    assert list(inside.host.doubtful) == [row.id]
    assert (inside.host.counts.failed, inside.host.counts.busy) == (failed, busy)
    assert inside.rogue.net == 10_000, "the issuer has booked it"


# Repeats ---------------------------------------------------------------------------------------


async def test_a_repeat_of_what_is_under_way_gets_its_answer(inside: Inside, till: Till) -> None:
    inside.rogue.hold("sale")
    sale = till.keyed.signed("0200", till.fields("sale"))
    asking = [asyncio.create_task(till.line.told(sale)) for _ in range(3)]
    asked = await inside.rogue.next("sale")
    await asyncio.sleep(0.02)
    asked.approve()
    assert {(one.code, one.message[37]) for one in await asyncio.gather(*asking)} == {
        ("00", (await inside.the("sale")).rrn)
    }
    assert len(inside.rogue.seen) == 1
    assert inside.rogue.net == 10_000


async def test_a_repeat_of_what_has_ended_changes_nothing(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    fields = till.undoing("void", sold)
    first, second = [await till.ask("void", fields) for _ in range(2)]
    assert (first.code, second.code) == ("00", "00")
    assert first.message[37] == second.message[37]
    assert (await _count(inside), inside.rogue.net) == (2, 0)


async def test_a_refused_request_that_comes_again_is_told_the_same(
    inside: Inside, till: Till
) -> None:
    fields = till.fields("sale", f2="5200000000000007")
    first, second = [await till.ask("sale", fields) for _ in range(2)]
    assert (first.code, second.code, await _count(inside)) == ("15", "15", 1)


async def test_another_request_under_a_used_number_is_not_done(inside: Inside, till: Till) -> None:
    await inside.sold(till)
    till.traces -= 1
    assert (await till.ask("sale", till.fields("sale", 5_000))).code == "94"
    assert inside.rogue.net == 10_000


async def test_a_reference_number_that_is_taken_is_stepped_over(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = await inside.sold(till)
    given = iter([sold.rrn, sold.rrn, "699999999999"])
    monkeypatch.setattr(inside.host.numbers, "next", lambda _: next(given))
    answer = await till.ask("sale", till.fields("sale"))
    assert (answer.code, answer.message[37]) == ("00", "699999999999")


async def test_when_every_number_is_taken_it_is_refused_and_nothing_is_sent(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = await inside.sold(till)
    monkeypatch.setattr(inside.host.numbers, "next", lambda _: sold.rrn)
    assert (await till.ask("sale", till.fields("sale"))).code == "96"
    assert (await _count(inside), len(inside.rogue.seen)) == (1, 1)


# Overtaken -------------------------------------------------------------------------------------


async def test_a_sale_that_its_terminal_reversed_meanwhile_is_taken_back(
    inside: Inside, till: Till
) -> None:
    inside.rogue.hold("sale")
    fields = till.fields("sale")
    asking = asyncio.create_task(till.ask("sale", fields))
    asked = await inside.rogue.next("sale")
    assert (await till.say("0400", fields | {39: "98"})).code == "00"
    asked.approve()
    assert (await asking).code == "98"
    row = await inside.the("sale")
    assert (row.state, row.late_code) == (State.REVERSING, "00")
    assert await inside.entries() == {}


async def test_what_was_declined_and_approved_at_once_is_believed_in_neither(
    inside: Inside, till: Till
) -> None:
    """The approval came as a late answer, while the decline was on its way."""
    inside.rogue.hold("sale")
    asking = asyncio.create_task(till.ask("sale", till.fields("sale")))
    asked = await inside.rogue.next("sale")
    row = await inside.the("sale")
    now = inside.clock.now()
    await inside.host.outcomes.late(row, Answer("00", "A1B2C3"), "4353", now)
    asked.answer("51")
    assert (await asking).code == "20"
    assert (await inside.again(row)).state is State.REVERSING


async def test_an_answer_that_was_written_before_a_connection_was_lost_counts(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = inside.host.outcomes.answered

    async def twice(*arguments: Any, **more: Any) -> bool:
        assert await answered(*arguments, **more)
        return await answered(*arguments, **more)  # as the statement runs again

    monkeypatch.setattr(inside.host.outcomes, "answered", twice)
    assert (await till.ask("sale", till.fields("sale"))).code == "00"
    assert (await inside.balance())[0] == 9_950


async def test_a_row_that_was_written_before_a_connection_was_lost_is_sent(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = inside.host.journal.open

    async def twice(opening: Opening) -> bool:
        await opens(opening)
        return await opens(opening)

    monkeypatch.setattr(inside.host.journal, "open", twice)
    assert (await till.ask("sale", till.fields("sale"))).code == "00"
    assert (await _count(inside), inside.rogue.net) == (1, 10_000)


# PINs ------------------------------------------------------------------------------------------


def _pin(till: Till) -> dict[str, Any]:
    """Give the fields of a PIN of 1234, under the terminal's key, with the card's number."""
    pan = b"\x00\x00" + bytes.fromhex("001000000000")
    block = bytes(a ^ b for a, b in zip(bytes.fromhex("041234FFFFFFFFFF"), pan, strict=True))
    key = till.keyed.keys[KeyKind.PIN]
    return {"f22": "021", "f26": "12", "f52": key.encrypt(block), "f53": "2600000000000000"}


async def test_a_pin_that_nobody_can_pass_on_is_refused_before_anything_is_written(
    inside: Inside, till: Till
) -> None:
    answer = await till.ask("sale", till.fields("sale", **_pin(till)))
    assert answer.code == "99"
    assert (await _count(inside), inside.host.in_flight) == (0, {})


async def test_a_pin_goes_to_the_issuer_under_the_issuers_key(pool: asyncpg.Pool) -> None:
    shared = bytes(range(16))
    async with open_inside(pool, pin_key=shared) as inside:
        till = await inside.till()
        heard: list[Asked] = []

        def rule(asked: Asked) -> None:
            heard.append(asked)
            asked.approve()

        inside.rogue.rules["sale"] = rule
        assert (await till.ask("sale", till.fields("sale", **_pin(till)))).code == "00"
        block = heard[0].message[52]
        assert isinstance(block, bytes)
        clear = BlockCipher(TDES, shared).decrypt(block)
        assert clear[:2] == bytes.fromhex("0412")
        senseless: dict[str, Any] = _pin(till) | {"f52": b"no block"}
        assert (await till.ask("sale", till.fields("sale", **senseless))).code == "99"
        zeros: dict[str, Any] = _pin(till) | {"f52": bytes(8)}
        assert (await till.ask("sale", till.fields("sale", **zeros))).code == "00"
        assert 52 not in heard[1].message


@pytest.mark.parametrize("pin_format", ["0", "3"])
async def test_a_pin_goes_in_the_format_that_the_issuer_takes(
    pool: asyncpg.Pool, pin_format: str
) -> None:
    shared = bytes(range(16))
    async with open_inside(pool, pin_key=shared) as inside:
        await pool.execute("UPDATE issuers SET pin_format = $1", pin_format)
        tables = await directory.read(pool)
        await inside.host.issuers.apply(tables.issuers, tables.bins)
        assert await inside.host.issuers.ready(10)
        till = await inside.till()
        heard: list[Asked] = []

        def rule(asked: Asked) -> None:
            heard.append(asked)
            asked.approve()

        inside.rogue.rules["sale"] = rule
        assert (await till.ask("sale", till.fields("sale", **_pin(till)))).code == "00"
        block = heard[0].message[52]
        assert isinstance(block, bytes)
        key = BlockCipher(TDES, shared)
        assert unseal(block, str(heard[0].message[2]), key, PinFormat(pin_format)) == "1234"


# Cover -----------------------------------------------------------------------------------------


async def test_what_covers_is_what_nothing_has_reserved(inside: Inside, till: Till) -> None:
    def merchant() -> Merchant:
        found = inside.host.registry.merchant(inside.merchant_id)
        assert found is not None
        return found

    sold = await inside.sold(till)
    void, sale = KINDS["void"], KINDS["sale"]
    assert await financial.counted(inside.host, merchant(), void) is None, "it is not asked for"
    await inside.set_merchant(void_needs_balance=True)
    assert await financial.counted(inside.host, merchant(), sale) is None
    assert await financial.counted(inside.host, merchant(), void) == 9_950
    await inside.pool.execute("UPDATE merchant_balances SET available = 700, reserved = 50")
    assert await financial.counted(inside.host, merchant(), void) == 9_950 + 700 - 50
    await inside.set_merchant(pending_covers=False)
    assert await financial.counted(inside.host, merchant(), void) == 650
    await inside.pool.execute("UPDATE merchant_balances SET rolling_reserve = 30")
    assert await financial.counted(inside.host, merchant(), void) == 680
    answer = await till.ask("void", till.undoing("void", sold))
    assert (answer.code, "商户余额不足" in answer.text) == ("51", True)
