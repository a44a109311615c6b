"""Requests as handlers see them: what is read of a message, what is refused, what proves it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from annul.domain.kinds import KINDS, REVERSIBLE, Proof
from annul.host.door import Admitted
from annul.host.recognised import sort_of
from annul.host.request import Refusal, Request, attribute, recognise
from annul.security.vault import Vault
from annul.wire.errors import DecodeError
from tests.support.entries import entry_of, fields_of, message_of
from tests.support.soft import CARD, CODE

_VAULT = Vault(bytes(32))
_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


def _request(entry: Admitted) -> Request:
    return attribute(entry, _VAULT, _NOW, date(2026, 11, 23))


def _refusal(entry: Admitted) -> Refusal:
    with pytest.raises(Refusal) as refused:
        _request(entry)
    return refused.value


# What is read --------------------------------------------------------------------------------


def test_a_sale_is_what_its_fields_say() -> None:
    request = _request(entry_of("sale", fields=fields_of("sale", f14="3012")))
    assert request.kind is KINDS["sale"]
    assert request.key == ("898000058120000", "10000001", "000001", "000002")
    assert (request.amount, request.pan, request.expiry) == (10_000, CARD, "3012")
    assert request.card_hash == _VAULT.hash(CARD)
    assert (request.entry_mode, request.voucher, request.reversal) == ("012", "", False)
    assert (request.received_at, request.business_date) == (_NOW, date(2026, 11, 23))


def test_a_track_names_card_and_expiry_where_no_field_does() -> None:
    swiped = fields_of("sale", f2=None, f14=None, f22="021", f35=f"{CARD}D28051010000")
    request = _request(entry_of("sale", fields=swiped))
    assert (request.pan, request.expiry) == (CARD, "2805")
    assert request.card_hash == _VAULT.hash(CARD)


def test_a_field_wins_over_the_track() -> None:
    both = fields_of("sale", f14="2901", f22="021", f35="6200019999999999D28051010000")
    request = _request(entry_of("sale", fields=both))
    assert (request.pan, request.expiry) == (CARD, "2901")


def test_what_names_no_card_has_no_hash() -> None:
    """Else all that name none would have the card of each other."""
    request = _request(entry_of("void", fields=fields_of("void", f2=None)))
    assert (request.pan, request.card_hash) == ("", b"")


def test_a_scanned_code_is_the_card_of_a_qr_sale() -> None:
    assert _request(entry_of("qr_sale")).pan == CODE


def test_a_qr_void_names_its_payment() -> None:
    voucher = b"A402020261123000000000001"
    request = _request(entry_of("qr_void", fields=fields_of("qr_void", f59=voucher)))
    assert (request.pan, request.voucher) == ("", "20261123000000000001")


def test_field_59_of_what_is_no_qr_payment_is_not_read() -> None:
    other = fields_of("sale", f59=b"A3003xyz")
    assert _request(entry_of("sale", fields=other)).pan == CARD


@pytest.mark.parametrize("value", [b"A3003xyz", b"A3025" + b"6" * 25, b"A4004\xef\xbc\x91\x31"])
def test_a_code_is_digits_and_not_endless(value: bytes) -> None:
    with pytest.raises(DecodeError) as error:
        _request(entry_of("qr_sale", fields=fields_of("qr_sale", f59=value)))
    assert error.value.field == 59


@pytest.mark.parametrize("name", REVERSIBLE)
def test_a_reversal_is_of_the_kind_that_it_reverses(name: str) -> None:
    fields = fields_of(name, f39="98")
    request = _request(entry_of(name, reversal=True, fields=fields))
    assert (request.reversal, request.kind) == (True, KINDS[name])


def test_a_request_shows_no_card_in_a_trace() -> None:
    request = _request(entry_of("sale"))
    assert repr(request) == "<Request sale 000002>"


# What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_that_a_kind_needs_is_missed_by_its_number(kind: str) -> None:
    named = {3, 22, 25, 41, 42, 60}  # without these it is another kind, or of nobody
    for number in set(KINDS[kind].required) - named:
        refusal = _refusal(entry_of(kind, fields=fields_of(kind, **{f"f{number}": None})))
        assert (refusal.response_code, refusal.rule) == ("30", f"missing_{number}")
        assert f"缺少{number}域" in refusal.text


def test_a_message_without_field_60_is_of_no_kind() -> None:
    refusal = _refusal(entry_of("sale", fields=fields_of("sale", f60=None)))
    assert (refusal.response_code, refusal.rule) == ("30", "missing_60")


@pytest.mark.parametrize("changes", [{"f3": "990000"}, {"f60": "99000001000"}, {"f25": "06"}])
def test_what_annul_lacks_is_not_supported(changes: dict[str, Any]) -> None:
    refusal = _refusal(entry_of("sale", fields=fields_of("sale", **changes)))
    assert refusal.response_code == "40"


@pytest.mark.parametrize("number", [37, 59, 61])
@pytest.mark.parametrize("kind", ["void", "qr_void"])
def test_a_reversal_need_not_repeat_what_it_is_not_found_by(kind: str, number: int) -> None:
    fields = fields_of(kind, **{f"f{number}": None})
    assert recognise(entry_of(kind, reversal=True, fields=fields))[0] is KINDS[kind]


def test_a_reversal_needs_its_trace() -> None:
    fields = fields_of("sale", f11=None)
    assert _refusal(entry_of("sale", reversal=True, fields=fields)).rule == "missing_11"


@pytest.mark.parametrize("value", ["00000100", "0000010000011", "1" * 17])
def test_an_original_that_ends_in_the_middle_is_malformed(value: str) -> None:
    with pytest.raises(DecodeError) as error:
        _request(entry_of("void", fields=fields_of("void", f61=value)))
    assert error.value.field == 61


def test_what_was_recognised_at_the_door_is_not_looked_at_again() -> None:
    seen = entry_of("sale")
    seen = seen._replace(sort=sort_of(message_of("0100", fields_of("preauth"))))
    assert recognise(seen)[0] is KINDS["preauth"]


def test_a_refusal_says_code_and_text() -> None:
    assert str(Refusal("58", "请先做一笔联机交易")) == "refused with 58: 请先做一笔联机交易"
    assert str(Refusal("96", rule="reversal_contended")) == "refused with 96: reversal_contended"


# Proof ---------------------------------------------------------------------------------------

_SAFE = "x9_19"  # a MAC that can not be made to fit


def _proof(kind: str, **how: Any) -> str:
    """Give the rule by which a message of a kind is refused, empty when its proof is enough."""
    try:
        _request(entry_of(kind, **how)).check_proof()
    except Refusal as refusal:
        assert refusal.response_code == "58"
        return refusal.rule
    return ""


@pytest.mark.parametrize("kind", [one.name for one in KINDS.values() if one.proof is Proof.MAC])
def test_the_mac_of_what_moves_money_was_looked_at_by_the_door(kind: str) -> None:
    assert _proof(kind) == ""


@pytest.mark.parametrize("kind", [one.name for one in KINDS.values() if one.proof is Proof.NOTHING])
def test_what_changes_nothing_needs_no_proof(kind: str) -> None:
    assert _proof(kind, with_mac=False) == ""


@pytest.mark.parametrize(
    ("how", "refused"),
    [
        ({"with_mac": False}, True),
        ({"with_mac": True}, True),  # its MAC may have been made to fit
        ({"with_mac": True, "mac_algorithm": _SAFE}, True),  # of a line it says nothing
        ({"with_mac": False, "bound": True}, False),
        ({"with_mac": False, "unbound_management": True}, False),
    ],
)
@pytest.mark.parametrize("kind", ["status", "parameters_taken"])
def test_what_has_no_mac_needs_a_line_or_a_profile_that_lets_it_off(
    kind: str, how: dict[str, Any], refused: bool
) -> None:
    assert bool(_proof(kind, **how)) is refused


@pytest.mark.parametrize("how", [{}, {"unbound_management": True}, {"mac_algorithm": _SAFE}])
def test_no_profile_lets_a_sign_off_come_from_anybody(how: dict[str, Any]) -> None:
    assert _proof("sign_off", with_mac=False, **how) == "line_not_bound"
    assert _proof("sign_off", with_mac=False, bound=True, **how) == ""


@pytest.mark.parametrize("kind", ["batch_upload", "batch_upload_end"])
@pytest.mark.parametrize(
    ("how", "refused"),
    [
        ({"with_mac": False}, True),
        ({"with_mac": True}, True),
        ({"with_mac": True, "mac_algorithm": _SAFE}, False),
        ({"with_mac": False, "mac_algorithm": _SAFE}, True),
        ({"with_mac": False, "bound": True}, False),
        ({"with_mac": False, "unbound_management": True}, True),
    ],
)
def test_an_upload_needs_a_mac_that_can_not_be_made_to_fit_or_a_line(
    kind: str, how: dict[str, Any], refused: bool
) -> None:
    assert bool(_proof(kind, **how)) is refused


@pytest.mark.parametrize(
    ("how", "refused"),
    [
        ({"with_mac": False}, True),
        ({"with_mac": True}, False),  # a repeat of it changes nothing
        ({"with_mac": False, "unbound_management": True}, False),
        ({"with_mac": False, "bound": True}, False),
    ],
)
def test_a_settlement_may_come_with_any_mac(how: dict[str, Any], refused: bool) -> None:
    assert bool(_proof("settlement", **how)) is refused


@pytest.mark.parametrize(
    ("how", "certain"),
    [
        ({}, False),
        ({"bound": True}, True),
        ({"mac_algorithm": "sm4"}, False),
        ({"mac_algorithm": _SAFE}, True),
        ({"mac_algorithm": _SAFE, "with_mac": False}, False),
        ({"with_mac": False, "bound": True}, True),
    ],
)
def test_whose_a_request_is_beyond_doubt(how: dict[str, Any], certain: bool) -> None:
    assert _request(entry_of("sale", **how)).certain is certain


def test_the_same_bytes_are_refused_as_they_were_before() -> None:
    entry = entry_of("void")
    entry.station.refused.keep(entry.message.raw, "13", "currency_differs")
    with pytest.raises(Refusal) as refused:
        _request(entry).check_proof()
    assert (refused.value.response_code, refused.value.rule) == ("13", "currency_differs")
    other = entry_of("void", fields=fields_of("void", f11="000003"))
    _request(other._replace(station=entry.station)).check_proof()


def test_a_reversal_is_heard_however_often_it_was_refused() -> None:
    entry = entry_of("sale", reversal=True, fields=fields_of("sale", f39="98"))
    entry.station.refused.keep(entry.message.raw, "96", "reversal_contended")
    request = _request(entry)
    assert not request.final
    request.check_proof()
