"""What an alarm says: what is wrong, for whom, since when, how much money waits, and why.

The causes are those that the diagnosis has found for the cases of the same scope; where there is no
case, the line to the issuer and the code that it answers most tell what there is to tell.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from annul.diagnose.causes import CAUSES
from annul.domain.alarm_streams import Scope, Stream
from annul.domain.alarms import MEASURES, Measure
from annul.domain.incident import Incident
from annul.domain.money import told
from annul.domain.response_codes import describe
from annul.domain.text import Text
from annul.store.incidents import Ended, closing, opening, retelling

from .standing import Standing
from .statements import SQL

_KINDS: Final[Mapping[Measure, str]] = {measure: measure.value for measure in Measure}
_WHAT: Final[Mapping[Measure, Text]] = {
    Measure.APPROVALS: Text("被拒绝", "are declined"),
    Measure.FAULTS: Text("得到故障应答", "are answered with a fault"),
    Measure.SILENCE: Text("没有应答", "get no answer"),
    Measure.LATENCY: Text("应答慢", "are answered slowly"),
}
_NOT_KNOWN: Final = Text("尚不清楚", "not known yet")
_LINE: Final = Text("线路中断（{trouble}）", "the line is down ({trouble})")
_SHARE: Final = Text("{cause}（{part}件中{of}件）", "{cause} ({of} of {part} cases)")
_CODE: Final = Text("应答多为{code}：{title}", "mostly answered {code}: {title}")
_CIRCUIT: Final = Text(
    "熔断：案件等待，逐笔试探", "the circuit is open: cases wait, one at a time asks"
)
_ITSELF: Final = Text(
    "失败的撤销由案件重试，结果未知的冲正",
    "failed voids are retried by their cases, what is not known is reversed",
)
_NO_MONEY: Final = Text("无", "nothing")
# A case is opened by what failed before the trouble was sure.
_BEFORE: Final = timedelta(minutes=5)


async def open_alarms(
    connection: Any, heads: Iterable[Standing], measure: Measure, now: datetime
) -> None:
    """Open an incident for each trouble."""
    found = [await incident(connection, one, measure) for one in heads]
    if found:
        await connection.execute(*opening(found, now))


async def close_alarm(connection: Any, stream: Stream, measure: Measure, now: datetime) -> None:
    """Close the incident of a trouble that is over."""
    ended = Ended(_KINDS[measure], _merchant(stream), " ".join(stream))
    await connection.execute(*closing([ended], now))


async def say(connection: Any, head: Standing, measure: Measure) -> None:
    """Keep what an open incident says true."""
    await connection.execute(*retelling(await incident(connection, head, measure)))


async def incident(connection: Any, head: Standing, measure: Measure) -> Incident:
    """Put together what is known of a trouble now."""
    stream, place = head.stream, MEASURES.index(measure)
    trail, since = head.trails[place], datetime.fromtimestamp(head.alarms[measure].since, UTC)
    part, at = stream.part, stream.scope
    row = await connection.fetchrow(
        *SQL["waiting"](
            since=since - _BEFORE,
            issuer=stream.issuer_id,
            kind=part if at is Scope.KIND else "",
            card_range=part if at is Scope.RANGE else "",
            merchant=part if at is Scope.MERCHANT else "",
            software=part if at is Scope.SOFTWARE else "",
        )
    )
    return Incident.of(
        _KINDS[measure],
        _merchant(stream),
        " ".join(stream),
        stream=stream.text,
        since=since.isoformat(),
        seen=_percent(trail.bad / trail.total if trail.total else 1.0),
        what=_WHAT[measure],
        usual=_percent(head.usual[place].mean),
        count=trail.total,
        bad=trail.bad,
        cases=row["cases"],
        waiting=_money(row["money"]),
        cause=_cause(row, measure),
        itself=_CIRCUIT if row["circuit"] else _ITSELF,
    )


def _merchant(stream: Stream) -> str:
    return stream.member if stream.scope is Scope.MERCHANT else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _money(sums: Mapping[str, int]) -> Text:
    texts = [told(amount, currency) for currency, amount in sorted(sums.items())]
    if not texts:
        return _NO_MONEY
    return Text("、".join(one.zh for one in texts), ", ".join(one.en for one in texts))


def _cause(row: Mapping[str, Any], measure: Measure) -> Text:
    if row["cause"] in CAUSES:
        return _filled(_SHARE, cause=CAUSES[row["cause"]].title, of=row["of_cause"],
                       part=row["cases"])  # fmt: skip
    if row["line"] and measure is Measure.SILENCE:
        return _filled(_LINE, trouble=row["line"])
    if row["code"] and measure in (Measure.APPROVALS, Measure.FAULTS):
        return _filled(_CODE, code=row["code"], title=describe(row["code"]).title)
    return _NOT_KNOWN


def _filled(said: Text, **values: object) -> Text:
    def in_language(at: int) -> str:
        parts = {k: v[at] if isinstance(v, Text) else v for k, v in values.items()}
        return said[at].format(**parts)

    return Text(in_language(0), in_language(1))
