"""A report as sections of rows: what page, PDF and workbook show alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from annul.diagnose.causes import CAUSES
from annul.domain.text import Text

from .chance import Share, wilson
from .counts import ENDS, ENDS_SAID, TIMES, TIMES_SAID
from .reading import UNTOLD, Key
from .report import Compared, Line, Report
from .suggestions import named
from .why import MIX, Part


class Rate(NamedTuple):
    """A share as it is shown; `points` that it is a difference of two, with its sign."""

    value: float | None
    points: bool = False

    def __str__(self) -> str:
        """Write it with a decimal more than a person needs."""
        if self.value is None:
            return "–"
        return f"{100 * self.value:+.2f}" if self.points else f"{100 * self.value:.2f} %"


class Verdict(NamedTuple):
    """Whether a change is for the better; None where it may be chance, or there is nothing "
    "before.
    """

    better: bool | None
    compared: bool = True

    @property
    def said(self) -> Text:
        """In words."""
        return _VERDICTS[self.better] if self.compared else _NOT_COMPARED


_VERDICTS: Final = {
    True: Text("变好", "better"),
    False: Text("变差", "worse"),
    None: Text("无显著变化", "may be chance"),
}
_NOT_COMPARED: Final = Text("无可比", "nothing to compare with")
_NOT_TOLD: Final = Text("终端未报", "not told")
Cell = Text | str | int | Rate | Verdict


class Section(NamedTuple):
    """A table: its title, what stands under it, its heads and rows; `shares` of a page's width."""

    name: str
    title: Text
    note: Text
    heads: Sequence[Text]
    shares: Sequence[float]
    rows: Sequence[Sequence[Cell]]


_NOW, _BEFORE = Text("本期", "now"), Text("上期", "before")
_CHANGE: Final = Text("变化（百分点）", "change (points)")
_INTERVAL: Final = Text("95 % 区间", "95 % interval")
_OF: Final = Text("笔数", "of")
_JUDGED: Final = Text("判断", "verdict")
_CAUSE: Final = Text("原因", "cause")
_NO_NOTE: Final = Text("", "")
_TABLES: Final[Mapping[str, tuple[Text, Text]]] = {
    "cause": (Text("按原因", "By cause"), _CAUSE),
    "issuer": (Text("按发卡行", "By issuer"), Text("发卡行", "issuer")),
    "merchant": (Text("按商户", "By merchant"), Text("商户", "merchant")),
    "software": (Text("按终端软件", "By terminal software"), Text("软件", "software")),
}
_MOST_LINES: Final = 30
READERS: Final = {
    "cashier": Text("收银员", "cashiers"),
    "support": Text("客服", "support"),
}
_TEST: Final = Text(
    "“变好/变差”指两期比例之差超出偶然（双侧 5 %，已按同时检验的个数校正）。每笔撤销算一次观察；"
    "同一次故障中的多笔并不独立，请结合“变化从何而来”阅读。",
    "Better and worse mean a difference beyond chance (5 % on both sides, corrected for as many "
    "questions as are asked). Each void counts as one look; those of one outage are not "
    "independent: "
    "read it with where the change comes from.",
)  # fmt: skip
_WHERE: Final = Text(
    "各行之和等于未当场撤销比例的变化。“交易占比变化”指该组在全部撤销中占比的增减。软件为终端当前所报。",
    "The rows add up to the change of what was not voided at once. Traffic: more or less of all "
    "voids "
    "came this way. Software is what the terminal says now.",
)  # fmt: skip


def sections(report: Report) -> list[Section]:
    """Give what a report has something to say in: without voids, answers on advice alone."""
    every = [_advice(report)]
    if report.total.now.asked:
        every = [
            _figures(report),
            _ends(report),
            _times(report),
            *(_table(report, name) for name in _TABLES),
            _why(report),
            _suggestions(report),
            *every,
        ]
    return [one for one in every if one.rows]


def _figures(report: Report) -> Section:
    rows = [(one.figure.title, *_compared(one)) for one in report.figures]
    heads = (Text("指标", "figure"), _NOW, _OF, _INTERVAL, _BEFORE, _CHANGE, _JUDGED)
    shares = (0.24, 0.11, 0.11, 0.17, 0.11, 0.13, 0.13)
    return Section("figures", Text("撤销处理总览", "Void outcomes"), _TEST, heads, shares, rows)


def _compared(one: Compared) -> tuple[Cell, ...]:
    low, high = one.interval
    before, now = one.before.value, one.now.value
    change = None if before is None or now is None else now - before
    return (
        Rate(now),
        f"{one.now.part} / {one.now.of}",
        f"{100 * low:.2f}–{100 * high:.2f} %" if one.now.of else "–",
        Rate(before),
        Rate(change, points=True),
        Verdict(one.better, compared=change is not None),
    )


def _ends(report: Report) -> Section:
    before, now = report.total
    rows: list[tuple[Cell, ...]] = [
        (
            ENDS_SAID[name],
            getattr(now, name),
            Rate(Share(getattr(now, name), now.asked).value),
            getattr(before, name),
            Rate(Share(getattr(before, name), before.asked).value),
        )
        for name in ENDS
    ]
    rows.append((Text("合计", "total"), now.asked, "", before.asked, ""))
    part = Text("占比", "share")
    heads = (Text("结局", "end"), _NOW, part, _BEFORE, part)
    title = Text("撤销的结局", "How voids ended")
    return Section("ends", title, _NO_NOTE, heads, (0.36, 0.16, 0.16, 0.16, 0.16), rows)


def _times(report: Report) -> Section:
    before, now = report.total
    rows = [(TIMES_SAID[name], getattr(now, name), getattr(before, name)) for name in TIMES]
    heads = (Text("用时", "time"), _NOW, _BEFORE)
    title = Text("有案件的撤销多久了结", "How long those with a case took")
    return Section("times", title, _NO_NOTE, heads, (0.5, 0.25, 0.25), rows)


def _table(report: Report, name: str) -> Section:
    title, head = _TABLES[name]
    lines = report.tables[name]
    heads = (head, Text("未当场撤销", "failed"), Text("占比", "share"), _BEFORE, _CHANGE, _JUDGED)
    rows = [_line(report, one) for one in lines[:_MOST_LINES]]
    note = _NO_NOTE
    if name == "cause":
        note = Text("占全部撤销之比。", "As a share of all voids.")
    elif len(lines) > _MOST_LINES:
        note = Text(f"失败最多的 {_MOST_LINES} 个。", f"The {_MOST_LINES} with most failures.")
    return Section(name, title, note, heads, (0.34, 0.16, 0.12, 0.12, 0.13, 0.13), rows)


def _line(report: Report, line: Line) -> tuple[Cell, ...]:
    compared = line.compared
    rate, _, _, before, change, verdict = _compared(compared)
    failed = f"{compared.now.part} / {compared.now.of}"
    return (said(report, line.about), failed, rate, before, change, verdict)


def said(report: Report, about: Key) -> Text:
    """Say whom a line is about."""
    if about.cause:
        known = CAUSES.get(about.cause)
        return known.title if known else Text(about.cause, about.cause)
    if about.software == UNTOLD:
        return _NOT_TOLD
    return named(about, report.names)


def _why(report: Report) -> Section:
    rows: list[tuple[Cell, ...]] = [_part(report, one) for one in report.why]
    if report.rest and rows:
        rest = Text("其余合计", "all the rest")
        rows.append((rest, "", "", Rate(report.rest, points=True), "", ""))
    heads = (
        *(Text("发卡行", "issuer"), Text("软件", "software"), _CAUSE),
        *(Text("贡献（百分点）", "adds (points)"), _BEFORE, _NOW),
    )
    title = Text("变化从何而来", "Where the change comes from")
    return Section("why", title, _WHERE, heads, (0.2, 0.14, 0.3, 0.14, 0.11, 0.11), rows)


def _part(report: Report, part: Part) -> tuple[Cell, ...]:
    issuer = said(report, Key(issuer=part.group.issuer))
    cause = (
        Text("交易占比变化", "traffic")
        if part.cause == MIX
        else said(report, Key(cause=part.cause))
    )
    adds = Rate(part.adds, points=True)
    software = said(report, Key(software=part.group.software))
    return (issuer, software, cause, adds, part.before, part.now)


def _suggestions(report: Report) -> Section:
    rows = [(one.change, one.evidence, one.effect) for one in report.suggestions]
    heads = (Text("建议", "change"), Text("依据", "because"), Text("预期效果", "expected"))
    title = Text("建议修改", "What to change")
    return Section("suggestions", title, _NO_NOTE, heads, (0.5, 0.25, 0.25), rows)


def _advice(report: Report) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for one in report.advice:
        low, high = wilson(Share(one.helped, one.answers))
        rows.append(
            (
                said(report, Key(cause=one.cause)),
                READERS[one.reader],
                f"{one.helped} / {one.answers}",
                Rate(Share(one.helped, one.answers).value),
                f"{100 * low:.1f}–{100 * high:.1f} %",
            )
        )
    heads = (
        *(_CAUSE, Text("谁", "who"), Text("有帮助", "helped"), Text("占比", "share")),
        _INTERVAL,
    )
    title = Text("提示是否有帮助", "Whether advice has helped")
    return Section("advice", title, _NO_NOTE, heads, (0.36, 0.16, 0.16, 0.12, 0.2), rows)


def in_short(report: Report) -> Iterable[Text]:
    """Say the most important in sentences: ends, what changed and why, what to do first."""
    now = report.total.now
    if report.missing:
        cells = ", ".join(report.missing)
        yield Text(f"未含单元 {cells}：其未应答。", f"Without cells {cells}, which gave no answer.")
    if not now.asked:
        before = report.total.before.asked
        yield Text("本期没有撤销。", "There were no voids.")
        if before:
            yield Text(f"上期有 {before} 笔。", f"The period before had {before}.")
        return
    kept = next(one for one in report.figures if one.figure.name == "in_time")
    yield Text(
        f"共 {now.asked} 笔撤销：当场撤销 {now.at_once}，经处理后撤销 {now.voided}，"
        f"改退货 {now.refunded}，未撤销 {now.refused}，待证 {now.unproved}，处理中 {now.open}。",
        f"{now.asked} voids: {now.at_once} at once, {now.voided} by a case, {now.refunded} "
        f"refunded "
        f"instead, {now.refused} refused with a reason, {now.unproved} unproved, {now.open} open.",
    )  # fmt: skip
    if kept.now.of:
        yield Text(
            f"有案件的撤销按时结案 {Rate(kept.now.value)}（{kept.now.part} / {kept.now.of}）。",
            f"Of those with a case {Rate(kept.now.value)} were closed on time "
            f"({kept.now.part} of {kept.now.of}).",
        )
    for one in report.changed()[:3]:
        yield _changed(report, one)
    if report.why:
        part = report.why[0]
        issuer, software, cause, adds, *_ = _part(report, part)
        assert isinstance(issuer, Text), "whom it is about is said in both languages"
        assert isinstance(software, Text), "and so is software"
        assert isinstance(cause, Text), "and a cause"
        yield Text(
            f"变化最大的来源：{issuer.zh} / {software.zh} / {cause.zh}，{adds} 个百分点。",
            f"Most of the change comes from {issuer.en} / {software.en} / {cause.en}: {adds} "
            f"points.",
        )
    for suggestion in report.suggestions[:1]:
        yield suggestion.change


def _changed(report: Report, one: Compared) -> Text:
    about = said(report, one.about)
    title = one.figure.title
    whom = Text(f"{about.zh}：{title.zh}", f"{about.en}: {title.en}") if about.en else title
    verdict = Verdict(one.better).said
    return Text(
        f"{whom.zh}由 {Rate(one.before.value)} 变为 {Rate(one.now.value)}（{verdict.zh}）。",
        f"{whom.en[:1].upper()}{whom.en[1:]} from {Rate(one.before.value)} to "
        f"{Rate(one.now.value)} "
        f"({verdict.en}).",
    )
