"""A drill told: what was true and what the team did by the minute, and why it scored as it did."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from annul.diagnose.causes import CAUSES
from annul.domain.drills import BESIDES, OR, Contact, Deed, Did, Given, Part, Score, Truth, Wrong
from annul.domain.interventions import INTERVENTIONS
from annul.domain.text import Text
from annul.resolve.people import ACTIONS

from .record import Run

_ASKED: Final = Text("要求终端签到或更新", "ask the terminal to sign in or to update")
_NOTHING: Final = Text("-", "-")
_ALSO: Final[Mapping[str, Text]] = {
    **BESIDES,
    "ask-terminal": _ASKED,
    "discard-file": Text("作废清算文件", "discard the clearing file"),
    "none": _NOTHING,
    "": _NOTHING,
}
_BEGINS: Final = Text("发生：{kind}（{causes}）", "begins: {kind} ({causes})")
_OVER: Final = Text("结束：{kind}", "is over: {kind}")
_CLEARED: Final = Text("{kind}：相关案件全部结束", "{kind}: the last of its cases has ended")
_DID: Final[Mapping[Did, Text]] = {
    Did.SAW: Text("确认收到事件", "took the incident on"),
    Did.NAMED: Text("判断原因为“{what}”", "named the cause: {what}"),
    Did.ACTED: Text("执行“{what}”", "did: {what}"),
    Did.CONFIRMED: Text("复核“{what}”", "confirmed: {what}"),
    Did.TOLD: Text("通知{what}", "told {what}"),
}
_AFTER: Final = Text("{kind}{what}：{minutes:.1f}分钟后", "{kind}{what}: after {minutes:.1f} min")
_NEVER: Final = Text("{kind}{what}：没有做到", "{kind}{what}: not done")
_HARM: Final = Text("{kind}：“{what}”有害", "{kind}: “{what}” did harm")
_QUIET: Final = Text("没有发生故障之处", "where nothing was wrong")
_MONEY: Final = Text(
    "悬而未决{team:.2f}元·分钟，系统单独处理时{alone:.2f}",
    "{team:.2f} yuan minutes, with annul alone {alone:.2f}",
)


class Moment(NamedTuple):
    """One thing that happened: in which minute, by whom (empty: it is the truth), about what."""

    minute: float
    who: str
    text: Text
    subject: str = ""


def named(value: str) -> Text:
    """Give what people call a cause, an act or a contact, or several of which one is enough."""
    if OR in value:
        several = [named(one) for one in value.split(OR)]
        return Text("或".join(one.zh for one in several), " or ".join(one.en for one in several))
    if value in CAUSES:
        return CAUSES[value].title
    for kind, about in INTERVENTIONS.items():
        if kind.value == value:
            return about.title
    if value in ACTIONS:
        return ACTIONS[value].said
    if value in set(Contact):
        return Contact(value).text
    return _ALSO.get(value, Text(value, value))


def kind_of(kind: str) -> Text:
    """Give what a stroke is called; none: where there was none."""
    said = kind.replace("_", " ")
    return Text(_kinds().get(kind, said), said) if kind else _QUIET


@cache
def _kinds() -> Mapping[str, str]:
    """Give what kinds are called in Chinese."""
    text = files("annul.operate.drills").joinpath("kinds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def timeline(run: Run) -> list[Moment]:
    """Give what happened, in order of time."""
    record = run.record
    found = [moment for truth in record.truths for moment in _of_truth(truth)]
    for truth, end in zip(record.truths, record.ends, strict=True):
        if end is not None and end > truth.ends:
            found.append(Moment(end, "", _filled(_CLEARED, kind=kind_of(truth.kind))))
    found += [_of_deed(deed) for deed in record.deeds]
    return sorted(found, key=lambda one: (one.minute, one.who))


def _of_truth(truth: Truth) -> Sequence[Moment]:
    causes = [named(cause) for cause in truth.causes]
    said = Text("、".join(one.zh for one in causes), ", ".join(one.en for one in causes))
    kind = kind_of(truth.kind)
    return (
        Moment(truth.begins, "", _filled(_BEGINS, kind=kind, causes=said)),
        Moment(truth.ends, "", _filled(_OVER, kind=kind)),
    )


def _of_deed(deed: Deed) -> Moment:
    return Moment(deed.at, deed.who, _filled(_DID[deed.did], what=named(deed.value)), deed.subject)


def reasons(run: Run, score: Score) -> dict[Part, list[Text]]:
    """Say of each part why it is worth what it is."""
    found: dict[Part, list[Text]] = {part: [] for part in Part}
    for one in score.given:
        found[one.part].append(_why(one))
    for wrong in score.wrong:
        if wrong.part is Part.HARMLESS:
            found[wrong.part].append(_harm(wrong))
    if run.alone is not None:
        team, alone = run.record.money / 100, run.alone.money / 100
        found[Part.MONEY].append(
            Text(*(said.format(team=team, alone=alone) for said in (_MONEY.zh, _MONEY.en)))
        )
    return found


def _why(one: Given) -> Text:
    kind, what = kind_of(one.kind), named(one.value)
    says = _NEVER if one.minutes is None else _AFTER
    minutes = one.minutes or 0.0
    zh, en = (f"，{what.zh}", f", {what.en}") if one.value else ("", "")
    return Text(
        says.zh.format(kind=kind.zh, what=zh, minutes=minutes),
        says.en.format(kind=kind.en, what=en, minutes=minutes),
    )


def _harm(wrong: Wrong) -> Text:
    return _filled(_HARM, kind=kind_of(wrong.kind), what=named(wrong.value))


def _filled(says: Text, **texts: Text) -> Text:
    """Put texts into the places of a text, each in its language."""
    return Text(
        says.zh.format(**{name: one.zh for name, one in texts.items()}),
        says.en.format(**{name: one.en for name, one in texts.items()}),
    )
