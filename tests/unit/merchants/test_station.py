"""What is remembered of a terminal's messages: codes that were seen, requests that were refused."""

from annul.domain.records import Terminal
from annul.merchants.station import Codes, RefusedRequests, Station
from annul.security.mac import MacAlgorithm


def test_a_code_is_taken_for_one_message() -> None:
    codes = Codes()
    assert codes.takes(b"A1B2C3D4", b"a sale")
    assert codes.takes(b"A1B2C3D4", b"a sale")
    assert not codes.takes(b"A1B2C3D4", b"a refund")
    assert codes.takes(b"A1B2C3D4", b"a sale")


def test_codes_are_bounded_and_a_key_wears_out_before_they_are_forgotten() -> None:
    codes = Codes()
    assert codes.worn  # what was used before this process began is not known
    codes.renewed()
    used = 0
    while not codes.worn:
        used += 1
        assert codes.takes(b"%08X" % used, b"message %d" % used)
    assert not codes.takes(b"%08X" % 1, b"forged")
    for number in range(used, 5_000):
        codes.takes(b"%08X" % number, b"message %d" % number)
    assert len(codes._messages) <= 1_024


def test_what_was_refused_is_bounded() -> None:
    refused = RefusedRequests()
    assert not refused.get(b"a sale")
    refused.keep(b"a sale", "61", "over_terminal_limit")
    assert refused.get(b"a sale") == ("61", "over_terminal_limit")
    for number in range(1_000):
        refused.keep(b"%d" % number, "96", "host_busy")
    assert len(refused._answers) <= 256


def _station(**profile: str) -> Station:
    return Station(Terminal("898000058120000", "10000001", **profile))  # pyright: ignore[reportArgumentType]


def test_a_worn_key_asks_for_a_sign_in_where_a_code_can_be_equalised() -> None:
    station = _station()
    assert station.wants == "sign_in"
    station.codes.renewed()
    assert station.wants == ""
    assert _station(wants="update").wants == "update"


def test_no_key_wears_out_under_a_better_mac_or_with_a_certificate() -> None:
    assert _station(key_form="913", mac_algorithm=MacAlgorithm.X9_19).wants == ""
    assert _station(tls_identity="a1" * 32).wants == ""
