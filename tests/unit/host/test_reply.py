"""What an answer to a terminal is made of."""

from datetime import datetime
from zoneinfo import ZoneInfo

from annul.host.reply import ECHOED, Reply, note, reply_fields
from tests.support.entries import fields_of, message_of
from tests.support.wire import CODEC, Fields

_LOCAL = datetime(2026, 1, 3, 4, 5, 6, tzinfo=ZoneInfo("Asia/Shanghai"))


def _answer(fields: Fields, reply: Reply) -> Fields:
    return reply_fields(message_of("0200", fields), reply, "00010000", _LOCAL)


def test_it_repeats_what_it_answers_and_adds_time_place_and_code() -> None:
    asked = fields_of("sale", f23="001", f35=None)
    answer = _answer(asked, Reply("51"))
    assert {n: answer[n] for n in ECHOED if n in asked} == {
        n: asked[n] for n in ECHOED if n in asked
    }
    assert (answer[12], answer[13]) == ("040506", "0103")
    assert (answer[32], answer[39]) == ("00010000", "51")


def test_nothing_secret_is_sent_back() -> None:
    secret: Fields = {
        **fields_of("sale"),
        35: "6200010000000007D30122010000",
        52: bytes(8),
        53: "2600000000000000",
        55: bytes(9),
        62: b"Sequence No1",
    }
    assert not {22, 35, 52, 53, 55, 62, 64} & set(_answer(secret, Reply("00")))


def test_what_the_host_says_wins_over_what_is_repeated() -> None:
    answer = _answer(fields_of("sale"), Reply("00", {4: "000000000001", 37: "300000000002"}))
    assert (answer[4], answer[37], answer[39]) == ("000000000001", "300000000002", "00")


def test_an_answer_can_be_written() -> None:
    answer = _answer(fields_of("void"), Reply("00", {37: "300000000002", **note("请稍后")}))
    read = message_of("0210", answer)
    assert (read[39], read[63], read[37]) == ("00", "CUP请稍后", "300000000002")
    assert CODEC.decode(CODEC.encode("0210", answer)).mti == "0210"


def test_a_note_stands_after_the_card_organisation_and_only_if_there_is_one() -> None:
    assert note("请重新签到") == {63: "CUP请重新签到"}
    assert note("") == {}
