"""What terminals download for chips: public keys of card schemes, parameters of applications.

Source of field 62, as terminals read it: UnionPay-style POS, IC cards (60.3 = 370 to 382). A list
is asked for with `1` and two digits, how many entries have come already; it is answered with a
character and the entries as BER-TLV: 9F06 (RID) 9F22 (index) DF05 (expiry) of a key, 9F06 of an
application. A download names one of them in the same way, and is answered with a character and all
that belongs to it. Dialects differ: DF05 is eight digits as characters, at other hosts four packed
bytes; the last page of several has a character of its own or that of the only one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha1
from typing import Final

from annul.wire.errors import DecodeError
from annul.wire.tlv import Tlv, build, parse

# Whether there is anything: no; here it is, all of it; more is to be asked for; this was the last.
NOTHING: Final = b"0"
WHOLE: Final = b"1"
MORE: Final = b"2"
LAST: Final = b"3"

APPLICATION: Final = "9F06"  # RID of a key, AID of an application
INDEX: Final = "9F22"
EXPIRY: Final = "DF05"
MODULUS: Final = "DF02"
CHECKSUM: Final = "DF03"
EXPONENT: Final = "DF04"
HASHES: Final = Tlv("DF06", b"\x01")  # SHA-1
SIGNS: Final = Tlv("DF07", b"\x01")  # RSA

_ROOM: Final = 500  # bytes of field 62 that a page may take
_FIELD: Final = 62
_ASKED: Final = 3  # characters of a question for a list


def checksum(rid: bytes, index: int, modulus: bytes, exponent: bytes) -> bytes:
    """Give by what a key's parts are held together (SHA-1). Source: EMV Book 2, 11.2.2."""
    together = rid + bytes((index,)) + modulus + exponent
    return sha1(together, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class CaKey:
    """A scheme's public key; `tlv` is all that a terminal downloads of it."""

    rid: bytes
    key_index: int
    expires: date
    tlv: bytes = field(repr=False)

    @property
    def entry(self) -> bytes:
        """What a list says of it."""
        return build((*self.named, Tlv(EXPIRY, f"{self.expires:%Y%m%d}".encode())))

    @property
    def named(self) -> tuple[Tlv, Tlv]:
        """What it is asked for by."""
        return Tlv(APPLICATION, self.rid), Tlv(INDEX, bytes((self.key_index,)))

    @classmethod
    def of(cls, rid: bytes, index: int, expires: date, modulus: bytes, exponent: bytes) -> "CaKey":
        """Lay a key out as terminals read it."""
        bare = cls(rid, index, expires, b"")
        parts = (
            HASHES,
            SIGNS,
            Tlv(MODULUS, modulus),
            Tlv(EXPONENT, exponent),
            Tlv(CHECKSUM, checksum(rid, index, modulus, exponent)),
        )
        return cls(rid, index, expires, bare.entry + build(parts))


@dataclass(frozen=True, slots=True)
class Aid:
    """What terminals go by for one application; `tlv` is all that a terminal downloads of it."""

    aid: bytes
    tlv: bytes = field(repr=False)

    @property
    def entry(self) -> bytes:
        """What a list says of it, and what it is asked for by."""
        return build((Tlv(APPLICATION, self.aid),))

    @classmethod
    def of(cls, aid: bytes, parameters: Iterable[Tlv]) -> "Aid":
        """Lay an application out as terminals read it."""
        return cls(aid, build((Tlv(APPLICATION, aid), *parameters)))


class Chips:
    """All that may be downloaded now. It never changes: what is new is another one."""

    def __init__(self, keys: Iterable[CaKey] = (), aids: Iterable[Aid] = ()) -> None:
        self._keys: Final = {(one.rid, one.key_index): one for one in keys}
        self._aids: Final = {one.aid: one for one in aids}

    def list_keys(self, asked: bytes, on: date) -> bytes:
        """Give a page of the keys that have not expired; raises `DecodeError`."""
        return _page([one.entry for one in self._keys.values() if one.expires >= on], asked)

    def list_aids(self, asked: bytes) -> bytes:
        """Give a page of the applications; raises `DecodeError`."""
        return _page([one.entry for one in self._aids.values()], asked)

    def key(self, asked: bytes) -> bytes:
        """Give one key; raises `DecodeError`."""
        named = _named(asked)
        rid, index = named.get(APPLICATION, b""), named.get(INDEX, b"")
        found = self._keys.get((rid, index[0])) if len(index) == 1 else None
        return NOTHING if found is None else WHOLE + found.tlv

    def aid(self, asked: bytes) -> bytes:
        """Give what belongs to one application; raises `DecodeError`."""
        found = self._aids.get(_named(asked).get(APPLICATION, b""))
        return NOTHING if found is None else WHOLE + found.tlv


def _named(asked: bytes) -> Mapping[str, bytes]:
    return {one.tag: one.value for one in parse(asked, _FIELD)}


def _page(entries: Sequence[bytes], asked: bytes) -> bytes:
    """Give what follows the entries that have come already, as far as there is room."""
    digits = asked[1:_ASKED]
    if asked and not (len(asked) == _ASKED and digits.isdigit()):
        raise DecodeError(_FIELD, 1, "two digits: how many have come already")
    first = int(digits or b"0")
    page, size = 0, 0
    for entry in entries[first:]:
        size += len(entry)
        if size > _ROOM:
            break
        page += 1
    if not page:
        return NOTHING
    end = first + page
    flag = MORE if end < len(entries) else LAST if first else WHOLE
    return flag + b"".join(entries[first:end])
