"""Messages as the door lets them in, of a terminal that is registered; no key is ever used."""

from typing import Any

from annul.domain.kinds import KINDS, REVERSAL_MTI
from annul.host.door import Admitted
from annul.host.peer import Peer
from annul.merchants.station import Ring, Station
from annul.security.ciphers import DES
from annul.security.keys import KeyKind, WrappedKey
from annul.wire.codec import Message
from tests.support.builders import merchant, terminal
from tests.support.soft import CARD, CODE
from tests.support.wire import CODEC, HEAD, Fields

_MAC_KEY = WrappedKey(KeyKind.MAC, DES, b"wrapped")


def message_of(mti: str, fields: Fields) -> Message:
    """Give a message as it is read from a line."""
    message = CODEC.decode(CODEC.encode(mti, fields))
    message.check()
    return message


def fields_of(kind: str, **changes: str | bytes | None) -> Fields:
    """Give what a kind needs; `changes` are as f4, None leaves a field out."""
    asked = KINDS[kind]
    fields: Fields = {
        2: CARD,
        3: asked.processing_code,
        4: "000000010000",
        11: "000002",
        22: "031" if asked.qr else "012",
        25: asked.condition,
        37: "300000000001",
        38: "123456",
        41: "10000001",
        42: "898000058120000",
        48: "0" * 62,
        49: "156",
        59: b"A3016" + CODE.encode(),
        60: f"{asked.function}000001{asked.network[0]}",
        61: "000001000001",
        55: b"\x9f\x26\x08" + bytes(8),
        62: b"Sequence No1",
    }
    wanted = {number: fields[number] for number in {*asked.required, 2} & fields.keys()}
    if asked.qr:
        del wanted[2]
    for name, value in changes.items():
        number = int(name[1:])
        wanted.pop(number, None)
        if value is not None:
            wanted[number] = value
    return wanted


def station_of(**profile: Any) -> Station:
    """Give the terminal of the builders, signed in."""
    station = Station(terminal(**profile))
    station.adopt(Ring({KeyKind.MAC: _MAC_KEY}))
    return station


def entry_of(
    kind: str,
    *,
    reversal: bool = False,
    with_mac: bool = True,
    bound: bool = False,
    fields: Fields | None = None,
    **profile: Any,
) -> Admitted:
    """Give a message of a kind; its MAC has held unless it is `with_mac` false."""
    station, peer = station_of(**profile), Peer("192.0.2.1")
    if bound:
        peer.bind(station, _MAC_KEY)
    mti = REVERSAL_MTI if reversal else KINDS[kind].mti
    message = message_of(mti, fields_of(kind) if fields is None else fields)
    key = _MAC_KEY if with_mac else None
    return Admitted(message, HEAD, merchant(), station, peer, CODEC, key, key)
