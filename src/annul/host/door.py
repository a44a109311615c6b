"""The door: frame, decode, station, authenticate. What is not proven here has no effect.

Before it is authenticated a message can cause an answer without MAC, counts by address and a
sampled log line, and nothing else. All of it happens at once and in memory, but for one thing: what
is known of a terminal may be old where another host serves it; then its row and keys are looked at.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from annul.domain import admission
from annul.domain.business_day import Calendar
from annul.domain.cells import NONE, Cell, Cells, Lives
from annul.domain.incident import Incident
from annul.domain.kinds import MAC_FIELD, MAC_MTIS, REQUEST_MTIS, answer_mti
from annul.domain.records import Merchant
from annul.domain.unexpected import FORMAT_ERROR, GARBLED, UNREADABLE, Act, Unexpected, unexpected
from annul.merchants.registry import Registry
from annul.merchants.station import PendingKeys, Station, answer_key
from annul.security.errors import UnusableKey
from annul.security.keys import KeyKind, WrappedKey
from annul.security.module import SecurityModule
from annul.store.clock import Clock
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, EncodeError

from .evidence import EvidenceKeeper
from .handing_on import MOST_HOPS
from .owners import Owners
from .peer import Peer
from .recognised import Sort, foreign_field, sort_of
from .reply import Reply, note, reply_fields
from .strangers import Strangers, Throttle
from .tongues import Tongues

log = structlog.get_logger(__name__)

# Wrong MACs of one terminal from one address within a minute; beyond, none is looked at from
# there unless the connection is bound. A code of 32 bits then takes a century to be guessed.
WRONG_MACS: Final = 30
# What an answer to a message that can not be read repeats of it.
_REPEATED: Final = (3, 4, 11, 25, 41, 42, 49, 60)
_WRONG_IN_ALL: Final = 600  # of one terminal within a minute, from all addresses: the same
_ALARMS_FROM: Final = 5  # incidents that one address may cause within a minute
_ALARM: Final = 10  # wrong MACs of one terminal within a minute, from anywhere: an incident
_WINDOW_S: Final = 60.0
_SORTS: Final = 32  # that are remembered of a terminal
# Why a message is refused that asks for less than its terminal is registered with.
BELOW_PROFILE: Final = "below_profile"


class Admitted(NamedTuple):
    """A message of a terminal that is registered, and how far it is proven to come from it.

    `key` is the MAC key under which its own MAC held, None if it has none that did; `seal` is then
    the key for the answer; `proves` are the pending keys, if it held under these; `sort` is what it
    was recognised as, if that has been looked at. A tuple, since there is one for each message.
    """

    message: Message
    head: bytes
    merchant: Merchant
    station: Station
    peer: Peer
    codec: Codec
    key: WrappedKey | None = None
    seal: WrappedKey | None = None
    proves: PendingKeys | None = None
    sort: Sort | None = None

    @property
    def proven(self) -> bool:
        """Whether it comes from the terminal: by its MAC, or by the connection."""
        return self.key is not None or self.peer.bound_to(self.station)


class Turned(NamedTuple):
    """A message that goes no further; without an answer the connection is closed, or nothing."""

    answer: bytes | None
    closes: bool = False


class Elsewhere(NamedTuple):
    """A message of a merchant that another cell serves."""

    cell: Cell


class Unsure(NamedTuple):
    """A message whose terminal is to be looked at first: what is known of it may be old."""

    station: Station


class Door:
    """Lets messages in, one at a time and without waiting."""

    def __init__(
        self,
        tongues: Tongues,
        registry: Registry,
        owners: Owners,
        security: SecurityModule,
        evidence: EvidenceKeeper,
        clock: Clock,
        calendar: Calendar,
        acquirer_id: str,
        cells: Cells = NONE,
    ) -> None:
        self.strangers = Strangers(clock.monotonic)
        # Of terminals that have proven themselves: fields that make no sense and that nobody needs.
        self.odd_fields: Counter[int] = Counter()
        self._tongues = tongues
        self._registry = registry
        self._owners = owners
        self._security = security
        self._evidence = evidence
        self._clock = clock
        self._calendar = calendar
        self._acquirer_id = acquirer_id
        self._cells = cells
        self._wrong = Throttle(WRONG_MACS, _WINDOW_S, clock.monotonic)
        self._wrong_in_all = Throttle(_WRONG_IN_ALL, _WINDOW_S, clock.monotonic)
        self._alarm = Throttle(_ALARM, _WINDOW_S, clock.monotonic)
        self._unusable = Throttle(1, _WINDOW_S, clock.monotonic)
        self._alarms_from = Throttle(_ALARMS_FROM, _WINDOW_S, clock.monotonic)

    def open(
        self, body: bytes, head: bytes, peer: Peer, *, looked: bool = False
    ) -> Admitted | Turned | Unsure | Elsewhere:
        """Take one message as far as it proves itself. Raises nothing.

        `looked`: its terminal has been looked at, or can not be, and is judged as it is known.
        """
        codec, message, error = self._read(body)
        if message is None or error is not None:
            return self._garbled(codec, message, error, peer)
        if message.mti not in REQUEST_MTIS:
            return self._unexpected(codec, message, unexpected(message.mti), peer)
        merchant, station = self._named(message)
        if merchant is None or merchant.lives == Lives.AWAY:
            return self._elsewhere(codec, message, merchant, peer)
        if station is None:
            code = admission.TERMINAL_UNKNOWN.code
            return self._turn(codec, message, peer, "terminal_unknown", code)
        peer.known = True
        if not looked and self._owners.is_old(station):
            return Unsure(station)
        return self._proven(Admitted(message, head, merchant, station, peer, codec), looked=looked)

    def _elsewhere(
        self, codec: Codec, message: Message, merchant: Merchant | None, peer: Peer
    ) -> Elsewhere | Turned:
        """Name the cell that serves a merchant; as far as is known here there may be none."""
        named = str(message.readable().get(42, ""))
        cell = self._cells.elsewhere(named, moved_to=merchant.cell if merchant else "")
        if cell is None:
            code = admission.MERCHANT_UNKNOWN.code
            return self._turn(codec, message, peer, "merchant_unknown", code)
        if peer.hops >= MOST_HOPS:  # it moves just now, and not every host has heard of it
            self.strangers.turned_away(peer.address, "cells_disagree")
            fields = reply_fields(message, Reply("96"), self._acquirer_id, self._local())
            return _plain(codec, message, fields)
        peer.known = True
        return Elsewhere(cell)

    def _read(self, body: bytes) -> tuple[Codec, Message | None, DecodeError | None]:
        """Read a message by the dialect of the terminal that it names, else by the usual one.

        With an error what stands before it, if anything can be read.
        """
        usual: tuple[Codec, Message | None, DecodeError | None] | None = None
        registered = self._registry.dialects
        for name, codec in self._tongues.each(registered):
            try:
                read = (codec, codec.decode(body), None)
            except DecodeError as error:
                read = (codec, codec.salvage(body), error)
            if not registered:
                return read
            station = self._named(read[1])[1] if read[1] else None
            if station is not None and station.terminal.dialect == name:
                return read
            usual = usual or read
        assert usual is not None, "there is a usual dialect"
        return usual

    def _named(self, message: Message) -> tuple[Merchant | None, Station | None]:
        named = message.readable()
        merchant = self._registry.merchant(str(named.get(42, "")))
        if merchant is None:
            return None, None
        return merchant, self._registry.station(merchant.merchant_id, str(named.get(41, "")))

    def _proven(self, entry: Admitted, *, looked: bool) -> Admitted | Turned | Unsure:
        """Ask for what the terminal is registered with: its certificate, its MAC."""
        identity = entry.station.terminal.tls_identity
        if identity and identity != entry.peer.identity:
            return self._refuse(entry, BELOW_PROFILE, "58", "请使用终端证书连接")
        if MAC_FIELD in entry.message:
            return self._authenticated(entry, looked=looked)
        if entry.message.mti in MAC_MTIS:
            return self._refuse(entry, "mac_missing", "A0")
        return entry

    def _authenticated(self, entry: Admitted, *, looked: bool) -> Admitted | Turned | Unsure:
        """Check the MAC under the terminal's keys, then under those that are pending."""
        message, station, peer = entry.message, entry.station, entry.peer
        if (
            self._wrong.over((station, peer.address)) or self._wrong_in_all.over(station)
        ) and not peer.bound_to(station):
            return self._refuse(entry, "mac_throttled", "A0")
        keys, waiting, proves = station.keys, station.pending, None
        key = keys.get(KeyKind.MAC)
        if key is None or not self._holds(message, station, key):
            if waiting is None or not self._holds(message, station, waiting.mac):
                if not looked and self._owners.may_look(station, peer.address):
                    return Unsure(station)
                return self._forged(entry, "mac_wrong")
            key, keys, proves = waiting.mac, waiting.keys, waiting
        sort = None
        if station.equalisable:
            # First, so that the code serves nothing else, whatever becomes of this message.
            if not station.codes.takes(message.raw[len(message.unsigned) :], message.raw):
                return self._forged(entry, "mac_reused")
            sort, foreign = _within_its_kind(message, station)
            if foreign:
                text = f"field {foreign} not known 不应有{foreign}域"
                return self._refuse(entry, "foreign_field", "30", text)
        entry.codec.keep(message, station)
        peer.doubts = 0
        self.odd_fields.update(message.faults)
        return entry._replace(key=key, seal=answer_key(keys), proves=proves, sort=sort)

    def _forged(self, entry: Admitted, reason: str) -> Turned:
        """Refuse a MAC that does not hold, and raise an alarm when there are many."""
        station, peer = entry.station, entry.peer
        self._wrong.hit((station, peer.address))
        self._wrong_in_all.hit(station)
        if (
            self._alarm.hit(station) == _ALARM
            and self._alarms_from.hit(peer.address) <= _ALARMS_FROM
        ):
            self._evidence.alarm(_alarm_of(station, peer))
        if peer.bound_to(station):  # from anybody else it says nothing of the terminal
            self._evidence.trouble(*station.identity, "wrong_mac")
        return self._refuse(entry, reason, "A0")

    def _holds(self, message: Message, station: Station, key: WrappedKey) -> bool:
        mac = message.readable().get(MAC_FIELD)
        if not isinstance(mac, bytes):
            return False
        try:
            return self._security.verify_mac(key, station.algorithm, message.unsigned, mac)
        except UnusableKey as error:
            if self._unusable.hit(station) == 1:  # anybody can make this happen
                log.warning("key_unusable", terminal=station.identity, reason=str(error))
            return False

    def _refuse(self, entry: Admitted, reason: str, code: str, text: str = "") -> Turned:
        return self._turn(entry.codec, entry.message, entry.peer, reason, code, text)

    def _turn(
        self, codec: Codec, message: Message, peer: Peer, reason: str, code: str, text: str = ""
    ) -> Turned:
        """Answer without MAC; the connection is closed when not even that can be built."""
        self.refused(peer, reason)
        reply = Reply(code, note(text))
        fields = reply_fields(message, reply, self._acquirer_id, self._local())
        return _plain(codec, message, fields)

    def refused(self, peer: Peer, reason: str) -> None:
        """Count a message that had no effect."""
        peer.doubts += 1
        self.strangers.turned_away(peer.address, reason)

    def _garbled(
        self, codec: Codec, found: Message | None, error: DecodeError | None, peer: Peer
    ) -> Turned:
        """Answer what does not decode, as far as it can be read."""
        if found is None:
            return self._unexpected(codec, None, UNREADABLE, peer)
        what = GARBLED if found.mti in REQUEST_MTIS else unexpected(found.mti)
        where = f"field {error.field}" if error and error.field else "format"
        return self._unexpected(codec, found, what, peer, where)

    def _unexpected(
        self,
        codec: Codec,
        message: Message | None,
        what: Unexpected,
        peer: Peer,
        where: str = "format",
    ) -> Turned:
        """Do what the table says about a message that nobody expects."""
        self.refused(peer, what.reason)
        if message is None or what.act is not Act.ANSWER:
            return Turned(None, closes=what.act is Act.CLOSE)
        wrong = note(f"{where} wrong 报文格式错误")
        return _plain(codec, message, {**message.pick(_REPEATED), 39: FORMAT_ERROR, **wrong})

    def _local(self) -> datetime:
        return self._calendar.local(self._clock.now())


def _plain(codec: Codec, message: Message, fields: Mapping[int, str | bytes]) -> Turned:
    try:
        return Turned(codec.encode(answer_mti(message.mti), fields, keep=False))
    except EncodeError:
        return Turned(None, closes=True)


def _within_its_kind(message: Message, station: Station) -> tuple[Sort | None, int | None]:
    """Recognise a message, and name a field that its kind leaves no room for.

    What can not be recognised is refused later on, and has no effect. A terminal says the same few
    things all day: what they are is remembered with it.
    """
    get = message.readable().get
    said = (message.mti, *(str(get(number, "")) for number in (3, 22, 25, 60)))
    sort: Sort | None = station.sorts.get(said)
    if sort is None:
        try:
            sort = sort_of(message)
        except DecodeError:
            return None, None
        if sort is None:
            return None, None
        if len(station.sorts) >= _SORTS:
            station.sorts.clear()
        station.sorts[said] = sort
    return sort, foreign_field(message, sort[0])


def _alarm_of(station: Station, peer: Peer) -> Incident:
    merchant_id, terminal_id = station.identity
    return Incident.of(
        "wrong_mac",
        merchant_id,
        terminal_id,
        terminal=terminal_id,
        count=_ALARM,
        seconds=int(_WINDOW_S),
        address=peer.address,
    )
