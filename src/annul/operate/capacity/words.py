"""How a report on capacity is said in both languages, for terminal and page."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from annul.domain.text import Text

from .advice import BY_NAME
from .occasions import OCCASIONS
from .told import Advice, Forecast, Predicted, Report

_DAYS: Final = 14
_GIB: Final = 2**30
TITLES: Final = {one.name: one.title for one in OCCASIONS}
METHODS: Final = {
    "nothing": Text(
        "还没有完整的营业日，不作预测", "no whole business day yet: nothing is foretold"
    ),
    "mean": Text("不足一周：按日均值", "less than a week: the mean of the days"),
    "weekdays": Text("不足四周：按星期均值", "less than four weeks: the mean of each weekday"),
    "model": Text("结构时间序列模型", "a structural time series model"),
}
_LITTLE: Final = Text(
    "实测不足一小时，尚不能算出上限；主机运行并有交易后再看",
    "Less than an hour was measured, so no limit is known yet: look again once hosts have served.",
)
_LIMIT: Final = Text(
    "上限约{tps:.0f}笔/秒（{hosts}个主机进程）；满载时99%的应答在{p99:.0f}毫秒内",
    "at most {tps:.0f} a second ({hosts} processes); 99 % answered in {p99:.0f} ms then",
)
_COST: Final = Text(
    "每笔：主机CPU {host:.0f}微秒，数据库CPU {database}，数据库用时{active:.0f}微秒；"
    "每条语句 {quiet:.1f} 行（闲）至 {busy:.1f} 行（忙）",
    "a transaction: {host:.0f} µs CPU of the host, {database} of the database, which takes "
    "{active:.0f} µs; {quiet:.1f} rows in a statement when quiet, {busy:.1f} when busy",
)
_SIZE: Final = Text(
    "数据库{bytes:.2f} GiB，每笔{each:.0f}字节；磁盘可用{free}；"
    "连接最多用到{connections}/{allowed}",
    "database {bytes:.2f} GiB, {each:.0f} bytes a transaction; free on its disk: {free}; "
    "connections {connections} of {allowed} at most",
)
_LEVEL: Final = Text(
    "{share:>4.0%}  {tps:7.1f}笔/秒  中位{p50:7.1f}毫秒  99% {p99:7.1f}毫秒",
    "{share:>4.0%}  {tps:7.1f}/s  median {p50:7.1f} ms  99 % {p99:7.1f} ms",
)
_PLANNED: Final = Text(
    "计划 {tps:.1f}笔/秒：中位{p50:.1f}毫秒，99% {p99:.1f}毫秒{full}",
    "planned {tps:.1f}/s: median {p50:.1f} ms, 99 % {p99:.1f} ms{full}",
)
_FULL: Final = Text("；超过上限，等待会一直增长", "; more than is carried: waits grow without end")
_COMES: Final = Text(
    "近期每日约{usual:.0f}笔，最忙一小时平均{peak:.2f}笔/秒，最忙一秒{second:.1f}笔；"
    "预测方法：{method}{error}",
    "about {usual:.0f} a day lately, {peak:.2f} a second in the busiest hour, {second:.1f} in its "
    "busiest second; foretold by {method}{error}",
)
_ERROR: Final = Text("（上周误差中位{error:.0%}）", " (off by {error:.0%} in the last week)")
_DAY: Final = Text(
    "{day}  {volume:>9.0f}  （{low:.0f}至{high:.0f}）{occasions}",
    "{day}  {volume:>9.0f}  ({low:.0f} to {high:.0f}){occasions}",
)
_ADVICE: Final = Text(
    "{title}：现为{now:.1%}，上限{limit:.0%}{volume}；{due}",
    "{title}: {now:.1%} now, {limit:.0%} at most{volume}; {due}",
)
_UNKNOWN: Final = Text("{title}：此处不知道", "{title}: not known here")
_FROM: Final = Text(
    "，从每日{volume:.0f}笔（{tps:.0f}笔/秒）起",
    ", from {volume:.0f} a day on ({tps:.0f} a second)",
)
_DUE: Final = Text("预计{due}达到{soonest}", "expected on {due}{soonest}")
_SOONEST: Final = Text("，最早{soonest}", ", on {soonest} at the soonest")
_BEYOND: Final = Text("按近期日均约在{due}达到", "by the mean of the last weeks about {due}")
_MAYBE: Final = Text("预测期内可能在{soonest}达到", "not expected, but it may be on {soonest}")
_PASSED: Final = Text("已经达到", "it is passed already")
_NEVER: Final = Text("预测期内不会达到", "not within what is foretold")


def told(report: Report, language: str) -> Iterator[str]:
    """Say a report, line by line."""
    yield from _carries(report, language)
    yield ""
    yield from _comes(report.forecast, language)
    yield ""
    for one in report.advice:
        yield from advised(one, language)


def _carries(report: Report, language: str) -> Iterator[str]:
    of, growth = report.carried, report.carried.growth
    if report.limit is None:
        yield _LITTLE.speak(language)
    else:
        cost = of.database and of.database.of(of.group.statements_busy) * 1e6
        yield _LIMIT.speak(language).format(
            tps=report.limit.tps, hosts=of.hosts, p99=report.limit.p99_ms
        )
        yield _COST.speak(language).format(
            host=of.host.of(of.group.statements_busy) * 1e6,
            database=f"{cost:.0f} µs" if cost is not None else "-",
            active=of.active.of(of.group.statements_busy) * 1e6,
            quiet=of.group.quiet,
            busy=of.group.busy,
        )
    if growth.bytes:  # measured
        yield _SIZE.speak(language).format(
            bytes=growth.bytes / _GIB,
            each=growth.per_transaction,
            free=f"{growth.free / _GIB:.1f} GiB" if growth.free is not None else "-",
            connections=of.connections,
            allowed=of.allowed,
        )
    for level in report.levels:
        yield _predicted(_LEVEL, level.predicted, language, share=level.share)
    if report.planned is not None:
        full = _FULL.speak(language) if report.planned.full else ""
        yield _predicted(_PLANNED, report.planned, language, full=full)


def _predicted(text: Text, predicted: Predicted, language: str, **more: object) -> str:
    return text.speak(language).format(
        tps=predicted.tps, p50=predicted.p50_ms, p99=predicted.p99_ms, **more
    )


def _comes(forecast: Forecast, language: str) -> Iterator[str]:
    if forecast.method == "nothing":
        yield METHODS[forecast.method].speak(language)
        return
    error = _ERROR.speak(language).format(error=forecast.error) if forecast.error else ""
    usual, shape = forecast.usual, forecast.shape
    yield _COMES.speak(language).format(
        usual=usual,
        peak=shape.peak_tps(usual),
        second=shape.second_tps(usual),
        method=METHODS[forecast.method].speak(language),
        error=error,
    )
    for day in forecast.days[:_DAYS]:
        names = "".join(f"  {TITLES[name].speak(language)}" for name in day.occasions)
        yield _DAY.speak(language).format(
            day=day.day, volume=day.volume, low=day.low, high=day.high, occasions=names
        )


def advised(advice: Advice, language: str) -> Iterator[str]:
    """Say what a threshold comes to, and what then helps."""
    threshold = BY_NAME[advice.name]
    title = threshold.title.speak(language)
    if advice.now is None:
        yield _UNKNOWN.speak(language).format(title=title)
        return
    volume = ""
    if advice.volume is not None and advice.tps is not None:
        volume = _FROM.speak(language).format(volume=advice.volume, tps=advice.tps)
    yield _ADVICE.speak(language).format(
        title=title,
        now=advice.now,
        limit=advice.limit,
        volume=volume,
        due=due(advice, language),
    )
    yield f"    {threshold.then.speak(language)}"


def due(advice: Advice, language: str) -> str:
    """Say when a threshold is passed."""
    if advice.now is not None and advice.now >= advice.limit:
        return _PASSED.speak(language)
    if advice.due is None:
        text = _MAYBE if advice.soonest else _NEVER
        return text.speak(language).format(soonest=advice.soonest)
    if advice.beyond:
        return _BEYOND.speak(language).format(due=advice.due)
    soonest = _soonest(advice.soonest, language)
    return _DUE.speak(language).format(due=advice.due, soonest=soonest)


def _soonest(day: date | None, language: str) -> str:
    return _SOONEST.speak(language).format(soonest=day) if day else ""
