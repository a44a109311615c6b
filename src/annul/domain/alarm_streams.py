"""What is watched: every transaction belongs to one stream of each scope."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from .alarms import MEASURE_SHARES, Counts, Measure
from .kinds import KINDS
from .text import Text

ECHO: Final = "echo"  # the kind of what only asks whether somebody is there
PROBE: Final = "probe"  # what annul asks where too little traffic comes to decide
ASKED: Final = frozenset({ECHO, PROBE})  # kinds that say nothing of transactions
REVERSAL: Final = "reversal"


class Scope(StrEnum):
    """By what transactions are told apart."""

    ALL = "all"
    ISSUER = "issuer"
    KIND = "kind"  # of transaction, at one issuer
    RANGE = "range"  # of cards, at one issuer
    MERCHANT = "merchant"
    SOFTWARE = "software"  # of the terminal


# How the false alarms that are allowed are dealt out, as by measures: the sum is one.
SCOPE_SHARES: Final[Mapping[Scope, float]] = {
    Scope.ALL: 0.05,
    Scope.ISSUER: 0.2,
    Scope.KIND: 0.15,
    Scope.RANGE: 0.2,
    Scope.MERCHANT: 0.3,
    Scope.SOFTWARE: 0.1,
}
_WITHIN: Final = frozenset({Scope.KIND, Scope.RANGE})


class Stream(NamedTuple):
    """One stream. `member`: the issuer, the merchant, the version, or issuer and kind or range."""

    scope: Scope
    member: str = ""

    @property
    def issuer_id(self) -> str:
        """The issuer that it lies within, empty for none."""
        return self.member.partition(" ")[0] if self.scope in (Scope.ISSUER, *_WITHIN) else ""

    @property
    def part(self) -> str:
        """The kind or card range at that issuer, else the member."""
        return self.member.partition(" ")[2] if self.scope in _WITHIN else self.member

    @property
    def parent(self) -> "Stream | None":
        """What it leans on as long as little is known of it."""
        if self.scope is Scope.ALL:
            return None
        if self.part == PROBE and self.scope is Scope.KIND:
            return Stream(Scope.KIND, f"{self.issuer_id} {ECHO}")
        return Stream(Scope.ISSUER, self.issuer_id) if self.scope in _WITHIN else EVERYTHING

    @property
    def text(self) -> Text:
        """Say for whom, to people."""
        said, part = _SAID[self.scope], self.part
        kind = KINDS[part].title if part in KINDS else _KINDS.get(part, Text(part, part))
        return Text(
            said.zh.format(issuer=self.issuer_id, part=kind.zh),
            said.en.format(issuer=self.issuer_id, part=kind.en),
        )


EVERYTHING: Final = Stream(Scope.ALL)

_KINDS: Final = {REVERSAL: Text("冲正", "reversals"), PROBE: Text("探询", "probes")}
_SAID: Final[Mapping[Scope, Text]] = {
    Scope.ALL: Text("全部交易", "all transactions"),
    Scope.ISSUER: Text("发卡行{issuer}", "issuer {issuer}"),
    Scope.KIND: Text("发卡行{issuer}的{part}", "{part} at issuer {issuer}"),
    Scope.RANGE: Text("发卡行{issuer}卡号{part}开头的卡", "cards {part}... of issuer {issuer}"),
    Scope.MERCHANT: Text("商户{part}", "merchant {part}"),
    Scope.SOFTWARE: Text("终端软件{part}", "terminal software {part}"),
}


class Way(NamedTuple):
    """What a count is kept under: issuer, kind, range and software, or issuer, merchant, software.

    All of it together would be nearly a row for each transaction.
    """

    issuer_id: str
    kind: str = ""
    card_range: str = ""
    software: str = ""
    merchant: str = ""

    def streams(self) -> Iterator[Stream]:
        """Name the streams that a count belongs to; what `ASKED` names, none of transactions."""
        if self.merchant:
            yield Stream(Scope.MERCHANT, self.merchant)
            return
        yield Stream(Scope.KIND, f"{self.issuer_id} {self.kind}")
        if self.kind in ASKED:
            return
        yield EVERYTHING
        yield Stream(Scope.ISSUER, self.issuer_id)
        if self.card_range:
            yield Stream(Scope.RANGE, f"{self.issuer_id} {self.card_range}")
        if self.software:
            yield Stream(Scope.SOFTWARE, self.software)


def stake(stream: Stream, measure: Measure, per_million: float) -> float:
    """Give what one transaction pays into an account: its part of the false alarms allowed."""
    return per_million * 1e-6 * SCOPE_SHARES[stream.scope] * MEASURE_SHARES[measure]


_Way = tuple[str, str, str, str, str]
_Key = TypeVar("_Key")


def summed(ways: Mapping[Way, Counts]) -> dict[Stream, Counts]:
    """Sum counts up by stream: first over versions of software, of which there are many ways."""
    plain: dict[_Way, list[int]] = {}
    for way, counts in ways.items():
        issuer_id, kind, card_range, software, merchant = way
        if not software or merchant or kind in ASKED:
            _plus(plain, way, counts)
        else:
            _plus(plain, (issuer_id, kind, card_range, "", ""), counts)
            _plus(plain, ("", "", "", software, ""), counts)
    found: dict[Stream, list[int]] = {}
    for way, counts in plain.items():
        for stream in _of_plain(way):
            _plus(found, stream, counts)
    return {stream: Counts(*sums) for stream, sums in found.items()}


@lru_cache(maxsize=65_536)  # the same ways come in every turn
def _of_plain(way: _Way) -> tuple[Stream, ...]:
    """Name the streams of a way without software, or of software alone."""
    if not way[0]:
        return (Stream(Scope.SOFTWARE, way[3]),)
    return tuple(Way(*way).streams())


def _plus(sums: dict[_Key, list[int]], key: _Key, counts: Sequence[int]) -> None:
    approved, declined, faults, silent, slow = counts
    mine = sums.get(key)
    if mine is None:
        sums[key] = [approved, declined, faults, silent, slow]
    else:
        mine[0] += approved
        mine[1] += declined
        mine[2] += faults
        mine[3] += silent
        mine[4] += slow
