"""What a connection has shown of who it is: bindings, identities, what a sign-in said."""

import socket
from typing import Any

import pytest

from annul.domain.records import Terminal
from annul.host.peer import Peer, address_of
from annul.merchants.station import Ring, Station
from annul.merchants.working_keys import TerminalSays
from annul.security.ciphers import DES, TDES
from annul.security.keys import KeyKind, WrappedKey

_MERCHANT = "898000058120000"
_IDENTITY = "a1" * 32


def _keys(mark: bytes) -> Ring:
    return Ring(
        {
            KeyKind.PIN: WrappedKey(KeyKind.PIN, TDES, b"pin " + mark),
            KeyKind.MAC: WrappedKey(KeyKind.MAC, DES, b"mac " + mark),
        }
    )


def _bind(peer: Peer, station: Station) -> None:
    """Let a new request prove itself under the key in force."""
    peer.bind(station, station.mac_key)


def _station(number: int = 1, **profile: Any) -> Station:
    station = Station(Terminal(_MERCHANT, f"{10_000_000 + number:08d}", **profile))
    station.adopt(_keys(b"first"))
    return station


# Bindings by MAC -----------------------------------------------------------------------------


def test_nobody_is_bound_before_a_proof() -> None:
    peer, station = Peer("192.0.2.1"), _station()
    assert not peer.bound_to(station)
    assert peer.holder is None


def test_a_proof_binds_to_its_terminal_and_to_no_other() -> None:
    peer, station, other = Peer("192.0.2.1"), _station(1), _station(2)
    _bind(peer, station)
    assert peer.bound_to(station)
    assert not peer.bound_to(other)
    assert peer.holder is station


def test_a_request_that_was_sealed_under_a_key_before_binds_to_nothing() -> None:
    """The terminal has signed in anew while the request was served."""
    peer, station = Peer("192.0.2.1"), _station()
    before = station.mac_key
    station.adopt(_keys(b"second"))
    peer.bind(station, before)
    assert not peer.bound_to(station)
    peer.bind(station, None)
    assert not peer.bound_to(station)


def test_a_concentrator_is_bound_to_each_terminal_that_has_proven_itself() -> None:
    peer, stations = Peer("192.0.2.1"), [_station(number) for number in range(1, 4)]
    _bind(peer, stations[0])
    _bind(peer, stations[1])
    assert [peer.bound_to(station) for station in stations] == [True, True, False]


def test_a_binding_is_of_one_connection() -> None:
    station = _station()
    _bind(Peer("192.0.2.1"), station)
    assert not Peer("192.0.2.1").bound_to(station)


def test_new_working_keys_end_a_binding() -> None:
    peer, station = Peer("192.0.2.1"), _station()
    _bind(peer, station)
    station.adopt(_keys(b"second"))
    assert not peer.bound_to(station)
    _bind(peer, station)
    assert peer.bound_to(station)


def test_the_same_keys_read_anew_do_not_end_a_binding() -> None:
    peer, station = Peer("192.0.2.1"), _station()
    _bind(peer, station)
    station.adopt(_keys(b"first"))
    assert peer.bound_to(station)


def test_a_terminal_that_has_no_keys_any_more_is_bound_to_nobody() -> None:
    peer, station = Peer("192.0.2.1"), _station()
    _bind(peer, station)
    station.adopt(Ring({}))
    assert not peer.bound_to(station)


# Identities of TLS ---------------------------------------------------------------------------


def test_a_certificate_binds_the_terminals_registered_with_it_and_no_others() -> None:
    peer = Peer("192.0.2.1", _IDENTITY)
    assert peer.bound_to(_station(1, tls_identity=_IDENTITY))
    assert not peer.bound_to(_station(2, tls_identity="b2" * 32))
    assert not peer.bound_to(_station(3))


def test_a_line_is_held_by_the_first_who_has_proven_himself() -> None:
    peer, first, second = Peer("192.0.2.1", _IDENTITY), _station(1), _station(2)
    assert peer.holder is None  # a certificate that nobody is registered with proves nobody
    peer.bind(first, first.mac_key)
    peer.bind(second, second.mac_key)
    assert peer.holder is first


def test_a_certificate_binds_a_terminal_that_has_no_keys_yet() -> None:
    station = _station(tls_identity=_IDENTITY)
    station.adopt(Ring({}))
    assert Peer("192.0.2.1", _IDENTITY).bound_to(station)


def test_no_proof_by_mac_binds_a_terminal_that_is_registered_with_a_certificate() -> None:
    peer, station = Peer("192.0.2.1"), _station(tls_identity=_IDENTITY)
    _bind(peer, station)
    assert not peer.bound_to(station)


def test_a_connection_with_a_certificate_may_prove_other_terminals_by_mac() -> None:
    peer, station = Peer("192.0.2.1", _IDENTITY), _station()
    _bind(peer, station)
    assert peer.bound_to(station)


def test_a_new_certificate_in_the_profile_ends_what_the_old_one_bound() -> None:
    peer, station = Peer("192.0.2.1", _IDENTITY), _station(tls_identity=_IDENTITY)
    assert peer.bound_to(station)
    station.register(Terminal(*station.identity, tls_identity="b2" * 32))
    assert not peer.bound_to(station)


# What a sign-in said -------------------------------------------------------------------------


def test_what_was_said_is_given_once() -> None:
    peer, station = Peer("192.0.2.1"), _station()
    assert peer.said(station) is None
    peer.says(station, TerminalSays("001", "serial", "31311000"))
    assert peer.said(station) == TerminalSays("001", "serial", "31311000")
    assert peer.said(station) is None


def test_the_latest_word_counts() -> None:
    peer, station = Peer("192.0.2.1"), _station()
    peer.says(station, TerminalSays("001"))
    peer.says(station, TerminalSays("002"))
    assert peer.said(station) == TerminalSays("002")
    assert peer.said(station) is None


def test_what_was_said_is_bounded_and_the_oldest_is_forgotten() -> None:
    peer, stations = Peer("192.0.2.1"), [_station(number) for number in range(1, 1_001)]
    for number, station in enumerate(stations):
        peer.says(station, TerminalSays(str(number)))
    assert len(peer._said) == 64
    assert peer.said(stations[-65]) is None
    assert [peer.said(station) for station in stations[-64:]] == [
        TerminalSays(str(number)) for number in range(936, 1_000)
    ]


def test_who_signs_in_again_is_not_the_oldest_any_more() -> None:
    peer, stations = Peer("192.0.2.1"), [_station(number) for number in range(1, 66)]
    for station in stations[:64]:
        peer.says(station, TerminalSays("first"))
    peer.says(stations[0], TerminalSays("second"))
    peer.says(stations[64], TerminalSays("first"))
    assert len(peer._said) == 64
    assert peer.said(stations[0]) == TerminalSays("second")
    assert peer.said(stations[1]) is None


# Addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peername", "address"),
    [
        (("192.0.2.1", 40_000), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 40_000, 0, 0), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff:ffff:ffff:ffff", 1, 0, 0), "2001:db8:1:2::"),
        (("2001:db8:1:3::1", 1, 0, 0), "2001:db8:1:3::"),
        (("fe80::1%eth0", 40_000, 0, 2), "fe80::"),
        (("::ffff:192.0.2.1", 40_000, 0, 0), "192.0.2.1"),
        (("::1", 40_000, 0, 0), "::"),
        ("", "local"),
        (b"\0abstract", "local"),
        (None, "local"),
        (("no address", 1), "local"),
    ],
)
def test_address_of(peername: Any, address: str) -> None:
    assert address_of(peername) == address


def test_address_of_the_ends_of_a_unix_socket() -> None:
    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        assert address_of(near.getpeername()) == "local"


def test_the_hosts_of_one_ipv6_site_are_counted_as_one() -> None:
    found = {address_of((f"2001:db8:1:2::{host:x}", 1, 0, 0)) for host in range(1, 1_000)}
    assert found == {"2001:db8:1:2::"}
