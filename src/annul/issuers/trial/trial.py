"""A trial of an issuer's link: sign-on, echo and sign-off over connections of its own.

First as it is set; what is not understood is tried otherwise, within bounds of tries and time and
with a pause between connections. The first answer whose bytes say what it is decides.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Final

from annul.domain.records import Issuer
from annul.issuers.errors import HandshakeFailed, NotSent
from annul.issuers.message import SIGN_ON, network_fields
from annul.issuers.odd import masked
from annul.security.tls import ClientTls
from annul.store.clock import Clock
from annul.wire.dialect import Dialect
from annul.wire.framing import FRAMINGS, LENGTH_2, Framer, Framing, framing_of

from .findings import Report
from .framings import Cut, cuts, named
from .line import RawLine, line
from .talk import Talk, TrialLimits, mtis_of, speech_of
from .tongues import Tongue, readers, tongues

_TLS_ALERT: Final = b"\x15\x03"
_ETX: Final = b"\x03"
_FIRST_TRACE: Final = 900_001  # far from those of a link


@dataclass(frozen=True, slots=True)
class _Found:
    """How a peer speaks: its first answer was in this framing and dialect."""

    cut: Cut
    tongue: Tongue
    others: tuple[str, ...] = ()


class Trial:
    """Tries one issuer; nothing of the running link is touched, and no money is named."""

    def __init__(
        self,
        issuer: Issuer,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        tls: ClientTls | None = None,
        limits: TrialLimits | None = None,
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._tls = tls
        self._limits = limits or TrialLimits()
        self._tongues = tongues(dialects, issuer.dialect)
        self._set = framing_of(issuer.framing, issuer.profile.framing)
        self.report = Report()

    async def run(self) -> Report:
        """Try, and say what was seen. Raises nothing for what a peer does."""
        report, issuer = self.report, self._issuer
        where = {"host": issuer.host, "port": issuer.port}
        try:
            async with self._line():
                report.note("connected", **where, how="TLS" if self._tls else "TCP")
            found = await self._search()
            if found is not None:
                self._compare(found)
                await self._pause()
                async with self._line() as opened:
                    speech = speech_of(issuer, found.tongue.dialect, found.cut.framing, self._clock)
                    framer = Framer(found.cut.framing)
                    talk = Talk(issuer, speech, framer, opened, self._clock, self._limits, report)
                    await talk.settle(found.tongue.dialect)
        except HandshakeFailed as error:
            report.note("tls_failed", good=False, why=str(error))
        except OSError as error:
            report.note("unreachable", good=False, **where, why=str(error) or type(error).__name__)
        return report

    # The search -----------------------------------------------------------------------------

    async def _search(self) -> _Found | None:
        """Find how it speaks, by the first answer that can be recognised; None when none can."""
        report, limits = self.report, self._limits
        until = self._clock.monotonic() + limits.within_s
        closed, sample = 0, b""
        for burst in islice(self._bursts(), limits.tries):
            if self._clock.monotonic() >= until:
                break
            report.tries += 1
            await self._pause()
            async with self._line() as opened:
                opened.send(burst)
                raw = await opened.hear(limits.answer_s, limits.rest_s)
                closed += opened.closed.is_set()
            if raw.startswith(_TLS_ALERT):
                report.note("speaks_tls", good=False)
                return None
            if raw and burst.startswith(raw):
                report.note("mirrors", good=False)
                return None
            found = self._recognised(raw)
            if found is not None:
                return found
            sample = sample or raw
        if sample:
            report.note("senseless", good=False, bytes=masked(sample))
        else:
            report.note("silent", good=False, tries=report.tries)
        if closed:
            report.note("closes", good=False, times=closed)
        return None

    def _bursts(self) -> Iterator[bytes]:
        """Give what is sent, once each: a sign-on of every type, from what is set outwards."""
        rows = [one for one in FRAMINGS.values() if one != self._set]
        framings = [(0, self._set), *((1 if one is LENGTH_2 else 2, one) for one in rows)]
        whole = [one for _, one in framings]
        framings += [
            (4, replace(one, trailer=_ETX))
            for one in whole
            if not one.trailer and not one.interbank
        ]
        framings += [(4, replace(one, counts_itself=True)) for one in whole if _may_count(one)]
        order = sorted(product(self._tongues, framings), key=lambda pair: pair[0].cost + pair[1][0])
        seen: set[bytes] = set()
        for tongue, (_, framing) in order:
            burst = self._burst(tongue.dialect, framing)
            if burst and burst not in seen:
                seen.add(burst)
                yield burst

    def _burst(self, dialect: Dialect, framing: Framing) -> bytes:
        """Build a sign-on of every type; empty where the dialect can not say it."""
        speech, now = speech_of(self._issuer, dialect, framing, self._clock), self._clock.now()
        mtis = dict.fromkeys((self._issuer.profile.network_mti, *mtis_of(dialect)))
        try:
            return b"".join(
                speech.frame(mti, network_fields(f"{trace:06d}", now) | {70: SIGN_ON}, speech.plain)
                for trace, mti in enumerate(mtis, _FIRST_TRACE)
            )
        except NotSent:
            return b""

    def _recognised(self, raw: bytes) -> _Found | None:
        """Say how bytes are framed and spoken; what is set is preferred, then what is nearest."""
        best: tuple[tuple[int, int, int], _Found] | None = None
        for place, cut in enumerate(cuts(raw)):
            fitting = list(islice(readers(self._tongues, cut.bodies), 6))
            if not fitting:
                continue
            first = self._tongues.index(fitting[0])
            rank = (cut.framing != self._named_set(), len(cut.parts) + (first > 0), place)
            if best is None or rank < best[0]:
                others = tuple(one.dialect.name for one in fitting[1:] if one.base is None)
                best = (rank, _Found(cut, fitting[0], others))
        return best[1] if best else None

    def _named_set(self) -> Framing:
        return replace(self._set, name="")

    def _compare(self, found: _Found) -> None:
        """Say what of framing and dialect is otherwise than it is set."""
        report, issuer = self.report, self._issuer
        was_name, was_parts = named(self._set)
        same = (found.cut.name, dict(found.cut.parts)) == (was_name, was_parts)
        if not same:
            settings = {"framing": found.cut.name} if found.cut.name != issuer.framing else {}
            settings |= {f"framing.{k}": _written(v) for k, v in found.cut.parts.items()}
            if issuer.profile.framing:
                left = [f"framing.{k}" for k in issuer.profile.framing if k not in found.cut.parts]
                report.unset += left
            report.note(
                "framing",
                settings=settings,
                good=False,
                is_=_described(found.cut.name, found.cut.parts),
                was=_described(was_name, was_parts),
            )
        dialect = found.tongue.dialect.name
        if dialect != issuer.dialect:
            report.note("dialect", settings={"dialect": dialect}, is_=dialect, was=issuer.dialect)
        if found.tongue.document:
            report.document = found.tongue.document
            report.note("new_dialect", good=False)
        elif same and dialect == issuer.dialect:
            report.note("as_set")
        if found.others:
            report.note("also_reads", names=", ".join(found.others))

    def _line(self) -> AbstractAsyncContextManager[RawLine]:
        limits, issuer = self._limits, self._issuer
        return line(issuer.host, issuer.port, self._tls, limits.connect_s)

    async def _pause(self) -> None:
        await asyncio.sleep(self._limits.pause_s)


def _may_count(framing: Framing) -> bool:
    return not framing.counts_itself and not framing.interbank


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _described(name: str, parts: Mapping[str, str | int | bool]) -> str:
    said = ", ".join(f"{part} {_written(value)}" for part, value in parts.items())
    return f"{name} ({said})" if said else name
