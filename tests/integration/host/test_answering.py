"""From the bytes of a request to the bytes of its answer, whatever happens in between."""

from typing import Any

import pytest

from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS
from annul.host import answering
from annul.host.host import Host
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm, mac
from annul.store.batcher import StoreOverloaded, StoreUnavailable
from annul.wire.errors import DecodeError
from tests.support.hosts import Inside, Line, Till
from tests.support.wire import CODEC, Answer, managing


def _failing(inside: Inside, kind: str, error: BaseException) -> None:
    """Let the handler of a kind fail."""

    async def fail(_request: Request, _host: Host) -> Reply:
        raise error

    inside.host.handlers = {**inside.host.handlers, kind: fail}


def _replying(inside: Inside, kind: str, reply: Reply) -> None:
    async def say(_request: Request, _host: Host) -> Reply:
        return reply

    inside.host.handlers = {**inside.host.handlers, kind: say}


def _holds(till: Till, answer: Answer) -> bool:
    """Say whether the MAC of an answer is that of the terminal's key."""
    body = answer.frame.body
    code = mac(MacAlgorithm.UNIONPAY_ECB, till.keyed.keys[KeyKind.MAC], body[:-8])
    return body[-8:] == code


# Faults ----------------------------------------------------------------------------------------

_FAULTS: list[BaseException] = [
    StoreUnavailable(),
    StoreOverloaded(),
    ZeroDivisionError(),
    AnnulError("of no kind that is known here"),
]


@pytest.mark.parametrize("error", _FAULTS, ids=lambda error: type(error).__name__)
async def test_a_fault_is_told_as_what_may_have_become_of_the_money(
    inside: Inside, till: Till, error: BaseException
) -> None:
    """What may be written is reversed by its terminal; what can not be reversed is asked again."""
    sold = await inside.sold(till)
    for kind, code in (("sale", "96"), ("void", "96"), ("refund", "98"), ("balance", "96")):
        _failing(inside, kind, error)
        named = till.undoing(kind, sold) if kind in {"void", "refund"} else till.fields(kind)
        if kind == "balance":
            del named[4]
        answer = await till.ask(kind, named)
        assert (answer.code, answer.has_mac) == (code, True)
        assert 37 not in answer.message, "without a number the terminal asks again"
    ours = not isinstance(error, StoreUnavailable | StoreOverloaded)
    assert inside.host.counts.failed == (4 if ours else 0)
    assert inside.host.counts.busy == (0 if ours else 4)


async def test_one_fault_disturbs_no_other_request(inside: Inside, till: Till) -> None:
    _failing(inside, "void", ZeroDivisionError())
    sold = await inside.sold(till)
    assert (await till.ask("void", till.undoing("void", sold))).code == "96"
    assert (await till.ask("refund", till.undoing("refund", sold))).code == "00"


async def test_what_a_terminal_holds_for_refused_is_refused_for_good(
    inside: Inside, till: Till
) -> None:
    """Else who has seen it sends it again once nothing stands in its way."""
    healthy = inside.host.handlers
    _failing(inside, "sale", StoreUnavailable())
    sale = till.keyed.signed("0200", till.fields("sale"))
    assert (await till.line.told(sale)).code == "96"
    inside.host.handlers = healthy
    assert (await till.line.told(sale)).code == "96"
    assert await inside.pool.fetchval("SELECT count(*) FROM transactions") == 0
    assert (await till.ask("sale", till.fields("sale"))).code == "00"


async def test_what_is_open_is_heard_when_it_comes_again(inside: Inside, till: Till) -> None:
    sold, healthy = await inside.sold(till), inside.host.handlers
    _failing(inside, "refund", StoreUnavailable())
    refund = till.keyed.signed("0220", till.undoing("refund", sold))
    assert (await till.line.told(refund)).code == "98"
    inside.host.handlers = healthy
    assert (await till.line.told(refund)).code == "00"


@pytest.mark.parametrize(("kind", "code"), [("sale", "96"), ("void", "96"), ("refund", "98")])
async def test_a_full_host_answers_at_once_and_does_nothing(
    inside: Inside, till: Till, kind: str, code: str
) -> None:
    sold = await inside.sold(till)
    mti = "0220" if kind == "refund" else "0200"
    fields = till.fields(kind) if kind == "sale" else till.undoing(kind, sold)
    entry = till.line.enter(till.keyed.signed(mti, fields))
    body = answering.refuse_busy(inside.host, entry)
    message = CODEC.decode(body)
    assert (message[39], message[11]) == (code, fields[11])
    assert inside.host.counts.busy == 1
    assert await inside.pool.fetchval("SELECT count(*) FROM transactions") == 1


# Refusals --------------------------------------------------------------------------------------


async def test_what_makes_no_sense_is_named_by_its_field(inside: Inside, till: Till) -> None:
    _failing(inside, "sale", DecodeError(48, 0, "62 digits"))
    answer = await till.ask("sale", till.fields("sale"))
    assert (answer.code, answer.text) == ("30", "CUPfield 48 wrong 48域格式错误")


async def test_a_refusal_is_answered_although_it_can_not_be_kept(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = await inside.sold(till)
    _failing(inside, "void", Refusal("58", "请先签到", rule="not_signed_in"))

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(answering, "refused", broken)
    answer = await till.ask("void", till.undoing("void", sold))
    assert (answer.code, answer.text) == ("58", "CUP请先签到")


async def test_what_is_refused_and_not_proven_counts_against_its_connection(
    inside: Inside, till: Till
) -> None:
    stranger = Line(inside.host)
    answer = await stranger.told(managing("status", inside.terminals[0], "362", f62=b"ok"))
    assert answer.code == "58"
    assert stranger.peer.doubts == 1
    assert inside.host.door.strangers.by_reason["line_not_bound"] == 1
    await till.ask("sale", till.fields("sale", f49="840"))
    assert till.line.peer.doubts == 0, "its MAC held"


# Keys that are proven --------------------------------------------------------------------------


async def test_the_first_good_mac_takes_up_what_a_sign_in_has_handed_out(inside: Inside) -> None:
    till = await inside.till()
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    assert station.pending is not None
    assert not station.terminal.signed_in
    await inside.sold(till)
    assert station.pending is None
    assert station.terminal.signed_in


async def test_keys_that_another_process_has_replaced_prove_nothing(inside: Inside) -> None:
    till = await inside.till()
    entry = till.line.enter(till.keyed.signed("0200", till.fields("sale")))
    await inside.pool.execute("DELETE FROM pending_keys")
    body = await answering.handle(inside.host, entry)
    assert CODEC.decode(body)[39] == "A0"
    assert await inside.pool.fetchval("SELECT count(*) FROM transactions") == 0


# The answer ------------------------------------------------------------------------------------


async def test_an_answer_is_sealed_when_its_request_was(inside: Inside, till: Till) -> None:
    answer = await till.ask("sale", till.fields("sale"))
    assert _holds(till, answer)
    plain = await till.line.told(managing("echo", inside.terminals[0], "301"))
    assert not plain.has_mac
    assert inside.host.counts.replies["00"] >= 2


async def test_what_can_not_be_written_is_left_out_but_not_the_outcome(
    inside: Inside, till: Till
) -> None:
    """Money has moved for it; what an issuer adds does not keep that from the terminal."""
    _replying(inside, "sale", Reply("00", {37: "300000000001", 38: "A much too long code"}))
    answer = await till.ask("sale", till.fields("sale"))
    assert (answer.code, answer.message[37]) == ("00", "300000000001")
    assert 38 not in answer.message
    assert _holds(till, answer)


async def test_a_notice_goes_with_an_answer_to_who_is_bound_and_only_where_there_is_room(
    inside: Inside, till: Till
) -> None:
    merchant_id, terminal_id, _ = till.keyed.who
    await inside.pool.execute(
        "INSERT INTO notices (merchant_id, id, terminal_id, case_id, text, created_at)"
        " VALUES ($1, gen_random_uuid(), $2, gen_random_uuid(), '退货已成功', now())",
        merchant_id,
        terminal_id,
    )
    await inside.host.notices.refresh()
    echo = managing("echo", inside.terminals[0], "301")
    assert 63 not in (await Line(inside.host).told(echo)).message, "that may be anybody"
    _replying(inside, "sale", Reply("00", {63: "CUP满"}))
    assert (await till.ask("sale", till.fields("sale"))).text == "CUP满"
    station = inside.host.registry.station(merchant_id, terminal_id)
    assert station is not None
    till.line.peer.bind(station, station.mac_key)
    assert (await till.line.told(echo)).text == "CUP退货已成功"
    inside.host.notices.written(object(), None)
    assert 63 not in (await till.line.told(echo)).message, "it is on its way"


async def test_a_terminal_that_is_not_the_one_is_not_served(inside: Inside) -> None:
    await inside.pool.execute("UPDATE terminals SET tls_identity = $1", "a1" * 32)
    await inside.host.registry.load()
    answer = await Line(inside.host).told(managing("echo", inside.terminals[0], "301"))
    assert answer.code == "58"


_ODD_VALUES: list[Any] = [
    "", "1", "9" * 400, "消费" * 200, "a\0b", "é", b"", bytes(600), None, 5, [], "D" * 40,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["sale", "void", "refund", "balance", "preauth"])
async def test_whatever_is_put_into_any_field_the_terminal_hears_what_came_of_it(
    inside: Inside, till: Till, kind: str
) -> None:
    """Money may have moved: a field that can not be written is left out, and never the answer."""
    sold = await inside.sold(till)
    spared: dict[str, Any] = {"f4": None} if kind == "balance" else {}
    fields = till.undoing(kind, sold) if KINDS[kind].role else till.fields(kind, **spared)
    entry = till.line.enter(till.keyed.signed(KINDS[kind].mti, fields))
    heard = 0
    for number in set(range(2, 129)) - {3, 11, 41, 42}:  # those are the request's
        for value in _ODD_VALUES:
            more = {number: value, 37: sold.rrn, 44: "x" * 26} if number != 44 else {44: value}
            body = answering._answer(inside.host, entry, Reply("00", more))
            answer = CODEC.decode(body)
            answer.check()
            assert (answer[11], answer[41]) == (fields[11], fields[41]), number
            assert answer[39] == ("00" if number != 39 else "20"), (number, value)
            assert 64 in answer
            heard += 1
    assert heard == 123 * len(_ODD_VALUES)
