"""Counts what issuers answer, for the alarms: one addition in memory for each transaction.

A host takes what has come together every few seconds (`Tally.taken`) and writes it down; what a
process that is killed had not written yet is lost, as counts are evidence and no money.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from annul.domain.alarm_streams import ECHO, PROBE, REVERSAL, Way
from annul.domain.alarms import Counts
from annul.domain.kinds import KINDS, UNDOING, VOIDS
from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED, FAULTS

from .health import RANGE, VOID, Asked

APPROVED, DECLINED, FAULT, SILENT, SLOW = range(5)
# What one card fails at one merchant within this time counts once: a wrong PIN is keyed again.
REPEATED_S: Final = 60.0
_RANGE: Final = 6  # digits of a card range
_REVERSAL: Final = "4"  # message class, second digit of the MTI
# Field 3 of voids and refunds, and the MTIs of voids, which refunds do not have.
_UNDOING: Final = frozenset(KINDS[name].processing_code for name in UNDOING)
_VOIDS: Final = frozenset(KINDS[name].mti for name in VOIDS)
_TAG: Final = 0xFFFF
# The kind by MTI and field 3: of several the first in the table, which is the plain one.
_KINDS: Final[Mapping[tuple[str, str], str]] = {
    (kind.mti, kind.processing_code): name for name, kind in reversed(KINDS.items())
}

_Ways = dict[tuple[str, str, str, str, str], list[int]]
# What runs on a terminal, and its counts by issuer.
_Till = tuple[str, dict[str, list[int]]]


class Tally:
    """The counts of one process. `monotonic` gives seconds that never step back.

    `software` says by merchant and terminal what runs there; `slow_over` by issuer from how many
    seconds on an answer is slow. Both are replaced as a whole by whoever learns them.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.slow_over: Mapping[str, float] = {}
        self.repeats = 0
        self._monotonic = monotonic
        self._software: Mapping[tuple[str, str], str] = {}
        self._ways: _Ways = {}
        self._shops: _Ways = {}  # of what runs on tills no more, and what could not be written
        self._tills: dict[tuple[str, str], _Till] = {}
        # Of cards that failed, in this minute and the one before: since when.
        self._failed: dict[tuple[str, str], float] = {}
        self._before: dict[tuple[str, str], float] = {}
        self._turns_at = 0.0

    @property
    def software(self) -> Mapping[tuple[str, str], str]:
        """What runs where."""
        return self._software

    @software.setter
    def software(self, known: Mapping[tuple[str, str], str]) -> None:
        self._gather_tills()
        self._software = known

    def answered(
        self,
        issuer_id: str,
        mti: str,
        code: object,
        asked: Asked,
        seconds: float,
        answer: str,
        *,
        probe: bool = False,
    ) -> None:
        """Count an answer. `code` is field 3 of the request, `answer` the response code."""
        if probe:
            self.probed(issuer_id, answer)
            return
        if answer in BOOKED or (mti[1] == _REVERSAL and answer not in FAULTS):
            outcome = APPROVED  # a reversal that is denied is answered
        else:
            outcome = FAULT if answer in FAULTS else DECLINED
            if asked.card and self._repeated(asked):
                return
        slow = self.slow_over.get(issuer_id)
        late = slow is not None and seconds > slow
        self._add(issuer_id, _kind(mti, code), asked, outcome, slow=late)

    def silence(
        self, issuer_id: str, mti: str, code: object, asked: Asked, *, probe: bool = False
    ) -> None:
        """Count a request that nobody answered."""
        if probe:
            self.probed(issuer_id, "")
        else:
            self.not_reached(issuer_id, _kind(mti, code), asked)

    def not_reached(self, issuer_id: str, kind: str, asked: Asked) -> None:
        """Count a transaction that nobody answered, or that could not leave: its line is down."""
        if asked.card and self._repeated(asked):
            return
        self._add(issuer_id, kind, asked, SILENT, slow=False)

    def echoed(self, issuer_id: str, answer: str) -> None:
        """Count an echo, empty for silence: where nobody buys anything it asks."""
        counts = _of(self._ways, (issuer_id, ECHO, "", "", ""))
        counts[APPROVED if answer else SILENT] += 1

    def probed(self, issuer_id: str, answer: str) -> None:
        """Count a probe by its response code, empty for silence: whom it asks is no customer.

        A decline is an answer. Who was chosen to be asked was likelier to be declined.
        """
        outcome = FAULT if answer in FAULTS else APPROVED if answer else SILENT
        _of(self._ways, (issuer_id, PROBE, "", "", ""))[outcome] += 1

    def taken(self, *, shops: bool = True) -> dict[Way, Counts]:
        """Give what was counted since the last time, and begin anew: by merchant only if asked."""
        ways, self._ways = self._ways, {}
        found = {Way._make(way): Counts._make(counts) for way, counts in ways.items()}
        if shops:
            self._gather_tills()
            ways, self._shops = self._shops, {}
            found |= {Way._make(way): Counts._make(counts) for way, counts in ways.items()}
        return found

    def put_back(self, ways: Mapping[Way, Counts]) -> None:
        """Keep what could not be written for the next time."""
        for way, counts in ways.items():
            mine = _of(self._shops if way.merchant else self._ways, way)
            for place, count in enumerate(counts):
                mine[place] += count

    # Inside ---------------------------------------------------------------------------------

    def _add(self, issuer_id: str, kind: str, asked: Asked, outcome: int, *, slow: bool) -> None:
        """Count one: every transaction comes here, so nothing is looked up or made twice."""
        _, prefix, merchant, terminal, _ = asked
        till = self._tills.get((merchant, terminal)) or self._till(merchant, terminal)
        software, shop = till
        way = (issuer_id, kind, prefix[:_RANGE], software, "")
        counts = self._ways.get(way)
        if counts is None:
            counts = self._ways[way] = [0, 0, 0, 0, 0]
        counts[outcome] += 1
        mine = shop.get(issuer_id)
        if mine is None:
            mine = shop[issuer_id] = [0, 0, 0, 0, 0]
        mine[outcome] += 1
        if slow:
            counts[SLOW] += 1
            mine[SLOW] += 1

    def _till(self, merchant: str, terminal: str) -> _Till:
        key = (merchant, terminal)
        till = self._tills[key] = (self._software.get(key, ""), {})
        return till

    def _gather_tills(self) -> None:
        """Sum up by merchant what its tills have counted."""
        tills, self._tills = self._tills, {}
        for (merchant, _), (software, shop) in tills.items():
            if not merchant:
                continue
            for issuer_id, counts in shop.items():
                mine = _of(self._shops, (issuer_id, "", "", software, merchant))
                for place, count in enumerate(counts):
                    mine[place] += count

    def _repeated(self, asked: Asked) -> bool:
        """Say whether this card has failed at this merchant within the last minute, and note it."""
        now = self._monotonic()
        if now >= self._turns_at:
            self._before = self._failed if now < self._turns_at + REPEATED_S else {}
            self._failed, self._turns_at = {}, now + REPEATED_S
        key = (asked.card, asked.merchant)
        last = self._failed.get(key) or self._before.get(key)
        if last is not None and now - last < REPEATED_S:
            self.repeats += 1
            return True
        self._failed[key] = now
        return False


def _of(ways: _Ways, way: tuple[str, str, str, str, str]) -> list[int]:
    counts = ways.get(way)
    if counts is None:
        counts = ways[way] = [0, 0, 0, 0, 0]
    return counts


@lru_cache(maxsize=1_024)  # the same few come all day
def _kind(mti: str, code: object) -> str:
    return REVERSAL if mti[1] == _REVERSAL else _KINDS.get((mti, str(code or "")), mti)


def asked_by(mti: str, fields: Mapping[int, str | bytes]) -> Asked:
    """Say what a request is, for whoever asks later whom a trouble has touched."""
    if mti[1] == _REVERSAL:
        role = "reversal"
    elif fields.get(3) not in _UNDOING:
        role = "plain"
    else:
        role = VOID if mti in _VOIDS else "refund"
    card = str(fields.get(2) or fields.get(35) or "").partition("=")[0]
    return Asked(role, card[:RANGE], str(fields.get(42, "")), str(fields.get(41, "")), _tag(card))


def asked_in(transaction: Transaction) -> Asked:
    """Say the same of what could not even be written for its issuer."""
    masked, shop = transaction.card_masked[:RANGE], transaction.merchant_id
    return Asked("plain", masked, shop, transaction.terminal_id, _tag(transaction.card_hash))


def _tag(card: object) -> str:
    """Tell cards apart within this process: it is keyed anew in each."""
    return f"{hash(card) & _TAG:x}" if card else ""
