"""What an alarm says: what is wrong, for whom, since when, how much money waits, and why.

The cause is what the diagnosis says of the latest that failed (`asking.py`), else of the cases of
the same scope; where it knows nothing, the line to the issuer and the code that it answers most
tell what there is to tell.
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

from .asking import SQL as ASKED
from .asking import Told, parts
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
_TOLD: Final = Text("{cause}（所问{part}笔中{of}笔）", "{cause} ({of} of {part} asked about)")
_CODE: Final = Text("应答多为{code}：{title}", "mostly answered {code}: {title}")
_CIRCUIT: Final = Text(
    "熔断：案件等待，逐笔试探", "the circuit is open: cases wait, one at a time asks"
)
_CASES: Final = Text("失败的撤销由案件重试", "failed voids are retried by their cases")
_REVERSED: Final = Text("结果未知的都在冲正", "what has no outcome is reversed")
_NOTHING: Final = Text("无需处理：未动款", "nothing is to be done: no money moved")
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


async def say(connection: Any, head: Standing, measure: Measure, asked: Told | None) -> None:
    """Keep what an open incident says true."""
    await connection.execute(*retelling(await incident(connection, head, measure, asked)))


def since_of(head: Standing, measure: Measure) -> datetime:
    """Give since when a trouble has lasted, and what failed before it was sure."""
    return datetime.fromtimestamp(head.alarms[measure].since, UTC) - _BEFORE


async def incident(
    connection: Any, head: Standing, measure: Measure, asked: Told | None = None
) -> Incident:
    """Put together what is known of a trouble now."""
    stream, place = head.stream, MEASURES.index(measure)
    trail, since = head.trails[place], datetime.fromtimestamp(head.alarms[measure].since, UTC)
    scope, began = parts(stream), since_of(head, measure)
    row = await connection.fetchrow(*SQL["waiting"](since=began, **scope))
    unsure = await connection.fetchrow(*ASKED["unsure"](since=began, **scope))
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
        unknown=unsure["count"],
        unsure=_money(unsure["money"]),
        cause=_cause(row, measure, asked),
        itself=_itself(row, unsure["count"]),
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


def _itself(row: Mapping[str, Any], unknown: int) -> Text:
    """Say what is done without anybody."""
    done = [
        *([_CIRCUIT] if row["circuit"] else [_CASES] if row["cases"] else []),
        *([_REVERSED] if unknown else []),
    ] or [_NOTHING]
    return Text("；".join(one.zh for one in done), "; ".join(one.en for one in done))


def _cause(
    row: Mapping[str, Any], measure: Measure, asked: Told | None
) -> Text | Mapping[str, object]:
    """Say the cause; with its `name`, where the diagnosis has one."""
    if asked is not None:
        return _named(_TOLD, *asked)
    if row["cause"] in CAUSES:
        return _named(_SHARE, row["cause"], row["of_cause"], row["cases"])
    if row["line"] and measure is Measure.SILENCE:
        return _filled(_LINE, trouble=row["line"])
    if row["code"] and measure in (Measure.APPROVALS, Measure.FAULTS):
        return _filled(_CODE, code=row["code"], title=describe(row["code"]).title)
    return _NOT_KNOWN


def _named(said: Text, cause: str, of: int, asked: int) -> Mapping[str, object]:
    """Say a cause of the diagnosis, by its name too: for so many of those asked it comes first."""
    text = _filled(said, cause=CAUSES[cause].title, of=of, part=asked)
    return {**text._asdict(), "name": cause, "of": of, "asked": asked}


def _filled(said: Text, **values: object) -> Text:
    def in_language(at: int) -> str:
        parts = {k: v[at] if isinstance(v, Text) else v for k, v in values.items()}
        return said[at].format(**parts)

    return Text(in_language(0), in_language(1))
