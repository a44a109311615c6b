from collections.abc import Mapping

import pytest

from annul.domain.answers import Verdict
from annul.domain.kinds import KINDS
from annul.domain.link_profile import LinkProfile
from annul.issuers.message import (
    FORMS,
    Answer,
    answer_fields_of,
    network_fields,
    parse_answer,
    request_fields,
)
from annul.wire.codec import Codec
from annul.wire.dialects.cups import CUPS
from annul.wire.errors import DecodeError
from tests.support.exchanges import CODEC, MERCHANT, OLD, SALE, VOID, request_of, reversal_of

_DUMP = Codec(CUPS.with_nul())


def test_every_financial_kind_has_a_form():
    assert set(FORMS) == {kind.name for kind in KINDS.values() if kind.processing_code}


@pytest.mark.parametrize(
    ("kind", "mti", "processing_code"),
    [
        ("sale", "0200", "000000"),
        ("void", "0200", "200000"),
        ("refund", "0220", "200000"),
        ("preauth", "0100", "030000"),
        ("preauth_void", "0100", "200000"),
        ("completion", "0200", "000000"),
        ("completion_advice", "0220", "000000"),
        ("completion_void", "0200", "200000"),
        ("balance", "0200", "300000"),
    ],
)
def test_how_a_kind_looks_between_banks(kind, mti, processing_code):
    given, fields = request_of(SALE._replace(kind=kind))
    assert (given, fields[3]) == (mti, processing_code)
    assert (4 in fields) is (kind != "balance")


def test_a_sale():
    mti, fields = request_of(SALE)
    assert mti == "0200"
    assert fields == {
        2: "6200000000000005", 3: "000000", 4: "000000012345", 7: "1123090203", 11: "004711",
        12: "090203", 13: "1123", 14: "3012", 18: "5411", 22: "021", 23: "001", 25: "00",
        32: "48020000", 33: "48020000", 37: "326000000017", 41: "00000001", 42: "100000000000001",
        43: "Shop One".ljust(40), 49: "156", 100: "62000000",
    }  # fmt: skip


def test_a_void_refers_to_its_original():
    mti, fields = request_of(VOID, original=SALE._replace(auth_code="A1B2C3"))
    assert mti == "0200"
    assert fields[38] == "A1B2C3"
    assert fields[90] == "0200" + "004711" + "1123090203" + "00048020000" * 2
    assert fields[11] == "004712"


def test_a_void_refers_to_an_older_original_as_that_was_sent():
    fields = request_of(VOID, original=OLD)[1]
    assert fields[90] == "0200" + "000017" + "1123090203" + "00048020000" + "0" * 11
    assert (fields[11], fields[33]) == ("004712", "48020000")


def test_an_older_row_is_repeated_as_it_was_sent():
    for fields in (request_of(OLD)[1], reversal_of(OLD)[1]):
        assert fields[11] == "000017"
        assert 33 not in fields
    assert reversal_of(OLD)[1][90] == "0200" + "000017" + "1123090203" + "00048020000" + "0" * 11


def test_a_reversal_is_the_same_each_time_and_refers_to_the_transaction():
    mti, fields = reversal_of(SALE._replace(auth_code="A1B2C3"), "4355")
    assert mti == "0420"
    assert fields[60] == "4355"
    assert fields[90] == "0200" + "004711" + "1123090203" + "00048020000" * 2
    asked = request_of(SALE)[1]
    assert {n: fields[n] for n in (7, 11, 32, 33)} == {n: asked[n] for n in (7, 11, 32, 33)}
    assert (fields[13], fields[38]) == ("1123", "A1B2C3")
    assert fields == reversal_of(SALE._replace(auth_code="A1B2C3"), "4355")[1]


@pytest.mark.parametrize("reason", ["", "bad_mac"])
def test_a_reversal_states_its_reason_by_number(reason):
    with pytest.raises(AssertionError):
        reversal_of(SALE, reason)


def test_the_terminal_chip_data_and_track_are_passed_on():
    terminal = CODEC.decode(
        CODEC.encode(
            "0200", {35: "6200000000000005D30121010000", 55: bytes.fromhex("9f2608") + bytes(8)}
        )
    )
    _, fields = request_of(SALE, message=terminal)
    assert fields[55] == terminal[55]
    assert fields[35] == terminal[35]


def test_an_encrypted_track_stays_here():
    terminal = CODEC.decode(
        CODEC.encode("0200", {35: "6200000000000005D30121010000", 53: "2610000000000000"})
    )
    assert 35 not in request_of(SALE, message=terminal)[1]


def test_a_pin_goes_with_what_describes_it():
    _, fields = request_of(SALE, pin=bytes(range(8)))
    assert (fields[26], fields[52], fields[53]) == ("12", bytes(range(8)), "2600000000000000")
    assert 52 not in request_of(SALE)[1]


def test_everything_can_be_encoded():
    for kind in FORMS:
        mti, fields = request_of(SALE._replace(kind=kind), original=SALE, pin=bytes(8))
        message = CODEC.decode(CODEC.encode(mti, fields))
        message.check()
        assert message.fields() == fields
    CODEC.decode(CODEC.encode(*reversal_of(SALE))).check()
    CODEC.decode(CODEC.encode("0820", network_fields("000001", SALE.received_at))).check()


def test_a_card_less_request_has_no_field_2():
    fields = request_fields(
        SALE, pan="", merchant=MERCHANT, acquirer_id="48020000", local=SALE.received_at
    )[1]
    assert 2 not in fields


def test_reading_an_answer():
    fields = {
        11: "000017",
        15: "1124",
        38: "A1B2C3",
        39: "00",
        41: "00000001",
        54: "1002156C000000012345",
        55: bytes.fromhex("910a") + bytes(10),
    }
    assert parse_answer(CODEC.decode(CODEC.encode("0210", fields))) == Answer(
        response_code="00",
        auth_code="A1B2C3",
        settlement_date="1124",
        icc=bytes.fromhex("910a") + bytes(10),
        balance="1002156C000000012345",
    )
    assert parse_answer(CODEC.decode(CODEC.encode("0210", {39: "51"}))) == Answer("51")


def test_an_answer_without_a_code_is_none():
    with pytest.raises(DecodeError):
        parse_answer(CODEC.decode(CODEC.encode("0210", {11: "000017"})))


_ASKED = {4: "000000012345", 37: "326000000017", 41: "00000001", 42: "100000000000001", 49: "156"}


def _parsed(said: Mapping[int, str | bytes], asked: Mapping[int, str] | None = None) -> Answer:
    message = CODEC.decode(CODEC.encode("0210", {39: "00", **said}))
    return parse_answer(message, _ASKED if asked is None else asked)


def test_an_answer_that_repeats_what_was_asked():
    answer = _parsed(_ASKED)
    assert (answer.differs, answer.verdict) == ((), Verdict.APPROVED)
    assert _parsed({}).differs == ()
    assert parse_answer(CODEC.decode(CODEC.encode("0210", {39: "00", 4: "9" * 12}))).differs == ()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (4, "000000012346"),
        (4, "000000000000"),
        (37, "326000000018"),
        (41, "00000002"),
        (42, "100000000000002"),
        (49, "840"),
    ],
)
@pytest.mark.parametrize("code", ["00", "51"])
def test_an_answer_that_names_another_one(number: int, said: str, code: str):
    answer = _parsed(_ASKED | {number: said, 39: code})
    assert answer.differs == (number,)
    money = code == "51" and number in {4, 49}  # who declines has taken nothing
    assert answer.verdict is (Verdict.DECLINED if money else Verdict.CONTRADICTS)


def test_every_field_that_differs_is_named():
    said = {4: "000000000001", 37: "1" * 12, 41: "2" * 8, 42: "3" * 15, 49: "840"}
    assert _parsed(said).differs == (4, 37, 41, 42, 49)


def test_blanks_at_the_end_and_fields_without_content_do_not_differ():
    asked = _ASKED | {41: "T1", 42: "SHOP 1"}
    assert _parsed({41: "T1      ", 42: "SHOP 1         "}, asked).differs == ()
    assert _parsed({37: " " * 12, 41: " " * 8}).differs == ()
    assert _parsed({41: "T2      "}, asked).differs == (41,)
    assert _parsed({4: "000000012345"}, {37: "326000000017"}).differs == ()


@pytest.mark.parametrize(
    ("said", "in_full", "verdict"),
    [
        ({4: "000000006172"}, False, Verdict.CONTRADICTS),
        ({4: "000000012345"}, True, Verdict.APPROVED),
        ({}, False, Verdict.CONTRADICTS),
        ({4: "000000012345", 49: "840"}, True, Verdict.CONTRADICTS),
    ],
)
def test_an_approval_in_part(said: dict[int, str | bytes], in_full: bool, verdict: Verdict):
    answer = _parsed(said | {39: "10"})
    assert (answer.in_full, answer.verdict) == (in_full, verdict)
    assert 4 not in answer.differs


@pytest.mark.parametrize("code", ["96", "91", "68", "98", "94", "ZZ"])
def test_a_word_of_the_network_proves_nothing(code: str):
    assert _parsed(_ASKED | {39: code}).verdict is Verdict.OPEN
    assert _parsed({39: "51"}).verdict is Verdict.DECLINED


_TEXTS = [(37, 12), (38, 6), (41, 8), (42, 15), (44, 9), (49, 3), (54, 20)]


@pytest.mark.parametrize(("number", "size"), _TEXTS)
@pytest.mark.parametrize("wrong", ["\x00", "\n", "\x1b", "\x7f"])
def test_a_text_with_control_characters_is_none_and_differs_if_it_is_compared(
    number: int, size: int, wrong: str
):
    said = {number: wrong.rjust(size, "0")}
    message = _DUMP.decode(_DUMP.encode("0210", {39: "00"} | said))
    answer = parse_answer(message, _ASKED)
    assert answer.odd == (number,)
    assert answer.differs == ((number,) if number in _ASKED else ())
    assert (answer.auth_code, answer.balance) == ("", "")


@pytest.mark.parametrize("wrong", ["\x000", "\n0"])
def test_a_code_with_control_characters_is_none(wrong: str):
    message = _DUMP.decode(_DUMP.encode("0210", {39: wrong}))
    with pytest.raises(DecodeError) as raised:
        parse_answer(message, _ASKED)
    assert raised.value.field == 39


def test_a_decline_that_names_an_authorisation_contradicts_itself():
    assert _parsed({39: "51", 38: "000777"}).verdict is Verdict.CONTRADICTS
    assert _parsed({39: "51", 38: "000000"}).verdict is Verdict.DECLINED
    echoed = _parsed({39: "51", 38: "000777"}, _ASKED | {38: "000777"})
    assert echoed.verdict is Verdict.DECLINED


def test_an_issuers_own_codes_are_said_as_ours():
    profile = LinkProfile(codes={"A9": "00", "B1": "51"})
    for own, code in profile.codes.items():
        message = _DUMP.decode(_DUMP.encode("0210", {39: own}))
        assert parse_answer(message, None, profile).response_code == code


def test_what_a_row_asked_for_is_what_its_answer_repeats():
    fields = request_of(SALE)[1]
    assert answer_fields_of(SALE) == {n: fields[n] for n in (4, 37, 41, 42, 49)}
    assert 4 not in answer_fields_of(SALE._replace(kind="balance"))
