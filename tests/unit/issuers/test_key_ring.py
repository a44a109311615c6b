"""What is sent under, and what messages may hold under, at every stage of a key's life."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from annul.issuers.key_ring import GRACE, ON_THE_WAY, IssuerKey, KeyRing
from annul.security.ciphers import TDES
from annul.security.keys import KeyKind, WrappedKey

_NOW: Final = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
_FIRST, _SECOND, _THIRD = (WrappedKey(KeyKind.MAC, TDES, bytes([one])) for one in range(3))
_AGREED: Final = IssuerKey(None, _FIRST)


def _keys(ring: KeyRing, now: datetime = _NOW) -> list[WrappedKey]:
    return [one.key for one in ring.taken(now)]


def _of_key_messages(ring: KeyRing) -> list[WrappedKey]:
    return [one.key for one in ring.of_key_messages()]


def test_without_keys_nothing_is_sealed() -> None:
    ring = KeyRing()
    assert ring.key(KeyKind.MAC) is None
    assert (_keys(ring), _of_key_messages(ring), ring.waits) == ([], [], ())


def test_one_that_waits_is_taken_and_not_sent_under() -> None:
    ring = KeyRing(IssuerKey(uuid4(), _SECOND), _AGREED)
    assert ring.key(KeyKind.MAC) is _FIRST
    assert _keys(ring) == [_FIRST, _SECOND]
    assert ring.waits == (KeyKind.MAC,)


def test_the_one_before_counts_until_the_new_one_is_proved_or_the_grace_is_over() -> None:
    fresh = IssuerKey(uuid4(), _SECOND, _NOW)
    ring = KeyRing(fresh, _AGREED)
    assert ring.key(KeyKind.MAC) is _SECOND
    assert _keys(ring) == [_SECOND, _FIRST]
    assert _keys(ring, _NOW + GRACE - timedelta(microseconds=1)) == [_SECOND, _FIRST]
    assert _keys(ring, _NOW + GRACE) == [_SECOND]
    assert _of_key_messages(ring) == [_SECOND, _FIRST], "whoever missed our answer comes again"
    proved = KeyRing(IssuerKey(fresh.id, _SECOND, _NOW, proved_at=_NOW), _AGREED)
    assert _of_key_messages(proved) == [_SECOND]
    assert _keys(proved) == [_SECOND, _FIRST], "answers under it are on their way"
    assert _keys(proved, _NOW + ON_THE_WAY) == [_SECOND]


def test_the_latest_that_ended_is_the_one_before() -> None:
    ended = IssuerKey(uuid4(), _SECOND, _NOW, _NOW, ended_at=_NOW)
    ring = KeyRing(IssuerKey(uuid4(), _THIRD, _NOW), ended, _AGREED)
    assert _keys(ring) == [_THIRD, _SECOND]


def test_behind_an_agreed_key_nothing_counts() -> None:
    """Keys of messages were ended by hand: none of them is on its way any more."""
    ended = IssuerKey(uuid4(), _SECOND, _NOW, ended_at=_NOW)
    ring = KeyRing(ended, _AGREED)
    assert _keys(ring) == _of_key_messages(ring) == [_FIRST]


def test_only_what_is_new_is_told() -> None:
    told: list[IssuerKey] = []
    fresh = IssuerKey(uuid4(), _SECOND, _NOW)
    ring = KeyRing(fresh, _AGREED)
    ring.on_proved = told.append
    for one in (_AGREED, IssuerKey(uuid4(), _THIRD, _NOW, ended_at=_NOW)):
        ring.heard(one)
    assert told == []
    ring.heard(fresh)
    assert told == [fresh]
